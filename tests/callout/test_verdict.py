from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.callout.answer import Accepted, PerhapsSent, Refused, RefusedForNow, Unauthorized
from scheduler.callout.verdict import read_answer, read_retry_after
from scheduler.response import Response

FAULT = b'{"fault": {"code": 900800, "message": "Message throttled out"}}'
NOON = "Mon, 23 Nov 2026 12:00:00 GMT"


def response(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, headers=headers or {}, body=body)


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    ("session_id", "read"),
    [("123456", "123456"), (123456, "123456"), (" a-1 ", "a-1"), ("1\ud800", "1"), (1.5, "1.5")],
)
def test_a_session_id_means_accepted(status: int, session_id: object, read: str) -> None:
    body = json.dumps({"sessionId": session_id}).encode()
    assert read_answer(response(status, body), refused_on_503=False) == Accepted(session_id=read)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"123456"',
        b'{"sessionId"',
        b'{"sessionId": null}',
        b'{"sessionId": true}',
        b'{"sessionId": ""}',
        b'{"sessionId": {"id": 1}}',
        b"<html>Sign in</html>",
        b"[" * 100_000,
        b"[" * 900 + b"]" * 900,
        b"\xff\xfe\x00",
    ],
)
def test_success_without_a_readable_session_id_is_perhaps_sent(body: bytes) -> None:
    answer = read_answer(response(200, body), refused_on_503=False)
    assert isinstance(answer, PerhapsSent)
    assert "without a sessionId" in answer.reason


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 409, 422, 425, 451])
def test_other_4xx_are_refusals_for_good_with_what_the_provider_says(status: int) -> None:
    answer = read_answer(response(status, b'{"detail": "origin is not yours"}'), refused_on_503=False)
    assert answer == Refused(status=status, reason=f"status {status}: origin is not yours")


@pytest.mark.parametrize("status", [408, 499])
def test_a_time_out_is_perhaps_sent_since_a_proxy_may_mean_the_server_behind_it(status: int) -> None:
    answer = read_answer(response(status, b"too slow"), refused_on_503=True)
    assert answer == PerhapsSent(reason=f"status {status}: too slow")


def test_401_is_about_the_token() -> None:
    assert isinstance(read_answer(response(401, FAULT), refused_on_503=False), Unauthorized)


def test_429_is_a_refusal_for_as_long_as_it_says() -> None:
    answer = read_answer(response(429, FAULT, {"Retry-After": "7"}), refused_on_503=False)
    assert answer == RefusedForNow(
        reason="status 429: 900800, Message throttled out", retry_after=timedelta(seconds=7)
    )


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 500, 501, 502, 503, 504, 599, 600])
def test_redirects_and_5xx_are_perhaps_sent(status: int) -> None:
    assert isinstance(read_answer(response(status, FAULT), refused_on_503=False), PerhapsSent)


def test_only_503_is_a_refusal_where_the_configuration_says_so() -> None:
    answer = read_answer(response(503, b"", {"Retry-After": "5"}), refused_on_503=True)
    assert answer == RefusedForNow(reason="status 503: ", retry_after=timedelta(seconds=5))
    assert isinstance(read_answer(response(502), refused_on_503=True), PerhapsSent)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 30),
        ({"Retry-After": ""}, 30),
        ({"Retry-After": "soon"}, 30),
        ({"Retry-After": "-5"}, 30),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "9" * 4_000}, 3600),
        ({"Retry-After": "Mon, 23 Nov 2026 12:00:45 GMT", "Date": NOON}, 45),
        ({"Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT", "Date": NOON}, 1),
        ({"Retry-After": "Mon, 23 Nov 2026 18:00:00 GMT", "Date": NOON}, 3600),
        ({"Retry-After": "Mon, 23 Nov 2026 12:00:45 GMT"}, 30),
        ({"Retry-After": "Mon, 99 Nov 2026 12:00:45 GMT", "Date": NOON}, 30),
    ],
)
def test_retry_after_is_seconds_or_a_date_between_a_second_and_an_hour(
    headers: Mapping[str, str], seconds: int
) -> None:
    assert read_retry_after(headers) == timedelta(seconds=seconds)


@given(
    status=st.integers(200, 999),
    body=st.binary(max_size=200) | st.text(max_size=50).map(lambda text: json.dumps({"sessionId": text}).encode()),
    retry_after=st.text(max_size=40),
    date=st.text(max_size=40),
)
def test_any_answer_means_something_and_only_2xx_is_ever_accepted(
    status: int, body: bytes, retry_after: str, date: str
) -> None:
    answer = read_answer(
        response(status, body, {"Retry-After": retry_after, "Date": date}), refused_on_503=status % 2 == 0
    )
    if isinstance(answer, Accepted):
        assert 200 <= status < 300
        answer.session_id.encode()
    elif isinstance(answer, RefusedForNow):
        assert timedelta(seconds=1) <= answer.retry_after <= timedelta(hours=1)
