"""Read vCards 2.1, 3.0 and 4.0 (RFC 6350) into contacts, as tolerantly as real address books demand.

Of each card its name, e-mail addresses and telephone numbers are read; a bad line costs itself, a bad card
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.calendars.contact import NO_PREFERENCE, Contact, ContactNumber
from scheduler.calendars.vcard_lines import Line, Property, file_lines, read_property, unfold
from scheduler.errors import NumberError, Problem
from scheduler.phone import read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The file that is read, and the region of its national numbers."""

    name: str
    region: str

    def problem(self, line: int, what: str, remedy: str = "") -> Problem:
        return Problem(where=f"{self.name}, line {line}", what=what, remedy=remedy)


def read_vcards(data: bytes, *, name: str, region: str) -> tuple[tuple[Contact, ...], tuple[Problem, ...]]:
    """Read every card of a file; ``name`` is what problems call it, ``region`` that of national numbers."""
    place = _Place(name=name, region=region)
    contacts: list[Contact] = []
    problems: list[Problem] = []
    for lines, closed in _cards(file_lines(data)):
        if closed:
            _read_card(lines, place, contacts, problems)
        else:
            problems.append(place.problem(lines[0].number, "the card has no END:VCARD", "export it again"))
    if data.strip() and not contacts and not problems:
        problems.append(Problem(where=name, what="holds no vCard"))
    return tuple(contacts), tuple(problems)


def _cards(lines: list[Line]) -> Iterator[tuple[list[Line], bool]]:
    """The lines of each card, and whether it is closed; a card within a card (2.1's AGENT) is left out."""
    card: list[Line] = []
    depth = 0
    for line in lines:
        mark = line.text.strip().upper()
        if mark == "BEGIN:VCARD" and not (card and _is_agent(card[-1])):
            if card:
                yield card, False
            card, depth = [line], 1
        elif mark == "BEGIN:VCARD":
            depth += 1
        elif mark == "END:VCARD" and card:
            depth -= 1
            if depth == 0:
                yield card, True
                card = []
        elif card and depth == 1:
            card.append(line)
    if card:
        yield card, False


def _is_agent(line: Line) -> bool:
    return bool(re.fullmatch(r"AGENT[^:]*:\s*", line.text, re.IGNORECASE))


def _read_card(lines: list[Line], place: _Place, contacts: list[Contact], problems: list[Problem]) -> None:
    properties: list[Property] = []
    strays: list[Line] = []
    for line in unfold(lines):
        found = read_property(line)
        if found is None:
            strays.append(line)
        else:
            properties.append(found)
    if strays:
        problems.append(place.problem(strays[0].number, "not a line of a vCard (NAME:value), left out"))
    contact = Contact(
        name=_name(properties),
        emails=_emails(properties),
        numbers=tuple(_numbers(properties, place, problems)),
        source=f"{place.name}, line {lines[0].number}",
    )
    if contact.name or contact.emails:
        contacts.append(contact)
    else:
        problems.append(place.problem(lines[0].number, "the card has neither a name nor an e-mail address"))


def _name(properties: list[Property]) -> str:
    """FN, else the given and family names of N, else ORG."""
    formatted = [prop.text for prop in properties if prop.name == "FN"]
    structured = [_full_name(prop.components) for prop in properties if prop.name == "N"]
    company = [prop.components[0] for prop in properties if prop.name == "ORG"]
    names = (" ".join(name.split()) for name in (*formatted, *structured, *company))
    return next(filter(None, names), "")


def _full_name(components: tuple[str, ...]) -> str:
    """RFC 6350, 6.2.2: family; given; additional; prefixes; suffixes."""
    family, given, additional = (*components, "", "", "")[:3]
    return " ".join(part for part in (given, additional, family) if part)


def _emails(properties: list[Property]) -> tuple[str, ...]:
    found = (prop.text.lower().removeprefix("mailto:") for prop in properties if prop.name == "EMAIL")
    return tuple(dict.fromkeys(email for email in found if email))


def _numbers(properties: list[Property], place: _Place, problems: list[Problem]) -> Iterator[ContactNumber]:
    labels = {p.group: p.text for p in properties if p.name == "X-ABLABEL" and p.group}
    for prop in properties:
        if prop.name != "TEL" or not prop.text:
            continue
        try:
            number = read_number(prop.text, place.region)
        except NumberError as error:
            problems.append(place.problem(prop.line, f"TEL {error}"))
            continue
        types = prop.types | _label_types(labels.get(prop.group, ""))
        preference = _preference(prop, place, problems)
        yield ContactNumber(number=number, types=types - {"pref"}, preference=preference)


def _label_types(label: str) -> frozenset[str]:
    """The words of Apple's label of a group, ``_$!<HomeFAX>!$_`` or one's own, such as "Fax office"."""
    return frozenset(re.sub(r"[_$!<>]", " ", label).lower().split())


def _preference(prop: Property, place: _Place, problems: list[Problem]) -> int:
    """PREF=1…100 (vCard 4.0), or the TYPE "pref" of the older versions as 1."""
    given = prop.parameter("PREF")
    if not given:
        return 1 if "pref" in prop.types else NO_PREFERENCE
    if re.fullmatch(r"[1-9][0-9]?|100", given[0]):
        return int(given[0])
    problems.append(place.problem(prop.line, f"PREF {given[0]!r} is left out", "write 1 to 100"))
    return NO_PREFERENCE
