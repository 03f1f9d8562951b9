from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from scheduler.gateway.faults import Faults
from scheduler.gateway.server import running
from scheduler.gateway.settings import Fault, FaultKind
from tests.gateway.support import (
    CLI,
    DESTINATION,
    ORIGIN,
    Caller,
    SetClock,
    receiving,
    settings_of,
)


@contextmanager
def faulty(folder: Path, *faults: Fault) -> Iterator[Caller]:
    with running(settings_of(folder, faults=faults)) as url:
        yield Caller(url)


def test_a_fault_strikes_the_first_requests_to_its_prefix_alone() -> None:
    faults = Faults((Fault(kind=FaultKind.TOO_MANY, destination_prefix="+32468", first=2),))
    struck = [bool(faults.strike(FaultKind.TOO_MANY, number)) for number in [ORIGIN] + [DESTINATION] * 3]
    assert struck == [False, True, True, False]
    assert faults.strike(FaultKind.SLOW, DESTINATION) is None


def test_a_used_up_fault_leaves_its_place_to_the_next_of_its_kind() -> None:
    faults = Faults(
        (
            Fault(kind=FaultKind.SERVER_ERROR, first=1, status=500),
            Fault(kind=FaultKind.SERVER_ERROR, first=1, status=502),
        )
    )
    struck = [faults.strike(FaultKind.SERVER_ERROR, DESTINATION) for _ in range(3)]
    assert [fault and fault.status for fault in struck] == [500, 502, None]


def test_a_lost_answer_closes_the_connection_although_the_call_rings(tmp_path: Path) -> None:
    with faulty(tmp_path, Fault(kind=FaultKind.LOSE_ANSWER)) as caller:
        with pytest.raises(requests.ConnectionError):
            caller.post_call()
        assert len(caller.wait_for_cdrs(1)) == 1


def test_a_lost_answer_can_be_held_until_the_client_gives_up(tmp_path: Path) -> None:
    with faulty(tmp_path, Fault(kind=FaultKind.LOSE_ANSWER, delay=timedelta(hours=1))) as caller:
        with pytest.raises(requests.ReadTimeout):
            caller.post_call(timeout=0.3)
        assert len(caller.wait_for_cdrs(1)) == 1


def test_a_lost_answer_costs_no_other_request(tmp_path: Path) -> None:
    with faulty(tmp_path, Fault(kind=FaultKind.LOSE_ANSWER, first=1)) as caller:
        with pytest.raises(requests.ConnectionError):
            caller.post_call()
        assert caller.post_call().status_code == 201


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_leaves_the_call_unaccepted(tmp_path: Path, status: int) -> None:
    with faulty(tmp_path, Fault(kind=FaultKind.SERVER_ERROR, first=1, status=status)) as caller:
        assert caller.post_call().status_code == status
        accepted = caller.post_call().json()["sessionId"]
        assert [cdr["sessionId"] for cdr in caller.wait_for_cdrs(1)] == [accepted]


def test_a_server_error_after_accepting_rings_all_the_same(tmp_path: Path) -> None:
    with faulty(tmp_path, Fault(kind=FaultKind.SERVER_ERROR_AFTER_ACCEPT)) as caller:
        assert caller.post_call().status_code == 503
        assert len(caller.wait_for_cdrs(1)) == 1


def test_too_many_says_when_to_come_again(tmp_path: Path) -> None:
    fault = Fault(kind=FaultKind.TOO_MANY, first=1, delay=timedelta(seconds=1.5))
    with faulty(tmp_path, fault) as caller:
        refused = caller.post_call()
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
        assert refused.json()["fault"]["code"] == 900800
        assert caller.post_call().status_code == 201


def test_a_slow_answer_comes_after_the_call_has_rung(tmp_path: Path) -> None:
    with faulty(tmp_path, Fault(kind=FaultKind.SLOW, delay=timedelta(seconds=0.4))) as caller:
        with pytest.raises(requests.ReadTimeout):
            caller.post_call(timeout=0.1)
        assert len(caller.wait_for_cdrs(1)) == 1
        assert caller.post_call().status_code == 201


def test_an_expired_token_is_refused_until_another_is_fetched(tmp_path: Path) -> None:
    with faulty(tmp_path, Fault(kind=FaultKind.EXPIRED_TOKEN, first=1)) as caller:
        old = caller.bearer
        assert caller.post_call(headers=old).status_code == 401
        assert caller.post_call(headers=old).status_code == 401
        assert caller.post_call(headers=caller.bearer).status_code == 201


def test_a_lagging_cdr_appears_only_after_its_lag(tmp_path: Path) -> None:
    clock = SetClock()
    fault = Fault(kind=FaultKind.CDR_LAG, delay=timedelta(minutes=5), destination_prefix=DESTINATION.e164)
    with running(settings_of(tmp_path, faults=(fault,)), clock=clock) as url:
        caller = Caller(url)
        lagging = caller.post_call().json()["sessionId"]
        clock.advance(timedelta(seconds=1))
        prompt = caller.post_call(destination=CLI.e164).json()["sessionId"]
        clock.advance(timedelta(seconds=1))
        assert [cdr["sessionId"] for cdr in caller.wait_for_cdrs(1)] == [prompt]
        clock.advance(timedelta(minutes=5))
        assert [cdr["sessionId"] for cdr in caller.wait_for_cdrs(2)] == [lagging, prompt]


def test_a_duplicate_callback_comes_twice(tmp_path: Path) -> None:
    with receiving() as receiver, faulty(tmp_path, Fault(kind=FaultKind.DUPLICATE_CALLBACK)) as caller:
        caller.post_call(callback=receiver.url)
        assert receiver.next_cdr() == receiver.next_cdr()


def test_a_call_without_its_callback_still_has_its_cdr(tmp_path: Path) -> None:
    with receiving() as receiver, faulty(tmp_path, Fault(kind=FaultKind.NO_CALLBACK, first=1)) as caller:
        silent = caller.post_call(callback=receiver.url).json()["sessionId"]
        caller.wait_for_cdrs(1)
        told = caller.post_call(callback=receiver.url).json()["sessionId"]
        assert receiver.next_cdr()["sessionId"] == told != silent
        assert receiver.received.empty()


def test_a_fault_spares_other_destinations(tmp_path: Path) -> None:
    fault = Fault(kind=FaultKind.SERVER_ERROR, destination_prefix="+32468")
    with faulty(tmp_path, fault) as caller:
        assert caller.post_call(destination="+12025550123").status_code == 201
        assert caller.post_call(destination=DESTINATION.e164).status_code == 503
