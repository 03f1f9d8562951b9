"""What every page stands in: pages are looked at, buttons are pressed, and no button goes without its checks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.errors import CallSchedulerError
from scheduler.web.access import FormTokens, Visitor
from scheduler.web.form import Form, FormRefused, own_path, read_form
from scheduler.web.office import Office
from scheduler.web.tellings import NotDone, Tellings, Told
from scheduler.web.view import View

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that somebody who may has pressed."""

    office: Office
    visitor: Visitor
    form: Form
    params: Mapping[str, Any]  # of the path


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Handed to each page for its routes."""

    office: Office
    tokens: FormTokens
    tellings: Tellings
    view: View

    def page(self, path: str, show: Callable[[Frame, Request], Response]) -> Route:
        """A page to look at; ``show`` runs in a thread of its own, and may read the ledger."""
        return Route(path, partial(show, self), methods=["GET"])

    def button(self, path: str, press: Callable[[Press], Told]) -> Route:
        """A form to send; what came of it is told on the page that it was sent from.

        :param press: runs in a thread of its own; raises :class:`NotDone` with the reason.
        """
        return Route(path, partial(self._pressed, press), methods=["POST"])

    async def _pressed(self, press: Callable[[Press], Told], request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        try:
            form = await read_form(request)
        except FormRefused as error:
            return self.view.refusal(request, 400, "Not done", f"Nothing was done: {error}.")
        if refused := self._refused(visitor, form):
            return self.view.refusal(request, 403, "Not done", refused)
        pressed = Press(office=self.office, visitor=visitor, form=form, params=request.path_params)
        told = await run_in_threadpool(_outcome, press, pressed)
        log.info("%s pressed %s: %s", visitor.name, request.url.path, "done" if told.fine else "not done")
        return RedirectResponse(
            f"{told.at or own_path(form.text('back'))}?told={self.tellings.keep(told)}", status_code=303
        )

    def _refused(self, visitor: Visitor, form: Form) -> str:
        if not self.tokens.fits(visitor.seed, form.text("token")):
            return "Nothing was done: this form is too old, or isn't from this page. Load the page again first."
        if not visitor.may_steer:
            return f"Nothing was done: {visitor.name} may look, but press no buttons (page.user.role)."
        return ""


def _outcome(press: Callable[[Press], Told], pressed: Press) -> Told:
    try:
        return press(pressed)
    except (NotDone, FormRefused, CallSchedulerError) as error:
        return Told(text=f"Not done: {error}.", fine=False)
