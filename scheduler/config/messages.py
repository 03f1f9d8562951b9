"""``[mail]``, ``[alerts]`` and ``[ping]``: who is told by itself, of what, and how."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from scheduler.calls.alert import AlertKind
from scheduler.config.problems import Key, Problems
from scheduler.config.secrets import Secrets
from scheduler.config.values import Duration, Email, Interval, Secret, Table
from scheduler.duties.alert import AlertSettings, recipients_of
from scheduler.duties.people import Tell
from scheduler.duties.ping import PingSettings
from scheduler.mail import MailSettings, Security

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PAUSE = timedelta(minutes=5)
_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


def _read_mailbox(text: str) -> str:
    if not re.fullmatch(r"[^\x00-\x1f\x7f<>]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+", text):
        raise ValueError("write an address, as in 'Calls <calls@example.com>'")
    return text


class MailTable(Table):
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Security = Security.STARTTLS
    sender: Annotated[str, AfterValidator(_read_mailbox)]
    username: str | None = None
    password: Secret | None = None
    ca_bundle: Path | None = None
    pause: Duration = _PAUSE
    people: Tell = Tell.OFF
    digest_at: time = time(7, 30)

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.security is Security.NONE and self.host not in _LOOPBACK:
            raise ValueError(
                "security: only a server on this machine gets mail without TLS; write starttls or tls"
            )
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password: give both, or neither")
        return self


class AlertsTable(Table):
    mail: tuple[Email, ...] = ()
    webhook: Secret | None = None
    tell: frozenset[AlertKind] = frozenset(AlertKind)
    stale_after: Interval = timedelta(hours=1)


class PingTable(Table):
    url: Secret
    every: Interval = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesConfig:
    """Everything that is told by itself; a URL that is ``""`` isn't there, or can't be read by this user."""

    mail: MailSettings | None
    pause: timedelta  # between two messages to one recipient
    people: Tell  # when those with an appointment are told
    digest_at: time
    alerts: AlertSettings
    webhook: str
    ping: PingSettings | None


def build_messages(
    mail: MailTable | None,
    alerts: AlertsTable,
    ping: PingTable | None,
    collections: Collection[str],
    folder: Path,
    secrets: Secrets,
    problems: Problems,
) -> MessagesConfig:
    """:param collections: the names of the calendars and address books."""
    if alerts.mail and mail is None:
        problems.add(("alerts", "mail"), "add [mail]: it says by which server mail goes")
    webhook = _url(alerts.webhook, ("alerts", "webhook"), secrets, problems)
    return MessagesConfig(
        mail=_mail(mail, folder, secrets) if mail else None,
        pause=mail.pause if mail else _PAUSE,
        people=mail.people if mail else Tell.OFF,
        digest_at=mail.digest_at if mail else time(),
        alerts=AlertSettings(
            recipients=tuple(recipients_of(alerts.mail, webhook=alerts.webhook is not None)),
            tell=alerts.tell,
            stale_after=alerts.stale_after,
            collections=frozenset(collections),
        ),
        webhook=webhook,
        ping=_ping(ping, secrets, problems) if ping else None,
    )


def _mail(table: MailTable, folder: Path, secrets: Secrets) -> MailSettings:
    return MailSettings(
        host=table.host,
        port=table.port or _PORTS[table.security],
        security=table.security,
        sender=table.sender,
        username=table.username or "",
        password=secrets.reveal(table.password, ("mail", "password")),
        ca_bundle=folder / table.ca_bundle if table.ca_bundle else None,
    )


def _ping(table: PingTable, secrets: Secrets, problems: Problems) -> PingSettings | None:
    url = _url(table.url, ("ping", "url"), secrets, problems)
    return PingSettings(url=url, every=table.every) if url else None


def _url(secret: Secret | None, key: Key, secrets: Secrets, problems: Problems) -> str:
    """The URL that is the secret."""
    url = secrets.reveal(secret, key).strip()
    if url and not url.startswith(("https://", "http://")):
        problems.add(key, "the secret has to be a URL that begins with https:// or http://")
        return ""
    return url
