from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scheduler import wire
from scheduler.errors import HttpError, NotSent, PerhapsSent, Withheld
from scheduler.http import ANSWER_LIMIT, Http, HttpSettings, urllib3_flavour
from scheduler.response import Response, said
from tests.hostile import (
    Behaviour,
    Certificates,
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
    send_and_close,
    stall,
    unanswered_url,
)
from tests.world import await_true

HASTY = HttpSettings(connect_timeout=0.3, read_timeout=0.3)
PATIENT = HttpSettings(connect_timeout=10, read_timeout=10)
SECRET_URL = "/private/f00dcafe/basic.ics"


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http(PATIENT)
    yield http
    http.close()


@pytest.fixture
def hasty() -> Iterator[Http]:
    """For what never comes."""
    http = Http(HASTY)
    yield http
    http.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(certificates: Certificates) -> Iterator[Http]:
    http = Http(HttpSettings(connect_timeout=10, read_timeout=10, ca_bundle=certificates.bundle))
    yield http
    http.close()


class TestNotSent:
    def test_where_nobody_listens(self, http: Http) -> None:
        with pytest.raises(NotSent, match=r"127\.0\.0\.1:\d+: Connection refused"):
            http.post_json(refused_url(), {})

    def test_where_the_name_is_unknown(self, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_such_name(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
        with pytest.raises(NotSent, match=r"nowhere\.invalid: its name can't be resolved"):
            http.post_json("http://nowhere.invalid/call", {})

    def test_where_the_connection_is_never_answered(self, hasty: Http) -> None:
        with unanswered_url() as url, pytest.raises(NotSent, match="no connection in time"):
            hasty.post_json(url, {})

    def test_where_the_certificate_is_signed_by_nobody_known(self, http: Http, certificates: Certificates) -> None:
        with Hostile(answer(200), tls=certificates.context) as server:
            with pytest.raises(NotSent, match="its certificate is not trusted: self-signed"):
                http.post_json(server.url, {})
            assert server.requests == []

    def test_where_https_is_asked_of_a_server_without_it(self, http: Http) -> None:
        with (
            Hostile(
                on_accept=lambda connection: connection.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            ) as server,
            pytest.raises(
                HttpError, match="it speaks no TLS at this port: its URL may have to begin with http://"
            ),
        ):
            http.get(server.url.replace("http:", "https:"))

    def test_where_the_certificate_is_of_another_host(self, tmp_path: Path) -> None:
        other = make_certificates(tmp_path, "127.0.0.9")
        http = Http(HttpSettings(ca_bundle=other.bundle))
        with Hostile(answer(200), tls=other.context) as server, pytest.raises(NotSent, match="not trusted"):
            http.post_json(server.url, {})
        http.close()

    @pytest.mark.parametrize(
        "url", ["http://[::1/x", "ftp://example.com/", "http:///x", f"http://{'a' * 70}.invalid/", ""]
    )
    def test_where_the_url_is_none(self, http: Http, url: str) -> None:
        with pytest.raises(NotSent):
            http.post_json(url, {})

    def test_where_a_header_would_smuggle_another(self, http: Http) -> None:
        with Hostile(answer(200)) as server:
            with pytest.raises(NotSent):
                http.post_json(server.url, {}, headers={"Authorization": "Bearer a\r\nX: y"})
            assert server.requests == []


class TestPerhapsSent:
    @pytest.mark.parametrize(
        ("behaviour", "words"),
        [
            pytest.param(close, "without an answer", id="closed"),
            pytest.param(reset, "without an answer", id="reset"),
            pytest.param(stall, "no answer in time", id="no answer"),
            pytest.param(send_and_close(b"\x00\xff nonsense\r\n\r\n"), r"127\.0\.0\.1", id="garbage"),
            pytest.param(send_and_close(b"HTTP/1.1 20"), r"127\.0\.0\.1", id="half a status line"),
            pytest.param(
                send_and_close(b"HTTP/1.1 100 Continue\r\n\r\n"), r"127\.0\.0\.1", id="only an interim answer"
            ),
        ],
    )
    def test_where_the_request_arrived_and_no_status_came_back(
        self, hasty: Http, behaviour: Behaviour, words: str
    ) -> None:
        with Hostile(behaviour) as server:
            with pytest.raises(PerhapsSent, match=words):
                hasty.post_json(f"{server.url}/call", {"origin": "+3228160257"})
            assert len(server.requests) == 1

    def test_where_headers_trickle_in_without_end(self, hasty: Http) -> None:
        with Hostile(drip(b"HTTP/1.1 200 OK\r\nX: ", b"x", every=0.05)) as server:
            with pytest.raises(PerhapsSent, match=r"no whole answer within 0\.6 s"):
                hasty.post_json(server.url, {})
            assert len(server.requests) == 1

    @pytest.mark.parametrize("end", [Connection.reset, Connection.close], ids=["reset", "close"])
    def test_where_the_connection_ends_after_its_first_byte(
        self, http: Http, end: Callable[[Connection], None]
    ) -> None:
        def read_one_byte(connection: Connection) -> None:
            connection.socket.recv(1)
            end(connection)

        with Hostile(on_accept=read_one_byte) as server:
            with pytest.raises(PerhapsSent):
                http.post_json(server.url, {})
            assert server.connections == 1

    def test_where_the_tls_handshake_stalls(self, hasty: Http) -> None:
        with Hostile(on_accept=Connection.wait_for_client) as server:
            with pytest.raises(PerhapsSent, match="no answer in time"):
                hasty.post_json(server.url.replace("http:", "https:"), {})
            assert server.connections == 1

    def test_where_tls_breaks_after_the_handshake(self, certificates: Certificates, trusting: Http) -> None:
        """In TLS 1.3 a client learns that its own certificate is wanted only after it has sent its request."""
        wants_ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        wants_ours.load_cert_chain(certificates.bundle, certificates.bundle.with_name("key.pem"))
        wants_ours.load_verify_locations(certificates.bundle)
        wants_ours.verify_mode = ssl.CERT_REQUIRED
        with Hostile(answer(200), tls=wants_ours) as server:
            with pytest.raises(PerhapsSent):
                trusting.post_json(server.url, {})
            assert server.connections == 1

    def test_where_a_connection_kept_alive_has_died(self, http: Http) -> None:
        with Hostile(answer(200, b"{}"), close) as server:
            http.post_json(server.url, {})
            with pytest.raises(PerhapsSent, match="without an answer"):
                http.post_json(server.url, {})
            assert (len(server.requests), server.connections) == (2, 1)

    def test_whatever_other_failure_the_caller_is_handling(self, http: Http) -> None:
        with Hostile(close) as server:
            try:
                http.post_json(refused_url(), {})
            except NotSent:
                with pytest.raises(PerhapsSent):
                    http.post_json(server.url, {})


class TestFailureOfEitherUrllib3:
    """Both name their exceptions alike, and nest them differently: as args, ``reason`` or ``__cause__``."""

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (("ConnectionError", "MaxRetryError", "NewConnectionError"), NotSent),
            (("ConnectionError", "MaxRetryError", "NameResolutionError"), NotSent),
            (("ConnectTimeout", "MaxRetryError", "ConnectTimeoutError"), NotSent),
            (("SSLError", "MaxRetryError", "SSLError", "SSLCertVerificationError"), NotSent),
            (("SSLError", "MaxRetryError", "SSLError", "CertificateError"), NotSent),
            (("SSLError", "MaxRetryError", "SSLError", "SSLEOFError"), PerhapsSent),
            (("ReadTimeout", "ReadTimeoutError", "TimeoutError"), PerhapsSent),
            (("ConnectionError", "ProtocolError", "RemoteDisconnected"), PerhapsSent),
            (("ConnectionError", "ProtocolError", "BadStatusLine"), PerhapsSent),
            (("ChunkedEncodingError", "ProtocolError", "IncompleteRead"), PerhapsSent),
            (("ProxyError", "MaxRetryError", "ProxyError", "NewConnectionError"), PerhapsSent),
            (("SomethingNew",), PerhapsSent),
        ],
    )
    @pytest.mark.parametrize("how", ["args", "reason", "__cause__"])
    def test_is_read_from_the_names_of_its_causes(
        self, names: tuple[str, ...], expected: type[HttpError], how: str
    ) -> None:
        error: Any = None
        for name in reversed(names):
            inner, error = error, type(name, (Exception,), {})()
            if inner is not None:
                setattr(error, how, (inner,) if how == "args" else inner)
        assert type(wire.failure("api.example.com", error, wire.TimeLimit(1, 1))) is expected

    def test_is_told_apart_by_check(self) -> None:
        assert urllib3_flavour().split()[0] in ("urllib3", "urllib3-future")


