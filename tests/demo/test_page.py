"""What the demo says of the daemon's page at its end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from scheduler.config import read_config
from scheduler.demo.calendar_server import CalendarServer
from scheduler.demo.page import leave_page_up, page_url
from scheduler.demo.settings_file import write_settings
from scheduler.demo.stage import demo_folder

URL = "http://127.0.0.1:8472/"


class Typed(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_the_page_stays_until_enter_is_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, typed = io.StringIO(), Typed("\nwhat comes after it")
    monkeypatch.setattr("sys.stdin", typed)
    leave_page_up(Console(file=shown, force_terminal=True, width=100), URL)
    assert URL in shown.getvalue()
    assert "Press Enter" in shown.getvalue()
    assert typed.read() == "what comes after it"


def test_where_nobody_can_press_enter_the_demo_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, piped = io.StringIO(), io.StringIO("\n")
    monkeypatch.setattr("sys.stdin", piped)
    leave_page_up(Console(file=shown, width=100), URL)
    assert URL in shown.getvalue()
    assert piped.read() == "\n"


def test_the_address_is_that_of_the_demos_own_daemon(tmp_path: Path) -> None:
    with demo_folder(tmp_path / "demo") as folder:
        for name in ("secret", "password"):
            (folder / name).write_text("not-a-real-secret")
        config = read_config(write_settings(folder, CalendarServer(port=1, password=""), 2, 8472))
    assert page_url(config) == URL
