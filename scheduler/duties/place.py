"""Placing a claimed call: the intention is committed, then the request is sent, once, then its answer kept."""

from __future__ import annotations

import logging
import secrets
from collections import deque
from typing import Protocol

from scheduler.callout.answer import (
    Accepted,
    NotSent,
    PerhapsSent,
    PlaceAnswer,
    Refused,
    RefusedForNow,
    Unauthorized,
)
from scheduler.calls.barring import Barring, barred_by
from scheduler.calls.call import Answer, Call
from scheduler.calls.policy import Policy
from scheduler.calls.timing import End, Wait
from scheduler.clock import Clock
from scheduler.database import Connection, Database
from scheduler.errors import CallSchedulerError, DatabaseError
from scheduler.ledger.calls import Claim, release_claim
from scheduler.ledger.life import Requested, accept, lose_answer, refuse, request, unplaced
from scheduler.vca import CallRequest

log = logging.getLogger(__name__)


class Provider(Protocol):
    """What placing needs of the client of the Voice Call-out API."""

    def token(self) -> str:
        """:raises CallSchedulerError: there is none to be had."""

    def place(self, request: CallRequest, token: str) -> PlaceAnswer:
        """Send one request, at once; never raises."""


class PlaceDuty:
    """Places calls, from any number of threads; ``policy``, ``barring`` and ``provider`` may be replaced."""

    def __init__(
        self,
        ledger: Database,
        provider: Provider,
        clock: Clock,
        policy: Policy,
        barring: Barring,
        *,
        callback_url: str,
    ) -> None:
        """:param callback_url: what the attempt's reference is appended to; "" asks for no callback."""
        self._ledger = ledger
        self._clock = clock
        self._callback_url = callback_url
        self.provider = provider
        self.policy = policy
        self.barring = barring
        self._stranded: deque[Claim] = deque()  # filled by the workers, emptied by housekeeping

    def place(self, claim: Claim) -> None:
        """Place the call, or leave it planned or ended with a reason; never raises."""
        try:
            self._place(claim)
        except Exception:
            # The call stays as the ledger has it: claimed ones are given back, requested ones looked up.
            log.exception("call %d could not be placed", claim.call.id)
            self._stranded.append(claim)

    def give_back_stranded(self) -> int:
        """Give back the claims of calls whose placing failed on our side; housekeeping asks."""
        now = self._clock.now()
        released = 0
        for _ in range(len(self._stranded)):
            claim = self._stranded.popleft()
            try:
                released += self._ledger.write(release_claim, claim, now)
            except DatabaseError as error:
                log.error("call %d stays claimed: %s", claim.call.id, error)
                self._stranded.append(claim)
        return released

    def _place(self, claim: Claim) -> None:
        # A token is fetched ahead of the intention: its delay mustn't lie between commit and send.
        provider = self.provider
        token, obstacle = _token(provider)
        reference = secrets.token_urlsafe(24)
        before = self._clock.boot_seconds()
        decision = self._request(claim, reference, obstacle)
        if isinstance(decision, End):
            log.warning("call %d ends as %s: %s", claim.call.id, decision.outcome, decision.reason)
        if not isinstance(decision, Requested):
            return
        stalled = self._clock.boot_seconds() - before
        if stalled > self.policy.stall.total_seconds():
            reason = f"not sent: the machine stood still for {stalled:.1f} s before it"
            self._record(decision.attempt_id, NotSent(reason=reason))
            return
        answer = provider.place(self._body(claim.call, reference), token)
        self._record(decision.attempt_id, answer)
        log.info("call %d: %s", claim.call.id, type(answer).__name__)

    def _request(self, claim: Claim, reference: str, obstacle: str) -> Requested | Wait | End | None:
        barred = barred_by(claim.call.destination, self.barring)
        return self._ledger.write(
            request, claim, reference, self._clock.now(), self.policy, barred=barred, obstacle=obstacle
        )

    def _body(self, call: Call, reference: str) -> CallRequest:
        return CallRequest(
            origin=call.origin.e164,
            destination=call.destination.e164,
            cli=call.cli.e164 if call.cli else "",
            presentation=call.presentation,
            callback=f"{self._callback_url}/{reference}" if self._callback_url else "",
        )

    def _record(self, attempt_id: int, answer: PlaceAnswer) -> None:
        now = self._clock.now()
        policy = self.policy

        def record(connection: Connection) -> None:
            match answer:
                case Accepted():
                    accept(connection, attempt_id, answer.session_id, now)
                case PerhapsSent():
                    lose_answer(connection, attempt_id, answer.reason, now)
                case Refused():
                    refuse(connection, attempt_id, answer.reason, now)
                case RefusedForNow():
                    unplaced(
                        connection, attempt_id, Answer.REFUSED_FOR_NOW, answer.reason, now, policy,
                        delay=answer.retry_after,
                    )  # fmt: skip
                case Unauthorized():
                    unplaced(connection, attempt_id, Answer.UNAUTHORIZED, answer.reason, now, policy)
                case NotSent():
                    unplaced(connection, attempt_id, Answer.NOT_SENT, answer.reason, now, policy)

        self._ledger.write(record)


def _token(provider: Provider) -> tuple[str, str]:
    """A token, or "" and why there is none: the call then waits, and is missed at its deadline."""
    try:
        return provider.token(), ""
    except CallSchedulerError as error:
        return "", str(error)
