"""History: every call that there was, searched by number, name, title, outcome, manager and date, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.calendars.contact import Contacts
from scheduler.calls.call import Outcome
from scheduler.database import LARGEST_INTEGER, read_instant, write_instant
from scheduler.errors import NumberError
from scheduler.ledger.browse import Place, Search, find_calls
from scheduler.phone import PhoneNumber, looks_like_number, read_number
from scheduler.web.form import FormRefused
from scheduler.web.frame import Frame
from scheduler.web.office import Facts, Office
from scheduler.web.rows import Listed, read_rows
from scheduler.web.times import day_of, read_day, span_of

_A_PAGE = 50  # calls
_LONGEST = 200  # letters of a field: SQLite refuses to look for very long words
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What stands in the form, as it was typed."""

    q: str = ""  # a number, a name or a part of a title
    manager: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""

    def address(self, before: Place | None = None) -> str:
        """Of this search; ``before`` is where its next page begins."""
        asked = {field.name: getattr(self, field.name) for field in fields(self)}
        place = f"{write_instant(before.due_at)}/{before.call_id}" if before else ""
        return "/history?" + urlencode({name: text for name, text in {**asked, "before": place}.items() if text})


def routes(frame: Frame) -> list[Route]:
    return [frame.page("/history", _show)]


def _show(frame: Frame, request: Request) -> Response:
    office, params = frame.office, request.query_params
    asked = Asked(**{field.name: params.get(field.name, "").strip()[:_LONGEST] for field in fields(Asked)})
    try:
        search, before = read_search(asked, office), _read_place(params.get("before", ""))
    except FormRefused as error:
        return frame.view.show(request, "history.html", status=400, problem=f"{error}.", **_choices(asked, office))
    found = office.ledger.read(find_calls, search, before, _A_PAGE)
    rows = office.ledger.read(read_rows, found.calls, office.facts, office.clock.now())
    return frame.view.show(
        request,
        "history.html",
        problem="",
        listed=Listed(rows=rows),
        older=asked.address(found.older) if found.older else "",
        paused_at=found.paused_at,
        first=asked.address() if before else "",
        **_choices(asked, office),
    )


def _choices(asked: Asked, office: Office) -> Mapping[str, Any]:
    managers = [one.name for one in office.facts.managers if one.origin]
    return {"asked": asked, "managers": managers, "outcomes": tuple(Outcome)}


def read_search(asked: Asked, office: Office) -> Search:
    """:raises FormRefused: a part of it can't be meant."""
    facts = office.facts
    until = _day(asked.until, facts) or day_of(office.clock.now(), facts.zone)
    since = _day(asked.since, facts)
    number = _number(asked.q, facts.region)
    return Search(
        since=since[0] if since else _BEGINNING,
        until=until[1],
        number=number,
        origin=_origin(asked.manager, facts),
        outcome=_outcome(asked.outcome),
        words="" if number else asked.q,
        customers=() if number else numbers_of(asked.q, office.known().contacts),
    )


def numbers_of(name: str, contacts: Contacts) -> tuple[PhoneNumber, ...]:
    """All numbers of everybody whose whole name it is: their calls may have other titles."""
    return tuple(one.number for contact in contacts.by_name(name) for one in contact.numbers)


def _number(text: str, region: str) -> PhoneNumber | None:
    if not looks_like_number(text):
        return None
    try:
        return read_number(text, region)
    except NumberError as error:
        raise FormRefused(f"{error}; search for a whole number, or for words of the title") from None


def _origin(name: str, facts: Facts) -> PhoneNumber | None:
    if not name:
        return None
    found = next((one.origin for one in facts.managers if one.name == name), None)
    if found is None:
        raise FormRefused(f"no manager with a phone is called {name!r}")
    return found


def _outcome(text: str) -> Outcome | None:
    try:
        return Outcome(text) if text else None
    except ValueError:
        raise FormRefused(f"no call ends as {text!r}") from None


def _day(text: str, facts: Facts) -> tuple[datetime, datetime] | None:
    day = read_day(text)
    return span_of(day, facts.zone) if day else None


def _read_place(text: str) -> Place | None:
    """Where a page begins, as its address says."""
    if not text:
        return None
    due_at, _, call_id = text.partition("/")
    try:
        place = Place(due_at=read_instant(due_at).astimezone(UTC), call_id=int(call_id))
    except (ValueError, OverflowError):
        place = None
    if place is None or not 0 <= place.call_id <= LARGEST_INTEGER:
        raise FormRefused("this page's address is damaged: search again")
    return place
