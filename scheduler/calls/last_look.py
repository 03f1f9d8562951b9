"""The last look (rule 8): which calendars are asked once more, seconds before a call, and what if they are silent.

What was seen is kept for each calendar and not for each call: a call that was planned after a look came of a
newer fetch, and needs none. A call that waits past its time is looked at again before each time that it is tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_NEVER = datetime.min.replace(tzinfo=UTC)
_PAUSE = timedelta(seconds=1)  # between two looks at one calendar, whatever came of the first
_PAUSE_WHEN_LATE = timedelta(seconds=5)  # while calls are held, or wait for something else
KEPT_BACK_AFTER = (
    _PAUSE_WHEN_LATE  # what could have been tried so long ago waits for room, nobody knows until when
)


class WhenUnreachable(StrEnum):
    """What becomes of a call whose calendar can't be looked at."""

    PLACE = "place"  # it rings as it was planned last
    HOLD = "hold"  # it waits until its calendar answers, and is missed at its deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How one calendar is looked at."""

    fresh_for: timedelta  # a fetch that isn't older is as good as a look
    when_unreachable: WhenUnreachable = WhenUnreachable.PLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLook:
    """The company's last look; without ``before`` there is none."""

    before: timedelta  # how long before it is due a call's event is fetched again
    calendars: Mapping[str, Watched]  # by collection

    @property
    def holds(self) -> bool:
        """Whether any calendar's calls may have to wait for it."""
        return any(one.when_unreachable is WhenUnreachable.HOLD for one in self.calendars.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """When a calendar was seen."""

    collection: str
    planned_at: datetime | None  # when the last fetch began that the plan holds wholly
    looked_at: datetime | None  # when the last look began that the plan holds
    problem: str = ""  # why the last look failed

    def as_of(self, now: datetime) -> Sight:
        """Without what was seen later than ``now``: by a clock that was ahead, nobody knows when."""
        planned_at = self.planned_at if self.planned_at and self.planned_at <= now else None
        looked_at = self.looked_at if self.looked_at and self.looked_at <= now else None
        return replace(self, planned_at=planned_at, looked_at=looked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearing:
    """A planned call that is almost due, or late, and one of the appointments that mean it."""

    call_id: int
    due_at: datetime
    tried_at: datetime  # when it is due, or looks next whether it may be placed
    collection: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One question to one calendar, for all its calls that are near."""

    collection: str
    asked_at: datetime  # it vouches for what is due until so long after as a look comes before
    uids: frozenset[str]
    call_ids: frozenset[int]
    rings_at: datetime  # the last of them, and then it is of no use any more


def vouched_until(sight: Sight | None, watched: Watched, before: timedelta) -> datetime:
    """Until when the calls of a calendar are known to be as it had them ``before`` they are due."""
    if sight is None:
        return _NEVER
    fetched = sight.planned_at + watched.fresh_for if sight.planned_at else _NEVER
    seen_at = max(fetched, sight.looked_at or _NEVER)
    return seen_at + before if seen_at > _NEVER else _NEVER


def decide_looks(
    nearing: Iterable[Nearing],
    sights: Mapping[str, Sight],
    last_look: LastLook,
    now: datetime,
    *,
    begun_at: Mapping[str, datetime],
    going_on: Collection[str],
) -> tuple[Look, ...]:
    """The looks to begin now, one a calendar, the soonest call first.

    :param begun_at: when the last look at each calendar began, well or not.
    :param going_on: the calendars that are being looked at.
    """
    wanted: dict[str, list[Nearing]] = defaultdict(list)
    for one in nearing:
        if _wants_look(one, sights.get(one.collection), last_look, now):
            wanted[one.collection].append(one)
    looks = [
        _look(collection, calls, now)
        for collection, calls in wanted.items()
        if collection not in going_on and now >= begun_at.get(collection, _NEVER) + _pause(calls, now)
    ]
    return tuple(sorted(looks, key=lambda look: (look.rings_at, look.collection)))


def _wants_look(one: Nearing, sight: Sight | None, last_look: LastLook, now: datetime) -> bool:
    watched = last_look.calendars.get(one.collection)
    if watched is None or now < one.tried_at - last_look.before:
        return False
    if _kept_back(one, now):
        return vouched_until(sight, watched, last_look.before) < now
    # A call that isn't held rings at its time, whatever a look would bring after that.
    in_time = now < one.tried_at or watched.when_unreachable is WhenUnreachable.HOLD
    return in_time and vouched_until(sight, watched, last_look.before) < one.tried_at


def _kept_back(one: Nearing, now: datetime) -> bool:
    return now >= one.tried_at + KEPT_BACK_AFTER


def _pause(calls: Sequence[Nearing], now: datetime) -> timedelta:
    return _PAUSE if any(now < one.due_at for one in calls) else _PAUSE_WHEN_LATE


def _look(collection: str, calls: Sequence[Nearing], now: datetime) -> Look:
    return Look(
        collection=collection,
        asked_at=now,
        uids=frozenset(one.uid for one in calls),
        call_ids=frozenset(one.call_id for one in calls),
        rings_at=max(now + KEPT_BACK_AFTER if _kept_back(one, now) else one.tried_at for one in calls),
    )


def why_held(due_at: datetime, tried_at: datetime, sights: Iterable[Sight], last_look: LastLook) -> str:
    """Why a call has to wait for one of its calendars; "" where it needn't.

    :param tried_at: later than ``due_at`` where it has waited for something else. Then the looks come every few
        seconds, and not when it becomes free, so that they are good for as long.
    :param sights: of the calendars of its appointments.
    """
    rings_at = max(due_at, tried_at - _PAUSE_WHEN_LATE)
    for sight in sights:
        watched = last_look.calendars.get(sight.collection)
        if (
            watched is not None
            and watched.when_unreachable is WhenUnreachable.HOLD
            and vouched_until(sight, watched, last_look.before) < rings_at
        ):
            return f"calendar {sight.collection} could not be looked at: {sight.problem or 'no answer yet'}"
    return ""
