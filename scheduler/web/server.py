"""The server of the page."""

from __future__ import annotations

import logging
from importlib import import_module

from scheduler.kept_server import KeptServer
from scheduler.serving import AsgiApp
from scheduler.web.office import Office
from scheduler.web.settings import PageSettings, is_loopback

log = logging.getLogger(__name__)


def page_server(office: Office, settings: PageSettings | None) -> KeptServer[PageSettings]:
    """:param settings: None where no page is wanted."""
    return KeptServer("page", lambda present: _create_app(office, present), settings)


def _create_app(office: Office, settings: PageSettings) -> AsgiApp:
    if settings.users and not settings.behind_tls and not is_loopback(settings.host):
        log.warning("passwords travel to the page in the clear: put TLS before it, and give page.url its https://")
    # Imported in its own thread once calls are placed, since templates would slow down the daemon's start.
    app: AsgiApp = import_module("scheduler.web.site").create_site(office, settings)
    return app
