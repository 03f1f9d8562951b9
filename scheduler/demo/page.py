"""The daemon's page at the end of the demo: it stays up for as long as somebody at a terminal looks at it."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from scheduler.config import Config


def page_url(config: Config) -> str:
    """:raises LookupError: the demo's configuration has no page."""
    if config.page is None:
        raise LookupError("the demo's configuration has no page")
    return f"http://{config.page.host}:{config.page.port}/"


def leave_page_up(console: Console, url: str) -> None:
    """Wait for Enter; without a terminal nobody could press it."""
    if not (console.is_terminal and sys.stdin.isatty()):
        console.print(Text(f"The daemon's page was {url}; in a terminal it stays up until Enter is pressed."))
        return
    console.print(Text(f"\nLook at it all on the daemon's page: {url}", style="bold"))
    console.print(Text("Press Enter to end the demo."))
    sys.stdin.readline()
