"""Collecting the provider's records (CDRs) of what was requested, and settling the outcomes they show."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from scheduler.calls.call import Attempt
from scheduler.calls.cdr import ending_of, match
from scheduler.calls.policy import Policy
from scheduler.calls.timing import silent_until
from scheduler.database import Connection, Database
from scheduler.errors import ProviderError
from scheduler.ledger.attempts import (
    insert_cdr,
    select_attempts_since,
    select_cdrs_of_open_attempts,
    select_open_attempts,
    select_unexplained_attempts,
)
from scheduler.ledger.events import append_event_once
from scheduler.ledger.life import fall_silent, settle
from scheduler.vca import Cdr, read_cdr

log = logging.getLogger(__name__)

_UNEXPLAINED_FOR = timedelta(days=1)  # how long a call that ended as unknown is still looked for
_QUERY_SLACK = timedelta(minutes=1)  # the operator doesn't say whether `from` is inclusive


class CdrProvider(Protocol):
    """What collecting needs of the client of the Voice Call-out API."""

    def cdrs(self, since: datetime) -> tuple[Cdr, ...]:
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
        self.provider = provider
        self.policy = policy

    def run_once(self, now: datetime) -> Collected:
        watched = self._ledger.read(_watched, now)
        if not watched:
            return Collected()
        settled, problem = 0, ""
        try:
            cdrs = self.provider.cdrs(watched[0].requested_at - _QUERY_SLACK)
        except ProviderError as error:
            problem = str(error)
            log.warning("the provider's records could not be read: %s", error)
        else:
            settled = self._keep(cdrs, watched[0].requested_at - _QUERY_SLACK, now)
        settled += self._settle_by_callbacks(now)
        return Collected(asked=True, settled=settled, silent=self._end_silent(now), problem=problem)

    def _keep(self, cdrs: Iterable[Cdr], since: datetime, now: datetime) -> int:
        attempts = self._ledger.read(select_attempts_since, since)
        return sum(self._ledger.write(self._take, cdr, attempts, now) for cdr in cdrs)

    def _take(self, connection: Connection, cdr: Cdr, attempts: Iterable[Attempt], now: datetime) -> bool:
        """Keep one CDR with its attempt and settle by it; one that may be about several settles nothing."""
        found = match(cdr, attempts, self.policy.clock_slack)
        if found.ambiguous:
            for attempt in found.attempts:
                append_event_once(
                    connection, now, "ambiguous_cdr", call_id=attempt.call_id,
                    detail=f"the provider's record {cdr.session_id} fits several attempts",
                )  # fmt: skip
            return False
        if found.attempt is None:
            return False
        # Also one that was kept before may be news: its call was waiting for another attempt then.
        insert_cdr(connection, found.attempt.id, "list", cdr.raw_text, now)
        return cdr.complete and _settle(connection, found.attempt, cdr, now)

    def _settle_by_callbacks(self, now: datetime) -> int:
        """A callback alone settles once the list has had its time to agree (rule 4)."""
        kept = self._ledger.read(select_cdrs_of_open_attempts)
        settled = 0
        for attempt_id, source, received_at, raw in kept:
            if source != "callback" or now < received_at + self.policy.cdr_lag:
                continue
            cdr = _read(raw)
            if cdr is not None and cdr.complete:
                settled += self._ledger.write(settle, attempt_id, cdr.session_id, ending_of(cdr), now)
        return settled

    def _end_silent(self, now: datetime) -> int:
        silent = 0
        for attempt in self._ledger.read(select_open_attempts):
            if now > silent_until(attempt, self.policy) and self._ledger.write(fall_silent, attempt, now):
                silent += 1
                log.error("call %d ends as unknown: nobody has a record of it", attempt.call_id)
        return silent


def _watched(connection: Connection, now: datetime) -> list[Attempt]:
    """The attempts that a CDR may still tell something of, oldest first."""
    watched = select_open_attempts(connection) + select_unexplained_attempts(connection, now - _UNEXPLAINED_FOR)
    return sorted(watched, key=lambda attempt: attempt.requested_at)


def _read(raw: str) -> Cdr | None:
    try:
        return read_cdr(json.loads(raw))
    except ValueError:
        return None


def _settle(connection: Connection, attempt: Attempt, cdr: Cdr, now: datetime) -> bool:
    ending = ending_of(cdr)
    news = settle(connection, attempt.id, cdr.session_id, ending, now)
    if news:
        log.info("call %d ended: %s", attempt.call_id, ending.outcome.replace("_", " "))
    return news
