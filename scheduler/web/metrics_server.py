"""Keeps metrics and health served on an address of their own: whatever becomes of it, calls go on."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass

from scheduler.serving import AsgiApp, ServerThread, base_url, listen

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Where they are served. Whoever reaches that may read them: they hold no numbers and no names of people."""

    host: str
    port: int


class MetricsServer:
    """A server that is started, and started anew, in rounds: a port in use costs the metrics alone."""

    def __init__(self, create_app: Callable[[], AsgiApp], settings: MetricsSettings | None) -> None:
        """:param settings: None where none is wanted; may be replaced, and the next round takes it over."""
        self._create_app = create_app
        self.settings = settings
        self._served: MetricsSettings | None = None
        self._server: ServerThread | None = None
        self._listener: socket.socket | None = None
        self.url = ""  # where they are served just now; "" where they aren't

    def run_once(self) -> None:
        """See to it that they are served as it is configured.

        :raises ConfigError: the address can't be listened on.
        """
        wanted = self.settings
        if wanted == self._served and (self._server is None or self._server.alive):
            return
        self.close()
        if wanted is not None:
            self._listener = listen(wanted.host, wanted.port, "metrics at")
            self._server = ServerThread(self._create_app(), self._listener, "metrics")
            self.url = base_url(self._listener)
            log.info("metrics are served at %s", self.url)
        self._served = wanted

    def close(self) -> None:
        self.url = ""
        if self._server is not None:
            self._server.stop()
        if self._listener is not None:
            self._listener.close()
        self._server = self._listener = self._served = None
