"""Read a do-not-call list: a number a line, or a CSV file of them with whatever columns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scheduler.errors import NumberError, Problem
from scheduler.phone import PhoneNumber, read_number

_SEPARATORS = re.compile(r"[;,\t]")
_BEFORE_WORDS = re.compile(r"([+(]?\d[\d\s()./-]*?)\s+\(?[^\W\d]")  # "0468 37 39 01 (Bea Maes)"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCall:
    """Who doesn't want to be called; what can't be read as a number can't be called either, and is told."""

    numbers: frozenset[PhoneNumber] = frozenset()
    problems: tuple[Problem, ...] = ()


def read_do_not_call(data: bytes, *, name: str, region: str) -> DoNotCall:
    """The first cell of each line that is a number counts, and words after it don't matter; ``#`` begins a
    remark, and line 1 may be a header.

    :param name: what problems call the file; ``region`` is that of national numbers.
    """
    numbers: set[PhoneNumber] = set()
    problems: list[Problem] = []
    for line, text in enumerate(_decode(data).splitlines(), start=1):
        cells = [cell.strip(" \"'") for cell in _SEPARATORS.split(text.partition("#")[0])]
        found = _first_number(cells, region)
        if isinstance(found, PhoneNumber):
            numbers.add(found)
        elif any(cells) and not (line == 1 and _is_header(cells)):
            problems.append(Problem(where=f"{name}, line {line}", what=f"no number to bar: {found}"))
    return DoNotCall(numbers=frozenset(numbers), problems=tuple(problems))


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _first_number(cells: list[str], region: str) -> PhoneNumber | str:
    """Or why the cell that looks most like one isn't."""
    reason = "not a phone number"
    for cell in cells:
        words_follow = _BEFORE_WORDS.match(cell)
        try:
            return read_number(words_follow[1] if words_follow else cell, region)
        except NumberError as error:
            if any(char.isdigit() for char in cell):
                reason = error.reason
    return reason


def _is_header(cells: list[str]) -> bool:
    return not any(char.isdigit() for cell in cells for char in cell)
