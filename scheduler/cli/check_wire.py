"""The part of ``check`` that looks at what travels unencrypted: one rule for calendars and address books."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from scheduler.cli.finding import Finding
from scheduler.config import Config
from scheduler.ledger.collections import title_of
from scheduler.login import STRANGER, Login


def look_at_wires(config: Config) -> Iterator[Finding]:
    """A login that anybody on the way can read is a problem; without one it is only told."""
    sources = (*(one.source for one in config.calendars), *(one.source for one in config.books))
    for source in sources:
        if is_open(source.url):
            yield _told(title_of(source.name), source.login)


def is_open(url: str) -> bool:
    """Whether it is asked over plain http, on another machine than this one."""
    parts = urlsplit(url)
    return parts.scheme.lower() == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _told(subject: str, login: Login) -> Finding:
    if login == STRANGER:
        text = "is asked over plain http: whoever is on the way can read and change what it says; use https"
        return Finding(subject=subject, fine=True, warns=True, text=text)
    text = "its login goes over plain http, where whoever is on the way can read it: use https"
    return Finding(subject=subject, fine=False, text=text)
