"""What Prometheus is told: what was measured in this process, and at each scrape what the ledger holds.

Names and units follow https://prometheus.io/docs/practices/naming/. No label holds a number or a name of anybody.
Only here: prometheus_client.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.web.health import Check, health_routes
from scheduler.web.ledger_metrics import PREFIX, LedgerCollector

METRICS_PATH = "/metrics"
_LATENESS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_LATENCY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class Instruments:
    """What this process measures itself; from any thread, and in a few microseconds.

    Fulfils :class:`scheduler.duties.meter.Meter`.
    """

    def __init__(self, *, answers: Iterable[str], results: Iterable[str]) -> None:
        """:param answers: the kinds that are shown from the start: rate() misses a series' first count."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._lateness = Histogram(
            f"{PREFIX}_lateness_seconds",
            "How long after a call was due its first request left.",
            buckets=_LATENESS_SECONDS,
            registry=registry,
        )
        self._latency = Histogram(
            f"{PREFIX}_provider_latency_seconds",
            "How long after its first byte a request to place a call had its answer, or was given up.",
            buckets=_LATENCY_SECONDS,
            registry=registry,
        )
        self._answers = Counter(
            f"{PREFIX}_provider_answers", "What came of requests to place a call.", ["answer"], registry=registry
        )
        self._renewals = Counter(
            f"{PREFIX}_token_renewals", "Tokens asked of the provider, by what came of it.", ["result"],
            registry=registry,
        )  # fmt: skip
        self._tell_build()
        for answer in answers:
            self._answers.labels(answer)
        for result in results:
            self._renewals.labels(result)

    def departed(self, late: timedelta) -> None:
        self._lateness.observe(late.total_seconds())

    def answered(self, kind: str, took: timedelta | None) -> None:
        self._answers.labels(kind).inc()
        if took is not None:
            self._latency.observe(took.total_seconds())

    def renewed(self, result: str) -> None:
        self._renewals.labels(result).inc()

    def _tell_build(self) -> None:
        build = Gauge(
            f"{PREFIX}_build_info", "1; the labels say what runs.", ["version", "python", "tzdata"],
            registry=self.registry,
        )  # fmt: skip
        build.labels(version("call-scheduler"), platform.python_version(), version("tzdata")).set(1)


def create_metrics_app(
    instruments: Instruments, collector: LedgerCollector, look: Callable[[], Sequence[Check]]
) -> Starlette:
    """Metrics and health, on an address of their own."""
    return Starlette(routes=[metrics_route(instruments, collector), *health_routes(look)])


def metrics_route(instruments: Instruments, collector: LedgerCollector) -> Route:
    """Answers scrapes in a thread of the server's: calls don't wait for it, nor does the page."""
    registry = CollectorRegistry()
    registry.register(collector)
    registry.register(instruments.registry)

    async def scrape(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(await run_in_threadpool(encode, registry), headers={"Content-Type": content_type})

    return Route(METRICS_PATH, scrape)
