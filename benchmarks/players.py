"""The same events played by ours, from the calendar's text to the request, and by APScheduler as it comes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from benchmarks.stored import BARRING, CALLED, NUMBERS, limited
from scheduler.calendars.agenda import Zones, read_agenda
from scheduler.calendars.appointment import Appointment
from scheduler.calendars.contact import Contacts
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.callout.answer import Accepted
from scheduler.calls.plan import plan
from scheduler.calls.reconcile import reconcile
from scheduler.calls.unreadable import Unreadable
from scheduler.clock import SystemClock
from scheduler.database import Database
from scheduler.duties.place import PlaceDuty
from scheduler.ledger import open_ledger
from scheduler.ledger.changes import apply_change, select_recorded
from scheduler.ledger.departures import begin_run
from scheduler.ledger.life import recover
from scheduler.ledger.store import LedgerCallStore
from scheduler.timetable import Timetable
from scheduler.vca import CallRequest

_DAY = timedelta(days=1)
_REQUEST_TAKES = 0.05  # seconds
_QUIET = 2.0  # seconds without a ring: nothing more comes
_NUMBER_OF = {one.e164: number for number, one in enumerate(NUMBERS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a calendar, by its number: its manager's phone, and its customer's, go with that."""

    number: int
    starts_at: datetime
    lines: tuple[str, ...] = ()  # more of what its calendar says

    def text(self) -> bytes:
        lines = (
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//benchmark", "BEGIN:VEVENT", f"UID:{self.number}",
            "DTSTAMP:20260101T000000Z", f"DTSTART:{self.starts_at:%Y%m%dT%H%M%SZ}", "SUMMARY:Call",
            f"LOCATION:{CALLED[self.number]}", *self.lines, "END:VEVENT", "END:VCALENDAR", "",
        )  # fmt: skip
        return "\r\n".join(lines).encode()


Rung = list[tuple[int, datetime]]  # whose phone, and when
_rung: Rung = []  # APScheduler's jobs find nothing but what is global
_rang = threading.Event()


def _ring(number: int) -> None:
    _rung.append((number, datetime.now(UTC)))
    _rang.set()
    time.sleep(_REQUEST_TAKES)


def rung_until_quiet(after: datetime) -> Rung:
    """What rang, once ``after`` has come and nothing rings any more."""
    time.sleep(max(0.0, (after - datetime.now(UTC)).total_seconds()))
    while _rang.wait(_QUIET):
        _rang.clear()
    found = list(_rung)
    _rung.clear()
    return found


class Ours:
    """The ledger, the timetable and all between, with a provider that only notes who would ring."""

    name = "ours"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.db"

    def write(self, events: list[Event]) -> None:
        """Take over what the calendars hold now, as a fetch does."""
        with closing(open_ledger(self._path)) as ledger:
            self._replan(ledger, events)

    @contextmanager
    def running(self) -> Iterator[None]:
        clock = SystemClock()
        with (
            closing(open_ledger(self._path)) as ledger,
            closing(begin_run(ledger, clock.boot_id())) as departures,
        ):
            ledger.write(recover, clock.now())
            duty = PlaceDuty(
                ledger, _Phones(), clock, limited(), BARRING, callback_url="", note_departure=departures.note
            )
            store = LedgerCallStore(ledger, duty.prepare, duty.limiter)
            timetable = Timetable(store, duty.place, clock, workers=32)
            timetable.start()
            try:
                yield
            finally:
                timetable.stop()

    def _replan(self, ledger: Database, events: list[Event]) -> None:
        now = datetime.now(UTC)
        wanted = plan((one for event in events for one in _appointments(event, now)), limited())
        recorded = ledger.read(select_recorded, now - _DAY)
        changes = reconcile(
            wanted, recorded, now, read_before={}, reasons={}, unreadable=Unreadable(), until=now + _DAY
        )
        for change in changes:
            ledger.write(apply_change, change, now)


def _appointments(event: Event, now: datetime) -> tuple[Appointment, ...]:
    agenda = read_agenda(
        [(f"{event.number}.ics", event.text())],
        CalendarRules(collection=f"calendar {event.number}", origin=NUMBERS[event.number]),
        Company(region="GB"),
        Contacts((), type_order=()),
        Zones(floating=ZoneInfo("Europe/London")),
        start=now - _DAY,
        end=now + _DAY,
    )
    return agenda.appointments


class _Phones:
    def token(self) -> str:
        return "token"

    def token_at_hand(self) -> str:
        return "token"

    def place(self, request: CallRequest, _token: str, withhold: Callable[[], str]) -> Accepted:
        withhold()
        _ring(_NUMBER_OF[request.origin])
        return Accepted(session_id=request.origin)


class Apscheduler:
    """Its default executor, its SQLite as the store opens it, its grace of a second; it reads no calendars."""

    name = "APScheduler"

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder / 'jobs.db'}"

    def write(self, events: list[Event]) -> None:
        """A program of ten lines: one job an event, added, moved and removed as the events are."""
        scheduler = self._scheduler()
        scheduler.start(paused=True)
        wanted = {f"{event.number}": event for event in events}
        for job in scheduler.get_jobs():
            if job.id not in wanted:
                job.remove()
        for key, event in wanted.items():
            if event.starts_at > datetime.now(UTC):
                scheduler.add_job(
                    _ring, "date", run_date=event.starts_at, args=(event.number,), id=key, replace_existing=True
                )
        scheduler.shutdown()

    @contextmanager
    def running(self) -> Iterator[None]:
        # What it drops it says by a warning each; the table counts them.
        logging.getLogger("apscheduler.executors.default").setLevel(logging.ERROR)
        scheduler = self._scheduler()
        scheduler.start()
        try:
            yield
        finally:
            scheduler.shutdown()

    def _scheduler(self) -> BackgroundScheduler:
        return BackgroundScheduler(
            jobstores={"default": SQLAlchemyJobStore(url=self._url)},
            executors={"default": ThreadPoolExecutor(10)},
            timezone=UTC,
        )