class TestPost:
    def test_carries_json_and_the_headers(self, http: Http) -> None:
        with Hostile(answer(201, b'{"sessionId": "123456"}')) as server:
            response = http.post_json(
                f"{server.url}/call", {"origin": "+3228160257"}, headers={"Authorization": "Bearer t"}
            )
        (request,) = server.requests
        assert (request.method, request.path, request.body) == ("POST", "/call", b'{"origin": "+3228160257"}')
        assert request.headers["authorization"] == "Bearer t"
        assert request.headers["content-type"] == "application/json"
        assert (response.status, response.json()) == (201, {"sessionId": "123456"})
        assert response.headers["CONTENT-LENGTH"] == "23"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_follows_no_redirect(self, http: Http, status: int) -> None:
        with Hostile(answer(status, b"", {"Location": "/elsewhere"})) as server:
            assert http.post_json(server.url, {}).status == status
            assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "head",
        [
            b"Content-Length: 100\r\n\r\n" + b'{"sessionId"',
            b"Transfer-Encoding: chunked\r\n\r\n" + b"ff\r\n" + b'{"sessionId"',
        ],
        ids=["length", "chunked"],
    )
    def test_keeps_the_status_of_an_answer_that_breaks_off(self, http: Http, head: bytes) -> None:
        with Hostile(send_and_close(b"HTTP/1.1 201 Created\r\n" + head)) as server:
            response = http.post_json(server.url, {})
        assert (response.status, response.body) == (201, b'{"sessionId"')

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_asks_whether_to_send_once_the_connection_stands_and_each_time(
        self, trusting: Http, certificates: Certificates, scheme: str
    ) -> None:
        tls = certificates.context if scheme == "https" else None
        reasons = ["", "", "too late", ""]

        def withhold() -> str:
            await_true(lambda: bool(server.protocols if tls else server.connections))
            return reasons.pop(0)

        with Hostile(answer(200), tls=tls) as server:
            for _ in range(2):
                trusting.post_json(server.url, {}, withhold=withhold)
            with pytest.raises(Withheld, match="too late"):
                trusting.post_json(server.url, {}, withhold=withhold)
            trusting.post_json(server.url, {}, withhold=withhold)
            assert (len(server.requests), reasons) == (3, [])

    def test_keeps_the_status_of_an_answer_that_trickles(self, hasty: Http) -> None:
        with Hostile(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x", every=0.05)) as server:
            assert hasty.post_json(server.url, {}).status == 200

    def test_reads_an_endless_answer_only_so_far(self, http: Http) -> None:
        with Hostile(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536)) as server:
            assert len(http.post_json(server.url, {}).body) < 2 * ANSWER_LIMIT

    def test_keeps_the_status_of_an_answer_that_does_not_unpack(self, http: Http) -> None:
        with Hostile(answer(200, b"not gzip", {"Content-Encoding": "gzip"})) as server:
            assert http.post_json(server.url, {}).status == 200

    def test_uses_one_connection_for_one_request_after_the_other(self, http: Http) -> None:
        with Hostile(answer(200, b"{}")) as server:
            for _ in range(3):
                http.post_json(server.url, {})
            assert (len(server.requests), server.connections) == (3, 1)

    def test_goes_by_a_new_connection_where_the_server_has_closed_the_old(self, http: Http) -> None:
        closed = threading.Event()

        def answer_and_close(connection: Connection, request: Request) -> None:
            answer(200, b"{}")(connection, request)
            connection.close()
            closed.set()

        with Hostile(answer_and_close) as server:
            for _ in range(3):
                closed.clear()
                assert http.post_json(server.url, {}).status == 200
                assert closed.wait(5)
            assert (len(server.requests), server.connections) == (3, 3)

    def test_does_not_trust_a_connection_that_was_idle_for_long(
        self, http: Http, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wire, "_LONGEST_IDLE_SECONDS", 0)
        with Hostile(answer(200, b"{}")) as server:
            for _ in range(2):
                http.post_json(server.url, {})
            assert server.connections == 2

    def test_of_many_threads_reaches_the_server_once_each(self, http: Http) -> None:
        with Hostile(answer(200, b"{}")) as server, ThreadPoolExecutor(32) as pool:
            list(pool.map(lambda n: http.post_json(server.url, {"n": n}), range(200)))
            assert sorted(request.body for request in server.requests) == sorted(
                b'{"n": %d}' % n for n in range(200)
            )

    def test_speaks_http_1_alone_though_more_is_offered(self, tmp_path: Path) -> None:
        """HTTP/2 and 3 may be withdrawn in mid-request, and urllib3-future then sends the request again."""
        offers_more = make_certificates(tmp_path)
        offers_more.context.set_alpn_protocols(["h2", "http/1.1"])
        http = Http(HttpSettings(ca_bundle=offers_more.bundle))
        alternative = {"Alt-Svc": 'h3=":443"; ma=3600, h2=":443"; ma=3600'}
        with Hostile(answer(200, b"{}", alternative), tls=offers_more.context) as server:
            for _ in range(2):
                assert http.post_json(server.url, {}).status == 200
            assert "h2" not in server.protocols
            assert (len(server.requests), server.connections) == (2, 1)
        http.close()

    def test_keeps_no_cookies(self, http: Http) -> None:
        with Hostile(answer(200, b"{}", {"Set-Cookie": "a=b; Path=/"})) as server:
            for _ in range(2):
                http.post_json(server.url, {})
            assert "cookie" not in server.requests[1].headers

    def test_takes_no_proxy_from_the_environment(self, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
        with Hostile(answer(200, b"{}")) as proxy, Hostile(answer(201, b"{}")) as server:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            assert http.post_json(server.url, {}).status == 201
            assert proxy.connections == 0


class TestGet:
    def test_takes_no_credentials_from_the_home_directory(
        self, http: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        with Hostile(answer(200)) as server:
            http.get(server.url)
        assert "authorization" not in server.requests[0].headers

    def test_returns_whatever_status(self, http: Http) -> None:
        with Hostile(answer(404, b"no such page", {"ETag": '"1"'})) as server:
            response = http.get(server.url, headers={"If-None-Match": '"0"'}, auth=("ann", "secret"))
        assert (response.status, response.body, response.headers["etag"]) == (404, b"no such page", '"1"')
        assert server.requests[0].headers["authorization"] == "Basic YW5uOnNlY3JldA=="
        assert server.requests[0].headers["if-none-match"] == '"0"'

    def test_unpacks_what_is_packed(self, http: Http) -> None:
        with Hostile(answer(200, gzip.compress(b"BEGIN:VCALENDAR"), {"Content-Encoding": "gzip"})) as server:
            assert http.get(server.url).body == b"BEGIN:VCALENDAR"

    @pytest.mark.parametrize(
        "rest",
        [
            b"Content-Length: 100\r\n\r\nBEGIN:VCALENDAR",
            b"Transfer-Encoding: chunked\r\n\r\nf\r\nBEGIN:VCALENDAR\r\n",
            b"Transfer-Encoding: chunked\r\n\r\nff\r\nBEGIN:VCALENDAR",
            b"Content-Length: 9\r\nContent-Encoding: gzip\r\n\r\nnonsense!",
            b"Content-Length: 40\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 10_000)[:30],
        ],
        ids=["length", "between chunks", "in a chunk", "not gzip", "half of gzip"],
    )
    def test_never_takes_a_part_for_the_whole(self, http: Http, rest: bytes) -> None:
        with Hostile(send_and_close(b"HTTP/1.1 200 OK\r\n" + rest)) as server, pytest.raises(HttpError):
            http.get(server.url)

    def test_stops_at_the_limit(self, http: Http) -> None:
        with (
            Hostile(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536)) as server,
            pytest.raises(HttpError, match="more than 100000 bytes"),
        ):
            http.get(server.url, limit=100_000)

    def test_counts_unpacked_bytes_towards_the_limit(self, http: Http) -> None:
        bomb = gzip.compress(b"x" * 30_000_000)
        with (
            Hostile(answer(200, bomb, {"Content-Encoding": "gzip"})) as server,
            pytest.raises(HttpError, match="more than 1000000 bytes"),
        ):
            http.get(server.url, limit=1_000_000)

    @pytest.mark.parametrize(
        "head",
        [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "],
        ids=["body", "body with a length", "headers"],
    )
    def test_ends_at_the_deadline_though_bytes_keep_trickling_in(self, http: Http, head: bytes) -> None:
        with (
            Hostile(drip(head, b"x", every=0.05)) as server,
            pytest.raises(HttpError, match=r"no whole answer within 0\.4 s"),
        ):
            http.get(server.url, deadline=0.4)

    def test_ends_at_the_deadline_over_tls_too(self, trusting: Http, certificates: Certificates) -> None:
        trickle = drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x", every=0.05)
        with Hostile(trickle, tls=certificates.context) as server, pytest.raises(HttpError, match="within"):
            trusting.get(server.url, deadline=0.4)

    def test_says_nothing_of_the_path_which_may_be_a_secret(self, http: Http) -> None:
        with Hostile(close) as server, pytest.raises(HttpError) as caught:
            http.get(server.url + SECRET_URL)
        assert "f00dcafe" not in str(caught.value)
        with pytest.raises(HttpError) as caught:
            http.get(refused_url() + SECRET_URL)
        assert "f00dcafe" not in str(caught.value)


class TestRedirect:
    def test_is_followed(self, http: Http) -> None:
        with Hostile(answer(302, b"", {"Location": "there"}), answer(200, b"found")) as server:
            response = http.get(f"{server.url}/here", auth=("ann", "secret"))
        assert response.body == b"found"
        assert [request.path for request in server.requests] == ["/here", "/there"]
        assert "authorization" in server.requests[1].headers

    def test_is_an_answer_where_it_is_not_to_be_followed(self, http: Http) -> None:
        with Hostile(answer(302, b"", {"Location": "/there"})) as server:
            assert http.get(server.url, follow_redirects=False).status == 302

    def test_is_followed_five_times_at_most(self, http: Http) -> None:
        with Hostile(answer(302, b"", {"Location": "/again"})) as server:
            with pytest.raises(HttpError, match="more than 5 redirects"):
                http.get(server.url)
            assert len(server.requests) == 6

    @pytest.mark.parametrize("header", [True, False])
    def test_to_another_host_leaves_the_credentials_behind(self, http: Http, header: bool) -> None:
        with (
            Hostile(answer(200, b"theirs")) as other,
            Hostile(answer(301, b"", {"Location": f"{other.url}/x"})) as server,
        ):
            if header:
                http.get(server.url, headers={"authorization": "Bearer t", "Accept": "text/calendar"})
            else:
                http.get(server.url, auth=("ann", "secret"), headers={"Accept": "text/calendar"})
        assert "authorization" in server.requests[0].headers
        assert "authorization" not in other.requests[0].headers
        assert other.requests[0].headers["accept"] == "text/calendar"

    @pytest.mark.parametrize(
        "target", ["file:///etc/hostname", "ftp://127.0.0.1/", "data:text/calendar,x", "http://[::1"]
    )
    def test_leads_to_http_only(self, http: Http, target: str) -> None:
        with Hostile(answer(302, b"", {"Location": target})) as server, pytest.raises(HttpError):
            http.get(server.url)

    def test_never_leads_from_https_to_http(self, trusting: Http, certificates: Certificates) -> None:
        with Hostile(answer(200, b"seen by all")) as plain:
            leads_out = answer(302, b"", {"Location": plain.url})
            with (
                Hostile(leads_out, tls=certificates.context) as server,
                pytest.raises(HttpError, match="https to http"),
            ):
                trusting.get(server.url)
            assert plain.requests == []

    def test_with_an_endless_body_is_not_read(self, http: Http) -> None:
        head = b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n"
        with Hostile(endless(head, b"x" * 65_536), answer(200, b"found")) as server:
            assert http.get(server.url).body == b"found"


class TestWhatAnAnswerSays:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (
                b'{"fault": {"code": 900901, "message": "Invalid Credentials", "description": "Check it"}}',
                "900901, Invalid Credentials, Check it",
            ),
            (b'{"error": "invalid_client", "error_description": "who?"}', "invalid_client, who?"),
            (b'{"detail": "no such page"}', "no such page"),
            (b'{"fault": "broken"}', "broken"),
            (b"Service\n  unavailable\x00", "Service unavailable"),
            (b"<html><body>Sign in</body></html>", "an HTML page"),
            (b"", ""),
            (b"\xff\xfe", "\ufffd\ufffd"),
            (b"x" * 5_000, "x" * 200),
            (b"[" * 100_000, "[" * 200),
        ],
    )
    def test_is_one_short_line(self, body: bytes, words: str) -> None:
        assert said(Response(status=400, headers={}, body=body)) == words

    @pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff"])
    def test_is_no_json_where_it_cannot_be_read(self, body: bytes) -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            Response(status=200, headers={}, body=body).json()
