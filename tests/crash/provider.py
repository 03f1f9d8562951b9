"""A gateway as a process of its own: many accounts, and faults that are chosen by the number that is called."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.processes import Running, gateway
from tests.servers import free_port

SECRET = "not-a-real-secret"
_NUMBERS = "+442079460"  # for drama: these belong to nobody

Pair = tuple[str, str]  # origin, destination


class Happening(StrEnum):
    """What becomes of a call; the value is the beginning of the numbers to which it happens."""

    ALL_WELL = _NUMBERS + "90"
    SLOW_ANSWER = _NUMBERS + "91"  # its callback and its record come before the answer
    LOST_ANSWER = _NUMBERS + "92"
    SERVER_ERROR = _NUMBERS + "93"
    SERVER_ERROR_AFTER_ACCEPT = _NUMBERS + "94"
    TWO_CALLBACKS = _NUMBERS + "95"
    NO_CALLBACK = _NUMBERS + "96"
    LATE_RECORD = _NUMBERS + "97"
    NO_ANSWER_YET = _NUMBERS + "98"  # accepted, and the answer is half a minute away
    REFUSED_ONCE = _NUMBERS + "80"  # 429, the first time
    TOKEN_EXPIRED_ONCE = _NUMBERS + "81"  # 401, the first time
    MANAGER_AWAY = _NUMBERS + "82"  # the first leg is never answered, and tried again

    def destination(self, number: int) -> str:
        """One of the ten numbers; what happens once happens once to each of them, whoever calls."""
        return f"{self.value}{number % 10}"


_ALWAYS = {
    Happening.SLOW_ANSWER: ("slow", "1 s"),
    Happening.LOST_ANSWER: ("lose_answer", "200 ms"),
    Happening.SERVER_ERROR: ("server_error", "0 s"),
    Happening.SERVER_ERROR_AFTER_ACCEPT: ("server_error_after_accept", "0 s"),
    Happening.TWO_CALLBACKS: ("duplicate_callback", "0 s"),
    Happening.NO_CALLBACK: ("no_callback", "0 s"),
    Happening.LATE_RECORD: ("cdr_lag", "1 s"),
    Happening.NO_ANSWER_YET: ("slow", "30 s"),
}
_ONCE = {Happening.REFUSED_ONCE: ("too_many", "1 s"), Happening.TOKEN_EXPIRED_ONCE: ("expired_token", "0 s")}

_GATEWAY = """
[log]
level = "WARNING"

[gateway]
listen = "127.0.0.1:{port}"
database = "gateway.db"

[[gateway.script]]
number = "+"
after = "20 ms"
talk = "50 ms"
"""


_AWAY = """
[[gateway.script]]
number = "{origin}"
does = "no_answer"
after = "20 ms"
"""


@dataclass(frozen=True, kw_only=True)
class Account:
    number: int
    origins: tuple[str, ...]
    away: tuple[str, ...]  # origins that never answer

    @property
    def client_id(self) -> str:
        return f"client-{self.number}"


class Server:
    """The gateway's process, one after the other on the same port and database."""

    def __init__(self, config: Path, processes: ExitStack) -> None:
        self._config = config
        self._processes = processes
        self.start()

    def start(self) -> None:
        self._running: Running = self._processes.enter_context(gateway(self._config))

    def kill(self) -> None:
        """SIGKILL: calls that go on are over, and its clients' requests have no answer."""
        self._running.kill()


@dataclass(frozen=True, kw_only=True)
class Ring:
    """A call that the gateway accepted, in the words of its own records."""

    pair: Pair
    requested_at: datetime
    ended_at: datetime | None
    release: str | None


@dataclass(frozen=True, kw_only=True)
class Provider:
    """The running gateway; what it accepted is read from it, and never from a daemon's ledger."""

    folder: Path
    url: str
    accounts: tuple[Account, ...]
    server: Server

    def accepted(self, account: Account) -> Counter[Pair]:
        """How often the phones of each pair of numbers were made to ring."""
        return Counter(ring.pair for ring in self.rings(account))

    def rings(self, account: Account) -> list[Ring]:
        """In the order in which they were accepted, from the gateway's database."""
        with closing(sqlite3.connect(f"{(self.folder / 'gateway.db').as_uri()}?mode=ro", uri=True)) as database:
            query = """SELECT origin, destination, requested_at, ended_at, release_info FROM call
                       WHERE client_id = ? ORDER BY requested_at"""
            return [_ring(*row) for row in database.execute(query, (account.client_id,))]

    def recorded(self, account: Account) -> Counter[Pair]:
        """The same from ``GET /cdr``, as its clients see it: calls that are over."""
        items = self._ask("/vca/1.0.0/cdr?limit=1000", f"Bearer {self._token(account)}")["items"]
        return Counter((f"+{one['origin']}", f"+{one['destination']}") for one in items)

    def _token(self, account: Account) -> str:
        login = base64.b64encode(f"{account.client_id}:{SECRET}".encode()).decode()
        answer = self._ask("/token", f"Basic {login}", b"grant_type=client_credentials&scope=openid")
        return str(answer["access_token"])

    def _ask(self, path: str, authorization: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Authorization": authorization, "Content-Type": "application/x-www-form-urlencoded"}
        with urlopen(Request(self.url + path, body, headers), timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


def _ring(origin: str, destination: str, requested_at: str, ended_at: str | None, release: str | None) -> Ring:
    return Ring(
        pair=(origin, destination),
        requested_at=datetime.fromisoformat(requested_at),
        ended_at=datetime.fromisoformat(ended_at) if ended_at else None,
        release=release,
    )


@contextmanager
def provider(folder: Path, *, accounts: int, origins: int) -> Iterator[Provider]:
    """A gateway with so many accounts, each with so many numbers of its own, and some more that never answer."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secret").write_text(SECRET + "\n")
    known = tuple(_account(number, origins) for number in range(accounts))
    silent = (_AWAY.format(origin=origin) for account in known for origin in account.away)
    parts = (_GATEWAY.format(port=port), *silent, *map(_client, known), *_faults())
    (folder / "gateway.toml").write_text("\n".join(parts))
    with ExitStack() as processes:
        server = Server(folder / "gateway.toml", processes)
        yield Provider(folder=folder, url=f"http://127.0.0.1:{port}", accounts=known, server=server)


def _account(number: int, origins: int) -> Account:
    in_all = origins + max(1, origins // 4)
    own = [f"{_NUMBERS}{one:03}" for one in range(number * in_all, (number + 1) * in_all)]
    return Account(number=number, origins=tuple(own[:origins]), away=tuple(own[origins:]))


def _client(account: Account) -> str:
    numbers = json.dumps(account.origins + account.away)
    return f"[[gateway.client]]\nid = '{account.client_id}'\nsecret = {{ file = 'secret' }}\nnumbers = {numbers}\n"


def _faults() -> Iterator[str]:
    for happening, (kind, delay) in _ALWAYS.items():
        yield f"[[gateway.fault]]\nkind = '{kind}'\ndestination = '{happening.value}'\ndelay = '{delay}'\n"
    for happening, (kind, delay) in _ONCE.items():
        for number in range(10):
            to = happening.destination(number)
            yield f"[[gateway.fault]]\nkind = '{kind}'\ndestination = '{to}'\nfirst = 1\ndelay = '{delay}'\n"
