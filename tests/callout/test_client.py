from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scheduler.callout.answer import (
    Accepted,
    NotSent,
    PerhapsSent,
    Refused,
    RefusedForNow,
    Unauthorized,
    Withheld,
)
from scheduler.callout.client import CalloutClient, CalloutSettings
from scheduler.clock import SystemClock
from scheduler.errors import CredentialsRefused, ProviderError
from scheduler.http import Http, HttpSettings
from scheduler.oauth import TokenSettings, TokenSource
from scheduler.vca import CallRequest, Cdr, Presentation, UnreadableCdr
from scheduler.wire import send_anyway
from tests.hostile import (
    Behaviour,
    Connection,
    Hostile,
    Request,
    answer,
    close,
    drip,
    endless,
    refused_url,
    reset,
    send_and_close,
    stall,
    unanswered_url,
)

REQUEST = CallRequest(
    origin="+3228160257",
    destination="+32468373901",
    cli="+3228160257",
    presentation=Presentation.RESTRICTED,
    callback="http://127.0.0.1:8000/cdr/7f3a",
)
ACCEPTED = answer(200, b'{"sessionId": "123456"}')
SINCE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CDR: dict[str, Any] = {
    "sessionId": "61146645",
    "origin": "3228160257",
    "destination": "32468373901",
    "presentation": "allowed",
    "requestTime": "2026-11-23T09:00:00Z",
    "callOneSetup": "2026-11-23T09:00:00Z",
    "callOneRelease": "2026-11-23T09:00:00Z",
    "callDuration": 0,
    "callReleaseInfo": "Leg1-404-NotFound received",
    "webRTC": False,
}

TOKEN = "token-1"
ClientFor = Callable[[str], CalloutClient]


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http(HttpSettings(connect_timeout=0.3, read_timeout=0.3))
    yield http
    http.close()


@pytest.fixture
def token_server() -> Iterator[Hostile]:
    def next_token(connection: Connection, request: Request) -> None:
        body = json.dumps({"access_token": f"token-{len(server.requests)}", "expires_in": 3600})
        answer(200, body.encode())(connection, request)

    with Hostile(next_token) as server:
        yield server


@pytest.fixture
def client_for(http: Http, token_server: Hostile) -> ClientFor:
    """A client whose tokens come from a server of its own, so that requests to the API are counted alone."""

    def client_for(url: str) -> CalloutClient:
        return client(url, http, token_server.url)

    return client_for


def client(url: str, http: Http, token_url: str) -> CalloutClient:
    settings = CalloutSettings(url=f"{url}/vca/1.0.0/", timeout=timedelta(seconds=0.3))
    tokens = TokenSettings(url=token_url, client_id="acme", client_secret="s3cret")
    return CalloutClient(settings, http, TokenSource(tokens, http, SystemClock()))


def page(*items: object, last: int = 0, current: int = 0) -> Behaviour:
    meta = {"currentPage": current, "totalElements": len(items), "lastPage": last}
    return answer(200, json.dumps({"items": items, "meta": meta}).encode())


