"""The contract, over real HTTP on loopback."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.database import Database
from scheduler.gateway.records import MIGRATIONS
from scheduler.gateway.server import running
from scheduler.gateway.settings import Behaviour, LineScript
from scheduler.vca import read_cdr
from tests.gateway.support import (
    CLI,
    CLIENT,
    DESTINATION,
    INSTANT,
    ORIGIN,
    OTHER,
    OTHERS_ORIGIN,
    Caller,
    settings_of,
)

UNKNOWN_NUMBER = "+12025550123"
PAGE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FAILED_KEYS = {
    "sessionId": str,
    "origin": str,
    "destination": str,
    "presentation": str,
    "requestTime": str,
    "callOneRelease": str,
    "callOneSetup": str,
    "callDuration": int,
    "callReleaseInfo": str,
    "webRTC": bool,
}


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    unknown = LineScript(number_prefix=OTHERS_ORIGIN.e164, does=Behaviour.NOT_FOUND, after=INSTANT)
    with running(settings_of(tmp_path_factory.mktemp("api"), scripts=(unknown,))) as url:
        yield url


@pytest.fixture
def caller(base_url: str) -> Caller:
    return Caller(base_url)


@pytest.fixture(scope="module")
def headers(base_url: str) -> dict[str, str]:
    return Caller(base_url).bearer


def fault_of(answer: requests.Response) -> dict[str, Any]:
    """The fault of an error, which has the shape of the platform's."""
    body = answer.json()
    assert list(body) == ["fault"]
    assert {key: type(value) for key, value in body["fault"].items()} == {
        "code": int,
        "message": str,
        "description": str,
    }
    fault: dict[str, Any] = body["fault"]
    return fault


def types_of(item: dict[str, Any]) -> dict[str, type]:
    return {key: type(value) for key, value in item.items()}


def test_a_token_is_given_for_basic_credentials(caller: Caller) -> None:
    answer = caller.ask_token(scope="openid")
    assert answer.status_code == 200
    assert types_of(answer.json()) == {"access_token": str, "token_type": str, "expires_in": int}
    assert answer.json()["token_type"] == "Bearer"
    assert 0 < answer.json()["expires_in"] <= 3600


def test_a_token_is_given_for_credentials_in_the_form(base_url: str) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT.client_id,
        "client_secret": CLIENT.client_secret,
    }
    answer = requests.post(f"{base_url}/token", data=form, timeout=5)
    assert answer.json()["access_token"] == Caller(base_url).ask_token().json()["access_token"]


@pytest.mark.parametrize(
    ("form", "auth", "status", "code"),
    [
        ({"grant_type": "client_credentials"}, ("acme", "wrong"), 401, 900901),
        ({"grant_type": "client_credentials"}, None, 401, 900902),
        ({"grant_type": "password"}, ("acme", "s3cret"), 400, 400),
        ({}, ("acme", "s3cret"), 400, 400),
    ],
)
def test_a_token_is_refused_in_the_platforms_shape(
    base_url: str, form: dict[str, str], auth: tuple[str, str] | None, status: int, code: int
) -> None:
    answer = requests.post(f"{base_url}/token", data=form, auth=auth, timeout=5)
    assert (answer.status_code, fault_of(answer)["code"]) == (status, code)


def test_an_accepted_call_answers_201_and_a_session_id_alone(caller: Caller) -> None:
    answer = caller.post_call()
    assert answer.status_code == 201
    assert list(answer.json()) == ["sessionId"]
    assert re.fullmatch(r"\d+", answer.json()["sessionId"])


def test_every_call_has_its_own_session_id(caller: Caller) -> None:
    assert len({caller.post_call().json()["sessionId"] for _ in range(5)}) == 5


