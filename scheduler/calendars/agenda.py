"""From a calendar's stored objects to what each occurrence means: read, expand and derive in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.calendars.appointment import Appointment, Derivation, derive
from scheduler.calendars.component import Fault, read
from scheduler.calendars.contact import Contacts
from scheduler.calendars.expansion import expand
from scheduler.calendars.rivals import Told, settle_rivals
from scheduler.calendars.settings import CalendarRules, Company


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What one calendar says for the occurrences that start in [start, end)."""

    collection: str
    start: datetime
    end: datetime
    derivations: tuple[Derivation, ...]
    faults: tuple[Fault, ...]

    @property
    def appointments(self) -> tuple[Appointment, ...]:
        return tuple(one.appointment for one in self.derivations if one.appointment is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Which time zone a time means that doesn't say it, or says it in words of its own."""

    floating: ZoneInfo
    names: Mapping[str, str] = field(default_factory=dict)  # TZID → IANA name


def read_agenda(
    objects: Iterable[tuple[str, bytes]],
    rules: CalendarRules,
    company: Company,
    contacts: Contacts,
    zones: Zones,
    *,
    start: datetime,
    end: datetime,
) -> Agenda:
    """Read (href, bytes) pairs; what is wrong with one of them is a fault and costs that one alone."""
    told: list[Told] = []
    faults: list[Fault] = []
    for href, data in objects:
        components, unreadable = read(href, data)
        faults.extend(unreadable)
        for component in components:
            occurrences, refused = expand(
                component, start, end, floating_zone=zones.floating, zone_names=zones.names
            )
            faults.extend(refused)
            told.extend(Told(href=href, derivation=derive(one, rules, company, contacts)) for one in occurrences)
    derivations, rivals = settle_rivals(told)
    return Agenda(
        collection=rules.collection,
        start=start,
        end=end,
        derivations=derivations,
        faults=(*faults, *rivals),
    )