class TestPlace:
    def test_sends_nothing_of_what_is_withheld_in_the_last_moment(self, client_for: ClientFor) -> None:
        with Hostile(ACCEPTED) as server:
            result = client_for(server.url).place(REQUEST, TOKEN, lambda: "paused")
            assert (result, server.requests) == (Withheld(reason="paused"), [])

    def test_sends_what_the_page_of_the_api_shows(self, client_for: ClientFor) -> None:
        with Hostile(ACCEPTED) as server:
            assert client_for(server.url).place(REQUEST, TOKEN, send_anyway) == Accepted(session_id="123456")
        (request,) = server.requests
        assert (request.method, request.path) == ("POST", "/vca/1.0.0/call")
        assert request.headers["authorization"] == "Bearer token-1"
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.body) == {
            "origin": "+3228160257",
            "destination": "+32468373901",
            "cli": "+3228160257",
            "presentation": "RESTRICTED",
            "callback": "http://127.0.0.1:8000/cdr/7f3a",
        }

    @pytest.mark.parametrize(
        ("behaviour", "expected"),
        [
            pytest.param(answer(201, b'{"sessionId": 7}'), Accepted, id="201"),
            pytest.param(answer(401), Unauthorized, id="401"),
            pytest.param(answer(429), RefusedForNow, id="429"),
            pytest.param(answer(400), Refused, id="400"),
            pytest.param(answer(403, b"<html>"), Refused, id="403 of a proxy"),
            pytest.param(answer(404), Refused, id="404"),
            pytest.param(answer(307, b"", {"Location": "/vca/2.0.0/call"}), PerhapsSent, id="307"),
            pytest.param(answer(303, b"", {"Location": "http://[::1"}), PerhapsSent, id="303 to nowhere"),
            pytest.param(answer(500), PerhapsSent, id="500"),
            pytest.param(answer(502, b"<html>Bad gateway</html>"), PerhapsSent, id="502"),
            pytest.param(answer(503), PerhapsSent, id="503"),
            pytest.param(answer(504), PerhapsSent, id="504"),
            pytest.param(answer(200, b"<html>Sign in</html>"), PerhapsSent, id="HTML with 200"),
            pytest.param(close, PerhapsSent, id="closed"),
            pytest.param(reset, PerhapsSent, id="reset"),
            pytest.param(stall, PerhapsSent, id="no answer"),
            pytest.param(send_and_close(b"nonsense\r\n\r\n"), PerhapsSent, id="garbage"),
            pytest.param(
                send_and_close(b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"sess'),
                PerhapsSent,
                id="truncated 201",
            ),
            pytest.param(
                send_and_close(b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"sessionId": "1"}'),
                Accepted,
                id="201 truncated after the session id",
            ),
            pytest.param(
                send_and_close(b'HTTP/1.1 400 Bad\r\nContent-Length: 99\r\n\r\n{"fault'),
                Refused,
                id="truncated 400",
            ),
            pytest.param(
                drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b" ", every=0.05),
                PerhapsSent,
                id="trickling 200",
            ),
            pytest.param(endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65_536), PerhapsSent, id="endless 200"),
        ],
    )
    def test_answers_each_failure_by_its_name_after_one_request(
        self, client_for: ClientFor, behaviour: Behaviour, expected: type
    ) -> None:
        with Hostile(behaviour) as server:
            assert type(client_for(server.url).place(REQUEST, TOKEN, send_anyway)) is expected
            assert len(server.requests) == 1

    def test_is_not_sent_where_nobody_listens(self, client_for: ClientFor) -> None:
        result = client_for(refused_url()).place(REQUEST, TOKEN, send_anyway)
        assert isinstance(result, NotSent)
        assert "Connection refused" in result.reason

    def test_is_not_sent_where_the_connection_is_never_answered(self, client_for: ClientFor) -> None:
        with unanswered_url() as url:
            assert isinstance(client_for(url).place(REQUEST, TOKEN, send_anyway), NotSent)

    def test_is_perhaps_sent_where_the_tls_handshake_stalls(self, client_for: ClientFor) -> None:
        with Hostile(on_accept=Connection.wait_for_client) as server:
            result = client_for(server.url.replace("http:", "https:")).place(REQUEST, TOKEN, send_anyway)
            assert isinstance(result, PerhapsSent)
            assert server.connections == 1

    def test_is_perhaps_sent_on_a_connection_that_has_died(self, client_for: ClientFor) -> None:
        with Hostile(ACCEPTED, close) as server:
            client = client_for(server.url)
            client.place(REQUEST, TOKEN, send_anyway)
            assert isinstance(client.place(REQUEST, TOKEN, send_anyway), PerhapsSent)
            assert (len(server.requests), server.connections) == (2, 1)

    def test_forgets_the_token_that_a_401_refused(self, client_for: ClientFor) -> None:
        with Hostile(answer(401), ACCEPTED) as server:
            client = client_for(server.url)
            assert isinstance(client.place(REQUEST, client.token(), send_anyway), Unauthorized)
            assert isinstance(client.place(REQUEST, client.token(), send_anyway), Accepted)
        assert [request.headers["authorization"] for request in server.requests] == [
            "Bearer token-1",
            "Bearer token-2",
        ]

    def test_fetches_no_token_itself_since_that_may_take_long(
        self, client_for: ClientFor, token_server: Hostile
    ) -> None:
        with Hostile(ACCEPTED) as server:
            client_for(server.url).place(REQUEST, TOKEN, send_anyway)
        assert token_server.requests == []

    def test_takes_503_for_a_refusal_where_the_configuration_says_so(
        self, http: Http, token_server: Hostile
    ) -> None:
        tokens = TokenSettings(url=token_server.url, client_id="acme", client_secret="s3cret")
        with Hostile(answer(503, b"", {"Retry-After": "9"})) as server:
            settings = CalloutSettings(url=server.url, refused_on_503=True)
            result = CalloutClient(settings, http, TokenSource(tokens, http, SystemClock())).place(
                REQUEST, TOKEN, send_anyway
            )
        assert isinstance(result, RefusedForNow)
        assert result.retry_after == timedelta(seconds=9)


class TestToken:
    def test_says_why_there_is_none(self, http: Http) -> None:
        with Hostile(answer(401, b'{"error": "invalid_client"}')) as server:
            callout = client("http://127.0.0.1:9", http, server.url)
            with pytest.raises(CredentialsRefused, match="invalid_client"):
                callout.token()


