"""The dead man's switch hears from a daemon that works, and of one that doesn't any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from scheduler.duties.ping import PingDuty, PingSettings
from scheduler.errors import HttpError
from scheduler.http import Http, HttpSettings
from tests.hostile import Hostile, answer


@pytest.fixture
def http() -> Iterator[Http]:
    with closing(Http(HttpSettings())) as found:
        yield found


def settings(server: Hostile) -> PingSettings:
    return PingSettings(url=f"{server.url}/a-secret-id", every=timedelta(minutes=1))


def test_it_says_that_all_works_and_then_that_it_does_not(http: Http) -> None:
    alive = [True, True, False, True]
    with Hostile(answer(200)) as server:
        duty = PingDuty(settings(server), lambda: alive.pop(0), http)
        assert all(duty.run_once() for _ in range(4))
        paths = [request.path for request in server.requests]
    assert paths == ["/a-secret-id", "/a-secret-id", "/a-secret-id/fail", "/a-secret-id"]


def test_a_daemon_that_has_not_started_yet_is_no_failure(http: Http) -> None:
    with Hostile(answer(200)) as server:
        assert not PingDuty(settings(server), lambda: False, http).run_once()
        assert server.requests == []


def test_without_an_address_nobody_is_asked(http: Http) -> None:
    assert not PingDuty(None, lambda: True, http).run_once()


def test_a_refused_ping_is_told_without_its_secret(http: Http) -> None:
    with Hostile(answer(404)) as server, pytest.raises(HttpError, match="answered with status 404") as refusal:
        PingDuty(settings(server), lambda: True, http).run_once()
    assert "a-secret-id" not in str(refusal.value)
