"""A whole small company for tests: a gateway, an ICS file, contacts and a configuration in one folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.calls.call import Call, State
from scheduler.gateway.server import running
from scheduler.gateway.settings import Behaviour, Fault, GatewayClient, GatewaySettings, LineScript
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import select_calls
from scheduler.phone import PhoneNumber

ORIGIN = PhoneNumber("+3228160258")
OFFICIAL = PhoneNumber("+3228160257")
SECRET = "not-a-real-secret"

_CONFIG = """
[company]
owned = ["+3228160257", "+3228160258", "+3228160259"]
cli = "+3228160257"
trusted_domains = ["example.com"]

[[manager]]
name = "Ann"
emails = ["ann@example.com"]
origin = "+3228160258"

[[calendar]]
name = "sales"
file = "sales.ics"
every = "200 ms"
origin = "+3228160258"

[[contacts]]
file = "customers.csv"

[provider]
url = "{gateway}/vca/1.0.0"
token_url = "{gateway}/token"
client_id = "tests"
client_secret = {{ file = "secret" }}
cdr_every = "200 ms"

[callback]
listen = "127.0.0.1:0"

[page]
enabled = false

[ledger]
path = "ledger.db"
"""


def event(uid: str, at: datetime, *lines: str, summary: str = "Call Anna Janssens") -> str:
    """A VEVENT that starts at ``at``, of five minutes."""
    stamp = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return "\r\n".join(
        (
            "BEGIN:VEVENT",
            f"UID:{uid}",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART:{stamp}",
            "DURATION:PT5M",
            f"SUMMARY:{summary}",
            *lines,
            "END:VEVENT\r\n",
        )
    )


def soon(seconds: int = 2) -> datetime:
    """A whole second, at least so far ahead."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


@dataclass
class World:
    folder: Path
    gateway: str = ""
    events: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def configure(self, change: Callable[[str], str] = lambda text: text) -> Path:
        self.config.write_text(change(_CONFIG.format(gateway=self.gateway or "http://127.0.0.1:9")))
        return self.config

    def put(self, uid: str, at: datetime, *lines: str, summary: str = "Call Anna Janssens") -> None:
        self.events[uid] = event(uid, at, *lines, summary=summary)
        self.write_calendar()

    def delete(self, uid: str) -> None:
        del self.events[uid]
        self.write_calendar()

    def write_calendar(self) -> None:
        text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests\r\n"
        whole = text + "".join(self.events.values()) + "END:VCALENDAR\r\n"
        # Replaced in one step, as good programs do: a half-written file is another test's matter.
        part = self.folder / "sales.ics.part"
        part.write_text(whole, newline="")
        part.replace(self.folder / "sales.ics")

    def calls(self) -> list[Call]:
        if not (self.folder / "ledger.db").exists():
            return []
        with closing(open_ledger(self.folder / "ledger.db", read_only=True)) as ledger:
            span = timedelta(days=30)
            now = datetime.now(UTC)
            return list(ledger.read(select_calls, since=now - span, until=now + span, limit=1000))

    def ended(self) -> list[Call]:
        return [call for call in self.calls() if call.state is State.ENDED]


def await_true(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Look until ``condition`` holds; a bound, not an expectation of speed."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it never came true"
        time.sleep(0.02)


def small_world(folder: Path) -> World:
    """The files alone; nothing listens."""
    world = World(folder)
    (folder / "secret").write_text(SECRET + "\n")
    (folder / "customers.csv").write_text("name;email;mobile\nAnna Janssens;anna@example.org;0468 37 39 01\n")
    world.write_calendar()
    world.configure()
    return world


@contextmanager
def whole_world(folder: Path, *scripts: LineScript, faults: tuple[Fault, ...] = ()) -> Iterator[World]:
    """The files, and a gateway whose phones answer at once and talk a moment."""
    quick = LineScript(
        number_prefix="+", does=Behaviour.ANSWER, after=timedelta(milliseconds=10), talk=timedelta(milliseconds=20)
    )
    settings = GatewaySettings(
        port=0,
        database=folder / "gateway.db",
        clients=(
            GatewayClient(
                client_id="tests",
                client_secret=SECRET,
                numbers=(OFFICIAL, ORIGIN, PhoneNumber("+3228160259")),
            ),
        ),
        scripts=(quick, *scripts),
        faults=faults,
    )
    world = small_world(folder)
    with running(settings) as url:
        world.gateway = url
        world.configure()
        yield world
