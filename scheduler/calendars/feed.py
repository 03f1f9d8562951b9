"""ICS feeds: one big file cut into an object for each UID, as a CalDAV server would hand them out.

A feed is read as bytes and beside what was seen of it last: of 100 000 events only those that differ are
unfolded and looked into.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from itertools import chain

from scheduler.calendars.blocks import Block, Blocks, cut, tzids_of, unfolded, without_dtstamp
from scheduler.calendars.zone import iana_name

MOST_EVENTS = 1_000_000

_BEGIN = b"\nBEGIN:VEVENT"
_END = b"\nEND:VEVENT"
_ENDS = (_END, _END + b"\r")


class FeedTooLarge(ValueError):
    """It has more events than anybody said that it may have; the sentence is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedObject:
    """One UID of a feed: a small VCALENDAR with its zones, its series and that series' overrides."""

    href: str  # the UID
    data: bytes
    digest: str  # of the data, which has no DTSTAMPs: some servers write them anew at each fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the events of a feed mean beside their own text: the zones that they may name."""

    calendar_zone: str = ""  # X-WR-TIMEZONE
    definitions: Mapping[str, str] = field(default_factory=dict)  # TZID → VTIMEZONE, of names nobody else knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a reading leaves for the next one. Fingerprints are worth something in this process alone."""

    head: Head
    uids: Mapping[int, str]  # fingerprint of each plain event → its UID
    odd: frozenset[str]  # the UIDs of the others, which are looked into every time


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A whole feed, or what of it is new since ``last``.

    With ``whole`` everything is here: what isn't in ``objects`` isn't in the feed. Without, ``objects`` are
    those of the UIDs that differ, and ``gone`` the UIDs that are no longer in it.
    """

    objects: tuple[FeedObject, ...]
    gone: frozenset[str]
    whole: bool
    seen: Seen


def split(pieces: bytes | Iterable[bytes], last: Seen | None = None, *, most_events: int = MOST_EVENTS) -> Split:
    """Cut a feed by UID, without parsing it; what is wrong within an event shows when it is read.

    An event without a UID gets one made of its content.
    :param pieces: the feed's bytes, in pieces of any size; iterated more than once.
    :raises ValueError: not a whole calendar: nothing may be concluded from what it lacks. The sentence is
        for people.
    :raises FeedTooLarge: which is one too.
    """
    if isinstance(pieces, bytes):
        pieces = (pieces,)
    if last is not None:
        reading = _read(pieces, last.uids, most_events)
        if reading.head == last.head:
            return _changes(pieces, reading, last, most_events)
    reading = _read(pieces, frozenset(), most_events)
    seen = Seen(head=reading.head, uids=reading.uids, odd=frozenset(reading.odd))
    return Split(objects=_objects(reading), gone=frozenset(), whole=True, seen=seen)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What one pass over a feed found, in the feed's order."""

    by_uid: dict[str, list[bytes]] = field(default_factory=dict)  # events that weren't known, as they are stored
    uids: dict[int, str] = field(default_factory=dict)  # their fingerprints
    known: set[int] = field(default_factory=set)  # the fingerprints that were
    odd: set[str] = field(default_factory=set)  # UIDs
    rest: list[bytes] = field(default_factory=list)  # everything outside of events
    calendars: int = 0  # begun, less those that ended

    @property
    def head(self) -> Head:
        outside = Blocks(events=(), rest=b"".join(self.rest))
        definitions = outside.zone_definitions
        # An IANA or Windows name beats what a feed defines under it: no object needs to carry that.
        own = {tzid: text for tzid, text in definitions.items() if not iana_name(tzid)}
        return Head(calendar_zone=outside.calendar_zone, definitions=own)


def _changes(pieces: Iterable[bytes], reading: _Reading, last: Seen, most_events: int) -> Split:
    """The objects of every UID of which an event is new or gone."""
    gone = last.uids.keys() - reading.known if len(reading.known) < len(last.uids) else frozenset[int]()
    touched = {last.uids[mark] for mark in gone} | reading.by_uid.keys() | last.odd
    uids = {**last.uids, **reading.uids}
    for mark in gone:
        del uids[mark]
    if not touched.isdisjoint(map(last.uids.get, reading.known)):
        # An object needs those of its events, too, that stayed as they were.
        reading = _read(pieces, {mark for mark, uid in uids.items() if uid not in touched}, most_events)
    return Split(
        gone=frozenset(touched - reading.by_uid.keys()),
        objects=_objects(reading),
        whole=False,
        seen=Seen(head=last.head, uids=uids, odd=frozenset(reading.odd)),
    )


def _read(pieces: Iterable[bytes], known: Mapping[int, str] | Set[int], most_events: int) -> _Reading:
    """Cut what isn't known; the rest is passed over at the speed of a search."""
    batches = filter(None, _segments(pieces))
    reading, number = _Reading(), 0
    first, *batch = next(batches)
    start = b"\n" + unfolded(first).lstrip()
    _add_odd(reading, start)
    for segments in chain([batch], batches):
        number += len(segments)
        if number > most_events:
            raise FeedTooLarge(f"it has more than {most_events} events")
        _add_unknown(reading, segments, known)
    _demand_whole(start, reading)
    return reading


