"""What a calendar object says, apart from its names and stamps: the same event, and one that is none any more."""

from __future__ import annotations

import hashlib
import re

from scheduler.calendars.blocks import cut, decoded, unfolded

# What some programs write anew at each export, of an event that nobody touched.
_NAMES = re.compile(rb"\n(?:UID|DTSTAMP|CREATED|LAST-MODIFIED|SEQUENCE)[;:][^\n]*", re.IGNORECASE)


def content_key(data: bytes) -> str:
    """The same for two objects that differ by their UIDs and stamps alone."""
    return hashlib.sha256(_NAMES.sub(b"", unfolded(data))).hexdigest()


def mentions(data: bytes, words: str) -> bool:
    """Whether an object's text may have these words, in any case; without a UID it is named by a made-up one."""
    text = decoded(unfolded(data)).casefold()
    return words.casefold().replace("\\", "") in text.replace("\\", "") or "\nuid" not in text


def damage(data: bytes) -> str:
    """Why an object can't be the calendar object that its address held, in words; "" where it can.

    One UID belongs to each address for ever (RFC 4791, 4.1). An object without any event is no damage: a
    program may make a task of it.
    """
    text = unfolded(data)
    upper = text.upper()
    if b"BEGIN:VCALENDAR" not in upper:
        return "it isn't a calendar object"
    if b"END:VCALENDAR" not in upper:
        return "it breaks off: END:VCALENDAR is missing"
    if not all(block.closed and block.written_uid for block in cut(text).events):
        return "its event breaks off, or has no UID"
    return ""
