"""A server that is kept up: served in rounds, so that what is wrong with it costs nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from starlette.applications import Starlette

from scheduler.errors import ConfigError
from scheduler.kept_server import KeptServer
from scheduler.serving import listen
from scheduler.web.health import health_routes
from scheduler.web.metrics_settings import MetricsSettings
from tests.servers import free_port

ANYWHERE = MetricsSettings(host="127.0.0.1", port=0)
NOWHERE: MetricsSettings | None = None
Kept = KeptServer[MetricsSettings]


@pytest.fixture
def server() -> Iterator[Kept]:
    found = KeptServer("metrics", lambda _: Starlette(routes=health_routes(tuple)), NOWHERE)
    yield found
    found.close()


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=10).ok
    except requests.ConnectionError:
        return False


def test_nothing_is_served_where_nothing_is_wanted(server: Kept) -> None:
    server.run_once()
    assert server.url == ""


def test_another_address_is_taken_over_and_the_old_one_closed(server: Kept) -> None:
    server.settings = ANYWHERE
    server.run_once()
    before = server.url
    assert answers(before)
    server.settings = MetricsSettings(host="127.0.0.1", port=free_port())
    server.run_once()
    assert answers(server.url)
    assert not answers(before)


def test_an_address_that_stays_is_served_on(server: Kept) -> None:
    server.settings = ANYWHERE
    server.run_once()
    before = server.url
    server.run_once()
    assert server.url == before
    assert answers(before)


def test_a_port_in_use_is_told_and_taken_once_it_is_free(server: Kept) -> None:
    with listen("127.0.0.1", 0, "somebody else") as taken:
        server.settings = MetricsSettings(host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="metrics at 127"):
            server.run_once()
    server.run_once()
    assert answers(server.url)
