"""Carrying out what somebody asks of a running daemon: each request is taken once, and answered (rule 15)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.database import Database
from scheduler.duration import spell_duration
from scheduler.errors import CallSchedulerError
from scheduler.ledger.commands import (
    Command,
    finish_command,
    insert_command,
    select_open_commands,
    take_command,
)

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=30)  # whoever asked has gone by then: what was asked isn't done any more

_AT_ONCE = 4

Handler = Callable[[Mapping[str, str]], str]


class CommandDuty:
    """Looks for commands and answers each once; a handler's error is its answer."""

    def __init__(self, ledger: Database, clock: Clock, handlers: Mapping[str, Handler]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._handlers = handlers
        # Side by side: a slow calendar's sync doesn't keep a call waiting.
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="command")

    def run_once(self) -> int:
        commands = self._ledger.read(select_open_commands)
        for command in commands:
            if self._ledger.write(take_command, command.id, self._clock.now()):
                self._pool.submit(self._carry_out, command)
        return len(commands)

    def close(self) -> None:
        """Finish what was taken."""
        self._pool.shutdown(wait=True)

    def _carry_out(self, command: Command) -> None:
        try:
            self._ledger.write(finish_command, command.id, self._answer(command), self._clock.now())
        except Exception:
            log.exception("command %d (%s) was taken, and its answer is lost", command.id, command.kind)

    def _answer(self, command: Command) -> str:
        waited = self._clock.now() - command.asked_at
        if waited > PATIENCE:
            # As one left just before the daemon died: a call that is placed hours later is a wrong ring.
            return json.dumps({"error": f"not done: it was asked for {spell_duration(waited)} ago"})
        handler = self._handlers.get(command.kind)
        if handler is None:
            return json.dumps({"error": f"this daemon doesn't know the command {command.kind!r}"})
        try:
            return handler(command.arguments)
        except (CallSchedulerError, ValueError) as error:
            return json.dumps({"error": str(error)})


def leave_command(ledger: Database, kind: str, arguments: Mapping[str, str], now: datetime) -> int:
    return ledger.write(insert_command, kind, arguments, now)
