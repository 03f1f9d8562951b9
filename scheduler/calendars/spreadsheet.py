"""Read contacts from CSV, as spreadsheets and mail programs export it.

UTF-8 with or without its mark, UTF-16 with one, else Windows-1252; separated by semicolons, commas or tabs,
whichever the header has most of.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.calendars.contact import Contact, ContactNumber
from scheduler.calendars.wording import fold
from scheduler.errors import NumberError, Problem
from scheduler.phone import read_number

_CELL = (
    *("mobile", "mobile phone", "mobile number", "cell", "cell phone", "gsm", "gsm nummer"),
    *("mobiel", "mobiel nummer", "mobiele telefoon", "portable", "téléphone portable", "téléphone mobile"),
    *("mobil", "mobiltelefon", "handy", "handynummer"),
)
_WORK = (
    *("work", "work phone", "business phone", "office", "office phone", "werk", "telefoon werk", "kantoor"),
    *("telefoon kantoor", "bureau", "téléphone bureau", "téléphone professionnel", "büro", "telefon büro"),
    *("telefon geschäftlich", "geschäftlich"),
)
_VOICE = (
    *("phone", "phone number", "telephone", "telephone number", "tel", "phone 1 value"),
    *("telefoon", "telefoonnummer", "téléphone", "numéro de téléphone", "telefon", "telefonnummer", "rufnummer"),
)
_HOME = (
    *("home", "home phone", "thuis", "telefoon thuis", "privé", "domicile", "téléphone domicile"),
    *("privat", "telefon privat"),
)
_DEFAULT_NUMBERS = tuple(
    (header, kind)
    for kind, headers in (("cell", _CELL), ("work", _WORK), ("voice", _VOICE), ("home", _HOME))
    for header in headers
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvColumns:
    """Which columns hold what, by their headers; case, accents and punctuation of a header don't matter.

    Of ``name``, ``given_name``, ``family_name`` and ``company`` the first spelling that the file has counts,
    of ``email`` and ``numbers`` every one. A "name" beside a given name, with no column of family names, is
    the family name (French "Nom", "Prénom").
    """

    name: tuple[str, ...] = (
        *("name", "full name", "display name", "contact", "contact name", "customer", "customer name"),
        *("naam", "volledige naam", "klant", "klantnaam", "contactpersoon"),
        *("nom", "nom complet", "nom du client", "client", "kunde", "kundenname", "ansprechpartner"),
    )
    given_name: tuple[str, ...] = ("first name", "given name", "voornaam", "prénom", "vorname")
    family_name: tuple[str, ...] = (
        *("last name", "family name", "surname", "achternaam", "familienaam"),
        *("nom de famille", "nachname", "familienname"),
    )
    company: tuple[str, ...] = (
        *("company", "organization", "organisation", "organization name", "bedrijf", "bedrijfsnaam"),
        *("organisatie", "société", "entreprise", "firma", "unternehmen"),
    )
    email: tuple[str, ...] = (
        *("email", "e-mail", "email address", "e-mail address", "mail", "e-mail 1 value"),
        *("e-mailadres", "emailadres", "adresse e-mail", "adresse mail", "courriel", "e-mail-adresse"),
    )
    numbers: tuple[tuple[str, str], ...] = _DEFAULT_NUMBERS  # header → type: cell, work, voice, home, …


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """At which positions of a row, from 0, the columns stand; ``width`` is the number of headers."""

    width: int
    name: int | None
    given_name: int | None
    family_name: int | None
    company: int | None
    emails: tuple[int, ...]
    numbers: tuple[tuple[int, str], ...]


def read_csv(
    data: bytes, *, name: str, region: str, columns: CsvColumns
) -> tuple[tuple[Contact, ...], tuple[Problem, ...]]:
    """Read every row; ``name`` is what problems call the file, ``region`` that of national numbers."""
    lines = list(io.StringIO(_decode(data), newline=""))
    delimiter = _delimiter(lines[0]) if lines else ","
    problems: list[Problem] = []
    rows = _rows(lines, delimiter, name, problems)
    _, header = next(rows, (0, []))
    layout = _layout(header, columns)
    if fault := _layout_fault(layout):
        remedy = "name the columns in the configuration; the header has: " + ", ".join(header)
        return (), (*problems, Problem(where=f"{name}, line 1", what=fault, remedy=remedy))
    contacts = [_read_row(row, layout, f"{name}, line {line}", region, problems) for line, row in rows]
    return tuple(contact for contact in contacts if contact is not None), tuple(problems)


def _decode(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _delimiter(header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    return max(";,\t", key=bare.count)


def _rows(lines: list[str], delimiter: str, name: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Each row that isn't blank and the line, from 1, where it begins.

    After a fault the next *line* is tried: a quote that is never closed costs its own row, not the rest.
    """
    start = 0
    while start < len(lines):
        reader = csv.reader(_from(lines, start), delimiter=delimiter, strict=True)
        try:
            row = [cell.strip() for cell in next(reader)]
        except csv.Error as error:
            problems.append(Problem(where=f"{name}, line {start + 1}", what=f"no row of a CSV file: {error}"))
            start += 1
            continue
        if any(row):
            yield start + 1, row
        start += reader.line_num


