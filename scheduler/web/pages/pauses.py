"""Pauses: what isn't placed for a while, and why; to begin and to end them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.calls.pause import PauseScope
from scheduler.ledger.pauses import begin_pause, end_pause, select_pauses
from scheduler.web.frame import Frame, Press
from scheduler.web.office import Facts
from scheduler.web.rows import scope_words
from scheduler.web.tellings import NotDone, Told
from scheduler.web.times import date_and_time

_LONGEST_REASON = 200


def routes(frame: Frame) -> list[Route]:
    return [
        frame.page("/pauses", _show),
        frame.button("/pauses", _begin),
        frame.button("/pauses/end", _end),
    ]


def _show(frame: Frame, request: Request) -> Response:
    office = frame.office
    pauses = office.ledger.read(select_pauses, office.clock.now())
    return frame.view.show(request, "pauses.html", pauses=pauses, choices=tuple(scopes(office.facts)))


def scopes(facts: Facts) -> dict[str, PauseScope]:
    """What can be paused, by what people read."""
    phones = [(one.name, one.origin) for one in facts.managers if one.origin]
    managers = {f"manager {name} ({origin})": PauseScope(origin=origin) for name, origin in phones}
    calendars = {f"calendar {name}": PauseScope(calendar=name) for name in facts.calendars}
    return {"everything": PauseScope(), **managers, **calendars}


def _begin(press: Press) -> Told:
    office, form = press.office, press.form
    scope, now = _chosen(form.text("scope"), office.facts), office.clock.now()
    until = form.moment("until", office.facts.zone)
    if until is not None and until <= now:
        raise NotDone("the end of the pause is past already")
    reason = form.text("reason")[:_LONGEST_REASON]
    office.ledger.write(begin_pause, scope, until, reason, now, who=press.visitor.name)
    end = date_and_time(until, office.facts.zone).striptags() if until else "somebody resumes it"
    return Told(text=f"Paused: {scope_words(scope, office.facts)}, until {end}.")


def _end(press: Press) -> Told:
    office, now = press.office, press.office.clock.now()
    wanted = press.form.text("pause")
    pause = next((one for one in office.ledger.read(select_pauses, now) if str(one.id) == wanted), None)
    if pause is None or not office.ledger.write(end_pause, pause.scope, now, who=press.visitor.name):
        raise NotDone("that pause is over already")
    resumed = scope_words(pause.scope, office.facts)
    return Told(text=f"Resumed: {resumed}. What waited rings now, where it isn't too late for it.")


def _chosen(value: str, facts: Facts) -> PauseScope:
    scope = scopes(facts).get(value)
    if scope is None:
        raise NotDone(f"there is nothing called {value!r} to pause")
    return scope
