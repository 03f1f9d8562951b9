"""Other people's JSON: whatever comes, it is read or refused, and what was read can be kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.vca import (
    CallRequest,
    Cdr,
    Presentation,
    read_cdr,
    read_cdr_page,
    read_time,
    write_time,
)

# Surrogates are part of what JSON can say ("\ud800") and of no other text.
TEXT = st.text(st.characters(codec=None))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("sessionId", "origin", "destination", "presentation", "requestTime", "callOneSetup", "callOneRelease",
          "callTwoSetup", "callTwoRelease", "callDuration", "callReleaseInfo")  # fmt: skip
CDR_LIKE = st.dictionaries(st.sampled_from(FIELDS), ANY_JSON | st.sampled_from(["32468373901", "2021-10-19"]))
FAILED_CALL = {
    "sessionId": "1634652837",
    "origin": "3228160257",
    "destination": "32468373901",
    "presentation": "allowed",
    "requestTime": "2021-10-19T14:13:57Z",
    "callOneSetup": "2021-10-19T14:13:57Z",
    "callOneRelease": "2021-10-19T14:13:57Z",
    "callDuration": 0,
    "callReleaseInfo": "Leg1-404-NotFound received",
}


def test_a_failed_call_is_read_as_the_operator_shows_it() -> None:
    cdr = read_cdr(FAILED_CALL)
    assert (cdr.origin, cdr.destination, cdr.presentation) == ("+3228160257", "+32468373901", "ALLOWED")
    assert cdr.request_time == datetime(2021, 10, 19, 14, 13, 57, tzinfo=UTC)
    assert cdr.duration == timedelta()
    assert cdr.complete


@given(raw=ANY_JSON | CDR_LIKE)
def test_whatever_json_comes_as_a_record_it_is_read_or_refused(raw: object) -> None:
    try:
        cdr = read_cdr(raw)
    except ValueError:
        return
    assert cdr.session_id or (cdr.origin and cdr.destination)
    _can_be_stored(cdr)


def _can_be_stored(cdr: Cdr) -> None:
    texts = (cdr.raw_text, cdr.session_id, cdr.origin, cdr.destination, cdr.release_info, cdr.presentation)
    for text in texts:
        text.encode()
    assert json.loads(cdr.raw_text).keys() == cdr.raw.keys()


@given(body=ANY_JSON | st.fixed_dictionaries({"items": st.lists(CDR_LIKE | ANY_JSON), "meta": ANY_JSON}))
def test_whatever_json_comes_as_a_page_it_is_read_or_refused(body: object) -> None:
    try:
        page = read_cdr_page(body)
    except ValueError:
        return
    assert isinstance(body, Mapping)
    assert len(page.items) + len(page.unreadable) == len(body["items"])
    assert min(page.current_page, page.last_page, page.total_elements) >= 0


def test_half_of_a_surrogate_pair_can_be_stored() -> None:
    cdr = read_cdr(json.loads('{"sessionId": "4\\ud8002", "callReleaseInfo": "Leg2-\\udfff"}'))
    connection = sqlite3.connect(":memory:")
    stored = connection.execute("SELECT ?, ?, ?", (cdr.session_id, cdr.release_info, cdr.raw_text)).fetchone()
    connection.close()
    assert stored == ("4?2", "Leg2-?", cdr.raw_text)


def test_equal_records_are_equal_texts_whatever_their_order() -> None:
    backwards = dict(reversed(FAILED_CALL.items()))
    assert read_cdr(backwards).raw_text == read_cdr(FAILED_CALL).raw_text


@pytest.mark.parametrize("value", [-1, "soon", None, [], float("nan"), float("inf"), 10**400])
def test_a_duration_that_is_none_leaves_the_record_incomplete(value: object) -> None:
    cdr = read_cdr({**FAILED_CALL, "callDuration": value})
    assert cdr.duration is None
    assert not cdr.complete


def test_a_record_of_a_call_that_goes_on_is_incomplete() -> None:
    going_on = {
        key: value for key, value in FAILED_CALL.items() if key not in ("callOneRelease", "callReleaseInfo")
    }
    assert not read_cdr(going_on).complete


def test_a_record_that_could_be_of_any_call_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to no call"):
        read_cdr({"origin": "3228160257", "callDuration": 4})


@pytest.mark.parametrize(
    ("text", "presentation"),
    [(None, Presentation.ALLOWED), ("", Presentation.ALLOWED), ("  ", Presentation.ALLOWED),
     ("allowed", Presentation.ALLOWED), ("Restricted", Presentation.RESTRICTED)],
)  # fmt: skip
def test_presentation_is_read_in_any_case(text: str | None, presentation: Presentation) -> None:
    assert Presentation.read(text) is presentation


def test_another_presentation_is_refused() -> None:
    with pytest.raises(ValueError, match="HIDDEN"):
        Presentation.read("hidden")


def test_a_request_leaves_out_what_is_empty() -> None:
    body = CallRequest(origin="+3228160257", destination="+32468373901").to_json()
    assert body == {"origin": "+3228160257", "destination": "+32468373901", "presentation": "ALLOWED"}


def test_a_request_carries_what_was_asked_for() -> None:
    request = CallRequest(
        origin="+3228160257",
        destination="+32468373901",
        cli="+3228160257",
        presentation=Presentation.RESTRICTED,
        callback="https://example.com/cdr/1",
    )
    assert request.to_json()["cli"] == "+3228160257"
    assert request.to_json()["presentation"] == "RESTRICTED"
    assert request.to_json()["callback"] == "https://example.com/cdr/1"


@given(instant=st.datetimes(timezones=st.timezones()).filter(lambda at: 2 < at.year < 9998))
def test_a_time_comes_back_to_the_second(instant: datetime) -> None:
    whole = instant.astimezone(UTC).replace(microsecond=0)
    assert read_time(write_time(whole)) == whole


def test_a_time_without_a_zone_is_utc() -> None:
    assert read_time("2021-10-19T14:13:57") == datetime(2021, 10, 19, 14, 13, 57, tzinfo=UTC)


@given(text=st.text() | st.sampled_from(["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"]))
def test_whatever_stands_for_a_time_is_read_or_refused(text: str) -> None:
    try:
        assert read_time(text).tzinfo is UTC
    except ValueError:
        return
