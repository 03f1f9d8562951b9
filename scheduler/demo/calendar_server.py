"""Radicale on loopback, a calendar server like any other, and what a calendar program does to it."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from scheduler.demo.processes import Processes
from scheduler.errors import DemoFailed

USER = "demo"
_TIMEOUT = 5.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarServer:
    """Calendars of one user."""

    port: int
    password: str = field(repr=False)

    def url(self, calendar: str) -> str:
        return f"http://127.0.0.1:{self.port}{_path(calendar)}"

    def make_calendar(self, calendar: str) -> None:
        self._ask("MKCALENDAR", _path(calendar))

    def put(self, calendar: str, uid: str, text: str) -> None:
        self._ask("PUT", f"{_path(calendar)}{uid}.ics", text)

    def delete(self, calendar: str, uid: str) -> None:
        self._ask("DELETE", f"{_path(calendar)}{uid}.ics")

    def _ask(self, method: str, path: str, text: str = "") -> None:
        """:raises DemoFailed: it doesn't do it."""
        credentials = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "text/calendar; charset=utf-8"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)
        try:
            connection.request(method, path, text.encode(), headers)
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise DemoFailed(f"the calendar server gave no answer to {method} {path}: {error}") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise DemoFailed(f"the calendar server answered {method} {path} with status {status}")


def start_calendar_server(processes: Processes, folder: Path, port: int) -> CalendarServer:
    """Start it; ``password`` in the folder is the user's."""
    password = secrets.token_urlsafe(12)
    (folder / "password").write_text(password)
    (folder / "users").write_text(f"{USER}:{password}\n")
    (folder / "radicale.ini").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder / 'users'}\nhtpasswd_encryption = plain\n"
        f"[storage]\nfilesystem_folder = {folder / 'calendars'}\n"
        "[logging]\nlevel = warning\n"
    )
    processes.start("calendar server", "radicale", "--config", str(folder / "radicale.ini"))
    return CalendarServer(port=port, password=password)


def _path(calendar: str) -> str:
    return f"/{USER}/{calendar}/"
