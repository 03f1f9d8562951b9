"""In which language an event is written, told by the word with which its title asks for a call."""

from __future__ import annotations

from enum import StrEnum

from scheduler.calendars.wording import fold

_SEPARATORS = " :-–—[](){}*~!"


class Language(StrEnum):
    """What people are told in, in their own calendars."""

    EN = "en"
    NL = "nl"
    FR = "fr"
    DE = "de"


_FIRST_WORDS = {
    Language.EN: ("call", "phone"),
    Language.NL: ("bel", "bellen", "opbellen", "telefoongesprek"),
    Language.FR: ("appel", "appeler", "rappeler", "téléphoner"),
    Language.DE: ("anruf", "anrufen", "telefonat", "telefonieren"),
}
_LANGUAGES = {fold(word): language for language, words in _FIRST_WORDS.items() for word in words}


def language_of(title: str, otherwise: Language) -> Language:
    """That of the first word of the title which is one of ours."""
    words = (fold(word.strip(_SEPARATORS)) for word in title.replace(":", " ").split())
    return next((_LANGUAGES[word] for word in words if word in _LANGUAGES), otherwise)
