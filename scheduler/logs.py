"""The only set-up of logging: one line a record, to standard error, which systemd's journal reads."""

from __future__ import annotations

import logging

# They narrate what they do, and at DEBUG log bodies: numbers and names.
_TALKATIVE = ("apscheduler", "uvicorn", "urllib3", "requests", "asyncio")
# They log answers that they find odd as errors; what is wrong with them our sources say themselves.
_INDISCREET = ("caldav", "niquests")


def set_up(level: str = "INFO") -> None:
    """Start logging at ``level``; libraries say less than we do."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", force=True)
    set_level(level)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def set_level(level: str) -> None:
    """Log at ``level`` from now on."""
    logging.getLogger().setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
