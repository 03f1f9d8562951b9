"""What the page tells of a call's event: the rules' findings now, of the instance that the call is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.calendars.agenda import Zones
from scheduler.calendars.appointment import Derivation
from scheduler.calendars.contact import Contacts
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.calls.call import Key
from scheduler.calls.policy import Policy
from scheduler.database import Database
from scheduler.duties.replan import PlanRules
from scheduler.explain import explain
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import StoredObject, record_fetched, upsert_objects
from tests.calls.builders import ORIGIN
from tests.clocks import NOON
from tests.world import event

RULES = PlanRules(
    calendars=(CalendarRules(collection="sales", origin=ORIGIN),),
    company=Company(region="BE"),
    zones={"sales": Zones(floating=ZoneInfo("Europe/Brussels"))},
    policy=Policy(),
)
NUMBER = "LOCATION:+32468373901"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with closing(open_ledger(tmp_path / "ledger.db")) as found:
        found.write(record_fetched, "sales", "a", "state", NOON, news=True)
        yield found


def keep(ledger: Database, href: str, uid: str, text: str) -> None:
    data = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests\r\n{text}END:VCALENDAR\r\n".encode()
    ledger.write(upsert_objects, "sales", [StoredObject(href=href, etag="1", data=data, uid=uid)])


def told(
    ledger: Database, uid: str = "one", recurrence_id: str = "", at: datetime = NOON, collection: str = "sales"
) -> tuple[Derivation, ...]:
    key = Key(collection=collection, uid=uid, recurrence_id=recurrence_id)
    return explain(ledger, RULES, Contacts((), type_order=()), key, at)


def test_every_rule_of_the_event_is_told(ledger: Database) -> None:
    keep(ledger, "1.ics", "one", event("one", NOON, NUMBER))
    (found,) = told(ledger)
    assert found.appointment is not None
    assert [step.rule for step in found.steps][:2] == ["time", "availability"]


def test_an_event_of_a_feed_is_found_by_its_uid(ledger: Database) -> None:
    keep(ledger, "one", "", event("one", NOON, NUMBER))
    assert len(told(ledger)) == 1


def test_why_an_event_rings_no_more_is_told(ledger: Database) -> None:
    keep(ledger, "1.ics", "one", event("one", NOON, NUMBER, "STATUS:CANCELLED"))
    (found,) = told(ledger)
    assert (found.appointment, "cancelled" in found.reason) == (None, True)


def test_an_event_that_was_moved_far_away_is_told_all_the_same(ledger: Database) -> None:
    keep(ledger, "1.ics", "one", event("one", NOON + timedelta(days=700), NUMBER))
    assert len(told(ledger)) == 1


def test_of_a_series_the_one_instance_is_told(ledger: Database) -> None:
    keep(ledger, "1.ics", "one", event("one", NOON - timedelta(days=400), NUMBER, "RRULE:FREQ=DAILY"))
    (found,) = told(ledger, recurrence_id="20261123T120000Z")
    assert found.occurrence.starts_at == NOON


@pytest.mark.parametrize(("uid", "collection"), [("two", "sales"), ("one", "gone")])
def test_of_what_the_calendar_holds_no_more_nothing_is_told(ledger: Database, uid: str, collection: str) -> None:
    keep(ledger, "1.ics", "one", event("one", NOON, NUMBER))
    assert told(ledger, uid, collection=collection) == ()
