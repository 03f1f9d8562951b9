from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.errors import CredentialsRefused, ProviderError
from scheduler.http import Http, HttpSettings
from scheduler.kept_token import KeptToken
from scheduler.oauth import TokenSettings, TokenSource
from scheduler.tls import Tls
from tests.hostile import (
    Behaviour,
    Connection,
    Hostile,
    Request,
    answer,
    close,
    make_certificates,
    refused_url,
    send_and_close,
    stall,
)


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def boot_seconds(self) -> float:
        return self.seconds


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http(HttpSettings(connect_timeout=0.3, read_timeout=0.3))
    yield http
    http.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def source(url: str, http: Http, clock: SetClock) -> TokenSource:
    settings = TokenSettings(url=f"{url}/token", client_id="acme", client_secret="s3cret")
    return TokenSource(settings, http, clock)


def token(text: str, **more: object) -> Behaviour:
    return answer(200, json.dumps({"access_token": text, "token_type": "Bearer", **more}).encode())


def fault(status: int) -> Behaviour:
    words = {"code": 900901, "message": "Invalid Credentials", "description": "Check the secret"}
    return answer(status, json.dumps({"fault": words}).encode())


class TestRequest:
    def test_is_for_client_credentials_with_the_secret_as_basic(self, http: Http, clock: SetClock) -> None:
        with Hostile(token("one", expires_in=3600)) as server:
            assert source(server.url, http, clock).token() == "one"
        (request,) = server.requests
        assert (request.method, request.path) == ("POST", "/token")
        assert sorted(request.body.split(b"&")) == [b"grant_type=client_credentials", b"scope=openid"]
        assert request.headers["authorization"] == "Basic YWNtZTpzM2NyZXQ="

    def test_of_a_client_without_a_secret_names_it_in_the_body(
        self, http: Http, clock: SetClock, tmp_path: Path
    ) -> None:
        kept = KeptToken(path=tmp_path / "token.json", given="refresh-0")
        with Hostile(token("one", expires_in=3600)) as server:
            settings = TokenSettings(url=server.url, client_id="us", client_secret="", scope="", refresh=kept)
            assert TokenSource(settings, http, clock).token() == "one"
        (request,) = server.requests
        wanted = [b"client_id=us", b"grant_type=refresh_token", b"refresh_token=refresh-0"]
        assert sorted(request.body.split(b"&")) == wanted
        assert "authorization" not in request.headers

    def test_with_a_refresh_token_is_not_made_where_the_next_one_could_not_be_kept(
        self, http: Http, clock: SetClock, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        kept = KeptToken(path=tmp_path / "file" / "token.json", given="refresh-0")
        with Hostile(token("one")) as server:
            settings = TokenSettings(url=server.url, client_id="us", client_secret="x", refresh=kept)
            with pytest.raises(ProviderError, match=r"can't be kept in .*token\.json: "):
                TokenSource(settings, http, clock).token()
            assert server.requests == []

    def test_trusts_the_authorities_of_the_token_server(self, http: Http, clock: SetClock, tmp_path: Path) -> None:
        certificates = make_certificates(tmp_path)
        with Hostile(token("one"), tls=certificates.context) as server:
            settings = TokenSettings(
                url=server.url, client_id="us", client_secret="x", tls=Tls(ca_bundle=certificates.bundle)
            )
            assert TokenSource(settings, http, clock).token() == "one"

    def test_goes_by_no_proxy_of_the_environment_and_brings_no_cookies(
        self, http: Http, clock: SetClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_cookie = answer(200, b'{"access_token": "one"}', {"Set-Cookie": "a=b; Path=/"})
        with Hostile(close) as proxy, Hostile(with_cookie) as server:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            tokens = source(server.url, http, clock)
            tokens.invalidate(tokens.token())
            tokens.token()
            assert proxy.connections == 0
        assert "cookie" not in server.requests[1].headers

    def test_is_made_once_for_a_burst_of_threads(self, http: Http, clock: SetClock) -> None:
        waiting = threading.Barrier(32)
        with Hostile(token("one", expires_in=3600)) as server, ThreadPoolExecutor(32) as pool:
            tokens = source(server.url, http, clock)

            def take(_: int) -> str:
                waiting.wait(5)
                return tokens.token()

            assert set(pool.map(take, range(32))) == {"one"}
            assert len(server.requests) == 1

    def test_is_made_once_where_it_fails_for_a_burst_of_threads(self, http: Http, clock: SetClock) -> None:
        with Hostile(stall) as server, ThreadPoolExecutor(8) as pool:
            tokens = source(server.url, http, clock)
            futures = [pool.submit(tokens.token) for _ in range(8)]
            failures = [future.exception(5) for future in futures]
        assert [type(failure) for failure in failures] == [ProviderError] * 8
        assert len(server.requests) == 1


class TestToken:
    def test_is_at_hand_without_asking_from_the_first_answer_until_the_leeway(
        self, http: Http, clock: SetClock
    ) -> None:
        with Hostile(token("one", expires_in=180)) as server:
            tokens = source(server.url, http, clock)
            assert tokens.at_hand() == ""
            tokens.token()
            clock.seconds += 119
            assert tokens.at_hand() == "one"
            clock.seconds += 2
            assert tokens.at_hand() == ""

    @pytest.mark.parametrize(
        ("lifetime", "kept_until"), [(3600, 3540), (180, 120), (30, 20), ("3600", 3540), (3600.5, 3540)]
    )
    def test_is_kept_until_the_leeway_before_its_end(
        self, http: Http, clock: SetClock, lifetime: object, kept_until: float
    ) -> None:
        with Hostile(token("one", expires_in=lifetime), token("two", expires_in=3600)) as server:
            tokens = source(server.url, http, clock)
            assert tokens.token() == "one"
            clock.seconds += kept_until - 1
            assert tokens.token() == "one"
            clock.seconds += 2
            assert tokens.token() == "two"

    def test_without_a_lifetime_is_kept_for_some_minutes(self, http: Http, clock: SetClock) -> None:
        with Hostile(token("one"), token("two")) as server:
            tokens = source(server.url, http, clock)
            tokens.token()
            clock.seconds += 200
            assert tokens.token() == "one"
            clock.seconds += 200
            assert tokens.token() == "two"

    def test_is_used_to_its_end_where_no_newer_can_be_had(self, http: Http, clock: SetClock) -> None:
        with Hostile(token("one", expires_in=90), fault(500)) as server:
            tokens = source(server.url, http, clock)
            tokens.token()
            clock.seconds += 80
            assert tokens.token() == "one"
            clock.seconds += 20
            with pytest.raises(ProviderError):
                tokens.token()

    def test_that_was_refused_is_not_used_again(self, http: Http, clock: SetClock) -> None:
        with Hostile(token("one"), token("two")) as server:
            tokens = source(server.url, http, clock)
            tokens.invalidate(tokens.token())
            assert tokens.token() == "two"

    def test_stays_where_an_older_one_was_refused(self, http: Http, clock: SetClock) -> None:
        with Hostile(token("one"), token("two"), token("three")) as server:
            tokens = source(server.url, http, clock)
            tokens.invalidate(tokens.token())
            tokens.token()
            tokens.invalidate("one")
            assert tokens.token() == "two"

    def test_is_renewed_ahead_before_any_call_would_wait_for_it(self, http: Http, clock: SetClock) -> None:
        with Hostile(token("one", expires_in=3600), token("two", expires_in=3600)) as server:
            tokens = source(server.url, http, clock)
            assert tokens.renew_ahead()
            assert not tokens.renew_ahead()
            clock.seconds += 3600 - 110
            assert tokens.renew_ahead()
            assert tokens.token() == "two"
            assert len(server.requests) == 2

    def test_that_cannot_be_renewed_ahead_is_told_while_the_old_one_still_serves(
        self, http: Http, clock: SetClock
    ) -> None:
        with Hostile(token("one", expires_in=3600), fault(503)) as server:
            tokens = source(server.url, http, clock)
            tokens.renew_ahead()
            clock.seconds += 3600 - 110
            with pytest.raises(ProviderError):
                tokens.renew_ahead()
            assert tokens.token() == "one"


class TestFailure:
    @pytest.mark.parametrize(
        "behaviour",
        [fault(401), answer(401), answer(400, b'{"error": "invalid_client", "error_description": "who?"}')],
    )
    def test_of_the_credentials_is_told_apart(self, http: Http, clock: SetClock, behaviour: Behaviour) -> None:
        with Hostile(behaviour) as server, pytest.raises(CredentialsRefused) as caught:
            source(server.url, http, clock).token()
        assert caught.value.status in (400, 401)

    def test_keeps_what_the_platform_says(self, http: Http, clock: SetClock) -> None:
        with Hostile(fault(401)) as server, pytest.raises(CredentialsRefused, match="Invalid Credentials"):
            source(server.url, http, clock).token()

    @pytest.mark.parametrize(
        "behaviour",
        [
            fault(403),
            fault(429),
            fault(500),
            fault(200),
            answer(200, b"<html>Sign in</html>"),
            answer(200, b"[]"),
            answer(200, b"{}"),
            answer(200, b"[" * 100_000),
            answer(200, b'{"access_token": 5}'),
            answer(200, b'{"access_token": ""}'),
            answer(200, b'{"access_token": "a\\r\\nX: y"}'),
            answer(200, b'{"access_token": "one", "expires_in": "soon"}'),
            answer(307, b"", {"Location": "/elsewhere"}),
            answer(302, b"", {"Location": "http://[::1"}),
            send_and_close(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"access'),
            close,
            stall,
        ],
    )
    def test_of_any_other_kind_is_the_providers(self, http: Http, clock: SetClock, behaviour: Behaviour) -> None:
        with Hostile(behaviour) as server:
            with pytest.raises(ProviderError) as caught:
                source(server.url, http, clock).token()
            assert len(server.requests) == 1
        assert type(caught.value) is ProviderError
        assert "s3cret" not in str(caught.value)

    def test_to_end_is_not_waited_for(self, http: Http, clock: SetClock) -> None:
        sent = 0

        def endless_up_to_a_bound(connection: Connection, _: Request) -> None:
            nonlocal sent
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
            while sent < 200_000_000:
                connection.send(b"x" * 65_536)
                sent += 65_536
            connection.close()

        with Hostile(endless_up_to_a_bound) as server, pytest.raises(ProviderError, match="status 200, xxx"):
            source(server.url, http, clock).token()
        assert sent < 100_000_000

    def test_to_connect_names_the_host(self, http: Http, clock: SetClock) -> None:
        with pytest.raises(ProviderError, match=r"no token from 127\.0\.0\.1:\d+: Connection refused"):
            source(refused_url(), http, clock).token()

    def test_is_not_asked_for_again_at_once(self, http: Http, clock: SetClock) -> None:
        with Hostile(fault(500), token("one")) as server:
            tokens = source(server.url, http, clock)
            for _ in range(3):
                with pytest.raises(ProviderError):
                    tokens.token()
            assert len(server.requests) == 1
            clock.seconds += 2
            assert tokens.token() == "one"

    def test_of_the_credentials_is_not_repeated_for_longer_or_the_account_is_locked(
        self, http: Http, clock: SetClock
    ) -> None:
        with Hostile(fault(401)) as server:
            tokens = source(server.url, http, clock)
            for _ in range(10):
                with pytest.raises(CredentialsRefused):
                    tokens.token()
                clock.seconds += 2
            assert len(server.requests) == 1


def test_each_time_a_token_is_asked_for_is_told_with_what_came_of_it(http: Http, clock: SetClock) -> None:
    told: list[str] = []
    with Hostile(fault(500), token("one"), fault(401)) as server:
        settings = TokenSettings(url=server.url, client_id="acme", client_secret="s3cret")
        tokens = TokenSource(settings, http, clock, told.append)
        with pytest.raises(ProviderError):
            tokens.token()
        clock.seconds += 2
        tokens.invalidate(tokens.token())
        with pytest.raises(CredentialsRefused):
            tokens.token()
    assert told == ["failed", "granted", "refused"]


def test_the_secret_is_never_shown() -> None:
    settings = TokenSettings(url="https://api.example.com/token", client_id="acme", client_secret="s3cret")
    assert "s3cret" not in repr(settings)
