"""What the gateway asks of a telephone line, whatever it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedCall:
    """A call that the gateway has accepted: it must end in exactly one CDR."""

    session_id: int
    client_id: str
    origin: PhoneNumber
    destination: PhoneNumber
    cli: PhoneNumber | None
    presentation: Presentation
    callback: str  # URL, or empty
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """How a call ended. The instants of the first leg equal ``requested_at`` where it never was answered."""

    call_one_setup_at: datetime
    call_one_release_at: datetime
    call_two_setup_at: datetime | None = None  # None: B never answered
    call_two_release_at: datetime | None = None
    release_info: str
    ended_at: datetime  # when both phones were quiet again


class Line(Protocol):
    """Rings A and then, once A has answered, B. Neither method raises for what a phone or a trunk does."""

    async def place(self, call: AcceptedCall) -> CallEnd:
        """Ring both; returns when the call is over."""

    async def recover(self, call: AcceptedCall) -> CallEnd:
        """What became of a call that an earlier run of the gateway left without an end."""


def never_connected(call: AcceptedCall, release_info: str, ended_at: datetime) -> CallEnd:
    """The end of a call whose first leg failed: set-up and release equal the request, as on the page."""
    return CallEnd(
        call_one_setup_at=call.requested_at,
        call_one_release_at=call.requested_at,
        release_info=release_info,
        ended_at=ended_at,
    )
