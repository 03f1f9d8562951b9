from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from scheduler.http import Http, HttpSettings
from tests.servers import Client, Proxy, radicale, xandikos
from tests.sources.worlds import CaldavWorld, FeedWorld, FileWorld, World

_USERS = {"alice": "secret", "bob": "other", "dave": "fresh"}
_numbers = count(1)


@pytest.fixture(scope="session")
def radicale_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with radicale(tmp_path_factory.mktemp("radicale"), _USERS) as url:
        yield Client(url=url, user="alice", password="secret")


@pytest.fixture(scope="session")
def xandikos_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with xandikos(tmp_path_factory.mktemp("xandikos")) as url:
        yield Client(url=url)


@pytest.fixture(scope="session")
def http() -> Iterator[Http]:
    http = Http(HttpSettings(connect_timeout=5, read_timeout=10))
    yield http
    http.close()


@pytest.fixture
def radicale_world(radicale_client: Client) -> Iterator[CaldavWorld]:
    name = f"team{next(_numbers)}"
    with Proxy(radicale_client.url) as proxy:
        yield CaldavWorld(proxy, radicale_client, f"/alice/{name}/", name.title())


@pytest.fixture
def xandikos_world(xandikos_client: Client) -> Iterator[CaldavWorld]:
    name = f"team{next(_numbers)}"
    with Proxy(xandikos_client.url) as proxy:
        yield CaldavWorld(proxy, xandikos_client, f"/user/calendars/{name}/", name.title())


@pytest.fixture
def feed_world(http: Http) -> Iterator[FeedWorld]:
    with Proxy("") as proxy:
        yield FeedWorld(proxy, http)


@pytest.fixture
def file_world(tmp_path: Path, http: Http) -> FileWorld:
    return FileWorld(tmp_path / "office.ics", http)


@pytest.fixture(params=["file", "feed", "radicale", "xandikos"])
def world(request: pytest.FixtureRequest) -> World:
    """One calendar of each kind."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


@pytest.fixture(params=["feed", "radicale", "xandikos"])
def served_world(request: pytest.FixtureRequest) -> FeedWorld | CaldavWorld:
    """One calendar of each kind that is behind HTTP."""
    found: FeedWorld | CaldavWorld = request.getfixturevalue(f"{request.param}_world")
    return found


@pytest.fixture(params=["radicale", "xandikos"])
def caldav_world(request: pytest.FixtureRequest) -> CaldavWorld:
    """One calendar on each CalDAV server."""
    found: CaldavWorld = request.getfixturevalue(f"{request.param}_world")
    return found
