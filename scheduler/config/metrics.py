"""``[metrics]``: where metrics and health are served, and how they name calendars without naming people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scheduler.config.values import Address, Table
from scheduler.ledger.collections import ADDRESS_BOOK
from scheduler.web.metrics_settings import MetricsSettings

_SHORTEST_NAME = 2  # letters: an initial stands in many words
_MOST_DIGITS = 5  # more may be somebody's number


class MetricsTable(Table):
    listen: Address = "127.0.0.1:8473"


def build_metrics(table: MetricsTable | None) -> MetricsSettings | None:
    """None: they aren't served."""
    if table is None:
        return None
    host, _, port = table.listen.rpartition(":")
    return MetricsSettings(host=host.strip("[]"), port=int(port))


def collection_labels(names: Iterable[str], people: Iterable[str]) -> dict[str, str]:
    """What metrics call each calendar or address book: its name, unless that names somebody.

    Metrics leave the machine, and a calendar is often named after whose it is: it is then told by its place among
    the others, "calendar 2".

    :param people: names of persons; each of their words counts.
    """
    words = {word for name in people for word in _words(name) if len(word) >= _SHORTEST_NAME}
    return {
        name: _by_place(name, place) if _names_somebody(name, words) else name
        for place, name in enumerate(names, start=1)
    }


def _by_place(name: str, place: int) -> str:
    return f"{ADDRESS_BOOK if name.startswith(ADDRESS_BOOK) else 'calendar '}{place}"


def _names_somebody(name: str, words: set[str]) -> bool:
    return bool(words.intersection(_words(name))) or sum(char.isdigit() for char in name) > _MOST_DIGITS


def _words(text: str) -> Iterator[str]:
    return (found.casefold() for found in re.findall(r"[^\W\d_]+", text))
