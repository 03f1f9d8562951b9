"""Gates before a server: each looks at a request, as a Proxy's ``instead`` does, and demands a login."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from itertools import count
from urllib.parse import parse_qs

from tests.hostile import Connection, Request, answer
from tests.servers import Reply, Seen


def refuse(challenge: str) -> Reply:
    page = b"<!doctype html><html><br>Who are you?</html>"
    return Reply(status=401, body=page, headers={"WWW-Authenticate": challenge, "Content-Type": "text/html"})


class BasicGate:
    """Demands Basic (RFC 7617); counts the logins that were wrong."""

    def __init__(self, user: str, password: str) -> None:
        self.wrong = 0
        self._right = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def __call__(self, seen: Seen) -> Reply | None:
        given = seen.headers.get("Authorization")
        if given == self._right:
            return None
        self.wrong += given is not None
        return refuse('Basic realm="office"')


class DigestGate:
    """Demands Digest (RFC 7616) with a nonce of its own; counts the logins that were wrong, another kind's too."""

    def __init__(self, user: str, password: str, algorithm: str = "MD5") -> None:
        self.wrong = 0
        self._user, self._password, self._algorithm = user, password, algorithm
        self._nonces: set[str] = set()
        self._numbers = count(1)

    def __call__(self, seen: Seen) -> Reply | None:
        given = seen.headers.get("Authorization", "")
        if given.startswith("Digest ") and self._proves(seen, given):
            return None
        self.wrong += bool(given)
        nonce = f"nonce-{next(self._numbers)}"
        self._nonces.add(nonce)
        return refuse(f'Digest realm="office", nonce="{nonce}", qop="auth", algorithm={self._algorithm}')

    def forget(self) -> None:
        """Every nonce has expired."""
        self._nonces.clear()

    def _proves(self, seen: Seen, given: str) -> bool:
        said = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,]*))', given)}
        who = self._hash(f"{self._user}:office:{self._password}")
        what = self._hash(f"{seen.method}:{seen.path}")
        proof = self._hash(f"{who}:{said['nonce']}:{said['nc']}:{said['cnonce']}:auth:{what}")
        return said["nonce"] in self._nonces and said["uri"] == seen.path and said["response"] == proof

    def _hash(self, text: str) -> str:
        return hashlib.new(self._algorithm.replace("-", ""), text.encode()).hexdigest()


class BearerGate:
    """Demands a bearer token (RFC 6750), one of ``valid``."""

    def __init__(self, *valid: str) -> None:
        self.valid = set(valid)
        self.wrong = 0

    def __call__(self, seen: Seen) -> Reply | None:
        given = seen.headers.get("Authorization", "")
        if given.removeprefix("Bearer ") in self.valid:
            return None
        self.wrong += bool(given)
        return refuse('Bearer realm="office", error="invalid_token"')


class RotatingTokens:
    """A token server that takes each refresh token once and hands out the next with the answer (a Behaviour)."""

    def __init__(self, refresh_token: str) -> None:
        self.asked: list[Mapping[str, str]] = []
        self.refresh_token = refresh_token
        self.access_token = ""

    def __call__(self, connection: Connection, request: Request) -> None:
        asked = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.asked.append(asked)
        if asked.get("refresh_token") != self.refresh_token:
            answer(400, b'{"error": "invalid_grant", "error_description": "it was used"}')(connection, request)
            return
        self.refresh_token = f"refresh-{len(self.asked)}"
        self.access_token = f"access-{len(self.asked)}"
        body = {"access_token": self.access_token, "refresh_token": self.refresh_token, "expires_in": 3600}
        answer(200, json.dumps(body).encode())(connection, request)
