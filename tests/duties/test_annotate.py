"""What is told in events, at real CalDAV servers, beside people who edit them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.calendars.agenda import Zones
from scheduler.calendars.language import Language
from scheduler.calls.call import State
from scheduler.duties.annotate import AnnotatedCalendar, AnnotateDuty
from scheduler.duties.collect import CollectDuty
from scheduler.ledger import open_ledger
from scheduler.ledger.annotations import count_by_problem
from scheduler.sources.caldav_server import CaldavSource
from tests.clocks import NOON
from tests.duties.support import DESTINATION, POLICY, cdr
from tests.duties.test_last_look import SECOND
from tests.duties.test_last_look_served import ServedBench
from tests.servers import Client, Proxy, Reply, Seen, radicale, xandikos
from tests.sources.worlds import CaldavWorld

_numbers = count(1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WITHIN = ZoneInfo("Europe/Brussels")  # an hour ahead of UTC in November


@pytest.fixture(scope="module", params=["radicale", "xandikos"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "radicale":
        with radicale(folder, {"alice": "secret"}) as url:
            yield Client(url=url, user="alice", password="secret")
    else:
        with xandikos(folder) as url:
            yield Client(url=url)


@pytest.fixture
def world(client: Client) -> Iterator[CaldavWorld]:
    home = f"/{client.user}/" if client.user else "/user/calendars/"
    with Proxy(client.url) as proxy:
        yield CaldavWorld(proxy, client, f"{home}told{next(_numbers)}/", "Told")


class Office(ServedBench):
    """A calendar on a real server, its calls, and what is written into its events."""

    def open(self, world: CaldavWorld) -> None:
        self.clock.advance(-2 * HOUR)
        self.serve(world)
        assert isinstance(world.source, CaldavSource)
        calendar = AnnotatedCalendar(
            source=world.source, settings="a", zones=Zones(floating=WITHIN), language=Language.EN
        )
        self.annotating = AnnotateDuty(self.ledger, self.clock, self.replan.silent, lambda _call: "")
        self.annotated = [calendar]
        self.annotating.use(self.annotated)
        self.collecting = CollectDuty(self.ledger, self.provider, POLICY)

    def write(self, *lines: str, uid: str = "one", at: datetime = NOON, title: str = "Call Anna") -> None:
        head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT", f"UID:{uid}")
        start = ("DTSTAMP:20260101T000000Z", f"DTSTART:{at:%Y%m%dT%H%M%SZ}", f"SUMMARY:{title}", "SEQUENCE:4")
        text = "\r\n".join((*head, *start, *lines, "END:VEVENT", "END:VCALENDAR", ""))
        self.world.client.put(self.world.href(uid), text.encode())

    def tell(self) -> int:
        """A round, and another when nobody can be writing any more; how many events were begun."""
        begun = self.annotating.run_once(self.clock.now())
        assert self.annotating.settle(10)
        self.clock.advance(2 * MINUTE)
        begun += self.annotating.run_once(self.clock.now())
        assert self.annotating.settle(10)
        return begun

    def fetch(self) -> None:
        self.sync()

    def text(self, uid: str = "one") -> str:
        body = self.world.client.ask("GET", self.world.href(uid)).body
        return body.replace(b"\r\n ", b"").decode()

    def told(self, uid: str = "one") -> list[str]:
        """Our line, and our property."""
        lines = self.text(uid).splitlines()
        described = [line for line in lines if line.startswith("DESCRIPTION") and "[call-scheduler] " in line]
        own = [line.removeprefix("X-CALL-SCHEDULER:") for line in lines if line.startswith("X-CALL-SCHEDULER:")]
        return [*(line.partition("[call-scheduler] ")[2] for line in described), *own]

    def ring(self) -> None:
        self.clock.advance(NOON - self.clock.now())
        assert self.place() == [str(DESTINATION)]

    def hang_up(self, seconds: int = 252) -> None:
        self.provider.records.append(cdr(NOON, session_id="s0", duration=seconds, destination=DESTINATION))
        self.clock.advance(6 * MINUTE)
        assert self.collecting.run_once(self.clock.now()).settled == 1

    @property
    def synced(self) -> int:
        """How often the calendar told something new."""
        rows = self.ledger.read(lambda c: c.execute("SELECT id FROM event WHERE kind = 'synced'").fetchall())
        return len(rows)

    @property
    def problems(self) -> list[str]:
        return [problem for _, problem in self.ledger.read(count_by_problem) if problem]


@pytest.fixture
def office(tmp_path: Path, world: CaldavWorld) -> Iterator[Office]:
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        office = Office(ledger)
        office.world = world
        yield office
        office.annotating.close()
        office.duty.close()


CALLED = (f"LOCATION:{DESTINATION}", "DESCRIPTION:Bring the offer", "X-OTHER:kept")


def test_an_event_tells_its_call_from_the_plan_to_the_outcome(office: Office, world: CaldavWorld) -> None:
    office.write(*CALLED)
    office.open(world)
    assert office.tell() == 1
    assert office.told() == [
        "call planned for 13:00\\, with +32468•••901",
        "planned at=20261123T120000Z",
    ]
    office.ring()
    office.tell()
    assert office.told() == ["calling since 13:00", "placed at=20261123T120000Z"]
    office.hang_up()
    office.tell()
    assert office.told() == [
        "called at 13:00\\, answered\\, 4 min 12 s",
        "answered at=20261123T120000Z seconds=252",
    ]
    assert "DESCRIPTION:Bring the offer\\n[call-scheduler]" in office.text()
    assert "X-OTHER:kept" in office.text()
    assert "SEQUENCE:4" in office.text()


def test_our_own_writing_is_no_news_to_the_plan_and_is_not_written_again(
    office: Office, world: CaldavWorld
) -> None:
    office.write(*CALLED)
    office.open(world)
    office.tell()
    before = office.calls(), office.history(), office.text(), office.synced
    for _ in range(3):
        office.fetch()
        assert office.tell() == 0
    assert (office.calls(), office.history(), office.text(), office.synced) == before
    office.ring()
    office.hang_up()
    office.tell()
    office.fetch()
    assert [call.state for call in office.calls()] == [State.ENDED]
    assert office.place(3600) == []


def test_why_it_will_not_ring_is_told_and_taken_back_once_it_will(office: Office, world: CaldavWorld) -> None:
    office.write(title="Bellen met Anna Janssens")
    office.open(world)
    office.tell()
    (told, status) = office.told()
    assert told.startswith("geen oproep: nobody to call: no contact is named 'Anna Janssens'")
    assert status == "silent"
    office.write(title="Lunch")
    office.fetch()
    office.tell()
    assert office.told() == []
    office.write(f"LOCATION:{DESTINATION}", title="Bellen met Anna Janssens")
    office.fetch()
    office.tell()
    assert office.told()[0].startswith("oproep gepland om 13:00")


def test_why_nothing_rang_still_stands_there_when_its_time_is_over(office: Office, world: CaldavWorld) -> None:
    office.write(title="Call Anna Janssens")
    office.open(world)
    office.tell()
    told = office.told()
    office.clock.advance(3 * HOUR)
    office.fetch()
    assert office.tell() == 0
    office.annotating.use(office.annotated)  # as after a restart
    assert office.tell() == 0
    assert office.told() == told


def test_what_was_mended_while_nothing_ran_loses_its_line(office: Office, world: CaldavWorld) -> None:
    office.write(title="Call Anna Janssens")
    office.open(world)
    office.tell()
    world.client.put(world.href("one"), office.text().replace("SUMMARY:Call Anna", "SUMMARY:Lunch").encode())
    office.fetch()
    office.annotating.use(office.annotated)
    office.tell()
    assert office.told() == []


def test_what_is_no_longer_asked_for_loses_its_line_and_nothing_else(office: Office, world: CaldavWorld) -> None:
    office.write(*CALLED)
    office.open(world)
    office.tell()
    kept = (
        office.text()
        .replace("SUMMARY:Call Anna", "SUMMARY:Lunch")
        .replace(f"LOCATION:{DESTINATION}", "LOCATION:Here")
    )
    world.client.put(world.href("one"), kept.encode())
    office.fetch()
    office.tell()
    assert office.told() == []
    assert "DESCRIPTION:Bring the offer" in office.text().splitlines()


def _edits() -> dict[str, tuple[str, ...]]:
    return {
        "moved": ("LOCATION:+32468373901", "DESCRIPTION:Bring the offer"),
        "described anew": ("LOCATION:+32468373901", "DESCRIPTION:Nothing to bring"),
        "another number": ("LOCATION:+32468373902", "X-OTHER:new"),
    }


@pytest.mark.parametrize("edit", _edits())
def test_an_edit_between_our_read_and_our_write_is_never_lost(
    office: Office, world: CaldavWorld, edit: str
) -> None:
    office.write(*CALLED)
    office.open(world)
    lines, at = _edits()[edit], NOON + (HOUR if edit == "moved" else 0 * HOUR)
    edited: list[bool] = []

    def edit_first(seen: Seen) -> Reply | None:
        if seen.method == "PUT" and not edited:
            edited.append(True)
            office.write(*lines, at=at)
        return None

    world.proxy.instead = edit_first
    office.tell()
    text = office.text()
    assert edited
    assert f"DTSTART:{at:%Y%m%dT%H%M%SZ}" in text
    assert all(line in text for line in lines)
    assert len(office.told()) == 2
    office.fetch()
    office.tell()
    assert len(office.told()) == 2
    expected = "14:00" if edit == "moved" else "13:00"
    number = "902" if edit == "another number" else "901"
    assert office.told()[0] == f"call planned for {expected}\\, with +32468•••{number}"
    assert [call.state for call in office.calls()] == [State.PLANNED]


def test_an_event_that_is_deleted_before_our_write_stays_deleted(office: Office, world: CaldavWorld) -> None:
    office.write(*CALLED)
    office.open(world)
    world.remove("one")
    office.tell()
    assert not world.source.fetch(None, {}).changed
    office.fetch()
    assert office.tell() == 0


def test_guests_are_never_mailed_our_words_and_the_reason_is_kept(office: Office, world: CaldavWorld) -> None:
    office.write(*CALLED, "ATTENDEE:mailto:anna@example.org")
    office.open(world)
    before = office.text()
    office.tell()
    assert office.text() == before
    assert office.tell() == 0
    assert "PUT" not in office.requests()
    assert [problem.startswith("it has guests") for problem in office.problems] == [True]


def test_an_instance_of_a_series_gets_its_outcome_and_the_others_stay_as_they_are(
    office: Office, world: CaldavWorld
) -> None:
    office.write(*CALLED, "RRULE:FREQ=WEEKLY;COUNT=3")
    office.open(world)
    office.tell()
    assert office.told() == []
    before = office.text()
    planned = [call.due_at for call in office.calls()]
    office.ring()
    office.hang_up()
    office.tell()
    assert "RECURRENCE-ID:20261123T120000Z" in office.text()
    assert office.text().count("X-CALL-SCHEDULER:answered") == 1
    first, _, rest = before.partition("END:VEVENT")
    assert office.text().startswith(first.rstrip())
    office.fetch()
    assert [call.due_at for call in office.calls()] == planned
    assert office.place(3600) == []
    assert rest.strip() == "END:VCALENDAR"


def test_a_calendar_that_may_not_be_written_is_told_and_tried_again_after_a_while(
    office: Office, world: CaldavWorld
) -> None:
    office.write(*CALLED)
    office.open(world)
    world.proxy.instead = lambda seen: Reply(status=403, headers={}) if seen.method == "PUT" else None
    office.tell()
    assert ["let this user write" in problem for problem in office.problems] == [True]
    world.proxy.pass_on()
    assert office.tell() == 0
    office.clock.advance(HOUR)
    assert office.tell() == 1
    assert len(office.told()) == 2
    assert office.problems == []


def test_a_server_that_is_down_costs_nothing_but_the_wait(office: Office, world: CaldavWorld) -> None:
    office.write(*CALLED)
    office.open(world)
    world.go_down()
    office.tell()
    assert len(office.problems) == 1
    world.recover()
    office.clock.advance(5 * MINUTE)
    office.tell()
    assert len(office.told()) == 2


def test_nothing_is_written_right_before_a_call(office: Office, world: CaldavWorld) -> None:
    office.write(*CALLED)
    office.open(world)
    office.annotating.run_once(office.clock.now())
    office.clock.advance(NOON - 20 * SECOND - office.clock.now())
    assert office.annotating.run_once(office.clock.now()) == 0


def test_an_event_that_somebody_is_still_writing_is_left_alone_for_a_minute(
    office: Office, world: CaldavWorld
) -> None:
    office.write(*CALLED)
    office.open(world)
    assert office.annotating.run_once(office.clock.now()) == 0
    office.clock.advance(59 * SECOND)
    assert office.annotating.run_once(office.clock.now()) == 0
    office.clock.advance(SECOND)
    assert office.annotating.run_once(office.clock.now()) == 1
