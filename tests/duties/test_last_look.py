"""The last look: what it asks, what follows from it, and what never does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.callout.answer import Accepted
from scheduler.calls.call import Call, Outcome, State
from scheduler.calls.last_look import WhenUnreachable
from scheduler.database import Database
from scheduler.duties.last_look import LastLookDuty, Looked, LookedCalendar
from scheduler.duties.place import PlaceDuty
from scheduler.duties.replan import ReplanDuty
from scheduler.errors import SourceError, SourceForbidden, SourceUnreachable, SourceUnreadable
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import Claim, claim_due, select_calls
from scheduler.ledger.collections import (
    StoredObject,
    delete_objects,
    record_fetched,
    select_collection,
    upsert_objects,
)
from scheduler.ledger.events import select_events
from scheduler.ledger.looks import select_sights
from scheduler.sources.source import Fetched, FetchedObject, LookSource, SourceState
from tests.clocks import NOON, SetClock
from tests.duties.support import BARRING, DESTINATION, POLICY, ScriptedProvider, unnoted
from tests.duties.test_replan import rules
from tests.world import await_true

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
BEFORE = 3 * SECOND
HOLD = WhenUnreachable.HOLD
OTHER = "+32468373902"


def event(uid: str, at: datetime, number: str = str(DESTINATION)) -> bytes:
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20260101T000000Z", f"DTSTART:{at:%Y%m%dT%H%M%SZ}", "SUMMARY:Call", f"LOCATION:{number}",
        "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


@dataclass
class ScriptedSource:
    """A calendar whose objects the test writes; it counts the looks, and can fail or dawdle."""

    name: str = "sales"
    server: str = "calendar.example.com"
    fresh_for: timedelta = timedelta()
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[frozenset[str]] = field(default_factory=list)
    fault: SourceError | None = None
    meanwhile: Callable[[], object] = lambda: None

    def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
        return self.look(state, known, (), 60)

    def look(
        self, state: SourceState | None, known: Mapping[str, str], hrefs: Collection[str], seconds: float
    ) -> Fetched:
        assert 0 < seconds <= 2
        self.asked.append(frozenset(hrefs))
        self.meanwhile()
        if self.fault:
            raise self.fault
        wanted = set(hrefs) or self.objects.keys() | known.keys()
        gone = tuple(sorted((wanted & known.keys()) - self.objects.keys()))
        return Fetched(
            state=state or SourceState(),
            changed=tuple(one for one in self.stored() if one.href in wanted and one.etag != known.get(one.href)),
            deleted=gone,
            sought=gone if hrefs else (),
            whole=not hrefs,
        )

    def stored(self) -> list[FetchedObject]:
        return [
            FetchedObject(href=href, etag=str(hash(data)), data=data, uid=href.removesuffix(".ics"))
            for href, data in self.objects.items()
        ]


class Bench:
    """The duties around one ledger, at a time that the test sets."""

    def __init__(self, ledger: Database) -> None:
        self.ledger = ledger
        self.clock = SetClock(NOON - 60 * SECOND)
        self.provider = ScriptedProvider(*[Accepted(session_id=f"s{number}") for number in range(9)])
        self.placing = PlaceDuty(
            ledger, self.provider, self.clock, POLICY, BARRING, callback_url="", note_departure=unnoted
        )
        self.replanned: list[frozenset[str]] = []
        self.sources: dict[str, ScriptedSource] = {}

    def watch(
        self, *sources: ScriptedSource, when: WhenUnreachable = WhenUnreachable.PLACE, before: timedelta = BEFORE
    ) -> None:
        """Fetch these calendars a minute before noon, and look at them from then on."""
        self.sources = {source.name: source for source in sources}
        self.attend(*sources, when=when, before=before)
        self.fetch()

    def attend(self, *sources: LookSource, when: WhenUnreachable, before: timedelta) -> None:
        self.replan = ReplanDuty(self.ledger, rules(*(source.name for source in sources)))
        calendars = [LookedCalendar(source=one, settings="a", when_unreachable=when) for one in sources]
        self.read = 0  # objects that were read again because of looks
        self.duty = LastLookDuty(self.ledger, calendars, before, self.clock, self._news)
        self.placing.last_look = self.duty.last_look

    def fetch(self) -> None:
        """As the sync duty does, a whole fetch of everything."""
        for name, source in self.sources.items():
            stored = [StoredObject(href=o.href, etag=o.etag, data=o.data, uid=o.uid) for o in source.stored()]
            self.ledger.write(record_fetched, name, "a", SourceState().to_json(), self.clock.now(), news=True)
            self.ledger.write(upsert_objects, name, stored)
        self.replan.run_once(self.clock.now(), touched={name: one.objects for name, one in self.sources.items()})

    def fetch_changes(self, gone: Collection[str]) -> None:
        """A fetch that tells of these deletions alone."""
        for name in self.sources:
            self.ledger.write(record_fetched, name, "a", SourceState().to_json(), self.clock.now(), news=True)
            self.ledger.write(delete_objects, name, gone)
        self.replan.run_once(self.clock.now(), touched=dict.fromkeys(self.sources, gone))

    def _news(self, found: Mapping[str, Looked]) -> None:
        self.replanned.append(frozenset(found))
        self.read += self.replan.run_once(
            self.clock.now(),
            touched={name: one.hrefs for name, one in found.items()},
            sought={name: one.sought for name, one in found.items()},
        ).read

    def look(self, seconds: float = 3) -> int:
        """A round, so many seconds before noon, and all that follows from it."""
        self.clock.advance(NOON - seconds * SECOND - self.clock.now())
        begun = self.duty.run_once(self.clock.now()).looks
        assert self.duty.settle(10)
        return begun

    def place(self, seconds: float = 0) -> list[str]:
        """Place what is due so many seconds after noon; whom that called."""
        self.clock.advance(NOON + seconds * SECOND - self.clock.now())
        before = len(self.provider.requests)
        for claim in self.ledger.write(claim_due, self.clock.now(), 2000, "token"):
            self.placing.place(claim)
        self.ledger.write(lambda _connection: None)  # answers are recorded without anybody waiting for them
        return [request.destination for request in self.provider.requests[before:]]

    def calls(self) -> list[Call]:
        day = timedelta(days=1)
        return list(self.ledger.read(select_calls, since=NOON - day, until=NOON + day, limit=2000))

    def history(self, call_id: int = 1) -> list[str]:
        return [
            f"{one.kind}: {one.detail}" if one.detail else one.kind
            for one in self.ledger.read(select_events, call_id)
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        bench = Bench(ledger)
        yield bench
        bench.duty.close()


@pytest.fixture
def sales(bench: Bench) -> ScriptedSource:
    """A calendar with a call at noon, ``one.ics``."""
    source = ScriptedSource(objects={"one.ics": event("one", NOON)})
    bench.watch(source)
    return source


def test_a_call_whose_event_is_as_it_was_rings_at_its_time(bench: Bench, sales: ScriptedSource) -> None:
    assert bench.look() == 1
    assert sales.asked == [{"one.ics"}]
    assert bench.replanned == []
    row = bench.ledger.read(select_collection, "sales")
    assert row is not None
    assert row.good_at == NOON - 60 * SECOND  # of the other objects nothing is known
    assert bench.place() == [str(DESTINATION)]
    assert bench.history() == ["planned", "requested", "accepted"]


def test_a_call_whose_event_was_deleted_does_not_ring(bench: Bench, sales: ScriptedSource) -> None:
    del sales.objects["one.ics"]
    bench.look()
    assert bench.place() == []
    assert [call.outcome for call in bench.calls()] == [Outcome.CANCELLED]


def test_a_call_that_waits_for_its_origin_is_looked_at_again_before_it_rings(
    bench: Bench, sales: ScriptedSource
) -> None:
    sales.objects["two.ics"] = event("two", NOON + SECOND, OTHER)
    bench.fetch()
    for seconds in (3, 2):
        bench.look(seconds)
    assert bench.place(1) == [str(DESTINATION)]
    asked = len(sales.asked)
    for seconds in range(2, 60):
        bench.look(-seconds)
        assert bench.place(seconds) == []
    assert 8 < len(sales.asked) - asked < 15
    del sales.objects["two.ics"]
    assert bench.place(61) == []
    assert bench.look(-63) == 1
    assert [call.outcome for call in bench.calls()] == [None, Outcome.CANCELLED]


def test_what_the_companys_limits_keep_back_is_looked_at_again(bench: Bench, sales: ScriptedSource) -> None:
    bench.look()
    del sales.objects["one.ics"]
    assert [bench.look(-seconds) for seconds in (1, 4.9, 5)] == [0, 0, 1]
    assert bench.place(6) == []


def test_a_deletion_that_is_seen_by_itself_is_believed_while_the_brake_holds_others(bench: Bench) -> None:
    source = ScriptedSource(
        objects={f"{n}.ics": event(f"{n}", NOON + n * HOUR, f"+3246837390{n}") for n in range(8)}
    )
    bench.watch(source)
    gone = [f"{n}.ics" for n in range(1, 7)]
    for href in gone:
        del source.objects[href]
    bench.fetch_changes(gone)
    assert all(call.state is State.PLANNED for call in bench.calls())
    del source.objects["0.ics"]
    bench.look()
    assert source.asked == [{"0.ics"}]
    assert bench.place() == []
    assert [call.outcome for call in bench.calls()] == [Outcome.CANCELLED, *[None] * 7]


def test_a_server_that_denies_one_event_after_the_other_is_not_believed_for_ever(bench: Bench) -> None:
    calls = {f"{n}.ics": event(f"{n}", NOON + 5 * n * SECOND, f"+3246837390{n}") for n in range(8)}
    source = ScriptedSource(objects=dict(calls))
    bench.watch(source)
    source.objects.clear()
    for n in range(8):
        bench.look(3 - 5 * n)
    assert [call.outcome for call in bench.calls()] == [*[Outcome.CANCELLED] * 4, *[None] * 4]


def test_a_call_whose_event_was_moved_rings_at_its_new_time(bench: Bench, sales: ScriptedSource) -> None:
    sales.objects["one.ics"] = event("one", NOON + 5 * SECOND)
    bench.look()
    assert bench.place() == []
    assert bench.look(2) == 0  # what was moved is as new as the look
    assert bench.place(5) == [str(DESTINATION)]


def test_a_call_whose_number_was_changed_rings_there(bench: Bench, sales: ScriptedSource) -> None:
    sales.objects["one.ics"] = event("one", NOON, OTHER)
    bench.look()
    assert bench.place() == [OTHER]


def test_a_call_is_looked_at_once(bench: Bench, sales: ScriptedSource) -> None:
    assert [bench.look(seconds) for seconds in (3.5, 3, 2, 1, 0)] == [0, 1, 0, 0, 0]
    assert len(sales.asked) == 1


def test_a_slow_look_vouches_for_no_call_that_came_near_while_it_went_on(
    bench: Bench, sales: ScriptedSource
) -> None:
    sales.objects["two.ics"] = event("two", NOON + SECOND, OTHER)
    bench.fetch()
    sales.meanwhile = lambda: bench.clock.advance(1.5 * SECOND)
    bench.look()
    assert sales.asked == [{"one.ics"}]
    assert bench.look(1.5) == 1
    assert sales.asked[1:] == [{"two.ics"}]


def test_the_next_round_is_due_when_the_next_look_is_and_never_later_than_a_second(
    bench: Bench, sales: ScriptedSource
) -> None:
    assert sales.asked == []
    assert bench.duty.run_once(NOON - 60 * SECOND).next_at == NOON - 59 * SECOND
    assert bench.duty.run_once(NOON - 3.25 * SECOND).next_at == NOON - 3 * SECOND


def test_a_call_that_was_added_seconds_before_needs_no_look(bench: Bench) -> None:
    source = ScriptedSource(objects={"later.ics": event("later", NOON + 600 * SECOND)})
    bench.watch(source)
    source.objects["one.ics"] = event("one", NOON, OTHER)
    bench.clock.advance(58 * SECOND)
    bench.fetch()
    assert bench.look(1.9) == 0
    assert bench.place() == [OTHER]


@pytest.mark.parametrize("sources", [1, 3])
def test_a_thousand_calls_at_one_instant_are_one_look_a_calendar(bench: Bench, sources: int) -> None:
    calendars = [ScriptedSource(name=f"sales{number}") for number in range(sources)]
    for number in range(1000 // sources):
        for calendar in calendars:
            uid = f"{calendar.name}-{number}"
            calendar.objects[f"{uid}.ics"] = event(uid, NOON + number % 2 * SECOND, f"+4420794601{number % 90:02}")
    bench.watch(*calendars)
    bench.look()
    assert [len(calendar.asked) for calendar in calendars] == [1] * sources


def test_without_a_last_look_nothing_is_asked(bench: Bench) -> None:
    source = ScriptedSource(objects={"one.ics": event("one", NOON)})
    bench.watch(source, before=timedelta())
    bench.look()
    bench.look(0)
    assert (source.asked, bench.place()) == ([], [str(DESTINATION)])


def test_an_event_whose_object_is_not_known_makes_it_look_at_the_whole_calendar(
    bench: Bench, sales: ScriptedSource
) -> None:
    sales.objects["two.ics"] = event("two", NOON + SECOND)
    bench.fetch()
    # As in a ledger of an older version.
    bench.ledger.write(lambda c: c.execute("UPDATE object SET uid = '' WHERE href = 'one.ics'").close())
    sales.objects["one.ics"] = event("one", NOON, OTHER)
    bench.look(2)
    assert sales.asked == [frozenset()]
    assert bench.place() == [OTHER]


DOWN = SourceUnreachable("sales", "no answer in time")
PAGE = SourceUnreadable("sales", "it shows a page about Ann Peeters")


@pytest.mark.parametrize(
    ("fault", "told"), [(DOWN, "no answer in time"), (PAGE, "its answer can't be used")], ids=["down", "unread"]
)
def test_a_call_whose_calendar_does_not_answer_rings_as_planned_and_says_so(
    bench: Bench, sales: ScriptedSource, fault: SourceError, told: str
) -> None:
    sales.fault = fault
    assert bench.look() == 1
    assert bench.place() == [str(DESTINATION)]
    assert bench.history() == ["planned", f"not_looked_at: calendar sales: {told}", "requested", "accepted"]
    assert bench.ledger.read(select_sights)["sales"].problem == fault.reason


def test_a_calendar_that_answers_again_in_time_is_looked_at_after_all(bench: Bench, sales: ScriptedSource) -> None:
    sales.fault = DOWN
    bench.look()
    sales.fault = None
    sales.objects["one.ics"] = event("one", NOON, OTHER)
    assert [bench.look(seconds) for seconds in (2.5, 2)] == [0, 1]
    assert bench.place() == [OTHER]


def test_a_held_call_rings_once_its_calendar_answers(bench: Bench) -> None:
    source = ScriptedSource(objects={"one.ics": event("one", NOON)}, fault=DOWN)
    bench.watch(source, when=HOLD)
    bench.look()
    assert bench.place() == []
    (call,) = bench.calls()
    assert (call.state, call.reason) == (
        State.PLANNED,
        "calendar sales could not be looked at: no answer in time",
    )
    source.fault = None
    bench.look(-4)
    assert bench.place(5) == [str(DESTINATION)]


def test_a_held_call_is_missed_at_its_deadline_with_the_reason(bench: Bench) -> None:
    source = ScriptedSource(objects={"one.ics": event("one", NOON)}, fault=DOWN)
    bench.watch(source, when=HOLD)
    for seconds in range(-3, 310, 5):
        bench.look(-seconds)
        assert bench.place(seconds + 3) == []
    (call,) = bench.calls()
    assert call.outcome is Outcome.MISSED
    assert call.reason.endswith(
        "past its grace of 5 min: calendar sales could not be looked at: no answer in time"
    )


def test_a_held_call_whose_event_went_meanwhile_is_cancelled(bench: Bench) -> None:
    source = ScriptedSource(objects={"one.ics": event("one", NOON)}, fault=DOWN)
    bench.watch(source, when=HOLD)
    bench.look()
    bench.place()
    source.fault = None
    source.objects.clear()
    bench.look(-4)
    assert bench.place(5) == []
    assert [call.outcome for call in bench.calls()] == [Outcome.CANCELLED]


@pytest.mark.parametrize("fetched_before", [60, 2])
def test_a_held_call_rings_in_time_where_its_calendar_answers_or_was_just_fetched(
    bench: Bench, fetched_before: float
) -> None:
    source = ScriptedSource(objects={"later.ics": event("later", NOON + 600 * SECOND)})
    bench.watch(source, when=HOLD)
    source.objects["one.ics"] = event("one", NOON, OTHER)
    bench.clock.advance((60 - fetched_before) * SECOND)
    bench.fetch()
    assert bench.look(1.9) == (fetched_before == 60)
    assert bench.place() == [OTHER]


def test_a_refused_login_is_not_tried_again_by_the_looks(bench: Bench, sales: ScriptedSource) -> None:
    sales.fault = SourceForbidden("sales", "calendar.example.com refuses the password")
    assert [bench.look(seconds) for seconds in (3, 2, 1)] == [1, 1, 1]
    assert len(sales.asked) == 1
    row = bench.ledger.read(select_collection, "sales")
    assert row is not None
    assert (row.forbidden, row.failures) == (True, 1)
    assert bench.place() == [str(DESTINATION)]


def test_a_calendar_that_was_never_fetched_with_its_present_settings_is_compared_with_nothing(
    bench: Bench, sales: ScriptedSource
) -> None:
    bench.ledger.write(lambda c: c.execute("UPDATE collection SET settings = 'other'").close())
    sales.objects.clear()
    bench.look()
    assert sales.asked == []
    assert bench.place() == [str(DESTINATION)]


def test_a_defect_in_a_source_costs_its_look_alone(bench: Bench, sales: ScriptedSource) -> None:
    def fail() -> None:
        raise RuntimeError("a defect")

    sales.meanwhile = fail
    bench.look()
    sales.meanwhile = lambda: None
    sales.objects["one.ics"] = event("one", NOON, OTHER)
    bench.look(2)
    assert bench.place() == [OTHER]


def test_a_look_and_a_fetch_that_meet_end_with_what_is_newer(bench: Bench, sales: ScriptedSource) -> None:
    def fetched_meanwhile() -> None:
        sales.meanwhile = lambda: None
        sales.objects["one.ics"] = event("one", NOON + 60 * SECOND)
        bench.fetch()
        sales.objects["one.ics"] = event("one", NOON, OTHER)

    sales.meanwhile = fetched_meanwhile
    bench.look()
    assert len(sales.asked) == 2
    assert bench.place() == [OTHER]


def test_a_look_that_failed_to_replan_changes_nothing_until_the_next(bench: Bench, sales: ScriptedSource) -> None:
    run_once, sales.objects["one.ics"] = bench.replan.run_once, event("one", NOON, OTHER)

    def fail(*_: object, **__: object) -> None:
        bench.replan.run_once = run_once  # type: ignore[method-assign]
        raise RuntimeError("a defect")

    bench.replan.run_once = fail  # type: ignore[method-assign, assignment]
    bench.look()
    assert bench.ledger.read(select_sights)["sales"].looked_at is None
    bench.replan.run_once(bench.clock.now(), touched={"sales": {"one.ics"}})
    bench.look(2)
    assert bench.place() == [OTHER]


def test_a_claim_that_the_look_overtakes_finds_nothing_to_place(bench: Bench, sales: ScriptedSource) -> None:
    claims: list[Claim] = []

    def claimed_meanwhile() -> None:
        bench.clock.advance(3 * SECOND)
        claims.extend(bench.ledger.write(claim_due, NOON, 1, "stalled"))

    sales.meanwhile = claimed_meanwhile
    sales.objects["one.ics"] = event("one", NOON + 60 * SECOND)
    bench.look()
    bench.placing.place(claims[0])
    assert bench.provider.requests == []
    assert bench.place(60) == [str(DESTINATION)]


def test_a_look_that_comes_too_late_for_a_request_is_told_and_rings_no_second_time(
    bench: Bench, sales: ScriptedSource
) -> None:
    def placed_meanwhile() -> None:
        assert bench.place() == [str(DESTINATION)]
        sales.objects.clear()

    sales.meanwhile = placed_meanwhile
    bench.look()
    assert bench.place(60) == []
    assert "too_late: its appointment went too late: the phones are ringing" in bench.history()


def test_a_slow_server_delays_no_other_servers_look(bench: Bench) -> None:
    release, entered = threading.Event(), threading.Event()

    def dawdle() -> None:
        entered.set()
        release.wait(10)

    slow = [
        ScriptedSource(
            name=f"slow{n}", server="slow", objects={f"s{n}.ics": event(f"s{n}", NOON)}, meanwhile=dawdle
        )
        for n in range(70)
    ]
    quick = ScriptedSource(objects={"one.ics": event("one", NOON, OTHER)})
    bench.watch(*slow, quick)
    quick.objects.clear()
    bench.clock.advance(57 * SECOND)
    assert bench.duty.run_once(bench.clock.now()).looks == 71
    assert entered.wait(10)
    await_true(lambda: bench.ledger.read(select_sights)["sales"].looked_at is not None)
    assert not bench.duty.settle(0)
    release.set()
    assert bench.duty.settle(10)
    assert OTHER not in bench.place()


def test_a_look_whose_turn_comes_after_its_call_is_not_made(bench: Bench) -> None:
    release = threading.Event()
    busy = [
        ScriptedSource(
            name=f"busy{n}", objects={f"b{n}.ics": event(f"b{n}", NOON)}, meanwhile=lambda: release.wait(10)
        )
        for n in range(9)
    ]
    bench.watch(*busy)
    bench.clock.advance(57 * SECOND)
    bench.duty.run_once(bench.clock.now())
    bench.clock.advance(3 * SECOND)
    release.set()
    assert bench.duty.settle(10)
    assert sum(len(one.asked) for one in busy) == 8
    told = [one for call in bench.calls() for one in bench.history(call.id) if "too many looks" in one]
    assert len(told) == 1


def test_of_many_events_a_look_reads_again_only_those_that_differ(bench: Bench) -> None:
    source = ScriptedSource(objects={f"{n}.ics": event(f"{n}", NOON, f"+4420794601{n:02}") for n in range(20)})
    bench.watch(source)
    source.objects["7.ics"] = event("7", NOON, OTHER)
    del source.objects["8.ics"]
    bench.look()
    assert bench.read == 1
    assert OTHER in {str(call.destination) for call in bench.calls()}
    assert [call.outcome for call in bench.calls() if call.outcome] == [Outcome.CANCELLED]


def test_calendars_whose_looks_end_meanwhile_are_replanned_together(bench: Bench) -> None:
    calendars = [
        ScriptedSource(name=f"sales{n}", objects={f"{n}.ics": event(f"{n}", NOON, f"+4420794601{n:02}")})
        for n in range(8)
    ]
    bench.watch(*calendars)
    for calendar in calendars:
        calendar.objects.clear()

    def replan_when_all_are_stored(found: Mapping[str, Looked]) -> None:
        if not bench.replanned:
            await_true(lambda: len(bench.duty._news) == 8)
        bench._news(found)

    bench.duty._on_news = replan_when_all_are_stored
    bench.look()
    assert len(bench.replanned) == 2
    assert frozenset().union(*bench.replanned) == {f"sales{n}" for n in range(8)}
    assert {call.outcome for call in bench.calls()} == {Outcome.CANCELLED}
