"""The Voice Call-out API as its clients see it: ``/token``, ``/call`` and ``/cdr``.

Source: the operator's page, and where that is silent (statuses, errors, limits) the platform around it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, FastAPI, Query, Request

from scheduler.clock import Clock
from scheduler.errors import RequestRefused
from scheduler.gateway import refusals
from scheduler.gateway.callbacks import CallbackDelivery, Poster
from scheduler.gateway.faults import Faults
from scheduler.gateway.line import Line
from scheduler.gateway.messages import CallAnswer, CallBody, CdrList, TokenAnswer, cdr_item, cdr_list
from scheduler.gateway.numbers import read_callback, read_destination, read_owned, read_presentation
from scheduler.gateway.records import CdrWindow, Records
from scheduler.gateway.settings import Fault, FaultKind, GatewayClient, GatewaySettings
from scheduler.gateway.switchboard import Switchboard, WantedCall
from scheduler.gateway.tokens import Tokens, invalid_credentials, missing_credentials, read_basic
from scheduler.vca import read_time

HangUp = Callable[[tuple[str, int]], None]

_LARGEST_PAGE = 1000
_LAST_PAGE = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The parts that the requests are answered with."""

    settings: GatewaySettings
    records: Records
    tokens: Tokens
    faults: Faults
    switchboard: Switchboard
    clock: Clock
    sleep: Callable[[float], Awaitable[object]]
    hang_up: HangUp


