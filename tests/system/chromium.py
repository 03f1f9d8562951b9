"""Debian's Chromium with the page in it, and axe, which looks for what somebody couldn't see, hear or reach."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.system.tools import tool

# Where `make test-system` puts it: beside the virtual environment's own packages.
_AXE = Path(sys.prefix) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
_GRAVE = ("serious", "critical")
DESKTOP, PHONE = (1200, 900), (390, 800)


@contextmanager
def chromium() -> Iterator[Browser]:
    # It refuses its sandbox to root, as whom some machines run their tests; only our own page is shown in it.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


class Window:
    """A browser of somebody's own; what its pages complain of is kept."""

    def __init__(
        self, browser: Browser, *, size: tuple[int, int] = DESKTOP, scheme: Any = "light", scripts: bool = True
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=scripts
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def keep_screenshot(self, name: str, *, whole: bool = True) -> None:
        """:param whole: also what one would have to scroll to."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)

    def barriers(self) -> list[str]:
        """What axe finds that is serious or worse."""
        if not _AXE.exists():
            pytest.fail("axe-core is missing: run `make test-system`, which installs it")
        self.page.evaluate(_AXE.read_text(encoding="utf-8"))
        found: Mapping[str, Any] = self.page.evaluate("axe.run()")
        return [
            f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']]}"
            for one in found["violations"]
            if one["impact"] in _GRAVE
        ]

    def tab_to(self, name: str) -> None:
        """Go on by the Tab key until the element of this name has the focus."""
        seen = []
        for _ in range(60):
            self.page.keyboard.press("Tab")
            seen.append(str(self.page.evaluate(_FOCUSED)))
            if seen[-1] == name:
                return
        pytest.fail(f"Tab never came to {name!r}, but to {seen}")


_FOCUSED = """(() => {
    const one = document.activeElement;
    const label = one.labels && one.labels.length ? one.labels[0].textContent : one.textContent;
    return label.trim();
})()"""
