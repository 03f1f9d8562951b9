"""A day in the ledger with a call of every kind, as the page shows it at noon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.calls.brake import Vanished
from scheduler.calls.call import Outcome
from scheduler.calls.reconcile import Add
from scheduler.ledger.attempts import insert_cdr, select_attempt
from scheduler.ledger.calls import claim_one
from scheduler.ledger.changes import apply_change
from scheduler.ledger.collections import record_failed, record_fetched
from scheduler.ledger.evidence import end_silent
from scheduler.ledger.life import stop
from scheduler.ledger.vanished import replace_vanished
from tests.calls.builders import HOUR, MINUTE, want
from tests.clocks import NOON
from tests.ledger.desk import BUSY, TALKED, Desk


@dataclass(frozen=True, kw_only=True)
class Day:
    """The ids of its calls, by what became of them."""

    answered: int
    busy: int
    unknown: int
    missed: int
    ringing: int
    planned: int
    held: int


def fill(desk: Desk) -> Day:
    desk.ledger.write(record_fetched, "sales", "a", "state", NOON - MINUTE, news=True)
    answered = _add(desk, "Call Ben Maes", NOON - 3 * HOUR)
    desk.settle(_place(desk, answered, NOON - 3 * HOUR), TALKED, NOON - 2 * HOUR)
    busy = _add(desk, "Call Chloé Dubois <VIP>", NOON - 2.5 * HOUR)
    desk.settle(_place(desk, busy, NOON - 2.5 * HOUR), BUSY, NOON - 2.5 * HOUR)
    missed = _add(desk, "Call Dirk Wouters", NOON - 2 * HOUR)
    desk.ledger.write(stop, missed, Outcome.MISSED, "its time had passed when the machine came back", NOON - HOUR)
    day = Day(
        answered=answered,
        busy=busy,
        unknown=_unknown(desk),
        missed=missed,
        ringing=_ringing(desk),
        planned=_add(desk, "Call Femke Jacobs", NOON + 2 * HOUR),
        held=_held(desk),
    )
    desk.ledger.write(
        record_failed, "support", "a", "the server answers 503 Service Unavailable", NOON, forbidden=False
    )
    return day


def _add(desk: Desk, summary: str, at: datetime) -> int:
    wanted = replace(want(summary, at=at), summary=summary)
    desk.ledger.write(apply_change, Add(wanted=wanted), at - HOUR)
    row = desk.ledger.read(lambda connection: connection.execute("SELECT max(id) AS id FROM call").fetchone())
    return int(row["id"])


def _place(desk: Desk, call_id: int, at: datetime) -> int:
    """Returns the attempt's id."""
    claim = desk.ledger.write(claim_one, call_id, at, "token")
    assert claim is not None
    return desk.request(claim, at)


def _unknown(desk: Desk) -> int:
    at = NOON - 6 * HOUR
    call_id = _add(desk, "Call Emma Claes", at)
    attempt = desk.ledger.read(select_attempt, _place(desk, call_id, at))
    desk.ledger.write(end_silent, attempt, NOON - HOUR)
    desk.ledger.write(insert_cdr, attempt.id, "callback", '{"callReleaseInfo": "<b>none</b>"}', NOON)
    return call_id


def _ringing(desk: Desk) -> int:
    call_id = _add(desk, "Call Gert Willems", NOON)
    _place(desk, call_id, NOON)
    return call_id


def _held(desk: Desk) -> int:
    call_id = _add(desk, "Call Hugo Peeters", NOON + 3 * HOUR)
    lost = Vanished(call_id=call_id, since=NOON, missed_at=NOON, held=True)
    desk.ledger.write(replace_vanished, "sales", [lost])
    return call_id
