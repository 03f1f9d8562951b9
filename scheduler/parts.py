"""The parts of the product, built from the configuration: the daemon runs them all, a command those it needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import version

from scheduler.callout.client import CalloutClient
from scheduler.calls.barring import Barring
from scheduler.calls.do_not_call import DoNotCall
from scheduler.clock import Clock, SystemClock
from scheduler.config import BookConfig, CalendarConfig, Config, ProviderConfig
from scheduler.config.metrics import collection_labels
from scheduler.database import Database
from scheduler.duties.address_book import FetchedBook, StoredBook
from scheduler.duties.contacts import ContactSource
from scheduler.duties.do_not_call import DoNotCallDuty
from scheduler.duties.last_look import LookedCalendar
from scheduler.duties.replan import PlanRules
from scheduler.duties.synced import SyncedCalendar
from scheduler.errors import SourceForbidden
from scheduler.http import Http, HttpSettings
from scheduler.ledger.provenance import Provenance
from scheduler.login import Login, Tokens
from scheduler.oauth import TokenSource
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from scheduler.sources.carddav_server import CarddavSource
from scheduler.sources.ics import IcsSettings, IcsSource
from scheduler.sources.source import Fetched, LookSource, Source, SourceState
from scheduler.web.office import Facts


class ProviderLink:
    """The client of the Voice Call-out API with its connections and tokens."""

    def __init__(
        self, config: ProviderConfig, clock: Clock, told: Callable[[str], object] = lambda _result: None
    ) -> None:
        """:param told: as :class:`TokenSource` has it."""
        self._http = Http(config.http)
        self.tokens = TokenSource(config.tokens, self._http, clock, told)
        self.client = CalloutClient(config.callout, self._http, self.tokens)

    def close(self) -> None:
        self._http.close()


def calendars_http() -> Http:
    """The connections for feeds, address books and the tokens of their logins, apart from the provider's."""
    return Http(HttpSettings())


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSource:
    """One whose secrets this user can't read: a login without them would count as a wrong one."""

    name: str
    server: str = ""
    fresh_for: timedelta = timedelta()

    def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:  # noqa: ARG002
        raise self._refusal()

    def look(
        self,
        state: SourceState | None,  # noqa: ARG002
        known: Mapping[str, str],  # noqa: ARG002
        hrefs: Collection[str],  # noqa: ARG002
        seconds: float,  # noqa: ARG002
    ) -> Fetched:
        raise self._refusal()

    def _refusal(self) -> SourceForbidden:
        return SourceForbidden(
            self.name,
            "the secrets of its login can't be read by this user",
            remedy="run this as root or as the service's user",
        )


def build_source(calendar: CalendarConfig, http: Http) -> LookSource:
    if calendar.locked:
        return LockedSource(name=calendar.name)
    tokens = tokens_for(calendar.source.login, http)
    if isinstance(calendar.source, CaldavSettings):
        return CaldavSource(calendar.source, tokens)
    return IcsSource(calendar.source, http, tokens)


def tokens_for(login: Login, http: Http) -> Tokens | None:
    return TokenSource(login.oauth, http, SystemClock()) if login.oauth else None


def kept_calendars(
    calendars: Iterable[CalendarConfig], http: Http
) -> tuple[tuple[SyncedCalendar, ...], tuple[LookedCalendar, ...]]:
    """The calendars as they are synced and as they are looked at, each with one source: it has one login."""
    built = [(one, build_source(one, http)) for one in calendars]
    synced = (
        SyncedCalendar(
            source=source, every=one.every, settings=one.digest, is_feed=isinstance(one.source, IcsSettings)
        )
        for one, source in built
    )
    looked = (
        LookedCalendar(source=source, settings=one.digest, when_unreachable=one.when_unreachable)
        for one, source in built
    )
    return tuple(synced), tuple(looked)


def synced_calendars(calendars: Iterable[CalendarConfig], http: Http) -> tuple[SyncedCalendar, ...]:
    return kept_calendars(calendars, http)[0]


def synced_books(books: Iterable[BookConfig], http: Http) -> tuple[SyncedCalendar, ...]:
    return tuple(
        SyncedCalendar(source=_book_source(one, http), every=one.every, settings=one.digest) for one in books
    )


def _book_source(book: BookConfig, http: Http) -> Source:
    if book.locked:
        return LockedSource(name=book.source.name)
    return CarddavSource(book.source, http, tokens_for(book.source.login, http))


def contact_sources(config: Config, http: Http, ledger: Database | None) -> tuple[ContactSource, ...]:
    """Files, and address books as the ledger keeps them; without a ledger they are fetched."""
    books: list[ContactSource] = []
    for book, synced in zip(config.books, synced_books(config.books, http), strict=True):
        if ledger is None:
            books.append(FetchedBook(synced, name=book.name, region=config.company.region))
        else:
            books.append(StoredBook(synced, name=book.name, region=config.company.region, ledger=ledger))
    return (*config.contacts, *books)


def provenance(config: Config) -> Provenance:
    """What a plan of this configuration is made with."""
    parser = ("call-scheduler", "icalendar", "phonenumberslite", "holidays")
    rules = repr((plan_rules(config), config.number_types))
    return Provenance(
        tzdata=version("tzdata"),
        parser=", ".join(f"{name} {version(name)}" for name in parser),
        configuration=hashlib.sha256(rules.encode()).hexdigest(),
    )


def plan_rules(config: Config) -> PlanRules:
    return PlanRules(calendars=config.rules, company=config.company, zones=config.zones, policy=config.policy)


def page_facts(config: Config) -> Facts:
    return Facts(
        zone=config.company_zone,
        region=config.company.region,
        managers=config.company.managers,
        calendars=tuple(calendar.name for calendar in config.calendars),
        feed=config.feed,
    )


def collection_labels_of(config: Config) -> dict[str, str]:
    """By the name of each calendar and address book, what metrics call it."""
    names = (*(one.name for one in config.calendars), *(one.source.name for one in config.books))
    return collection_labels(names, [manager.name for manager in config.company.managers])


def with_do_not_call(config: Config, listed: DoNotCall) -> Config:
    """The configuration whose barring knows the do-not-call list."""
    return replace(config, barring=replace(config.barring, do_not_call=listed.numbers))


def barring_of(config: Config) -> Barring:
    """Whom nobody calls, with the do-not-call list as it is now.

    :raises ConfigError: that list can't be read.
    """
    return with_do_not_call(config, DoNotCallDuty(config.do_not_call).list).barring
