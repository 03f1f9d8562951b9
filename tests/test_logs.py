"""Logging: our own words at the level asked for, the libraries' only where something is wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from scheduler.logs import set_up


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_our_own_words_come_at_the_level_asked_for(level: str) -> None:
    set_up(level)
    assert logging.getLogger("scheduler.daemon").getEffectiveLevel() == getattr(logging, level)


@pytest.mark.parametrize("name", ["apscheduler.scheduler", "urllib3.connectionpool", "uvicorn.error"])
def test_libraries_never_narrate_not_even_at_debug(name: str) -> None:
    set_up("DEBUG")
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_bodies_that_the_calendar_library_finds_odd_are_not_logged() -> None:
    set_up("DEBUG")
    assert not logging.getLogger("caldav").isEnabledFor(logging.ERROR)
