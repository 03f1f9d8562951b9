"""A provider of sockets that misbehaves as it is told, and the real client and duties that meet it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from scheduler.callout.client import CalloutClient, CalloutSettings
from scheduler.http import Http, HttpSettings
from scheduler.oauth import TokenSettings, TokenSource
from tests.clocks import NOON
from tests.duties.support import DESTINATION, POLICY, Bench, bench, cdr
from tests.hostile import Behaviour, Connection, Hostile, Request, answer

SHORT = 0.3  # seconds, for each wait
SECOND = timedelta(seconds=1)
# Seconds after a call is due at which its duties look: while it may ring, and once nobody will tell any more.
_MOMENTS = (0, 1, 5, 30, 60, 299, 301, POLICY.silence.total_seconds() + 302)


def token(connection: Connection, request: Request) -> None:
    answer(200, b'{"access_token": "token", "expires_in": 86400}')(connection, request)


class HostileProvider:
    """Its n-th POST meets the n-th of ``calls``, the last one for ever; likewise ``lists`` and GET /cdr.

    Where ``lists`` has come to its end, ``records`` are shown as they are.
    """

    def __init__(self, *calls: Behaviour, lists: tuple[Behaviour, ...] = (), tokens: Behaviour = token) -> None:
        self.posts: list[Request] = []
        self.records: list[Mapping[str, Any]] = []
        self._calls = calls
        self._lists = list(lists)
        self._tokens = tokens
        self.server = Hostile(self._behave)

    def _behave(self, connection: Connection, request: Request) -> None:
        self._behaviour_for(request)(connection, request)

    def _behaviour_for(self, request: Request) -> Behaviour:
        if request.path == "/token":
            return self._tokens
        if request.method == "POST" and request.path == "/vca/call":
            self.posts.append(request)
            return self._calls[min(len(self.posts), len(self._calls)) - 1]
        if request.path.startswith("/vca/cdr"):
            return self._lists.pop(0) if self._lists else page(*self.records)
        return answer(404)


def page(*items: object, last: int = 0) -> Behaviour:
    """A page of GET /cdr."""
    meta = {"currentPage": 0, "totalElements": len(items), "lastPage": last}
    return answer(200, json.dumps({"items": items, "meta": meta}).encode())


def accepted(session_id: str) -> Behaviour:
    return answer(201, json.dumps({"sessionId": session_id}).encode())


def record(
    after: timedelta = timedelta(), *, without: str = "", destination: str = DESTINATION.e164, **changes: object
) -> dict[str, Any]:
    """The record of a call placed so long after noon, which was talked for a minute, with changes."""
    whole = {**cdr(NOON + after).raw, "destination": destination.removeprefix("+"), **changes}
    return {key: value for key, value in whole.items() if key != without}


class HostileBench:
    """The duties around one ledger, with the real client on the wire and a clock that is set."""

    def __init__(
        self, duties: Bench, provider: HostileProvider, http: Http, *, calls_at: str, refused_on_503: bool
    ) -> None:
        self.duties = duties
        self.provider = provider
        self._http = http
        self._refused_on_503 = refused_on_503
        duties.placing.provider = self._client(calls_at or provider.server.url)
        duties.collecting.provider = self._client(provider.server.url)

    def _client(self, url: str) -> CalloutClient:
        settings = CalloutSettings(
            url=f"{url}/vca", timeout=timedelta(seconds=SHORT), refused_on_503=self._refused_on_503
        )
        tokens = TokenSettings(url=f"{self.provider.server.url}/token", client_id="acme", client_secret="s3cret")
        return CalloutClient(settings, self._http, TokenSource(tokens, self._http, self.duties.clock))

    def look(self, seconds: float) -> None:
        """What the daemon does so many seconds after noon."""
        self.duties.clock.advance(NOON + timedelta(seconds=seconds) - self.duties.clock.now())
        self.duties.place_due()
        self.duties.collect()

    def see_through(self) -> None:
        """Until every call that was due at noon has ended, and nobody has anything to say of it any more."""
        for seconds in _MOMENTS:
            self.look(seconds)


@contextmanager
def hostile_bench(
    folder: Path, provider: HostileProvider, *, calls_at: str = "", refused_on_503: bool = False
) -> Iterator[HostileBench]:
    """:param calls_at: where calls are placed, if that is another server."""
    http = Http(HttpSettings(connect_timeout=SHORT, read_timeout=SHORT))
    with provider.server, bench(folder) as duties, closing(http):
        yield HostileBench(duties, provider, http, calls_at=calls_at, refused_on_503=refused_on_503)
