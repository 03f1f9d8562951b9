"""`check --wait`, as a script uses it after it has started a daemon."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scheduler.cli import cli
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from tests.world import World, await_true, whole_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with whole_world(tmp_path) as found:
        yield found


@contextmanager
def daemon_running(world: World) -> Iterator[None]:
    with running_daemon(read_config(world.config), SystemClock()):
        yield


def check(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", "--config", str(world.config), *arguments])


def test_it_goes_on_as_soon_as_a_daemon_has_read_everything(world: World) -> None:
    found: list[Result] = []
    waiting = threading.Thread(target=lambda: found.append(check(world, "--wait", "30 s")))
    waiting.start()
    with daemon_running(world):
        waiting.join(30)
    (result,) = found
    assert result.exit_code == 0, result.output
    assert "ok      daemon: running" in result.output


def test_without_a_daemon_it_ends_with_a_code_of_its_own_and_says_what_is_missing(world: World) -> None:
    result = check(world, "--wait", "0 s")
    assert result.exit_code == 3
    assert "waited in vain: no daemon runs" in result.output
    assert "waited in vain: calendar sales: not read yet" in result.output
    assert "ok      provider" in result.output  # the rest is told all the same


def test_a_calendar_that_cannot_be_read_is_waited_for_in_vain(world: World) -> None:
    looks: list[Result] = []

    def is_told() -> bool:
        looks.append(check(world, "--wait", "0 s", "--json"))
        told = [row["text"] for row in json.loads(looks[-1].stdout) if row["subject"] == "waited in vain"]
        return any(text.startswith("calendar sales: ") and "not read yet" not in text for text in told)

    with daemon_running(world):
        (world.folder / "sales.ics").unlink()
        await_true(is_told)
    assert looks[-1].exit_code == 3


def test_a_calendar_that_stands_elsewhere_now_has_not_been_read_yet(world: World) -> None:
    with daemon_running(world):
        assert check(world, "--wait", "30 s").exit_code == 0
        (world.folder / "other.ics").write_bytes((world.folder / "sales.ics").read_bytes())
        world.configure(lambda text: text.replace("sales.ics", "other.ics"))
        result = check(world, "--wait", "0 s")
    assert result.exit_code == 3
    assert "calendar sales: not read yet, as it stands in the configuration now" in result.output


def test_a_broken_configuration_is_told_at_once(world: World) -> None:
    world.configure(lambda text: text.replace("cli =", "clo ="))
    result = check(world, "--wait", "1 h")
    assert result.exit_code == 1
    assert "clo" in result.output


def test_a_time_without_a_unit_is_wrong_usage(world: World) -> None:
    assert check(world, "--wait", "5").exit_code == 2
