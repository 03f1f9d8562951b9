"""Inside a daemon's process: one function of it is made to end, or to stop, the process at its n-th call.

Nothing of this is in the package: what dies here is the ordinary ``call-scheduler run``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from scheduler.callout.client import CalloutClient
from scheduler.cli import main


class Moment(StrEnum):
    BEFORE = "before"
    AFTER = "after"  # inside a transaction: what was done isn't committed yet
    HALFWAY = "halfway"  # of a send: half of its bytes have left


@dataclass(frozen=True, kw_only=True)
class Sabotage:
    """Where a process is struck: ``where`` is ``module:attribute``, as those who call it look it up."""

    where: str
    moment: Moment
    nth: int = 1
    carrying: bytes = b""  # only calls whose last argument holds these bytes count
    strike_with: int = signal.SIGKILL
    tokenless: bool = False  # no token is ever at hand, as right after a start


def run_sabotaged(config: Path, log: Path, sabotage: Sabotage | None, armed: Path) -> None:
    """``call-scheduler run`` in this process; calls count while the file ``armed`` exists.

    Who is stopped, and not killed, goes on once it doesn't.
    """
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(output, standard)
    if sabotage is not None:
        _arm(sabotage, armed)
    sys.argv = ["call-scheduler", "run", "--config", str(config)]
    main()


def _arm(sabotage: Sabotage, armed: Path) -> None:
    module, _, path = sabotage.where.partition(":")
    *owners, name = path.split(".")
    owner = reduce(getattr, owners, import_module(module))
    setattr(owner, name, _struck(getattr(owner, name), sabotage, _Trigger(sabotage, armed)))
    if sabotage.tokenless:
        CalloutClient.token_at_hand = lambda _self: ""  # type: ignore[method-assign]


class _Trigger:
    """Counts the calls, and strikes at the n-th."""

    def __init__(self, sabotage: Sabotage, armed: Path) -> None:
        self._sabotage = sabotage
        self._armed = armed
        self._calls = 0
        self._lock = threading.Lock()

    def counts(self, arguments: tuple[Any, ...]) -> bool:
        """Whether this is the call to strike at."""
        if self._sabotage.carrying and self._sabotage.carrying not in bytes(arguments[-1]):
            return False
        if not self._armed.exists():
            return False
        with self._lock:
            self._calls += 1
            return self._calls == self._sabotage.nth

    def strike(self) -> None:
        struck_file(self._armed).touch()
        os.kill(os.getpid(), self._sabotage.strike_with)
        # A stop may reach this thread a little later than the others: it must not run on until then.
        while self._armed.exists():
            threading.Event().wait(0.01)


def struck_file(armed: Path) -> Path:
    """Exists once the process was struck, and not by anything else."""
    return armed.with_suffix(".struck")


def _struck(original: Callable[..., Any], sabotage: Sabotage, trigger: _Trigger) -> Callable[..., Any]:
    @wraps(original)
    def sabotaged(*arguments: Any, **keywords: Any) -> Any:
        counts = trigger.counts(arguments)
        if counts and sabotage.moment is Moment.HALFWAY:
            *others, data = arguments
            half = len(data) // 2
            original(*others, data[:half])
            arguments = (*others, data[half:])  # for who is stopped, and goes on
        if counts and sabotage.moment is not Moment.AFTER:
            trigger.strike()
        result = original(*arguments, **keywords)
        if counts and sabotage.moment is Moment.AFTER:
            trigger.strike()
        return result

    return sabotaged
