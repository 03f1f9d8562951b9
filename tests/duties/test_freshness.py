"""How soon what somebody writes into a calendar rings, at the intervals that nobody changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.callout.answer import Accepted
from scheduler.config import read_config
from scheduler.duties.last_look import LastLookDuty, Looked
from scheduler.duties.place import PlaceDuty
from scheduler.duties.replan import ReplanDuty
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import Synced
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import claim_due
from scheduler.parts import calendars_http, kept_calendars, plan_rules
from tests.clocks import NOON, SetClock
from tests.config.files import write
from tests.duties.support import DESTINATION, ScriptedProvider, unnoted
from tests.duties.test_last_look import event

TICK = timedelta(seconds=0.5)


class Company:
    """The duties as the daemon wires them, from a configuration that changes no interval, tick by tick."""

    def __init__(self, folder: Path, parts: ExitStack) -> None:
        config = read_config(write(folder))
        http = parts.enter_context(closing(calendars_http()))
        self.calendar = folder / "sales.ics"
        self.clock = SetClock()
        self.provider = ScriptedProvider(Accepted(session_id="session"))
        self._fetched = threading.Semaphore(0)
        self._ledger = parts.enter_context(closing(open_ledger(folder / "ledger.db")))
        self._replan = ReplanDuty(self._ledger, plan_rules(config))
        synced, looked = kept_calendars(config.calendars, http)
        self._sync = parts.enter_context(closing(SyncDuty(self._ledger, synced, self.clock, self._take_over)))
        self._look = parts.enter_context(
            closing(
                LastLookDuty(
                    self._ledger,
                    looked,
                    config.last_look,
                    self.clock,
                    self._take_looks,
                )
            )
        )
        self._place = PlaceDuty(
            self._ledger, self.provider, self.clock, config.policy, config.barring, callback_url="",
            note_departure=unnoted,
        )  # fmt: skip

    def _take_over(self, fetched: Sequence[Synced]) -> None:
        self._replan.run_once(self.clock.now(), touched={one.name: one.hrefs for one in fetched})
        self._fetched.release(len(fetched))

    def _take_looks(self, found: Mapping[str, Looked]) -> None:
        self._replan.run_once(self.clock.now(), touched={name: one.hrefs for name, one in found.items()})

    def run_until(self, end: datetime) -> None:
        while self.clock.now() < end:
            now = self.clock.now()
            for _ in range(self._sync.run_once(now)):
                assert self._fetched.acquire(timeout=10)
            self._look.run_once(now)
            assert self._look.settle(10)
            for claim in self._ledger.write(claim_due, now, 10, "token"):
                self._place.place(claim)
            self.clock.advance(TICK)


@contextmanager
def company(folder: Path) -> Iterator[Company]:
    with ExitStack() as parts:
        yield Company(folder, parts)


@pytest.mark.parametrize("after_a_fetch", [0.5, 30, 59.5])
def test_an_event_added_two_minutes_ahead_rings_with_the_default_settings(
    tmp_path: Path, after_a_fetch: float
) -> None:
    written_at = NOON + timedelta(seconds=after_a_fetch)
    starts_at = (written_at + timedelta(minutes=2)).replace(microsecond=0)
    with company(tmp_path) as work:
        work.calendar.write_bytes(event("other", NOON + timedelta(days=1)))
        work.run_until(written_at)
        work.calendar.write_bytes(event("one", starts_at))
        work.run_until(starts_at)
        assert work.provider.requests == []
        work.run_until(starts_at + TICK)
        assert [request.destination for request in work.provider.requests] == [str(DESTINATION)]
