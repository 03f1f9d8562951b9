"""By what people know an event, also one that can't be read: its title, and its start as it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from scheduler.calendars.blocks import Block, value_of
from scheduler.calendars.vevent import Event, printable

_ESCAPED = re.compile(r"\\(.)")
_START = re.compile(r"(\d{8})(?:T(\d{4})\d\d(Z?))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Title and start; "" where there is none, or it can't be read."""

    summary: str = ""
    starts: str = ""  # "2027-01-15 09:00" by the clocks of its own zone, "… UTC", or a day

    def __str__(self) -> str:
        title = f"“{self.summary}”" if self.summary else ""
        return " of ".join(filter(None, (title, self.starts)))


NO_LABEL = Label()


def label_of_block(block: Block) -> Label:
    """As its lines have it, whatever else is wrong with them."""
    return Label(summary=_summary(_first(block, "SUMMARY")), starts=_starts(_first(block, "DTSTART")))


def label_of(event: Event) -> Label:
    starts = event.starts
    clock = "" if starts.is_date else f"{starts.wall: %H:%M}" + (" UTC" if starts.tzid == "UTC" else "")
    return Label(summary=event.summary, starts=f"{starts.wall:%Y-%m-%d}{clock}")


def _first(block: Block, name: str) -> str:
    names = (f"{name}:", f"{name};")
    return next((value_of(line) for line in block.lines if line.upper().startswith(names)), "")


def _summary(value: str) -> str:
    return printable(_ESCAPED.sub(lambda match: " " if match[1] in "nN" else match[1], value))


def _starts(value: str) -> str:
    match = _START.fullmatch(value)
    if match is None:
        return ""
    day, clock, zulu = match.groups("")
    try:
        moment = datetime.strptime(f"{day}{clock or '0000'}", "%Y%m%d%H%M")  # noqa: DTZ007 - as it is written
    except ValueError:
        return ""
    return f"{moment:%Y-%m-%d}" + (f"{moment: %H:%M}" if clock else "") + (" UTC" if zulu else "")
