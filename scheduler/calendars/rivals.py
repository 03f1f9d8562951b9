"""Events of one calendar with one UID, in objects of their own: of each instance only the newest rings.

RFC 4791 (4.1) forbids them, and an appointment's key can't tell them apart; but files are copied by hand, and
servers don't always look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scheduler.calendars.appointment import Appointment, Derivation
from scheduler.calendars.component import Fault
from scheduler.calendars.label import Label
from scheduler.calendars.occurrence import Occurrence
from scheduler.calendars.verdict import Step
from scheduler.calendars.vevent import Hides

_REMEDY = "delete one of them, or enter it anew so that it gets a UID of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of an occurrence, and of which object it is."""

    href: str
    derivation: Derivation


def settle_rivals(told: Sequence[Told]) -> tuple[tuple[Derivation, ...], tuple[Fault, ...]]:
    """The derivations, those that a newer one with the same key replaces as silent, and a fault for each object.

    :param told: of one calendar.
    """
    by_key: dict[tuple[str, str], list[tuple[int, Told, Appointment]]] = defaultdict(list)
    for number, one in enumerate(told):
        if appointment := one.derivation.appointment:
            by_key[appointment.uid, appointment.recurrence_id].append((number, one, appointment))
    derivations = [one.derivation for one in told]
    faults: dict[tuple[str, str], Fault] = {}
    for group in by_key.values():
        _, newest, deciding = max(group, key=lambda each: each[2].rank)
        for number, one, appointment in group:
            if appointment.slot != deciding.slot:
                fault = _fault(one, newest)
                faults.setdefault((fault.uid, fault.href), fault)
                derivations[number] = _silenced(one.derivation, fault.reason)
    return tuple(derivations), tuple(faults.values())


def _fault(one: Told, newest: Told) -> Fault:
    occurrence, other = one.derivation.occurrence, newest.derivation.occurrence
    return Fault(
        href=one.href,
        uid=occurrence.uid,
        reason=f"“{one.href}” has the same UID as {_label(other)} (“{newest.href}”), and only the"
        f" newer of them rings (SEQUENCE, LAST-MODIFIED, later start): {_REMEDY}",
        hides=Hides.NOTHING,
        label=_label(occurrence),
    )


def _label(occurrence: Occurrence) -> Label:
    return Label(summary=occurrence.summary, starts=f"{occurrence.starts_at:%Y-%m-%d %H:%M} UTC")


def _silenced(derivation: Derivation, reason: str) -> Derivation:
    steps = (*derivation.steps, Step(rule="uid", finding=reason))
    return replace(derivation, appointment=None, reason=reason, steps=steps)
