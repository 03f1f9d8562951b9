"""What changes the ledger is done by the daemon where one runs, and here otherwise (rule 15)."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click

from scheduler.cli.context import ledger_to_hold
from scheduler.clock import SystemClock
from scheduler.config import Config
from scheduler.database import Database
from scheduler.duties.command import PATIENCE, leave_command
from scheduler.ledger import open_ledger
from scheduler.ledger.waiting import await_result

_PATIENCE = PATIENCE + timedelta(seconds=5)  # the daemon does nothing any more that was asked for so long ago


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of it; ``by_daemon`` tells whether one runs."""

    answer: Mapping[str, Any]
    by_daemon: bool


def carry_out(
    config: Config,
    kind: str,
    arguments: Mapping[str, str],
    here: Callable[[Database], Mapping[str, Any]],
    *,
    patience: timedelta = _PATIENCE,
) -> Answered:
    """:raises click.ClickException: the daemon refused, or gave no answer."""
    with ledger_to_hold(config) as ledger:
        if ledger is not None:
            return Answered(answer=here(ledger), by_daemon=False)
    with closing(open_ledger(config.ledger)) as ledger:
        return Answered(answer=ask(ledger, kind, arguments, patience=patience), by_daemon=True)


def who_asks() -> str:
    """The user at the keyboard, by the system's name; to be asked for before root becomes the service's user."""
    user = os.getuid()
    if user == 0 and "SUDO_USER" in os.environ:
        return os.environ["SUDO_USER"]
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def ask(
    ledger: Database, kind: str, arguments: Mapping[str, str], *, patience: timedelta = _PATIENCE
) -> Mapping[str, Any]:
    """The answer of the daemon that holds this ledger.

    :raises click.ClickException: it refused, or gave no answer.
    """
    command = leave_command(ledger, kind, arguments, SystemClock().now())
    result = await_result(ledger, command, patience)
    if result is None:
        raise click.ClickException("the daemon gave no answer: look at its log before you try again")
    answer: Mapping[str, Any] = json.loads(result)
    if "error" in answer:
        raise click.ClickException(answer["error"])
    return answer
