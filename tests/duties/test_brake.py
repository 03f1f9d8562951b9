"""The brake on a real ledger: what is held stays planned, is remembered over a restart, and is told."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.calendars.agenda import Zones
from scheduler.calendars.contact import Contacts
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.calls.brake import ACCEPTED, AGREED
from scheduler.calls.call import Call, Outcome, State
from scheduler.calls.change import GONE
from scheduler.calls.policy import Policy
from scheduler.database import Database
from scheduler.duties.brake import Brake, hold_problems
from scheduler.duties.replan import PlanRules, ReplanDuty
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import claim_due, end_claim, select_calls
from scheduler.ledger.collections import StoredObject, delete_objects, record_fetched, upsert_objects
from scheduler.ledger.events import select_events
from scheduler.ledger.vanished import accept_vanished
from tests.clocks import NOON
from tests.duties.support import DESTINATION, ORIGIN

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def rules(*names: str) -> PlanRules:
    return PlanRules(
        calendars=tuple(CalendarRules(collection=name, origin=ORIGIN) for name in names),
        company=Company(region="BE"),
        zones={name: Zones(floating=ZoneInfo("Europe/Brussels")) for name in names},
        policy=Policy(),
    )


class Office:
    """Two calendars that the test fills, and one fetch after another."""

    def __init__(self, ledger: Database) -> None:
        self.ledger = ledger
        self.now = NOON
        self.restart()

    def restart(self) -> None:
        self.duty = ReplanDuty(self.ledger, rules("sales", "team"))

    def fetch(self, *uids: str, name: str = "sales", after: timedelta = timedelta(), prefix: str = "") -> None:
        """A fetch that found exactly these events, ``n`` hours ahead of noon each."""
        self.store(*uids, name=name, after=after, prefix=prefix)
        self.replan(name)

    def store(self, *uids: str, name: str = "sales", after: timedelta = timedelta(), prefix: str = "") -> None:
        """A fetch that is not replanned yet."""
        self.now += after
        objects = [StoredObject(href=uid, etag=f"{prefix}{uid}", data=_event(prefix + uid, uid)) for uid in uids]
        self.ledger.write(record_fetched, name, "a", "", self.now, news=True)
        self.ledger.write(delete_objects, name, [str(n) for n in range(30)])
        self.ledger.write(upsert_objects, name, objects)

    def fetch_unchanged(self, *, after: timedelta, name: str = "sales") -> None:
        self.now += after
        self.ledger.write(record_fetched, name, "a", "", self.now, news=False)
        self.replan()

    def replan(self, *names: str) -> None:
        everything = [str(number) for number in range(30)]
        assert self.duty.run_once(self.now, touched=dict.fromkeys(names, everything)).refused == 0

    def calls(self) -> list[Call]:
        span = timedelta(days=30)
        return list(self.ledger.read(select_calls, since=NOON - span, until=NOON + span, limit=100))

    def planned(self) -> int:
        return sum(call.state is State.PLANNED for call in self.calls())

    def reasons(self) -> set[str]:
        return {call.reason for call in self.calls() if call.outcome is Outcome.CANCELLED}

    def problems(self) -> list[str]:
        return [str(problem) for problem in self.ledger.read(hold_problems, self.now)]

    def history(self, call: Call) -> list[str]:
        return [event.kind for event in self.ledger.read(select_events, call.id)]


def _event(uid: str, hours: str) -> bytes:
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20260101T000000Z", f"DTSTART:{NOON + int(hours) * HOUR:%Y%m%dT%H%M%SZ}",
        "SUMMARY:Call", f"LOCATION:{DESTINATION}", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def uids(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """``sales`` has ten calls to come, ``team`` none."""
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        found = Office(ledger)
        found.fetch(name="team")
        found.fetch(*uids(1, 10))
        assert found.planned() == 10
        yield found


def test_an_emptied_calendar_keeps_its_calls_and_each_remembers_it(office: Office) -> None:
    office.fetch(after=MINUTE)
    assert {call.state for call in office.calls()} == {State.PLANNED}
    assert office.history(office.calls()[0]) == ["planned", "held"]


def test_an_emptied_calendar_is_held_for_days_and_over_restarts(office: Office) -> None:
    office.fetch(after=MINUTE)
    for _ in range(3):
        office.restart()
        office.fetch_unchanged(after=HOUR)
    assert office.planned() == 10


def test_a_truncated_calendar_is_believed_after_a_fetch_ten_minutes_later(office: Office) -> None:
    office.fetch("1", "2", after=MINUTE)
    office.fetch_unchanged(after=9 * MINUTE)
    assert office.planned() == 10
    office.restart()
    office.fetch_unchanged(after=MINUTE)
    assert (office.planned(), office.reasons()) == (2, {AGREED})
    assert office.history(office.calls()[-1]) == ["planned", "held", "cancelled"]


def test_time_alone_without_another_fetch_agrees_to_nothing(office: Office) -> None:
    office.fetch("1", "2", after=MINUTE)
    office.now += 30 * MINUTE
    office.replan()
    assert office.planned() == 10


def test_a_fetch_whose_news_are_not_read_yet_agrees_to_nothing(office: Office) -> None:
    office.fetch("1", "2", after=MINUTE)
    office.store(*uids(1, 10), after=15 * MINUTE)
    office.replan()
    assert office.planned() == 10


def test_what_comes_back_is_released(office: Office) -> None:
    office.fetch(after=MINUTE)
    office.fetch(*uids(1, 10), after=MINUTE)
    assert office.planned() == 10
    assert office.history(office.calls()[0]) == ["planned", "held", "released"]
    assert office.problems() == []


def test_what_was_accepted_is_cancelled_at_the_next_round_and_says_why(office: Office) -> None:
    office.fetch(after=MINUTE)
    assert len(office.ledger.write(accept_vanished, "sales")) == 10
    office.replan()
    assert (office.planned(), office.reasons()) == (0, {ACCEPTED})
    assert office.problems() == []


def test_one_deletion_among_many_is_honoured_at_once(office: Office) -> None:
    office.fetch(*uids(2, 10), after=MINUTE)
    assert (office.planned(), office.reasons()) == (9, {GONE})


def test_deletions_in_several_fetches_within_ten_minutes_count_together(office: Office) -> None:
    office.fetch(*uids(5, 10), after=MINUTE)
    office.fetch(*uids(8, 10), after=MINUTE)
    assert office.planned() == 6


def test_events_that_all_get_new_uids_keep_their_calls_and_nothing_is_held(office: Office) -> None:
    before = [call.id for call in office.calls()]
    office.fetch(*uids(1, 10), after=MINUTE, prefix="rekeyed-")
    assert [call.id for call in office.calls()] == before
    assert office.problems() == []


def test_what_comes_back_with_new_uids_is_released_as_well(office: Office) -> None:
    before = [call.id for call in office.calls()]
    office.fetch(after=MINUTE)
    office.fetch(*uids(1, 10), after=MINUTE, prefix="rekeyed-")
    assert ([call.id for call in office.calls()], office.planned(), office.problems()) == (before, 10, [])


def test_a_calendar_that_is_no_longer_configured_loses_its_calls_at_once(office: Office) -> None:
    office.duty.use(rules("team"), Contacts(), whole=True)
    office.replan()
    assert (office.planned(), office.reasons()) == (0, {"calendar sales is no longer configured"})


def test_events_that_go_over_to_another_calendar_are_no_loss(office: Office) -> None:
    office.fetch(*uids(1, 10), name="team", after=MINUTE)
    office.fetch(after=MINUTE)
    assert (office.planned(), office.problems()) == (10, [])


def test_what_another_calendar_shows_too_doesnt_hide_that_a_calendar_was_emptied(office: Office) -> None:
    office.fetch(*uids(1, 5), name="team", after=MINUTE)
    office.fetch(after=MINUTE)
    assert office.planned() == 10
    (problem,) = office.problems()
    assert "calendar sales: 5 of its 5 coming calls vanished" in problem


def test_a_held_call_that_is_over_is_held_no_more(office: Office) -> None:
    office.fetch(after=MINUTE)
    office.now = NOON + HOUR
    (claim,) = office.ledger.write(claim_due, office.now, 10, "token")
    office.ledger.write(end_claim, claim, Outcome.BARRED, "on the list", office.now)
    office.replan()
    assert "9 of its 9" in office.problems()[0]


def test_what_is_held_says_how_much_since_when_and_which_command_ends_it(office: Office) -> None:
    office.fetch("1", "2", after=MINUTE)
    office.fetch_unchanged(after=MINUTE)
    assert office.problems() == [
        "calendar sales: 8 of its 10 coming calls vanished at once, seen first 2026-11-23 12:01 UTC; they are "
        "held and still ring; this lasts until fetches ten minutes apart agree "
        "(if they were deleted on purpose: call-scheduler sync --accept sales)"
    ]


def test_the_command_can_be_pasted_whatever_the_calendar_is_called(office: Office) -> None:
    office.duty.use(rules("Ann's team"), Contacts(), whole=True)
    office.fetch(*uids(1, 10), name="Ann's team", after=MINUTE)
    office.fetch(name="Ann's team", after=MINUTE)
    command = office.problems()[0].rstrip(")").rpartition(": ")[2]
    assert shlex.split(command) == ["call-scheduler", "sync", "--accept", "Ann's team"]


def test_a_hold_is_logged_when_it_begins_and_when_it_ends(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "scheduler.duties.brake"):
        office.fetch(after=MINUTE)
        office.fetch_unchanged(after=MINUTE)
        office.fetch(*uids(1, 10), after=MINUTE)
    begins, ends = (record.getMessage() for record in caplog.records)
    assert "10 of its 10 coming calls vanished at once" in begins
    assert "sync --accept sales" in begins
    assert ends == "calendar sales: nothing of it is held any more"


def test_a_held_call_that_a_round_doesnt_look_at_stays_held_and_goes_when_it_is_time(office: Office) -> None:
    """As when only what changed is reconciled."""
    office.fetch("1", "2", after=MINUTE)
    brake, later = Brake(office.ledger), office.now + 10 * MINUTE
    assert brake.hold_back((), (), office.now, fetched_at={"sales": office.now + MINUTE}) == ()
    assert len(brake.hold_back((), (), later, fetched_at={"sales": later})) == 8


def test_what_one_calendar_lets_go_and_another_holds_stays_held(office: Office) -> None:
    office.fetch(*uids(1, 6), name="team", after=MINUTE)
    office.store("6", name="team", after=MINUTE)
    office.store()
    office.replan("team", "sales")
    assert office.planned() == 10
    later = office.now + 10 * MINUTE
    looked_at_nothing = Brake(office.ledger).hold_back((), (), later, fetched_at={"sales": later, "team": later})
    assert looked_at_nothing == ()


def test_what_is_past_counts_neither_as_coming_nor_as_lost(office: Office) -> None:
    office.now = NOON + 3 * HOUR
    office.fetch(*uids(3, 5))
    assert "5 of its 8 coming calls" in office.problems()[0]
