"""Every error as JSON, in the shape of the operator's platform, and every refusal in the log."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from scheduler.errors import DatabaseError, RequestRefused

log = logging.getLogger(__name__)

_REMEDIES = {
    "missing": "is missing",
    "string_type": "must be a text in quotes",
    "int_parsing": "must be a whole number",
    "json_invalid": "isn't JSON",
    "model_attributes_type": "must be a JSON object, sent with Content-Type: application/json",
}


def add_to(app: FastAPI) -> None:
    """Answer every kind of error in the same shape."""
    app.add_exception_handler(RequestRefused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_such_page)
    app.add_exception_handler(DatabaseError, _not_kept)
    app.add_exception_handler(Exception, _failed)


def too_many(retry_after: timedelta) -> RequestRefused:
    return RequestRefused(
        status=429,
        code=900800,
        message="Message throttled out",
        description="too many requests: wait as long as Retry-After says",
        retry_after=math.ceil(retry_after.total_seconds()),
    )


def server_error(status: int) -> RequestRefused:
    return RequestRefused(status=status, message="Server error", description="a fault that is switched on")


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestRefused)
    client_id = getattr(request.state, "client_id", "unknown")
    # With %r, since a client that isn't known yet could write lines of its own into the log.
    log.warning("refused client %r: %s %r: %s", client_id, request.method, request.url.path, error)
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(error.status, error.code, error.message, error.description, headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    description = "; ".join(_describe(problem) for problem in error.errors())
    return await _refused(request, RequestRefused(status=400, message="Invalid request", description=description))


async def _no_such_page(request: Request, error: Exception) -> JSONResponse:
    """Starlette's own 404 and 405."""
    assert isinstance(error, HTTPException)
    description = "the API has POST /token, POST /call and GET /cdr"
    return await _refused(
        request, RequestRefused(status=error.status_code, message=error.detail, description=description)
    )


async def _not_kept(request: Request, error: Exception) -> JSONResponse:
    log.error("the database failed in %s %s: %s", request.method, request.url.path, error)
    return _answer(503, 503, "Service unavailable", "the gateway's database failed: see its log")


async def _failed(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(500, 500, "Server error", "the gateway failed: see its log")


def _describe(problem: dict[str, Any]) -> str:
    """Name the field and what to do, without repeating its value, which may be somebody's number."""
    what = _REMEDIES.get(problem["type"], problem["msg"])
    return f"{_field(problem['loc'])}: {what}"


def _field(location: Sequence[str | int]) -> str:
    names = [str(part) for part in location if isinstance(part, str) and part not in ("body", "query")]
    return ".".join(names) or str(location[0])


def _answer(
    status: int, code: int, message: str, description: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    fault = {"code": code, "message": message, "description": description}
    return JSONResponse({"fault": fault}, status_code=status, headers=headers)
