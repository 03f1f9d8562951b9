"""Who asks, and what they may do: everybody at this machine, who has logged in, or whom a proxy names."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import HTTPConnection

from scheduler.web.sessions import Sessions
from scheduler.web.settings import PageSettings, Role, TrustedProxy

COOKIE = "call-scheduler"
# What proxies add; who comes through one isn't at this machine, whatever the connection says.
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks; ``seed`` is what the tokens of their forms are made from."""

    name: str
    role: Role
    seed: str = field(repr=False)
    may_leave: bool = False  # has logged in here

    @property
    def may_steer(self) -> bool:
        return self.role is Role.OPERATOR


class Refused(Exception):
    """Nobody is let in this way; the sentence says why and what to do."""


class Door(Protocol):
    """How people get in."""

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        """Who asks; None: they have to log in first.

        :raises Refused: they can't get in at all.
        """


class OpenDoor:
    """On loopback, without users: who is at this machine may do everything."""

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        if any(name in request.headers for name in _PASSED_ON):
            raise Refused(
                "This came through a proxy, and nobody has to log in here: whoever reaches the proxy could steer "
                "the calls. Add a [[page.user]] or a [page.proxy] to the configuration."
            )
        return Visitor(name="somebody at this machine", role=Role.OPERATOR, seed="open")


class LoginDoor:
    """By the cookie of who has logged in."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        secret = request.cookies.get(COOKIE, "")
        user = self._sessions.user_of(secret)
        if user is None:
            return None
        return Visitor(name=user.name, role=user.role, seed=f"session {secret}", may_leave=True)


class ProxyDoor:
    """By the header of a proxy, from where that one is alone."""

    def __init__(self, proxy: TrustedProxy) -> None:
        self._proxy = proxy

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        if request.client is None or not self._proxy.is_at(request.client.host):
            raise Refused("Only the proxy of this page is let in: ask for its address (page.proxy.addresses).")
        names = request.headers.getlist(self._proxy.header)
        if len(names) != 1 or not names[0].strip():
            raise Refused(f"The proxy doesn't say who asks: it has to set {self._proxy.header} once (page.proxy).")
        name = names[0].strip()
        role = Role.OPERATOR if name in self._proxy.operators else Role.VIEWER
        return Visitor(name=name, role=role, seed=f"proxy {name}")


def door_of(settings: PageSettings, sessions: Sessions) -> Door:
    if settings.proxy is not None:
        return ProxyDoor(settings.proxy)
    return LoginDoor(sessions) if settings.users else OpenDoor()


class FormTokens:
    """Tokens that prove that a form was taken from this page by the very visitor who sends it (CSRF)."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def of(self, seed: str) -> str:
        return hmac.new(self._key, seed.encode(), "sha256").hexdigest()

    def fits(self, seed: str, token: str) -> bool:
        return hmac.compare_digest(self.of(seed).encode(), token.encode())
