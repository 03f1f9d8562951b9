"""Group commit: whatever has queued up is written as one transaction, each work in a savepoint of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import groupby
from operator import itemgetter
from typing import Any

from scheduler.database.connection import Connection

# What is to be done with things like this one, the thing, and who waits for what comes of it.
Item = tuple[Callable[[Connection, Sequence[Any]], Sequence[Any]], Any, Future[Any]]


def commit_group(connection: Connection, group: Sequence[Item]) -> None:
    """Run each work in a savepoint, commit them all, and only then tell their callers."""
    done: list[tuple[Future[Any], Any]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for _, items in groupby(group, key=itemgetter(0)):
            done += _run(connection, list(items))
        connection.execute("COMMIT")
    except BaseException as error:
        for _, _, future in group:
            if not future.done():
                future.set_exception(error)
        connection.rollback()
        return
    for future, result in done:
        future.set_result(result)


def _run(connection: Connection, items: Sequence[Item]) -> list[tuple[Future[Any], Any]]:
    """Do the one work of these; what fails alone is told at once, and what was done once it is committed."""
    work = items[0][0]
    connection.execute("SAVEPOINT one")
    try:
        results = work(connection, [one for _, one, _ in items])
    except BaseException as error:
        if not connection.in_transaction:
            raise  # SQLite gave up the whole transaction, as it may when the disk is full
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        if len(items) > 1:
            return [done for item in items for done in _run(connection, [item])]
        items[0][2].set_exception(error)
        return []
    connection.execute("RELEASE one")
    return [(future, result) for (_, _, future), result in zip(items, results, strict=True)]
