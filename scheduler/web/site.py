"""The page as a whole: every page's routes behind one guard, and the files that browsers load beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from scheduler.errors import DatabaseError
from scheduler.web.access import FormTokens, door_of
from scheduler.web.feed import feed_routes
from scheduler.web.frame import Frame
from scheduler.web.guard import STATIC_PATH, Guard
from scheduler.web.office import Office
from scheduler.web.pages import calendars, call, day, history, outcomes, pauses, today
from scheduler.web.pages.login import Login
from scheduler.web.sessions import Sessions
from scheduler.web.settings import PageSettings
from scheduler.web.tellings import Tellings
from scheduler.web.view import View

log = logging.getLogger(__name__)

_PAGES = (today, day, history, outcomes, calendars, pauses, call)
_STATIC = Path(__file__).with_name("static")


def create_site(office: Office, settings: PageSettings) -> ASGIApp:
    """A new key for forms and no session: a restart makes everybody load the page, and log in, again."""
    tokens, tellings = FormTokens(), Tellings()
    view = View(office, tokens, tellings)
    frame = Frame(office=office, tokens=tokens, tellings=tellings, view=view)
    sessions = Sessions(office.clock, settings.session)
    routes: list[BaseRoute] = [route for page in _PAGES for route in page.routes(frame)]
    if settings.users:
        routes += Login(frame, settings, sessions).routes()
    routes += feed_routes(office.ledger, office.clock, lambda: office.facts.feed)
    routes.append(Mount(STATIC_PATH, StaticFiles(directory=_STATIC)))
    # Not as a middleware: those stand inside of what answers to our own errors.
    site = Starlette(routes=routes, exception_handlers=_handlers(view))
    return Guard(site, settings=settings, door=door_of(settings, sessions), refusal=view.refusal)


def _handlers(view: View) -> dict[Any, Callable[[Request, Exception], Response]]:
    def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        text = "There is no such page." if status == 404 else "That can't be asked of this page."
        return view.refusal(request, status, "Not found" if status == 404 else "Refused", text)

    def unreadable(request: Request, error: Exception) -> Response:
        log.error("the page can't read the ledger: %s", error)
        return view.refusal(request, 503, "The ledger can't be read", f"{error}.")

    def failed(request: Request, _error: Exception) -> Response:
        # Its traceback is logged by the server.
        return view.refusal(request, 500, "Something went wrong", "The daemon's log says what. Calls go on.")

    return {HTTPException: refused, DatabaseError: unreadable, Exception: failed}
