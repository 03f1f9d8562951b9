"""A calendar file cut into its VEVENT and VTIMEZONE blocks, as bytes and without parsing (RFC 5545, 3.1, 3.4).

Cutting comes first, so that what is wrong with one event stays in its block; and a parser is handed one
event at a time, as it takes most of the time that a big feed costs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BEGIN = re.compile(rb"^BEGIN:VEVENT[ \t]*\n", re.MULTILINE | re.IGNORECASE)
_END = re.compile(rb"^END:VEVENT[ \t]*(?:\n|$)", re.MULTILINE | re.IGNORECASE)
_BEGIN_ZONE = re.compile(rb"^BEGIN:VTIMEZONE[ \t]*\n", re.MULTILINE | re.IGNORECASE)
_END_ZONE = re.compile(rb"^END:VTIMEZONE[ \t]*$", re.MULTILINE | re.IGNORECASE)
# These begin with a literal, which makes them several times as fast; everybody writes them in capitals.
_UID = re.compile(rb"\nUID(?:;[^:\n]*)?:([^\n]*)")
_TZID = re.compile(rb';TZID=("[^"\n]*"|[^":;,\n]*)')
_BARE_CR = re.compile(rb"\r(?!\n)")
_FOLD = re.compile(rb"\n ")
# Written anew by some servers at each fetch, or at each save: they say nothing of what the event is.
_DTSTAMP = re.compile(rb"\nDTSTAMP[;:][^\n]*")
_STAMPS = re.compile(rb"\n(?:DTSTAMP|CREATED|LAST-MODIFIED|SEQUENCE)[;:][^\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One VEVENT: what stands between its BEGIN and its END, unfolded, lines ending in LF."""

    body: bytes
    closed: bool  # whether its END came before the next BEGIN

    @property
    def text(self) -> str:
        return decoded(self.body)

    @property
    def lines(self) -> Iterator[str]:
        """The event's own lines; those of its alarms are left out."""
        depth = 0
        for line in self.text.split("\n"):
            start = line[:6].upper()
            if start == "BEGIN:":
                depth += 1
            elif start.startswith("END:"):
                depth = max(depth - 1, 0)
            elif depth == 0 and line.strip():
                yield line

    @property
    def written_uid(self) -> str:
        """Its UID, raw; "" where it has none."""
        # Alarms have UIDs too (RFC 9074), but hardly any stands before the event's own.
        match = _UID.search((b"\n" + self.body).partition(b"\nBEGIN:")[0])
        if match and match[1].strip():
            return decoded(match[1]).strip()
        return next((value_of(line) for line in self.lines if line[:4].upper() in ("UID:", "UID;")), "")

    @property
    def uid(self) -> str:
        """Its UID; without one a key made of its content, so that it stays one event while nobody edits
        it, and two that differ are two.
        """
        if self.written_uid:
            return self.written_uid
        content = _STAMPS.sub(b"", b"\n" + self.body)
        return f"no-uid-{hashlib.sha256(content).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """A file taken apart."""

    events: tuple[Block, ...]
    rest: bytes  # everything outside of events, unfolded

    @property
    def zone_definitions(self) -> dict[str, str]:
        """TZID → what stands in its VTIMEZONE."""
        _, *chunks = _BEGIN_ZONE.split(self.rest)
        texts = [decoded(_END_ZONE.split(chunk, maxsplit=1)[0]) for chunk in chunks]
        return {tzid: text for text in texts if (tzid := _first_value(text, "TZID"))}

    @property
    def calendar_zone(self) -> str:
        """X-WR-TIMEZONE, "" where there is none."""
        return _first_value(decoded(self.rest), "X-WR-TIMEZONE")


def cut(text: bytes) -> Blocks:
    """Cut unfolded text at the lines that begin and end events."""
    head, *chunks = _BEGIN.split(text)
    events, rest = [], [head]
    for chunk in chunks:
        body, *after = _END.split(chunk, maxsplit=1)
        events.append(Block(body=body, closed=bool(after)))
        rest.extend(after)
    return Blocks(events=tuple(events), rest=b"".join(rest))


def tzids_of(event: bytes) -> set[str]:
    """The TZIDs that the times of an unfolded event name."""
    return {decoded(tzid).strip('"') for tzid in _TZID.findall(event)}


def uid_of(data: bytes) -> str:
    """The UID of an object's first event; "" where it holds none."""
    events = cut(unfolded(data)).events
    return events[0].uid if events else ""


def unfolded(data: bytes) -> bytes:
    """Without byte order mark and folds, every line ending in LF.

    On bytes, not text: a fold may stand within one character.
    """
    text = data.removeprefix(b"\xef\xbb\xbf")
    # A big feed's time goes into this. To search for single bytes, and by an expression for a fold, is twice as
    # fast as to replace pairs.
    if b"\r" in text:
        text = text.replace(b"\r", b"") if _BARE_CR.search(text) is None else _with_lf(text)
    text = _FOLD.sub(b"", text)
    return text.replace(b"\n\t", b"") if b"\t" in text else text


def _with_lf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def decoded(data: bytes) -> str:
    """UTF-8, or what old Windows programs write."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def without_dtstamp(body: bytes) -> bytes:
    """What of an event or a whole object tells whether it changed."""
    return _DTSTAMP.sub(b"", body)


def value_of(line: str) -> str:
    """What stands after the first colon outside of quotes."""
    name, _, value = line.partition(":")
    if '"' not in name:
        return value.strip()
    quoted = False
    for position, character in enumerate(line):
        quoted ^= character == '"'
        if character == ":" and not quoted:
            return line[position + 1 :].strip()
    return ""


def _first_value(text: str, name: str) -> str:
    lines = (line for line in text.split("\n") if re.match(f"{name}[;:]", line, re.IGNORECASE))
    return next((value_of(line) for line in lines), "")
