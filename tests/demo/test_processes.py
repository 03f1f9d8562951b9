"""The demo's processes never outlive it, and never make it wait for ever."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.demo.processes import Processes
from scheduler.errors import DemoFailed
from tests.servers import free_port


def test_processes_are_ended_also_when_the_demo_breaks_off(tmp_path: Path) -> None:
    port = free_port()
    processes = _processes(tmp_path)
    processes.start("server", "http.server", "--bind", "127.0.0.1", str(port))
    processes.wait_until(lambda: _listens(port), "the server")
    with pytest.raises(KeyboardInterrupt), processes:
        raise KeyboardInterrupt
    assert not _listens(port)


def test_a_process_that_ends_by_itself_ends_the_wait(tmp_path: Path) -> None:
    with _processes(tmp_path) as processes:
        processes.start("daemon", "no_such_module")
        with pytest.raises(DemoFailed, match="the daemon ended by itself with exit code 1"):
            processes.wait_until(lambda: False, "nothing")


def test_the_wait_ends_when_the_time_is_up(tmp_path: Path) -> None:
    with (
        _processes(tmp_path, seconds=0.1) as processes,
        pytest.raises(DemoFailed, match="the first call took too long"),
    ):
        processes.wait_until(lambda: False, "the first call")


def test_the_last_lines_of_a_log_tell_what_happened(tmp_path: Path) -> None:
    with _processes(tmp_path) as processes:
        processes.start("daemon", "no_such_module")
        with pytest.raises(DemoFailed):
            processes.wait_until(lambda: False, "nothing")
        ((name, tail),) = processes.tails()
    assert name == "daemon"
    assert "No module named no_such_module" in tail


def _processes(folder: Path, seconds: float = 30) -> Processes:
    return Processes(folder, SystemClock(), seconds)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
