"""What the ledger itself forbids, whatever a program does: each test tries to break a promise by plain SQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import TRANSITIONS, Answer, Call, Outcome, State
from scheduler.database import Connection, ConstraintFailed, Database, read_instant
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import select_unweighed_cdrs
from scheduler.ledger.calls import select_calls
from tests.ledger.samples import SAMPLES, restore

AT = "2026-11-23T12:00:00.000000Z"
LATER = "2026-11-23T12:05:00.000000Z"
EARLIER = "2026-11-23T11:55:00.000000Z"
CALL: dict[str, object] = {
    "state": "planned",
    "origin": "+3228160257",
    "destination": "+32468373901",
    "presentation": "ALLOWED",
    "summary": "Call Ben",
    "asked_at": AT,
    "due_at": AT,
    "deadline_at": LATER,
    "wake_at": AT,
    "created_at": AT,
}
TABLES = ("call", "attempt", "cdr", "appointment", "event", "collection", "object", "command")
STATES: dict[State, dict[str, object]] = {
    State.PLANNED: {"state": "planned", "claim_token": None, "outcome": None, "ended_at": None},
    State.CLAIMED: {"state": "claimed", "claim_token": "token", "outcome": None, "ended_at": None},
    State.REQUESTED: {"state": "requested", "claim_token": None, "outcome": None, "ended_at": None},
    State.PLACED: {"state": "placed", "claim_token": None, "outcome": None, "ended_at": None},
    State.ENDED: {"state": "ended", "claim_token": None, "outcome": "busy", "ended_at": AT, "slot_free": 1},
}


def insert(ledger: Database, table: str, **values: object) -> int:
    def work(connection: Connection) -> int:
        marks = ", ".join("?" for _ in values)
        row = connection.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) RETURNING rowid", tuple(values.values())
        ).fetchone()
        return int(row[0])

    return ledger.write(work)


def insert_without_rowid(ledger: Database, table: str, **values: object) -> None:
    def work(connection: Connection) -> None:
        marks = ", ".join("?" for _ in values)
        connection.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
        ).close()

    ledger.write(work)


TRIED = {**STATES[State.ENDED], "attempts": 1, "slot_free": 0}


def a_call(ledger: Database, **values: object) -> int:
    return insert(ledger, "call", **{**CALL, **values})


def an_attempt(ledger: Database, call_id: int, **values: object) -> int:
    attempt = {"call_id": call_id, "number": 1, "reference": "reference", "requested_at": AT, **values}
    return insert(ledger, "attempt", **attempt)


def update(ledger: Database, table: str, key: int, **values: object) -> None:
    def work(connection: Connection) -> None:
        changes = ", ".join(f"{name} = ?" for name in values)
        connection.execute(f"UPDATE {table} SET {changes} WHERE id = ?", (*values.values(), key))

    ledger.write(work)


def run(ledger: Database, sql: str) -> None:
    ledger.write(lambda connection: connection.execute(sql).close())


def test_a_plain_call_is_taken(ledger: Database) -> None:
    assert a_call(ledger) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "ringing"},
        {"state": "ended", "outcome": "happy", "ended_at": AT},
        {"state": "ended", "outcome": None, "ended_at": AT},
        {"state": "ended", "outcome": "busy", "ended_at": None},
        {"outcome": "busy"},
        {"ended_at": AT},
        {"state": "claimed", "claim_token": None},
        {"claim_token": "token"},
        {"state": "requested", "claim_token": "token"},
        {"origin": "028160257"},
        {"origin": "+"},
        {"origin": "+32 2 816 02 57"},
        {"destination": "112"},
        {"destination": "+32468373901;ext=4"},
        {"destination": "+3228160257"},
        {"cli": "hidden"},
        {"presentation": "restricted"},
        {"due_at": EARLIER},
        {"deadline_at": EARLIER},
        {"summary": None},
        {"wake_at": None},
        {"revision": "many"},
        {"again_of": 999},
    ],
    ids=str,
)
def test_a_call_that_contradicts_itself_is_refused(ledger: Database, broken: dict[str, object]) -> None:
    with pytest.raises(ConstraintFailed):
        a_call(ledger, **broken)


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_told(ledger: Database, state: State) -> None:
    assert a_call(ledger, **STATES[state]) == 1


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_can_be_told(ledger: Database, outcome: Outcome) -> None:
    a_call(ledger, state="ended", outcome=outcome.value, ended_at=AT)


def test_two_open_calls_of_one_slot_are_refused(ledger: Database) -> None:
    a_call(ledger)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        a_call(ledger, **STATES[State.CLAIMED])


def test_an_attempted_call_keeps_its_slot_for_ever(ledger: Database) -> None:
    a_call(ledger, **TRIED)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        a_call(ledger)


def test_a_call_can_not_be_moved_into_a_taken_slot(ledger: Database) -> None:
    a_call(ledger)
    other = a_call(ledger, asked_at=EARLIER)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        update(ledger, "call", other, asked_at=AT)


def test_a_call_that_ended_untried_leaves_its_slot_free(ledger: Database) -> None:
    a_call(ledger, **STATES[State.ENDED])
    a_call(ledger)


@pytest.mark.parametrize(
    "values", [{**STATES[State.ENDED], "slot_free": 0}, {"slot_free": 1}, {**TRIED, "slot_free": 1}]
)
def test_a_slot_is_freed_by_an_end_without_an_attempt_alone(ledger: Database, values: dict[str, object]) -> None:
    call_id = a_call(ledger)
    with pytest.raises(ConstraintFailed, match="frees its slot"):
        update(ledger, "call", call_id, **values)


def test_a_person_may_have_a_call_repeated(ledger: Database) -> None:
    first = a_call(ledger, **TRIED)
    a_call(ledger, again_of=first)


@pytest.mark.parametrize("after", list(State))
@pytest.mark.parametrize("before", list(State))
def test_a_call_goes_only_where_its_life_allows(ledger: Database, before: State, after: State) -> None:
    call_id = a_call(ledger, **STATES[before])
    if (before, after) in TRANSITIONS or (before is after and after is not State.ENDED):
        update(ledger, "call", call_id, **STATES[after])
    else:
        with pytest.raises(ConstraintFailed):
            update(ledger, "call", call_id, **STATES[after])


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "answered"},
        {"outcome": "unknown"},
        {"attempts": 2},
        {"ended_at": LATER},
        {"asked_at": EARLIER},
        {"due_at": LATER},
        {"deadline_at": AT},
        {"state": "planned", "outcome": None, "ended_at": None},
    ],
    ids=str,
)
def test_an_ended_call_never_changes(ledger: Database, change: dict[str, object]) -> None:
    call_id = a_call(ledger, **STATES[State.ENDED])
    with pytest.raises(ConstraintFailed, match="ended"):
        update(ledger, "call", call_id, **change)


def test_an_unknown_outcome_may_be_amended_once(ledger: Database) -> None:
    call_id = a_call(ledger, state="ended", outcome="unknown", ended_at=AT)
    update(ledger, "call", call_id, outcome="answered", reason="talked")
    with pytest.raises(ConstraintFailed, match="ended"):
        update(ledger, "call", call_id, outcome="busy")


def test_an_unknown_outcome_does_not_open_its_call_again(ledger: Database) -> None:
    call_id = a_call(ledger, state="ended", outcome="unknown", ended_at=AT)
    with pytest.raises(ConstraintFailed, match="never changes"):
        update(ledger, "call", call_id, **STATES[State.PLANNED])


def test_a_second_open_attempt_of_a_call_is_refused(ledger: Database) -> None:
    call_id = a_call(ledger)
    an_attempt(ledger, call_id)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        an_attempt(ledger, call_id, number=2, reference="another")


def test_attempts_are_numbered_once(ledger: Database) -> None:
    call_id = a_call(ledger)
    an_attempt(ledger, call_id, closed_at=AT)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        an_attempt(ledger, call_id, number=1, reference="another")


def test_a_reference_is_never_used_twice(ledger: Database) -> None:
    one, two = a_call(ledger), a_call(ledger, asked_at=EARLIER)
    an_attempt(ledger, one)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        an_attempt(ledger, two)


@pytest.mark.parametrize("broken", [{"call_id": 999}, {"answer": "maybe"}, {"reference": None}], ids=str)
def test_an_attempt_that_makes_no_sense_is_refused(ledger: Database, broken: dict[str, object]) -> None:
    call_id = a_call(ledger)
    with pytest.raises(ConstraintFailed):
        an_attempt(ledger, **{"call_id": call_id, **broken})  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", list(Answer))
def test_every_answer_can_be_told(ledger: Database, answer: Answer) -> None:
    an_attempt(ledger, a_call(ledger), answer=answer.value)


def test_a_record_that_fits_nobody_is_kept_once(ledger: Database) -> None:
    record = {"source": "list", "received_at": AT, "weighed_at": AT, "raw": "{}"}
    insert(ledger, "cdr", **record)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        insert(ledger, "cdr", **record)


def test_a_record_is_kept_once_a_source(ledger: Database) -> None:
    attempt_id = an_attempt(ledger, a_call(ledger))
    record = {"attempt_id": attempt_id, "received_at": AT, "raw": "{}"}
    insert(ledger, "cdr", source="list", **record)
    insert(ledger, "cdr", source="callback", **record)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        insert(ledger, "cdr", source="list", **record)


@pytest.mark.parametrize(
    "broken",
    [
        {"source": "hearsay"},
        {"attempt_id": 999},
        {"raw": None},
        {"attempt_id": None},
        {"attempt_id": None, "weighed_at": AT, "source": "callback"},
    ],
    ids=str,
)
def test_a_record_that_makes_no_sense_is_refused(ledger: Database, broken: dict[str, object]) -> None:
    attempt_id = an_attempt(ledger, a_call(ledger))
    with pytest.raises(ConstraintFailed):
        insert(
            ledger, "cdr", **{"attempt_id": attempt_id, "source": "list", "received_at": AT, "raw": "", **broken}
        )


def test_an_appointment_at_one_time_means_one_call(ledger: Database) -> None:
    one, two = a_call(ledger), a_call(ledger, asked_at=EARLIER)
    appointment = {"collection": "sales", "uid": "one", "recurrence_id": "", "asked_at": AT}
    insert_without_rowid(ledger, "appointment", **appointment, call_id=one)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        insert_without_rowid(ledger, "appointment", **appointment, call_id=two)
    insert_without_rowid(ledger, "appointment", **appointment, call_id=two, gone_at=AT)


def test_an_appointment_means_a_call_that_exists(ledger: Database) -> None:
    with pytest.raises(ConstraintFailed, match="FOREIGN KEY"):
        insert_without_rowid(
            ledger, "appointment", collection="sales", uid="one", recurrence_id="", asked_at=AT, call_id=999
        )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE event SET kind = 'answered'",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event (id, at, kind) VALUES (1, '', 'answered')",
        "UPDATE OR IGNORE event SET id = 7",
    ],
)
def test_history_is_never_rewritten(ledger: Database, sql: str) -> None:
    insert(ledger, "event", at=AT, kind="missed")
    with pytest.raises(ConstraintFailed, match="never rewritten"):
        run(ledger, sql)


@pytest.mark.parametrize("table", ["attempt", "event", "appointment"])
def test_a_call_that_something_points_to_is_not_deleted(ledger: Database, table: str) -> None:
    call_id = a_call(ledger)
    if table == "attempt":
        an_attempt(ledger, call_id)
    elif table == "event":
        insert(ledger, "event", at=AT, kind="planned", call_id=call_id)
    else:
        insert_without_rowid(
            ledger, "appointment", collection="sales", uid="one", recurrence_id="", asked_at=AT, call_id=call_id
        )
    with pytest.raises(ConstraintFailed, match="FOREIGN KEY"):
        run(ledger, "DELETE FROM call")


def test_an_object_belongs_to_a_calendar_and_has_one_href_in_it(ledger: Database) -> None:
    insert(ledger, "collection", name="sales", tried_with="", tried_at=AT)
    one = {"href": "one.ics", "etag": "1", "data": b""}
    insert_without_rowid(ledger, "object", collection="sales", **one)
    with pytest.raises(ConstraintFailed, match="UNIQUE"):
        insert_without_rowid(ledger, "object", collection="sales", **one)
    with pytest.raises(ConstraintFailed, match="FOREIGN KEY"):
        insert_without_rowid(ledger, "object", collection="nobody's", **one)


@pytest.mark.parametrize("broken", [{"forbidden": 2}, {"tried_at": None}, {"failures": "some"}], ids=str)
def test_a_calendar_row_that_makes_no_sense_is_refused(ledger: Database, broken: dict[str, object]) -> None:
    with pytest.raises(ConstraintFailed):
        insert(ledger, "collection", **{"name": "sales", "tried_with": "", "tried_at": AT, **broken})


@pytest.mark.parametrize("broken", [{"held": 2}, {"held": 0, "accepted": 1}, {"missed_at": EARLIER}], ids=str)
def test_a_lost_call_that_makes_no_sense_is_refused(ledger: Database, broken: dict[str, object]) -> None:
    insert(ledger, "collection", name="sales", tried_with="", tried_at=AT)
    lost = {"collection": "sales", "call_id": insert(ledger, "call", **CALL), "since": AT, "missed_at": AT}
    with pytest.raises(ConstraintFailed, match="CHECK"):
        insert_without_rowid(ledger, "vanished", **{**lost, "held": 1, **broken})


@pytest.mark.parametrize("broken", [{"kind": None}, {"arguments": None}, {"result": None}], ids=str)
def test_a_command_that_asks_for_nothing_is_refused(ledger: Database, broken: dict[str, object]) -> None:
    with pytest.raises(ConstraintFailed):
        insert(ledger, "command", **{"kind": "sync", "arguments": "{}", "asked_at": AT, **broken})


@pytest.mark.parametrize(
    "broken",
    [{"calendar": "sales", "origin": "+3228160257"}, {"origin": "112"}, {"until": EARLIER}, {"reason": None}],
    ids=str,
)
def test_a_pause_that_makes_no_sense_is_refused(ledger: Database, broken: dict[str, object]) -> None:
    with pytest.raises(ConstraintFailed):
        insert(ledger, "pause", **{"since": AT, "reason": "", **broken})


def test_every_table_of_ours_is_strict(ledger: Database) -> None:
    loose = ledger.read(
        lambda c: c.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0").fetchall()
    )
    assert {row["name"] for row in loose} == {"_sqlite_migrations", "sqlite_schema", "transition"}


def test_a_ledger_of_every_version_is_kept_to_try_the_upgrade_with() -> None:
    missing = [sample.name for sample in SAMPLES if not sample.exists()]
    assert missing == [], "python -m tests.ledger.samples makes them"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_ledger_of_an_earlier_version_opens_with_all_that_it_held(tmp_path: Path, sample: Path) -> None:
    path = tmp_path / "ledger.db"
    restore(sample, path)
    with closing(sqlite3.connect(path)) as before:
        held = {table: before.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    with closing(open_ledger(path)) as ledger:
        assert ledger.read(_counts) == held
        assert {call.state for call in ledger.read(_calls)} == set(State)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_upgraded_or_new_a_ledger_has_the_same_tables(tmp_path: Path, ledger: Database, sample: Path) -> None:
    restore(sample, tmp_path / "old.db")
    with closing(open_ledger(tmp_path / "old.db")) as upgraded:
        assert upgraded.read(_tables) == ledger.read(_tables)
        assert upgraded.read(lambda c: c.execute("PRAGMA foreign_key_check").fetchall()) == []


def test_an_upgrade_keeps_once_what_the_first_version_kept_for_two_attempts(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    restore(SAMPLES[0], path)
    with closing(sqlite3.connect(path)) as before:
        before.execute("INSERT INTO cdr SELECT 9, 2, source, received_at, raw FROM cdr WHERE id = 2")
        before.commit()
    with closing(open_ledger(path)) as ledger:
        listed = ledger.read(lambda c: c.execute("SELECT attempt_id FROM cdr WHERE source = 'list'").fetchall())
        assert [row["attempt_id"] for row in listed] == [1]


def test_an_upgrade_weighs_again_only_what_a_call_still_waits_for(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    restore(SAMPLES[0], path)
    with closing(open_ledger(path)) as ledger:
        assert [kept.attempt_id for kept in ledger.read(select_unweighed_cdrs)] == [2]


def _counts(connection: Connection) -> dict[str, int]:
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


def _calls(connection: Connection) -> tuple[Call, ...]:
    return select_calls(
        connection,
        since=read_instant(AT) - timedelta(days=9),
        until=read_instant(AT) + timedelta(days=9),
        limit=99,
    )


def _tables(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    return [(row["name"], row["sql"]) for row in rows if row["name"] not in ("transition", "watch")]
