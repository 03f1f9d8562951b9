"""Logging in and out, where the page has users."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.duration import spell_duration
from scheduler.web.access import COOKIE
from scheduler.web.form import Form, FormRefused, own_path, read_form
from scheduler.web.frame import Frame
from scheduler.web.guard import LOGIN_PATH
from scheduler.web.passwords import PasswordHash
from scheduler.web.sessions import LoginBrake, Sessions
from scheduler.web.settings import PageSettings, PageUser

log = logging.getLogger(__name__)

_SEED = "login"  # of the form's token: who logs in is nobody yet
_LONGEST_PASSWORD = 1_000
_WRONG = "That name and password don't belong together."


class Login:
    """Checks passwords, one at a time: each costs a tenth of a second and 32 MB."""

    def __init__(self, frame: Frame, settings: PageSettings, sessions: Sessions) -> None:
        self._frame = frame
        self._settings = settings
        self._sessions = sessions
        self._brake = LoginBrake(frame.office.clock)
        self._checking = Lock()
        self._nobodys = PasswordHash.of("")  # checked where the name is wrong, so that it takes as long

    def routes(self) -> list[Route]:
        return [
            Route(LOGIN_PATH, self._show, methods=["GET"]),
            Route(LOGIN_PATH, self._log_in, methods=["POST"]),
            Route("/logout", self._log_out, methods=["POST"]),
        ]

    def _show(self, request: Request) -> Response:
        return self._form(request, request.query_params.get("to", "/"))

    def _form(self, request: Request, to: str, problem: str = "", status: int = 200) -> Response:
        token = self._frame.tokens.of(_SEED)
        return self._frame.view.show(
            request, "login.html", status=status, form_token=token, to=own_path(to), problem=problem
        )

    async def _log_in(self, request: Request) -> Response:
        try:
            form = await read_form(request)
        except FormRefused as error:
            return self._frame.view.refusal(request, 400, "Not logged in", f"{error}.")
        return await run_in_threadpool(partial(self._answer, request, form))

    def _answer(self, request: Request, form: Form) -> Response:
        name, to = form.text("name"), form.text("to")
        if not self._frame.tokens.fits(_SEED, form.text("token")):
            return self._form(request, to, "This form is too old: try again.", 403)
        address = request.client.host if request.client else ""
        with self._checking:
            wait = self._brake.wait(name, address)
            user = None if wait else self._user(name, form.fields.get("password", ""))
            if not wait and user is None:
                self._brake.failed(name, address)
        if wait:
            log.warning("the page lets nobody in from %s for a while: too many wrong passwords", address)
            return self._form(request, to, _too_often(wait), 429)
        if user is None:
            log.warning("a login to the page failed, from %s", address)
            return self._form(request, to, _WRONG, 401)
        return self._let_in(user, own_path(to))

    def _user(self, name: str, password: str) -> PageUser | None:
        user = next((one for one in self._settings.users if one.name == name), None)
        kept = user.password if user is not None else self._nobodys
        fits = len(password) <= _LONGEST_PASSWORD and kept.fits(password)
        return user if fits else None

    def _let_in(self, user: PageUser, to: str) -> Response:
        log.info("%s logged in to the page", user.name)
        answer = RedirectResponse(to, status_code=303)
        answer.set_cookie(
            COOKIE,
            self._sessions.begin(user),
            max_age=int(self._settings.session.total_seconds()),
            secure=self._settings.behind_tls,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def _log_out(self, request: Request) -> Response:
        try:
            form = await read_form(request)
        except FormRefused as error:
            return self._frame.view.refusal(request, 400, "Not logged out", f"{error}.")
        if not self._frame.tokens.fits(request.state.visitor.seed, form.text("token")):
            return self._frame.view.refusal(
                request, 403, "Not logged out", "This form is too old: load the page again."
            )
        self._sessions.end(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse(LOGIN_PATH, status_code=303)
        answer.delete_cookie(COOKIE, secure=self._settings.behind_tls, httponly=True, samesite="lax")
        return answer


def _too_often(wait: timedelta) -> str:
    return f"There were too many wrong passwords: try again in {spell_duration(wait + timedelta(seconds=1))}."
