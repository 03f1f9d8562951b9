"""Calendars for the contract suite: each is written to as its user would, can go down, and can talk nonsense."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

from scheduler.http import Http
from scheduler.login import Login
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from scheduler.sources.ics import IcsSettings, IcsSource
from scheduler.sources.source import Source
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
        self.source: Source = IcsSource(IcsSettings(name="office", path=path), http)
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
        self.source: Source = IcsSource(IcsSettings(name="office", url=proxy.url + "feed.ics"), http)
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


class CaldavWorld:
    """A calendar of its own on a CalDAV server, seen through a proxy."""

    def __init__(self, proxy: Proxy, client: Client, path: str, display_name: str) -> None:
        self.proxy = proxy
        self.client = client
        self.path = path
        client.make_calendar(path, display_name)
        self.settings = CaldavSettings(
            name="office",
            url=proxy.url + path[1:],
            login=Login(username=client.user, password=client.password),
            timeout=10,
        )
        self.source: Source = CaldavSource(self.settings)

    def write(self, uid: str, summary: str = "Call Ann Example") -> None:
        self.client.put(self.href(uid), calendar(event(uid, summary)))

    def remove(self, uid: str) -> None:
        self.client.delete(self.href(uid))

    def href(self, uid: str) -> str:
        return f"{self.path}{uid}.ics"

    def go_down(self) -> None:
        self.proxy.break_down()

    def talk_nonsense(self, body: bytes) -> None:
        self.proxy.answer_everything(200, body, "text/html")

    def recover(self) -> None:
        self.proxy.break_down()
        self.proxy.pass_on()
        self.proxy.mend()
