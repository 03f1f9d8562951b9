"""``[page]``: where the page is served and to whom; an address beyond this machine demands that people log in."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator

from scheduler.config.problems import Problems
from scheduler.config.values import Address, Interval, Table, Url
from scheduler.web.passwords import PasswordHash
from scheduler.web.settings import EVERY_ADDRESS, PageSettings, PageUser, Role, TrustedProxy, is_loopback


def _read_hash(value: object) -> PasswordHash:
    if not isinstance(value, str):
        raise ValueError("write what `call-scheduler page hash` prints, as text")
    return PasswordHash.read(value)


def _read_network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError:
        raise ValueError("write an address or a network, as in '127.0.0.1' or '10.0.0.0/24'") from None


def _read_header(name: str) -> str:
    if not re.fullmatch("[A-Za-z0-9-]+", name):
        raise ValueError("write the name of an HTTP header, as in 'X-Remote-User'")
    return name


def _read_base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("write a URL without a path, as in 'https://calls.example.com'")
    return url.rstrip("/")


class PageUserTable(Table):
    name: str = Field(min_length=1)
    password: Annotated[Any, PlainValidator(_read_hash)]
    role: Role = Role.VIEWER


class PageProxyTable(Table):
    addresses: tuple[Annotated[Any, PlainValidator(_read_network)], ...] = Field(min_length=1)
    header: Annotated[str, AfterValidator(_read_header)] = "X-Remote-User"
    operators: tuple[str, ...] = ()


class PageTable(Table):
    enabled: bool = True
    listen: Address = "127.0.0.1:8472"
    url: Annotated[Url, AfterValidator(_read_base)] | None = None
    session: Interval = timedelta(hours=12)
    user: tuple[PageUserTable, ...] = ()
    proxy: PageProxyTable | None = None


def build_page(table: PageTable, problems: Problems) -> PageSettings | None:
    """None: it isn't served."""
    host, _, port = table.listen.rpartition(":")
    settings = PageSettings(
        host=host.strip("[]"),
        port=int(port),
        url=table.url or "",
        users=tuple(PageUser(name=one.name, password=one.password, role=one.role) for one in table.user),
        proxy=_proxy(table.proxy) if table.proxy else None,
        session=table.session,
    )
    _check(settings, problems)
    return settings if table.enabled else None


def _proxy(table: PageProxyTable) -> TrustedProxy:
    return TrustedProxy(addresses=table.addresses, header=table.header, operators=frozenset(table.operators))


def _check(settings: PageSettings, problems: Problems) -> None:
    problems.add_repeated((("page", "user", index, "name"), one.name) for index, one in enumerate(settings.users))
    if settings.users and settings.proxy:
        problems.add(("page", "proxy"), "either the proxy says who asks or [[page.user]] does: leave one of them")
    if settings.is_open and not is_loopback(settings.host):
        problems.add(
            ("page", "listen"),
            f"anybody who reaches {settings.host} could read and steer the calls: add a [[page.user]] "
            "(`call-scheduler page hash` makes the password's hash) or a [page.proxy], or listen on 127.0.0.1",
        )
    if settings.is_open and settings.url:
        problems.add(
            ("page", "url"),
            "who comes by another address isn't at this machine: add a [[page.user]] or a [page.proxy] for them",
        )
    if settings.host in EVERY_ADDRESS and not settings.url:
        problems.add(("page", "url"), f"say how people reach this machine, since {settings.host} is no address")
