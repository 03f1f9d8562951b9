"""The daemon as programs see it that watch it: metrics and health of a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import Daemon, running_daemon
from scheduler.service import reload_config
from tests.world import World, await_true, soon, whole_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with whole_world(tmp_path) as found:
        yield found


@pytest.fixture
def daemon(world: World) -> Iterator[Daemon]:
    world.configure(_with_metrics)
    with running_daemon(read_config(world.config), SystemClock()) as daemon:
        await_true(lambda: daemon.metrics_url != "")
        yield daemon


def _with_metrics(text: str) -> str:
    return text + '\n[metrics]\nlisten = "127.0.0.1:0"\n'


def samples(daemon: Daemon, name: str) -> dict[tuple[str, ...], float]:
    text = requests.get(f"{daemon.metrics_url}/metrics", timeout=10).text
    families = text_string_to_metric_families(text)
    return {
        tuple(one.labels.values()): one.value for one in (s for f in families for s in f.samples if s.name == name)
    }


def readiness(daemon: Daemon) -> requests.Response:
    return requests.get(f"{daemon.metrics_url}/readyz", timeout=10)


def test_a_call_that_rang_is_counted_and_measured(world: World, daemon: Daemon) -> None:
    world.put("one", soon())
    await_true(lambda: len(world.ended()) == 1)
    assert samples(daemon, "call_scheduler_calls_total")["answered",] == 1
    assert samples(daemon, "call_scheduler_lateness_seconds_count") == {(): 1}
    assert samples(daemon, "call_scheduler_provider_answers_total")["accepted",] == 1
    assert samples(daemon, "call_scheduler_token_renewals_total")["granted",] >= 1
    assert samples(daemon, "call_scheduler_collection_read_timestamp_seconds")["sales",] > 0


def test_a_daemon_at_work_is_ready(daemon: Daemon) -> None:
    await_true(lambda: readiness(daemon).ok)
    assert set(readiness(daemon).json()["checks"].values()) == {"fine"}


def test_a_daemon_without_a_token_is_not_ready_and_says_so(world: World) -> None:
    (world.folder / "secret").write_text("not the secret\n")
    with running_daemon(read_config(world.configure(_with_metrics)), SystemClock()) as daemon:
        await_true(lambda: daemon.metrics_url != "")
        await_true(lambda: readiness(daemon).json()["checks"]["timetable"] == "fine")
        answer = readiness(daemon)
    assert answer.status_code == 503
    assert "the provider has given none" in answer.json()["checks"]["token"]


def test_a_reload_that_drops_the_table_ends_the_serving(world: World, daemon: Daemon) -> None:
    reload_config(daemon, world.configure())
    await_true(lambda: daemon.metrics_url == "")
