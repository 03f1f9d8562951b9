"""An app on a real server of its own, for as long as a test looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scheduler.serving import AsgiApp, ServerThread, base_url, listen


@contextmanager
def serving(app: AsgiApp) -> Iterator[str]:
    """Yields its base URL."""
    with listen("127.0.0.1", 0, "test") as listener:
        server = ServerThread(app, listener, "test")
        try:
            yield base_url(listener)
        finally:
            server.stop()
