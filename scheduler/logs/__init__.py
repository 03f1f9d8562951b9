"""The only set-up of logging: where lines go, what shape they have, and whom they may name."""

from __future__ import annotations

import logging

from scheduler.logs.about import about_call
from scheduler.logs.formats import HumanFormatter, JsonFormatter
from scheduler.logs.handlers import JournalHandler, StderrHandler
from scheduler.logs.settings import LogFormat, LogSettings
from scheduler.logs.uncaught import log_what_nobody_caught

__all__ = ["LogFormat", "LogSettings", "about_call", "set_up", "take_over"]

_OURS = "scheduler"
# They log answers that they find odd as errors, and warn of values that they read: numbers and names. What is
# wrong with those our sources say themselves.
_INDISCREET = ("caldav", "niquests", "py.warnings")


def set_up(settings: LogSettings) -> None:
    """Start logging; libraries say only what is wrong, whatever the level: else they tell what they send and read.

    :raises ConfigError: there is no journal to write to.
    """
    _use(settings)
    logging.captureWarnings(True)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    log_what_nobody_caught()


def take_over(settings: LogSettings) -> None:
    """Log by other settings from now on, where :func:`set_up` has been called; else the process logs as it likes.

    :raises ConfigError: as set_up does; the old ones stay then.
    """
    if _handlers():
        _use(settings)


def _use(settings: LogSettings) -> None:
    handler, before = _handler(settings), _handlers()
    root = logging.getLogger()
    root.addHandler(handler)
    for old in before:
        root.removeHandler(old)
        old.close()
    logging.getLogger(_OURS).setLevel(settings.level)
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[settings.level]))


def _handlers() -> list[logging.Handler]:
    return [one for one in logging.getLogger().handlers if isinstance(one, StderrHandler | JournalHandler)]


def _handler(settings: LogSettings) -> logging.Handler:
    match settings.format:
        case LogFormat.HUMAN:
            return StderrHandler(HumanFormatter(personal=settings.personal))
        case LogFormat.JSON:
            return StderrHandler(JsonFormatter(personal=settings.personal))
        case LogFormat.JOURNAL:
            return JournalHandler(personal=settings.personal)
