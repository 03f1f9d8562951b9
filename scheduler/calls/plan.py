"""Appointments become wanted calls: who calls whom when, and which appointments mean the same call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from scheduler.calendars.appointment import Appointment
from scheduler.calls.call import Key, PlannedCall
from scheduler.calls.policy import Policy
from scheduler.calls.shift import shift_into_hours
from scheduler.vca import Presentation


def key_of(appointment: Appointment) -> Key:
    return Key(collection=appointment.collection, uid=appointment.uid, recurrence_id=appointment.recurrence_id)


def plan(appointments: Iterable[Appointment], policy: Policy) -> tuple[PlannedCall, ...]:
    """The calls that ``appointments`` want, soonest first.

    The same instance in several calendars is one call, and so are different ones between the same numbers
    at the same instant; the highest SEQUENCE, then the latest LAST-MODIFIED, says what it is. Only the number
    stays hidden as soon as one of several different ones wants it.
    """
    by_instance: dict[tuple[str, str], list[Appointment]] = defaultdict(list)
    for appointment in appointments:
        by_instance[appointment.uid, appointment.recurrence_id].append(appointment)
    by_slot: dict[Hashable, list[tuple[Appointment, list[Appointment]]]] = defaultdict(list)
    for group in by_instance.values():
        deciding = _deciding(group)
        by_slot[deciding.origin, deciding.destination, deciding.asked_at].append((deciding, group))
    calls = [
        _planned_call(
            [one for one, _ in groups], frozenset(key_of(one) for _, all_ in groups for one in all_), policy
        )
        for groups in by_slot.values()
    ]
    shifted = shift_into_hours(calls, policy)
    return tuple(sorted(shifted, key=lambda call: (call.due_at, call.origin, call.destination)))


def _deciding(group: Iterable[Appointment]) -> Appointment:
    # The key comes last so that equals are decided the same way every time.
    return max(group, key=lambda one: (one.version, key_of(one), one.rank))


def _planned_call(group: Sequence[Appointment], keys: frozenset[Key], policy: Policy) -> PlannedCall:
    """:param group: what decides each instance that means this call; ``keys`` are all that mean it."""
    deciding = _deciding(group)
    restricted = any(one.presentation is Presentation.RESTRICTED for one in group)
    return PlannedCall(
        keys=keys,
        origin=deciding.origin,
        destination=deciding.destination,
        cli=deciding.cli,
        # Where one of them wants no number shown, none is: a number that was shown can't be taken back.
        presentation=Presentation.RESTRICTED if restricted else deciding.presentation,
        summary=deciding.summary,
        asked_at=deciding.asked_at,
        due_at=deciding.asked_at,
        deadline_at=deciding.asked_at + policy.grace,
        leader=key_of(deciding),
        starts_at=deciding.starts_at,
    )
