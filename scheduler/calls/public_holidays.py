"""Public holidays by country and region, as the library ``holidays`` knows them. Only here: holidays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib import import_module

_PLACE = re.compile("[A-Z]{2}(-[A-Z0-9]{1,3})?")
_A_YEAR = 2026  # any: whether a country is known doesn't depend on it


def check_holidays(place: str) -> None:
    """:raises ValueError: no public holidays are known of ``place``."""
    try:
        if not _PLACE.fullmatch(place):  # the library knows some by their English names as well
            raise NotImplementedError
        _holidays_in(place, _A_YEAR)
    except NotImplementedError:
        raise ValueError(
            f"no public holidays are known of {place!r}: write a country, as 'BE', or one of its regions by"
            " its code in ISO 3166-2, as 'DE-BY'"
        ) from None


def holiday_on(place: str, day: date) -> str:
    """The name of the public holiday, in English where there is a translation; "" on other days.

    :param place: ``BE``, or ``DE-BY`` for a region of a country; one that :func:`check_holidays` lets pass.
    """
    return _holidays_in(place, day.year).get(day, "")


@lru_cache(maxsize=256)
def _holidays_in(place: str, year: int) -> Mapping[date, str]:
    # Here and not above: it takes a tenth of a second, and most commands and companies don't need it.
    library = import_module("holidays")
    country, _, region = place.partition("-")
    found = library.country_holidays(country, subdiv=region or None, years=year, language="en_US")
    return {day: str(name) for day, name in found.items()}