def _from(lines: list[str], start: int) -> Iterator[str]:
    return (lines[at] for at in range(start, len(lines)))


def _layout(header: list[str], columns: CsvColumns) -> _Layout:
    heads = [_header_key(head) for head in header]
    types = {_header_key(head): kind for head, kind in columns.numbers}
    emails = {_header_key(head) for head in columns.email}
    return _Layout(
        width=len(header),
        name=_position(heads, columns.name),
        given_name=_position(heads, columns.given_name),
        family_name=_position(heads, columns.family_name),
        company=_position(heads, columns.company),
        emails=tuple(at for at, head in enumerate(heads) if head in emails),
        numbers=tuple((at, types[head].lower()) for at, head in enumerate(heads) if head in types),
    )


def _header_key(header: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", fold(header)).split())


def _position(heads: list[str], spellings: tuple[str, ...]) -> int | None:
    wanted = map(_header_key, spellings)
    return next((heads.index(head) for head in wanted if head in heads), None)


def _layout_fault(layout: _Layout) -> str:
    if not layout.numbers:
        return "no column of phone numbers"
    named = (layout.name, layout.given_name, layout.family_name, layout.company)
    if all(position is None for position in named) and not layout.emails:
        return "no column of names or e-mail addresses"
    return ""


def _read_row(row: list[str], layout: _Layout, where: str, region: str, problems: list[Problem]) -> Contact | None:
    if any(row[layout.width :]):
        what = f"{len(row)} cells, where the header has {layout.width}"
        problems.append(Problem(where=where, what=what, remedy="put quotes around a text with separators"))
        return None
    contact = Contact(
        name=_name(row, layout),
        emails=tuple(_emails(row, layout, where, problems)),
        numbers=tuple(_numbers(row, layout, where, region, problems)),
        source=where,
    )
    if contact.name or contact.emails:
        return contact
    problems.append(Problem(where=where, what="the row has neither a name nor an e-mail address"))
    return None


def _cell(row: list[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""


def _name(row: list[str], layout: _Layout) -> str:
    name, given = _cell(row, layout.name), _cell(row, layout.given_name)
    if layout.family_name is not None:
        name = name or f"{given} {_cell(row, layout.family_name)}"
    elif given:
        name = f"{given} {name}"
    return " ".join((name.strip() or _cell(row, layout.company)).split())


def _emails(row: list[str], layout: _Layout, where: str, problems: list[Problem]) -> Iterator[str]:
    for at in layout.emails:
        for email in re.split(r"[;,\s]+", _cell(row, at).lower()):
            if re.fullmatch(r"[^@]+@[^@]+", email):
                yield email
            elif email:
                problems.append(Problem(where=where, what=f"{email!r} is no e-mail address"))


def _numbers(
    row: list[str], layout: _Layout, where: str, region: str, problems: list[Problem]
) -> Iterator[ContactNumber]:
    for at, kind in layout.numbers:
        # An apostrophe is how spreadsheets mark a text.
        text = _cell(row, at).removeprefix("'")
        if not text:
            continue
        try:
            yield ContactNumber(number=read_number(text, region), types=frozenset({kind}))
        except NumberError as error:
            problems.append(Problem(where=where, what=str(error)))
