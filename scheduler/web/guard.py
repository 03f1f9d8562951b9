"""Before every page: by which name it is asked for, where a form comes from, who asks, what browsers may do."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scheduler.web.access import Door, Refused
from scheduler.web.feed import FEED_PATH
from scheduler.web.settings import PageSettings

LOGIN_PATH = "/login"
STATIC_PATH = "/static"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SAFE = ("GET", "HEAD")

Refusal = Callable[[Request, int, str, str], Response]  # of a status, a title and a sentence


class Guard:
    """The outermost layer of the page."""

    def __init__(self, app: ASGIApp, *, settings: PageSettings, door: Door, refusal: Refusal) -> None:
        self._app = app
        self._settings = settings
        self._door = door
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = self._stop(request) or self._app
        await answer(scope, receive, _with_headers(send))

    def _stop(self, request: Request) -> Response | None:
        """Why the request goes no further; None where it does, with who asks in its state."""
        if request.url.path.startswith(f"{FEED_PATH}/"):
            # Its path is a secret and says who asks; a calendar program neither logs in nor runs scripts.
            request.state.visitor = None
            return None
        if _host(f"//{request.headers.get('host', '')}") not in self._settings.names:
            # A page of a stranger whose name points to this address would else be let in by the visitor's browser.
            own = self._settings.url or "its own address"
            text = f"This page isn't known by that name: ask for it at {own} (page.url)."
            return self._refusal(request, 421, "Not here", text)
        if request.method not in _SAFE and not self._is_of_this_site(request):
            return self._refusal(request, 403, "Refused", "This form was sent from another site.")
        try:
            request.state.visitor = self._door.visitor(request)
        except Refused as error:
            return self._refusal(request, 403, "Refused", str(error))
        if request.state.visitor is None and not _is_for_anybody(request.url.path):
            return _to_login(request)
        return None

    def _is_of_this_site(self, request: Request) -> bool:
        """As far as the browser says: the token of the form is looked at besides."""
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = request.headers.get("origin", "null")
        return origin == "null" or _host(origin) in self._settings.names


def _is_for_anybody(path: str) -> bool:
    return path == LOGIN_PATH or path.startswith(f"{STATIC_PATH}/")


def _to_login(request: Request) -> Response:
    wanted = request.url.path if request.method in _SAFE else "/"
    return RedirectResponse(f"{LOGIN_PATH}?to={quote(wanted)}", status_code=303)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
