from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.errors import SourceForbidden, SourceUnreachable, SourceUnreadable
from scheduler.http import Http
from scheduler.login import Login
from scheduler.sources.ics import IcsSettings, IcsSource
from scheduler.sources.source import Fetched
from scheduler.tls import Tls
from tests.hostile import Hostile, answer, drip, make_certificates, refused_url
from tests.servers import Client, Proxy, Reply
from tests.sources.worlds import CaldavWorld, FeedWorld, calendar, event

FEED = calendar(event("a"), event("b"))


def etags(fetched: Fetched) -> dict[str, str]:
    return {one.href: one.etag for one in fetched.changed}


def test_an_unchanged_feed_is_asked_for_on_condition_and_never_sent_twice(feed_world: FeedWorld) -> None:
    feed_world.write("a")
    first = feed_world.source.fetch(None, {})
    second = feed_world.source.fetch(first.state, etags(first))
    assert second.unchanged
    assert "If-None-Match" not in feed_world.proxy.seen[0].headers
    assert feed_world.proxy.seen[1].headers["If-None-Match"] == first.state.etag


def test_last_modified_is_asked_about_too(http: Http) -> None:
    stamp = "Sun, 01 Nov 2026 08:00:00 GMT"
    with Hostile(answer(200, FEED, {"Last-Modified": stamp}), answer(304)) as server:
        source = IcsSource(IcsSettings(name="office", url=server.url), http)
        first = source.fetch(None, {})
        assert source.fetch(first.state, etags(first)).unchanged
        assert server.requests[1].headers["if-modified-since"] == stamp


def test_a_304_nobody_asked_for_is_a_failure(http: Http) -> None:
    with Hostile(answer(304)) as server, pytest.raises(SourceUnreadable, match="304"):
        IcsSource(IcsSettings(name="office", url=server.url), http).fetch(None, {})


def test_a_server_that_ignores_conditions_is_compared_by_digest(radicale_world: CaldavWorld, http: Http) -> None:
    """Radicale answers a GET of a whole calendar with 200, whatever the conditions."""
    radicale_world.write("a")
    settings = radicale_world.settings
    source = IcsSource(IcsSettings(name="office", url=settings.url, login=settings.login), http)
    first = source.fetch(None, {})
    assert [one.href for one in first.changed] == ["a"]
    assert source.fetch(first.state, etags(first)).unchanged
    radicale_world.write("b")
    assert [one.href for one in source.fetch(first.state, etags(first)).changed] == ["b"]


def test_an_unchanged_body_is_not_even_cut(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hostile(answer(200, FEED)) as server:
        source = IcsSource(IcsSettings(name="office", url=server.url), http)
        first = source.fetch(None, {})
        monkeypatch.setattr("scheduler.sources.ics.split", pytest.fail)
        assert source.fetch(first.state, etags(first)).unchanged


def test_a_feed_that_stamps_every_event_anew_has_not_changed(http: Http) -> None:
    restamped = FEED.replace(b"DTSTAMP:20261101T080000Z", b"DTSTAMP:20261101T090000Z")
    with Hostile(answer(200, FEED), answer(200, restamped)) as server:
        source = IcsSource(IcsSettings(name="office", url=server.url), http)
        first = source.fetch(None, {})
        second = source.fetch(first.state, etags(first))
    assert second.unchanged
    assert second.state.digest != first.state.digest


def test_a_password_is_sent_and_a_wrong_one_forbidden(radicale_client: Client, http: Http) -> None:
    radicale_client.make_calendar("/alice/feed/")
    url, login = radicale_client.url + "alice/feed/", Login(username="alice", password="secret")
    good = IcsSettings(name="office", url=url, login=login)
    assert IcsSource(good, http).fetch(None, {}).complete
    with pytest.raises(SourceForbidden, match="refuses the login"):
        IcsSource(replace(good, login=replace(login, password="wrong")), http).fetch(None, {})


def test_a_compressed_feed_is_read(http: Http) -> None:
    with Hostile(answer(200, gzip.compress(FEED), {"Content-Encoding": "gzip"})) as server:
        fetched = IcsSource(IcsSettings(name="office", url=server.url), http).fetch(None, {})
    assert [one.href for one in fetched.changed] == ["a", "b"]


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[Hostile, Login]]:
    certificates = make_certificates(tmp_path)
    with Hostile(answer(200, FEED), tls=certificates.context) as server:
        yield server, Login(tls=Tls(ca_bundle=certificates.bundle))


@pytest.mark.parametrize("scheme", ["webcal", "WEBCAL", "https"])
def test_webcal_means_https(tls_server: tuple[Hostile, Login], http: Http, scheme: str) -> None:
    server, login = tls_server
    settings = IcsSettings(name="office", url=server.url.replace("https", scheme), login=login)
    assert len(IcsSource(settings, http).fetch(None, {}).changed) == 2


def test_a_feed_beyond_the_limit_is_refused(http: Http) -> None:
    with Hostile(answer(200, FEED)) as server, pytest.raises(SourceUnreadable, match="more than 100 bytes"):
        IcsSource(IcsSettings(name="office", url=server.url, limit=100), http).fetch(None, {})


def test_a_dripping_feed_is_cut_at_the_deadline(http: Http) -> None:
    dripping = drip(b"HTTP/1.1 200 OK\r\n\r\n" + FEED, b"\r\n", 0.05)
    with Hostile(dripping) as server, pytest.raises(SourceUnreachable, match=r"within 0\.25 s"):
        IcsSource(IcsSettings(name="office", url=server.url, deadline=0.25), http).fetch(None, {})


def test_a_server_that_is_down_is_unreachable(http: Http) -> None:
    with pytest.raises(SourceUnreachable):
        IcsSource(IcsSettings(name="office", url=refused_url()), http).fetch(None, {})


def test_the_secret_in_an_address_stands_in_no_error_no_repr_and_no_state(http: Http) -> None:
    with Proxy("") as proxy:
        settings = IcsSettings(name="office", url=proxy.url + "private-0123abc/basic.ics")
        proxy.answer_everything(404)
        with pytest.raises(SourceUnreadable) as caught:
            IcsSource(settings, http).fetch(None, {})
        proxy.instead = lambda _: Reply(status=200, body=FEED, headers={})
        state = IcsSource(settings, http).fetch(None, {}).state
    assert "0123abc" not in f"{caught.value!r} {settings!r} {state!r}"


def test_another_address_is_not_asked_on_the_old_ones_conditions(feed_world: FeedWorld, http: Http) -> None:
    feed_world.write("a")
    first = feed_world.source.fetch(None, {})
    other = IcsSource(IcsSettings(name="office", url=feed_world.proxy.url + "other.ics"), http)
    fetched = other.fetch(first.state, etags(first))
    assert "If-None-Match" not in feed_world.proxy.seen[-1].headers
    assert fetched.complete


def test_a_folder_in_place_of_the_file_is_unreachable(tmp_path: Path, http: Http) -> None:
    with pytest.raises(SourceUnreachable, match=f"^office: {tmp_path}"):
        IcsSource(IcsSettings(name="office", path=tmp_path), http).fetch(None, {})
