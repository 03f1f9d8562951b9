"""The dead man's switch: a server outside hears from us for as long as we work, and alarms when it doesn't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from scheduler.errors import HttpError
from scheduler.http import Http
from scheduler.wire import host_of

_SECONDS = 10.0
_BODY_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PingSettings:
    """Where to, and how often; the URL is a secret, since who has it can say that we live."""

    url: str = field(repr=False)
    every: timedelta


class PingDuty:
    """GET to the URL while all works, to URL/fail where it doesn't any more; before it ever did, nothing."""

    def __init__(self, settings: PingSettings | None, alive: Callable[[], bool], http: Http) -> None:
        """:param settings: None where nobody is to hear from us."""
        self.settings = settings
        self._alive = alive
        self._http = http
        self._was_alive = False

    def run_once(self) -> bool:
        """Whether anybody was asked.

        :raises HttpError: no answer, or not a good one; told once by whoever calls this again and again.
        """
        settings, alive = self.settings, self._alive()
        self._was_alive = self._was_alive or alive
        if settings is None or not self._was_alive:
            return False
        url = settings.url.rstrip("/") + ("" if alive else "/fail")
        status = self._http.get(url, limit=_BODY_BYTES, deadline=_SECONDS).status
        if not 200 <= status < 300:
            raise HttpError(f"the ping to {host_of(url)} was answered with status {status} (see [ping])")
        return True
