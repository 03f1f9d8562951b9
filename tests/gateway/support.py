"""What the gateway's tests share: settings on a temporary database, a client, and a receiver of callbacks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import requests

from scheduler.gateway.line import AcceptedCall
from scheduler.gateway.settings import CallbackSettings, GatewayClient, GatewaySettings, LineScript
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation

ORIGIN = PhoneNumber("+3228160257")
CLI = PhoneNumber("+3228160200")
DESTINATION = PhoneNumber("+32468373901")
OTHERS_ORIGIN = PhoneNumber("+442079460018")
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
INSTANT = timedelta(milliseconds=1)

CLIENT = GatewayClient(client_id="acme", client_secret="s3cret", numbers=(ORIGIN, CLI))
OTHER = GatewayClient(client_id="other", client_secret="t0psecret", numbers=(OTHERS_ORIGIN,))

AT_ONCE = LineScript(number_prefix="", after=INSTANT, talk=INSTANT)
QUICK_CALLBACKS = CallbackSettings(
    attempts=4, first_wait=INSTANT, longest_wait=timedelta(milliseconds=4), timeout=timedelta(seconds=5)
)


def settings_of(folder: Path, **changes: Any) -> GatewaySettings:
    """A gateway for the two clients, on a free port, whose phones answer at once."""
    defaults: dict[str, Any] = {
        "database": folder / "gateway.db",
        "clients": (CLIENT, OTHER),
        "port": 0,
        "default_script": AT_ONCE,
        "callbacks": QUICK_CALLBACKS,
    }
    return GatewaySettings(**{**defaults, **changes})


def accepted(session_id: int = 1, **changes: Any) -> AcceptedCall:
    """A call as the line and the records get it."""
    defaults: dict[str, Any] = {
        "session_id": session_id,
        "client_id": CLIENT.client_id,
        "origin": ORIGIN,
        "destination": DESTINATION,
        "cli": None,
        "presentation": Presentation.ALLOWED,
        "callback": "",
        "requested_at": NOON,
    }
    return AcceptedCall(**{**defaults, **changes})


class SetClock:
    """A wall clock that the test sets."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def boot_seconds(self) -> float:
        return self._now.timestamp()

    def advance(self, length: timedelta) -> None:
        self._now += length


class Caller:
    """A client of the API, over real HTTP."""

    def __init__(self, base_url: str, client: GatewayClient = CLIENT) -> None:
        self.base_url = base_url
        self.client = client

    def ask_token(self, **form: str) -> requests.Response:
        return requests.post(
            f"{self.base_url}/token",
            data={"grant_type": "client_credentials", **form},
            auth=(self.client.client_id, self.client.client_secret),
            timeout=5,
        )

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.ask_token().json()['access_token']}"}

    def post_call(
        self, headers: dict[str, str] | None = None, timeout: float = 5, **changes: Any
    ) -> requests.Response:
        """POST a call from ORIGIN to DESTINATION; a change to None leaves that field out."""
        body = {"origin": ORIGIN.e164, "destination": DESTINATION.e164, **changes}
        return requests.post(
            f"{self.base_url}/vca/1.0.0/call",
            json={key: value for key, value in body.items() if value is not None},
            headers=headers or self.bearer,
            timeout=timeout,
        )

    def get_cdrs(self, **parameters: str | int) -> requests.Response:
        return requests.get(f"{self.base_url}/vca/1.0.0/cdr", params=parameters, headers=self.bearer, timeout=5)

    def cdrs(self, **parameters: str | int) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get_cdrs(**parameters).json()["items"]
        return items

    def wait_for_cdrs(self, count: int) -> list[dict[str, Any]]:
        """All CDRs, once there are at least ``count``."""
        wait_until(lambda: len(self.cdrs()) >= count)
        return self.cdrs()

    def complete_call(self, **changes: Any) -> dict[str, Any]:
        """Place a call and return its CDR once the call is over."""
        session_id = self.post_call(**changes).json()["sessionId"]
        wait_until(lambda: session_id in self.by_session())
        return self.by_session()[session_id]

    def by_session(self) -> dict[str, dict[str, Any]]:
        return {cdr["sessionId"]: cdr for cdr in self.cdrs(limit=1000)}


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Ask again until it is so; fails when the time is up."""
    never = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        never.wait(0.01)
    raise AssertionError("it didn't come about in time")


@dataclass
class Receiver:
    """Where callbacks arrive. ``statuses`` are answered one after the other, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: SimpleQueue[dict[str, Any]] = field(default_factory=SimpleQueue)
    paths: list[str] = field(default_factory=list)

    def next_cdr(self) -> dict[str, Any]:
        return self.received.get(timeout=10)


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """A real HTTP server on loopback that takes callbacks."""
    receiver = Receiver(statuses=list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.send_header("Content-Length", "0")
            self.send_header("Location", f"{receiver.url}/elsewhere")
            self.end_headers()
            receiver.paths.append(self.path)
            receiver.received.put(json.loads(body))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