def test_the_cdr_of_an_answered_call_has_both_legs(caller: Caller) -> None:
    cdr = caller.complete_call(cli=CLI.e164)
    assert types_of(cdr) == {**FAILED_KEYS, "callTwoSetup": str, "callTwoRelease": str}
    assert cdr["origin"] == ORIGIN.e164.removeprefix("+")
    assert cdr["destination"] == DESTINATION.e164.removeprefix("+")
    assert cdr["callDuration"] == 1
    assert cdr["callReleaseInfo"] == "Leg2-BYE received"
    assert cdr["webRTC"] is False


def test_the_cdr_of_a_failed_first_leg_is_the_pages_own(base_url: str) -> None:
    cdr = Caller(base_url, OTHER).complete_call(origin=OTHERS_ORIGIN.e164)
    assert types_of(cdr) == FAILED_KEYS
    assert cdr["callOneSetup"] == cdr["callOneRelease"] == cdr["requestTime"]
    assert (cdr["callDuration"], cdr["callReleaseInfo"]) == (0, "Leg1-404-NotFound received")


def test_times_are_whole_seconds_in_utc(caller: Caller) -> None:
    cdr = caller.complete_call()
    times = [value for key, value in cdr.items() if key.endswith(("Time", "Setup", "Release"))]
    assert len(times) == 5
    assert all(PAGE_TIME.fullmatch(time) for time in times)


def test_our_own_client_reads_the_cdr_as_complete(caller: Caller) -> None:
    cdr = read_cdr(caller.complete_call(presentation="RESTRICTED"))
    assert cdr.complete
    assert (cdr.origin, cdr.destination, cdr.presentation) == (ORIGIN.e164, DESTINATION.e164, "RESTRICTED")
    assert cdr.call_two_setup is not None


@pytest.mark.parametrize(
    ("given", "shown"), [(None, "allowed"), ("", "allowed"), ("ALLOWED", "allowed"), ("RESTRICTED", "restricted")]
)
def test_presentation_is_allowed_by_default_and_lower_case_in_cdrs(
    caller: Caller, given: str | None, shown: str
) -> None:
    assert caller.complete_call(presentation=given)["presentation"] == shown


def test_national_forms_are_corrected(caller: Caller) -> None:
    cdr = caller.complete_call(origin="02 816 02 57", destination="0032468373901", cli="028160200")
    assert (cdr["origin"], cdr["destination"]) == ("3228160257", "32468373901")


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"origin": None}, 400, "origin"),
        ({"destination": None}, 400, "destination"),
        ({"origin": 3228160257}, 400, "origin"),
        ({"origin": "nobody"}, 400, "origin"),
        ({"destination": "+32112"}, 400, "destination"),
        ({"destination": "100"}, 400, "destination"),
        ({"destination": "+3290012345"}, 403, "destination"),
        ({"origin": OTHERS_ORIGIN.e164}, 403, "origin"),
        ({"cli": OTHERS_ORIGIN.e164}, 403, "cli"),
        ({"cli": "x"}, 400, "cli"),
        ({"presentation": "HIDDEN"}, 400, "presentation"),
        ({"callback": "ftp://example.com"}, 400, "callback"),
        ({"callback": 7}, 400, "callback"),
    ],
)
def test_a_refusal_names_the_field(caller: Caller, changes: dict[str, Any], status: int, field: str) -> None:
    answer = caller.post_call(**changes)
    assert answer.status_code == status
    assert fault_of(answer)["description"].startswith(f"{field}: ")


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=20),
    st.from_regex(r"\+?[0-9 ()/.-]{1,18}", fullmatch=True),
    st.lists(st.integers(), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(body=st.dictionaries(st.sampled_from(("origin", "cli", "presentation", "callback", "other")), anything))
def test_no_body_makes_it_fail(base_url: str, headers: dict[str, str], body: dict[str, Any]) -> None:
    call = {"origin": ORIGIN.e164, "destination": "112", **body}
    answer = requests.post(f"{base_url}/vca/1.0.0/call", json=call, headers=headers, timeout=5)
    assert answer.status_code in (400, 403)
    fault_of(answer)


def test_a_refused_call_leaves_no_cdr(tmp_path: Path) -> None:
    with running(settings_of(tmp_path)) as url:
        caller = Caller(url)
        assert caller.post_call(cli=OTHERS_ORIGIN.e164).status_code == 403
        completed = caller.complete_call()
        assert caller.cdrs() == [completed]


def test_a_database_that_fails_refuses_the_call(tmp_path: Path) -> None:
    chosen = settings_of(tmp_path)
    with running(chosen) as url, closing(Database(chosen.database, MIGRATIONS)) as database:
        database.write(lambda connection: connection.execute("ALTER TABLE call RENAME TO lost"))
        answer = Caller(url).post_call()
    assert (answer.status_code, fault_of(answer)["code"]) == (503, 503)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"", b"\xff"])
