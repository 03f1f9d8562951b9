"""Outcomes: how calls ended, by day, by manager and by hour of the day; drawn, and as tables."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.ledger.browse import count_by_origin, count_by_time
from scheduler.web.chart import by_day, by_hour, by_manager
from scheduler.web.frame import Frame
from scheduler.web.times import span_of

PERIODS = (7, 31, 92)  # days, today included


def routes(frame: Frame) -> list[Route]:
    return [frame.page("/outcomes", _show)]


def _show(frame: Frame, request: Request) -> Response:
    office, zone = frame.office, frame.office.facts.zone
    days = _days(request.query_params.get("days", ""))
    today = office.clock.now().astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since, until = span_of(first, zone)[0], span_of(today, zone)[1]
    by_time = office.ledger.read(count_by_time, since, until)
    by_origin = office.ledger.read(count_by_origin, since, until)
    charts = (
        ("By day", by_day(by_time, first, days, zone)),
        ("By manager", by_manager(by_origin, office.facts)),
        ("By hour of the day", by_hour(by_time, zone)),
    )
    return frame.view.show(
        request,
        "outcomes.html",
        charts=charts,
        periods=PERIODS,
        days=days,
        calls=sum(one.calls for one in by_time),
    )


def _days(text: str) -> int:
    """One of the periods; the shortest where it is none of them."""
    return next((days for days in PERIODS if str(days) == text), PERIODS[0])
