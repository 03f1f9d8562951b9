"""What people and other programs look at: the page and the metrics, each on an address of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from scheduler.config import Config
from scheduler.kept_server import KeptServer
from scheduler.loop import Loop
from scheduler.parts import collection_labels_of, page_facts
from scheduler.web.health import Check
from scheduler.web.ledger_metrics import LedgerCollector
from scheduler.web.metrics import Instruments, create_metrics_app
from scheduler.web.office import Office
from scheduler.web.server import page_server

_EVERY = timedelta(seconds=5)


class Front:
    """Both servers, kept up in rounds; nothing here is waited for by a call."""

    def __init__(
        self,
        config: Config,
        office: Office,
        instruments: Instruments,
        readiness: Callable[[], Sequence[Check]],
    ) -> None:
        self._office = office
        self._page = page_server(office, config.page)
        self._figures = LedgerCollector(office.ledger, office.clock, collection_labels_of(config))
        self._metrics = KeptServer(
            "metrics", lambda _: create_metrics_app(instruments, self._figures, readiness), config.metrics
        )
        self.loops = (
            Loop("page", self._page.run_once, _EVERY),
            Loop("metrics", self._metrics.run_once, _EVERY),
        )

    @property
    def metrics_url(self) -> str:
        """Where metrics and health are served; "" where they aren't."""
        return self._metrics.url

    def use(self, config: Config) -> None:
        """Take over another configuration, at once."""
        self._office.facts, self._page.settings = page_facts(config), config.page
        self._figures.labels, self._metrics.settings = collection_labels_of(config), config.metrics
        for loop in self.loops:
            loop.wake()

    def close(self) -> None:
        self._page.close()
        self._metrics.close()
