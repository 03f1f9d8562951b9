"""The part of ``check`` that tells what of the outcomes stands in the calendars, and what can't."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scheduler.calendars.annotation import GUESTS, LATER
from scheduler.cli.finding import Finding
from scheduler.cli.output import counted
from scheduler.config import Config
from scheduler.config.outcomes import Shown
from scheduler.database import Database
from scheduler.ledger.annotations import count_by_problem


def look_at_outcomes(config: Config, ledger: Database) -> Iterator[Finding]:
    """Nothing is said where nothing is written, and nothing ever was."""
    shown = {calendar.name: calendar.outcomes is Shown.EVENT for calendar in config.calendars}
    for (name, problem), events in ledger.read(count_by_problem).items():
        if not shown.get(name):
            if not problem:
                yield _finding(name, True, _left_behind(shown, name, events))
        elif problem:
            text = f"not written into {counted(events, 'event')}: {problem}"
            yield _finding(name, problem in (GUESTS, LATER), text)


def _left_behind(shown: Mapping[str, bool], name: str, events: int) -> str:
    why = 'its outcomes are "off"' if name in shown else "it is no longer configured"
    return f"{counted(events, 'event')} may keep what was written while it was on, since {why}"


def _finding(name: str, fine: bool, text: str) -> Finding:
    return Finding(subject=f"outcomes in calendar {name}", fine=fine, text=text)
