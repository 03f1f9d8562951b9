"""Collecting the provider's records (CDRs) of what was requested, and settling the outcomes they show."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from scheduler.calls.call import Attempt
from scheduler.calls.cdr import Match, match
from scheduler.calls.policy import Policy
from scheduler.calls.timing import silent_until
from scheduler.database import Connection, Database, translated
from scheduler.duties.unread_records import UnreadRecords
from scheduler.errors import DatabaseError, ProviderError
from scheduler.ledger.attempts import (
    KeptCdr,
    insert_cdr,
    select_attempts_since,
    select_listed_before,
    select_open_attempts,
    select_unexplained_attempts,
    select_unweighed_cdrs,
)
from scheduler.ledger.events import append_event_once
from scheduler.ledger.evidence import Weighed, end_silent, weigh
from scheduler.logs import about_call
from scheduler.vca import Cdr, UnreadableCdr

log = logging.getLogger(__name__)

_UNEXPLAINED_FOR = timedelta(days=1)  # how long a call that ended as unknown is still looked for
# The operator doesn't say whether `from` is inclusive, and its clock may be behind ours.
_QUERY_SLACK = timedelta(minutes=10)


class CdrProvider(Protocol):
    """What collecting needs of the client of the Voice Call-out API."""

    def cdrs(self, since: datetime) -> tuple[Cdr | UnreadableCdr, ...]:
        """:raises ProviderError: it has no usable answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Counts of one round."""

    asked: bool = False
    settled: int = 0
    silent: int = 0
    problem: str = ""


class CollectDuty:
    """Asks ``GET /cdr`` while an attempt is open, and settles; ``policy`` and ``provider`` may be replaced."""

    def __init__(self, ledger: Database, provider: CdrProvider, policy: Policy) -> None:
        self._ledger = ledger
        self._unread = UnreadRecords(ledger)
        self.provider = provider
        self.policy = policy

    def run_once(self, now: datetime) -> Collected:
        watched = self._ledger.read(_watched, now)
        problem = self._ask(watched[0].requested_at - _QUERY_SLACK, now) if watched else ""
        settled = self._weigh(self._ledger.read(select_unweighed_cdrs), now)
        silent = self._end_silent(now, unread=bool(problem))
        return Collected(asked=bool(watched), settled=settled, silent=silent, problem=problem)

    def _ask(self, since: datetime, now: datetime) -> str:
        """Keep what the list shows; returns what is wrong with it."""
        try:
            listed = self.provider.cdrs(since)
        except ProviderError as error:
            self._unread.failed(error, now, self.policy.cdr_lag)
            return str(error)
        self._unread.succeeded()
        self._keep(listed, since, now)
        return ""

    def _keep(self, listed: Sequence[Cdr | UnreadableCdr], since: datetime, now: datetime) -> None:
        """Keep each with the attempt that it is about; what fits none or several is kept without one."""
        known = self._ledger.read(select_listed_before, [one.raw_text for one in listed])
        news = [one for one in listed if one.raw_text not in known]
        attempts = _by_numbers(self._ledger.read(select_attempts_since, since)) if news else {}
        under_way = [self._ledger.submit(_keep_one, one.raw_text, self._match(one, attempts), now) for one in news]
        with translated(self._ledger.path):
            for future in under_way:
                future.result()

    def _match(self, one: Cdr | UnreadableCdr, attempts: Mapping[tuple[str, str], Sequence[Attempt]]) -> Match:
        if isinstance(one, UnreadableCdr):
            return Match(attempts=())
        return match(one, attempts.get((one.origin, one.destination), ()), self.policy.clock_slack)

    def _weigh(self, unweighed: Iterable[KeptCdr], now: datetime) -> int:
        # All are handed over before the first is waited for: the end of a burst costs few commits.
        under_way = [(kept, self._ledger.submit(weigh, kept, now, self.policy)) for kept in unweighed]
        return sum(self._tell(kept, future) for kept, future in under_way)

    def _tell(self, kept: KeptCdr, future: Future[Weighed]) -> bool:
        with about_call(kept.call_id):
            try:
                with translated(self._ledger.path):
                    found = future.result()
            except DatabaseError:
                raise
            except Exception:
                log.exception("record %d of attempt %d could not be weighed", kept.id, kept.attempt_id)
                return False
            if found.outcome is not None:
                log.info("call %d, an attempt is over: %s", found.call_id, found.outcome.words)
            if found.contradiction:
                log.error("%s", found.contradiction)
            return found.outcome is not None

    def _end_silent(self, now: datetime, *, unread: bool) -> int:
        silent = 0
        for attempt in self._ledger.read(select_open_attempts):
            if now > silent_until(attempt, self.policy, unread=unread):
                alert = self._ledger.write(end_silent, attempt, now, unread=unread)
                if alert:
                    silent += 1
                    with about_call(attempt.call_id):
                        log.error("%s", alert)
        return silent


def _watched(connection: Connection, now: datetime) -> list[Attempt]:
    """The attempts that a CDR may still tell something of, oldest first."""
    watched = select_open_attempts(connection) + select_unexplained_attempts(connection, now - _UNEXPLAINED_FOR)
    return sorted(watched, key=lambda attempt: attempt.requested_at)


def _by_numbers(attempts: Iterable[Attempt]) -> dict[tuple[str, str], list[Attempt]]:
    """So that thousands of records are not compared with thousands of attempts each."""
    found = defaultdict(list)
    for attempt in attempts:
        found[attempt.origin.e164, attempt.destination.e164].append(attempt)
    return found


def _keep_one(connection: Connection, raw: str, found: Match, now: datetime) -> None:
    attempt = found.attempt
    news = insert_cdr(connection, attempt.id if attempt else None, "list", raw, now)
    if news and found.ambiguous:
        for one in found.attempts:
            append_event_once(
                connection, now, "ambiguous_cdr", call_id=one.call_id,
                detail="a record of the provider fits several attempts: it is kept, and given to none",
            )  # fmt: skip
