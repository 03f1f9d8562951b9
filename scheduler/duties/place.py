"""Placing a claimed call: the intention is committed, then the request is sent, once, then its answer kept."""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from scheduler.callout.answer import PlaceAnswer
from scheduler.calls.barring import Barring, barred_by, not_owned
from scheduler.calls.call import Call, Outcome
from scheduler.calls.last_look import LastLook, why_held
from scheduler.calls.policy import Policy
from scheduler.calls.timing import Decision, End, Wait
from scheduler.clock import Clock
from scheduler.database import Connection, Database
from scheduler.duties.answered import Answered, record
from scheduler.duties.limiter import Limiter
from scheduler.duties.meter import ANSWER_KINDS, Meter, NoMeter
from scheduler.errors import CallSchedulerError, DatabaseError
from scheduler.ledger.calls import Claim, release_claim
from scheduler.ledger.looks import select_sights_of_call
from scheduler.ledger.pauses import select_pause_of_call, select_pauses
from scheduler.ledger.requesting import Ask, Requested, postpone, request
from scheduler.logs import about_call
from scheduler.vca import CallRequest

log = logging.getLogger(__name__)

# Seconds for which what the intention's transaction saw of pauses will do. A pause takes effect within a second;
# in a burst a read of each call's own keeps all the others waiting.
_JUST_LOOKED = 0.25


class Provider(Protocol):
    """What placing needs of the client of the Voice Call-out API."""

    def token(self) -> str:
        """:raises CallSchedulerError: there is none to be had."""

    def token_at_hand(self) -> str:
        """A token that is good for a while, without asking anybody; "" if there is none."""

    def place(self, request: CallRequest, token: str, withhold: Callable[[], str]) -> PlaceAnswer:
        """Send one request, at once; never raises.

        :param withhold: asked right before the first byte: why nothing is to be sent; "" sends it.
        """


