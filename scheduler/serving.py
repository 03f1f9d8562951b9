"""An HTTP server in this process: uvicorn on a socket that is bound before it starts.

Only here: uvicorn; the gateway alone knows its connections too, to cut one without an answer.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from scheduler.errors import ConfigError, Problem

_STOP_SECONDS = 3  # for answers that are still to be given
_SILENCE_SECONDS = 10  # until the first request of a connection
_MOST_CONNECTIONS = 250

AsgiApp = Callable[..., Any]


class _BusyConnection(H11Protocol):
    """A connection that has to ask something: silent ones would use up the process's file descriptors."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.close()
        else:
            self.loop.call_later(_SILENCE_SECONDS, self._close_if_silent)

    def _close_if_silent(self) -> None:
        asked: object | None = self.cycle  # set with the first request, whatever its declared type says
        if asked is None and not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """Serves one ASGI app on a listening socket; says when it is ready."""

    def __init__(self, app: AsgiApp, listener: socket.socket, on_ready: Callable[[], object]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_BusyConnection,
                ws="none",
                log_config=None,
                access_log=False,
                # Who asks is whoever is connected, whatever X-Forwarded-For says.
                proxy_headers=False,
                timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )
        self._listener = listener
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def serve_until_stopped(self) -> None:
        """Serve until :meth:`stop`; in the main thread also until SIGTERM or SIGINT."""
        self.run(sockets=[self._listener])

    def stop(self) -> None:
        """Give the answers that are due, and end."""
        self.should_exit = True


class ServerThread:
    """A server in a thread of its own."""

    def __init__(self, app: AsgiApp, listener: socket.socket, name: str) -> None:
        ready: Future[None] = Future()
        self._server = Server(app, listener, lambda: ready.set_result(None))
        self._thread = threading.Thread(target=self._serve, args=(ready,), name=name, daemon=True)
        self._thread.start()
        ready.result()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._server.stop()
        self._thread.join()

    def _serve(self, ready: Future[None]) -> None:
        try:
            self._server.serve_until_stopped()
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)


def listen(host: str, port: int, what: str) -> socket.socket:
    """Bind before anything else starts, so that a port in use is told at once; port 0 is any free one.

    :raises ConfigError: it can't be listened on; ``what`` names who wanted to.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        problem = Problem(
            where=f"{what} {host}:{port}",
            what=f"can't be listened on: {error.strerror or error}",
            remedy="choose another host or port, or end what uses it",
        )
        raise ConfigError((problem,)) from error


def base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
