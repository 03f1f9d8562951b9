"""Whatever a provider's sockets do: how the call ends, and how many requests reached the provider."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome, State
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import DESTINATION, ORIGIN, SECOND_ORIGIN
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
    send_and_close,
    stall,
    unanswered_url,
)
from tests.hostile_provider import SECOND, HostileBench, HostileProvider, accepted, hostile_bench, page, record

OTHER = PhoneNumber("+32468373902")
HTML = b"<!doctype html><html><title>Sign in</title></html>"
ACCEPTED = accepted("session-1")


def send(*pieces: bytes) -> Behaviour:
    """Bytes as they are; the connection stays open."""
    return lambda connection, _: connection.send(b"".join(pieces))


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def redirect(status: int) -> Behaviour:
    return answer(status, b"", {"Location": "/vca/call"})


# The answer is lost or says nothing: the call may be ringing.
IN_DOUBT = {
    "reset": reset,
    "closed": close,
    "no answer": stall,
    "garbage": send_and_close(b"nonsense\r\n\r\n"),
    "only half a head": send_and_close(b"HTTP/1.1 201 Created\r\nContent-Le"),
    "a head without an end": drip(b"HTTP/1.1 201 Created\r\n", b"X-More: 1\r\n", every=0.05),
    "more headers than anybody reads": send(head("201 Created", *["X: 1"] * 500, "Content-Length: 0")),
    "a header longer than anybody reads": send(head("201 Created", "X: " + "1" * 100_000)),
    "201 without a body": answer(201),
    "201 truncated": send_and_close(head("201 Created", "Content-Length: 99") + b'{"sess'),
    "201 that drips": drip(head("201 Created", "Content-Length: 99"), b" ", every=0.05),
    "201 without end": endless(head("201 Created"), b" " * 65_536),
    "201 in broken chunks": send_and_close(head("201 Created", "Transfer-Encoding: chunked") + b"zz\r\n{"),
    "201 in gzip that isn't": answer(201, b'{"sessionId": "1"}', {"Content-Encoding": "gzip"}),
    "201 with a session id that is none": answer(201, b'{"sessionId": null}'),
    "201 with an empty session id": answer(201, b'{"sessionId": "  "}'),
    "201 with a list for a session id": answer(201, b'{"sessionId": ["1"]}'),
    "201 with a list": answer(201, b'[{"sessionId": "1"}]'),
    "201 nested too deeply": answer(201, b"[" * 100_000),
    "200 with a login page": answer(200, HTML, {"Content-Type": "text/html"}),
    "204": answer(204),
    "301": redirect(301),
    "302": redirect(302),
    "303": redirect(303),
    "307": redirect(307),
    "308": redirect(308),
    "408 of a proxy": answer(408, HTML),
    "500": answer(500, HTML),
    "502 of a proxy": answer(502, b"<html>Bad gateway</html>"),
    "503": answer(503),
    "503 with Retry-After": answer(503, b"", {"Retry-After": "1"}),
    "504 of a proxy": answer(504, HTML),
    "511 of a captive portal": answer(511, HTML),
    "999": answer(999),
    "an upgrade nobody asked for": send(head("101 Switching Protocols", "Upgrade: websocket")),
}

TAKEN = {
    "200": answer(200, b'{"sessionId": "session-1"}'),
    "201": ACCEPTED,
    "201 with a session id that is a number": answer(201, b'{"sessionId": 1}'),
    "201 with the session id twice": answer(201, b'{"sessionId": "other", "sessionId": "session-1"}'),
    "201 and more keys": answer(201, b'{"sessionId": "session-1", "cost": {"EUR": 1e99}}'),
    "201 called HTML": answer(201, b'{"sessionId": "session-1"}', {"Content-Type": "text/html"}),
    "201 truncated after the session id": send_and_close(
        head("201 Created", "Content-Length: 99") + b'{"sessionId": "session-1"}'
    ),
    "201 that ends with the connection": send_and_close(head("201 Created") + b'{"sessionId": "session-1"}'),
    "201 after a 100": send(
        head("100 Continue"), head("201 Created", "Content-Length: 26"), b'{"sessionId": "session-1"}'
    ),
}

REFUSED = {
    "400": answer(400, b'{"fault": {"message": "no such origin"}}'),
    "400 truncated": send_and_close(head("400 Bad", "Content-Length: 99") + b'{"fault'),
    "403 of a proxy": answer(403, b"<html>blocked by policy</html>"),
    "404": answer(404, HTML),
    "405": answer(405),
    "407 of a proxy": answer(407, b"", {"Proxy-Authenticate": "Basic"}),
    "410": answer(410),
}


def cases(found: dict[str, Behaviour]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("behaviour", [pytest.param(one, id=name) for name, one in found.items()])


class TestOneRequest:
    """Each of these is one request, whatever comes of it and however long the duties go on."""

    @cases(IN_DOUBT)
    def test_whose_answer_is_lost_is_never_repeated_and_ends_as_unknown(
        self, tmp_path: Path, behaviour: Behaviour
    ) -> None:
        provider = HostileProvider(behaviour)
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.see_through()
            call = bench.duties.call(call_id)
        assert (call.outcome, len(provider.posts)) == (Outcome.UNKNOWN, 1)
        assert call.reason.startswith("perhaps accepted: the answer was lost")

    @cases(IN_DOUBT)
    def test_whose_answer_is_lost_is_found_in_the_providers_records(
        self, tmp_path: Path, behaviour: Behaviour
    ) -> None:
        provider = HostileProvider(behaviour)
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            assert bench.duties.call(call_id).state is State.REQUESTED
            provider.records = [record(sessionId="any")]
            bench.see_through()
            assert bench.duties.call(call_id).outcome is Outcome.ANSWERED
        assert len(provider.posts) == 1

    @cases(TAKEN)
    def test_that_is_taken_ends_as_its_record_says(self, tmp_path: Path, behaviour: Behaviour) -> None:
        provider = HostileProvider(behaviour)
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.duties.place_due()
            assert bench.duties.call(call_id).state is State.PLACED
            (attempt,) = bench.duties.attempts(call_id)
            provider.records = [record(sessionId=attempt.session_id)]
            bench.see_through()
            assert bench.duties.call(call_id).outcome is Outcome.ANSWERED
        assert len(provider.posts) == 1

    @cases(REFUSED)
    def test_that_is_refused_for_good_fails(self, tmp_path: Path, behaviour: Behaviour) -> None:
        provider = HostileProvider(behaviour)
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.see_through()
            call = bench.duties.call(call_id)
        assert (call.outcome, len(provider.posts)) == (Outcome.FAILED, 1)
        assert call.reason.startswith("the provider refused it: status 4")

    def test_announced_by_early_hints_is_asked_once_and_ends_as_its_record_says(self, tmp_path: Path) -> None:
        # Which of the two urllib3 takes for the answer, the hints or what follows, isn't ours to say.
        hints = send(
            head("103 Early Hints"), head("201 Created", "Content-Length: 26"), b'{"sessionId": "session-1"}'
        )
        provider = HostileProvider(hints)
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            provider.records = [record()]
            bench.see_through()
            assert bench.duties.call(call_id).outcome is Outcome.ANSWERED
        assert len(provider.posts) == 1


class TestConnection:
    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize("then", [Connection.reset, Connection.close, Connection.wait_for_client])
    def test_that_dies_once_it_has_carried_a_byte_is_made_once(
        self, tmp_path: Path, scheme: str, then: Callable[[Connection], None]
    ) -> None:
        """Over TLS it dies in the handshake."""

        def read_a_byte(connection: Connection) -> None:
            connection.socket.recv(1)
            then(connection)

        server = Hostile(on_accept=read_a_byte)
        assert self._end(tmp_path, server, scheme) == (Outcome.UNKNOWN, 1)

    def test_that_answers_tls_with_plain_text_is_made_once(self, tmp_path: Path) -> None:
        server = Hostile(on_accept=lambda connection: connection.send(head("400 Bad Request")))
        assert self._end(tmp_path, server, "https") == (Outcome.UNKNOWN, 1)

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_that_is_reset_before_it_has_carried_a_byte_is_an_attempt_each(
        self, tmp_path: Path, scheme: str
    ) -> None:
        # The reset may come while the connection is still being set up: then nothing was sent, for certain.
        server = Hostile(on_accept=Connection.reset)
        with server, self._at(tmp_path, server.url.replace("http", scheme, 1)) as bench:
            call_id = bench.duties.add()
            bench.see_through()
            assert bench.duties.call(call_id).outcome in (Outcome.UNKNOWN, Outcome.MISSED)
            assert server.connections == len(bench.duties.attempts(call_id))

    def test_to_a_server_that_nobody_vouches_for_sends_nothing_and_the_call_is_missed(
        self, tmp_path: Path
    ) -> None:
        server = Hostile(ACCEPTED, tls=make_certificates(tmp_path).context)
        outcome, connections = self._end(tmp_path, server)
        assert outcome is Outcome.MISSED
        assert connections > 1
        assert server.requests == []

    def test_that_nobody_takes_is_tried_again_and_the_call_is_missed(self, tmp_path: Path) -> None:
        for url in (refused_url(), "http://nowhere.invalid"):
            with self._at(tmp_path / url[-5:], url) as bench:
                call_id = bench.duties.add()
                bench.see_through()
                call = bench.duties.call(call_id)
                assert call.outcome is Outcome.MISSED
                assert "could not be reached" in call.reason
                assert len(bench.duties.attempts(call_id)) > 1

    def test_that_is_never_answered_is_tried_again_and_the_call_is_missed(self, tmp_path: Path) -> None:
        with unanswered_url() as url, self._at(tmp_path, url) as bench:
            call_id = bench.duties.add()
            bench.see_through()
            assert bench.duties.call(call_id).outcome is Outcome.MISSED

    def test_that_was_closed_since_the_last_call_is_replaced_before_anything_is_sent(self, tmp_path: Path) -> None:
        closed = threading.Event()

        def accept_and_close(connection: Connection, request: Request) -> None:
            ACCEPTED(connection, request)
            connection.close()
            closed.set()

        provider = HostileProvider(accept_and_close, accepted("session-2"))
        with hostile_bench(tmp_path, provider) as bench:
            first = bench.duties.add()
            bench.duties.place_due()
            assert closed.wait(5)
            second = bench.duties.add(origin=SECOND_ORIGIN, destination=OTHER)
            bench.duties.place_due()
            assert [bench.duties.call(one).state for one in (first, second)] == [State.PLACED] * 2
        assert len(provider.posts) == 2

    def test_that_is_closed_while_a_request_is_under_way_makes_it_one_in_doubt(self, tmp_path: Path) -> None:
        provider = HostileProvider(ACCEPTED, close)
        with hostile_bench(tmp_path, provider) as bench:
            first, second = bench.duties.add(), bench.duties.add(origin=SECOND_ORIGIN, destination=OTHER)
            bench.see_through()
            calls = [bench.duties.call(one) for one in (first, second)]
        assert [one.reason[:17] for one in calls] == ["accepted, but the", "perhaps accepted:"]
        assert len(provider.posts) == 2

    def test_with_an_answer_too_many_is_left_and_gives_it_to_nobody(self, tmp_path: Path) -> None:
        taken, sent = threading.Event(), threading.Event()

        def answer_twice(connection: Connection, request: Request) -> None:
            # Else what is sent second waits for the first to be acknowledged, and so for the next request.
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ACCEPTED(connection, request)
            taken.wait(5)
            accepted("nobody's")(connection, request)
            sent.set()

        provider = HostileProvider(answer_twice, accepted("session-2"))
        with hostile_bench(tmp_path, provider) as bench:
            bench.duties.add()
            bench.duties.place_due()
            taken.set()
            assert sent.wait(5)
            second = bench.duties.add(origin=SECOND_ORIGIN, destination=OTHER)
            bench.duties.place_due()
            (attempt,) = bench.duties.attempts(second)
        assert attempt.session_id == "session-2"
        assert len(provider.posts) == 2

    def _end(self, folder: Path, server: Hostile, scheme: str = "") -> tuple[Outcome | None, int]:
        """How a call ends whose requests go to this server, and how many connections they made."""
        with server, self._at(folder, server.url.replace("http", scheme or "http", 1)) as bench:
            call_id = bench.duties.add()
            bench.see_through()
            return bench.duties.call(call_id).outcome, server.connections

    def _at(self, folder: Path, url: str) -> AbstractContextManager[HostileBench]:
        """An API whose calls go to this address; tokens and records come from a server that is well."""
        return hostile_bench(folder, HostileProvider(), calls_at=url)


RETRY_AFTER = [
    pytest.param({}, 30, id="none"),
    pytest.param({"Retry-After": "7"}, 7, id="seconds"),
    pytest.param({"Retry-After": "0"}, 1, id="at once"),
    pytest.param({"Retry-After": "-5"}, 30, id="a negative number"),
    pytest.param({"Retry-After": "1.5"}, 30, id="a fraction"),
    pytest.param({"Retry-After": "soon"}, 30, id="a word"),
    pytest.param({"Retry-After": ""}, 30, id="nothing"),
    pytest.param(
        {
            "Retry-After": format_datetime(NOON + 9 * SECOND, usegmt=True),
            "Date": format_datetime(NOON, usegmt=True),
        },
        9,
        id="a date",
    ),
    pytest.param(
        {
            "Retry-After": format_datetime(NOON - 9 * SECOND, usegmt=True),
            "Date": format_datetime(NOON, usegmt=True),
        },
        1,
        id="a date that is past",
    ),
    pytest.param({"Retry-After": format_datetime(NOON, usegmt=True)}, 30, id="a date, and none of today"),
    pytest.param({"Retry-After": "Mon, 99 Foo 9999 99:99:99 GMT"}, 30, id="no date"),
]


class TestRefusedForNow:
    @pytest.mark.parametrize(("headers", "wait"), RETRY_AFTER)
    @pytest.mark.parametrize("status", [429, 503])
    def test_is_asked_again_when_the_provider_says_and_not_before(
        self, tmp_path: Path, status: int, headers: dict[str, str], wait: int
    ) -> None:
        provider = HostileProvider(answer(status, HTML, headers), ACCEPTED)
        with hostile_bench(tmp_path, provider, refused_on_503=True) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            bench.look(wait - 0.001)
            assert len(provider.posts) == 1
            bench.look(wait)
            assert len(provider.posts) == 2
            provider.records = [record(wait * SECOND)]
            bench.look(wait + 90)
            assert bench.duties.call(call_id).outcome is Outcome.ANSWERED
            assert len(bench.duties.attempts(call_id)) == 2

    @pytest.mark.parametrize("wait", ["301", "99999999999999999999"])
    def test_until_after_the_deadline_is_missed_at_once(self, tmp_path: Path, wait: str) -> None:
        provider = HostileProvider(answer(429, b"", {"Retry-After": wait}))
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            assert bench.duties.call(call_id).outcome is Outcome.MISSED
            bench.see_through()
        assert len(provider.posts) == 1

    def test_for_ever_is_an_attempt_each_until_the_deadline(self, tmp_path: Path) -> None:
        provider = HostileProvider(answer(429, b"", {"Retry-After": "1"}))
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.see_through()
            assert bench.duties.call(call_id).outcome is Outcome.MISSED
            assert len(provider.posts) == len(bench.duties.attempts(call_id)) > 1

    def test_with_a_401_is_asked_again_with_another_token(self, tmp_path: Path) -> None:
        provider = HostileProvider(answer(401, b'{"fault": {"code": 900901}}'), ACCEPTED)
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            bench.look(1)
            assert bench.duties.call(call_id).state is State.PLACED
            assert len(provider.posts) == len(bench.duties.attempts(call_id)) == 2

    def test_with_401_for_ever_is_missed_at_its_deadline(self, tmp_path: Path) -> None:
        provider = HostileProvider(answer(401))
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.see_through()
            call = bench.duties.call(call_id)
            assert (call.outcome, len(provider.posts)) == (Outcome.MISSED, len(bench.duties.attempts(call_id)))
            assert "refused our credentials" in call.reason


@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param(answer(200, HTML), id="HTML"),
        pytest.param(answer(200, b'{"access_token": ""}'), id="an empty one"),
        pytest.param(answer(400, b'{"error": "invalid_client"}'), id="refused"),
        pytest.param(answer(503), id="503"),
        pytest.param(answer(307, b"", {"Location": "/vca/call"}), id="307 to the calls"),
        pytest.param(stall, id="stalls"),
        pytest.param(reset, id="reset"),
    ],
)
def test_without_a_token_no_request_is_made_and_the_call_is_missed(tmp_path: Path, tokens: Behaviour) -> None:
    provider = HostileProvider(ACCEPTED, tokens=tokens)
    with hostile_bench(tmp_path, provider) as bench:
        call_id = bench.duties.add()
        bench.see_through()
        assert bench.duties.call(call_id).outcome is Outcome.MISSED
        assert bench.duties.attempts(call_id) == ()
    assert provider.posts == []


BUSY = record(callDuration=0, callReleaseInfo="Leg2-486-BusyHere received")
# What the list shows of a call that was accepted as session-1 at noon, and how that ends.
LISTS = {
    "nothing": ([], Outcome.UNKNOWN),
    "its record": ([record()], Outcome.ANSWERED),
    "it twice": ([record(), record()], Outcome.ANSWERED),
    "it with unknown keys": ([record(legs=[{"codec": None}], ø="½")], Outcome.ANSWERED),
    "it without times": ([record(requestTime="", callOneSetup=None)], Outcome.ANSWERED),
    "it by numbers with a plus": ([record(origin=ORIGIN.e164, destination=DESTINATION.e164)], Outcome.ANSWERED),
    "it by a clock an hour ahead": ([record(timedelta(hours=1))], Outcome.ANSWERED),
    "it by a clock an hour behind": ([record(timedelta(hours=-1))], Outcome.ANSWERED),
    "it with another session id": ([record(sessionId="other")], Outcome.UNKNOWN),
    "it without a session id": ([record(without="sessionId")], Outcome.ANSWERED),
    "it as it went on, then as it ended": ([record(callDuration=None), record()], Outcome.ANSWERED),
    "it as it ended, then as it went on": ([record(), record(callDuration=None)], Outcome.ANSWERED),
    "two ends, the first counts": ([BUSY, record()], Outcome.BUSY),
    "somebody else's with its session id": ([record(destination=OTHER.e164)], Outcome.UNKNOWN),
    "somebody else's, then its own": ([record(destination=OTHER.e164), BUSY], Outcome.BUSY),
    "yesterday's of the same numbers": ([record(timedelta(days=-1), sessionId="old")], Outcome.UNKNOWN),
    "nonsense around it": (["", None, [], {}, {"sessionId": []}, record(), 7], Outcome.ANSWERED),
    "it that never ends": ([record(callDuration=None)], Outcome.UNKNOWN),
    "it with a duration that is none": ([record(callDuration="NaN", callReleaseInfo="")], Outcome.UNKNOWN),
    "it with a negative duration": ([record(callDuration=-1)], Outcome.UNKNOWN),
}


class TestRecords:
    @pytest.mark.parametrize(("shown", "outcome"), [pytest.param(*one, id=name) for name, one in LISTS.items()])
    def test_settle_a_call_once_whatever_the_list_shows(
        self, tmp_path: Path, shown: list[dict[str, object]], outcome: Outcome
    ) -> None:
        provider = HostileProvider(ACCEPTED)
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            provider.records = shown
            bench.see_through()
            assert bench.duties.call(call_id).outcome is outcome
            assert bench.duties.history(call_id).count(outcome) == 1
        assert len(provider.posts) == 1

    @pytest.mark.parametrize("skew", [-30, 60])
    def test_by_a_clock_that_is_wrong_are_not_taken_for_a_call_whose_answer_was_lost(
        self, tmp_path: Path, skew: int
    ) -> None:
        provider = HostileProvider(reset)
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            provider.records = [record(skew * SECOND)]
            bench.see_through()
            assert bench.duties.call(call_id).outcome is Outcome.UNKNOWN

    @pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
    def test_of_equal_session_ids_settle_each_its_own_call(self, tmp_path: Path, order: int) -> None:
        provider = HostileProvider(ACCEPTED)
        with hostile_bench(tmp_path, provider) as bench:
            first = bench.duties.add()
            second = bench.duties.add(origin=SECOND_ORIGIN, destination=OTHER)
            bench.look(0)
            busy = {**BUSY, "origin": SECOND_ORIGIN.e164[1:], "destination": OTHER.e164[1:]}
            provider.records = [record(), busy][::order]
            bench.see_through()
            outcomes = [bench.duties.call(one).outcome for one in (first, second)]
        assert outcomes == [Outcome.ANSWERED, Outcome.BUSY]
        assert len(provider.posts) == 2

    @pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
    def test_of_equal_session_ids_and_numbers_settle_each_the_call_of_its_time(
        self, tmp_path: Path, order: int
    ) -> None:
        provider = HostileProvider(ACCEPTED)
        with hostile_bench(tmp_path, provider) as bench:
            first, second = bench.duties.add(), bench.duties.add(due_at=NOON + 200 * SECOND)
            bench.look(0)
            provider.records = [record()]
            bench.look(200)
            bench.look(201)
            later = record(200 * SECOND, callDuration=0, callReleaseInfo="Leg2-486-BusyHere received")
            provider.records = [record(), later][::order]
            bench.see_through()
            outcomes = [bench.duties.call(one).outcome for one in (first, second)]
        assert outcomes == [Outcome.ANSWERED, Outcome.BUSY]
        assert len(provider.posts) == 2

    @pytest.mark.parametrize(
        "behaviour",
        [
            pytest.param(answer(200, HTML), id="HTML"),
            pytest.param(answer(500), id="500"),
            pytest.param(answer(429, b"", {"Retry-After": "3600"}), id="429"),
            pytest.param(answer(307, b"", {"Location": "/vca/call"}), id="307 to the calls"),
            pytest.param(answer(200, b'{"items": 1}'), id="no list"),
            pytest.param(send_and_close(head("200 OK", "Content-Length: 99") + b'{"items": []'), id="truncated"),
            pytest.param(stall, id="stalls"),
            pytest.param(reset, id="reset"),
        ],
    )
    def test_that_cannot_be_had_for_a_while_settle_the_call_afterwards(
        self, tmp_path: Path, behaviour: Behaviour
    ) -> None:
        provider = HostileProvider(ACCEPTED, lists=(behaviour, behaviour))
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            provider.records = [record()]
            bench.look(90)
            assert bench.duties.call(call_id).state is State.PLACED
            bench.see_through()
            assert bench.duties.call(call_id).outcome is Outcome.ANSWERED
        assert len(provider.posts) == 1

    def test_that_come_page_by_page_settle_what_stands_on_the_last(self, tmp_path: Path) -> None:
        strange = [record(sessionId=str(number), destination=OTHER.e164) for number in range(3)]
        provider = HostileProvider(
            ACCEPTED, lists=(*(page(one, last=3) for one in strange), page(record(), last=3))
        )
        with hostile_bench(tmp_path, provider) as bench:
            call_id = bench.duties.add()
            bench.look(0)
            assert bench.duties.call(call_id).outcome is Outcome.ANSWERED
