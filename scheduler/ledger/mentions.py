"""All that the ledger holds of one number: its calls, and every text that names it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduler.calls.call import State
from scheduler.calls.spelling import Spelling
from scheduler.database import Connection, Database
from scheduler.phone import PhoneNumber

_AT_ONCE = 500  # rows

# Every column that may hold what people or other programs wrote. History isn't among them: it names nobody.
TEXTS: Mapping[str, tuple[str, ...]] = {
    "call": ("summary", "reason"),
    "attempt": ("detail", "reason"),
    "cdr": ("raw",),
    "collection": ("problem", "look_problem"),
    "object": ("data", "problem", "href", "uid"),
    "command": ("arguments", "result"),
    "pause": ("reason",),
    "letter": ("recipient", "title", "body", "problem"),
    "trouble": ("title",),
}
_OF_CALLS = ("attempt", "appointment", "event")

Row = Mapping[str, str | int | float | bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One row whose text names the number."""

    table: str
    rowid: int
    texts: Mapping[str, str | bytes]  # by column: those that name it


def select_calls_of_number(connection: Connection, number: PhoneNumber) -> tuple[int, ...]:
    """Every call that it had a part in, the newest first, so that none is before the call that it rings again."""
    rows = connection.execute(
        "SELECT id FROM call WHERE ? IN (origin, destination, cli) ORDER BY id DESC", (number.e164,)
    )
    return tuple(row["id"] for row in rows)


def select_states(connection: Connection, call_ids: Collection[int]) -> dict[int, State]:
    rows = connection.execute(
        "SELECT id, state FROM call WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(call_ids)),)
    )
    return {row["id"]: State(row["state"]) for row in rows}


def select_rows_of_calls(connection: Connection, call_ids: Collection[int]) -> dict[str, list[Row]]:
    """Whole rows by table, for who asks what is known of them."""
    ids = json.dumps(list(call_ids))
    among = "IN (SELECT value FROM json_each(?))"
    found = {"call": _rows(connection, f"SELECT * FROM call WHERE id {among} ORDER BY id", ids)}
    for table in _OF_CALLS:
        found[table] = _rows(connection, f"SELECT * FROM {table} WHERE call_id {among} ORDER BY call_id", ids)
    found["cdr"] = _rows(
        connection,
        f"SELECT * FROM cdr WHERE attempt_id IN (SELECT id FROM attempt WHERE call_id {among}) ORDER BY id",
        ids,
    )
    return found


def select_objects_of_calls(connection: Connection, call_ids: Collection[int]) -> list[Row]:
    """The stored events that ever meant them, where a UID is stored with them; else by the number alone."""
    return _rows(
        connection,
        """SELECT * FROM object WHERE (collection, uid) IN (SELECT collection, uid FROM appointment
               WHERE call_id IN (SELECT value FROM json_each(?))) ORDER BY collection, href""",
        json.dumps(list(call_ids)),
    )


def select_row(connection: Connection, table: str, rowid: int) -> Row | None:
    """None where it is gone by now."""
    row = connection.execute(f"SELECT * FROM {table} WHERE rowid = ?", (rowid,)).fetchone()
    return dict(row) if row else None


def find_mentions(ledger: Database, spelling: Spelling) -> Iterator[Mention]:
    """A part of a table at a time: nobody waits for whoever looks."""
    for table, columns in TEXTS.items():
        rowid = 0
        while rows := ledger.read(_select_texts, table, columns, rowid):
            for rowid, texts in rows:
                named = {column: text for column, text in texts.items() if text and spelling.is_in(text)}
                if named:
                    yield Mention(table=table, rowid=rowid, texts=named)


def delete_row(connection: Connection, mention: Mention) -> None:
    connection.execute(f"DELETE FROM {mention.table} WHERE rowid = ?", (mention.rowid,))


def replace_texts(connection: Connection, mention: Mention, texts: Mapping[str, str | bytes]) -> bool:
    """Write other texts; False where they have changed since they were read."""
    columns = list(texts)
    cursor = connection.execute(
        f"""UPDATE {mention.table} SET {", ".join(f"{column} = ?" for column in columns)}
            WHERE rowid = ? AND {" AND ".join(f"{column} = ?" for column in columns)}""",
        (*texts.values(), mention.rowid, *(mention.texts[column] for column in columns)),
    )
    return cursor.rowcount == 1


def _select_texts(
    connection: Connection, table: str, columns: Sequence[str], after: int
) -> list[tuple[int, dict[str, str | bytes]]]:
    rows = connection.execute(
        f"SELECT rowid AS number, {', '.join(columns)} FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?",
        (after, _AT_ONCE),
    )
    return [(row["number"], {column: row[column] for column in columns}) for row in rows]


def _rows(connection: Connection, statement: str, ids: str) -> list[Row]:
    return [dict(row) for row in connection.execute(statement, (ids,))]
