"""Errors that nobody caught are logged as all others are: Python would print them with whom they name."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

log = logging.getLogger(__name__)


def log_what_nobody_caught() -> None:
    """From now on, in every thread."""
    sys.excepthook = _in_main_thread
    threading.excepthook = _in_thread
    sys.unraisablehook = _unraisable


def _in_main_thread(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("ended by an error that nobody expected", exc_info=(kind, error, trace))


def _in_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is not None and not isinstance(found.exc_value, SystemExit):
        name = found.thread.name if found.thread else "a thread"
        log.critical("%s was ended by an error that nobody expected", name, exc_info=found.exc_value)


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    log.error("an error that could not be raised", exc_info=found.exc_value)
