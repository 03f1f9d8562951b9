from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.database import Database
from scheduler.gateway.records import MIGRATIONS
from scheduler.gateway.server import running
from scheduler.gateway.settings import CallbackSettings
from tests.gateway.support import (
    INSTANT,
    QUICK_CALLBACKS,
    Caller,
    Receiver,
    SetClock,
    receiving,
    settings_of,
    wait_until,
)


def callback_rows(folder: Path) -> list[tuple[str, int, str]]:
    """State, attempts and last problem of every callback, from the database itself."""
    database = Database(folder / "gateway.db", MIGRATIONS, read_only=True)
    try:
        rows = database.read(
            lambda connection: connection.execute(
                "SELECT state, attempts, problem FROM callback ORDER BY id"
            ).fetchall()
        )
        return [tuple(row) for row in rows]
    finally:
        database.close()


def place(caller: Caller, receiver: Receiver, path: str = "/cdr/reference") -> str:
    session_id: str = caller.post_call(callback=receiver.url + path).json()["sessionId"]
    return session_id


def test_a_callback_carries_the_cdr_as_the_list_shows_it(tmp_path: Path) -> None:
    with receiving() as receiver, running(settings_of(tmp_path)) as url:
        place(Caller(url), receiver)
        assert receiver.next_cdr() == Caller(url).wait_for_cdrs(1)[0]
        assert receiver.paths == ["/cdr/reference"]


def test_a_failing_receiver_is_tried_again_until_it_takes_the_cdr(tmp_path: Path) -> None:
    with receiving(500, 404, 204) as receiver, running(settings_of(tmp_path)) as url:
        place(Caller(url), receiver)
        assert receiver.next_cdr() == receiver.next_cdr() == receiver.next_cdr()
        wait_until(lambda: callback_rows(tmp_path) == [("delivered", 3, "")])


def test_a_redirect_is_a_failure_and_is_not_followed(tmp_path: Path) -> None:
    with receiving(307) as receiver, running(settings_of(tmp_path)) as url:
        place(Caller(url), receiver)
        wait_until(lambda: callback_rows(tmp_path) == [("delivered", 2, "")])
        assert receiver.paths == ["/cdr/reference"] * 2


def test_a_receiver_that_never_takes_it_is_given_up(tmp_path: Path) -> None:
    with receiving(*[503] * 10) as receiver, running(settings_of(tmp_path)) as url:
        place(Caller(url), receiver)
        wait_until(lambda: callback_rows(tmp_path) == [("given_up", 4, "answered 503")])
        assert len(receiver.paths) == QUICK_CALLBACKS.attempts


def test_a_receiver_that_is_not_there_costs_only_its_own_callback(tmp_path: Path) -> None:
    with receiving() as gone:
        pass
    with receiving() as receiver, running(settings_of(tmp_path)) as url:
        place(Caller(url), gone)
        told = place(Caller(url), receiver)
        assert receiver.next_cdr()["sessionId"] == told
        wait_until(lambda: sorted(callback_rows(tmp_path))[1] == ("given_up", 4, "NotSent"))


def test_a_pending_callback_survives_a_restart(tmp_path: Path) -> None:
    clock = SetClock()
    hourly = CallbackSettings(first_wait=timedelta(hours=1), longest_wait=timedelta(hours=1))
    with receiving(503) as receiver:
        with running(settings_of(tmp_path, callbacks=hourly), clock=clock) as url:
            place(Caller(url), receiver)
            first = receiver.next_cdr()
            wait_until(lambda: callback_rows(tmp_path) == [("pending", 1, "answered 503")])
        clock.advance(timedelta(hours=2))
        with running(settings_of(tmp_path, callbacks=hourly), clock=clock):
            assert receiver.next_cdr() == first
            wait_until(lambda: callback_rows(tmp_path) == [("delivered", 2, "")])


def test_the_wait_doubles_up_to_its_limit() -> None:
    settings = CallbackSettings(first_wait=timedelta(seconds=2), longest_wait=timedelta(seconds=30))
    waits = [settings.wait_after(attempts).total_seconds() for attempts in range(1, 8)]
    assert waits == [2, 4, 8, 16, 30, 30, 30]


def test_the_log_names_the_host_and_keeps_the_reference_to_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    once = CallbackSettings(attempts=1, first_wait=INSTANT)
    with (
        caplog.at_level(logging.DEBUG, logger="scheduler"),
        receiving(500) as receiver,
        running(settings_of(tmp_path, callbacks=once)) as url,
    ):
        place(Caller(url), receiver, "/cdr/unguessable")
        wait_until(lambda: callback_rows(tmp_path) == [("given_up", 1, "answered 500")])
    assert "to 127.0.0.1 given up: answered 500" in caplog.text
    assert "unguessable" not in caplog.text
