"""The gateway as a running server: in the foreground for the command, in a thread for demo and tests."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager

from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from scheduler.clock import Clock, SystemClock
from scheduler.gateway.api import create_app
from scheduler.gateway.callbacks import Poster
from scheduler.gateway.line import Line
from scheduler.gateway.line.simulated import LineScripts, SimulatedLine
from scheduler.gateway.records import Records
from scheduler.gateway.settings import GatewaySettings
from scheduler.http import Http, HttpSettings
from scheduler.serving import Server, base_url, listen

OnReady = Callable[[str], object]


class GatewayServer:
    """One server and its database. ``line``, ``poster`` and ``clock`` are the real ones unless given."""

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        line: Line | None = None,
        poster: Poster | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._line = line or SimulatedLine(LineScripts.of(settings), self._clock)
        self._poster = poster
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def run(self, on_ready: OnReady) -> None:
        """Serve until :meth:`stop`, or SIGTERM or SIGINT in the main thread; ``on_ready`` gets the base URL.

        :raises ConfigError: the address can't be listened on.
        :raises DatabaseError: the database can't be opened.
        """
        with ExitStack() as parts:
            listener = parts.enter_context(listen(self._settings.host, self._settings.port, "gateway"))
            records = parts.enter_context(closing(Records(self._settings.database)))
            poster = self._poster or parts.enter_context(closing(Http(HttpSettings())))
            app = self._app(records, poster)
            self._server = Server(app, listener, lambda: on_ready(base_url(listener)))
            self._server.serve_until_stopped()

    def start(self) -> str:
        """Serve in a thread; returns the base URL once requests are answered.

        :raises CallSchedulerError: as :meth:`run` does.
        """
        ready: Future[str] = Future()
        self._thread = threading.Thread(target=self._run_in_thread, args=(ready,), name="gateway", daemon=True)
        self._thread.start()
        return ready.result()

    def stop(self) -> None:
        """Give the answers that are due, and end; unfinished calls are ended by the next start."""
        if self._server is not None:
            self._server.stop()
        if self._thread is not None:
            self._thread.join()

    def _run_in_thread(self, ready: Future[str]) -> None:
        try:
            self.run(ready.set_result)
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    def _app(self, records: Records, poster: Poster) -> FastAPI:
        return create_app(
            self._settings,
            records,
            self._line,
            poster=poster,
            clock=self._clock,
            hang_up=self._hang_up,
        )

    def _hang_up(self, address: tuple[str, int]) -> None:
        """ASGI has no way to end a request without an answer: close uvicorn's own connection."""
        assert self._server is not None
        for connection in tuple(self._server.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == address:
                connection.transport.close()


def serve(settings: GatewaySettings, on_ready: OnReady) -> None:
    """Run in the foreground until SIGTERM or SIGINT.

    :raises CallSchedulerError: it can't start.
    """
    # uvicorn stops at the signal and then raises it again, for handlers that were there before.
    before = {number: signal.signal(number, _stopped) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        GatewayServer(settings).run(on_ready)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def running(
    settings: GatewaySettings,
    *,
    line: Line | None = None,
    poster: Poster | None = None,
    clock: Clock | None = None,
) -> Iterator[str]:
    """A gateway in a thread, for as long as the block lasts; yields its base URL."""
    server = GatewayServer(settings, line=line, poster=poster, clock=clock)
    base_url = server.start()
    try:
        yield base_url
    finally:
        server.stop()


def _stopped(number: int, frame: object) -> None:
    """Nothing is left to do when uvicorn raises the signal again."""
