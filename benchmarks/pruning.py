"""How late due calls are while old ones are pruned, beside the same without: ``python -m benchmarks.pruning``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.placing import Late, Work, measure, placing_in
from benchmarks.table import Figure, report
from scheduler.database import Connection, Database, write_instant
from scheduler.duties.prune import PruneDuty, Retention
from scheduler.ledger import open_ledger
from scheduler.loop import Loop, let_calls_pass

_OLD, _QUICK = 100_000, 500
_DAY = timedelta(days=1)
_KEPT = 100 * _DAY
_BETWEEN_SLICES = timedelta(seconds=0.1)  # as the daemon waits
_APART = timedelta(milliseconds=50)
_CALLS = """
WITH RECURSIVE one (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM one WHERE id < ?2)
INSERT INTO call (state, outcome, reason, origin, destination, presentation, summary, asked_at, due_at,
    deadline_at, wake_at, attempts, created_at, ended_at)
SELECT 'ended', 'answered', 'talked 1 min 5 s', '+442079460000', '+32' || (468000000 + id), 'ALLOWED',
    'Call somebody', ?1, ?1, ?1, ?1, 1, ?1, ?1 FROM one
"""
_ATTEMPTS = """
INSERT INTO attempt (call_id, number, reference, requested_at, answer, closed_at)
SELECT id, 1, 'old ' || id, asked_at, 'accepted', asked_at FROM call
"""
_RECORDS = """
INSERT INTO cdr (attempt_id, source, received_at, raw, weighed_at)
SELECT id, 'callback', requested_at, printf('%500s', reference), requested_at FROM attempt
"""
_HISTORY = """
INSERT INTO event (at, call_id, attempt_id, kind)
SELECT requested_at, call_id, attempt.id, kind.value
FROM attempt, json_each('["planned", "accepted", "answered"]') AS kind
"""


def store_old_calls(connection: Connection, count: int, at: datetime) -> None:
    """Answered calls, each with an attempt, its record and its history."""
    connection.execute(_CALLS, (write_instant(at), count))
    for statement in (_ATTEMPTS, _RECORDS, _HISTORY):
        connection.execute(statement)


@contextmanager
def pruning(ledger: Database) -> Iterator[None]:
    """A prune beside, as the daemon does it while there is more to do."""
    duty = PruneDuty(ledger, Retention(calls=_KEPT, records=_KEPT, history=_KEPT, events=_KEPT), [])
    loop = Loop("prune", lambda: duty.run_once(datetime.now(UTC)), _BETWEEN_SLICES)
    loop.start()
    try:
        yield
    finally:
        loop.stop()


def _measure(path: Path, old: int, work: Work, runs: int) -> tuple[Late, Late]:
    """Without, and with."""
    with closing(open_ledger(path)) as ledger:
        ledger.write(store_old_calls, old, datetime.now(UTC) - 2 * _KEPT)
        with placing_in(ledger) as place_round:
            alone = measure(place_round, work, runs)
            with pruning(ledger):
                return alone, measure(place_round, work, runs)


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, to see that it runs; the figures mean little.")
def main(quick: bool) -> None:
    """Due → just before the POST while old calls are pruned, beside the same ledger left alone."""
    let_calls_pass()
    old = _QUICK if quick else _OLD
    work = Work(name="single calls", count=5 if quick else 200, apart=_APART)
    with TemporaryDirectory() as folder:
        alone, beside = _measure(Path(folder) / "ledger.db", old, work, 1 if quick else 5)
    raise SystemExit(
        report(
            "due → intention on disk, just before the POST; peer: the same while nothing is pruned",
            [
                Figure(
                    name=f"single calls, {old} old ones pruned: p50", unit="ms", ours=beside.p50, peer=alone.p50
                ),
                Figure(
                    name=f"single calls, {old} old ones pruned: p99",
                    unit="ms",
                    ours=beside.p99,
                    peer=alone.p99,
                    below=50,
                ),
            ],
        )
    )


if __name__ == "__main__":
    main()
