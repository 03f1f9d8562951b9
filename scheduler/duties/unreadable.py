"""Which calls what is wrong with the calendars' events leaves in doubt."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.calendars.component import Fault
from scheduler.calendars.vevent import Hides
from scheduler.calls.call import Key
from scheduler.calls.unreadable import Unreadable


def unreadable_for(faults: Iterable[tuple[str, Fault]]) -> Unreadable:
    """:param faults: with their calendars; what hides an event's words alone is none of its times."""
    events, in_part = set(), set()
    instances: set[Key] = set()
    for collection, fault in faults:
        if fault.hides is Hides.TIMES:
            events.add((collection, fault.uid))
        elif fault.hides is Hides.INSTANCES and not fault.instances:
            in_part.add((collection, fault.uid))
        elif fault.hides is Hides.INSTANCES:
            instances.update(
                Key(collection=collection, uid=fault.uid, recurrence_id=one) for one in fault.instances
            )
    return Unreadable(events=events, instances=instances, in_part=in_part)
