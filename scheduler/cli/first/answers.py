"""What a first configuration is made of, as somebody answered it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

CALENDAR_NAME = "appointments"
CONTACTS_NAME = "customers"
# Where the gateway serves by default, and whom of its clients the daemon is.
GATEWAY = "http://127.0.0.1:8471"
GATEWAY_CLIENT = "company"


class Kind(StrEnum):
    """How a calendar or contacts are reached; the values are the options of the configuration."""

    CALDAV = "caldav"
    FEED = "url"
    CARDDAV = "carddav"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAnswer:
    """A calendar or contacts; without a username it is asked as a stranger."""

    kind: Kind
    address: str
    display_name: str = ""
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer:
    """A Voice Call-out API; ``ours`` is the gateway of this machine, which the same file then configures."""

    url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All of them; what is None isn't known yet, or isn't wanted."""

    region: str
    zone: str
    cli: str
    origin: str
    manager: str = ""
    email: str = ""
    calendar: SourceAnswer | None = None
    contacts: SourceAnswer | None = None
    provider: ProviderAnswer | None = None
