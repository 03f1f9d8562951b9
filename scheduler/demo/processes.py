"""The demo's processes: each with its log, all within one bound of time, all ended whatever happens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import IO

from scheduler.clock import Clock
from scheduler.errors import DemoFailed

_LOOK_SECONDS = 0.05
_END_SECONDS = 5.0
_TAIL = 15  # lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    name: str
    running: subprocess.Popen[bytes]
    output: IO[bytes]
    log: Path


class Processes(AbstractContextManager["Processes"]):
    """Python modules that run beside the demo, for at most so many seconds; the last started is ended first."""

    def __init__(self, folder: Path, clock: Clock, seconds: float) -> None:
        self._folder = folder
        self._clock = clock
        self._until = clock.boot_seconds() + seconds
        self._started: list[_Process] = []
        self._ends = ExitStack()
        self._pause = Event()

    def start(self, name: str, *module_and_arguments: str) -> None:
        log = self._folder / f"{name}.log"
        output = log.open("wb")
        running = subprocess.Popen(
            [sys.executable, "-m", *module_and_arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A Ctrl-C is for the demo, which then ends them in their order.
            process_group=0,
        )
        process = _Process(name=name, running=running, output=output, log=log)
        self._started.append(process)
        self._ends.callback(_end, process)

    def ask(self, *module_and_arguments: str) -> bytes:
        """What another command prints, whatever its exit code.

        :raises DemoFailed: it takes too long.
        """
        try:
            return subprocess.run(
                [sys.executable, "-m", *module_and_arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=max(self._left(), 1),
                check=False,
            ).stdout
        except subprocess.TimeoutExpired:
            raise DemoFailed(f"{' '.join(module_and_arguments)} gave no answer in time") from None

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """:raises DemoFailed: a process has ended, or the time is up before it is so."""
        while not condition():
            self.pause(_LOOK_SECONDS, what)

    def pause(self, seconds: float, what: str) -> None:
        """Wait a little for ``what``.

        :raises DemoFailed: a process has ended, or the time is up.
        """
        for one in self._started:
            code = one.running.poll()
            if code is not None:
                raise DemoFailed(f"the {one.name} ended by itself with exit code {code}")
        if self._left() <= 0:
            raise DemoFailed(f"the time is up: {what} took too long")
        self._pause.wait(seconds)

    def tails(self) -> tuple[tuple[str, str], ...]:
        """Each process's name and the last lines of its log."""
        logs = ((one.name, one.log.read_text(encoding="utf-8", errors="replace")) for one in self._started)
        return tuple((name, "\n".join(text.splitlines()[-_TAIL:])) for name, text in logs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def _left(self) -> float:
        return self._until - self._clock.boot_seconds()


def _end(process: _Process) -> None:
    process.running.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.running.wait(_END_SECONDS)
    finally:
        # Also on a second Ctrl-C; nothing happens where it has ended.
        process.running.kill()
        process.running.wait()
        process.output.close()
