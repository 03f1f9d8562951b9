"""How the page is served, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from scheduler.web.passwords import PasswordHash

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})


class Role(StrEnum):
    """What somebody may do on the page."""

    VIEWER = "viewer"  # look
    OPERATOR = "operator"  # look, and press its buttons


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUser:
    """Somebody who logs in by name and password."""

    name: str
    password: PasswordHash
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedProxy:
    """A proxy that has logged people in, and says in a header who asks."""

    addresses: tuple[IPv4Network | IPv6Network, ...]
    header: str
    operators: frozenset[str]  # everybody else whom it names only looks

    def is_at(self, address: str) -> bool:
        try:
            asker = ip_address(address)
        except ValueError:
            return False
        return any(asker in network for network in self.addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """Without users and proxy everybody at this machine may look and steer; then it listens on loopback alone."""

    host: str = "127.0.0.1"
    port: int = 8472
    url: str = ""  # how people reach it, where that isn't the address
    users: tuple[PageUser, ...] = ()
    proxy: TrustedProxy | None = None
    session: timedelta = timedelta(hours=12)

    @property
    def address(self) -> str:
        """How people reach it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.url or f"http://{host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether nobody has to say who they are."""
        return not self.users and self.proxy is None

    @property
    def behind_tls(self) -> bool:
        return self.url.startswith("https://")

    @property
    def names(self) -> frozenset[str]:
        """The hosts that a browser may ask for here: another one was pointed to this address by its owner."""
        own = {self.host} - EVERY_ADDRESS
        return LOOPBACK_NAMES | own | {urlsplit(self.url).hostname or self.host}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
