from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from scheduler.http import Http, HttpSettings
from tests.servers import Client, Proxy, radicale, xandikos
from tests.sources.worlds import CaldavWorld, CarddavWorld, DavWorld, FeedWorld, FileWorld, World

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
def radicale_book(radicale_client: Client, http: Http) -> Iterator[CarddavWorld]:
    name = f"team{next(_numbers)}"
    with Proxy(radicale_client.url) as proxy:
        yield CarddavWorld(proxy, radicale_client, f"/alice/{name}/", name.title(), http)


@pytest.fixture
def xandikos_book(xandikos_client: Client, http: Http) -> Iterator[CarddavWorld]:
    name = f"team{next(_numbers)}"
    with Proxy(xandikos_client.url) as proxy:
        yield CarddavWorld(proxy, xandikos_client, f"/user/contacts/{name}/", name.title(), http)


@pytest.fixture
def feed_world(http: Http) -> Iterator[FeedWorld]:
    with Proxy("") as proxy:
        yield FeedWorld(proxy, http)


@pytest.fixture
def file_world(tmp_path: Path, http: Http) -> FileWorld:
    return FileWorld(tmp_path / "office.ics", http)


_DAV = ["radicale_world", "xandikos_world", "radicale_book", "xandikos_book"]


@pytest.fixture(params=["file_world", "feed_world", *_DAV])
def world(request: pytest.FixtureRequest) -> World:
    """One calendar or address book of each kind."""
    found: World = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["feed_world", *_DAV])
def served_world(request: pytest.FixtureRequest) -> FeedWorld | DavWorld:
    """One calendar or address book of each kind that is behind HTTP."""
    found: FeedWorld | DavWorld = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=_DAV)
def dav_world(request: pytest.FixtureRequest) -> DavWorld:
    """One calendar and one address book on each server."""
    found: DavWorld = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["radicale", "xandikos"])
def caldav_world(request: pytest.FixtureRequest) -> CaldavWorld:
    """One calendar on each CalDAV server."""
    found: CaldavWorld = request.getfixturevalue(f"{request.param}_world")
    return found
