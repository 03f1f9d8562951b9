"""The screen: plain lines where there is no terminal, one live table where there is one."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from scheduler.calls.call import Outcome, State
from scheduler.demo.report import report
from scheduler.demo.scenes import SCENES
from scheduler.demo.show import Screen
from scheduler.demo.verdict import Came, judge

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
NOTHING_CAME = {scene.uid: Came() for scene in SCENES}
RINGING = NOTHING_CAME | {"answered": Came(calls=1, due_at=NOW, state=State.PLACED)}
OVER = NOTHING_CAME | {
    "answered": Came(calls=1, due_at=NOW, state=State.ENDED, outcome=Outcome.ANSWERED, reason="talked 3 s")
}


def test_without_a_terminal_each_piece_of_news_is_one_line() -> None:
    console = _console(terminal=False)
    with Screen(console) as screen:
        for came in (NOTHING_CAME, RINGING, RINGING, OVER, OVER):
            screen.show(NOW, came, NOW)
        screen.say(NOW, "something happens")
    lines = [line[9:].rstrip() for line in _text(console).splitlines()]
    assert lines == ["Call Vera Dimova: ringing", "Call Vera Dimova: answered: talked 3 s", "something happens"]


def test_on_a_terminal_every_scene_is_in_the_table() -> None:
    console = _console(terminal=True)
    with Screen(console) as screen:
        screen.say(NOW, "something happens")
        screen.show(NOW, OVER, NOW)
    text = _text(console)
    assert all(scene.title in text for scene in SCENES)
    assert "talked 3 s" in text
    assert "something happens" in text


def test_the_report_marks_what_differs_and_says_how() -> None:
    console = _console(terminal=False)
    scene = next(scene for scene in SCENES if scene.uid == "unmarked")
    good = Came(reason=scene.because)
    report(console, [judge(scene, good, NOW)], NOW)
    assert "✗" not in _text(console)
    report(console, [judge(scene, replace(good, reason="[none]"), NOW)], NOW)
    assert "✗ its reason doesn't say" in _text(console)
    assert "[none]" in _text(console)


def _console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=200, height=50, force_terminal=terminal, color_system=None)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
