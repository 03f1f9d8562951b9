"""What becomes of an appointment: as the ledger has it, else as the next round of replanning will decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.barring import Barring, barred_by
from scheduler.calls.call import Call, Key, PlannedCall
from scheduler.calls.calling_hours import CallingHours
from scheduler.calls.change import ALREADY_PAST, Add, AddMissed, Attach, Change, Ignore, Recorded
from scheduler.calls.reconcile import reconcile
from scheduler.calls.unreadable import Unreadable

_ALL = timedelta(days=1)  # beyond the last of what is wanted: nothing of it is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What becomes of one appointment."""

    reason: str = ""  # why it doesn't ring
    call: Call | None = None  # the recorded call that it is, though the ledger doesn't say so yet
    new: bool = False  # it gets a call of its own, whatever the ledger has


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospects:
    """What is told of each appointment that is wanted."""

    wanted: Mapping[Key, PlannedCall]
    recorded: Mapping[tuple[Key, datetime], Call]
    foreseen: Mapping[Key, Foreseen]
    barring: Barring
    hours: CallingHours
    now: datetime

    def call_of(self, key: Key) -> Call | None:
        foreseen = self.foreseen.get(key, Foreseen())
        if foreseen.new:
            return None  # what was called off before it rang leaves its time free
        return self.recorded.get((key, self.wanted[key].asked_at), foreseen.call)

    def of(self, key: Key, call: Call | None) -> tuple[str, str]:
        """The state and, where it doesn't or won't ring by itself, why."""
        planned = self.wanted[key]
        deciding = planned.leader or min(planned.keys)
        if call is not None and call.outcome is not None:
            return call.state, f"{call.outcome.words}: {call.reason}"
        if key != deciding:
            return (
                "not_ringing",
                f"it is the same call as in calendar {deciding.collection} (uid {deciding.uid}), which rings once",
            )
        if ignored := self._ignored(key, call):
            return "not_ringing", ignored
        skipped = self.hours.skipped(planned.origin, planned.destination, planned.asked_at)
        if barred := barred_by(planned.destination, self.barring) or skipped:
            return "not_ringing", f"it will be barred: {barred}"
        told = self.hours.told(planned.origin, planned.destination, planned.asked_at, (call or planned).due_at)
        return ("planned", told) if call is None else (call.state, "; ".join(filter(None, (call.reason, told))))

    def _ignored(self, key: Key, call: Call | None) -> str:
        """Why nothing is planned for it."""
        if call is not None:
            return ""
        foreseen = self.foreseen.get(key)
        if foreseen is not None:
            return foreseen.reason
        return ALREADY_PAST if self.wanted[key].asked_at < self.now else ""


def foresee(
    wanted: Iterable[PlannedCall],
    recorded: Iterable[Recorded],
    now: datetime,
    *,
    read_before: Mapping[str, datetime],
    unreadable: Unreadable,
) -> dict[Key, Foreseen]:
    """What replanning would decide, by appointment; nothing is changed.

    One of which there is nothing to say is missing: its call stays as it is or moves, or it is long past.

    :param recorded: the calls around the time that is looked at. Of the others nothing is said.
    :param read_before: as :func:`scheduler.calls.reconcile.reconcile` has it, and ``unreadable`` too.
    """
    wanted = tuple(wanted)
    until = max((one.asked_at for one in wanted), default=now) + _ALL
    changes = reconcile(
        wanted, recorded, now, read_before=read_before, reasons={}, unreadable=unreadable, until=until
    )
    return {key: foreseen for change in changes for key, foreseen in _foreseen(change).items()}


def _foreseen(change: Change) -> dict[Key, Foreseen]:
    match change:
        case Add(wanted=wanted):
            return dict.fromkeys(wanted.keys, Foreseen(new=True))
        case AddMissed(wanted=wanted, reason=reason) | Ignore(wanted=wanted, reason=reason):
            return dict.fromkeys(wanted.keys, Foreseen(reason=reason))
        case Attach(call=call, keys=keys):
            return dict.fromkeys(keys, Foreseen(call=call))
        case _:
            return {}
