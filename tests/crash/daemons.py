"""Daemons as processes of their own, by the hundred: forked from one that has imported the program already."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.crash.sabotage import Sabotage, run_sabotaged
from tests.world import await_true

# To import the program takes a second or more of processor time; to fork takes none.
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["scheduler.cli", "tests.crash.sabotage"])
_STOP_SECONDS = 20.0


class Daemon:
    """One process of ``call-scheduler run``."""

    _lock = threading.Lock()  # multiprocessing polls everybody's processes whenever it starts one

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def dead(self) -> bool:
        with self._lock:
            return self._process.exitcode is not None

    def send(self, number: int) -> None:
        with self._lock:
            # One that is dead and not yet waited for keeps its id: nobody else is ever hit.
            if self._process.exitcode is None and self._process.pid is not None:
                os.kill(self._process.pid, number)

    def await_death(self) -> None:
        await_true(lambda: self.dead, _STOP_SECONDS)

    def end(self, number: int = signal.SIGKILL) -> None:
        """By SIGKILL nothing of it runs afterwards; by SIGTERM it finishes what is in flight."""
        self.send(number)
        self.await_death()


@contextmanager
def daemon(config: Path, log: Path, armed: Path, sabotage: Sabotage | None = None) -> Iterator[Daemon]:
    """A daemon that is killed at the end of the block, unless it died before."""
    process = _FORKS.Process(target=run_sabotaged, args=(config, log, sabotage, armed), daemon=True)
    with Daemon._lock:
        process.start()
    running = Daemon(process)
    try:
        yield running
    finally:
        running.end()
