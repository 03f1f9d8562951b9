"""The demo at a terminal: its page is there when everything has rung, and goes when Enter is pressed."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from tests.system.chromium import Window, chromium

pytestmark = pytest.mark.system

_PATIENCE = 150  # seconds: the demo's own bound is shorter


class Terminal:
    """Reads what is shown, and types."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._asked = threading.Event()
        self._shown = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def await_question(self) -> str:
        """What was shown until Enter is asked for."""
        assert self._asked.wait(_PATIENCE), self._shown.decode(errors="replace")
        return self._shown.decode(errors="replace")

    def press_enter(self) -> None:
        os.write(self._descriptor, b"\n")

    def _read(self) -> None:
        while part := self._read_some():
            self._shown += part
            if b"Press Enter" in self._shown:
                self._asked.set()

    def _read_some(self) -> bytes:
        try:
            return os.read(self._descriptor, 65_536)
        except OSError:  # Linux says so when the other end is closed
            return b""


@contextmanager
def demo_at_a_terminal(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scheduler", "demo"],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TMPDIR": str(folder), "TERM": "xterm", "COLUMNS": "160", "LINES": "50"},
    )  # fmt: skip
    os.close(theirs)
    try:
        yield process, Terminal(ours)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        os.close(ours)


def test_the_page_can_be_looked_at_until_enter_is_pressed(tmp_path: Path) -> None:
    with demo_at_a_terminal(tmp_path) as (process, terminal), chromium() as browser:
        shown = terminal.await_question()
        found = re.findall(r"http://127\.0\.0\.1:\d+/", shown)
        assert found, shown
        page = Window(browser).page
        page.goto(found[-1])
        expect(page.get_by_role("heading", level=1)).to_have_text("Today")
        expect(page.locator(".badge", has_text="answered").first).to_be_visible()
        terminal.press_enter()
        assert process.wait(30) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(found[-1], timeout=5)
