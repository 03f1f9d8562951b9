"""Looking on: the ledger while calls ring, the plan for what doesn't, the gateway's records at the end."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from scheduler.calls.call import Call, State
from scheduler.database import Connection, Database
from scheduler.demo.processes import Processes
from scheduler.demo.scenes import SCENES
from scheduler.demo.verdict import Came
from scheduler.errors import DemoFailed
from scheduler.ledger.appointments import select_keys_ever
from scheduler.ledger.calls import select_calls
from scheduler.vca import Cdr

_TODAY = timedelta(hours=1)  # the scenes of the demo; what is due later belongs to the days after
_DAYS = timedelta(days=30)


def look(ledger: Database, first_ring_at: datetime) -> Mapping[str, Came]:
    """What the ledger holds of each scene, by uid."""
    calls = ledger.read(_calls_by_uid, first_ring_at - _DAYS, first_ring_at + _DAYS)
    return {scene.uid: _came(calls.get(scene.uid, ()), first_ring_at + _TODAY) for scene in SCENES}


def _calls_by_uid(connection: Connection, since: datetime, until: datetime) -> dict[str, list[Call]]:
    calls = select_calls(connection, since=since, until=until, limit=1000)
    keys = select_keys_ever(connection, (call.id for call in calls))
    found = defaultdict(list)
    for call in calls:
        for uid in {key.uid for key in keys.get(call.id, ())}:
            found[uid].append(call)
    return found


def _came(calls: Iterable[Call], end_of_today: datetime) -> Came:
    calls = tuple(calls)
    today = [call for call in calls if call.due_at < end_of_today]
    coming = tuple(sorted(c.due_at for c in calls if c.due_at >= end_of_today and c.state is State.PLANNED))
    if not today:
        return Came(coming=coming)
    last = today[-1]
    return Came(
        calls=len(today),
        due_at=last.due_at,
        state=last.state,
        outcome=last.outcome,
        reason=last.reason,
        coming=coming,
    )


def silent_reasons(processes: Processes, config: Path, first_ring_at: datetime) -> Mapping[str, str]:
    """Why what doesn't ring doesn't, by uid, as the ``plan`` command tells it.

    :raises DemoFailed: it doesn't.
    """
    start, end = first_ring_at - timedelta(days=1), first_ring_at + timedelta(days=1)
    output = processes.ask(
        "scheduler", "plan", "--config", str(config),
        "--from", start.isoformat(), "--to", end.isoformat(), "--json",
    )  # fmt: skip
    try:
        rows = json.loads(output)
    except ValueError:
        raise DemoFailed("the plan command printed no plan") from None
    return {row["uid"]: row["reason"] for row in rows if row["state"] == "not_ringing"}


def with_reasons(came: Mapping[str, Came], reasons: Mapping[str, str]) -> dict[str, Came]:
    """Scenes that never became a call get the reason why not."""
    return {uid: one if one.calls else replace(one, reason=reasons.get(uid, "")) for uid, one in came.items()}


def with_rings(came: Mapping[str, Came], cdrs: Iterable[Cdr]) -> dict[str, Came]:
    """Every scene gets the rings of its number."""
    rings = defaultdict(list)
    for cdr in cdrs:
        rings[cdr.destination].append(cdr)
    return {
        scene.uid: replace(came[scene.uid], rings=tuple(rings[scene.number]) if scene.number else ())
        for scene in SCENES
    }


def strangers(cdrs: Iterable[Cdr]) -> tuple[Cdr, ...]:
    """Rings of no scene."""
    numbers = {scene.number for scene in SCENES if scene.number}
    return tuple(cdr for cdr in cdrs if cdr.destination not in numbers)
