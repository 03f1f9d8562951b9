"""Telling that the provider's records can't be read, so that nobody learns how calls ended."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from scheduler.database import Database
from scheduler.errors import ProviderError
from scheduler.ledger.alerts import append_alert

log = logging.getLogger(__name__)


class UnreadRecords:
    """Since when they can't be; one alert, once that has lasted."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger
        self._since: datetime | None = None
        self._told = False

    def failed(self, error: ProviderError, now: datetime, patience: timedelta) -> None:
        """Reading failed just now; what lasts longer than ``patience`` is an alert."""
        log.warning("the provider's records could not be read: %s", error)
        if self._since is None:
            self._since = now
        if self._told or now - self._since < patience:
            return
        # What the provider said may name somebody: it stands in the log alone.
        said = f"status {error.status}" if error.status else "no answer, or none that can be read"
        text = (
            f"the provider's records can't be read since {self._since:%Y-%m-%d %H:%M:%S} UTC ({said}): how calls "
            "ended isn't known until they can; see the log, and [provider] in the configuration"
        )
        self._ledger.write(append_alert, now, text)
        log.error("%s", text)
        self._told = True

    def succeeded(self) -> None:
        if self._told:
            log.warning("the provider's records can be read again")
        self._since, self._told = None, False
