"""What the configuration says about whose appointments are called, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from scheduler.calendars.wording import DEFAULT_CANCELLED_PREFIXES, DEFAULT_CATEGORIES, DEFAULT_PREFIXES
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation


class Asks(StrEnum):
    """Which events of a calendar ask for a call."""

    MARKED = "marked"  # those that say so: a category, a title prefix, a number as LOCATION or URL
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """An account manager: the addresses that calendars know them by, and the phone that rings first."""

    name: str
    emails: tuple[str, ...]
    origin: PhoneNumber | None = None
    cli: PhoneNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRules:
    """How the events of one calendar (a collection) become calls; ``None`` leaves it to the company."""

    collection: str
    asks: Asks = Asks.MARKED
    categories: tuple[str, ...] = DEFAULT_CATEGORIES
    origin: PhoneNumber | None = None
    cli: PhoneNumber | None = None
    presentation: Presentation = Presentation.ALLOWED
    lead: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What holds for every calendar."""

    region: str  # ISO 3166, of national numbers
    cli: PhoneNumber | None = None
    managers: tuple[Manager, ...] = ()
    trusted_domains: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = DEFAULT_PREFIXES
    cancelled_prefixes: tuple[str, ...] = DEFAULT_CANCELLED_PREFIXES
    lead: timedelta = timedelta()

    def manager_of(self, email: str) -> Manager | None:
        """The manager with this address."""
        wanted = email.lower()
        for manager in self.managers:
            if wanted and wanted in (own.lower() for own in manager.emails):
                return manager
        return None

    def knows(self, email: str) -> bool:
        """Whether who has this address may ask for calls: a manager, or somebody in a trusted domain."""
        return self.manager_of(email) is not None or self.trusts(email)

    def manager_at(self, origin: PhoneNumber | None) -> Manager | None:
        """The manager whose phone this is."""
        return next((m for m in self.managers if origin is not None and m.origin == origin), None)

    def trusts(self, email: str) -> bool:
        """Whether the address is in a trusted domain or a subdomain of one: ``evilexample.com`` isn't."""
        user, _, domain = email.lower().partition("@")
        if not user or "@" in domain:
            return False
        trusted = (entry.lower().strip(" .@") for entry in self.trusted_domains)
        return any(entry and f".{domain}".endswith(f".{entry}") for entry in trusted)
