"""CalDAV against servers that misbehave below the level of WebDAV."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.errors import SourceError, SourceForbidden, SourceUnreachable, SourceUnreadable
from scheduler.login import Login
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from scheduler.sources.source import Fetched, SourceState
from scheduler.tls import Tls
from tests.hostile import (
    Behaviour,
    Connection,
    Hostile,
    Request,
    answer,
    close,
    drip,
    endless,
    make_certificates,
    refused_url,
    reset,
    stall,
)

LISTING = (
    b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    b"<D:response><D:href>/cal/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/><C:calendar/>"
    b"</D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    b"<D:sync-token>token-1</D:sync-token></D:multistatus>"
)
XML = {"Content-Type": "application/xml"}
HEAD = b"HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\n"


def fetch(
    url: str, *, timeout: int = 5, deadline: float = 20, ca_bundle: Path | None = None, known: str = ""
) -> Fetched:
    source = CaldavSource(
        CaldavSettings(
            name="office",
            url=f"{url}/cal/",
            login=Login(username="carol", password="secret", tls=Tls(ca_bundle=ca_bundle)),
            timeout=timeout,
            deadline=deadline,
        )
    )
    return source.fetch(None, {known: "1"} if known else {})


@pytest.mark.parametrize(
    "behaviour",
    [
        drip(HEAD + b"Content-Length: 100000\r\n\r\n", b" ", 0.05),
        drip(HEAD, b"X-Slow: 1\r\n", 0.05),
    ],
    ids=["body", "headers"],
)
def test_a_server_that_drips_is_cut_at_the_deadline(behaviour: Behaviour) -> None:
    with Hostile(behaviour) as server, pytest.raises(SourceUnreachable, match="no whole answer within"):
        fetch(server.url, deadline=0.25)


def test_an_answer_without_a_length_that_looks_whole_where_it_was_cut_is_not_believed() -> None:
    dripping = drip(HEAD + b"\r\n" + LISTING, b" ", 0.05)
    with (
        Hostile(answer(207, LISTING, XML), dripping) as server,
        pytest.raises(SourceUnreachable, match="no whole answer within"),
    ):
        fetch(server.url, deadline=0.25)


def test_the_deadline_is_for_the_whole_fetch_and_not_for_each_request() -> None:
    def ask_for_another(connection: Connection, request: Request) -> None:
        connection.stopped.wait(0.2)
        location = {"Location": request.path + "x"}
        answer(307, b"", location)(connection, request)

    with Hostile(ask_for_another) as server, pytest.raises(SourceUnreachable, match=r"within 0\.3 s"):
        fetch(server.url, deadline=0.3)


@pytest.mark.parametrize("status", [200, 500])
def test_a_web_page_is_named_and_not_logged(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    page = b"<!doctype html><html><br>Hello Ann Example</html>"
    with Hostile(answer(status, page, {"Content-Type": "text/html"})) as server:
        with pytest.raises(SourceError, match=r"answers (200 with a web page|500)"):
            fetch(server.url)
        assert "Ann Example" not in caplog.text


def test_an_error_with_a_broken_page_is_still_that_error() -> None:
    with Hostile(answer(503, b"<html><br>", XML)) as server, pytest.raises(SourceUnreachable, match="503"):
        fetch(server.url)


def test_a_server_that_asks_for_patience_is_not_waited_for() -> None:
    with (
        Hostile(answer(429, b"", {"Retry-After": "3600"})) as server,
        pytest.raises(SourceUnreachable, match="429"),
    ):
        fetch(server.url, deadline=10)


@pytest.mark.parametrize("behaviour", [close, reset], ids=["closes", "resets"])
def test_a_connection_that_ends_early_is_unreachable(behaviour: Behaviour) -> None:
    with Hostile(behaviour) as server, pytest.raises(SourceUnreachable):
        fetch(server.url)


def test_a_silent_server_is_unreachable_after_the_timeout() -> None:
    with Hostile(stall) as server, pytest.raises(SourceUnreachable, match="no answer in time"):
        fetch(server.url, timeout=1)


def test_nobody_listening_is_unreachable() -> None:
    with pytest.raises(SourceUnreachable, match="no connection"):
        fetch(refused_url())


def test_an_endless_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.sources.caldav_session._LIMIT", 1_000_000)
    with (
        Hostile(endless(HEAD + b"\r\n", b" " * 65_536)) as server,
        pytest.raises(SourceUnreadable, match="more than 1000000 bytes"),
    ):
        fetch(server.url)


def test_a_decompression_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.sources.caldav_session._LIMIT", 1_000_000)
    bomb = answer(207, gzip.compress(b" " * 20_000_000), {**XML, "Content-Encoding": "gzip"})
    with Hostile(bomb) as server, pytest.raises(SourceUnreadable, match="more than 1000000 bytes"):
        fetch(server.url)


def test_a_compressed_answer_is_read() -> None:
    packed = answer(207, gzip.compress(LISTING), {**XML, "Content-Encoding": "gzip"})
    with Hostile(packed) as server:
        assert fetch(server.url).state.sync_token == "token-1"


def test_an_answer_shorter_than_announced_is_a_failure() -> None:
    def short(connection: Connection, _: Request) -> None:
        connection.send(HEAD + f"Content-Length: {len(LISTING) + 10}\r\n\r\n".encode() + LISTING)
        connection.close()

    with Hostile(short) as server, pytest.raises(SourceUnreachable):
        fetch(server.url)


def test_entities_are_not_expanded() -> None:
    bomb = LISTING.replace(
        b'<?xml version="1.0"?>', b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    ).replace(b"token-1", b"&a;")
    with Hostile(answer(207, bomb, XML)) as server, pytest.raises(SourceError):
        fetch(server.url)


def test_a_certificate_nobody_trusts_is_unreachable(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with (
        Hostile(answer(207, LISTING, XML), tls=certificates.context) as server,
        pytest.raises(SourceUnreachable, match="certificate"),
    ):
        fetch(server.url)


def test_the_configured_bundle_is_trusted_and_http_1_spoken(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    certificates.context.set_alpn_protocols(["h2", "http/1.1"])
    with Hostile(answer(207, LISTING, XML), tls=certificates.context) as server:
        assert fetch(server.url, ca_bundle=certificates.bundle).state.sync_token == "token-1"
        assert set(server.protocols) <= {"http/1.1", None}


def test_over_tls_the_deadline_holds_too(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    dripping = drip(HEAD + b"Content-Length: 100000\r\n\r\n", b" ", 0.05)
    with (
        Hostile(dripping, tls=certificates.context) as server,
        pytest.raises(SourceUnreachable, match=r"within 0\.25 s"),
    ):
        fetch(server.url, deadline=0.25, ca_bundle=certificates.bundle)


def test_proxies_and_passwords_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login mallory password stolen\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", refused_url())
    with Hostile(answer(207, LISTING, XML)) as server:
        fetch(server.url)
        assert not [request for request in server.requests if "authorization" in request.headers]


def test_a_redirect_to_another_host_takes_no_password_along() -> None:
    with Hostile(answer(207, LISTING, XML)) as other:
        elsewhere = f"http://localhost:{other.port}/cal/"
        challenge = answer(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})
        with Hostile(challenge, answer(307, b"", {"Location": elsewhere})) as server:
            fetch(server.url)
        assert other.requests
        assert not [request for request in other.requests if "authorization" in request.headers]


def test_redirects_without_end_are_a_failure() -> None:
    with Hostile(answer(307, b"", {"Location": "/cal/"})) as server, pytest.raises(SourceError):
        fetch(server.url)


def test_a_login_of_another_kind_is_forbidden() -> None:
    with (
        Hostile(answer(401, b"", {"WWW-Authenticate": "Negotiate"})) as server,
        pytest.raises(SourceForbidden, match="kind of login"),
    ):
        fetch(server.url)


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[Hostile, list[bytes]]]:
    """A server that says what it was taught last."""
    taught = [b""]

    def repeat(connection: Connection, request: Request) -> None:
        answer(207, taught[0], XML)(connection, request)

    with Hostile(repeat) as server:
        yield server, taught


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The listing with a piece replaced."""
    start = draw(st.integers(0, len(LISTING)))
    end = draw(st.integers(start, min(len(LISTING), start + 60)))
    return LISTING[:start] + draw(st.binary(max_size=8)) + LISTING[end:]


@settings(max_examples=60, deadline=None)
@given(body=st.one_of(damaged(), st.binary(max_size=200)))
def test_whatever_a_server_answers_it_is_a_result_or_an_error_of_ours(
    parrot: tuple[Hostile, list[bytes]], body: bytes
) -> None:
    server, taught = parrot
    taught[0] = body
    try:
        fetched = fetch(server.url)
    except SourceError:
        return
    assert isinstance(fetched.state, SourceState)
    assert fetched.state.sync_token or fetched.faults
