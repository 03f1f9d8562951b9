"""The only set-up of logging: one line a record, to standard error, which systemd's journal reads."""

from __future__ import annotations

import logging


def set_up(level: str = "INFO") -> None:
    """Start logging at ``level``; libraries that narrate what they do are held at WARNING.

    APScheduler logs every job at INFO, and the HTTP libraries log bodies (numbers, names) at DEBUG.
    """
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", force=True)
    for name in ("apscheduler", "urllib3", "requests", "niquests", "caldav", "httpx", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
