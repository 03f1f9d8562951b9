"""The callback listener: its URL proves acceptance, whatever the body says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scheduler.callout.answer import PerhapsSent
from scheduler.calls.call import State
from scheduler.serving import ServerThread, base_url, listen
from scheduler.web.callback import create_app
from tests.clocks import NOON
from tests.duties.support import Bench, bench, cdr


class Listener:
    def __init__(self, duties: Bench) -> None:
        self.duties = duties
        self.woken = threading.Event()
        self._socket = listen("127.0.0.1", 0, "test")
        app = create_app(duties.ledger, duties.clock, self.woken.set)
        self._server = ServerThread(app, self._socket, "callbacks")
        self.url = base_url(self._socket) + "/callback"

    def close(self) -> None:
        self._server.stop()
        self._socket.close()

    def deliver(self, reference: str, body: bytes) -> int:
        return requests.post(f"{self.url}/{reference}", data=body, timeout=10).status_code


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with bench(tmp_path) as duties:
        found = Listener(duties)
        yield found
        found.close()


def lost(duties: Bench) -> tuple[int, str]:
    """A call whose answer was lost, and its attempt's reference."""
    call_id = duties.add()
    duties.provider.answers = [PerhapsSent(reason="lost")]
    duties.place_due()
    return call_id, duties.attempts(call_id)[0].reference


def kept(duties: Bench) -> list[str]:
    rows = duties.ledger.read(lambda c: c.execute("SELECT raw FROM cdr ORDER BY id").fetchall())
    return [row["raw"] for row in rows]


def test_a_callback_proves_that_a_lost_request_was_accepted(listener: Listener) -> None:
    call_id, reference = lost(listener.duties)
    assert listener.deliver(reference, cdr(NOON, session_id="42").raw_text.encode()) == 204
    (attempt,) = listener.duties.attempts(call_id)
    assert (listener.duties.call(call_id).state, attempt.session_id) == (State.PLACED, "42")
    assert listener.woken.is_set()


def test_an_unreadable_callback_is_kept_raw_and_still_proves_acceptance(listener: Listener) -> None:
    call_id, reference = lost(listener.duties)
    assert listener.deliver(reference, b"<html>oops") == 204
    assert listener.duties.call(call_id).state is State.PLACED
    assert kept(listener.duties) == ["<html>oops"]


def test_a_callback_delivered_twice_is_kept_once(listener: Listener) -> None:
    _, reference = lost(listener.duties)
    body = cdr(NOON).raw_text.encode()
    assert [listener.deliver(reference, body) for _ in range(2)] == [204, 204]
    assert [json.loads(raw)["sessionId"] for raw in kept(listener.duties)] == ["session-1"]


def test_an_unknown_reference_is_refused_and_wakes_nobody(listener: Listener) -> None:
    assert listener.deliver("guessed", b"{}") == 404
    assert not listener.woken.is_set()


def test_a_body_larger_than_any_cdr_is_refused(listener: Listener) -> None:
    _, reference = lost(listener.duties)
    assert listener.deliver(reference, b"x" * 100_000) == 413
    assert kept(listener.duties) == []


def test_the_url_accepts_nothing_but_post(listener: Listener) -> None:
    _, reference = lost(listener.duties)
    assert requests.get(f"{listener.url}/{reference}", timeout=10).status_code == 405
