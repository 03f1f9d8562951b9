"""``calls resolve`` and the alerts that ``check`` shows, beside a daemon and without one."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome
from scheduler.ledger import open_ledger
from scheduler.ledger.alerts import append_alert
from scheduler.ledger.attempts import select_attempt
from scheduler.ledger.settling import fall_silent
from tests.calls.builders import want
from tests.cli.test_commands import command, daemon_running, rows
from tests.ledger.desk import Desk
from tests.world import ORIGIN, World, await_true, whole_world

LONG_AGO = datetime.now(UTC) - timedelta(days=2)


def with_an_unknown_end(world: World) -> None:
    """Call 1 was requested, and nobody ever heard of it."""
    with closing(open_ledger(world.folder / "ledger.db")) as ledger:
        desk = Desk(ledger)
        desk.plan(want(at=LONG_AGO, origin=ORIGIN))
        attempt = ledger.read(select_attempt, desk.requested(LONG_AGO))
        ledger.write(fall_silent, attempt, LONG_AGO + timedelta(hours=5))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with whole_world(tmp_path) as found:
        with_an_unknown_end(found)
        yield found


@pytest.mark.parametrize("beside", [True, False], ids=["beside a daemon", "alone"])
def test_a_person_says_how_it_ended(world: World, beside: bool) -> None:
    with daemon_running(world) if beside else nullcontext():
        result = command(world, "calls", "resolve", "1", "--outcome", "busy", "--note", "Ben told me")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"call 1: busy: decided by {getpass.getuser()}: Ben told me\n"
    (row,) = rows(world, "calls")
    assert (row["outcome"], row["reason"]) == ("busy", f"decided by {getpass.getuser()}: Ben told me")


def test_a_call_that_a_person_has_rung_again_rings_and_its_story_names_both(world: World) -> None:
    with daemon_running(world):
        result = command(world, "calls", "resolve", "1", "--again", "--json")
        assert json.loads(result.stdout)["again_of"] == 1, result.output
        await_true(lambda: len(world.ended()) == 2)
    assert [call.outcome for call in world.ended()] == [Outcome.UNKNOWN, Outcome.ANSWERED]
    assert "(call 1 again)" in " ".join(command(world, "calls").stdout.split())


def test_a_call_may_be_rung_again_later_without_a_daemon(world: World) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    result = command(world, "calls", "resolve", "1", "--again", "--at", at.isoformat())
    assert result.stdout.startswith("call 1 is rung again as call 2, at ")
    assert "if a daemon runs before" in result.stdout
    assert [call.due_at for call in world.calls() if call.again_of == 1] == [at]


@pytest.mark.parametrize("beside", [True, False], ids=["beside a daemon", "alone"])
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("2", "--again"), "there is no call 2"),
        (("1", "--again", "--at", "-2 h"), "is past"),
    ],
)
def test_what_the_rules_forbid_is_refused_with_the_reason(
    world: World, arguments: tuple[str, ...], reason: str, beside: bool
) -> None:
    with daemon_running(world) if beside else nullcontext():
        result = command(world, "calls", "resolve", *arguments)
    assert result.exit_code == 1
    assert reason in result.stderr + str(result.exception)
    assert len(world.calls()) == 1


def test_a_destination_that_is_barred_by_now_is_not_rung_again(world: World) -> None:
    world.configure(lambda text: text + '\n[barring]\nnumbers = ["+32468373901"]\n')
    result = command(world, "calls", "resolve", "1", "--again")
    assert "its destination is barred" in str(result.exception)
    assert len(world.calls()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--outcome", "busy", "--again"),
        ("--outcome", "unknown"),
        ("--outcome", "missed"),
        ("--outcome", "busy", "--at", "+1 h"),
        ("--again", "--note", "so"),
    ],
    ids=" ".join,
)
def test_half_a_decision_is_wrong_usage(world: World, arguments: tuple[str, ...]) -> None:
    assert command(world, "calls", "resolve", "1", *arguments).exit_code == 2


def test_the_configuration_may_be_named_after_the_word_resolve_too(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(world.config.read_text())
    world.config.unlink()
    result = command(world, "calls", "resolve", "1", "--outcome", "busy", "--config", str(other))
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("beside", [True, False], ids=["beside a daemon", "alone"])
def test_check_shows_alerts_until_somebody_has_seen_them(world: World, beside: bool) -> None:
    with closing(open_ledger(world.folder / "ledger.db")) as ledger:
        ledger.write(append_alert, datetime.now(UTC), "call 1 ends as unknown", call_id=1)
        ledger.write(append_alert, datetime.now(UTC) - timedelta(days=8), "an old one")
    with daemon_running(world) if beside else nullcontext():
        shown = command(world, "check")
        assert (shown.exit_code, "call 1 ends as unknown" in shown.stdout) == (1, True)
        assert "an old one" not in shown.stdout
        assert "call 1 ends as unknown" in command(world, "check", "--acknowledge").stdout
        again = command(world, "check")
    assert (again.exit_code, "PROBLEM" in again.stdout) == (0, False), again.stdout


def test_acknowledging_makes_no_ledger(tmp_path: Path) -> None:
    with whole_world(tmp_path) as world:
        assert command(world, "check", "--acknowledge").exit_code == 0
        assert not (world.folder / "ledger.db").exists()
