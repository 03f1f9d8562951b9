"""``[retention]``: how long what is over is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from scheduler.config.values import Duration, Table
from scheduler.duties.prune import Retention

# So far back calendars are looked at after they couldn't be read: what is forgotten must be out of their sight.
_SHORTEST = timedelta(days=32)


def _read_retention(value: timedelta) -> timedelta:
    if value < _SHORTEST:
        raise ValueError(
            "at least 32 d: so far back calendars are looked at, and a call forgotten by then is missed"
        )
    return value


Kept = Annotated[Duration, AfterValidator(_read_retention)]


class RetentionTable(Table):
    calls: Kept = timedelta(days=400)
    records: Kept = timedelta(days=90)
    history: Kept = timedelta(days=400)
    events: Kept = timedelta(days=90)


def build_retention(table: RetentionTable) -> Retention:
    return Retention(calls=table.calls, records=table.records, history=table.history, events=table.events)
