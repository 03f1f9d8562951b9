"""The statements of every round use an index, so that a million stored calls cost nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import cast

import pytest

from scheduler.database import Connection, Database
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.appointments import select_keys
from scheduler.ledger.attempts import (
    Acceptance,
    insert_cdr,
    record_accepted,
    select_attempt_of_reference,
    select_attempts_of_call,
    select_attempts_since,
    select_listed_before,
    select_open_attempts,
    select_unexplained_attempts,
    select_unweighed_cdrs,
    select_weighed_raws,
)
from scheduler.ledger.calls import (
    Claim,
    claim_due,
    claim_late,
    first_moved_at,
    next_wake_at,
    note_kept_back,
    place_calls,
    release_all_claims,
    request_calls,
    select_calls,
    select_reconcilable,
)
from scheduler.ledger.commands import select_open_commands
from scheduler.ledger.events import append_event_once, append_events, has_event, select_events
from scheduler.ledger.figures import count_due, count_waiting, select_figures
from scheduler.ledger.holds import (
    count_going_on,
    select_gates,
    wake_destination,
    wake_origin,
)
from scheduler.ledger.looks import (
    is_overtaken,
    next_due_after,
    select_hrefs,
    select_nearing,
    select_sights_of_call,
)
from tests.calls.builders import CUSTOMER, ORIGIN, a_call
from tests.clocks import NOON
from tests.ledger.desk import Desk

# Indexes of what is open or due, and what people type in: they stay small, whatever is stored, and may be walked.
SMALL = (
    "pause",
    "call_going_on",
    "call_going_to",
    "call_unknown",
    "attempt_open",
    "attempt_waiting",
    "command_open",
    "cdr_unweighed",
    "tally",
    "sqlite_autoindex_collection_1",
)


class Planner:
    """A connection that notes how SQLite goes about each statement, and runs it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.steps: list[str] = []

    def execute(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> sqlite3.Cursor:
        plan = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        self.steps += [row["detail"] for row in plan]
        return self._connection.execute(sql, parameters)


def steps_of(ledger: Database, work: Callable[[Connection], object]) -> list[str]:
    def explain(connection: Connection) -> list[str]:
        planner = Planner(connection)
        work(cast(Connection, planner))
        return planner.steps

    return ledger.write(explain)


WORKS: dict[str, Callable[[Connection], object]] = {
    "claim_due": lambda c: claim_due(c, NOON, 10, "token"),
    "next_wake_at": next_wake_at,
    "first_moved_at": lambda c: first_moved_at(c, NOON),
    "wake_origin": lambda c: wake_origin(c, ORIGIN, NOON),
    "select_gates": lambda c: select_gates(c, [1, 2], held_since=NOON, today=NOON),
    "request_calls": lambda c: request_calls(c, [Claim(call=a_call(), token="token")]),
    "append_events": lambda c: append_events(c, "requested", {1: NOON}),
    "record_accepted": lambda c: record_accepted(c, [Acceptance(attempt_id=1, session_id="", at=NOON)]),
    "place_calls": lambda c: place_calls(c, [1]),
    "claim_late": lambda c: claim_late(c, NOON, 10, "token"),
    "note_kept_back": lambda c: note_kept_back(c, NOON, "no room"),
    "wake_destination": lambda c: wake_destination(c, CUSTOMER, NOON),
    "count_going_on": lambda c: count_going_on(c, NOON, 10),
    "has_event": lambda c: has_event(c, 1, "too_late"),
    "release_all_claims": release_all_claims,
    "select_reconcilable": lambda c: select_reconcilable(c, NOON),
    "select_calls": lambda c: select_calls(c, since=NOON, until=NOON, limit=10),
    "select_open_attempts": select_open_attempts,
    "select_unexplained_attempts": lambda c: select_unexplained_attempts(c, NOON),
    "select_attempts_since": lambda c: select_attempts_since(c, NOON),
    "select_attempts_of_call": lambda c: select_attempts_of_call(c, 1),
    "select_attempt_of_reference": lambda c: select_attempt_of_reference(c, "reference"),
    "select_unweighed_cdrs": select_unweighed_cdrs,
    "select_listed_before": lambda c: select_listed_before(c, ["{}"]),
    "select_weighed_raws": lambda c: select_weighed_raws(c, 1),
    "insert_cdr": lambda c: insert_cdr(c, None, "list", "{}", NOON),
    "select_alerts": lambda c: select_alerts(c, NOON),
    "select_keys": lambda c: select_keys(c, [1, 2]),
    "select_events": lambda c: select_events(c, 1),
    "select_open_commands": select_open_commands,
    "select_nearing": lambda c: select_nearing(c, NOON, NOON),
    "next_due_after": lambda c: next_due_after(c, NOON),
    "select_hrefs": lambda c: select_hrefs(c, "sales", ["one"]),
    "select_sights_of_call": lambda c: select_sights_of_call(c, 1),
    "select_figures": lambda c: select_figures(c, NOON),
    "count_due": lambda c: count_due(c, NOON),
    "count_waiting": lambda c: count_waiting(c, NOON),
    "is_overtaken": lambda c: is_overtaken(c, "sales", "", {}, ["one.ics"]),
}
EXPECTED = {
    "claim_due": ("call_wake (wake_at<?)",),
    "next_wake_at": ("call_wake",),
    "first_moved_at": ("call_moved (due_at>?)",),
    "wake_origin": ("call_origin (origin=? AND due_at<?)",),
    "select_gates": (
        "call_going_on (origin=?)",
        "call_going_to (destination=?)",
        "call_tried (destination=? AND deadline_at>?)",
    ),
    "claim_late": ("call_wake (wake_at<?)",),
    "note_kept_back": ("call_wake (wake_at<?)",),
    "wake_destination": ("call_destination (destination=?)",),
    "count_going_on": ("attempt_waiting (requested_at>?)",),
    "has_event": ("event_call (call_id=?)",),
    "release_all_claims": ("call_going_to",),
    "select_reconcilable": ("call_going_to",),
    "select_open_attempts": ("attempt_waiting",),
    "select_nearing": ("call_wake (wake_at>? AND wake_at<?)",),
    "next_due_after": ("call_wake (wake_at>?)",),
    "select_hrefs": ("object_uid (collection=? AND uid=?)",),
    "select_unweighed_cdrs": ("cdr_unweighed",),
    "select_alerts": ("event_alert (at>?)",),
    "select_figures": ("attempt_open", "call_unknown"),
    "count_due": ("call_wake (wake_at<?)",),
    "count_waiting": ("call_waiting (wake_at>?)",),
}


@pytest.mark.parametrize("name", WORKS)
def test_a_statement_of_every_round_walks_no_table(ledger: Database, name: str) -> None:
    steps = steps_of(ledger, WORKS[name])
    # What a subquery gave is no table.
    walks = [one for one in steps if one.startswith("SCAN") and not one.endswith((*SMALL, ")"))]
    assert [one for one in walks if not one.startswith(("SCAN CONSTANT ROW", "SCAN json_each"))] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_statement_of_every_round_uses_the_indexes_made_for_it(ledger: Database, name: str) -> None:
    steps = steps_of(ledger, WORKS[name])
    for index in EXPECTED[name]:
        assert [step for step in steps if step.endswith(f"INDEX {index}")]


def test_looking_for_the_same_event_reads_the_history_of_one_call(ledger: Database) -> None:
    call_id = Desk(ledger).plan()
    steps = steps_of(ledger, lambda c: append_event_once(c, NOON, "waits", call_id=call_id, detail=""))
    assert "SEARCH event USING INDEX event_call (call_id=?)" in steps


def test_the_check_itself_sees_a_walk(ledger: Database) -> None:
    assert steps_of(ledger, lambda c: c.execute("SELECT * FROM call WHERE summary = ''").fetchall()) == [
        "SCAN call"
    ]
