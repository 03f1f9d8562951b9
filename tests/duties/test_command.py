"""Commands left beside the daemon: each is answered once, and not after its asker has gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from scheduler.duties.command import PATIENCE, CommandDuty, leave_command
from scheduler.ledger.waiting import await_result
from tests.clocks import NOON
from tests.duties.support import Bench


def answered(duties: Bench, kind: str, *, done: list[Mapping[str, str]] | None = None) -> str:
    command = leave_command(duties.ledger, kind, {"number": "one"}, NOON)
    seen: list[Mapping[str, str]] = [] if done is None else done

    def handle(arguments: Mapping[str, str]) -> str:
        seen.append(arguments)
        if kind == "fail":
            raise ValueError("it can't be")
        return "done"

    duty = CommandDuty(duties.ledger, duties.clock, {"do": handle, "fail": handle})
    duty.run_once()
    duty.run_once()
    result = await_result(duties.ledger, command, timedelta(seconds=5))
    assert result is not None
    return result


def test_a_command_is_done_once_and_answered(duties: Bench) -> None:
    done: list[Mapping[str, str]] = []
    assert answered(duties, "do", done=done) == "done"
    assert done == [{"number": "one"}]


def test_a_commands_failure_is_its_answer(duties: Bench) -> None:
    assert json.loads(answered(duties, "fail")) == {"error": "it can't be"}


def test_an_unknown_command_is_answered_as_such(duties: Bench) -> None:
    assert "doesn't know the command 'sing'" in answered(duties, "sing")


def test_a_command_whose_asker_has_gone_is_not_done_any_more(duties: Bench) -> None:
    done: list[Mapping[str, str]] = []
    duties.clock.advance(PATIENCE + timedelta(seconds=1))
    assert "it was asked for 31 s ago" in answered(duties, "do", done=done)
    assert done == []


def test_nobody_waits_for_ever_for_a_daemon_that_doesnt_answer(duties: Bench) -> None:
    command = leave_command(duties.ledger, "do", {}, NOON)
    assert await_result(duties.ledger, command, timedelta()) is None
