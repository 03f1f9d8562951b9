"""What the company decided about the hours of its calls, and what becomes of those asked for at other times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from scheduler.calls.hours import FARTHEST, Hours
from scheduler.calls.week import Week
from scheduler.phone import PhoneNumber

OUTSIDE = "outside calling hours"


class Outside(StrEnum):
    """What becomes of a call that is asked for outside calling hours."""

    MOVE = "move"  # due at their next opening
    SKIP = "skip"  # not called
    ALLOW = "allow"  # called all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Whose wall clocks count: the company's, but for destinations that a prefix or a country is given for.

    Of a country with several zones all count: it is open only where it is open in each of them.
    """

    company: tzinfo = UTC
    by_prefix: Mapping[str, tzinfo] = field(default_factory=dict)  # E.164 beginnings; the longest one counts
    by_country: Mapping[str, tuple[tzinfo, ...]] = field(default_factory=dict)  # by ISO 3166 region

    def of(self, destination: PhoneNumber) -> tuple[tzinfo, ...]:
        prefixes = [prefix for prefix in self.by_prefix if destination.e164.startswith(prefix)]
        if prefixes:
            return (self.by_prefix[max(prefixes, key=len)],)
        return self.by_country.get(_country(destination), (self.company,)) if self.by_country else (self.company,)


# Asked for every call at every replanning, and libphonenumber takes 50 µs.
@lru_cache(maxsize=10_000)
def _country(number: PhoneNumber) -> str:
    return number.region


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingHours:
    """When calls may ring. The phone that rings first decides which week it is; by default that is any time."""

    week: Week | None = None
    by_origin: Mapping[PhoneNumber, Week] = field(default_factory=dict)  # of managers with windows of their own
    clocks: Clocks = field(default_factory=Clocks)
    outside: Outside = Outside.MOVE
    stagger: timedelta = timedelta(minutes=10)  # between the calls of one origin that are moved to one opening

    @property
    def moves(self) -> bool:
        """Whether a call may become due later than it is asked for."""
        return self.outside is Outside.MOVE and (self.week is not None or bool(self.by_origin))

    def of(self, origin: PhoneNumber, destination: PhoneNumber) -> Hours | None:
        """What binds calls between these two; None where they may ring whenever they are asked for."""
        return None if self.outside is Outside.ALLOW else self._hours(origin, destination)

    def closed(self, origin: PhoneNumber, destination: PhoneNumber, now: datetime) -> str:
        """Why nothing may ring between these two at ``now``; "" where it may."""
        hours = self.of(origin, destination)
        if hours is None or hours.inside(now):
            return ""
        opens_at = hours.next_opening(now)
        return f"{_why(hours, now)}; they open {self._words(opens_at) if opens_at else _never()}"

    def skipped(self, origin: PhoneNumber, destination: PhoneNumber, asked_at: datetime) -> str:
        """Why a call asked for at ``asked_at`` isn't placed at all; "" where it is, there or at another time."""
        hours = self.of(origin, destination)
        if hours is None or hours.inside(asked_at):
            return ""
        if self.outside is Outside.SKIP:
            return _why(hours, asked_at)
        return "" if hours.next_opening(asked_at) else f"{_why(hours, asked_at)}; they open {_never()}"

    def told(self, origin: PhoneNumber, destination: PhoneNumber, asked_at: datetime, due_at: datetime) -> str:
        """What people are told beforehand of a call that is asked for outside these hours, and isn't skipped."""
        hours = self._hours(origin, destination)
        if hours is None or hours.inside(asked_at):
            return ""
        if due_at > asked_at:
            return f"moved from {self._words(asked_at)}, {_why(hours, asked_at)}"
        if self.outside is Outside.ALLOW:
            return f"{_why(hours, asked_at)}, and rings all the same (hours.outside)"
        return f"{_why(hours, asked_at)}, and will be missed: its phone is free {_never()}"

    def _hours(self, origin: PhoneNumber, destination: PhoneNumber) -> Hours | None:
        week = self.by_origin.get(origin, self.week)
        return None if week is None else Hours(week=week, zones=self.clocks.of(destination))

    def _words(self, instant: datetime) -> str:
        return f"{instant.astimezone(self.clocks.company):%a %d %b %H:%M}"


def _why(hours: Hours, instant: datetime) -> str:
    days = (hours.week.why_closed(instant.astimezone(zone).date()) for zone in hours.zones)
    day = next(filter(None, days), "")
    return f"{OUTSIDE} ({day})" if day else OUTSIDE


def _never() -> str:
    return f"at no time within {FARTHEST.days} days"