def create_app(
    settings: GatewaySettings,
    records: Records,
    line: Line,
    *,
    poster: Poster,
    clock: Clock,
    hang_up: HangUp,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> FastAPI:
    """Build the app. ``hang_up`` closes the connection from that address and port without an answer."""
    faults = Faults(settings.faults)
    callbacks = CallbackDelivery(settings.callbacks, records, poster, clock, sleep)
    gateway = Gateway(
        settings=settings,
        records=records,
        tokens=Tokens(settings.clients, settings.token_lifetime),
        faults=faults,
        switchboard=Switchboard(records, line, callbacks, faults, clock, sleep),
        clock=clock,
        sleep=sleep,
        hang_up=hang_up,
    )
    app = FastAPI(title="Voice Call-out API", version="1.0.0", docs_url=None, redoc_url=None, lifespan=_run)
    app.state.gateway = gateway
    app.include_router(_token)
    app.include_router(_calls, prefix=settings.path_prefix)
    refusals.add_to(app)
    return app


@asynccontextmanager
async def _run(app: FastAPI) -> AsyncIterator[None]:
    gateway: Gateway = app.state.gateway
    await gateway.switchboard.start()
    yield
    await gateway.switchboard.stop()


async def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


_Gateway = Annotated[Gateway, Depends(_gateway)]


async def _client(request: Request, gateway: _Gateway) -> GatewayClient:
    client = gateway.tokens.authenticate(request.headers.get("Authorization"), gateway.clock.now())
    request.state.client_id = client.client_id
    return client


_Client = Annotated[GatewayClient, Depends(_client)]
_token = APIRouter()
_calls = APIRouter()


@_token.post("/token")
async def token(request: Request, gateway: _Gateway) -> TokenAnswer:
    """Client credentials in, bearer token out; id and secret as HTTP Basic or in the form."""
    form = _read_form(await request.body())
    client_id, client_secret = _credentials(request, form)
    request.state.client_id = client_id
    client = gateway.tokens.client(client_id, client_secret)
    if form.get("grant_type") != "client_credentials":
        raise _invalid("grant_type", "must be client_credentials")
    now = gateway.clock.now()
    issued = gateway.tokens.issue(client, now)
    return TokenAnswer(access_token=issued.text, expires_in=int(issued.lifetime_left(now).total_seconds()))


@_calls.post("/call", status_code=201)
async def call(body: CallBody, request: Request, client: _Client, gateway: _Gateway) -> CallAnswer:
    """Ring A and, once A has answered, B."""
    wanted = _read_call(body, client, gateway.settings.region)
    _refuse_by_fault(wanted, gateway)
    answer = CallAnswer(session_id=await gateway.switchboard.accept(wanted))
    await _fail_after_accept(wanted, request, gateway)
    return answer


@_calls.get("/cdr", response_model_exclude_none=True)
async def cdr(
    client: _Client,
    gateway: _Gateway,
    since: Annotated[str, Query(alias="from")] = "",
    till: str = "",
    page: Annotated[int, Query(ge=0, le=_LAST_PAGE)] = 0,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = 100,
) -> CdrList:
    """The client's own calls that are over, in the order of their requests.

    A request at ``from`` is included, one at ``till`` isn't: windows that touch show each CDR once.
    """
    window = CdrWindow(
        client_id=client.client_id,
        since=_read_instant(since, "from"),
        till=_read_instant(till, "till"),
        now=gateway.clock.now(),
    )
    return await asyncio.to_thread(_list_cdrs, gateway.records, window, page, limit)


def _list_cdrs(records: Records, window: CdrWindow, page: int, limit: int) -> CdrList:
    items = [cdr_item(ended.call, ended.end) for ended in records.page(window, page=page, limit=limit)]
    return cdr_list(items, page=page, limit=limit, total=records.count(window))


def _read_call(body: CallBody, client: GatewayClient, region: str) -> WantedCall:
    return WantedCall(
        client=client,
        origin=read_owned(body.origin, "origin", client, region),
        destination=read_destination(body.destination, region),
        cli=read_owned(body.cli, "cli", client, region) if body.cli and body.cli.strip() else None,
        presentation=read_presentation(body.presentation),
        callback=read_callback(body.callback),
    )


def _refuse_by_fault(wanted: WantedCall, gateway: Gateway) -> None:
    """The faults that leave the call unaccepted."""
    if gateway.faults.strike(FaultKind.EXPIRED_TOKEN, wanted.destination):
        gateway.tokens.revoke(wanted.client)
        raise invalid_credentials("the token has expired: fetch a new one from /token")
    throttle = gateway.faults.strike(FaultKind.TOO_MANY, wanted.destination)
    if throttle:
        raise refusals.too_many(throttle.delay)
    error = gateway.faults.strike(FaultKind.SERVER_ERROR, wanted.destination)
    if error:
        raise refusals.server_error(error.status)


async def _fail_after_accept(wanted: WantedCall, request: Request, gateway: Gateway) -> None:
    """The faults of a call that rings all the same."""
    slow = gateway.faults.strike(FaultKind.SLOW, wanted.destination)
    if slow:
        await gateway.sleep(slow.delay.total_seconds())
    error = gateway.faults.strike(FaultKind.SERVER_ERROR_AFTER_ACCEPT, wanted.destination)
    if error:
        raise refusals.server_error(error.status)
    lost = gateway.faults.strike(FaultKind.LOSE_ANSWER, wanted.destination)
    if lost:
        await _lose_answer(lost, request, gateway)


async def _lose_answer(fault: Fault, request: Request, gateway: Gateway) -> None:
    """Hold the connection, unless the client gives up before, and close it without a word."""
    held = asyncio.ensure_future(gateway.sleep(fault.delay.total_seconds()))
    gone = asyncio.ensure_future(_disconnected(request))
    await asyncio.wait((held, gone), return_when=asyncio.FIRST_COMPLETED)
    held.cancel()
    gone.cancel()
    if request.client:
        gateway.hang_up((request.client.host, request.client.port))


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _read_form(body: bytes) -> dict[str, str]:
    """``application/x-www-form-urlencoded``; of a repeated key the first counts."""
    return {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    authorization = request.headers.get("Authorization")
    if authorization:
        return read_basic(authorization)
    if "client_id" in form and "client_secret" in form:
        return form["client_id"], form["client_secret"]
    raise missing_credentials("send the client id and the secret as HTTP Basic or in the form")


def _read_instant(text: str, field: str) -> datetime | None:
    """:raises RequestRefused: not an ISO 8601 date or time."""
    try:
        return read_time(text) if text else None
    except (ValueError, OverflowError) as error:
        raise _invalid(field, "give an ISO 8601 time, as in 2021-09-25T15:30:00.000Z") from error


def _invalid(field: str, description: str) -> RequestRefused:
    return RequestRefused(status=400, message="Invalid request", description=f"{field}: {description}")
