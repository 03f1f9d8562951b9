"""A call's way through the gateway: kept, rung, ended in one CDR, called back."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from scheduler.clock import Clock
from scheduler.errors import DatabaseError
from scheduler.gateway.background import Background
from scheduler.gateway.callbacks import CallbackDelivery
from scheduler.gateway.faults import Faults
from scheduler.gateway.line import AcceptedCall, CallEnd, Line, never_connected
from scheduler.gateway.records import Records
from scheduler.gateway.settings import FaultKind, GatewayClient
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation

log = logging.getLogger(__name__)

_LARGEST_SESSION_ID = 10**12
_LINE_FAILED = "Leg1-500-ServerInternalError"
_WRITE_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCall:
    """A call request that has passed every check."""

    client: GatewayClient
    origin: PhoneNumber
    destination: PhoneNumber
    cli: PhoneNumber | None
    presentation: Presentation
    callback: str


class Switchboard:
    """Connects the API with the line, the records and the callbacks."""

    def __init__(
        self,
        records: Records,
        line: Line,
        callbacks: CallbackDelivery,
        faults: Faults,
        clock: Clock,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._records = records
        self._line = line
        self._callbacks = callbacks
        self._faults = faults
        self._clock = clock
        self._sleep = sleep
        self._background = Background()

    async def start(self) -> None:
        """Go on with what an earlier run left: calls without an end, CDRs not delivered."""
        unfinished = await asyncio.to_thread(self._records.unfinished)
        self._callbacks.start(await asyncio.to_thread(self._records.pending_callbacks))
        for call in unfinished:
            log.warning("session %s was interrupted by the gateway's end", call.session_id)
            self._background.start(self._finish(call, self._line.recover))

    async def stop(self) -> None:
        await self._background.stop()
        await self._callbacks.stop()

    async def accept(self, wanted: WantedCall) -> str:
        """Keep the call, start ringing, and return its session id.

        :raises DatabaseError: it wasn't kept, and nothing rings.
        """
        call = AcceptedCall(
            # Random rather than counted: a new database mustn't hand out an old one's ids again.
            session_id=secrets.randbelow(_LARGEST_SESSION_ID),
            client_id=wanted.client.client_id,
            origin=wanted.origin,
            destination=wanted.destination,
            cli=wanted.cli,
            presentation=wanted.presentation,
            callback=wanted.callback,
            requested_at=self._clock.now(),
        )
        await asyncio.to_thread(self._records.accept, call)
        log.info(
            "client %s calls %s from %s, session %s",
            call.client_id, call.destination.masked, call.origin.masked, call.session_id,
        )  # fmt: skip
        self._background.start(self._finish(call, self._line.place))
        return str(call.session_id)

    async def _finish(
        self, call: AcceptedCall, wait_for_end: Callable[[AcceptedCall], Awaitable[CallEnd]]
    ) -> None:
        try:
            end = await wait_for_end(call)
        except Exception:
            # Accepted is accepted: whatever breaks in a line, the client gets its CDR.
            log.exception("the line failed in session %s", call.session_id)
            end = never_connected(call, _LINE_FAILED, self._clock.now())
        await self._record(call, end)
        log.info("session %s ended: %s", call.session_id, end.release_info)

    async def _record(self, call: AcceptedCall, end: CallEnd) -> None:
        """Write the end, as often as it takes: a full disk mustn't cost a CDR."""
        lag = self._faults.strike(FaultKind.CDR_LAG, call.destination)
        visible_at = end.ended_at + (lag.delay if lag else timedelta(0))
        count = self._callback_count(call)
        while True:
            try:
                pending = await asyncio.to_thread(
                    self._records.end, call, end, visible_at=visible_at, callbacks=count
                )
            except DatabaseError:
                log.exception("the end of session %s isn't written yet", call.session_id)
                await self._sleep(_WRITE_AGAIN_SECONDS)
            else:
                self._callbacks.start(pending)
                return

    def _callback_count(self, call: AcceptedCall) -> int:
        if not call.callback or self._faults.strike(FaultKind.NO_CALLBACK, call.destination):
            return 0
        return 2 if self._faults.strike(FaultKind.DUPLICATE_CALLBACK, call.destination) else 1
