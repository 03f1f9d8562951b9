"""Everything that the demo needs around the scenes: files, calendars, gateway and daemon."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from scheduler.config import Config, read_config
from scheduler.demo.calendar_server import CalendarServer, start_calendar_server
from scheduler.demo.calendar_text import Entry, calendar_text
from scheduler.demo.processes import Processes
from scheduler.demo.scenes import (
    CONTACTS_CSV,
    CONTACTS_VCARD,
    SALES,
    SCENES,
    SERVICE,
    SUPPORT,
    Cancel,
    Delete,
    Move,
)
from scheduler.demo.settings_file import CSV, FEED, VCARDS, write_settings
from scheduler.errors import ConfigError, DatabaseError, Problem
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import select_collections


class Calendars:
    """The two of the server and the ICS file, and what stands in them."""

    def __init__(self, folder: Path, server: CalendarServer) -> None:
        self._feed = folder / FEED
        self._server = server
        self._entries: dict[str, Entry] = {}

    def make(self) -> None:
        self._write_feed()
        for calendar in (SALES, SUPPORT):
            self._server.make_calendar(calendar)

    def fill(self, first_ring_at: datetime, now: datetime) -> None:
        """Write every scene down; ``first_ring_at`` is the second 0."""
        for scene in SCENES:
            starts_at = first_ring_at + timedelta(seconds=scene.second)
            self._entries[scene.uid] = Entry(scene=scene, starts_at=starts_at, written_at=now)
        for entry in self._entries.values():
            if entry.scene.calendar != SERVICE:
                self._put(entry)
        self._write_feed()

    def change(self, change: Move | Cancel | Delete, now: datetime) -> None:
        """Do what a person does in a calendar program."""
        entry = self._entries.pop(change.uid)
        if isinstance(change, Delete):
            self._server.delete(entry.scene.calendar, change.uid)
            return
        changed = replace(entry, sequence=entry.sequence + 1, written_at=now)
        match change:
            case Move():
                later = timedelta(seconds=change.to - entry.scene.second)
                changed = replace(changed, starts_at=entry.starts_at + later)
            case Cancel():
                changed = replace(changed, cancelled=True)
        self._entries[change.uid] = changed
        self._put(changed)

    def _put(self, entry: Entry) -> None:
        if entry.scene.calendar == SERVICE:
            self._write_feed()
        else:
            self._server.put(entry.scene.calendar, entry.scene.uid, calendar_text([entry]))

    def _write_feed(self) -> None:
        """At once, as programs save: nobody reads half a file."""
        entries = [entry for entry in self._entries.values() if entry.scene.calendar == SERVICE]
        new = self._feed.with_suffix(".new")
        new.write_text(calendar_text(entries), encoding="utf-8", newline="")
        new.replace(self._feed)


def set_stage(folder: Path, processes: Processes) -> tuple[Config, Calendars]:
    """Write the files and start everything; returns once the daemon has read every calendar.

    :raises DemoFailed: something didn't start.
    """
    _write_files(folder)
    server_port, gateway_port, page_port = _free_ports()
    server = start_calendar_server(processes, folder, server_port)
    path = write_settings(folder, server, gateway_port, page_port)
    processes.start("gateway", "scheduler", "gateway", "--config", str(path))
    processes.wait_until(lambda: _listens(server_port), "the start of the calendar server")
    calendars = Calendars(folder, server)
    calendars.make()
    processes.wait_until(lambda: _listens(gateway_port), "the start of the gateway")
    processes.start("daemon", "scheduler", "run", "--config", str(path))
    config = read_config(path)
    processes.wait_until(lambda: _has_read_all(config), "the start of the daemon")
    return config, calendars


def _write_files(folder: Path) -> None:
    (folder / "secret").write_text(secrets.token_urlsafe(24))
    (folder / CSV).write_text(CONTACTS_CSV, encoding="utf-8")
    (folder / VCARDS).write_text(CONTACTS_VCARD, encoding="utf-8")


@contextmanager
def demo_folder(keep: Path | None) -> Iterator[Path]:
    """An empty folder; without ``keep`` it goes at the end.

    :raises ConfigError: ``keep`` can't be used, or Radicale is missing.
    """
    if find_spec("radicale") is None:
        raise _unusable("Radicale", "the demo's calendar server isn't installed", "pip install radicale")
    if keep is None:
        with TemporaryDirectory(prefix="call-scheduler-demo-") as folder:
            yield Path(folder)
        return
    try:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        empty = not any(keep.iterdir())
    except OSError as error:
        raise _unusable(str(keep), error.strerror or str(error), "name another folder") from error
    if not empty:
        raise _unusable(str(keep), "isn't empty", "name a new folder")
    yield keep.absolute()


def _unusable(where: str, what: str, remedy: str) -> ConfigError:
    return ConfigError((Problem(where=where, what=what, remedy=remedy),))


def _free_ports() -> tuple[int, ...]:
    """Of the calendar server, the gateway and the page."""
    with ExitStack() as probes:
        bound = [probes.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        return tuple(probe.getsockname()[1] for probe in bound)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _has_read_all(config: Config) -> bool:
    if not config.ledger.exists():
        return False
    try:
        with closing(open_ledger(config.ledger, read_only=True)) as ledger:
            rows = ledger.read(select_collections)
    except DatabaseError:  # it is just being made
        return False
    return sum(row.good_at is not None for row in rows) == len(config.calendars)
