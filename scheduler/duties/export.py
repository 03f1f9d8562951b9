"""All that the ledger holds of one number, as it holds it: for the person who asks what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scheduler.calls.spelling import Spelling
from scheduler.database import Database
from scheduler.ledger.mentions import (
    Row,
    find_mentions,
    select_calls_of_number,
    select_objects_of_calls,
    select_row,
    select_rows_of_calls,
)
from scheduler.phone import PhoneNumber

Exported = Mapping[str, Sequence[Mapping[str, str | int | float | None]]]


def export(ledger: Database, number: PhoneNumber) -> Exported:
    """The rows by table: its calls with all that hangs on them, their events, and what else names it."""
    ids = ledger.read(select_calls_of_number, number)
    found: dict[str, list[Row]] = ledger.read(select_rows_of_calls, ids)
    found["object"] = ledger.read(select_objects_of_calls, ids)
    for mention in find_mentions(ledger, Spelling(number)):
        row = ledger.read(select_row, mention.table, mention.rowid)
        rows = found.setdefault(mention.table, [])
        if row is not None and row not in rows:
            rows.append(row)
    return {table: _readable(rows) for table, rows in found.items() if rows}


def _readable(rows: Iterable[Row]) -> list[Mapping[str, str | int | float | None]]:
    """Calendar objects and cards are text, in bytes as they came."""
    return [
        {
            column: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            for column, value in row.items()
        }
        for row in rows
    ]
