"""The people with an appointment are told that it won't ring, or how it failed: once, and strangers never."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.calendars.agenda import Zones
from scheduler.calendars.diary import Silence
from scheduler.calendars.settings import CalendarRules, Company, Manager
from scheduler.calls.call import Key, Outcome
from scheduler.duties.alert import MAIL, AlertDuty, AlertSettings
from scheduler.duties.people import People, PeopleSettings, Tell
from scheduler.ledger.appointments import point_appointment
from scheduler.ledger.collections import StoredObject, record_fetched, upsert_objects
from scheduler.ledger.life import stop
from tests.clocks import NOON
from tests.duties.support import ORIGIN, Bench, bench
from tests.world import event

ANN, COLLEAGUE, STRANGER = "ann@example.com", "office@example.com", "someone@example.org"
BRUSSELS = ZoneInfo("Europe/Brussels")
MINUTES = timedelta(minutes=5)


def settings(tell: Tell = Tell.AT_ONCE) -> PeopleSettings:
    manager = Manager(name="Ann", emails=(ANN,), origin=ORIGIN)
    return PeopleSettings(
        tell=tell,
        digest_at=time(7, 30),
        zone=BRUSSELS,
        company=Company(region="BE", managers=(manager,), trusted_domains=("example.com",)),
        rules={"sales": CalendarRules(collection="sales", origin=ORIGIN)},
        zones={"sales": Zones(floating=BRUSSELS)},
    )


@dataclass
class Office:
    """A calendar whose event "one" is at noon, and who is told of it."""

    duties: Bench
    silences: list[Silence] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = self.another()
        self.alerts = AlertDuty(self.duties.ledger, AlertSettings(), lambda _now: (), self.people)
        self.alerts.run_once(NOON)

    def another(self, tell: Tell = Tell.AT_ONCE) -> People:
        """As after a restart."""
        return People(
            settings=settings(tell), silent=lambda _since, _until: [("sales", one) for one in self.silences]
        )

    def organised_by(self, email: str) -> None:
        text = (
            f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{event('one', NOON, f'ORGANIZER:mailto:{email}')}END:VCALENDAR\r\n"
        )
        stored = StoredObject(href="one.ics", etag="1", data=text.encode(), uid="one")
        self.duties.ledger.write(record_fetched, "sales", "digest", "", NOON, news=True)
        self.duties.ledger.write(upsert_objects, "sales", [stored])

    def end(self, outcome: Outcome, reason: str = "some reason") -> None:
        call_id, key = self.duties.add(), Key(collection="sales", uid="one", recurrence_id="")
        self.duties.ledger.write(point_appointment, key, NOON, call_id)
        self.duties.ledger.write(stop, call_id, outcome, reason, NOON)
        self.alerts.run_once(NOON)

    def look(self, people: People, now: datetime = NOON) -> None:
        """Twice, since an event may still be being written."""
        people.run_once(self.duties.ledger, now)
        people.run_once(self.duties.ledger, now + MINUTES)

    @property
    def letters(self) -> list[tuple[str, str, str, str]]:
        """(address, title, body, due) of each."""
        sql = "SELECT recipient, title, body, due_at FROM letter ORDER BY id"
        rows = self.duties.ledger.read(lambda c: c.execute(sql).fetchall())
        return [(row["recipient"].removeprefix(MAIL), row["title"], row["body"], row["due_at"]) for row in rows]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with bench(tmp_path) as duties:
        yield Office(duties)


def silence(reason: str = "two contacts have that name") -> Silence:
    return Silence(uid="one", recurrence_id="", starts_at=NOON, asks=True, reason=reason, summary="Call Anna")


def test_who_organises_an_event_is_told_that_its_call_was_missed_why_and_what_to_do(office: Office) -> None:
    office.organised_by(COLLEAGUE)
    office.end(Outcome.MISSED, "its phone was busy until the deadline")
    ((address, title, body, _),) = office.letters
    assert (address, title) == (COLLEAGUE, "Call Anna (Mon 23 Nov 13:00) was missed")
    assert body.startswith("Why: its phone was busy until the deadline.\nWhat to do: ring the customer yourself")


@pytest.mark.parametrize("organizer", [STRANGER, f"{COLLEAGUE}.evil.org"])
def test_a_stranger_is_never_mailed_but_the_manager_whose_phone_it_is(office: Office, organizer: str) -> None:
    office.organised_by(organizer)
    office.end(Outcome.FAILED)
    assert [address for address, *_ in office.letters] == [ANN]


def test_an_event_that_is_gone_is_told_to_the_manager(office: Office) -> None:
    office.end(Outcome.BARRED)
    assert [address for address, *_ in office.letters] == [ANN]


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.BUSY, Outcome.ANSWERED])
def test_what_went_as_it_may_go_is_nobodys_mail(office: Office, outcome: Outcome) -> None:
    office.end(outcome)
    assert office.letters == []


def test_what_will_not_ring_is_told_once_for_each_reason_whatever_restarts(office: Office) -> None:
    office.organised_by(COLLEAGUE)
    office.silences = [silence()]
    office.look(office.people)
    office.look(office.people, NOON + MINUTES)
    office.look(office.another())
    ((address, title, body, _),) = office.letters
    assert (address, title) == (COLLEAGUE, "Call Anna (Mon 23 Nov 13:00) will not ring")
    assert body.startswith("Why: two contacts have that name.")
    office.silences = [silence("nobody to call")]
    office.look(office.people, NOON + 2 * MINUTES)
    assert len(office.letters) == 2


def test_an_event_that_is_mended_at_once_is_not_told(office: Office) -> None:
    office.silences = [silence()]
    office.people.run_once(office.duties.ledger, NOON)
    office.silences = []
    office.look(office.people, NOON + MINUTES)
    assert office.letters == []


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 23, 12, tzinfo=UTC), "2026-11-24T06:30:00.000000Z"),
        (datetime(2026, 11, 23, 5, tzinfo=UTC), "2026-11-23T06:30:00.000000Z"),
        # The night in which the clocks go back, and the one in which they go forward.
        (datetime(2026, 10, 24, 12, tzinfo=UTC), "2026-10-25T06:30:00.000000Z"),
        (datetime(2026, 3, 28, 12, tzinfo=UTC), "2026-03-29T05:30:00.000000Z"),
    ],
)
def test_a_digest_waits_for_the_morning_by_the_companys_clocks(office: Office, now: datetime, due: str) -> None:
    office.silences = [silence()]
    people = office.another(Tell.DIGEST)
    office.look(people, now - MINUTES)
    assert [letter[-1] for letter in office.letters] == [due]


def test_nobody_is_told_who_did_not_ask_for_it(office: Office) -> None:
    office.silences = [silence()]
    office.people.settings = settings(Tell.OFF)
    office.look(office.people)
    office.end(Outcome.MISSED)
    assert office.letters == []
