"""Health as orchestrators and load balancers ask for it."""

from __future__ import annotations

import requests
from starlette.applications import Starlette

from scheduler.web.health import Check, health_routes
from tests.web.serving import serving


def asked(path: str, *checks: Check) -> requests.Response:
    with serving(Starlette(routes=health_routes(lambda: checks))) as url:
        return requests.get(url + path, timeout=10)


def test_the_process_answers_whatever_is_wrong_with_it() -> None:
    answer = asked("/healthz", Check(name="ledger", trouble="the disk is full"))
    assert (answer.status_code, answer.text) == (200, "ok")


def test_it_is_ready_where_nothing_is_wrong() -> None:
    answer = asked("/readyz", Check(name="ledger", trouble=""), Check(name="clock", trouble=""))
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"ledger": "fine", "clock": "fine"}}


def test_one_trouble_is_enough_not_to_be_ready_and_is_told() -> None:
    answer = asked("/readyz", Check(name="ledger", trouble="the disk is full"), Check(name="clock", trouble=""))
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": {"ledger": "the disk is full", "clock": "fine"}}
