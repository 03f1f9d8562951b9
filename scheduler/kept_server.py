"""A server that is kept up: whatever becomes of it, calls go on."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from scheduler.serving import AsgiApp, ServerThread, base_url, listen

log = logging.getLogger(__name__)


class Address(Protocol):
    """The least that the settings of what is served say."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


S = TypeVar("S", bound=Address)


class KeptServer(Generic[S]):
    """Started, and started anew, in rounds: a port in use costs alone what is served there."""

    def __init__(self, what: str, create_app: Callable[[S], AsgiApp], settings: S | None) -> None:
        """:param settings: None where nothing is wanted; may be replaced, and the next round takes it over."""
        self._what = what
        self._create_app = create_app
        self.settings = settings
        self._served: S | None = None
        self._server: ServerThread | None = None
        self._listener: socket.socket | None = None
        self.url = ""  # where it is served just now; "" where it isn't

    def run_once(self) -> None:
        """See to it that it is served as it is configured.

        :raises ConfigError: its address can't be listened on.
        """
        wanted = self.settings
        if wanted == self._served and (self._server is None or self._server.alive):
            return
        self.close()
        if wanted is not None:
            self._serve(wanted)
        self._served = wanted

    def _serve(self, settings: S) -> None:
        self._listener = listen(settings.host, settings.port, f"{self._what} at")
        self._server = ServerThread(self._create_app(settings), self._listener, self._what)
        self.url = base_url(self._listener)
        log.info("%s: served at %s", self._what, self.url)

    def close(self) -> None:
        self.url = ""
        if self._server is not None:
            self._server.stop()
        if self._listener is not None:
            self._listener.close()
        self._server = self._listener = self._served = None
