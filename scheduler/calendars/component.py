"""Components: a calendar object's bytes read into a series and its overrides, for each UID.

What needs no window happens here. A bad property costs itself where DTSTART stands, a bad event itself.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

from scheduler.calendars.blocks import Blocks, cut, unfolded
from scheduler.calendars.label import NO_LABEL, Label, label_of, label_of_block
from scheduler.calendars.vevent import Event, Hides, read_event

_SHARED_UID = "several events share its UID: only the newest (SEQUENCE, LAST-MODIFIED) counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something of a calendar that can't be used as it is, and why, in words for people."""

    href: str
    uid: str
    reason: str
    hides: Hides = Hides.TIMES
    instances: frozenset[str] = frozenset()  # the recurrence ids that it is about; empty where nobody knows
    label: Label = NO_LABEL

    @property
    def name(self) -> str:
        """How people find it in their calendar, and its UID; for them alone, as titles are private."""
        known = self.uid or self.href
        return f"{self.label} ({known})" if str(self.label) else known


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """The VEVENTs of one UID: a master, its overrides, and the zones that their times are written in."""

    uid: str
    href: str
    master: Event | None  # None where somebody is invited to some instances only
    overrides: tuple[Event, ...] = ()
    zone_definitions: Mapping[str, str]  # TZID → VTIMEZONE
    calendar_zone: str = ""  # X-WR-TIMEZONE


def read(href: str, data: bytes) -> tuple[tuple[Component, ...], tuple[Fault, ...]]:
    """Read an object of a CalDAV collection or of a split feed; VTODO and VJOURNAL are passed over.

    Never raises: what can't be read is a fault, of the whole object or of a UID.
    """
    text = unfolded(data)
    if b"BEGIN:VCALENDAR" not in text.upper():
        return (), (Fault(href=href, uid="", reason="it isn't a calendar object: BEGIN:VCALENDAR is missing"),)
    blocks = cut(text)
    by_uid: dict[str, list[Event]] = {}
    faults: list[Fault] = []
    for block in blocks.events:
        event, flaws = read_event(block)
        faults += [
            Fault(href=href, uid=block.uid, reason=flaw.reason, hides=flaw.hides, label=label_of_block(block))
            for flaw in flaws
        ]
        if event is not None:
            by_uid.setdefault(block.uid, []).append(event)
    for uid, events in by_uid.items():
        if _differing_masters(events):
            label = label_of(events[0])
            faults.append(Fault(href=href, uid=uid, reason=_SHARED_UID, hides=Hides.NOTHING, label=label))
    components = tuple(_component(href, uid, events, blocks) for uid, events in by_uid.items())
    series = {one.uid for one in components if one.master is not None}
    return components, tuple(_without_series(fault, series) for fault in faults)


def _without_series(fault: Fault, series: Container[str]) -> Fault:
    """As it is where no master says when the instance would be that can't be read."""
    if fault.hides is Hides.INSTANCES and fault.uid not in series:
        return replace(fault, hides=Hides.TIMES)
    return fault


def _component(href: str, uid: str, events: list[Event], blocks: Blocks) -> Component:
    masters = [event for event in events if event.recurrence_id is None]
    return Component(
        uid=uid,
        href=href,
        master=max(masters, key=lambda event: event.version, default=None),
        overrides=tuple(event for event in events if event.recurrence_id is not None),
        zone_definitions=blocks.zone_definitions,
        calendar_zone=blocks.calendar_zone,
    )


def _differing_masters(events: list[Event]) -> bool:
    masters = [event for event in events if event.recurrence_id is None]
    return any(event != masters[0] for event in masters[1:])
