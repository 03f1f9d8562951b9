"""What a change of tzdata, of the program or of the configuration does to the plan is done, and told."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.calendars.contact import Contacts
from scheduler.calendars.zone import use_packaged_tzdata
from scheduler.calls.call import Call
from scheduler.database import Connection, Database
from scheduler.duties.rederive import RederiveDuty
from scheduler.duties.replan import ReplanDuty
from scheduler.errors import DatabaseBusy
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import select_calls
from scheduler.ledger.collections import StoredObject, record_fetched, upsert_objects
from scheduler.ledger.events import select_events
from scheduler.ledger.provenance import Provenance, select_provenance
from tests.calendars.ics import calendar
from tests.clocks import NOON
from tests.duties.support import DESTINATION
from tests.duties.test_replan import rules

BEFORE = Provenance(tzdata="2026.5", parser="call-scheduler 1", configuration="a")
LATER = NOON + timedelta(minutes=1)
TZDATA = replace(BEFORE, tzdata="2026.6")
MOVED = "tzdata changed from 2026.5 to 2026.6"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """Plans a call tomorrow at ten in Brussels, made with ``BEFORE``."""
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        ledger.write(record_fetched, "sales", "a", "", NOON, news=True)
        data = calendar("DTSTART;TZID=Europe/Brussels:20261124T100000", f"SUMMARY:Call {DESTINATION}")
        ledger.write(upsert_objects, "sales", [StoredObject(href="one.ics", etag="1", data=data)])
        assert duty(ledger, BEFORE).run_once(NOON).changes == {"add": 1}
        yield ledger


@pytest.fixture
def brussels_on_tokyos_clock(tmp_path: Path) -> Iterator[None]:
    """Another tz database: from now on Brussels keeps the time of Tokyo."""
    (tmp_path / "zoneinfo/Europe").mkdir(parents=True)
    tokyo = files("tzdata").joinpath("zoneinfo/Asia/Tokyo").read_bytes()
    (tmp_path / "zoneinfo/Europe/Brussels").write_bytes(tokyo)
    zoneinfo.reset_tzpath(to=[str(tmp_path / "zoneinfo")])
    ZoneInfo.clear_cache()
    yield
    use_packaged_tzdata()


def duty(ledger: Database, provenance: Provenance) -> RederiveDuty:
    """As a daemon that starts with it."""
    return RederiveDuty(ledger, ReplanDuty(ledger, rules("sales")), provenance)


def the_call(ledger: Database) -> Call:
    span = timedelta(days=9)
    (call,) = ledger.read(select_calls, since=NOON - span, until=NOON + span, limit=9)
    return call


def history(ledger: Database) -> list[tuple[str, str]]:
    return [(event.kind, event.detail) for event in ledger.read(select_events, the_call(ledger).id)]


def notices(ledger: Database) -> list[str]:
    sql = "SELECT detail FROM event WHERE kind = 'planned_anew'"
    return [str(row["detail"]) for row in ledger.read(lambda connection: connection.execute(sql).fetchall())]


@pytest.mark.usefixtures("ledger", "brussels_on_tokyos_clock")
def test_another_tz_database_moves_the_calls_and_says_which(
    ledger: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert f"{the_call(ledger).due_at:%H:%M}" == "09:00"
    duty(ledger, TZDATA).run_once(LATER)
    assert f"{the_call(ledger).due_at:%H:%M}" == "01:00"
    assert history(ledger) == [("planned", ""), ("moved", MOVED)]
    assert notices(ledger) == [f"{MOVED}: 1 move"]
    assert f"planned anew, because {MOVED}: 1 move; calls {the_call(ledger).id}" in caplog.messages


@pytest.mark.usefixtures("ledger", "brussels_on_tokyos_clock")
def test_a_daemon_that_starts_catches_up_before_it_is_asked_to(ledger: Database) -> None:
    duty(ledger, TZDATA).catch_up(LATER)
    assert f"{the_call(ledger).due_at:%H:%M}" == "01:00"


def test_a_new_program_under_which_nothing_moves_says_so(ledger: Database) -> None:
    duty(ledger, replace(BEFORE, parser="call-scheduler 2")).catch_up(LATER)
    assert history(ledger) == [("planned", "")]
    assert notices(ledger) == ["the program changed from call-scheduler 1 to call-scheduler 2: nothing moved"]


def test_another_configuration_moves_the_calls_and_says_so(ledger: Database) -> None:
    running = duty(ledger, BEFORE)
    other = rules("sales")
    ahead = replace(other, company=replace(other.company, lead=timedelta(minutes=5)))
    running.use(ahead, Contacts(), replace(BEFORE, configuration="b"), whole=True)
    running.run_once(LATER)
    assert f"{the_call(ledger).due_at:%H:%M}" == "08:55"
    assert history(ledger) == [("planned", ""), ("moved", "the configuration changed")]


def test_a_call_that_another_configuration_calls_off_says_so(ledger: Database) -> None:
    running = duty(ledger, BEFORE)
    running.use(rules(), Contacts(), replace(BEFORE, configuration="b"), whole=True)
    assert running.run_once(LATER).calls == (the_call(ledger).id,)
    assert history(ledger) == [("planned", ""), ("cancelled", "the configuration changed")]


def test_where_nothing_changed_nothing_is_told(ledger: Database) -> None:
    duty(ledger, BEFORE).catch_up(LATER)
    duty(ledger, BEFORE).run_once(LATER)
    assert (history(ledger), notices(ledger)) == ([("planned", "")], [])


def test_a_round_that_fails_is_made_good_and_told_by_the_next(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = duty(ledger, TZDATA)

    def busy(*_: object, **__: object) -> object:
        raise DatabaseBusy("locked")

    with monkeypatch.context() as patched:
        patched.setattr(ReplanDuty, "run_once", busy)
        with pytest.raises(DatabaseBusy):
            failing.run_once(LATER)
    assert ledger.read(select_provenance) == BEFORE
    failing.run_once(LATER)
    assert notices(ledger) == [f"{MOVED}: nothing moved"]
    assert ledger.read(select_provenance) == TZDATA


def test_two_changes_are_told_together(ledger: Database) -> None:
    duty(ledger, replace(TZDATA, configuration="b")).run_once(LATER)
    assert notices(ledger) == [f"{MOVED} and the configuration changed: nothing moved"]


def test_the_ledger_holds_one_provenance(ledger: Database) -> None:
    def count(connection: Connection) -> int:
        return int(connection.execute("SELECT count(*) FROM provenance").fetchone()[0])

    duty(ledger, TZDATA).run_once(LATER)
    assert ledger.read(count) == 1
