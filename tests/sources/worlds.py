"""Calendars for the contract suite: each is written to as its user would, can go down, and can talk nonsense."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from scheduler.http import Http
from scheduler.login import Login
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from scheduler.sources.carddav_server import CarddavSettings, CarddavSource
from scheduler.sources.ics import IcsSettings, IcsSource
from scheduler.sources.source import Fetched, LookSource, Source
from tests.servers import Client, Proxy, Reply, Seen


def event(uid: str, summary: str = "Call Ann Example") -> bytes:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20261101T080000Z",
        "DTSTART:20261201T090000Z",
        f"SUMMARY:{summary}",
        "END:VEVENT",
    ]
    return "\r\n".join([*lines, ""]).encode()


def calendar(*events: bytes) -> bytes:
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example.com//tests//EN\r\n"
    return head + b"".join(events) + b"END:VCALENDAR\r\n"


def card(uid: str, name: str = "Ann Example", number: str = "+32 468 37 39 01") -> bytes:
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{name};;;;", f"TEL;TYPE=CELL:{number}"]
    return "\r\n".join([*lines, "END:VCARD", ""]).encode()


class World(Protocol):
    source: Source

    def write(self, uid: str, summary: str = "Call Ann Example") -> None: ...

    def remove(self, uid: str) -> None: ...

    def href(self, uid: str) -> str: ...

    def go_down(self) -> None: ...

    def talk_nonsense(self, body: bytes) -> None:
        """Answer everything with ``body`` and a success."""

    def recover(self) -> None:
        """From being down or talking nonsense."""


class FileWorld:
    """An ICS file."""

    def __init__(self, path: Path, http: Http) -> None:
        self._path = path
        self._events: dict[str, bytes] = {}
        self.source: LookSource = IcsSource(IcsSettings(name="office", path=path), http)
        self.recover()

    def write(self, uid: str, summary: str = "Call Ann Example") -> None:
        self._events[uid] = event(uid, summary)
        self.recover()

    def remove(self, uid: str) -> None:
        del self._events[uid]
        self.recover()

    def href(self, uid: str) -> str:
        return uid

    def go_down(self) -> None:
        self._path.unlink()

    def talk_nonsense(self, body: bytes) -> None:
        self._path.write_bytes(body)

    def recover(self) -> None:
        self._path.write_bytes(calendar(*self._events.values()))


class FeedWorld:
    """An ICS file over HTTP, with an ETag."""

    def __init__(self, proxy: Proxy, http: Http) -> None:
        self.proxy = proxy
        self._events: dict[str, bytes] = {}
        self.source: LookSource = IcsSource(IcsSettings(name="office", url=proxy.url + "feed.ics"), http)
        proxy.instead = self._serve

    def write(self, uid: str, summary: str = "Call Ann Example") -> None:
        self._events[uid] = event(uid, summary)

    def remove(self, uid: str) -> None:
        del self._events[uid]

    def href(self, uid: str) -> str:
        return uid

    def go_down(self) -> None:
        self.proxy.break_down()

    def talk_nonsense(self, body: bytes) -> None:
        self.proxy.answer_everything(200, body, "text/html")

    def recover(self) -> None:
        self.proxy.break_down()
        self.proxy.instead = self._serve
        self.proxy.mend()

    def _serve(self, seen: Seen) -> Reply:
        body = calendar(*self._events.values())
        headers = {"Content-Type": "text/calendar", "ETag": f'"{hashlib.sha256(body).hexdigest()}"'}
        if seen.headers.get("If-None-Match") == headers["ETag"]:
            return Reply(status=304, headers=headers)
        return Reply(status=200, headers=headers, body=body)


class DavWorld:
    """A collection of its own on a server, seen through a proxy."""

    ending: str
    settings: CaldavSettings | CarddavSettings
    source: Source

    def __init__(self, proxy: Proxy, client: Client, path: str) -> None:
        self.proxy = proxy
        self.client = client
        self.path = path
        self.url = proxy.url + path[1:]
        self.login = Login(username=client.user, password=client.password)

    def write(self, uid: str, summary: str = "Call Ann Example") -> None:
        self.client.put(self.href(uid), self.text(uid, summary))

    def text(self, uid: str, summary: str) -> bytes:
        raise NotImplementedError

    def source_with(self, **changes: Any) -> Source:
        """One of other settings."""
        raise NotImplementedError

    def remove(self, uid: str) -> None:
        self.client.delete(self.href(uid))

    def href(self, uid: str) -> str:
        return f"{self.path}{uid}{self.ending}"

    def go_down(self) -> None:
        self.proxy.break_down()

    def talk_nonsense(self, body: bytes) -> None:
        self.proxy.answer_everything(200, body, "text/html")

    def recover(self) -> None:
        self.proxy.break_down()
        self.proxy.pass_on()
        self.proxy.mend()


class CaldavWorld(DavWorld):
    """A calendar on a CalDAV server."""

    ending = ".ics"

    def __init__(self, proxy: Proxy, client: Client, path: str, display_name: str) -> None:
        super().__init__(proxy, client, path)
        client.make_calendar(path, display_name)
        self.settings: CaldavSettings = CaldavSettings(name="office", url=self.url, login=self.login, timeout=10)
        self.source: LookSource = self.source_with()

    def text(self, uid: str, summary: str) -> bytes:
        return calendar(event(uid, summary))

    def source_with(self, **changes: Any) -> CaldavSource:
        return CaldavSource(replace(self.settings, **changes))


class CarddavWorld(DavWorld):
    """An address book on a CardDAV server; a summary is the name on the card."""

    ending = ".vcf"

    def __init__(self, proxy: Proxy, client: Client, path: str, display_name: str, http: Http) -> None:
        super().__init__(proxy, client, path)
        client.make_address_book(path, display_name)
        self._http = http
        self.settings: CarddavSettings = CarddavSettings(name="office", url=self.url, login=self.login)
        self.source = self.source_with()

    def text(self, uid: str, summary: str) -> bytes:
        return card(uid, summary)

    def source_with(self, **changes: Any) -> Source:
        return CarddavSource(replace(self.settings, **changes), self._http)


def etags(*fetched: Fetched) -> dict[str, str]:
    return {one.href: one.etag for each in fetched for one in each.changed}


def first_fetch(world: DavWorld, *uids: str) -> Fetched:
    for uid in uids:
        world.write(uid)
    fetched = world.source.fetch(None, {})
    world.proxy.seen.clear()
    return fetched


def is_report(seen: Seen, kind: bytes) -> bool:
    return seen.method == "REPORT" and kind in seen.body
