"""Pauses: what somebody has asked not to be placed for a while, and what that makes of a call that is due."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.call import Call
from scheduler.calls.timing import Place, Wait
from scheduler.phone import PhoneNumber

PAUSED = "paused"
# A call that stays paused is looked at again just past its deadline, when it is missed.
_JUST_PAST = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseScope:
    """What is paused: one calendar, one origin, or, where neither is named, everything."""

    calendar: str = ""
    origin: PhoneNumber | None = None

    def __str__(self) -> str:
        if self.calendar:
            return f"calendar {self.calendar}"
        return f"origin {self.origin}" if self.origin else "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause that goes on; ``until`` None: until it is resumed."""

    id: int
    scope: PauseScope
    since: datetime
    until: datetime | None
    reason: str

    @property
    def words(self) -> str:
        """As the reason of a call that waits for it; in quotes, by which logs know a person's own words."""
        return f"{PAUSED}: “{self.reason}”" if self.reason else PAUSED


def blocking(pauses: Iterable[Pause], origin: PhoneNumber, calendars: Collection[str]) -> tuple[Pause, ...]:
    """The pauses that keep a call from being placed; one of several calendars alone doesn't.

    :param calendars: those whose appointments mean the call; none where a person asked for it.
    """
    pauses = tuple(pauses)
    paused = {one.scope.calendar for one in pauses}
    all_paused = bool(calendars) and paused.issuperset(calendars)
    return tuple(one for one in pauses if _blocks(one.scope, origin, calendars if all_paused else ()))


def _blocks(scope: PauseScope, origin: PhoneNumber, calendars: Collection[str]) -> bool:
    return scope.calendar in calendars if scope.calendar else scope.origin in (None, origin)


def unless_paused(call: Call, pauses: Iterable[Pause], calendars: Collection[str]) -> Place | Wait:
    """What becomes of a call that could be placed now: it waits as long as a pause, inside its grace."""
    found = blocking(pauses, call.origin, calendars)
    if not found:
        return Place()
    ends = [one.until for one in found if one.until is not None]
    return Wait(until=min([*ends, call.deadline_at + _JUST_PAST]), reason=found[0].words)
