"""The page over a real ledger, served on a free port; commands are carried out as the daemon does it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import requests

from scheduler.calendars.appointment import Derivation
from scheduler.calendars.component import Fault
from scheduler.calendars.contact import Contact, Contacts
from scheduler.calendars.diary import Silence
from scheduler.calendars.settings import Manager
from scheduler.database import Database
from scheduler.duties.accept import accept_losses
from scheduler.duties.command import CommandDuty
from scheduler.duties.resolve import resolve
from scheduler.errors import Problem
from scheduler.ledger import open_ledger
from scheduler.ledger.alerts import acknowledge_alerts
from scheduler.loop import Loop
from scheduler.serving import ServerThread, base_url, listen
from scheduler.web.office import Facts, Office
from scheduler.web.passwords import PasswordHash
from scheduler.web.settings import PageSettings, PageUser, Role
from scheduler.web.site import create_site
from tests.clocks import SetClock
from tests.duties.support import BARRING, ORIGIN, POLICY
from tests.ledger.desk import Desk

BRUSSELS = ZoneInfo("Europe/Brussels")
FACTS = Facts(
    zone=BRUSSELS,
    region="BE",
    managers=(Manager(name="Ann Peeters", emails=("ann@example.com",), origin=ORIGIN),),
    calendars=("sales", "support"),
)
PASSWORD = "a password of the tests"
OPEN = PageSettings(port=0)


def with_users(settings: PageSettings = OPEN) -> PageSettings:
    """Ann may steer, Ben may look."""
    users = (
        PageUser(name="ann", password=PasswordHash.of(PASSWORD), role=Role.OPERATOR),
        PageUser(name="ben", password=PasswordHash.of(PASSWORD), role=Role.VIEWER),
    )
    return replace(settings, users=users)


@dataclass
class Browser:
    """Follows no redirects by itself; keeps cookies as a browser does."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        return self.session.get(self.url + path, headers=headers, allow_redirects=False, timeout=20)

    def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        return self.session.post(
            self.url + path, data=dict(fields), headers=headers, allow_redirects=False, timeout=60
        )

    def token(self, page: str) -> str:
        found = re.search(r'name="token" value="(\w+)"', self.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def press(self, path: str, page: str, **fields: str) -> str:
        """Send a form of ``page``, and read what is told afterwards."""
        answer = self.post(path, {"token": self.token(page), "back": page, **fields})
        assert answer.status_code == 303, answer.text
        told = re.search(r'class="told \w+" role="status">(.*?)</p>', self.get(answer.headers["Location"]).text)
        assert told, "nothing is told"
        return unescape(told[1])

    def log_in(self, name: str = "ann", password: str = PASSWORD, *, to: str = "/") -> requests.Response:
        fields = {"name": name, "password": password, "to": to, "token": self.token("/login")}
        return self.post("/login", fields)


class Page(Browser):
    """The served page, a browser on it, and the ledger beneath it."""

    def __init__(self, url: str, ledger: Database, clock: SetClock, office: Office) -> None:
        super().__init__(url)
        self.desk = Desk(ledger)
        self.ledger = ledger
        self.clock = clock
        self.office = office

    def other_browser(self) -> Browser:
        return Browser(self.url)


def nothing_explained(*_: object) -> Sequence[Derivation]:
    return ()


def nothing_silent(*_: object) -> Sequence[tuple[str, Silence]]:
    return ()


@dataclass(kw_only=True)
class Nobody:
    """No contacts, unless a test has some."""

    contacts: Contacts = field(default_factory=Contacts)
    problems: tuple[Problem, ...] = ()
    mute: Mapping[str, tuple[Contact, ...]] = field(default_factory=dict)  # by source

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.mute)

    def count(self, name: str) -> int:
        return len(self.mute[name])

    def without_number(self, name: str) -> tuple[Contact, ...]:
        return self.mute[name]


def nothing_faulty() -> Sequence[tuple[str, Fault]]:
    return ()


@contextmanager
def served(folder: Path, settings: PageSettings = OPEN) -> Iterator[Page]:
    clock = SetClock()
    with closing(open_ledger(folder / "ledger.db")) as ledger, listen("127.0.0.1", 0, "test") as listener:
        commands = Loop("commands", _commands(ledger, clock).run_once, timedelta(milliseconds=50))
        office = Office(
            ledger,
            clock,
            FACTS,
            wake=commands.wake,
            explain=nothing_explained,
            silent=nothing_silent,
            known=Nobody,
            faults=nothing_faulty,
        )
        commands.start()
        server = ServerThread(create_site(office, settings), listener, "page")
        try:
            yield Page(base_url(listener), ledger, clock, office)
        finally:
            server.stop()
            commands.stop()


def _commands(ledger: Database, clock: SetClock) -> CommandDuty:
    def decide(arguments: Mapping[str, str]) -> str:
        return json.dumps({"call": resolve(ledger, arguments, clock.now(), POLICY, BARRING)})

    def accept(arguments: Mapping[str, str]) -> str:
        return json.dumps({"cancelled": accept_losses(ledger, arguments["calendar"], lambda: None)})

    def acknowledge(arguments: Mapping[str, str]) -> str:
        ledger.write(acknowledge_alerts, clock.now(), arguments["who"])
        return json.dumps({})

    handlers: Mapping[str, Callable[[Mapping[str, str]], str]] = {
        "resolve": decide,
        "accept": accept,
        "acknowledge": acknowledge,
    }
    return CommandDuty(ledger, clock, handlers)
