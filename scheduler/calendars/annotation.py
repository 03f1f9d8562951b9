"""Our line in an event: written into the text of its object, found again, and taken out, all else left as it is.

It is a line of the description, for people, and a property X-CALL-SCHEDULER, for programs. LAST-MODIFIED,
DTSTAMP and SEQUENCE stay as they are: by them the newest of two versions is told (rule 5), and a new SEQUENCE
would ask guests for their answers again (RFC 5546, 2.1.4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scheduler.calendars.blocks import unfolded, value_of
from scheduler.calendars.content import damage
from scheduler.calendars.instance import NotAnnotated, Place, own_event, with_own_event
from scheduler.calendars.lines import (
    EventLines,
    content_lines,
    continued,
    end_of,
    event_lines,
    folded,
    without,
)

MARK = "[call-scheduler]"
PROPERTY = "X-CALL-SCHEDULER"

GUESTS = "it has guests, whom their calendar would mail what is written into it"
LATER = "it is an instance of a series, which tells it once its call is over"

_OURS = re.compile(rb"(?:\\[nN])?\[call-scheduler\] (?:[^\\<]|\\[^nN])*")
_DESCRIPTION = b"DESCRIPTION"
_ENCODED = re.compile(r"[^:]*;ENCODING=", re.IGNORECASE)
_TEXT = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": " ", "\r": " ", "<": "‹", ">": "›"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is written into an event."""

    text: str  # one line, for people
    status: str  # words, digits, "=" and spaces, for programs: as every server keeps them
    final: bool = False  # nothing more will come: an instance gets an event of its own for it


def annotated(data: bytes, place: Place, note: Note | None) -> bytes:
    """The object with this note in the event at ``place``, instead of any before; without one for ``None``.

    The very same bytes where there is nothing to change.

    An instance of a series gets an event of its own only for a final note: one ahead of time would stay where it
    is, and ring there, when its author moves the series.

    :raises NotAnnotated: it has guests, isn't there, or can't be changed safely.
    """
    if reason := damage(data):
        raise NotAnnotated(reason)
    lines = content_lines(data)
    _refuse_guests(event_lines(lines))
    found = own_event(lines, data, place)
    if found is None and note is not None:
        if not note.final:
            raise NotAnnotated(LATER)
        lines, found = with_own_event(lines, data, place)
    if found is None or _says(lines, found, note):
        return data
    return b"".join(_written(lines, found, note))


def unannotated(data: bytes) -> bytes:
    """The object without any note of ours."""
    if PROPERTY.encode() not in data and MARK.encode() not in unfolded(data):
        return data
    lines = content_lines(data)
    for event in reversed(event_lines(lines)):
        lines[event.first : event.last + 1] = _bare(lines, event)
    return b"".join(lines)


def _refuse_guests(events: list[EventLines]) -> None:
    """Their calendar server would mail them our words (RFC 6638, 3.2.1)."""
    people = [line for event in events for line in event.block.lines]
    organizers = {_address(line) for line in people if _is(line, "ORGANIZER")}
    if any(_is(line, "ATTENDEE") and _address(line) not in organizers for line in people):
        raise NotAnnotated(GUESTS)


def _is(line: str, name: str) -> bool:
    return line.upper().startswith((f"{name}:", f"{name};"))


def _address(line: str) -> str:
    return value_of(line).lower().removeprefix("mailto:")


def _says(lines: list[bytes], event: EventLines, note: Note | None) -> bool:
    """Whether it says just that already, however a server has folded it since."""
    ours = [_value(lines[number]) for number in event.own(lines, PROPERTY.encode())]
    told = [words for number in event.own(lines, _DESCRIPTION) for words in _OURS.findall(_bytes(lines[number]))]
    if note is None:
        return not ours and not told
    return ours == [note.status] and [one.removeprefix(b"\\n") for one in told] == [_line(note).encode()]


def _written(lines: list[bytes], event: EventLines, note: Note | None) -> list[bytes]:
    bare = _bare(lines, event)
    if note is not None:
        bare = _with(bare, note)
    return [*lines[: event.first], *bare, *lines[event.last + 1 :]]


def _bare(lines: list[bytes], event: EventLines) -> list[bytes]:
    """The event's lines without ours."""
    kept = list(lines)
    for number in event.own(lines, _DESCRIPTION):
        kept[number] = _without_ours(lines[number])
    for number in event.own(lines, PROPERTY.encode()):
        kept[number] = b""
    return [line for line in kept[event.first : event.last + 1] if line]


def _without_ours(line: bytes) -> bytes:
    """Nothing where the whole description was ours; an empty one that was there before stays."""
    rest = without(line, _OURS)
    made_by_us = f":{MARK} ".encode() in line
    return b"" if made_by_us and not _value(rest) else rest


def _with(lines: list[bytes], note: Note) -> list[bytes]:
    """The lines of an event without ours, with this note."""
    (event,) = event_lines(lines)
    end = end_of(lines[event.first])
    added = [folded(f"{PROPERTY}:{note.status}", end)]
    described = event.own(lines, _DESCRIPTION)
    if described:
        number = described[0]
        _refuse_encoded(lines[number])
        lead = "\\n" if _value(lines[number]) else ""
        lines = [*lines[:number], continued(lines[number], lead + _line(note)), *lines[number + 1 :]]
    else:
        added.insert(0, folded(f"DESCRIPTION:{_line(note)}", end))
    return [*lines[: event.alarms], *added, *lines[event.alarms :]]


def _line(note: Note) -> str:
    return f"{MARK} {note.text.translate(_TEXT)}"


def _refuse_encoded(line: bytes) -> None:
    try:
        text = _bytes(line).decode()
    except UnicodeDecodeError:
        raise NotAnnotated("its description isn't UTF-8") from None
    if _ENCODED.match(text):
        raise NotAnnotated("its description is encoded as in vCalendar 1.0")


def _bytes(line: bytes) -> bytes:
    return unfolded(line).rstrip(b"\n")


def _value(line: bytes) -> str:
    return value_of(_bytes(line).decode("utf-8", "replace"))
