"""The listener for CDR callbacks: each attempt's own unguessable URL proves that the provider has the call."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from scheduler.clock import Clock
from scheduler.database import Connection, Database
from scheduler.ledger.attempts import insert_cdr, select_attempt_of_reference
from scheduler.ledger.settling import prove
from scheduler.logs import about_call
from scheduler.vca import read_cdr

log = logging.getLogger(__name__)

CALLBACK_PATH = "/callback"
_LARGEST = 65_536  # bytes; a CDR has a few hundred


def create_app(ledger: Database, clock: Clock, wake: Callable[[], None]) -> Starlette:
    """:param wake: called when a callback was kept, so that the provider's records are looked at."""

    async def take_callback(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response("larger than any CDR", status_code=413)
        status = await run_in_threadpool(_keep, ledger, clock, request.path_params["reference"], body)
        if status == 204:
            wake()
        return Response(status_code=status)

    return Starlette(
        routes=[
            Route(CALLBACK_PATH + "/{reference}", take_callback, methods=["POST"]),
            Route("/healthz", _healthz),
        ]
    )


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _body(request: Request) -> bytes | None:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            return None
    return body


def _keep(ledger: Database, clock: Clock, reference: str, body: bytes) -> int:
    """Keep what came, readable or not, and what it proves: the URL alone shows that the call was accepted."""
    raw, session_id, readable = _read(body)

    def keep(connection: Connection) -> tuple[int, str] | None:
        attempt = select_attempt_of_reference(connection, reference)
        if attempt is None:
            return None
        now = clock.now()
        insert_cdr(connection, attempt.id, "callback", raw, now)
        return attempt.call_id, prove(connection, attempt, session_id, now)

    kept = ledger.write(keep)
    if kept is None:
        log.warning("a callback came for an attempt that this ledger doesn't know")
        return 404
    call_id, alert = kept
    with about_call(call_id):
        if alert:
            log.error("%s", alert)
        if not readable:
            log.warning("a callback's CDR can't be read; it is kept raw, and the provider's records are asked")
    return 204


def _read(body: bytes) -> tuple[str, str, bool]:
    """The text to keep, the session id, and whether it is a CDR."""
    try:
        cdr = read_cdr(json.loads(body))
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace"), "", False
    return cdr.raw_text, cdr.session_id, True
