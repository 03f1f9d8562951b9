"""The lines that an author may write in an event's description to say more about its call.

    Call-Number: +32 468 37 39 01
    Call-Lead: 5 min
    Call-Presentation: restricted

Each stands at the start of a line, in any case. Outlook and Google keep descriptions as HTML: a ``<br>`` or
a paragraph ends a line there too. A line that is nearly one of these, as ``Call-Numer:``, is told and not
passed over: it may be the one that hides the number. Others, as ``Call-back:``, are just text.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

from scheduler.duration import parse_duration
from scheduler.vca import Presentation

LONGEST_LEAD = timedelta(days=1)

_KEYS = ("number", "lead", "presentation")
# Some editors write another dash than the one that was typed.
_LINE = re.compile(r"\s*call\s?[-_\u2010-\u2014]\s?(\w+)\s*:(.*)", re.IGNORECASE | re.DOTALL)
_HTML_BREAK = re.compile(r"<\s*/?\s*(?:br|p|div|li|tr|h[1-6])\b[^<>]*>", re.IGNORECASE)
_HTML_TAG = re.compile(r"<[^<>]*>")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLines:
    """The values of a description's lines, as written; a line that is repeated has several."""

    numbers: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    presentations: tuple[str, ...] = ()
    misspelt: tuple[str, ...] = ()  # "Call-Numer: is no such line: did you mean Call-Number?"


def read_call_lines(description: str) -> CallLines:
    """Pick the lines out of plain text or HTML; what they say is judged by whoever needs it."""
    found = [match for line in _lines(description) if (match := _LINE.fullmatch(line))]
    return CallLines(
        numbers=_values(found, "number"),
        leads=_values(found, "lead"),
        presentations=_values(found, "presentation"),
        misspelt=tuple(_misspelt(match[1]) for match in found if _meant_by(match[1])),
    )


def read_lead(leads: tuple[str, ...]) -> timedelta | None:
    """The lead of the event's own line; ``None`` where it has none.

    :raises ValueError: not a duration, longer than :data:`LONGEST_LEAD`, or lines that differ.
    """
    lengths = {parse_duration(lead) for lead in leads}
    if len(lengths) > 1:
        raise ValueError("two Call-Lead lines differ")
    if lengths and max(lengths) > LONGEST_LEAD:
        raise ValueError(f"{leads[0]!r} is more than a day")
    return next(iter(lengths), None)


def read_presentation(presentations: tuple[str, ...]) -> Presentation | None:
    """The presentation of the event's own line; ``None`` where it has none.

    :raises ValueError: neither "allowed" nor "restricted", or lines that differ.
    """
    words = {presentation.upper() for presentation in presentations}
    if unknown := words.difference(Presentation):
        raise ValueError(f"{min(unknown).lower()!r} is neither 'allowed' nor 'restricted'")
    if len(words) > 1:
        raise ValueError("two Call-Presentation lines differ")
    return Presentation(words.pop()) if words else None


def _meant_by(key: str) -> str:
    """The key that one who wrote this meant; "" where it is one, or is like none."""
    if key.lower() in _KEYS:
        return ""
    return next(iter(get_close_matches(key.lower(), _KEYS, n=1)), "")


def _misspelt(key: str) -> str:
    return f"its line 'Call-{key}:' isn't known: did you mean 'Call-{_meant_by(key).capitalize()}:'?"


def _lines(description: str) -> list[str]:
    text = description
    if "<" in text:
        text = _HTML_TAG.sub("", _HTML_BREAK.sub("\n", text))
    return _INVISIBLE.sub("", html.unescape(text)).splitlines()


def _values(found: list[re.Match[str]], key: str) -> tuple[str, ...]:
    return tuple(match[2].strip() for match in found if match[1].lower() == key)
