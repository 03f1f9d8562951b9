"""ICS feeds: one big file cut into an object for each UID, as a CalDAV server would hand them out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from scheduler.calendars.blocks import Block, cut, unfolded, without_dtstamp


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedObject:
    """One UID of a feed: a small VCALENDAR with its zones, its series and that series' overrides."""

    href: str  # the UID
    data: bytes
    digest: str  # of the data less its DTSTAMPs, which some servers write anew at each fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A whole feed; what isn't in ``objects`` isn't in the feed."""

    objects: tuple[FeedObject, ...]


def split(data: bytes) -> Split:
    """Cut a feed by UID, without parsing it; what is wrong within an event shows when it is read.

    An event without a UID gets one made of its content.
    :raises ValueError: not a whole calendar: nothing may be concluded from what it lacks. The sentence is
        for people.
    """
    text = unfolded(data).strip() + b"\n"
    _demand_whole(text)
    blocks = cut(text)
    by_uid: dict[str, list[Block]] = {}
    for block in blocks.events:
        by_uid.setdefault(block.uid, []).append(block)
    definitions = blocks.zone_definitions
    head = _head(blocks.calendar_zone, definitions)
    return Split(objects=tuple(_object(uid, members, head, definitions) for uid, members in by_uid.items()))


def _demand_whole(text: bytes) -> None:
    if not text.strip():
        raise ValueError("it is empty: an empty calendar has at least BEGIN:VCALENDAR and END:VCALENDAR")
    if not text.startswith(b"BEGIN:VCALENDAR"):
        if text.startswith(b"<"):
            raise ValueError("it is a web page and not a calendar: perhaps the address asks for a login")
        raise ValueError("it isn't a calendar: it doesn't begin with BEGIN:VCALENDAR")
    # Several calendars in one file are seen; what follows the last one (a cache's HTML comment) is not.
    begun, ended = 1 + text.count(b"\nBEGIN:VCALENDAR"), text.count(b"\nEND:VCALENDAR")
    if begun != ended:
        raise ValueError("it is truncated: END:VCALENDAR is missing")


def _head(calendar_zone: str, definitions: dict[str, str]) -> bytes:
    # PRODID, names and refresh intervals stay behind: a new one would change every digest at once.
    zone = f"X-WR-TIMEZONE:{calendar_zone}\n" if calendar_zone else ""
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{zone}{_zones({calendar_zone}, definitions)}".encode()


def _object(uid: str, blocks: list[Block], head: bytes, definitions: dict[str, str]) -> FeedObject:
    tzids = {tzid for block in blocks for tzid in block.tzids}
    zones = _zones(tzids, definitions)
    data = head + zones.encode() + b"".join(_event(block) for block in blocks) + b"END:VCALENDAR\n"
    return FeedObject(href=uid, data=data, digest=hashlib.sha256(without_dtstamp(data)).hexdigest())


def _zones(tzids: set[str], definitions: dict[str, str]) -> str:
    used = sorted(tzids & definitions.keys())
    return "".join(f"BEGIN:VTIMEZONE\n{definitions[tzid]}END:VTIMEZONE\n" for tzid in used)


def _event(block: Block) -> bytes:
    uid = b"" if block.written_uid else f"UID:{block.uid}\n".encode()
    end = b"END:VEVENT\n" if block.closed else b""
    return b"BEGIN:VEVENT\n" + uid + block.body + end
