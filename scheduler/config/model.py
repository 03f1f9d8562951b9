"""The configuration file's tables and keys, as pydantic checks them; unknown keys are errors."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    model_validator,
)

from scheduler.calendars.contact import DEFAULT_TYPE_ORDER
from scheduler.calendars.settings import Asks
from scheduler.calendars.wording import DEFAULT_CANCELLED_PREFIXES, DEFAULT_CATEGORIES, DEFAULT_PREFIXES
from scheduler.calls.barring import CALLABLE_TYPES
from scheduler.duration import parse_duration
from scheduler.errors import NumberError
from scheduler.gateway.settings import Behaviour, FaultKind
from scheduler.phone import NumberType, PhoneNumber, read_number
from scheduler.vca import Presentation


def _read_duration(value: object) -> object:
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError("write a duration as text with its unit, as in '90 s' or '5 min'")


def _read_zone(name: str) -> str:
    by_lower = {known.lower(): known for known in available_timezones()}
    try:
        return by_lower[name.lower()]
    except KeyError:
        raise ValueError(f"{name!r} is no time zone: write an IANA name, as in 'Europe/Brussels'") from None


def _read_upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _read_address(address: str) -> str:
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError("write an address and a port, as in '127.0.0.1:8470'")
    return address


def _read_url(url: str) -> str:
    if not url.lower().startswith(("http://", "https://", "webcal://", "webcals://")):
        raise ValueError("write a URL that begins with https:// or http://")
    if "@" in urlsplit(url).netloc:
        raise ValueError("a URL holds no user name and password here: write username and password for them")
    return url


def _read_region(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not re.fullmatch("[A-Za-z]{2}", value):
        raise ValueError("write a country as its two letters, as in 'BE'")
    return value.upper()


def _read_prefix(text: str) -> str:
    if not re.fullmatch(r"\+[0-9]*", text):
        raise ValueError("write how the numbers begin, with plus and country code, as in '+3270'")
    return text


def _read_number(value: object, info: ValidationInfo) -> PhoneNumber:
    """National formats belong to the region that the caller found in the file."""
    if not isinstance(value, str):
        raise ValueError("write a phone number as text, as in '+3228160257'")
    assert info.context is not None
    try:
        return read_number(value, info.context["region"])
    except NumberError as error:
        raise ValueError(f"{value!r} is {_article(error.reason)}") from None


def _article(reason: str) -> str:
    return reason if reason.startswith(("not", "an ", "a ")) else f"not a number to call: {reason}"


Duration = Annotated[timedelta, BeforeValidator(_read_duration)]
Zone = Annotated[str, AfterValidator(_read_zone)]
Address = Annotated[str, AfterValidator(_read_address)]
Url = Annotated[str, AfterValidator(_read_url)]
Number = Annotated[PhoneNumber, PlainValidator(_read_number)]
Region = Annotated[str, BeforeValidator(_read_region)]
Prefix = Annotated[str, AfterValidator(_read_prefix)]  # "+" alone is every number
Interval = Annotated[Duration, Field(ge=timedelta(milliseconds=100))]  # less would be a loop without a pause
Upper = BeforeValidator(_read_upper)


class Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Secret(Table):
    """Where a secret stands: never in the file itself."""

    file: Path | None = None
    env: str | None = None
    credential: str | None = None  # of systemd's LoadCredential=

    @model_validator(mode="before")
    @classmethod
    def _refuse_plain(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            raise ValueError(
                'a secret doesn\'t stand in this file: write { file = "…" }, { env = "…" } or { credential = "…" }'
            )
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("name one place of the secret: file, env or credential")
        return self

    def reveal(self, folder: Path) -> str:
        """The secret itself, without the line's end that editors add; relative files stand in ``folder``.

        :raises ValueError: it can't be read; the message names the place, never the secret.
        """
        if self.env is not None:
            return self._from_environment(self.env)
        path = folder / (self.file or self._credential())
        try:
            secret = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not text"
            raise ValueError(f"the secret's file {path}: {reason}") from None
        if not secret:
            raise ValueError(f"the secret's file {path} is empty")
        return secret

    def _from_environment(self, name: str) -> str:
        if not os.environ.get(name):
            raise ValueError(f"the environment has no variable {name}, or an empty one")
        return os.environ[name]

    def _credential(self) -> Path:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if folder is None or self.credential is None:
            raise ValueError("there are no systemd credentials here: run as the service, or use file or env")
        return Path(folder) / self.credential


class CompanyTable(Table):
    region: Region = "BE"
    zone: Zone = "Europe/Brussels"
    owned: tuple[Number, ...]
    cli: Number | None = None
    trusted_domains: tuple[str, ...] = ()
    lead: Duration = timedelta()
    prefixes: tuple[str, ...] = DEFAULT_PREFIXES
    cancelled_prefixes: tuple[str, ...] = DEFAULT_CANCELLED_PREFIXES
    categories: tuple[str, ...] = DEFAULT_CATEGORIES
    number_types: tuple[str, ...] = DEFAULT_TYPE_ORDER
    zone_names: dict[str, Zone] = {}


class ManagerTable(Table):
    name: str
    emails: tuple[str, ...] = Field(min_length=1)
    origin: Number | None = None
    cli: Number | None = None


class CalendarTable(Table):
    name: str = Field(min_length=1)
    file: Path | None = None
    url: Url | None = None
    caldav: Url | None = None
    display_name: str = ""
    username: str = ""
    password: Secret | None = None
    ca_bundle: Path | None = None
    every: Interval = timedelta(seconds=60)
    asks: Asks = Asks.MARKED
    origin: Number | None = None
    cli: Number | None = None
    presentation: Annotated[Presentation, Upper] = Presentation.ALLOWED
    lead: Duration | None = None
    zone: Zone | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.file, self.url, self.caldav)) != 1:
            raise ValueError("name one source of the calendar: file, url (an ICS feed) or caldav")
        return self


class ColumnsTable(Table):
    name: str | None = None
    email: str | None = None
    numbers: dict[str, str] = {}  # column → type


class ContactsTable(Table):
    name: str = ""
    file: Path
    format: Literal["csv", "vcard"] | None = None
    columns: ColumnsTable | None = None

    @model_validator(mode="after")
    def _known_format(self) -> Self:
        if self.format is None and self.file.suffix.lower() not in (".csv", ".vcf", ".vcard"):
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


class CallingTable(Table):
    grace: Duration = timedelta(minutes=5)
    horizon: Duration = timedelta(days=14)
    longest_call: Duration = timedelta(hours=4)
    cdr_lag: Duration = timedelta(minutes=10)
    origin_hold: Duration = timedelta(minutes=15)
    workers: int = Field(default=32, ge=1, le=500)


class BarringTable(Table):
    countries: tuple[Region, ...] | None = None
    types: frozenset[NumberType] = CALLABLE_TYPES
    prefixes: tuple[Prefix, ...] = ()
    numbers: tuple[Number, ...] = ()


class LedgerTable(Table):
    path: Path = Path("/var/lib/call-scheduler/ledger.db")


class LogTable(Table):
    level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Upper] = "INFO"


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
    calling: CallingTable = CallingTable()
    barring: BarringTable = BarringTable()
    ledger: LedgerTable = LedgerTable()
    log: LogTable = LogTable()
    gateway: GatewayTable | None = None


class GatewayFile(Table):
    """The whole file, as the gateway reads it: what else stands in it is the daemon's to check."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    gateway: GatewayTable
    log: LogTable = LogTable()
