"""A day: what rang and rings when, each manager's calls on a line of its hours and in a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.ledger.browse import select_due
from scheduler.web.form import FormRefused
from scheduler.web.frame import Frame
from scheduler.web.office import Facts
from scheduler.web.rows import CallRow, read_rows
from scheduler.web.timeline import Axis, axis_of
from scheduler.web.times import read_day, span_of

_MOST = 500  # calls, and appointments that don't ring; a page of more nobody reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The calls of one phone, in their order."""

    name: str  # the manager's, else the number
    rows: tuple[CallRow, ...]


def routes(frame: Frame) -> list[Route]:
    return [frame.page("/day", _show)]


def _show(frame: Frame, request: Request) -> Response:
    office, zone = frame.office, frame.office.facts.zone
    now = office.clock.now()
    try:
        day = read_day(request.query_params.get("date", "")) or now.astimezone(zone).date()
        since, until = span_of(day, zone)
    except FormRefused as error:
        return frame.view.refusal(request, 400, "No such day", f"{error}.")
    calls = office.ledger.read(select_due, since, until, _MOST + 1)
    rows = office.ledger.read(read_rows, calls[:_MOST], office.facts, now)
    silent = office.silent(since, until)
    return frame.view.show(
        request,
        "day.html",
        day=day,
        neighbours=(day - timedelta(days=1), day + timedelta(days=1)),
        lanes=lanes_of(rows),
        idle=idle_managers(rows, office.facts),
        axis=_axis(day, rows, office.facts),
        whole=len(calls) <= _MOST,
        silent=silent[:_MOST],
        more_silent=len(silent[_MOST:]),
    )


def lanes_of(rows: Iterable[CallRow]) -> tuple[Lane, ...]:
    """By the managers' names; phones of nobody come last."""

    def whose(row: CallRow) -> tuple[bool, str]:
        return (not row.manager, row.manager or str(row.call.origin))

    ordered = groupby(sorted(rows, key=whose), key=whose)
    return tuple(Lane(name=name, rows=tuple(own)) for (_, name), own in ordered)


def idle_managers(rows: Iterable[CallRow], facts: Facts) -> tuple[str, ...]:
    busy = {row.manager for row in rows}
    return tuple(one.name for one in facts.managers if one.origin and one.name not in busy)


def _axis(day: date, rows: Sequence[CallRow], facts: Facts) -> Axis:
    instants: list[datetime] = [row.call.due_at for row in rows]
    return axis_of(day, instants, facts.zone)
