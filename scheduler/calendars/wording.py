"""The words of people: names told apart without case and accents, titles that ask for a call or cancel one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# In English, Dutch, French and German. All are compared folded: "Téléphoner à" covers "TELEPHONER A".
DEFAULT_CATEGORIES = (
    "call",
    "phone call",
    "bellen",
    "telefoongesprek",
    "appel",
    "appel téléphonique",
    "anruf",
    "telefonat",
)
DEFAULT_PREFIXES = (
    "call",
    "call with",
    "call to",
    "phone",
    "phone call",
    "phone call with",
    "phone call to",
    "bel",
    "bel met",
    "bellen",
    "bellen met",
    "opbellen",
    "telefoongesprek",
    "telefoongesprek met",
    "appel",
    "appel à",
    "appel avec",
    "appeler",
    "appel téléphonique",
    "appel téléphonique avec",
    "rappeler",
    "téléphoner à",
    "anruf",
    "anruf bei",
    "anruf mit",
    "anrufen",
    "telefonat",
    "telefonat mit",
    "telefonieren mit",
)
# Outlook writes them in front of the title and leaves STATUS:CONFIRMED.
DEFAULT_CANCELLED_PREFIXES = (
    "canceled",
    "cancelled",
    "geannuleerd",
    "afgelast",
    "annulé",
    "annulée",
    "abgesagt",
    "storniert",
)

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\u00b4", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015", "-"),
        # Letters that Unicode doesn't take apart into a letter and an accent.
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ı": "i",
        "œ": "oe",
        "æ": "ae",
    }
)
_SEPARATORS = " :-–—[](){}*~!"


def fold(text: str) -> str:
    """The text as it is compared: no case, accents, invisible marks or surplus white space."""
    if text.isascii():
        return " ".join(text.casefold().split())
    lower = unicodedata.normalize("NFKD", text.translate(_ALIKE)).casefold()
    plain = unicodedata.normalize("NFKD", lower).translate(_ALIKE)
    return " ".join("".join(char for char in plain if not _is_silent(char)).split())


def _is_silent(char: str) -> bool:
    return bool(unicodedata.combining(char)) or unicodedata.category(char) == "Cf"


def name_key(name: str) -> str:
    """The folded name, first name first: "Janssens, Anna" and "anna  janssens" have one key."""
    last, _, first = fold(name).partition(",")
    return f"{first.strip()} {last.strip()}".strip()


def rests_after(title: str, prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """What follows each prefix that the title begins with, the longest prefix first; whole words only.

    ``Call with Anna`` gives ``Anna`` and ``with Anna`` where "call with" and "call" are both prefixes;
    ``Call`` alone gives one empty rest, and a title without a prefix gives none.
    """
    words = re.sub(r"([:\])])", r"\1 ", title).split()
    words = words[next((at for at, word in enumerate(words) if word.strip(_SEPARATORS)), len(words)) :]
    folded = tuple(fold(word.strip(_SEPARATORS)) for word in words[: _longest(prefixes)])
    return tuple(
        " ".join(words[len(prefix) :]).lstrip(" :-–—")
        for prefix in _by_length(prefixes)
        if folded[: len(prefix)] == prefix
    )


@lru_cache(maxsize=64)
def _by_length(prefixes: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The words of each prefix, most words first; kept, since every event of a calendar asks for them."""
    split = {tuple(fold(prefix.strip(_SEPARATORS)).split()) for prefix in prefixes}
    return tuple(sorted((words for words in split if words), key=lambda words: (-len(words), words)))


def _longest(prefixes: tuple[str, ...]) -> int:
    return max((len(words) for words in _by_length(prefixes)), default=0)
