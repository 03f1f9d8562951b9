"""A small company whose gateway and daemon are processes of their own, told everything by one file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.processes import command_json
from tests.servers import free_port
from tests.system.tools import curl_json

SECRET = "not-a-real-secret"
MANAGER = "+3228160258"
CUSTOMER = "+32468373901"

_CONFIG = """
[company]
owned = ["+3228160257", "{manager}"]
cli = "+3228160257"

[[calendar]]
name = "sales"
{source}
every = "200 ms"
origin = "{manager}"

[provider]
url = "http://127.0.0.1:{port}/vca/1.0.0"
token_url = "http://127.0.0.1:{port}/token"
client_id = "tests"
client_secret = {{ file = "secret" }}
cdr_every = "200 ms"

[callback]
listen = "127.0.0.1:{callback_port}"

[page]
enabled = false

[ledger]
path = "ledger.db"

[gateway]
listen = "127.0.0.1:{port}"
database = "gateway.db"

[[gateway.client]]
id = "tests"
secret = {{ file = "secret" }}
numbers = ["+3228160257", "{manager}"]

{line}
"""

_EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example.com//tests//EN
BEGIN:VEVENT
UID:review@example.com
DTSTAMP:20260101T000000Z
DTSTART:{start:%Y%m%dT%H%M%SZ}
DURATION:PT15M
SUMMARY:Quarterly review
LOCATION:{number}
END:VEVENT
END:VCALENDAR
"""


@dataclass(frozen=True, kw_only=True)
class Company:
    folder: Path
    url: str  # of its gateway

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def write_event(self, start: datetime) -> None:
        """One appointment at ``start``, in the file that is its calendar."""
        part = self.folder / "sales.ics.part"
        part.write_text(event_text(start), newline="")
        part.replace(self.folder / "sales.ics")

    def cdrs(self) -> list[dict[str, Any]]:
        """All CDRs of the gateway, as anybody with its token gets them."""
        items: list[dict[str, Any]] = self.cdr_page()["items"]
        return items

    def cdr_page(self) -> dict[str, Any]:
        token = curl_json(
            "--user", f"tests:{SECRET}", "--data", "grant_type=client_credentials", "--data", "scope=openid",
            f"{self.url}/token",
        )["access_token"]  # fmt: skip
        page: dict[str, Any] = curl_json(
            "-X", "GET", f"{self.url}/vca/1.0.0/cdr?from=2021-09-25T15:30:00.000Z",
            "-H", f"Authorization: Bearer {token}",
        )  # fmt: skip
        return page

    def calls(self) -> list[dict[str, Any]]:
        """What `call-scheduler calls` tells."""
        rows: list[dict[str, Any]] = command_json(self.config, "calls")
        return rows


def found_company(folder: Path, *, source: str = 'file = "sales.ics"', line: str = "") -> Company:
    """Its files; ``line`` is more of [gateway]. Nothing runs yet."""
    port = free_port()
    (folder / "secret").write_text(SECRET + "\n")
    text = _CONFIG.format(source=source, port=port, callback_port=free_port(), manager=MANAGER, line=line)
    (folder / "config.toml").write_text(text)
    return Company(folder=folder, url=f"http://127.0.0.1:{port}")


def event_text(start: datetime) -> str:
    """A calendar of one appointment at ``start``."""
    return _EVENT.format(start=start.astimezone(UTC), number=CUSTOMER).replace("\n", "\r\n")


def soon(seconds: int = 3) -> datetime:
    """A whole second, about so far ahead."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def await_true(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Look until ``condition`` holds; a bound, not an expectation of speed."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it never came true"
        time.sleep(0.02)
