"""Logging in to calendars and address books: Basic, Digest, bearer tokens, OAuth, and client certificates.

Only here, besides http.py: requests, for its logins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol

from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from scheduler.oauth import TokenSettings
from scheduler.tls import Tls

_MACHINES_OWN = Tls()


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What the configuration says of a login; all of it empty asks as a stranger."""

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)  # a bearer token that stays the same
    oauth: TokenSettings | None = None
    tls: Tls = _MACHINES_OWN


STRANGER = Login()


class Tokens(Protocol):
    """Where bearer tokens come from, as a TokenSource is."""

    def token(self) -> str:
        """:raises ProviderError: there is none to be had."""

    def invalidate(self, token: str) -> None:
        """A server has refused ``token``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedToken:
    """A token that nobody renews."""

    text: str = field(repr=False)

    def token(self) -> str:
        return self.text

    def invalidate(self, token: str) -> None:
        """It is the only one that there is."""


def bearer_of(login: Login, tokens: Tokens | None) -> BearerAuth | None:
    """The login's bearer tokens; ``tokens`` are those of its OAuth, if it has any."""
    if tokens is None and login.token:
        tokens = FixedToken(text=login.token)
    return BearerAuth(tokens) if tokens else None


def auth_of(login: Login, tokens: Tokens | None) -> AuthBase | None:
    """What to log in with; None asks as a stranger."""
    bearer = bearer_of(login, tokens)
    if bearer is None and login.username:
        return PasswordAuth(login.username, login.password)
    return bearer


class BearerAuth(AuthBase):
    """A bearer token (RFC 6750); where it is refused another is asked for, once. For requests and niquests."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __call__(self, request: Any) -> Any:
        token = self._tokens.token()
        request.headers["Authorization"] = f"Bearer {token}"
        request.register_hook("response", partial(self._renewed, token))
        return request

    def _renewed(self, refused: str, answer: Any, **manners: Any) -> Any:
        # niquests also shows answers that are no refusal, and of hosts that a redirect led to: those get no token.
        if answer.status_code != 401 or "Authorization" not in answer.request.headers:
            return answer
        self._tokens.invalidate(refused)
        token = self._tokens.token()
        if token == refused:
            return answer
        again = answer.request.copy()
        again.headers["Authorization"] = f"Bearer {token}"
        answer.close()
        return answer.connection.send(again, **manners)


class PasswordAuth(AuthBase):
    """Basic or Digest (RFC 7617, 7616) as the server asks, which is remembered.

    Over TLS Basic goes along unasked, since some servers answer strangers too. Without TLS nothing is given
    away that the server hasn't asked for.
    """

    def __init__(self, username: str, password: str) -> None:
        self._basic = HTTPBasicAuth(username.encode(), password.encode())
        self._digest: Any = HTTPDigestAuth(username, password)
        self._wanted: Literal["", "basic", "digest"] = ""  # by the server

    def __call__(self, request: Any) -> Any:
        if self._wanted == "digest":
            return self._digest(request)
        request.register_hook("response", self._as_asked)
        if self._wanted == "basic" or (request.url or "").startswith("https:"):
            return self._basic(request)
        return request

    def _as_asked(self, answer: Any, **manners: Any) -> Any:
        """A hook of requests, which only sees refusals."""
        asked = answer.headers.get("WWW-Authenticate", "").lower()
        again = answer.request.copy()
        if "digest" in asked:
            self._wanted = "digest"
            self._digest(again)
            return self._digest.handle_401(answer, **manners)
        if "basic" in asked and "Authorization" not in again.headers:
            self._wanted = "basic"
            return answer.connection.send(self._basic(again), **manners)
        return answer
