"""Outcomes in events, from the configuration to a running daemon and a real calendar."""

from __future__ import annotations

import re
from pathlib import Path

from scheduler.calls.call import State
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from tests.servers import Client, radicale
from tests.world import SECRET, await_true, event, soon, whole_world

_LOGIN = 'username = "ann"\npassword = { file = "secret" }'


def _on_caldav(text: str, url: str) -> str:
    return text.replace('file = "sales.ics"', f'caldav = "{url}ann/sales/"\noutcomes = "event"\n{_LOGIN}')


def test_a_daemon_writes_the_outcome_into_the_event_and_rings_once(tmp_path: Path) -> None:
    with radicale(tmp_path / "radicale", {"ann": SECRET}) as url, whole_world(tmp_path) as world:
        client = Client(url=url, user="ann", password=SECRET)
        client.make_calendar("/ann/sales/")
        text = (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests\r\n" + event("one", soon(3)) + "END:VCALENDAR\r\n"
        )
        client.put("/ann/sales/one.ics", text.encode())
        config = read_config(world.configure(lambda text: _on_caldav(text, url)))
        with running_daemon(config, SystemClock()):
            await_true(lambda: "X-CALL-SCHEDULER:answered" in _text(client))
            written = _text(client)
        assert re.search(r"DESCRIPTION:\[call-scheduler\] called at \d\d:\d\d\\, answered", written)
        assert [call.state for call in world.calls()] == [State.ENDED]
        assert world.calls()[0].attempts == 1


def _text(client: Client) -> str:
    return client.ask("GET", "/ann/sales/one.ics").body.replace(b"\r\n ", b"").decode()
