"""CDRs are sent to the URL that their call asked for, again and again until it takes them.

Delivered at least once: a gateway that is killed between the delivery and its note sends again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit

from scheduler.clock import Clock
from scheduler.errors import HttpError
from scheduler.gateway.background import Background
from scheduler.gateway.messages import cdr_json
from scheduler.gateway.records import PendingCallback, Records
from scheduler.gateway.settings import CallbackSettings

log = logging.getLogger(__name__)


class Answer(Protocol):
    """What a POST was answered."""

    @property
    def status(self) -> int: ...


class Poster(Protocol):
    """The one thing that is asked of an HTTP client; it follows no redirect."""

    def post_json(
        self,
        url: str,
        body: Mapping[str, object],
        *,
        headers: Mapping[str, str] = ...,
        timeout: float | None = None,
    ) -> Answer:
        """:raises HttpError: no usable answer."""


class CallbackDelivery:
    """One task for each CDR that is to be delivered, and a few threads that send them."""

    def __init__(
        self,
        settings: CallbackSettings,
        records: Records,
        poster: Poster,
        clock: Clock,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._records = records
        self._poster = poster
        self._clock = clock
        self._sleep = sleep
        self._background = Background()
        # Threads of their own: a receiver that hangs mustn't hold up the database's.
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="callback")

    def start(self, pending: tuple[PendingCallback, ...]) -> None:
        """Deliver these in the background."""
        for callback in pending:
            self._background.start(self._deliver(callback))

    async def stop(self) -> None:
        await self._background.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _deliver(self, pending: PendingCallback) -> None:
        while True:
            await self._sleep(max(0.0, (pending.due_at - self._clock.now()).total_seconds()))
            problem = await asyncio.get_running_loop().run_in_executor(self._threads, self._post, pending)
            left = await asyncio.to_thread(self._settle, pending, problem)
            if left is None:
                return
            pending = left

    def _post(self, pending: PendingCallback) -> str:
        """What went wrong; empty where the receiver has taken it."""
        call = pending.ended.call
        try:
            answer = self._poster.post_json(
                call.callback,
                cdr_json(call, pending.ended.end),
                timeout=self._settings.timeout.total_seconds(),
            )
        except HttpError as error:
            return type(error).__name__
        return "" if 200 <= answer.status < 300 else f"answered {answer.status}"

    def _settle(self, pending: PendingCallback, problem: str) -> PendingCallback | None:
        """Note how it went; returns what is still to be done."""
        attempts = pending.attempts + 1
        due_at = self._clock.now()
        if not problem:
            state = "delivered"
        elif attempts >= self._settings.attempts:
            state = "given_up"
        else:
            state = "pending"
            due_at += self._settings.wait_after(attempts)
        self._records.settle_callback(pending.callback_id, state=state, due_at=due_at, problem=problem)
        _report(pending, state, problem)
        return replace(pending, attempts=attempts, due_at=due_at) if state == "pending" else None


def _report(pending: PendingCallback, state: str, problem: str) -> None:
    """Say so where it failed; of the URL only the host, since the rest may be a secret."""
    if problem:
        log.warning(
            "callback of session %s to %s %s: %s",
            pending.ended.call.session_id,
            urlsplit(pending.ended.call.callback).hostname,
            "given up" if state == "given_up" else "will be tried again",
            problem,
        )
