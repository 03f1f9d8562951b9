"""Keeps the page served: whatever becomes of it, calls go on."""

from __future__ import annotations

import logging
import socket
from importlib import import_module

from scheduler.serving import ServerThread, base_url, listen
from scheduler.web.office import Facts, Office
from scheduler.web.settings import PageSettings, is_loopback

log = logging.getLogger(__name__)


class PageServer:
    """A server that is started, and started anew, in rounds: a port in use costs the page alone."""

    def __init__(self, office: Office, settings: PageSettings | None) -> None:
        """:param settings: None where no page is wanted."""
        self._office = office
        self._settings = settings
        self._served: PageSettings | None = None
        self._server: ServerThread | None = None
        self._listener: socket.socket | None = None

    def use(self, settings: PageSettings | None, facts: Facts) -> None:
        """Take over another configuration; the next round serves it."""
        self._office.facts = facts
        self._settings = settings

    def run_once(self) -> None:
        """See to it that the page is served as it is configured.

        :raises ConfigError: its address can't be listened on.
        """
        wanted = self._settings
        if wanted == self._served and (self._server is None or self._server.alive):
            return
        self.close()
        if wanted is not None:
            self._serve(wanted)
        self._served = wanted

    def _serve(self, settings: PageSettings) -> None:
        self._listener = listen(settings.host, settings.port, "page at")
        # Imported in its own thread once calls are placed, since templates would slow down the daemon's start.
        app = import_module("scheduler.web.site").create_site(self._office, settings)
        self._server = ServerThread(app, self._listener, "page")
        if settings.users and not settings.behind_tls and not is_loopback(settings.host):
            log.warning(
                "passwords travel to the page in the clear: put TLS before it, and give page.url its https://"
            )
        log.info("the page is served at %s", settings.url or base_url(self._listener))

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()
        if self._listener is not None:
            self._listener.close()
        self._server = self._listener = self._served = None
