"""What placing tells whoever measures it, once a request is over: no call waits for that."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from scheduler.callout.answer import (
    Accepted,
    NotSent,
    PerhapsSent,
    PlaceAnswer,
    Refused,
    RefusedForNow,
    Unauthorized,
    Withheld,
)

ANSWER_KINDS: dict[type[PlaceAnswer], str] = {
    Accepted: "accepted",
    NotSent: "not_sent",
    Withheld: "withheld",
    RefusedForNow: "refused_for_now",
    Refused: "refused",
    Unauthorized: "unauthorized",
    PerhapsSent: "perhaps_sent",
}


class Meter(Protocol):
    """Counts and measures; never raises."""

    def departed(self, late: timedelta) -> None:
        """The first request of a call left so long after the call was due."""

    def answered(self, kind: str, took: timedelta | None) -> None:
        """What came of a request, and how long after its first byte; None where nothing left."""


class NoMeter:
    """Measures nothing."""

    def departed(self, late: timedelta) -> None:
        pass

    def answered(self, kind: str, took: timedelta | None) -> None:
        pass
