"""The content lines of a calendar object as its bytes have them, folds and line ends included (RFC 5545, 3.1).

For changing a line and leaving every other byte alone: what is cut here is the same again when it is joined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scheduler.calendars.blocks import Block, unfolded

_FOLD = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
_END_OF_LINE = re.compile(rb"(?:\r\n|\n|\r)?\Z")
_NAME = re.compile(rb"[A-Za-z0-9-]*")
_LONGEST_NAME = 200  # octets, with the folds in it
_WIDTH = 75  # octets, without the line's end


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLines:
    """Where a VEVENT stands among the lines of its object."""

    first: int  # its BEGIN
    last: int  # its END
    alarms: int  # where its own properties are over: its first alarm, or its END
    block: Block

    def own(self, lines: list[bytes], name: bytes) -> list[int]:
        """The numbers of its own lines of this name."""
        return [number for number in range(self.first + 1, self.alarms) if name_of(lines[number]) == name]


def content_lines(data: bytes) -> list[bytes]:
    """Each with its folds and its end."""
    lines: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if lines and line[:1] in (b" ", b"\t"):
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def event_lines(lines: list[bytes]) -> list[EventLines]:
    """The VEVENTs that are closed, in the file's order."""
    found: list[EventLines] = []
    first = alarms = -1
    for number, line in enumerate(lines):
        name, value = name_of(line), _plain(line).partition(b":")[2].strip().upper()
        if (name, value) == (b"BEGIN", b"VEVENT"):
            first, alarms = number, -1
        elif first >= 0 and name == b"BEGIN" and alarms < 0:
            alarms = number
        elif first >= 0 and (name, value) == (b"END", b"VEVENT"):
            body = unfolded(b"".join(lines[first + 1 : number]))
            block = Block(body=body, closed=True)
            alarms = alarms if alarms >= 0 else number
            found.append(EventLines(first=first, last=number, alarms=alarms, block=block))
            first = -1
    return found


def name_of(line: bytes) -> bytes:
    """The property's name, in capitals."""
    match = _NAME.match(_plain(line[:_LONGEST_NAME]))
    return match[0].upper() if match else b""


def end_of(line: bytes) -> bytes:
    """How the line ends; CRLF where it has no end."""
    match = _END_OF_LINE.search(line)
    return (match[0] if match else b"") or b"\r\n"


def folded(text: str, end: bytes) -> bytes:
    """A new line, cut at 75 octets and never within a character."""
    return b"".join(_pieces(text, end, b""))


def continued(line: bytes, text: str) -> bytes:
    """The line with more behind its value; what it was stays as it was folded."""
    return line + b"".join(_pieces(text, end_of(line), b" "))


def without(line: bytes, words: re.Pattern[bytes]) -> bytes:
    """The line without what matches in its value, unfolded; folds stay where they are around it."""
    plain, places = _plain(line), _places(line)
    for match in reversed(list(words.finditer(plain))):
        start, end = places[match.start()], places[match.end()]
        if match.end() == len(plain):
            # Nothing would follow the fold that stood before it.
            start -= _fold_before(line, start)
        line = line[:start] + line[end:]
    return line


def _pieces(text: str, end: bytes, lead: bytes) -> list[bytes]:
    pieces: list[bytes] = []
    piece = lead
    for character in text:
        encoded = character.encode()
        if len(piece) + len(encoded) > _WIDTH:
            pieces.append(piece + end)
            piece = b" "
        piece += encoded
    return [*pieces, piece + end]


def _plain(line: bytes) -> bytes:
    """Unfolded, without its end."""
    return _FOLD.sub(b"", _END_OF_LINE.sub(b"", line))


def _places(line: bytes) -> list[int]:
    """Where each byte of the unfolded line stands in the line, and at last where its end begins."""
    bare = _END_OF_LINE.sub(b"", line)
    folds = [match.span() for match in _FOLD.finditer(bare)]
    hidden = {place for start, end in folds for place in range(start, end)}
    return [*(place for place in range(len(bare)) if place not in hidden), len(bare)]


def _fold_before(line: bytes, place: int) -> int:
    """How long the fold is that ends at this place; 0 where there is none."""
    return next((len(match[0]) for match in _FOLD.finditer(line) if match.end() == place), 0)
