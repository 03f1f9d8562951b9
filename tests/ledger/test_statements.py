"""What is kept beside the calls comes back as it was: appointments, calendars, commands, records."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import Outcome
from scheduler.calls.change import Add, Attach, Cancel
from scheduler.database import Connection, ConstraintFailed, Database
from scheduler.ledger.appointments import (
    point_appointment,
    retire_appointments,
    retire_meaning,
    select_calls_of_appointments,
    select_keys,
    select_keys_ever,
)
from scheduler.ledger.attempts import (
    insert_cdr,
    select_attempt_of_reference,
    select_attempts_since,
    select_unexplained_attempts,
)
from scheduler.ledger.calls import next_wake_at, select_call, select_calls, select_reconcilable
from scheduler.ledger.changes import apply_change, select_recorded
from scheduler.ledger.collections import (
    StoredObject,
    delete_objects,
    record_failed,
    record_fetched,
    select_collection,
    select_etags,
    select_objects,
    upsert_objects,
)
from scheduler.ledger.commands import (
    finish_command,
    insert_command,
    select_open_commands,
    select_result,
    take_command,
)
from scheduler.ledger.events import append_event_once
from scheduler.ledger.settling import fall_silent
from scheduler.ledger.store import LedgerCallStore
from tests.calls.builders import GRACE, HOUR, MINUTE, ORIGIN, OTHER_CUSTOMER, SECOND_ORIGIN, key, want
from tests.clocks import NOON
from tests.ledger.desk import Desk


def test_a_call_comes_back_as_it_was_planned(desk: Desk) -> None:
    wanted = want(cli=SECOND_ORIGIN, summary="Call Zoë 🙂")
    call = desk.call(desk.plan(wanted))
    assert call.slot == wanted.slot
    assert (call.cli, call.presentation, call.summary) == (SECOND_ORIGIN, wanted.presentation, "Call Zoë 🙂")
    assert (call.due_at, call.deadline_at, call.wake_at) == (NOON, NOON + GRACE, NOON)
    assert (call.attempts, call.revision, call.again_of, call.ended_at) == (0, 0, None, None)


def test_a_call_that_nobody_planned_is_none(ledger: Database) -> None:
    assert ledger.read(select_call, 1) is None


def test_a_call_planned_again_by_a_person_names_the_old_one(desk: Desk) -> None:
    first = desk.plan()
    desk.settle(desk.placed())
    assert desk.call(desk.plan(again_of=first)).again_of == first


def test_the_newest_calls_of_a_window_are_listed_oldest_first(desk: Desk) -> None:
    for minutes in (2, 0, 3, 1):
        desk.plan(want(at=NOON + minutes * MINUTE))
    found = desk.ledger.read(select_calls, since=NOON, until=NOON + 3 * MINUTE, limit=2)
    assert [call.asked_at for call in found] == [NOON + MINUTE, NOON + 2 * MINUTE]


def test_the_next_to_wake_is_the_soonest_that_is_planned(desk: Desk) -> None:
    store = LedgerCallStore(desk.ledger, lambda _connection, claims: claims)
    assert desk.ledger.read(next_wake_at) is None
    desk.plan(want(at=NOON + HOUR))
    desk.plan()
    assert store.next_wake_at() == NOON
    assert store.claim_due(NOON - MINUTE, 10) == []
    assert [claim.call.id for claim in store.claim_due(NOON, 10)] == [2]
    assert store.next_wake_at() == NOON + HOUR


def test_each_batch_of_claims_has_a_token_of_its_own(desk: Desk) -> None:
    store = LedgerCallStore(desk.ledger, lambda _connection, claims: claims)
    desk.plan()
    desk.plan(want(origin=SECOND_ORIGIN))
    tokens = {store.claim_due(NOON, 1)[0].token, store.claim_due(NOON, 1)[0].token}
    assert len(tokens) == 2


def test_reconciled_are_the_calls_since_then_and_those_that_go_on(desk: Desk) -> None:
    old = NOON - timedelta(days=3)
    talking = desk.plan(want(at=old))
    desk.placed(old)
    desk.plan(want(at=old, origin=SECOND_ORIGIN))
    recent, ended = desk.plan(want()), desk.plan(want(destination=OTHER_CUSTOMER))
    for number, call_id in enumerate((recent, ended)):
        desk.ledger.write(point_appointment, key(f"uid-{number}"), NOON, call_id)
    desk.plan(want(at=NOON + HOUR))  # asked for by a person
    desk.ledger.write(apply_change, Cancel(call=desk.call(ended), reason=""), NOON)
    found = desk.ledger.read(select_reconcilable, NOON - HOUR)
    assert {call.id for call in found} == {talking, recent, ended}


def test_an_appointment_means_the_call_it_was_last_pointed_to(desk: Desk) -> None:
    one, two = desk.plan(), desk.plan(want(destination=OTHER_CUSTOMER))
    desk.ledger.write(point_appointment, key(), NOON, one)
    with pytest.raises(ConstraintFailed):
        desk.ledger.write(point_appointment, key(), NOON, two)
    desk.ledger.write(retire_meaning, key(), NOON, NOON)
    desk.ledger.write(point_appointment, key(), NOON, two)
    assert desk.ledger.read(select_keys, [one, two]) == {two: {key()}}
    assert desk.ledger.read(select_keys_ever, [one, two]) == {one: {key()}, two: {key()}}
    assert desk.ledger.read(select_calls_of_appointments, NOON, NOON + HOUR) == {(key(), NOON): two}


def test_an_appointment_that_comes_back_means_its_call_again(desk: Desk) -> None:
    call_id = desk.plan()
    desk.ledger.write(point_appointment, key(), NOON, call_id)
    desk.ledger.write(retire_appointments, call_id, NOON)
    assert desk.ledger.read(select_keys, [call_id]) == {}
    desk.ledger.write(point_appointment, key(), NOON, call_id)
    assert desk.ledger.read(select_keys, [call_id]) == {call_id: {key()}}


def test_a_deleted_event_that_comes_back_leaves_the_cancelled_call_its_name(desk: Desk) -> None:
    wanted = want("one")
    desk.ledger.write(apply_change, Add(wanted=wanted), NOON - HOUR)
    desk.ledger.write(apply_change, Cancel(call=desk.call(1), reason="gone"), NOON - HOUR)
    desk.ledger.write(apply_change, Add(wanted=wanted), NOON - HOUR)
    assert desk.ledger.read(select_keys_ever, [1, 2]) == {1: wanted.keys, 2: wanted.keys}
    assert desk.ledger.read(select_calls_of_appointments, NOON, NOON + HOUR) == {(key("one"), NOON): 2}


def test_what_left_a_call_before_it_was_tried_was_not_called(desk: Desk) -> None:
    three = want("one", "two", "three")
    desk.ledger.write(apply_change, Add(wanted=three), NOON - HOUR)
    for uids, at in ((["two", "three"], NOON - MINUTE), (["three"], NOON + MINUTE)):
        desk.ledger.write(apply_change, Attach(call=desk.call(1), keys=frozenset(map(key, uids))), at)
        if at < NOON:
            desk.placed()
    (recorded,) = desk.ledger.read(select_recorded, NOON - HOUR)
    assert (recorded.keys, recorded.once) == ({key("three")}, {key("two")})


def test_keys_of_more_calls_than_one_statement_can_name(desk: Desk) -> None:
    assert desk.ledger.read(select_keys, range(2000)) == {}


def test_attempts_are_found_by_reference_time_and_lack_of_an_outcome(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    (attempt,) = desk.attempts()
    assert desk.ledger.read(select_attempt_of_reference, attempt.reference) == attempt
    assert desk.ledger.read(select_attempt_of_reference, "made up") is None
    assert desk.ledger.read(select_attempts_since, NOON) == (attempt,)
    assert desk.ledger.read(select_attempts_since, NOON + MINUTE) == ()
    assert desk.ledger.read(select_unexplained_attempts, NOON) == ()
    desk.ledger.write(fall_silent, attempt, NOON + HOUR)
    assert [one.id for one in desk.ledger.read(select_unexplained_attempts, NOON)] == [attempt_id]
    assert desk.state()[1] is Outcome.UNKNOWN


def test_an_equal_record_is_kept_once(desk: Desk) -> None:
    desk.plan()
    attempt_id = desk.requested()
    kept = [desk.ledger.write(insert_cdr, attempt_id, "list", raw, NOON) for raw in ("{}", "{}", '{"a": 1}')]
    assert kept == [True, False, True]


def test_an_equal_event_is_appended_once_a_call(desk: Desk) -> None:
    one, two = desk.plan(), desk.plan(want(origin=SECOND_ORIGIN))
    said = [
        desk.ledger.write(append_event_once, NOON, "waits", call_id=call_id, detail=detail)
        for call_id, detail in ((one, "a"), (one, "a"), (one, "b"), (two, "a"))
    ]
    assert said == [True, False, True, True]


def test_a_calendar_remembers_its_last_good_fetch_through_failures(ledger: Database) -> None:
    ledger.write(record_fetched, "sales", "digest", "state", NOON, news=True)
    failures = [
        ledger.write(record_failed, "sales", "digest", "no answer", NOON + n * MINUTE, forbidden=False)
        for n in (1, 2)
    ]
    assert failures == [1, 2]
    found = ledger.read(select_collection, "sales")
    assert found is not None
    assert (found.good_at, found.tried_at, found.state) == (NOON, NOON + 2 * MINUTE, "state")
    assert (found.failures, found.problem, found.forbidden) == (2, "no answer", False)


def test_other_settings_start_counting_failures_anew(ledger: Database) -> None:
    ledger.write(record_failed, "sales", "digest", "refused", NOON, forbidden=True)
    assert ledger.write(record_failed, "sales", "other", "refused", NOON, forbidden=True) == 1


def test_a_good_fetch_forgets_the_failures(ledger: Database) -> None:
    ledger.write(record_failed, "sales", "digest", "refused", NOON, forbidden=True)
    ledger.write(record_fetched, "sales", "digest", "state", NOON, news=True)
    found = ledger.read(select_collection, "sales")
    assert found is not None
    assert (found.failures, found.problem, found.forbidden) == (0, "", False)


def test_a_calendar_never_fetched_is_none(ledger: Database) -> None:
    assert ledger.read(select_collection, "sales") is None


def test_objects_are_kept_replaced_and_deleted_a_calendar(ledger: Database) -> None:
    for name in ("sales", "team"):
        ledger.write(record_fetched, name, "", "", NOON, news=True)
        ledger.write(upsert_objects, name, [StoredObject(href="b", etag="1", data=b"\x00b"),
                                            StoredObject(href="a", etag="1", data=b"a")])  # fmt: skip
    ledger.write(upsert_objects, "sales", [StoredObject(href="a", etag="2", data=b"aa")])
    ledger.write(delete_objects, "sales", ["b", "never there"])
    assert ledger.read(select_objects, "sales") == (StoredObject(href="a", etag="2", data=b"aa"),)
    assert ledger.read(select_etags, "team") == {"a": "1", "b": "1"}


def test_events_of_a_usual_size_take_hardly_more_room_than_their_text(ledger: Database) -> None:
    def pages(connection: Connection) -> int:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])

    before = ledger.read(pages)
    ledger.write(record_fetched, "sales", "a", "state", NOON, news=True)
    text = 1100 * b"x"
    objects = [StoredObject(href=f"{number}@example.com", etag="1", data=text) for number in range(300)]
    ledger.write(upsert_objects, "sales", objects)
    assert (ledger.read(pages) - before) * 4096 < 1.5 * 300 * len(text)


def test_a_command_is_taken_once_and_answered_once(ledger: Database) -> None:
    number = ledger.write(insert_command, "place", {"origin": str(ORIGIN)}, NOON)
    (command,) = ledger.read(select_open_commands)
    assert (command.id, command.kind, command.arguments) == (number, "place", {"origin": str(ORIGIN)})
    assert [ledger.write(take_command, number, NOON) for _ in range(2)] == [True, False]
    assert ledger.read(select_open_commands) == ()
    assert ledger.read(select_result, number) is None
    ledger.write(finish_command, number, "done", NOON)
    ledger.write(finish_command, number, "done again", NOON)
    assert ledger.read(select_result, number) == "done"
