"""A thread that does one thing again and again, and wakes at once when asked or stopped; how threads share."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from scheduler.errors import CallSchedulerError

log = logging.getLogger(__name__)

_AFTER_FAILURE = timedelta(seconds=5)
_SWITCH_SECONDS = 0.0005
_FREED_AT_ONCE = 250
_FULL_COLLECTIONS = 1000  # collections of the younger objects between two of all


def let_calls_pass() -> None:
    """Let nothing in this process keep a due call waiting, as a thread does that reads a big calendar.

    By default the interpreter lets a thread that computes go on for 5 ms, several times a call. And with
    100 000 events planned each full garbage collection stops all threads for a fifth of a second; hardly
    anything here waits for one, since what dies dies by its reference count.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _FULL_COLLECTIONS)


def let_go(objects: list[Any]) -> None:
    """Empty a list of what nobody else holds, some at a time.

    Freed at once, as at the end of a function, ten thousand calls keep every other thread waiting for 15 ms.
    """
    while objects:
        del objects[-_FREED_AT_ONCE:]


class Loop:
    """Calls ``run_once`` every ``every``, or sooner after :meth:`wake`; its errors are logged, not fatal."""

    def __init__(self, name: str, run_once: Callable[[], object], every: timedelta) -> None:
        self._name = name
        self._run_once = run_once
        self.every = every  # may be changed while it runs
        self._woken = threading.Event()
        self._stopping = False
        self._told = ""  # a trouble that lasts is told once
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """Let the round that is going on finish, and end."""
        self._stopping = True
        self._woken.set()
        self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while True:
            # Cleared before the round, and before looking whether to stop: a wake-up since is never lost.
            self._woken.clear()
            if self._stopping:
                return
            wait = self.every if self._succeeds() else min(self.every, _AFTER_FAILURE)
            self._woken.wait(wait.total_seconds())

    def _succeeds(self) -> bool:
        try:
            self._run_once()
        except CallSchedulerError as error:
            if str(error) != self._told:
                log.warning("%s: %s; trying again", self._name, error)
            self._told = str(error)
            return False
        except Exception:
            log.exception("%s failed; trying again", self._name)
            return False
        self._told = ""
        return True
