"""The metrics' own address: served in rounds, so that what is wrong with it costs nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from starlette.applications import Starlette

from scheduler.errors import ConfigError
from scheduler.serving import listen
from scheduler.web.health import health_routes
from scheduler.web.metrics_server import MetricsServer, MetricsSettings
from tests.servers import free_port

ANYWHERE = MetricsSettings(host="127.0.0.1", port=0)


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    found = MetricsServer(lambda: Starlette(routes=health_routes(tuple)), None)
    yield found
    found.close()


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=10).ok
    except requests.ConnectionError:
        return False


def test_nothing_is_served_where_nothing_is_wanted(server: MetricsServer) -> None:
    server.run_once()
    assert server.url == ""


def test_another_address_is_taken_over_and_the_old_one_closed(server: MetricsServer) -> None:
    server.settings = ANYWHERE
    server.run_once()
    before = server.url
    assert answers(before)
    server.settings = MetricsSettings(host="127.0.0.1", port=free_port())
    server.run_once()
    assert answers(server.url)
    assert not answers(before)


def test_an_address_that_stays_is_served_on(server: MetricsServer) -> None:
    server.settings = ANYWHERE
    server.run_once()
    before = server.url
    server.run_once()
    assert server.url == before
    assert answers(before)


def test_a_port_in_use_is_told_and_taken_once_it_is_free(server: MetricsServer) -> None:
    with listen("127.0.0.1", 0, "somebody else") as taken:
        server.settings = MetricsSettings(host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="metrics at 127"):
            server.run_once()
    server.run_once()
    assert answers(server.url)
