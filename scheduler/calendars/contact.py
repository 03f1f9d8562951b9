"""Contacts: whom a name or an e-mail address in an event means, and which of their numbers is called."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.phone import PhoneNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactNumber:
    """One telephone number of a contact."""

    number: PhoneNumber
    types: frozenset[str] = frozenset()  # lower case: cell, work, home, voice, fax, …
    preference: int = 101  # vCard PREF: 1 is the most preferred, 100 the least; 101 is none given


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or company of a CSV row or vCard."""

    name: str
    emails: tuple[str, ...] = ()  # lower case
    numbers: tuple[ContactNumber, ...] = ()
    source: str = ""  # "customers.csv, line 12": where it stands, for people
