"""Contacts: whom a name or an e-mail address in an event means, and which of their numbers is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scheduler.calendars.wording import name_key
from scheduler.phone import PhoneNumber

NO_PREFERENCE = 101
DEFAULT_TYPE_ORDER = ("cell", "mobile", "work", "voice", "home", "main", "other")
# Parts of types: "homefax" and "telefax" are meant as well.
_NEVER_CALLED = ("fax", "pager", "modem", "textphone")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactNumber:
    """One telephone number of a contact."""

    number: PhoneNumber
    types: frozenset[str] = frozenset()  # lower case: cell, work, home, voice, fax, …
    preference: int = NO_PREFERENCE  # vCard PREF: 1 is the most preferred, 100 the least; 101 is none given

    @property
    def takes_calls(self) -> bool:
        """Whether a person may answer there."""
        return not any(never in kind for never in _NEVER_CALLED for kind in self.types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or company of a CSV row or vCard."""

    name: str
    emails: tuple[str, ...] = ()  # lower case
    numbers: tuple[ContactNumber, ...] = ()
    source: str = ""  # "customers.csv, line 12": where it stands, for people

    def __str__(self) -> str:
        called = self.name or next(iter(self.emails), "a contact without a name")
        return called + (f" ({self.source})" if self.source else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoNumber:
    """Why a contact can't be called; never a guess between two numbers."""

    reason: str


class Contacts:
    """Every contact of every source, found by e-mail address or whole name; never changed once built."""

    def __init__(
        self, contacts: Iterable[Contact] = (), *, type_order: tuple[str, ...] = DEFAULT_TYPE_ORDER
    ) -> None:
        by_email: defaultdict[str, list[Contact]] = defaultdict(list)
        by_name: defaultdict[str, list[Contact]] = defaultdict(list)
        for contact in contacts:
            for email in dict.fromkeys(email.lower() for email in contact.emails):
                by_email[email].append(contact)
            by_name[name_key(contact.name)].append(contact)
        self._by_email = _freeze(by_email)
        self._by_name = _freeze(by_name)
        self._rank = {kind.lower(): rank for rank, kind in reversed(tuple(enumerate(type_order)))}

    def by_email(self, email: str) -> tuple[Contact, ...]:
        return self._by_email.get(email.strip().lower(), ())

    def by_name(self, name: str) -> tuple[Contact, ...]:
        """Those whose whole name it is, ignoring case, accents and white space; also as "Last, First"."""
        return self._by_name.get(name_key(name), ())

    def number_of(self, contact: Contact) -> PhoneNumber | NoNumber:
        """The preferred number (vCard PREF), else by the order of types; faxes and pagers never count."""
        candidates = [number for number in contact.numbers if number.takes_calls]
        if not candidates:
            return NoNumber(reason=f"{contact} has no number that can be called")
        best = min(map(self._order, candidates))
        numbers = {number.number for number in candidates if self._order(number) == best}
        if len(numbers) > 1:
            return NoNumber(reason=f"{contact} has {len(numbers)} numbers of equal rank: mark one as preferred")
        return numbers.pop()

    def number_among(self, found: tuple[Contact, ...], shared: str) -> PhoneNumber | NoNumber:
        """The one number of all of ``found``, who share a name or address: the same person, in two sources.

        One without any number to call is passed over: address books are full of such copies.
        """
        callable_ = [contact for contact in found if any(number.takes_calls for number in contact.numbers)]
        choices = {self.number_of(contact) for contact in callable_ or found[:1]}
        if len(choices) > 1:
            names = " and ".join(map(str, callable_))
            return NoNumber(
                reason=f"{len(callable_)} contacts have that {shared}: {names}; write the number of one"
            )
        return choices.pop()

    def _order(self, number: ContactNumber) -> tuple[int, int]:
        # RFC 6350, 6.4.1: a TEL without a TYPE is a voice number.
        ranks = (self._rank.get(kind, len(self._rank)) for kind in number.types or ("voice",))
        return number.preference, min(ranks)


def _freeze(index: Mapping[str, list[Contact]]) -> dict[str, tuple[Contact, ...]]:
    return {key: tuple(found) for key, found in index.items() if key}
