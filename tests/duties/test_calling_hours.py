"""Calling hours over a real ledger: planned, changed, cancelled and placed, with a set clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.calendars.contact import Contacts
from scheduler.calls.call import Outcome, State
from scheduler.calls.calling_hours import CallingHours, Clocks, Outside
from scheduler.calls.policy import Policy
from scheduler.calls.shift import shift_into_hours
from scheduler.duties.look import look
from scheduler.duties.synced import SyncedCalendar
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import insert_call
from scheduler.ledger.collections import record_fetched
from scheduler.sources.source import Fetched, SourceState
from tests.calls.builders import want
from tests.calls.weeks import BRUSSELS, POLICIES, TIMES, brussels, office
from tests.clocks import NOON
from tests.duties.support import BARRING, DESTINATION, ORIGIN, Bench, ScriptedProvider, bench, cdr
from tests.duties.test_replan import World, rules

HOURS = CallingHours(week=office("09:00-18:00"), clocks=Clocks(company=BRUSSELS))
FRIDAY = brussels("2026-11-20 12:00")
FRIDAY_EVENING = brussels("2026-11-20 18:30")
SUNDAY = brussels("2026-11-22 20:00")
MONDAY_NINE = brussels("2026-11-23 09:00")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Company:
    """A calendar, and the duties that plan and place its calls, under the same calling hours."""

    def __init__(self, folder: Path) -> None:
        self.ledger = open_ledger(folder / "ledger.db")
        self.ledger.write(record_fetched, "sales", "a", "", FRIDAY, news=True)
        self.calendar = World(self.ledger)
        self.provider = ScriptedProvider()
        self.bench = Bench(self.ledger, self.provider)
        self.clock = self.bench.clock
        self.clock.advance(FRIDAY - NOON)
        self.use(HOURS)

    def use(self, hours: CallingHours) -> None:
        """As a reload of the configuration does, without the replanning that follows it."""
        policy = Policy(hours=hours)
        self.calendar.duty.use(replace(rules("sales"), policy=policy), Contacts(), whole=True)
        self.bench.placing.policy = policy

    def replan(self) -> dict[str, int]:
        touched = self.calendar.touched("sales")
        return dict(self.calendar.duty.run_once(self.clock.now(), touched=touched).changes)

    def at(self, now: datetime) -> None:
        self.clock.advance(now - self.clock.now())


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    found = Company(tmp_path)
    with closing(found.ledger):
        yield found


def test_a_call_outside_the_hours_rings_at_their_opening_and_once(company: Company) -> None:
    company.calendar.write("one", FRIDAY_EVENING)
    company.replan()
    for now in (FRIDAY_EVENING, SUNDAY, MONDAY_NINE - SECOND):
        company.at(now)
        company.replan()
        assert company.bench.place_due() == 0
    company.at(MONDAY_NINE)
    assert (company.bench.place_due(), company.replan(), len(company.provider.requests)) == (1, {}, 1)
    company.at(MONDAY_NINE + timedelta(days=1))
    assert (company.replan(), company.bench.place_due(), len(company.calendar.calls())) == ({}, 0, 1)


def test_a_moved_call_follows_its_calendar_until_it_rings(company: Company) -> None:
    """Also days after the time that it was asked for, and after a restart."""
    company.calendar.write("one", FRIDAY_EVENING)
    company.calendar.write("two", FRIDAY_EVENING + 20 * MINUTE)
    company.replan()
    company.at(SUNDAY)
    company.use(HOURS)
    company.calendar.delete("one")
    assert company.replan() == {"cancel": 1, "move": 1}
    one, two = company.calendar.calls()
    assert (one.outcome, two.state, two.due_at) == (Outcome.CANCELLED, State.PLANNED, MONDAY_NINE)


def test_staggered_calls_keep_their_times_while_those_before_them_ring(company: Company) -> None:
    for number in range(3):
        company.calendar.write(str(number), FRIDAY_EVENING + number * MINUTE)
    company.replan()
    due = [MONDAY_NINE + number * 10 * MINUTE for number in range(3)]
    for number, now in enumerate(due, start=1):
        company.at(now)
        company.use(HOURS)  # every agenda is read again, as after a restart
        assert company.replan() == {}
        assert [call.due_at for call in company.calendar.calls()] == due
        assert company.bench.place_due() == 1
        company.provider.records.append(cdr(now, session_id=f"session-{number}"))
        assert company.bench.collect() == 1


def test_an_event_that_is_written_after_its_time_isnt_called_at_the_next_opening(company: Company) -> None:
    company.at(FRIDAY_EVENING + MINUTE)
    company.ledger.write(record_fetched, "sales", "a", "", company.clock.now(), news=True)
    company.replan()
    company.calendar.write("one", FRIDAY_EVENING)
    assert company.replan() == {}


def test_an_event_that_nobody_could_read_before_its_time_is_called_at_the_next_opening(company: Company) -> None:
    company.replan()
    company.at(FRIDAY_EVENING + MINUTE)
    company.calendar.write("one", FRIDAY_EVENING)
    assert company.replan() == {"add": 1}
    assert [call.due_at for call in company.calendar.calls()] == [MONDAY_NINE]


def test_other_hours_move_what_is_planned_and_it_stays_the_same_call(company: Company) -> None:
    company.calendar.write("one", FRIDAY_EVENING)
    company.replan()
    (before,) = company.calendar.calls()
    company.use(replace(HOURS, week=office("09:00-20:00")))
    assert company.replan() == {"move": 1}
    (after,) = company.calendar.calls()
    assert (after.id, after.asked_at, after.due_at) == (before.id, before.asked_at, FRIDAY_EVENING)
    company.use(HOURS)
    assert company.replan() == {"move": 1}
    assert [call.due_at for call in company.calendar.calls()] == [MONDAY_NINE]


def test_hours_that_change_while_a_call_is_due_hold_it_until_it_is_planned_anew(company: Company) -> None:
    at = brussels("2026-11-20 17:00")
    company.calendar.write("one", at)
    company.replan()
    company.at(at)
    company.use(replace(HOURS, week=office("09:00-16:00")))
    company.bench.place_due()
    (call,) = company.calendar.calls()
    assert (call.state, call.reason) == (
        State.PLANNED,
        "outside calling hours; they open Mon 23 Nov 09:00",
    )
    assert company.replan() == {"move": 1}
    assert [call.due_at for call in company.calendar.calls()] == [MONDAY_NINE]
    assert company.provider.requests == []


@pytest.mark.parametrize("late", [timedelta(), SECOND, timedelta(hours=2), timedelta(days=30)])
def test_after_an_outage_over_the_closing_nothing_rings_however_long_it_was(
    company: Company, late: timedelta
) -> None:
    at, closes_at = brussels("2026-11-20 17:58"), brussels("2026-11-20 18:00")
    company.calendar.write("one", at)
    company.replan()
    company.at(closes_at + late)
    company.bench.place_due()
    (call,) = company.calendar.calls()
    assert (call.outcome, company.provider.requests) == (Outcome.MISSED, [])
    assert "past its grace of 2 min" in call.reason


def test_a_clock_that_jumps_over_the_closing_between_intention_and_request_stops_it(company: Company) -> None:
    at = brussels("2026-11-20 17:59:59")
    company.calendar.write("one", at)
    company.replan()
    company.at(at)
    (due,) = company.bench.store.claim_due(at, 10)
    company.at(at + SECOND)
    company.bench.placing.place(due)
    assert company.provider.requests == []


def test_what_is_to_be_skipped_ends_at_its_time_with_the_reason(company: Company) -> None:
    company.use(replace(HOURS, outside=Outside.SKIP))
    company.calendar.write("one", FRIDAY_EVENING)
    company.replan()
    company.at(FRIDAY_EVENING)
    company.bench.place_due()
    (call,) = company.calendar.calls()
    assert (call.outcome, call.reason, company.provider.requests) == (
        Outcome.BARRED,
        "outside calling hours",
        [],
    )
    assert company.replan() == {}


def test_what_is_allowed_rings_outside_the_hours(company: Company) -> None:
    company.use(replace(HOURS, outside=Outside.ALLOW))
    company.calendar.write("one", FRIDAY_EVENING)
    company.replan()
    company.at(FRIDAY_EVENING)
    company.bench.place_due()
    assert len(company.provider.requests) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """The source of a calendar that was fetched just now: nobody asks it."""

    name: str = "sales"

    def fetch(self, _state: SourceState | None, _known: Mapping[str, str]) -> Fetched:
        raise AssertionError("what the ledger holds is fresh")


def told(company: Company, hours: CallingHours, *, start: datetime, end: datetime) -> list[tuple[str, str]]:
    """What `plan` and `why` tell of the window: state and reason."""
    company.ledger.write(record_fetched, "sales", "a", "", company.clock.now(), news=False)
    found = look(
        company.ledger,
        [SyncedCalendar(source=Unasked(), every=MINUTE, settings="a")],
        replace(rules("sales"), policy=Policy(hours=hours)),
        Contacts(),
        BARRING,
        company.clock.now(),
        start=start,
        end=end,
    )
    return [(one.state, one.reason) for one in found.entries]


@pytest.mark.parametrize(
    ("outside", "state", "reason"),
    [
        (Outside.MOVE, "planned", "moved from Fri 20 Nov 18:30, outside calling hours"),
        (Outside.SKIP, "not_ringing", "it will be barred: outside calling hours"),
        (Outside.ALLOW, "planned", "outside calling hours, and rings all the same (hours.outside)"),
    ],
)
def test_what_becomes_of_a_call_outside_is_told_beforehand(
    company: Company, outside: Outside, state: str, reason: str
) -> None:
    company.calendar.write("one", FRIDAY_EVENING)
    hours = replace(HOURS, outside=outside)
    seen_only = told(company, hours, start=FRIDAY, end=SUNDAY)
    company.use(hours)
    company.replan()
    assert seen_only == told(company, hours, start=FRIDAY, end=SUNDAY) == [(state, reason)]


def test_a_moved_call_is_told_of_days_after_its_event_began(company: Company) -> None:
    company.calendar.write("one", FRIDAY_EVENING)
    company.replan()
    company.at(SUNDAY)
    company.calendar.write("written down afterwards", FRIDAY_EVENING + MINUTE)
    assert told(company, HOURS, start=SUNDAY, end=MONDAY_NINE) == [
        ("planned", "moved from Fri 20 Nov 18:30, outside calling hours")
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.lists(TIMES, min_size=1, max_size=5, unique=True),
    policies=st.lists(POLICIES, min_size=1, max_size=3),
    steps=st.lists(st.tuples(st.integers(0, 20 * 60), st.integers(0, 2)), max_size=15),
)
def test_no_request_leaves_outside_the_hours_whatever_the_outages_and_reloads(
    tmp_path_factory: pytest.TempPathFactory,
    asked: list[datetime],
    policies: list[Policy],
    steps: list[tuple[int, int]],
) -> None:
    """Each step lets some minutes pass, without a look in between, and takes over other settings."""
    with bench(tmp_path_factory.mktemp("ledger")) as duties:
        duties.clock.advance(min(asked) - duties.clock.now())
        for call in shift_into_hours([want(at=at) for at in asked], policies[0]):
            duties.ledger.write(insert_call, call, duties.clock.now())
        left: list[datetime] = []
        duties.provider.before_answer = lambda: left.append(duties.clock.now())
        for minutes, which in steps:
            policy = duties.placing.policy = policies[which % len(policies)]
            duties.clock.advance(minutes * MINUTE)
            duties.place_due()
            assert not [at for at in left if policy.hours.closed(ORIGIN, DESTINATION, at)]
            left.clear()
