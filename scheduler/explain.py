"""What the rules say now of one event, as the page tells it of a call."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.calendars.agenda import read_agenda
from scheduler.calendars.appointment import Derivation
from scheduler.calendars.contact import Contacts
from scheduler.calls.call import Key
from scheduler.database import Database
from scheduler.duties.replan import PlanRules
from scheduler.ledger.stories import select_data_of_uid

_AROUND = timedelta(days=62)  # of the time that an instance of a series asked for: it may have been moved
_FAR = timedelta(days=3 * 366)  # of a single event's


def explain(
    ledger: Database, rules: PlanRules, contacts: Contacts, key: Key, at: datetime
) -> tuple[Derivation, ...]:
    """Of the instance that ``key`` names, as the calendar was fetched last; nothing where it is gone.

    :param at: when it asked for its call; a series is read around that alone.
    """
    of_calendar = next((one for one in rules.calendars if one.collection == key.collection), None)
    if of_calendar is None:
        return ()
    reach = _AROUND if key.recurrence_id else _FAR
    agenda = read_agenda(
        ledger.read(select_data_of_uid, key.collection, key.uid),
        of_calendar,
        rules.company,
        contacts,
        rules.zones[key.collection],
        start=at - reach,
        end=at + reach,
    )
    return tuple(one for one in agenda.derivations if _is_of(key, one))


def _is_of(key: Key, derivation: Derivation) -> bool:
    occurrence = derivation.occurrence
    return (occurrence.uid, occurrence.recurrence_id) == key.instance