def test_a_body_that_is_not_a_json_object_is_refused(caller: Caller, body: bytes) -> None:
    headers = {**caller.bearer, "Content-Type": "application/json"}
    answer = requests.post(f"{caller.base_url}/vca/1.0.0/call", data=body, headers=headers, timeout=5)
    assert answer.status_code == 400
    assert fault_of(answer)["description"]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer unknown", "Basic YWNtZTpzM2NyZXQ=", "unknown"])
@pytest.mark.parametrize(("method", "path"), [("POST", "call"), ("GET", "cdr")])
def test_nothing_is_done_without_a_token(base_url: str, method: str, path: str, authorization: str) -> None:
    answer = requests.request(
        method, f"{base_url}/vca/1.0.0/{path}", json={}, headers={"Authorization": authorization}, timeout=5
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert fault_of(answer)["code"] in (900901, 900902)


def test_a_client_sees_its_own_cdrs_alone(base_url: str) -> None:
    mine = Caller(base_url).complete_call()
    theirs = Caller(base_url, OTHER).complete_call(origin=OTHERS_ORIGIN.e164)
    assert mine not in Caller(base_url, OTHER).cdrs(limit=1000)
    assert theirs not in Caller(base_url).cdrs(limit=1000)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"page": -1}, "page"),
        ({"page": "x"}, "page"),
        ({"page": 10**30}, "page"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"from": "yesterday"}, "from"),
        ({"till": "0001-01-01T00:00:00+14:00"}, "till"),
    ],
)
def test_a_cdr_query_that_cannot_be_read_names_the_parameter(
    caller: Caller, parameters: dict[str, Any], field: str
) -> None:
    answer = caller.get_cdrs(**parameters)
    assert answer.status_code == 400
    assert fault_of(answer)["description"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/vca/1.0.0/call", 405), ("GET", "/token", 405)],
)
def test_an_unknown_page_or_method_is_answered_in_json(base_url: str, method: str, path: str, status: int) -> None:
    answer = requests.request(method, f"{base_url}{path}", timeout=5)
    assert (answer.status_code, fault_of(answer)["code"]) == (status, status)


def test_the_api_describes_itself(base_url: str) -> None:
    paths = requests.get(f"{base_url}/openapi.json", timeout=5).json()["paths"]
    assert set(paths) == {"/token", "/vca/1.0.0/call", "/vca/1.0.0/cdr"}


def test_a_stranger_writes_no_lines_into_the_log(base_url: str, caplog: pytest.LogCaptureFixture) -> None:
    requests.post(f"{base_url}/token", auth=("acme\nforged line", "x"), timeout=5)
    requests.get(f"{base_url}/nowhere%0Aforged line", timeout=5)
    assert len(caplog.messages) == 2
    assert all("\n" not in message for message in caplog.messages)


def test_a_refusal_is_logged_with_its_client_and_without_the_number(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="scheduler"):
        caller.post_call(origin=OTHERS_ORIGIN.e164)
        caller.post_call()
    assert "refused client 'acme'" in caplog.text
    for number in (ORIGIN, DESTINATION, OTHERS_ORIGIN):
        assert number.e164.removeprefix("+") not in caplog.text
