"""The daemon and the gateway as processes of their own, which are waited for as systemd waits for them."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_START_SECONDS = 30.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process that has said READY=1; its log is what it wrote to standard error and output."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """SIGKILL: nothing of it runs afterwards."""
        self.process.kill()
        self.process.wait(_STOP_SECONDS)

    def stop(self) -> int:
        """SIGTERM, unless it has ended already; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextmanager
def daemon(config: Path, python: str = sys.executable) -> Iterator[Running]:
    """``call-scheduler run``, once it is ready; ``python`` is that of another installation."""
    with _started("run", config, python) as running:
        yield running


@contextmanager
def gateway(config: Path, python: str = sys.executable) -> Iterator[Running]:
    """``call-scheduler gateway``, once it answers requests."""
    with _started("gateway", config, python) as running:
        yield running


def command(config: Path, *arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Any other command, run to its end."""
    return subprocess.run(
        [python, "-m", "scheduler", arguments[0], "--config", str(config), *arguments[1:]],
        cwd=config.parent, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def command_json(config: Path, *arguments: str) -> Any:
    """What a listing prints with ``--json``."""
    done = command(config, *arguments, "--json")
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"{arguments[0]} ended with {done.returncode}: {done.stderr}") from None


@contextmanager
def _started(name: str, config: Path, python: str) -> Iterator[Running]:
    log = config.with_name(f"{name}-{secrets.token_hex(4)}.log")
    with _notify_socket() as (address, ready), log.open("wb") as output:
        process = subprocess.Popen(
            [python, "-m", "scheduler", name, "--config", str(config)],
            cwd=config.parent,  # not the checkout, from which another installation would import
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env={**os.environ, "NOTIFY_SOCKET": address},
        )  # fmt: skip
        running = Running(process=process, log=log)
        try:
            _await_ready(running, ready)
            yield running
        except BaseException:
            running.kill()
            raise
        running.stop()


@contextmanager
def _notify_socket() -> Iterator[tuple[str, threading.Event]]:
    """Its address, and what is set when READY=1 has come; read to the end, since a full one blocks its writer."""
    # An abstract address: a path may be longer than the 108 bytes that a socket's may have.
    address = f"@call-scheduler-test-{secrets.token_hex(8)}"
    ready = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind("\0" + address[1:])
        reader = threading.Thread(target=_read_all, args=(notified, ready), daemon=True)
        reader.start()
        try:
            yield address, ready
        finally:
            notified.shutdown(socket.SHUT_RD)  # an empty message for the reader
            reader.join()


def _read_all(notified: socket.socket, ready: threading.Event) -> None:
    while message := notified.recv(4096):
        if b"READY=1" in message.splitlines():
            ready.set()


def _await_ready(running: Running, ready: threading.Event) -> None:
    for _ in range(int(_START_SECONDS / 0.1)):
        if ready.wait(0.1):
            return
        if running.process.poll() is not None:
            break
    raise RuntimeError(f"it didn't become ready: {running.log.read_text()}")
