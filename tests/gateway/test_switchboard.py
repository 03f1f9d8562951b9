from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

from scheduler.errors import DatabaseUnusable
from scheduler.gateway.callbacks import Answer, CallbackDelivery
from scheduler.gateway.faults import Faults
from scheduler.gateway.line import AcceptedCall, CallEnd, never_connected
from scheduler.gateway.records import CdrWindow, PendingCallback, Records
from scheduler.gateway.switchboard import Switchboard, WantedCall
from scheduler.vca import Presentation
from tests.gateway.support import CLIENT, DESTINATION, NOON, ORIGIN, QUICK_CALLBACKS, SetClock


class FullDisk(Records):
    """Refuses to write the first two ends."""

    refusals = 2

    def end(
        self, call: AcceptedCall, end: CallEnd, *, visible_at: datetime, callbacks: int
    ) -> tuple[PendingCallback, ...]:
        if self.refusals:
            self.refusals -= 1
            raise DatabaseUnusable("the disk is full")
        return super().end(call, end, visible_at=visible_at, callbacks=callbacks)


class ShortLine:
    """Every call is over at once."""

    async def place(self, call: AcceptedCall) -> CallEnd:
        return never_connected(call, "Leg1-404-NotFound received", call.requested_at)

    async def recover(self, call: AcceptedCall) -> CallEnd:
        return await self.place(call)


class NoPoster:
    """No callback is asked for here."""

    def post_json(
        self,
        url: str,
        body: Mapping[str, object],
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        raise AssertionError(f"{url} {body} {headers} {timeout}")


WANTED = WantedCall(
    client=CLIENT,
    origin=ORIGIN,
    destination=DESTINATION,
    cli=None,
    presentation=Presentation.ALLOWED,
    callback="",
)


def test_an_end_that_cannot_be_written_is_written_later(tmp_path: Path) -> None:
    waits: list[float] = []
    written = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == FullDisk.refusals:
            written.set()

    async def run(records: Records) -> None:
        clock = SetClock()
        callbacks = CallbackDelivery(QUICK_CALLBACKS, records, NoPoster(), clock, sleep)
        switchboard = Switchboard(records, ShortLine(), callbacks, Faults(()), clock, sleep)
        await switchboard.accept(WANTED)
        await written.wait()
        while await asyncio.to_thread(records.unfinished):
            pass
        await switchboard.stop()

    with closing(FullDisk(tmp_path / "gateway.db")) as records:
        asyncio.run(asyncio.wait_for(run(records), timeout=10))
        assert records.count(CdrWindow(client_id=CLIENT.client_id, now=NOON)) == 1
    assert len(waits) == 2
