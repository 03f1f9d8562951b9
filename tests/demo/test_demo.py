"""The whole demo, as its users run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.demo.scenes import SCENES

pytestmark = pytest.mark.system

PATIENCE = 120  # seconds: the demo's own bound is shorter


def test_everything_comes_as_it_was_set_out_and_the_kept_files_tell_why(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with _demo(tmp_path, "--keep", str(kept)) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert output.count("✓") == len(SCENES)
    command = [sys.executable, "-m", "scheduler", "why", "busy", "--config", str(kept / "config.toml")]
    why = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "the customer was busy" in why.stdout


def test_a_gateway_that_dies_fails_the_demo_and_shows_the_logs(tmp_path: Path) -> None:
    with _demo(tmp_path) as process:
        _await(lambda: _child(process.pid, b"gateway") is not None)
        gateway = _child(process.pid, b"gateway")
        assert gateway is not None
        os.kill(gateway, signal.SIGKILL)
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "the gateway ended by itself with exit code -9" in output
    assert "the gateway's last lines" in output
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_no_process_and_no_file(tmp_path: Path, number: signal.Signals) -> None:
    with _demo(tmp_path) as process:
        _await(lambda: _child(process.pid, b"run") is not None)
        children = _children(process.pid)
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert len(children) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    assert list((tmp_path / "tmp").iterdir()) == []


@contextmanager
def _demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The demo without a terminal, its temporary folder below ``folder``."""
    (folder / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "scheduler", "demo", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _child(pid: int, command: bytes) -> int | None:
    """The child that is ``python -m scheduler COMMAND``, once it is that."""
    for child in _children(pid):
        if [b"scheduler", command] == Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[2:4]:
            return child
    return None


def _await(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(600):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it didn't come about in time")
