"""The clock that the daemon goes by: a step of the machine's wall clock is doubted until it is synchronised."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from scheduler.calls.timekeeping import MOST_PARTED, Belief, Memory, at_start, judge, slept, stepped
from scheduler.clock import MachineClock, Reading, Sync
from scheduler.database import Connection, Database
from scheduler.duration import spell_duration
from scheduler.errors import Problem
from scheduler.ledger.alerts import append_alert
from scheduler.ledger.clock import remember_clock, select_newest_instant, select_remembered_clock
from scheduler.ledger.events import append_event, select_latest_event

log = logging.getLogger(__name__)

_REMEDY = (
    "synchronise it, with chrony or systemd-timesyncd; where that can't be, restart the daemon once it is right"
)
DOUBTED, BELIEVED, SLEPT = "clock_doubted", "clock_believed", "slept"
NOTHING_KNOWN = Memory()
_ALERT_AFTER = 10.0  # seconds: a time server that starts beside us needs some


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockNews:
    """Something that happened to the clock, as the history keeps it."""

    at: datetime
    kind: str
    detail: str


class GuardedClock:
    """Looks at the machine's clocks whenever it is asked, from any thread; see :class:`Belief`."""

    def __init__(
        self, machine: MachineClock, *, wait_for_sync: bool = False, before: Memory = NOTHING_KNOWN
    ) -> None:
        """:param wait_for_sync: doubt the clock until it has been synchronised once."""
        self._machine = machine
        self._lock = threading.Lock()  # guards all below
        self._last = machine.reading()
        self._news: deque[ClockNews] = deque()
        sync = machine.sync()
        if sync is not Sync.SYNCHRONISED:
            log.warning("the clock is %s", sync)
        self._belief = at_start(self._last, sync, before, wait_for_sync=wait_for_sync)
        if self._belief.doubt:
            self._tell(self._last, DOUBTED, self._belief.doubt)

    def now(self) -> datetime:
        """The wall clock; while that is in doubt, what it would show without the step."""
        with self._lock:
            reading = self._look()
            return self._belief.now(reading)

    def boot_seconds(self) -> float:
        return self._machine.boot_seconds()

    def boot_id(self) -> str:
        return self._machine.boot_id()

    def doubt(self) -> str:
        """Why nothing may be placed by this clock just now; "" where it may."""
        with self._lock:
            self._look()
            return self._belief.doubt

    @property
    def anchor(self) -> Reading:
        """When wall and boot clock were last believed together."""
        with self._lock:
            return self._belief.anchor

    def take_news(self) -> tuple[ClockNews, ...]:
        """What happened since it was asked last."""
        with self._lock:
            news, self._news = tuple(self._news), deque()
            return news

    def _look(self) -> Reading:
        reading = self._machine.reading()
        asleep = slept(self._last, reading)
        self._last = reading
        if asleep > MOST_PARTED:
            self._tell(reading, SLEPT, f"the machine was suspended for {spell_duration(asleep)}")
        if self._belief.doubt or stepped(self._belief, reading):
            self._believe(judge(self._belief, reading, self._machine.sync()), reading)
        return reading

    def _believe(self, belief: Belief, reading: Reading) -> None:
        before, self._belief = self._belief, belief
        if belief.doubt and not before.doubt:
            self._tell(reading, DOUBTED, belief.doubt)
        elif before.doubt and not belief.doubt:
            self._tell(reading, BELIEVED, "the clock is believed again")
        elif before.anchor is not belief.anchor:
            moved = spell_duration(abs(before.parted(reading)))
            self._tell(reading, BELIEVED, f"the clock was set by {moved}, and is synchronised")

    def _tell(self, reading: Reading, kind: str, detail: str) -> None:
        log.warning("%s", detail)
        self._news.append(ClockNews(at=self._belief.now(reading), kind=kind, detail=detail))


class ClockDuty:
    """Looks at the clock, and writes down what happened to it and what a process after this one has to know."""

    def __init__(self, ledger: Database, clock: GuardedClock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._written: Reading | None = None
        self._doubted_since: float | None = None  # by the boot clock; None also once it was told

    def run_once(self) -> int:
        now = self._clock.now()
        news = self._clock.take_news()
        for one in news:
            self._ledger.write(append_event, one.at, one.kind, detail=one.detail)
            self._doubted_since = self._clock.boot_seconds() if one.kind == DOUBTED else None
        if self._doubted_since is not None and self._clock.boot_seconds() - self._doubted_since >= _ALERT_AFTER:
            self._alert(now)
        self._remember()
        return len(news)

    def _alert(self, now: datetime) -> None:
        self._doubted_since = None
        if doubt := self._clock.doubt():
            text = f"no call is placed: {doubt} ({_REMEDY})"
            self._ledger.write(append_alert, now, text)
            log.error("%s", text)

    def _remember(self) -> None:
        if (anchor := self._clock.anchor) != self._written:
            self._ledger.write(remember_clock, self._clock.boot_id(), anchor)
            self._written = anchor


def guarded_clock(ledger: Database, machine: MachineClock, *, wait_for_sync: bool) -> GuardedClock:
    """The clock of a process that starts, which knows what the ledger holds of the times before."""
    before = ledger.read(_memory, machine.boot_id())
    clock = GuardedClock(machine, wait_for_sync=wait_for_sync, before=before)
    if not clock.doubt():
        ledger.write(_forget_doubt, clock.now())
    return clock


def _memory(connection: Connection, boot_id: str) -> Memory:
    return Memory(
        boot_id=boot_id,
        before=select_remembered_clock(connection),
        newest_at=select_newest_instant(connection),
    )


def _forget_doubt(connection: Connection, now: datetime) -> None:
    """What the process before held against the clock counts no more."""
    if clock_problems(connection):
        append_event(connection, now, BELIEVED, detail="at a start: the clock is taken as it stands")


def clock_problems(connection: Connection) -> tuple[Problem, ...]:
    """What the daemon holds against the clock, for commands beside it."""
    latest = select_latest_event(connection, (DOUBTED, BELIEVED))
    if latest is None or latest.kind == BELIEVED:
        return ()
    what = f"{latest.detail}; no call is placed since {latest.at:%Y-%m-%d %H:%M:%S} UTC"
    return (Problem(where="clock", what=what, remedy=_REMEDY),)
