"""OAuth 2.0 client credentials (RFC 6749, section 4.4): one bearer token a client, in memory only.

As on the operator's platform, asking again hands out the same token with the lifetime that is left. A restart
forgets them all: clients get a 401 and ask for another.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.errors import RequestRefused
from scheduler.gateway.settings import GatewayClient

_SHORTEST_LIFETIME = timedelta(seconds=1)  # expires_in is in whole seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerToken:
    """A token and its end."""

    text: str = field(repr=False)
    client: GatewayClient
    expires_at: datetime

    def lifetime_left(self, now: datetime) -> timedelta:
        return self.expires_at - now


class Tokens:
    """Who may do what with which token."""

    def __init__(self, clients: tuple[GatewayClient, ...], lifetime: timedelta) -> None:
        self._clients = {client.client_id: client for client in clients}
        self._lifetime = lifetime
        self._tokens: dict[str, BearerToken] = {}

    def client(self, client_id: str, client_secret: str) -> GatewayClient:
        """:raises RequestRefused: no such client, or not its secret."""
        client = self._clients.get(client_id)
        # An unknown client takes as long as a wrong secret, or its absence could be measured.
        expected = client.client_secret if client else secrets.token_urlsafe()
        if not _equal(expected, client_secret) or client is None:
            raise invalid_credentials("the client id or the secret is wrong")
        return client

    def issue(self, client: GatewayClient, now: datetime) -> BearerToken:
        """The client's token while it lasts another second, else a new one."""
        token = self._tokens.get(client.client_id)
        if token is None or token.lifetime_left(now) < _SHORTEST_LIFETIME:
            token = BearerToken(text=secrets.token_urlsafe(32), client=client, expires_at=now + self._lifetime)
            self._tokens[client.client_id] = token
        return token

    def authenticate(self, authorization: str | None, now: datetime) -> GatewayClient:
        """The client of an ``Authorization: Bearer …`` header.

        :raises RequestRefused: no token, an unknown or an expired one.
        """
        scheme, _, text = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise missing_credentials("send 'Authorization: Bearer' and a token from /token")
        for token in self._tokens.values():
            if _equal(token.text, text.strip()) and token.lifetime_left(now) > timedelta(0):
                return token.client
        raise invalid_credentials("the token is unknown or has expired: fetch a new one from /token")

    def revoke(self, client: GatewayClient) -> None:
        """Forget the client's token before its time."""
        self._tokens.pop(client.client_id, None)


def read_basic(authorization: str) -> tuple[str, str]:
    """Client id and secret of an ``Authorization: Basic …`` header (RFC 7617).

    :raises RequestRefused: it isn't one.
    """
    scheme, _, encoded = authorization.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:  # not base64, or not UTF-8 in it
        pair = ""
    client_id, colon, client_secret = pair.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise invalid_credentials("the Authorization header isn't HTTP Basic with a client id and a secret")
    return client_id, client_secret


def missing_credentials(description: str) -> RequestRefused:
    return RequestRefused(
        status=401, code=900902, message="Missing Credentials", description=description
    )  # fmt: skip


def invalid_credentials(description: str) -> RequestRefused:
    return RequestRefused(
        status=401, code=900901, message="Invalid Credentials", description=description
    )  # fmt: skip


def _equal(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())
