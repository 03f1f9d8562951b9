"""Pictures of the page and of ``plan`` for the README: ``make screenshots`` takes them over into docs/."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from scheduler.calendars.settings import Manager
from scheduler.calls.call import Outcome
from scheduler.ledger.calls import end_call
from scheduler.ledger.life import UNSENT
from scheduler.phone import PhoneNumber
from tests.calls.builders import HOUR, MINUTE, want
from tests.clocks import NOON
from tests.system.chromium import SCREENSHOTS, Window, chromium
from tests.web import page as site
from tests.web.day import fill
from tests.world import small_world

pytestmark = pytest.mark.system

_COLUMNS = 110
_PAGES = {"today": "/", "day": "/day", "history": "/history", "outcomes": "/outcomes"}
_MANAGERS = (
    *site.FACTS.managers,
    Manager(name="Ben Maes", emails=(), origin=PhoneNumber("+3228160258")),
    Manager(name="Chloé Dubois", emails=(), origin=PhoneNumber("+3228160259")),
)
_CUSTOMERS = (
    "Anna Janssens",
    "Femke Jacobs",
    "Louis Martin",
    "Noor Peeters",
    "Emma Claes",
    "Jonas Vik",
    "Inês Aguilar",
)
_ENDS = (
    (Outcome.ANSWERED, "talked 4 min 12 s"),
    (Outcome.ANSWERED, "talked 2 min 40 s"),
    (Outcome.NO_ANSWER, "the customer didn't pick up"),
    (Outcome.ANSWERED, "talked 11 min 3 s"),
    (Outcome.BUSY, "the customer was busy"),
)


def furnish(page: site.Page) -> None:
    """A week of three managers behind today's calls."""
    page.office.facts = replace(site.FACTS, managers=_MANAGERS)
    fill(page.desk)
    for number in range(60):
        manager, customer = _MANAGERS[number % 3], number % len(_CUSTOMERS)
        at = NOON - (number // 10) * 24 * HOUR - (number % 10) * 27 * MINUTE - 7 * MINUTE
        wanted = want(
            f"past-{number}", at=at, origin=manager.origin, destination=PhoneNumber(f"+120255501{customer:02}")
        )
        call_id = page.desk.plan(replace(wanted, summary=f"Call {_CUSTOMERS[customer]}"))
        outcome, reason = _ENDS[(number * 7) % len(_ENDS)]
        page.ledger.write(end_call, call_id, outcome, reason, at + 5 * MINUTE, leaving=UNSENT)


def test_the_pages_are_pictured(tmp_path: Path) -> None:
    with site.served(tmp_path) as served, chromium() as browser:
        furnish(served)
        window = Window(browser, size=(1100, 720))
        for name, path in _PAGES.items():
            window.page.goto(served.url + path)
            window.keep_screenshot(f"readme-{name}", whole=False)
        window.context.close()
    assert all((SCREENSHOTS / f"readme-{name}.png").stat().st_size < 150_000 for name in _PAGES)


def test_the_plan_is_pictured(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    start = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), time(9), UTC)
    world.put("one", start)
    world.put("two", start + HOUR, "LOCATION:+44 20 7946 0123", summary="Quarterly review")
    world.put("three", start + 2 * HOUR, summary="Call Jan")
    done = subprocess.run(
        [sys.executable, "-m", "scheduler", "plan", "--config", str(world.config), "--to", "+2 d"],
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(_COLUMNS)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "Quarterly review" in done.stdout
    svg = picture(done.stdout)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / "readme-plan.svg").write_text(svg, encoding="utf-8")
    assert "https://" not in svg.replace("https://www.textualize.io", "")


def picture(shown: str) -> str:
    """What a terminal shows, as SVG; without the fonts that it would fetch from somebody's server."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shown))
    return re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="call-scheduler plan"), flags=re.DOTALL)
