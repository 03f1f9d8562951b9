from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from scheduler.errors import ConfigError, DatabaseCorrupt
from scheduler.gateway.line import AcceptedCall, CallEnd
from scheduler.gateway.records import Records
from scheduler.gateway.server import GatewayServer, running
from scheduler.gateway.settings import LineScript
from tests.gateway.support import INSTANT, Caller, receiving, settings_of

LONG = LineScript(number_prefix="", after=INSTANT, talk=timedelta(hours=1))

# Serves a database whose calls last an hour, and prints its URL once it is ready.
_PROGRAM = """
import sys
from pathlib import Path
from scheduler.gateway.server import serve
from tests.gateway.test_server import LONG
from tests.gateway.support import settings_of
serve(settings_of(Path(sys.argv[1]), default_script=LONG), lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A gateway as a process of its own, and its URL."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True
    ) as gateway:
        assert gateway.stdout is not None
        try:
            yield gateway, gateway.stdout.readline().strip()
        finally:
            gateway.kill()


def test_a_call_of_a_killed_gateway_ends_in_exactly_one_failed_cdr(tmp_path: Path) -> None:
    with receiving() as receiver:
        with process(tmp_path) as (gateway, url):
            session_id = Caller(url).post_call(callback=receiver.url).json()["sessionId"]
            assert Caller(url).cdrs() == []
            gateway.kill()
            gateway.wait(timeout=10)
        with running(settings_of(tmp_path)) as url:
            (cdr,) = Caller(url).wait_for_cdrs(1)
            assert receiver.next_cdr() == cdr
        with running(settings_of(tmp_path)) as url:
            assert Caller(url).cdrs() == [cdr]
    assert (cdr["sessionId"], cdr["callDuration"]) == (session_id, 0)
    assert cdr["callReleaseInfo"] == "Leg1-500-GatewayRestarted"
    assert receiver.received.empty()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_gateway_ends_cleanly_at_a_signal_with_a_call_going_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    with process(tmp_path) as (gateway, url):
        Caller(url).post_call()
        os.kill(gateway.pid, number)
        assert gateway.communicate(timeout=10)[0] == "stopped\n"
        assert gateway.returncode == 0
    with closing(Records(tmp_path / "gateway.db")) as records:
        assert len(records.unfinished()) == 1


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*in use"):
            GatewayServer(settings_of(tmp_path, port=port)).start()


def test_a_damaged_database_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").write_text("certainly no database" * 100)
    with pytest.raises(DatabaseCorrupt):
        GatewayServer(settings_of(tmp_path)).start()


class BrokenLine:
    """A line with a bug."""

    async def place(self, call: AcceptedCall) -> CallEnd:
        raise RuntimeError(f"no line for {call.session_id}")

    async def recover(self, call: AcceptedCall) -> CallEnd:
        return await self.place(call)


class StuckLine(BrokenLine):
    """A line on which nothing ever ends."""

    async def place(self, call: AcceptedCall) -> CallEnd:
        await asyncio.Event().wait()
        return await super().place(call)


def test_a_line_that_breaks_still_gives_a_cdr(tmp_path: Path) -> None:
    with running(settings_of(tmp_path), line=BrokenLine()) as url:
        Caller(url).post_call()
        (cdr,) = Caller(url).wait_for_cdrs(1)
    assert cdr["callReleaseInfo"] == "Leg1-500-ServerInternalError"


def test_a_call_is_kept_before_it_is_answered_and_ends_by_the_next_line(tmp_path: Path) -> None:
    with running(settings_of(tmp_path), line=StuckLine()) as url:
        session_id = Caller(url).post_call().json()["sessionId"]
    with running(settings_of(tmp_path)) as url:
        assert [cdr["sessionId"] for cdr in Caller(url).wait_for_cdrs(1)] == [session_id]


def test_the_prefix_of_the_paths_can_be_another(tmp_path: Path) -> None:
    with running(settings_of(tmp_path, path_prefix="/voice")) as url:
        assert requests.get(f"{url}/voice/cdr", headers=Caller(url).bearer, timeout=5).status_code == 200
        assert Caller(url).get_cdrs().status_code == 404