@dataclass(slots=True)
class _Departure:
    """When a request's first byte was let go, by the boot clock; None as long as it wasn't."""

    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A claim, and what was decided of it: where the decision is Requested, its request is to be sent at once."""

    claim: Claim
    provider: Provider  # whose token it is: another configuration may name another one meanwhile
    token: str = field(repr=False)
    reference: str
    since: float  # by the boot clock, before the decision was committed
    decision: Requested | Wait | End | None


class PlaceDuty:
    """Places calls, from any number of threads; what it is built with, and ``last_look``, may be replaced."""

    def __init__(
        self,
        ledger: Database,
        provider: Provider,
        clock: Clock,
        policy: Policy,
        barring: Barring,
        *,
        callback_url: str,
        note_departure: Callable[[int], None],
        doubt: Callable[[], str] = lambda: "",
        meter: Meter | None = None,
    ) -> None:
        """
        :param callback_url: what the attempt's reference is appended to; "" asks for no callback.
        :param note_departure: told of each attempt right before its first byte; a DatabaseError sends nothing.
            Whoever holds the ledger hands in that of its run: the next process takes what isn't noted for unsent.
        :param doubt: why the clock can't be placed by just now (rule 13); "" where it can.
        """
        self._ledger = ledger
        self._clock = clock
        self._callback_url = callback_url
        self._doubt = doubt
        self._note_departure = note_departure
        self._meter = meter or NoMeter()
        self.provider = provider
        self.policy = policy
        self.limiter = Limiter(clock, policy)
        self.barring = barring
        self.last_look = LastLook(before=timedelta(), calendars={})
        self._stranded: deque[Claim] = deque()  # filled by the workers, emptied by housekeeping

    def prepare(self, connection: Connection, claims: Sequence[Claim]) -> Sequence[Prepared | Claim]:
        """Decide, and record the intentions, in the transaction that claimed the calls: the call store asks.

        A burst thus costs one write a batch instead of one a call. Without a token at hand the claims stay as
        they are: :meth:`place` then fetches one, in a thread that may wait.
        """
        provider = self.provider
        token = provider.token_at_hand()
        return self._prepared(connection, claims, provider, token) if token else claims

    def place(self, due: Prepared | Claim) -> None:
        """Place the call, or leave it planned or ended with a reason; never raises."""
        claim = due if isinstance(due, Claim) else due.claim
        with about_call(claim.call.id):
            try:
                self._place(self._prepared_alone(due) if isinstance(due, Claim) else due)
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
                with about_call(claim.call.id):
                    log.error("call %d stays claimed: %s", claim.call.id, error)
                self._stranded.append(claim)
        return released

    def _prepared_alone(self, claim: Claim) -> Prepared:
        # A token is fetched ahead of the intention: its delay mustn't lie between commit and send.
        provider = self.provider
        token, obstacle = _token(provider)
        (prepared,) = self._ledger.write(self._prepared, [claim], provider, token, obstacle)
        return prepared

    def _prepared(
        self, connection: Connection, claims: Sequence[Claim], provider: Provider, token: str, obstacle: str = ""
    ) -> list[Prepared]:
        since, now = self._clock.boot_seconds(), self._clock.now()
        asks = [self._ask(connection, claim, obstacle, now) for claim in claims]
        decisions = self._decide(connection, asks, now)
        self.limiter.take(sum(isinstance(decision, Requested) for decision in decisions))
        return [
            Prepared(
                claim=ask.claim,
                provider=provider,
                token=token,
                reference=ask.reference,
                since=since,
                decision=decision,
            )
            for ask, decision in zip(asks, decisions, strict=True)
        ]

    def _ask(self, connection: Connection, claim: Claim, obstacle: str, now: datetime) -> Ask:
        call = claim.call
        barred = (
            barred_by(call.destination, self.barring)
            or not_owned(call.origin, call.cli, self.barring)
            or self.policy.hours.skipped(call.origin, call.destination, call.asked_at)
        )
        return Ask(
            claim=claim,
            reference=secrets.token_urlsafe(24),
            barred=barred,
            obstacle=obstacle or self._held(connection, call, now),
        )

    def _decide(
        self, connection: Connection, asks: Sequence[Ask], now: datetime
    ) -> Sequence[Requested | Wait | End | None]:
        policy = self.policy
        if doubt := self._doubt():
            # Neither due nor missed can be told by such a clock.
            return [postpone(connection, ask.claim, now + policy.unsent_retry, doubt, now) for ask in asks]
        return request(connection, asks, now, policy, waits=self.limiter.waits(len(asks)))

    def _place(self, prepared: Prepared) -> None:
        call, decision = prepared.claim.call, prepared.decision
        if isinstance(decision, End):
            _tell(call, decision)
        if not isinstance(decision, Requested):
            return
        body, departure = self._body(call, prepared.reference), _Departure()
        answer = prepared.provider.place(
            body,
            prepared.token,
            lambda: self._held_back(prepared) or self._unnoted(decision.attempt_id) or self._let_go(departure),
        )
        answered_at = self._clock.boot_seconds()
        log.info("call %d: %s", call.id, type(answer).__name__)
        # Nobody waits for it: a call whose answer is lost on the way to the disk is looked up, as any other.
        answered = Answered(attempt_id=decision.attempt_id, answer=answer, at=self._clock.now())
        recorded = self._ledger.submit_among(self._record, answered)
        recorded.add_done_callback(lambda future: self._look_at(future, prepared.claim))
        self._measure(call, answered, None if departure.at is None else answered_at - departure.at)

    def _let_go(self, departure: _Departure) -> str:
        """Nothing withholds it any more."""
        departure.at = self._clock.boot_seconds()
        return ""

    def _measure(self, call: Call, answered: Answered, seconds: float | None) -> None:
        """Only now, since nothing waits here. What rings again was due when it rang first."""
        took = None if seconds is None else timedelta(seconds=seconds)
        if took is not None and not call.attempts:
            self._meter.departed(answered.at - took - call.due_at)
        self._meter.answered(ANSWER_KINDS[type(answered.answer)], took)

    def _held_back(self, prepared: Prepared) -> str:
        """Why its request mustn't leave after all, although it might have when that was decided.

        Asked when the connection stands: to make it may have taken seconds.
        """
        stalled = self._clock.boot_seconds() - prepared.since
        if stalled > self.policy.stall.total_seconds():
            return (
                f"{stalled:.1f} s passed before it could leave: a slow connection, or a machine that stood still"
            )
        call = prepared.claim.call
        if not call.due_at <= self._clock.now() <= call.deadline_at:
            return "its time was over, or hadn't come by a clock that was set"
        return (
            self._doubt()
            or barred_by(call.destination, self.barring)
            or not_owned(call.origin, call.cli, self.barring)
            or self.policy.hours.closed(call.origin, call.destination, self._clock.now())
            or (self._paused(call) if stalled > _JUST_LOOKED else "")
        )

    def _unnoted(self, attempt_id: int) -> str:
        """Note that its request leaves; why it mustn't, since that can't be noted."""
        try:
            self._note_departure(attempt_id)
        except DatabaseError as error:
            return f"it can't be noted that it leaves: {error}"
        return ""

    def _paused(self, call: Call) -> str:
        try:
            now = self._clock.now()
            # Nearly always nothing is paused, and every call waits for the answer.
            pauses = self._ledger.peek(select_pauses, now)
            return self._ledger.read(select_pause_of_call, call, now) if pauses else ""
        except DatabaseError as error:
            return f"it can't be told whether it is paused: {error}"

    def _look_at(self, recorded: Future[Decision | None], claim: Claim) -> None:
        error = recorded.exception()
        with about_call(claim.call.id):  # the ledger's thread comes by here
            if error is not None:
                log.error("the answer for call %d could not be recorded: %s", claim.call.id, error)
            elif isinstance(decision := recorded.result(), End):
                _tell(claim.call, decision)

    def _held(self, connection: Connection, call: Call, now: datetime) -> str:
        """Why the call has to wait for a calendar that couldn't be looked at (rule 8)."""
        if not self.last_look.holds:
            return ""
        sights = [sight.as_of(now) for sight in select_sights_of_call(connection, call.id)]
        return why_held(call.due_at, call.wake_at, sights, self.last_look)

    def _body(self, call: Call, reference: str) -> CallRequest:
        return CallRequest(
            origin=call.origin.e164,
            destination=call.destination.e164,
            cli=call.cli.e164 if call.cli else "",
            presentation=call.presentation,
            callback=f"{self._callback_url}/{reference}" if self._callback_url else "",
        )

    def _record(self, connection: Connection, answered: Sequence[Answered]) -> Sequence[Decision | None]:
        return record(connection, answered, self.policy)


def _tell(call: Call, decision: End) -> None:
    """Alerts are a missed call, since nobody was rung who should have been, and one whose end nobody knows."""
    alert = decision.outcome in (Outcome.MISSED, Outcome.UNKNOWN)
    level = logging.ERROR if alert else logging.WARNING
    log.log(level, "call %d ends as %s: %s", call.id, decision.outcome, decision.reason)


def _token(provider: Provider) -> tuple[str, str]:
    """A token, or "" and why there is none: the call then waits, and is missed at its deadline."""
    try:
        return provider.token(), ""
    except CallSchedulerError as error:
        return "", str(error)
