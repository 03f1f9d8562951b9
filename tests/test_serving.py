"""The server in this process: silent strangers don't cost those who ask."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests
from fastapi import FastAPI

from scheduler import serving
from scheduler.errors import ConfigError
from scheduler.serving import ServerThread, base_url, listen


@pytest.fixture
def server() -> Iterator[str]:
    app = FastAPI()
    app.get("/")(lambda: "here")
    with listen("127.0.0.1", 0, "test") as listener:
        thread = ServerThread(app, listener, "test")
        yield base_url(listener)
        thread.stop()


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def test_a_connection_that_asks_nothing_is_closed(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_SILENCE_SECONDS", 0.01)
    with connect(server) as silent:
        assert silent.recv(1) == b""


def test_more_connections_than_anyone_needs_are_closed_at_once(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_MOST_CONNECTIONS", 2)
    with ExitStack() as kept:
        silent = [kept.enter_context(connect(server)) for _ in range(3)]
        assert silent[2].recv(1) == b""
    assert requests.get(server, timeout=10).json() == "here"


def test_a_port_in_use_is_told_with_who_wanted_it() -> None:
    with listen("127.0.0.1", 0, "one") as taken, pytest.raises(ConfigError, match=r"two 127\.0\.0\.1:\d+: can't"):
        listen("127.0.0.1", taken.getsockname()[1], "two")
