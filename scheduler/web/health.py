"""Whether the process answers (``/healthz``), and whether calls would be placed just now (``/readyz``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that calls need; ``trouble`` is why they would wait for it, "" where they wouldn't."""

    name: str
    trouble: str


def health_routes(look: Callable[[], Sequence[Check]]) -> tuple[Route, ...]:
    """:param look: asked at each ``/readyz``; it only looks, and names nobody."""

    async def readyz(_: Request) -> Response:
        checks = await run_in_threadpool(look)
        ready = not any(check.trouble for check in checks)
        reasons = {check.name: check.trouble or "fine" for check in checks}
        return JSONResponse({"ready": ready, "checks": reasons}, status_code=200 if ready else 503)

    return (Route("/healthz", healthz), Route("/readyz", readyz))


async def healthz(_: Request) -> Response:
    return PlainTextResponse("ok")
