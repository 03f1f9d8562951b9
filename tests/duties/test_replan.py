"""Replanning: calendars as stored objects in, calls in a real ledger out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calendars.agenda import Zones
from scheduler.calendars.contact import Contact, ContactNumber, Contacts
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.calls.call import Call, Outcome, State
from scheduler.calls.policy import Policy
from scheduler.database import Connection, Database, write_instant
from scheduler.duties.replan import PlanRules, ReplanDuty
from scheduler.errors import DatabaseBusy
from scheduler.ledger import open_ledger
from scheduler.ledger.appointments import select_keys
from scheduler.ledger.calls import claim_due, end_call, request_calls, select_calls
from scheduler.ledger.collections import (
    StoredObject,
    delete_objects,
    record_fetched,
    select_etags,
    upsert_objects,
)
from scheduler.phone import PhoneNumber
from tests.calendars.ics import calendar
from tests.clocks import NOON
from tests.duties.support import DESTINATION, ORIGIN

HOUR = timedelta(hours=1)


def rules(*names: str) -> PlanRules:
    return PlanRules(
        calendars=tuple(CalendarRules(collection=name, origin=ORIGIN) for name in names),
        company=Company(region="BE"),
        zones={name: Zones(floating=ZoneInfo("Europe/Brussels")) for name in names},
        policy=Policy(),
    )


class World:
    """Calendars whose objects the test writes, and the calls that come of them."""

    def __init__(self, ledger: Database) -> None:
        self.ledger = ledger
        self.duty = ReplanDuty(ledger, rules("sales"))
        self.hrefs: defaultdict[str, set[str]] = defaultdict(set)  # of what there ever was

    def write(
        self,
        uid: str,
        at: datetime | None,
        *,
        summary: str = "Call",
        location: str = str(DESTINATION),
        description: str = "",
        name: str = "sales",
    ) -> None:
        start = f"DTSTART:{at:%Y%m%dT%H%M%SZ}" if at else "DTSTART:never"
        lines = (
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT", f"UID:{uid}",
            "DTSTAMP:20260101T000000Z", start, f"SUMMARY:{summary}", f"LOCATION:{location}",
            f"DESCRIPTION:{description}", "END:VEVENT", "END:VCALENDAR", "",
        )  # fmt: skip
        data = "\r\n".join(lines).encode()
        self.ledger.write(upsert_objects, name, [StoredObject(href=f"{uid}.ics", etag=str(at), data=data)])

    def delete(self, uid: str, *, name: str = "sales") -> None:
        self.ledger.write(delete_objects, name, [f"{uid}.ics"])

    def replan(
        self, now: datetime = NOON, *, read_before: datetime | None = None, name: str = "sales"
    ) -> dict[str, int]:
        self.ledger.write(_planned, name, read_before)
        result = self.duty.run_once(now, touched=self.touched(name))
        assert result.refused == 0
        return dict(result.changes)

    def touched(self, name: str) -> dict[str, set[str]]:
        """As after a fetch that changed everything."""
        self.hrefs[name] |= set(self.ledger.read(select_etags, name))
        return {name: self.hrefs[name]}

    def calls(self) -> list[Call]:
        day = timedelta(days=60)
        return list(self.ledger.read(select_calls, since=NOON - day, until=NOON + day, limit=100))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        for name in ("sales", "support"):
            ledger.write(record_fetched, name, "a", "", NOON, news=True)
        yield World(ledger)


def test_an_appointment_to_come_is_planned(world: World) -> None:
    world.write("one", NOON + HOUR)
    assert world.replan() == {"add": 1}
    (call,) = world.calls()
    assert (call.state, call.due_at, call.destination) == (State.PLANNED, NOON + HOUR, DESTINATION)


def test_replanning_what_hasnt_changed_changes_nothing(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    assert world.replan() == {}


def test_a_moved_appointment_moves_its_call(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    world.write("one", NOON + 2 * HOUR)
    assert world.replan() == {"move": 1}
    assert [call.due_at for call in world.calls()] == [NOON + 2 * HOUR]


def test_a_deleted_appointment_cancels_its_call(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    world.delete("one")
    assert world.replan() == {"cancel": 1}
    (call,) = world.calls()
    assert (call.outcome, call.reason) == (Outcome.CANCELLED, "the appointment is no longer in the calendar")


def test_an_appointment_that_no_longer_rings_says_why(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    world.write("one", NOON + HOUR, summary="Canceled: Call")
    world.replan()
    (call,) = world.calls()
    assert call.outcome is Outcome.CANCELLED
    assert "cancel" in call.reason.lower()


def test_an_event_that_became_unreadable_keeps_its_call(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    world.write("one", None)
    assert world.replan() == {}
    assert [call.state for call in world.calls()] == [State.PLANNED]


def test_what_is_past_at_the_first_look_is_not_called(world: World) -> None:
    world.write("one", NOON - timedelta(seconds=30))
    assert world.replan(read_before=None) == {}
    assert world.calls() == []


def test_what_came_due_between_two_looks_is_called_within_grace(world: World) -> None:
    world.write("one", NOON - timedelta(seconds=30))
    assert world.replan(read_before=NOON - timedelta(minutes=1)) == {"add": 1}


def test_what_came_due_while_nobody_could_look_is_told_as_missed(world: World) -> None:
    world.write("one", NOON - HOUR)
    assert world.replan(read_before=NOON - 2 * HOUR) == {"addmissed": 1}
    (call,) = world.calls()
    assert (call.outcome, call.reason) == (Outcome.MISSED, "came due while its calendar could not be read")
    assert world.replan(read_before=NOON - 2 * HOUR) == {}


def test_the_same_event_in_two_calendars_is_one_call_until_the_last_one_goes(world: World) -> None:
    world.duty.use(rules("sales", "support"), Contacts(), whole=True)
    for name in ("sales", "support"):
        world.write("one", NOON + HOUR, name=name)
        world.replan(name=name)
    assert len(world.calls()) == 1
    world.delete("one", name="sales")
    assert "cancel" not in world.replan(name="sales")
    world.delete("one", name="support")
    assert world.replan(name="support") == {"cancel": 1}


def test_two_objects_that_share_a_uid_ring_by_the_newer_one_and_go_on_so_after_a_restart(world: World) -> None:
    for href, hours in (("two.ics", 2), ("one.ics", 1)):
        start = f"DTSTART:{NOON + hours * HOUR:%Y%m%dT%H%M%SZ}"
        store(world, {href: calendar(start, "SUMMARY:Call", f"LOCATION:{DESTINATION}")})
        world.duty.run_once(NOON, touched={"sales": [href]})
    assert [call.due_at for call in world.calls() if call.state is State.PLANNED] == [NOON + 2 * HOUR]
    world.duty = ReplanDuty(world.ledger, rules("sales"))
    assert world.replan() == {}


def test_a_calendar_that_is_no_longer_configured_cancels_its_calls_and_says_so(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    world.duty.use(rules("support"), Contacts(), whole=True)
    world.duty.run_once(NOON)
    (call,) = world.calls()
    assert call.reason == "calendar sales is no longer configured"


def test_an_event_that_comes_back_under_another_uid_is_the_same_call(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    (planned,) = world.calls()
    for uid, gone in (("two", "one"), ("three", "two")):
        world.delete(gone)
        world.write(uid, NOON + HOUR)
        assert world.replan() == {"attach": 1}
    assert world.calls() == [planned]


def test_a_call_that_waits_past_its_time_goes_on_under_another_uid(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    (planned,) = world.calls()
    world.delete("one")
    world.write("two", NOON + HOUR)
    late = NOON + HOUR + timedelta(minutes=2)
    assert world.replan(late, read_before=late - timedelta(seconds=1)) == {"attach": 1}
    assert world.calls() == [planned]


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.NO_ANSWER])
def test_an_event_that_was_called_isnt_called_again_under_another_uid(world: World, outcome: Outcome) -> None:
    world.write("one", NOON)
    world.replan(NOON - HOUR)
    world.ledger.write(_end_attempted, outcome, NOON)
    before = "one"
    for uid in ("two", "three"):
        world.delete(before)
        world.write(uid, NOON)
        assert world.replan(NOON + HOUR, read_before=NOON + HOUR) == {"attach": 1}
        before = uid
    (call,) = world.calls()
    assert call.outcome is outcome
    meant = world.ledger.read(select_keys, [call.id])[call.id]
    assert {key.uid for key in meant} == {"three"}


def test_a_contact_that_gets_a_number_makes_its_appointment_ring(world: World) -> None:
    data = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\nBEGIN:VEVENT\r\nUID:two\r\n"
        f"DTSTAMP:20260101T000000Z\r\nDTSTART:{NOON + HOUR:%Y%m%dT%H%M%SZ}\r\n"
        "SUMMARY:Call Anna Janssens\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()
    world.ledger.write(upsert_objects, "sales", [StoredObject(href="two", etag="1", data=data)])
    assert world.replan() == {}
    number = ContactNumber(number=PhoneNumber("+32468373902"))
    world.duty.use_contacts(Contacts([Contact(name="Anna Janssens", numbers=(number,))]), whole=True)
    assert dict(world.duty.run_once(NOON).changes) == {"add": 1}


def test_a_call_by_name_is_kept_while_contacts_have_never_been_read(world: World) -> None:
    number = ContactNumber(number=PhoneNumber("+32468373902"))
    named = Contacts([Contact(name="Anna Janssens", numbers=(number,))])
    world.duty.use_contacts(named, whole=True)
    world.write("one", NOON + HOUR, summary="Call Anna Janssens", location="")
    assert world.replan() == {"add": 1}
    world.duty.use_contacts(Contacts(), whole=False)
    assert dict(world.duty.run_once(NOON).changes) == {}
    world.duty.use_contacts(Contacts(), whole=True)
    assert dict(world.duty.run_once(NOON).changes) == {"cancel": 1}


def test_a_round_that_failed_counts_as_not_having_seen_anything(world: World) -> None:
    world.replan(read_before=NOON - timedelta(minutes=1))
    world.write("one", NOON + timedelta(seconds=30))
    world.ledger.write(record_fetched, "sales", "a", "", NOON + timedelta(seconds=10), news=True)
    real = world.ledger.write

    def locked(*_: object, **__: object) -> object:
        raise DatabaseBusy("locked")

    world.ledger.write = locked  # type: ignore[method-assign,assignment]
    with pytest.raises(DatabaseBusy):
        world.duty.run_once(NOON + timedelta(seconds=10), touched={"sales": {"one.ics"}})
    world.ledger.write = real  # type: ignore[method-assign]
    assert dict(world.duty.run_once(NOON + timedelta(minutes=1)).changes) == {"add": 1}


def test_appointments_beyond_the_horizon_wait_for_the_window_to_roll(world: World) -> None:
    world.write("one", NOON + timedelta(days=20))
    assert world.replan() == {}
    assert dict(world.duty.run_once(NOON + timedelta(days=10)).changes) == {"add": 1}


def test_a_change_that_the_ledger_forbids_costs_itself_alone(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.write("two", NOON + 2 * HOUR)
    world.ledger.write(_forbid, NOON + HOUR)
    result = world.duty.run_once(NOON)
    assert (result.refused, dict(result.changes)) == (1, {"add": 1})


def _planned(connection: Connection, name: str, at: datetime | None) -> None:
    connection.execute("UPDATE collection SET planned_at = ? WHERE name = ?", (at and write_instant(at), name))


def _forbid(connection: Connection, at: datetime) -> None:
    connection.execute(
        f"""CREATE TRIGGER forbidden BEFORE INSERT ON call WHEN NEW.asked_at LIKE '{at:%Y-%m-%dT%H}%'
            BEGIN SELECT RAISE(ABORT, 'forbidden'); END"""
    )


def _end_attempted(connection: Connection, outcome: Outcome, now: datetime) -> None:
    (claim,) = claim_due(connection, now, 1, "token")
    assert request_calls(connection, [claim])
    assert end_call(connection, claim.call.id, outcome, "", now, leaving=[State.REQUESTED])


def _series(uid: str, override: str) -> bytes:
    """A daily series of three, whose second instance was changed by ``override``."""
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
        f"DTSTAMP:20260101T000000Z\r\nDTSTART:{NOON + HOUR:%Y%m%dT%H%M%SZ}\r\nRRULE:FREQ=DAILY;COUNT=3\r\n"
        f"SUMMARY:Call\r\nLOCATION:{DESTINATION}\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
        f"DTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:{NOON + timedelta(days=1) + HOUR:%Y%m%dT%H%M%SZ}\r\n"
        f"{override}\r\nSUMMARY:Call\r\nLOCATION:{DESTINATION}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


@pytest.mark.parametrize("broken", ["DTSTART;TZID=Nowhere/Known:20261124T180000", "DTSTART:never"])
def test_a_moved_instance_that_became_unreadable_never_goes_back_to_its_old_time(
    world: World, broken: str
) -> None:
    moved_to = NOON + timedelta(days=1) + 5 * HOUR
    for text in (f"DTSTART:{moved_to:%Y%m%dT%H%M%SZ}", broken):
        data = _series("series", text)
        world.ledger.write(upsert_objects, "sales", [StoredObject(href="s", etag=text, data=data)])
        world.replan()
    due = [call.due_at for call in world.calls() if call.state is State.PLANNED]
    assert due == [NOON + HOUR, moved_to, NOON + timedelta(days=2) + HOUR]


def weekly(uid: str, *, summary: str = "Call") -> bytes:
    """A series without an end, five years old."""
    first = NOON + HOUR - timedelta(weeks=260)
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{first:%Y%m%dT%H%M%SZ}\r\n"
        f"RRULE:FREQ=WEEKLY\r\nSUMMARY:{summary}\r\nLOCATION:{DESTINATION}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


def store(world: World, objects: dict[str, bytes]) -> None:
    world.ledger.write(
        upsert_objects, "sales", [StoredObject(href=href, etag="e", data=data) for href, data in objects.items()]
    )


def test_of_a_big_calendar_only_what_was_touched_is_read_again(world: World) -> None:
    for number in range(30):
        world.write(f"uid-{number}", NOON + HOUR + number * timedelta(minutes=10))
    world.duty.run_once(NOON)
    world.write("uid-7", NOON + timedelta(days=3))
    world.delete("uid-9")
    replanned = world.duty.run_once(NOON, touched={"sales": {"uid-7.ics", "uid-9.ics"}})
    assert (dict(replanned.changes), replanned.read) == ({"move": 1, "cancel": 1}, 1)


def test_what_was_touched_in_a_round_that_failed_is_read_in_the_next(world: World) -> None:
    world.replan()
    world.write("one", NOON + HOUR)
    real = world.ledger.write

    def locked(*_: object, **__: object) -> object:
        raise DatabaseBusy("locked")

    world.ledger.write = locked  # type: ignore[method-assign,assignment]
    with pytest.raises(DatabaseBusy):
        world.duty.run_once(NOON, touched={"sales": {"one.ics"}})
    world.ledger.write = real  # type: ignore[method-assign]
    assert dict(world.duty.run_once(NOON).changes) == {"add": 1}


def test_what_no_longer_asks_says_why_though_the_daemon_was_restarted_meanwhile(world: World) -> None:
    world.write("one", NOON + HOUR)
    world.replan()
    world.write("one", NOON + HOUR, summary="Lunch", location="Room 12")
    restarted = ReplanDuty(world.ledger, rules("sales"))
    assert dict(restarted.run_once(NOON).changes) == {"cancel": 1}
    (call,) = world.calls()
    assert "doesn't ask for a call" in call.reason


def test_a_series_goes_on_ringing_as_its_window_rolls_and_is_seldom_read_again(world: World) -> None:
    store(world, {f"{n}.ics": weekly(f"uid-{n}") for n in range(20)})
    world.duty.run_once(NOON)
    reads = 0
    for day in range(30):
        now = NOON + timedelta(days=day)
        world.ledger.write(_planned, "sales", now)
        reads += world.duty.run_once(now).read
        weeks = (NOON + HOUR + timedelta(weeks=week) for week in range(10))
        assert {at for at in weeks if now <= at < now + Policy().horizon} <= {one.due_at for one in world.calls()}
    assert 20 <= reads < 20 * 15


def test_a_window_rolls_a_part_at_a_time_so_that_nothing_waits_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.duties.replan._AT_ONCE", 4)
    store(world, {f"{n}.ics": weekly(f"uid-{n}") for n in range(30)})
    world.duty.run_once(NOON)
    reads = [world.duty.run_once(NOON + timedelta(days=1)).read for _ in range(9)]
    assert max(reads) == 4
    assert reads[-1] == 0


@settings(max_examples=30, deadline=None)
@given(
    rounds=st.lists(
        st.dictionaries(st.sampled_from("abcd"), st.integers(0, 40) | st.none(), min_size=1),
        min_size=1,
        max_size=5,
    )
)
def test_reading_only_what_was_touched_plans_what_reading_everything_plans(
    rounds: list[dict[str, int | None]],
) -> None:
    with TemporaryDirectory() as folder:
        for name in ("touched", "whole"):
            (Path(folder) / name).mkdir()
        with _world(Path(folder) / "touched") as touched, _world(Path(folder) / "whole") as whole:
            for changes in rounds:
                for one in (touched, whole):
                    for uid, hour in changes.items():
                        one.delete(uid) if hour is None else one.write(uid, NOON + (hour % 20 - 5) * HOUR)
                touched.duty.run_once(NOON, touched={"sales": {f"{uid}.ics" for uid in changes}})
                whole.duty.use_contacts(Contacts((), type_order=()), whole=True)
                whole.duty.run_once(NOON)
                assert _slots(touched) == _slots(whole)


@contextmanager
def _world(folder: Path) -> Iterator[World]:
    with closing(open_ledger(folder / "ledger.db")) as ledger:
        ledger.write(record_fetched, "sales", "a", "", NOON, news=True)
        yield World(ledger)


def _slots(world: World) -> list[tuple[object, ...]]:
    return sorted((call.due_at, call.state, call.outcome, call.reason) for call in world.calls())


def test_objects_that_got_other_names_unsaid_keep_their_calls_as_the_window_rolls(world: World) -> None:
    store(world, {"old.ics": weekly("uid")})
    world.duty.run_once(NOON)
    planned = {call.id for call in world.calls()}
    world.delete("old")
    store(world, {"new.ics": weekly("uid")})
    for day in range(12):
        assert "cancel" not in world.duty.run_once(NOON + timedelta(days=day)).changes
    assert planned <= {call.id for call in world.calls() if call.state is State.PLANNED}


def called(world: World, at: datetime) -> None:
    """Whatever is due by then is called, and answered."""
    for claim in world.ledger.write(claim_due, at, 10, "token"):
        assert world.ledger.write(request_calls, [claim])
        world.ledger.write(end_call, claim.call.id, Outcome.ANSWERED, "", at, leaving=[State.REQUESTED])


@pytest.mark.parametrize("began", [timedelta(minutes=1), timedelta(minutes=30)])
def test_what_was_called_and_is_written_anew_as_it_really_began_is_not_called_again(
    world: World, began: timedelta
) -> None:
    world.write("one", NOON)
    world.replan(NOON - HOUR)
    called(world, NOON)
    world.delete("one")
    world.write("other", NOON + began)
    now = NOON + began + timedelta(minutes=1)
    assert world.replan(now, read_before=NOON + began - timedelta(seconds=1)) == {}


def test_an_appointment_that_comes_beside_one_that_was_called_is_called(world: World) -> None:
    world.write("one", NOON)
    world.replan(NOON - HOUR)
    called(world, NOON)
    world.write("other", NOON + timedelta(minutes=1))
    assert world.replan(NOON + timedelta(minutes=2), read_before=NOON) == {"add": 1}


def test_a_series_that_was_split_after_its_call_is_not_called_again_for_the_same_start(world: World) -> None:
    for uid, lead, now in (("one", 10, NOON - HOUR), ("two", 5, NOON - timedelta(minutes=8))):
        data = _leading(uid, lead)
        world.ledger.write(upsert_objects, "sales", [StoredObject(href=uid, etag="e", data=data)])
        world.replan(now, read_before=now - timedelta(minutes=1))
        called(world, NOON - timedelta(minutes=10))
        world.ledger.write(delete_objects, "sales", [uid])
    assert len(world.calls()) == 1


def _leading(uid: str, minutes: int) -> bytes:
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{NOON:%Y%m%dT%H%M%SZ}\r\n"
        f"SUMMARY:Call\r\nLOCATION:{DESTINATION}\r\nDESCRIPTION:Call-Lead: {minutes} min\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()