def _segments(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """What stands before the first BEGIN:VEVENT, and then what follows each, up to the next; those of a piece
    together.
    """
    tail = b""
    for piece in pieces:
        *whole, tail = (tail + piece).split(_BEGIN)
        yield whole
    yield [tail]


def _add_unknown(reading: _Reading, segments: Iterable[bytes], known: Mapping[int, str] | Set[int]) -> None:
    """Add the events that aren't known, and what follows an event."""
    parted = [(segment, b"") if segment.endswith(_ENDS) else _parted(segment) for segment in segments]
    marks = [_fingerprint(event) for event, _ in parted]
    found = set(marks)
    unknown = found.difference(known)  # not the operator, which looks at all of a mapping's keys
    reading.known.update(found - unknown)
    if unknown or any(after for _, after in parted):
        for mark, (event, after) in zip(marks, parted, strict=True):
            if mark in unknown:
                _add(reading, mark, event)
            if after:
                _add_odd(reading, unfolded(after))


def _parted(segment: bytes) -> tuple[bytes, bytes]:
    """An event up to its end, and what follows it there."""
    body, end, after = segment.partition(_END)
    return body + end, after


def _fingerprint(event: bytes) -> int:
    """64 bits, keyed anew in each process, of all but its DTSTAMP."""
    before, _, after = event.partition(b"\nDTSTAMP")
    return hash(before + after[after.find(b"\n") :])


def _add(reading: _Reading, mark: int, event: bytes) -> None:
    if mark in reading.uids:
        return  # a copy of another
    if not _is_plain(event):
        _add_odd(reading, unfolded(b"\nBEGIN:VEVENT" + event))
        return
    body = unfolded(event.removesuffix(b"\r"))
    uid, text = _named(Block(body=body[1 : body.rindex(_END) + 1], closed=True))
    reading.uids[mark] = uid
    if uid in reading.by_uid:
        reading.by_uid[uid].append(text)
    else:
        reading.by_uid[uid] = [text]  # a list that never grew is a third smaller, and there may be a million


def _is_plain(event: bytes) -> bool:
    """Whether it is written as nearly everybody does: one event that ends, and nothing of another kind."""
    upper = event.upper()
    ends = event.startswith((b"\r\n", b"\n")) and event.endswith(_ENDS)
    return ends and upper.count(b"VEVENT") == 1 and b"VCALENDAR" not in upper


def _add_odd(reading: _Reading, text: bytes) -> None:
    """Anything else, cut as the standard says; seldom more than the feed's first lines and its last."""
    blocks = cut(text)
    for uid, event in map(_named, blocks.events):
        reading.by_uid.setdefault(uid, []).append(event)
        reading.odd.add(uid)
    reading.rest.append(blocks.rest)
    # Several calendars in one file are seen; what follows the last one (a cache's HTML comment) is not.
    reading.calendars += text.count(b"\nBEGIN:VCALENDAR") - text.count(b"\nEND:VCALENDAR")


def _named(block: Block) -> tuple[str, bytes]:
    """The UID and the event as it is stored, with the UID written into it where it had none."""
    written = block.written_uid
    if written:
        return written, _event(block)
    uid = block.uid
    return uid, _event(replace(block, body=f"UID:{uid}\n".encode() + block.body))


def _demand_whole(start: bytes, reading: _Reading) -> None:
    if not start.strip():
        raise ValueError("it is empty: an empty calendar has at least BEGIN:VCALENDAR and END:VCALENDAR")
    if not start.startswith(b"\nBEGIN:VCALENDAR"):
        if start.startswith(b"\n<"):
            raise ValueError("it is a web page and not a calendar: perhaps the address asks for a login")
        raise ValueError("it isn't a calendar: it doesn't begin with BEGIN:VCALENDAR")
    if reading.calendars:
        raise ValueError("it is truncated: END:VCALENDAR is missing")


def _objects(reading: _Reading) -> tuple[FeedObject, ...]:
    head = reading.head
    # PRODID, names and refresh intervals stay behind: a new one would change every digest at once.
    zone = f"X-WR-TIMEZONE:{head.calendar_zone}\n" if head.calendar_zone else ""
    zones = _zones({head.calendar_zone}, head.definitions)
    first = f"BEGIN:VCALENDAR\nVERSION:2.0\n{zone}{zones}".encode()
    by_uid = reading.by_uid
    # Taken out one by one: a feed of 90 MB is never in memory twice.
    return tuple(_object(uid, by_uid.pop(uid), first, head.definitions) for uid in tuple(by_uid))


def _object(uid: str, events: list[bytes], head: bytes, definitions: Mapping[str, str]) -> FeedObject:
    tzids = {tzid for event in events for tzid in tzids_of(event)} if definitions else set()
    first = head + _zones(tzids, definitions).encode()
    if len(events) > 1:
        events.sort()  # some servers give them in another order each time
    data = b"".join((first, *events, b"END:VCALENDAR\n"))
    return FeedObject(href=uid, data=data, digest=hashlib.blake2b(data, digest_size=16).hexdigest())


def _zones(tzids: set[str], definitions: Mapping[str, str]) -> str:
    used = sorted(tzids & definitions.keys())
    return "".join(f"BEGIN:VTIMEZONE\n{definitions[tzid]}END:VTIMEZONE\n" for tzid in used)


def _event(block: Block) -> bytes:
    end = b"END:VEVENT\n" if block.closed else b""
    return b"BEGIN:VEVENT" + without_dtstamp(b"\n" + block.body) + end
