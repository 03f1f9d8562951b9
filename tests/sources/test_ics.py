from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.calendars.feed import split
from scheduler.errors import SourceForbidden, SourceUnreachable, SourceUnreadable
from scheduler.http import Http
from scheduler.login import Login
from scheduler.sources.ics import IcsSettings, IcsSource
from scheduler.sources.source import Fetched
from scheduler.tls import Tls
from tests.hostile import Hostile, answer, drip, endless, make_certificates, refused_url
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


def feed_of(titles: dict[str, str]) -> bytes:
    return calendar(*(event(uid, title) for uid, title in titles.items()))


def test_of_a_feed_that_was_read_before_only_what_differs_is_looked_up(tmp_path: Path, http: Http) -> None:
    class Known(dict[str, str]):
        def __iter__(self) -> Iterator[str]:
            pytest.fail("every stored object was listed")

    path = tmp_path / "office.ics"
    titles = {f"uid-{n}": "Call Ann Example" for n in range(20)}
    path.write_bytes(feed_of(titles))
    source = IcsSource(IcsSettings(name="office", path=path), http)
    first = source.fetch(None, {})
    titles["uid-7"] = "Call Bob Example"
    del titles["uid-9"]
    path.write_bytes(feed_of(titles))
    second = source.fetch(first.state, Known(etags(first)))
    assert ([one.href for one in second.changed], second.deleted) == (["uid-7"], ("uid-9",))


def test_what_was_fetched_and_not_stored_is_brought_again(tmp_path: Path, http: Http) -> None:
    path = tmp_path / "office.ics"
    path.write_bytes(feed_of({"a": "Call", "b": "Call"}))
    source = IcsSource(IcsSettings(name="office", path=path), http)
    first = source.fetch(None, {})
    path.write_bytes(feed_of({"a": "Call", "c": "Call"}))
    for _ in range(2):
        again = source.fetch(first.state, etags(first))
        assert ([one.href for one in again.changed], again.deleted) == (["c"], ("b",))


def test_a_file_that_somebody_writes_just_now_is_read_another_time(
    tmp_path: Path, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "office.ics"
    path.write_bytes(FEED)

    def write_and_split(*arguments: object, **options: object) -> object:
        path.write_bytes(calendar(event("a")))
        return split(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("scheduler.sources.ics.split", write_and_split)
    with pytest.raises(SourceUnreachable, match="written while it was read"):
        IcsSource(IcsSettings(name="office", path=path), http).fetch(None, {})


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"limit": 100}, r"more than 100 bytes .*raise most_bytes"),
        ({"most_events": 1}, r"more than 1 events .*raise most_events"),
    ],
)
@pytest.mark.parametrize("kind", ["file", "url"])
def test_a_feed_beyond_its_budget_is_refused_and_says_which_option_allows_it(
    tmp_path: Path, http: Http, budget: dict[str, int], words: str, kind: str
) -> None:
    path = tmp_path / "office.ics"
    path.write_bytes(FEED)
    with Hostile(answer(200, FEED)) as server:
        where = {"path": path} if kind == "file" else {"url": server.url}
        with pytest.raises(SourceUnreadable, match=f"^office: .*{words}"):
            IcsSource(IcsSettings(name="office", **where, **budget), http).fetch(None, {})  # type: ignore[arg-type]


def test_a_small_answer_that_unpacks_to_a_huge_one_is_cut_before_it_fills_the_memory(http: Http) -> None:
    bomb = gzip.compress(b"BEGIN:VCALENDAR\r\n" + bytes(200_000_000), compresslevel=1)
    settings = IcsSettings(name="office", url="", limit=5_000_000)
    tracemalloc.start()
    try:
        with Hostile(answer(200, bomb, {"Content-Encoding": "gzip"})) as server:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with pytest.raises(SourceUnreadable, match="more than 5000000 bytes"):
                IcsSource(replace(settings, url=server.url), http).fetch(None, {})
            assert tracemalloc.get_traced_memory()[1] - before < 20_000_000
    finally:
        tracemalloc.stop()


def test_an_endless_feed_is_cut_at_its_budget(http: Http) -> None:
    body = endless(b"HTTP/1.1 200 OK\r\n\r\nBEGIN:VCALENDAR\r\n", b"X-MORE:of it\r\n" * 5000)
    with Hostile(body) as server, pytest.raises(SourceUnreadable, match="more than 1000000 bytes"):
        IcsSource(IcsSettings(name="office", url=server.url, limit=1_000_000), http).fetch(None, {})


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/feed.ics", "data:text/calendar,x"])
def test_a_feed_that_leads_away_from_http_is_refused_and_says_what_to_check(http: Http, target: str) -> None:
    with Hostile(answer(302, b"", {"Location": target})) as server:
        with pytest.raises(SourceUnreadable, match=r"redirects to something that isn't http \(check its url\)"):
            IcsSource(IcsSettings(name="office", url=server.url), http).fetch(None, {})
        assert len(server.requests) == 1
