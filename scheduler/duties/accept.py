"""A person accepts what the brake holds: the calls are cancelled, and told."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.calls.call import Outcome
from scheduler.database import Connection, Database
from scheduler.ledger.calls import select_call
from scheduler.ledger.vanished import accept_vanished


def accept_losses(ledger: Database, collection: str, replan: Callable[[], object]) -> tuple[int, ...]:
    """Let go what is held of this calendar at this moment; returns the ids of the calls that were cancelled.

    What came back meanwhile stays, and so does what another calendar has lost too and still holds.
    """
    held = ledger.write(accept_vanished, collection)
    replan()
    return tuple(call_id for call_id in sorted(held) if ledger.read(_is_cancelled, call_id))


def _is_cancelled(connection: Connection, call_id: int) -> bool:
    call = select_call(connection, call_id)
    return call is not None and call.outcome is Outcome.CANCELLED
