"""A busy daemon, its gateway and its calendars, at DEBUG: nothing that any of them prints names anybody.

All of what the process prints is read, libraries, tracebacks and what goes past logging included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from scheduler.callout.client import CalloutClient
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from scheduler.duties.rederive import RederiveDuty
from scheduler.gateway.settings import Fault, FaultKind
from scheduler.logs import LogFormat, LogSettings, set_up
from tests.processes import command
from tests.servers import Client, radicale
from tests.sources.worlds import card
from tests.world import World, await_true, soon, whole_world

NAMES = ("Anna", "Janssens", "Peeters", "O'Neil", "Bea", "Maes", "anna", "janssens", "peeters", "bea.maes")
NUMBERS = ("468373901", "468373902", "28160257", "28160258", "28160259")
HOUR = 3600


@dataclass
class Office:
    world: World
    customers: Client


def configure(world: World, dav: str) -> None:
    extra = f"""
[[contacts]]
name = "customers"
carddav = "{dav}ann/customers/"
username = "ann"
password = {{ file = "dav-password" }}
every = "200 ms"

[[calendar]]
name = "visits"
caldav = "{dav}ann/visits/"
username = "ann"
password = {{ file = "dav-password" }}
every = "200 ms"
origin = "+3228160259"
"""
    (world.folder / "customers.csv").write_text(
        "name;email;mobile\nAnna Janssens;anna@example.org;0468 37 39 01\nBea Maes;bea.maes@example.org;0468\n"
    )
    (world.folder / "dav-password").write_text("any")
    (world.folder / "nobody.csv").write_text("+32468373902\nBea Maes has none\n")
    world.configure(
        lambda text: (
            text.replace("[provider]", extra + "[provider]").replace('Ann"', 'Ann Peeters"')
            + '\n[barring]\ndo_not_call = "nobody.csv"\n[calling]\ngrace = "2 s"\n'
        )
    )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    faults = (Fault(kind=FaultKind.LOSE_ANSWER, destination_prefix="+32", first=1),)
    with ExitStack() as parts:
        world = parts.enter_context(whole_world(tmp_path, faults=faults))
        url = parts.enter_context(radicale(tmp_path / "radicale"))
        client = Client(url=url, user="ann", password="any")
        client.make_calendar("/ann/visits/")
        client.make_address_book("/ann/customers/")
        client.put("/ann/customers/bea.maes.vcf", card("bea.maes", "Bea O'Neil", "+32 468 37 39 02"))
        configure(world, url)
        yield Office(world=world, customers=client)


def work(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that has something to log: calls that ring and don't, what can't be read, and our own faults."""
    world = office.world
    with running_daemon(read_config(world.config), SystemClock()):
        rings_at = soon(2)
        world.put("anna.janssens@example.org", rings_at)
        world.put("barred", rings_at, "LOCATION:+32468373902")
        world.put("Anna", soon(HOUR), "RRULE:FREQ=Anna Janssens", summary="Call Anna Janssens ”again”")
        bad = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:bea.maes\r\nSUMMARY:Call Bea Maes\r\n"
        office.customers.put(
            "/ann/visits/bea.maes.ics",
            bad + b"DTSTAMP:20260101T000000Z\r\nDTSTART:20270101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        )
        await_true(lambda: len(world.ended()) >= 2)
        command(world.config, "pause", "--reason", "Ann Peeters is ill", "--until", "+1 h")
        world.put("paused", soon(1))
        await_true(lambda: len(world.ended()) >= 3)
        command(world.config, "resume")
        fail(world, monkeypatch)


def fail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults of our own, whose texts name somebody."""
    failed: list[str] = []

    def cannot_place(_client: object, request: object, *_: object) -> None:
        failed.append("place")
        raise KeyError(f"Anna Janssens: {request}")

    def cannot_derive(_duty: object, *_: object, **__: object) -> None:
        failed.append("derive")
        raise ValueError("Call Anna Janssens on 0468 37 39 01")

    monkeypatch.setattr(CalloutClient, "place", cannot_place)
    world.put("fails", soon(1))
    await_true(lambda: "place" in failed)
    monkeypatch.setattr(RederiveDuty, "run_once", cannot_derive)
    world.put("fails too", soon(HOUR))
    await_true(lambda: "derive" in failed)


def test_nothing_names_anybody_and_each_line_about_a_call_carries_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    set_up(LogSettings(level="DEBUG", format=LogFormat.JSON))
    work(office, monkeypatch)
    captured = capfd.readouterr()
    output = _without_code(captured.out + captured.err)
    wanted = ("KeyError: •••", "ValueError: •••", "ends as missed", "ends as barred")
    assert [one for one in wanted if one not in output] == []
    assert [name for name in NAMES if re.search(rf"\b{re.escape(name)}\b", output)] == []
    digits = re.sub(r"[ .()/-]", "", output)
    assert [number for number in NUMBERS if number in digits] == []
    for line in captured.err.splitlines():
        _look_at_call(json.loads(line))


def _without_code(output: str) -> str:
    """Tracebacks show lines of this file, whose texts are no secret."""
    return re.sub(r"^.*raise \w+Error\(.*$", "", output.replace("\\n", "\n"), flags=re.MULTILINE)


def _look_at_call(line: dict[str, object]) -> None:
    named = re.findall(r"^call (\d+)\b", str(line["message"]))
    assert named in ([], [str(line.get("call"))]), line
