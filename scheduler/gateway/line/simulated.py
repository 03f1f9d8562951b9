"""A line without telephones: what each number does is scripted, and a call is only waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.gateway.line import AcceptedCall, CallEnd, never_connected
from scheduler.gateway.settings import Behaviour, GatewaySettings, LineScript
from scheduler.phone import PhoneNumber

Sleep = Callable[[float], Awaitable[object]]

# SIP status and reason phrase (RFC 3261, section 21), run together as on the operator's page.
_RELEASES = {
    Behaviour.BUSY: "486-BusyHere",
    Behaviour.NO_ANSWER: "480-TemporarilyUnavailable",
    Behaviour.NOT_FOUND: "404-NotFound",
    Behaviour.REFUSED: "603-Decline",
}
_RUNG_OUT = "487-RequestTerminated"  # what a phone answers when the caller gives up
_INTERRUPTED = "Leg1-500-GatewayRestarted"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineScripts:
    """The part of the settings that decides how a simulated call goes."""

    scripts: tuple[LineScript, ...]
    default: LineScript
    ring_time: timedelta
    longest_call: timedelta

    @classmethod
    def of(cls, settings: GatewaySettings) -> LineScripts:
        return cls(
            scripts=settings.scripts,
            default=settings.default_script,
            ring_time=settings.ring_time,
            longest_call=settings.longest_call,
        )

    def for_number(self, number: PhoneNumber) -> LineScript:
        """The script with the longest matching prefix, else the default."""
        matching = [script for script in self.scripts if number.e164.startswith(script.number_prefix)]
        return max(matching, key=lambda script: len(script.number_prefix), default=self.default)


class SimulatedLine:
    """The line of demos, trainings and tests."""

    def __init__(self, scripts: LineScripts, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._scripts = scripts
        self._clock = clock
        self._sleep = sleep

    async def place(self, call: AcceptedCall) -> CallEnd:
        end = decide_end(call, self._scripts)
        await self._sleep((end.ended_at - self._clock.now()).total_seconds())
        return end

    async def recover(self, call: AcceptedCall) -> CallEnd:
        """Simulated phones fall silent with the process that simulated them."""
        return never_connected(call, _INTERRUPTED, self._clock.now())


def decide_end(call: AcceptedCall, scripts: LineScripts) -> CallEnd:
    """The whole call, as the scripts of its two numbers have it."""
    script = scripts.for_number(call.origin)
    quiet_at = call.requested_at + min(script.after, scripts.ring_time)
    failure = _failure(script, scripts.ring_time)
    if failure:
        return never_connected(call, f"Leg1-{failure} received", quiet_at)
    return _second_leg(quiet_at, scripts.for_number(call.destination), scripts)


def _second_leg(answered_at: datetime, script: LineScript, scripts: LineScripts) -> CallEnd:
    setup_at = answered_at + min(script.after, scripts.ring_time)
    failure = _failure(script, scripts.ring_time)
    if failure:
        return CallEnd(
            call_one_setup_at=answered_at,
            call_one_release_at=setup_at,
            release_info=f"Leg2-{failure} received",
            ended_at=setup_at,
        )
    return _conversation(answered_at, setup_at, script.talk, scripts.longest_call)


def _conversation(one_at: datetime, two_at: datetime, talk: timedelta, longest: timedelta) -> CallEnd:
    released_at = two_at + min(talk, longest)
    return CallEnd(
        call_one_setup_at=one_at,
        call_one_release_at=released_at,
        call_two_setup_at=two_at,
        call_two_release_at=released_at,
        release_info="Leg2-BYE sent" if talk > longest else "Leg2-BYE received",
        ended_at=released_at,
    )


def _failure(script: LineScript, ring_time: timedelta) -> str:
    """The SIP answer that ends this leg, or nothing where the phone is answered."""
    if script.after > ring_time:
        return _RUNG_OUT
    return _RELEASES.get(script.does, "")
