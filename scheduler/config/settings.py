"""The configuration as the floors above the ledger take it: each floor's own settings, built once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.calendars.agenda import Zones
from scheduler.calendars.language import Language
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.callout.client import CalloutSettings
from scheduler.calls.barring import Barring
from scheduler.calls.last_look import WhenUnreachable
from scheduler.calls.policy import Policy
from scheduler.config.messages import MessagesConfig
from scheduler.config.outcomes import Shown
from scheduler.duties.contacts import ContactsFile
from scheduler.duties.do_not_call import DoNotCallFile
from scheduler.duties.prune import Retention
from scheduler.http import HttpSettings
from scheduler.login import Login
from scheduler.logs import LogSettings
from scheduler.oauth import TokenSettings
from scheduler.sources.caldav_server import CaldavSettings
from scheduler.sources.carddav_server import CarddavSettings
from scheduler.sources.ics import IcsSettings
from scheduler.web.feed import FeedSettings
from scheduler.web.metrics_settings import MetricsSettings
from scheduler.web.settings import PageSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarConfig:
    """One calendar: where it is fetched, how often, and how its events become calls."""

    source: IcsSettings | CaldavSettings
    every: timedelta
    digest: str  # of what it is fetched with
    locked: bool  # its login has a secret that this user can't read
    rules: CalendarRules
    when_unreachable: WhenUnreachable
    outcomes: Shown
    language: Language  # of what is written into its events, where a title doesn't tell

    @property
    def name(self) -> str:
        return self.rules.collection


@dataclass(frozen=True, slots=True, kw_only=True)
class BookConfig:
    """One address book: where it is fetched, and how often."""

    name: str
    source: CarddavSettings
    every: timedelta
    digest: str  # of what it is fetched with
    locked: bool  # its login has a secret that this user can't read


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """How the provider is spoken to."""

    callout: CalloutSettings
    tokens: TokenSettings
    http: HttpSettings
    cdr_every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackConfig:
    """Where CDR callbacks are taken, and the URL by which the provider reaches that."""

    host: str
    port: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The daemon's whole configuration."""

    path: Path
    ledger: Path
    retention: Retention
    log: LogSettings
    company: Company
    company_zone: ZoneInfo
    zones: Mapping[str, Zones]  # by collection
    policy: Policy
    barring: Barring  # without the do-not-call list, which is read beside it
    do_not_call: DoNotCallFile | None
    calendars: tuple[CalendarConfig, ...]
    contacts: tuple[ContactsFile, ...]
    books: tuple[BookConfig, ...]
    number_types: tuple[str, ...]
    provider: ProviderConfig
    callback: CallbackConfig | None
    page: PageSettings | None  # None: it isn't served
    metrics: MetricsSettings | None  # None: they aren't served
    workers: int
    last_look: timedelta  # how long before it is due a call's event is fetched again; 0: it isn't
    messages: MessagesConfig
    feed: FeedSettings | None  # of calls, for subscribers
    wait_for_sync: bool  # place nothing until the clock has been synchronised once

    @property
    def rules(self) -> tuple[CalendarRules, ...]:
        return tuple(calendar.rules for calendar in self.calendars)

    @property
    def collections(self) -> tuple[str, ...]:
        """Calendars and address books, as the ledger calls them."""
        return (*(one.name for one in self.calendars), *(one.source.name for one in self.books))

    @property
    def logins(self) -> dict[str, Login]:
        """By collection."""
        sources = (*(one.source for one in self.calendars), *(one.source for one in self.books))
        return {source.name: source.login for source in sources}
