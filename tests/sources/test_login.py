"""Each kind of login, to a feed, a calendar and an address book that demand it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.errors import SourceForbidden, SourceUnreachable
from scheduler.http import Http
from scheduler.kept_token import KeptToken
from scheduler.login import Login
from scheduler.oauth import TokenSettings, TokenSource
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from scheduler.sources.carddav_server import CarddavSettings, CarddavSource
from scheduler.sources.ics import IcsSettings, IcsSource
from scheduler.sources.source import Source
from scheduler.tls import Tls
from tests.gates import BasicGate, BearerGate, DigestGate, RotatingTokens
from tests.hostile import Hostile, answer, make_certificates, refused_url
from tests.servers import Client, Proxy, Reply, Seen, radicale
from tests.sources.worlds import DavWorld, FeedWorld, calendar, event

Gate = Callable[[Seen], Reply | None]
PASSWORD = "sésame, ouvre-toi"


class Office:
    """Something with one object behind a gate, and sources that log in there."""

    def __init__(self, world: FeedWorld | DavWorld, http: Http) -> None:
        self._http = http
        self._serve = world.proxy.instead
        self._dav = world.settings if isinstance(world, DavWorld) else None
        self.proxy = world.proxy
        world.write("a")

    def guard(self, gate: Gate) -> None:
        self.proxy.instead = lambda seen: gate(seen) or self._serve(seen)

    def source(self, login: Login) -> Source:
        tokens = TokenSource(login.oauth, self._http, SystemClock()) if login.oauth else None
        if isinstance(self._dav, CaldavSettings):
            return CaldavSource(replace(self._dav, login=login), tokens)
        if isinstance(self._dav, CarddavSettings):
            return CarddavSource(replace(self._dav, login=login), self._http, tokens)
        return IcsSource(
            IcsSettings(name="office", url=self.proxy.url + "feed.ics", login=login), self._http, tokens
        )


@pytest.fixture(params=["feed_world", "xandikos_world", "xandikos_book"])
def office(request: pytest.FixtureRequest, http: Http) -> Office:
    return Office(request.getfixturevalue(request.param), http)


def requests_of_a_second_fetch(office: Office, source: Source) -> int:
    """Having fetched the event at first."""
    first = source.fetch(None, {})
    assert len(first.changed) == 1
    office.proxy.seen.clear()
    assert source.fetch(first.state, {one.href: one.etag for one in first.changed}).unchanged
    return len(office.proxy.seen)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_is_spoken_where_it_is_demanded_and_remembered(office: Office, algorithm: str) -> None:
    office.guard(gate := DigestGate("ann", "secret", algorithm))
    assert requests_of_a_second_fetch(office, office.source(Login(username="ann", password="secret"))) == 1
    assert gate.wrong == 0


def test_an_expired_nonce_is_replaced(office: Office) -> None:
    office.guard(gate := DigestGate("ann", "secret"))
    source = office.source(Login(username="ann", password="secret"))
    first = source.fetch(None, {})
    gate.forget()
    assert source.fetch(first.state, {one.href: one.etag for one in first.changed}).unchanged


def test_basic_is_spoken_where_it_is_demanded_and_remembered(office: Office) -> None:
    office.guard(BasicGate("ann", PASSWORD))
    assert requests_of_a_second_fetch(office, office.source(Login(username="ann", password=PASSWORD))) == 1


@pytest.mark.parametrize(
    "gate", [BasicGate("ann", "secret"), DigestGate("ann", "secret")], ids=["basic", "digest"]
)
def test_a_wrong_password_is_tried_once_a_fetch(office: Office, gate: BasicGate | DigestGate) -> None:
    gate.wrong = 0
    office.guard(gate)
    source = office.source(Login(username="ann", password="wrong"))
    with pytest.raises(SourceForbidden, match="refuses the login"):
        source.fetch(None, {})
    assert gate.wrong == 1


def test_a_bearer_token_is_sent(office: Office) -> None:
    office.guard(BearerGate("t0ken"))
    assert requests_of_a_second_fetch(office, office.source(Login(token="t0ken"))) == 1


def test_a_wrong_bearer_token_is_forbidden_and_tried_once(office: Office) -> None:
    office.guard(gate := BearerGate("t0ken"))
    with pytest.raises(SourceForbidden, match="refuses the login"):
        office.source(Login(token="other")).fetch(None, {})
    assert gate.wrong == 1


def token(text: str) -> bytes:
    return json.dumps({"access_token": text, "expires_in": 3600}).encode()


def oauth(server: Hostile, refresh: KeptToken | None = None) -> Login:
    settings = TokenSettings(
        url=server.url + "/token", client_id="us", client_secret="s3cret", scope="", refresh=refresh
    )
    return Login(oauth=settings)


def test_client_credentials_bring_a_token_once_for_many_requests(office: Office) -> None:
    office.guard(BearerGate("one"))
    with Hostile(answer(200, token("one"))) as server:
        assert requests_of_a_second_fetch(office, office.source(oauth(server))) == 1
        assert len(server.requests) == 1


def test_a_token_that_is_refused_is_asked_for_anew_within_the_fetch(office: Office) -> None:
    office.guard(gate := BearerGate("one"))
    with Hostile(answer(200, token("one")), answer(200, token("two"))) as server:
        source = office.source(oauth(server))
        first = source.fetch(None, {})
        gate.valid = {"two"}
        assert source.fetch(first.state, {one.href: one.etag for one in first.changed}).unchanged
        assert gate.wrong == 1


def test_a_token_that_is_refused_again_and_again_is_forbidden(office: Office) -> None:
    office.guard(gate := BearerGate("never"))
    with Hostile(answer(200, token("one")), answer(200, token("two"))) as server:
        with pytest.raises(SourceForbidden, match="refuses the login"):
            office.source(oauth(server)).fetch(None, {})
        assert (gate.wrong, len(server.requests)) == (2, 2)


def test_without_a_token_nothing_is_asked_of_the_calendar(office: Office) -> None:
    with (
        Hostile(answer(401, b'{"error": "invalid_client"}')) as server,
        pytest.raises(SourceForbidden, match=r"no token from .*invalid_client"),
    ):
        office.source(oauth(server)).fetch(None, {})
    assert office.proxy.seen == []


def test_a_token_server_that_is_down_is_unreachable(office: Office) -> None:
    settings = TokenSettings(url=refused_url(), client_id="us", client_secret="s3cret")
    with pytest.raises(SourceUnreachable, match="no token from"):
        office.source(Login(oauth=settings)).fetch(None, {})


def test_a_refresh_token_that_is_replaced_at_each_use_survives_restarts(office: Office, tmp_path: Path) -> None:
    tokens = RotatingTokens("given")
    kept = KeptToken(path=tmp_path / "tokens" / "office.json", given="given")
    office.guard(lambda seen: BearerGate(tokens.access_token)(seen))
    with Hostile(tokens) as server:
        for _ in range(3):
            assert len(office.source(oauth(server, kept)).fetch(None, {}).changed) == 1
    assert [asked["refresh_token"] for asked in tokens.asked] == ["given", "refresh-1", "refresh-2"]


def test_a_refresh_token_that_was_revoked_is_forbidden(office: Office, tmp_path: Path) -> None:
    kept = KeptToken(path=tmp_path / "office.json", given="revoked")
    with (
        Hostile(RotatingTokens("another")) as server,
        pytest.raises(SourceForbidden, match=r"invalid_grant.*refresh_token"),
    ):
        office.source(oauth(server, kept)).fetch(None, {})


@pytest.fixture(scope="module")
def strict_radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Tls]]:
    """Radicale that shakes hands only with those who have a client certificate; and how to be one of them."""
    folder = tmp_path_factory.mktemp("mtls")
    ours, theirs = folder / "ours", folder / "theirs"
    ours.mkdir()
    theirs.mkdir()
    client, server = make_certificates(ours), make_certificates(theirs)
    with radicale(folder / "radicale") as url:
        office = Client(url=url, user="ann", password="any")
        office.make_calendar("/ann/office/")
        office.put("/ann/office/a.ics", calendar(event("a")))
    tls = (
        f"ssl = True\ncertificate = {server.bundle}\nkey = {server.key}\ncertificate_authority = {client.bundle}\n"
    )
    with radicale(folder / "radicale", server_options=tls) as url:
        yield (
            url.replace("http:", "https:") + "ann/office/",
            Tls(ca_bundle=server.bundle, certificate=client.bundle, key=client.key),
        )


@pytest.mark.parametrize("kind", ["ics", "caldav"])
def test_a_client_certificate_opens_a_server_that_demands_one(
    strict_radicale: tuple[str, Tls], http: Http, kind: str
) -> None:
    url, tls = strict_radicale
    assert len(source_at(url, kind, tls, http).fetch(None, {}).changed) == 1
    with pytest.raises(SourceUnreachable):
        source_at(url, kind, replace(tls, certificate=None), http).fetch(None, {})
    with pytest.raises(SourceUnreachable, match="certificate"):
        source_at(url, kind, replace(tls, ca_bundle=None), http).fetch(None, {})


def test_a_certificate_and_its_key_may_share_a_file(
    strict_radicale: tuple[str, Tls], http: Http, tmp_path: Path
) -> None:
    url, tls = strict_radicale
    assert tls.certificate is not None
    assert tls.key is not None
    both = tmp_path / "both.pem"
    both.write_bytes(tls.certificate.read_bytes() + tls.key.read_bytes())
    for kind in ("ics", "caldav"):
        shared = replace(tls, certificate=both, key=None)
        assert len(source_at(url, kind, shared, http).fetch(None, {}).changed) == 1


def source_at(url: str, kind: str, tls: Tls, http: Http) -> Source:
    login = Login(username="ann", password="any", tls=tls)
    if kind == "caldav":
        return CaldavSource(CaldavSettings(name="office", url=url, login=login))
    return IcsSource(IcsSettings(name="office", url=url, login=login), http)


def test_a_feeds_password_goes_to_no_other_host(http: Http) -> None:
    with Proxy("") as other, Proxy("") as proxy:
        other.instead = DigestGate("ann", "secret")
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        proxy.instead = lambda seen: (
            BasicGate("ann", "secret")(seen) or Reply(status=302, headers={"Location": elsewhere})
        )
        settings = IcsSettings(name="office", url=proxy.url, login=Login(username="ann", password="secret"))
        with pytest.raises(SourceForbidden):
            IcsSource(settings, http).fetch(None, {})
        assert [seen.headers.get("Authorization") for seen in other.seen] == [None]