class TestCdrs:
    def test_are_read_page_by_page_to_the_last(self, client_for: ClientFor) -> None:
        pages = [page(CDR | {"sessionId": str(n)}, current=n, last=2) for n in range(3)]
        with Hostile(*pages) as server:
            cdrs = client_for(server.url).cdrs(SINCE)
        assert [cdr.session_id for cdr in cdrs] == ["0", "1", "2"]
        assert [request.path for request in server.requests] == [
            f"/vca/1.0.0/cdr?from=2026-11-23T09%3A00%3A00.000Z&page={n}&limit=100" for n in range(3)
        ]
        assert {request.headers["authorization"] for request in server.requests} == {"Bearer token-1"}

    def test_are_asked_for_until_a_second_later_since_nobody_says_what_till_includes(
        self, client_for: ClientFor
    ) -> None:
        with Hostile(page()) as server:
            client_for(server.url).cdrs(SINCE, SINCE + timedelta(hours=1))
        assert "&till=2026-11-23T10%3A00%3A01.000Z" in server.requests[0].path

    def test_end_at_an_empty_page(self, client_for: ClientFor) -> None:
        with Hostile(page(CDR, last=9), page(last=9)) as server:
            assert len(client_for(server.url).cdrs(SINCE)) == 1
            assert len(server.requests) == 2

    def test_end_after_one_page_where_none_says_how_many_there_are(self, client_for: ClientFor) -> None:
        with Hostile(answer(200, json.dumps({"items": [CDR]}).encode())) as server:
            assert len(client_for(server.url).cdrs(SINCE)) == 1
            assert len(server.requests) == 1

    def test_that_move_to_the_next_page_meanwhile_count_once(self, client_for: ClientFor) -> None:
        other = CDR | {"sessionId": "2"}
        with Hostile(page(CDR, last=1), page(CDR, other, last=1, current=1)) as server:
            assert [cdr.session_id for cdr in client_for(server.url).cdrs(SINCE)] == ["61146645", "2"]

    def test_of_equal_session_ids_are_both_kept(self, client_for: ClientFor) -> None:
        with Hostile(page(CDR, CDR | {"requestTime": "2026-11-23T09:05:00Z"})) as server:
            assert len(client_for(server.url).cdrs(SINCE)) == 2

    def test_that_cannot_be_read_are_handed_out_as_they_came(
        self, client_for: ClientFor, caplog: pytest.LogCaptureFixture
    ) -> None:
        with Hostile(page("nonsense", {}, CDR)) as server, caplog.at_level(logging.WARNING):
            cdrs = client_for(server.url).cdrs(SINCE)
        assert {one.raw_text for one in cdrs if isinstance(one, UnreadableCdr)} == {'"nonsense"', "{}"}
        assert sum(isinstance(one, Cdr) for one in cdrs) == 1
        assert "2 records on page 0" in caplog.text
        assert "32468373901" not in caplog.text

    def test_of_a_server_that_gives_the_same_page_for_ever_are_read_once(self, client_for: ClientFor) -> None:
        with Hostile(page(CDR, last=1_000_000)) as server:
            assert len(client_for(server.url).cdrs(SINCE)) == 1
            assert len(server.requests) == 2

    def test_of_a_server_with_ever_more_pages_are_given_up(
        self, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("scheduler.callout.client._MOST_PAGES", 5)
        pages = [page({**CDR, "sessionId": str(number)}, last=1_000_000) for number in range(9)]
        with Hostile(*pages) as server:
            with pytest.raises(ProviderError, match="more than 5 pages"):
                client_for(server.url).cdrs(SINCE)
            assert len(server.requests) == 5

    def test_survive_a_number_longer_than_python_reads(self, client_for: ClientFor) -> None:
        with Hostile(
            answer(200, b'{"items": [{"sessionId": "1", "callDuration": ' + b"9" * 6_000 + b"}]}")
        ) as server:
            (cdr,) = client_for(server.url).cdrs(SINCE)
        assert (cdr.session_id, cdr.duration) == ("1", None)

    def test_are_asked_for_again_with_a_new_token_after_a_401(self, client_for: ClientFor) -> None:
        with Hostile(answer(401), page(CDR)) as server:
            assert len(client_for(server.url).cdrs(SINCE)) == 1
            assert server.requests[1].headers["authorization"] == "Bearer token-2"

    def test_are_not_asked_for_a_third_time(self, client_for: ClientFor) -> None:
        with Hostile(answer(401)) as server:
            with pytest.raises(ProviderError) as caught:
                client_for(server.url).cdrs(SINCE)
            assert (caught.value.status, len(server.requests)) == (401, 2)

    @pytest.mark.parametrize(
        ("behaviour", "status"),
        [
            (answer(500), 500),
            (answer(429), 429),
            (answer(302, b"", {"Location": "/login"}), 302),
            (answer(200, b"<html>Sign in</html>"), 200),
            (answer(200, b'{"items": {}}'), 200),
            (answer(200, b"[" * 100_000), 200),
            (send_and_close(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"items": []}'), 0),
            (close, 0),
            (stall, 0),
        ],
    )
    def test_that_cannot_be_had_are_an_error_with_the_status(
        self, client_for: ClientFor, behaviour: Behaviour, status: int
    ) -> None:
        with Hostile(behaviour) as server, pytest.raises(ProviderError) as caught:
            client_for(server.url).cdrs(SINCE)
        assert caught.value.status == status


def test_a_request_without_options_leaves_them_out(client_for: ClientFor) -> None:
    with Hostile(ACCEPTED) as server:
        client_for(server.url).place(
            replace(REQUEST, cli="", callback="", presentation=Presentation.ALLOWED), TOKEN, send_anyway
        )
    assert set(json.loads(server.requests[0].body)) == {"origin", "destination", "presentation"}
