"""The configuration file's tables and keys, as pydantic checks them; unknown keys are errors."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from scheduler.calendars.contact import DEFAULT_TYPE_ORDER
from scheduler.calendars.feed import MOST_EVENTS
from scheduler.calendars.language import Language
from scheduler.calendars.settings import Asks
from scheduler.calendars.wording import DEFAULT_CANCELLED_PREFIXES, DEFAULT_CATEGORIES, DEFAULT_PREFIXES
from scheduler.calls.barring import CALLABLE_TYPES
from scheduler.calls.calling_hours import Outside
from scheduler.calls.last_look import WhenUnreachable
from scheduler.config.feed import FeedTable
from scheduler.config.hours import Days, Holidays, Windows
from scheduler.config.log import LogTable
from scheduler.config.login_model import LoginTable
from scheduler.config.messages import AlertsTable, MailTable, PingTable
from scheduler.config.metrics import MetricsTable
from scheduler.config.outcomes import Shown
from scheduler.config.page import PageTable
from scheduler.config.retention import RetentionTable
from scheduler.config.values import (
    Address,
    Domain,
    Duration,
    Email,
    Grace,
    Interval,
    Number,
    Prefix,
    Region,
    Secret,
    Table,
    Upper,
    Url,
    Zone,
)
from scheduler.gateway.settings import Behaviour, FaultKind
from scheduler.phone import NumberType
from scheduler.sources.ics import MOST_BYTES
from scheduler.vca import Presentation

_SHORTEST_LOOK = timedelta(seconds=1)  # a server needs some time to answer
_LONGEST_LOOK = timedelta(minutes=1)


class CompanyTable(Table):
    region: Region = "BE"
    zone: Zone = "Europe/Brussels"
    owned: tuple[Number, ...]
    cli: Number | None = None
    trusted_domains: tuple[Domain, ...] = ()
    lead: Duration = timedelta()
    prefixes: tuple[str, ...] = DEFAULT_PREFIXES
    cancelled_prefixes: tuple[str, ...] = DEFAULT_CANCELLED_PREFIXES
    categories: tuple[str, ...] = DEFAULT_CATEGORIES
    number_types: tuple[str, ...] = DEFAULT_TYPE_ORDER
    zone_names: dict[str, Zone] = Field(default_factory=dict)


class ManagerTable(Table):
    name: str
    emails: tuple[Email, ...] = Field(min_length=1)
    origin: Number | None = None
    cli: Number | None = None
    hours: tuple[Windows, ...] = ()


class CalendarTable(LoginTable):
    name: str = Field(min_length=1)
    file: Path | None = None
    url: Url | None = None
    caldav: Url | None = None
    display_name: str = ""
    every: Interval = timedelta(seconds=60)
    most_bytes: int = Field(default=MOST_BYTES, ge=1)
    most_events: int = Field(default=MOST_EVENTS, ge=1)
    longest_fetch: Interval = timedelta(seconds=60)
    asks: Asks = Asks.MARKED
    origin: Number | None = None
    cli: Number | None = None
    presentation: Annotated[Presentation, Upper] = Presentation.ALLOWED
    lead: Duration | None = None
    zone: Zone | None = None
    when_unreachable: WhenUnreachable = WhenUnreachable.PLACE
    outcomes: Shown = Shown.OFF
    language: Language = Language.EN  # of what is written, where a title doesn't tell

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.file, self.url, self.caldav)) != 1:
            raise ValueError("name one source of the calendar: file, url (an ICS feed) or caldav")
        return self

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        if self.outcomes is Shown.EVENT and self.caldav is None:
            raise ValueError('outcomes: only a calendar with caldav can be written, others need "off"')
        return self


class ColumnsTable(Table):
    name: str | None = None
    email: str | None = None
    numbers: dict[str, str] = Field(default_factory=dict)  # column → type


class ContactsTable(LoginTable):
    name: str = ""
    file: Path | None = None
    carddav: Url | None = None
    display_name: str = ""
    every: Interval = timedelta(minutes=5)
    format: Literal["csv", "vcard"] | None = None
    columns: ColumnsTable | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.carddav is None):
            raise ValueError("name one source of the contacts: file or carddav")
        if self.carddav is not None and not self.name:
            raise ValueError("name: say what messages call this address book")
        return self

    @model_validator(mode="after")
    def _known_format(self) -> Self:
        if (
            self.file is not None
            and self.format is None
            and self.file.suffix.lower() not in (".csv", ".vcf", ".vcard")
        ):
            raise ValueError("format: say csv or vcard, since the file's name doesn't")
        return self


class ProviderTable(Table):
    url: Url = "https://api.enco.io/vca/1.0.0"
    token_url: Url = "https://api.enco.io/token"
    client_id: str
    client_secret: Secret
    scope: str = "openid"
    timeout: Interval = timedelta(seconds=20)
    connect_timeout: Interval = timedelta(seconds=5)
    ca_bundle: Path | None = None
    refused_on_503: bool = False
    cdr_every: Interval = timedelta(seconds=15)


class CallbackTable(Table):
    listen: Address = "127.0.0.1:8470"
    url: Url | None = None  # how the provider reaches it; None: http:// and the address

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.url is None and self.listen.rpartition(":")[0] in ("0.0.0.0", "[::]"):
            raise ValueError(f"url: say how the provider reaches this machine, since {self.listen} is no address")
        return self


class RetriesTable(Table):
    origin: int = Field(default=2, ge=0, le=20)
    destination: int = Field(default=0, ge=0, le=20)
    after: Duration = timedelta(minutes=1)


class CallingTable(Table):
    grace: Grace = timedelta(minutes=5)
    horizon: Duration = timedelta(days=14)
    longest_call: Duration = timedelta(hours=4)
    cdr_lag: Duration = timedelta(minutes=10)
    origin_hold: Duration = timedelta(minutes=15)
    voicemail: Duration = timedelta(seconds=8)
    retries: RetriesTable = RetriesTable()
    requests_per_second: int = Field(default=0, ge=0, le=10_000)
    calls_at_once: int = Field(default=0, ge=0)
    rings_a_day: int = Field(default=0, ge=0)
    workers: int = Field(default=32, ge=1, le=500)
    last_look: Duration = timedelta(seconds=3)  # before a call is due; 0: none

    @field_validator("last_look")
    @classmethod
    def _leaves_time(cls, before: timedelta) -> timedelta:
        if before and not _SHORTEST_LOOK <= before <= _LONGEST_LOOK:
            raise ValueError("write a time from 1 s to 1 min, or 0 s for no last look")
        return before


class HoursTable(Table):
    windows: tuple[Windows, ...] = ()
    days: tuple[Days, ...] = ()
    holidays: tuple[Holidays, ...] = ()
    zone: Literal["company", "destination"] = "company"
    zones: dict[Prefix, Zone] = Field(default_factory=dict)
    outside: Outside = Outside.MOVE
    stagger: Duration = timedelta(minutes=10)

    @model_validator(mode="after")
    def _zones_count(self) -> Self:
        if self.zones and self.zone != "destination":
            raise ValueError('zones: they count only with zone = "destination"')
        return self


class BarringTable(Table):
    countries: tuple[Region, ...] | None = None
    types: frozenset[NumberType] = CALLABLE_TYPES
    prefixes: tuple[Prefix, ...] = ()
    numbers: tuple[Number, ...] = ()
    do_not_call: Path | None = None


class ClockTable(Table):
    unsynchronised: Literal["warn", "wait"] = "warn"


class LedgerTable(Table):
    path: Path = Path("/var/lib/call-scheduler/ledger.db")


class GatewayClientTable(Table):
    id: str
    secret: Secret
    numbers: tuple[Number, ...] = Field(min_length=1)


class GatewayScriptTable(Table):
    number: Prefix
    does: Behaviour = Behaviour.ANSWER
    after: Duration = timedelta(seconds=1)
    talk: Duration = timedelta(seconds=5)


class GatewayFaultTable(Table):
    kind: FaultKind
    destination: Prefix = "+"
    first: int | None = Field(default=None, ge=1)
    delay: Duration = timedelta()
    status: int = Field(default=503, ge=500, le=599)


class GatewayTable(Table):
    listen: Address = "127.0.0.1:8471"
    database: Path = Path("/var/lib/call-scheduler-gateway/gateway.db")
    line: Literal["simulated"] = "simulated"
    region: Region = "BE"
    token_lifetime: Interval = timedelta(hours=1)
    ring_time: Duration = timedelta(seconds=30)
    longest_call: Duration = timedelta(hours=2)
    client: tuple[GatewayClientTable, ...] = Field(min_length=1)
    script: tuple[GatewayScriptTable, ...] = ()
    fault: tuple[GatewayFaultTable, ...] = ()


class DaemonFile(Table):
    """The whole file, as the daemon reads it; one file may also hold the gateway's part."""

    company: CompanyTable
    manager: tuple[ManagerTable, ...] = ()
    calendar: tuple[CalendarTable, ...] = ()
    contacts: tuple[ContactsTable, ...] = ()
    provider: ProviderTable
    callback: CallbackTable | None = None
    page: PageTable = PageTable()
    calling: CallingTable = CallingTable()
    hours: HoursTable = HoursTable()
    barring: BarringTable = BarringTable()
    clock: ClockTable = ClockTable()
    ledger: LedgerTable = LedgerTable()
    retention: RetentionTable = RetentionTable()
    log: LogTable = LogTable()
    metrics: MetricsTable | None = None
    mail: MailTable | None = None
    alerts: AlertsTable = AlertsTable()
    ping: PingTable | None = None
    feed: FeedTable | None = None
    gateway: GatewayTable | None = None


class GatewayFile(Table):
    """The whole file, as the gateway reads it: what else stands in it is the daemon's to check."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    gateway: GatewayTable
    log: LogTable = LogTable()
