"""From templates to answers: everything that is shown is escaped, and what a template misnames is an error."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from scheduler.duration import spell_duration
from scheduler.web import times
from scheduler.web.access import FormTokens
from scheduler.web.office import Office
from scheduler.web.rows import scope_words
from scheduler.web.tellings import Tellings

NAVIGATION = (
    ("/", "Today"),
    ("/day", "Day"),
    ("/history", "History"),
    ("/outcomes", "Outcomes"),
    ("/calendars", "Calendars"),
    ("/pauses", "Pauses"),
)


class View:
    """Fills the templates; each gets what it is given and, in every one, who looks and what is told."""

    def __init__(self, office: Office, tokens: FormTokens, tellings: Tellings) -> None:
        self._office = office
        self._tokens = tokens
        self._tellings = tellings
        self._templates = Environment(
            loader=PackageLoader("scheduler.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            clock=lambda instant: times.time_only(instant, office.facts.zone),
            hour=lambda instant: times.hour_only(instant, office.facts.zone),
            moment=lambda instant: times.date_and_time(instant, office.facts.zone),
            local=lambda instant: times.for_input(instant, office.facts.zone),
            spelled=spell_duration,
            ago=lambda instant: f"{spell_duration(max(office.clock.now() - instant, timedelta()))} ago",
            named=lambda scope: scope_words(scope, office.facts),
        )

    def show(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """:param values: what the template names."""
        visitor = getattr(request.state, "visitor", None)
        text = self._templates.get_template(template).render(
            visitor=visitor,
            token=self._tokens.of(visitor.seed) if visitor else "",
            told=self._tellings.find(request.query_params.get("told", "")),
            path=request.url.path,
            navigation=NAVIGATION,
            now=self._office.clock.now(),
            zone=self._office.facts.zone.key,
            **values,
        )
        return HTMLResponse(text, status_code=status)

    def refusal(self, request: Request, status: int, title: str, text: str) -> HTMLResponse:
        return self.show(request, "refusal.html", status=status, title=title, text=text)
