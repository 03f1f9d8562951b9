"""A Debian machine of its own, booted by systemd in a container: no network but loopback, gone afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_RELEASE = "bookworm"  # Debian 12: systemd 252 and Python 3.11
_PACKAGES = "systemd,systemd-sysv,python3,python3-venv"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BOOT_SECONDS = 60.0
_STOP_SECONDS = 30.0
# Nothing is fetched from inside: its pip takes what was laid there.
WHEELS = "/wheels"


@dataclass(frozen=True, kw_only=True)
class Container:
    root: Path
    leader: int  # its first process, as this machine counts

    def run(self, script: str, *, answers: str = "", seconds: float = 300) -> str:
        """What a root's shell there printed; ``answers`` is what is typed into it."""
        done = self._run(script, answers, seconds)
        assert done.returncode == 0, f"{script}\nended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def fails(self, script: str) -> bool:
        return self._run(script, "", 60).returncode != 0

    def _run(self, script: str, answers: str, seconds: float) -> subprocess.CompletedProcess[str]:
        namespaces = ("--mount", "--uts", "--ipc", "--net", "--pid")
        # Compiling beforehand takes longer than all that is done here afterwards.
        pip = ("PIP_NO_INDEX=1", f"PIP_FIND_LINKS={WHEELS}", "PIP_NO_COMPILE=1")
        env = (f"PATH={_PATH}", "HOME=/root", "LANG=C.UTF-8", *pip)
        return subprocess.run(
            ["nsenter", "--target", str(self.leader), *namespaces, "--wd", "env", "-i", *env,
             "bash", "-eu", "-o", "pipefail", "-c", script],
            input=answers, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip


def make_root(root: Path) -> None:
    """A small Debian, from the distribution's own servers."""
    command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _RELEASE, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"debootstrap: {done.stdout[-2000:]}{done.stderr}"


@contextmanager
def booted(root: Path) -> Iterator[Container]:
    """Until it is left; then the machine is shut down, and its files are removed."""
    name = f"call-scheduler-{secrets.token_hex(4)}"
    command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--private-network"]
    log = root.with_name("console.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, f"--machine={name}", "--directory", str(root)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        yield _await_boot(process, root, log)
    finally:
        _end(process)
        shutil.rmtree(root, ignore_errors=True)


def _await_boot(process: subprocess.Popen[bytes], root: Path, log: Path) -> Container:
    give_up_at = time.monotonic() + _BOOT_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        for leader in _children(process):
            container = Container(root=root, leader=leader)
            if not container.fails("systemctl is-active --quiet multi-user.target"):
                return container
        time.sleep(0.2)
    said = log.read_text(errors="replace").strip()
    raise AssertionError(
        f"systemd-nspawn boots no container here; it needs a root who may make namespaces: {said}"
    )


def _children(process: subprocess.Popen[bytes]) -> tuple[int, ...]:
    return tuple(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Pull the plug, since nothing of it is kept: with its first process all others of the machine end."""
    if process.poll() is None:
        for leader in _children(process):
            os.kill(leader, signal.SIGKILL)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
