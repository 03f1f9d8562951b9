"""A provider in a process of its own, which accepts every call after a while: it shares the machine's cores.

As little of HTTP as our client needs, so that little of the machine is spent on it.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from scheduler.callout.client import CalloutClient, CalloutSettings
from scheduler.clock import SystemClock
from scheduler.config import ProviderConfig
from scheduler.http import HttpSettings
from scheduler.oauth import TokenSettings
from scheduler.parts import ProviderLink

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TOKEN = b'{"access_token": "token", "token_type": "Bearer", "expires_in": 36000}'


@contextmanager
def running_provider(takes: float, workers: int) -> Iterator[CalloutClient]:
    """A client, with a token at hand, of a provider that takes so many seconds for each answer."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.provider", str(takes)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        link = ProviderLink(_config(server.stdout.readline().strip(), workers), SystemClock())
        try:
            link.client.token()
            yield link.client
        finally:
            link.close()
            server.terminate()


def _config(url: str, workers: int) -> ProviderConfig:
    return ProviderConfig(
        callout=CalloutSettings(url=url),
        tokens=TokenSettings(url=f"{url}/token", client_id="benchmark", client_secret="secret", scope=""),
        http=HttpSettings(pool_size=workers),
        cdr_every=timedelta(seconds=15),
    )


class _Answering:
    """What every connection does."""

    def __init__(self, takes: float) -> None:
        self._takes = takes
        self._sessions = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await self._answer(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = _LENGTH.search(head)
        await reader.readexactly(int(length[1]) if length else 0)
        if b"/token" in head.split(b"\r\n", 1)[0]:
            body, status = _TOKEN, b"200 OK"
        else:
            await asyncio.sleep(self._takes)
            self._sessions += 1
            body, status = b'{"sessionId": "%d"}' % self._sessions, b"201 Created"
        writer.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(body), body)
        )


async def _serve(takes: float) -> None:
    server = await asyncio.start_server(_Answering(takes), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
