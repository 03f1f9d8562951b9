"""``why`` tells each event's decision in a paragraph, in the event's own zone and the company's."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from scheduler.calendars.agenda import Zones
from scheduler.calendars.contact import Contacts
from scheduler.calendars.feed import split
from scheduler.calls.barring import Barring
from scheduler.calls.policy import Policy
from scheduler.cli import cli
from scheduler.cli.paragraph import tell
from scheduler.duties.look import View, look
from scheduler.duties.replan import PlanRules, ReplanDuty
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import SyncedCalendar
from scheduler.http import Http, HttpSettings
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import StoredObject, record_broken, select_objects
from scheduler.sources.ics import IcsSettings, IcsSource
from tests.calendars.ics import BRUSSELS, END, SAMPLES, START, calendar
from tests.calendars.test_samples import ANNA, COMPANY, RULES
from tests.clocks import SetClock
from tests.world import World, small_world, soon

IN_THE_YEAR_9999 = ("last@example.com", "year-9999@example.com")
BARRING = Barring(region="BE", countries=frozenset({"BE"}))
WHO = "first +3228160257 (it is the calendar's), then +32468373901 (Anna Janssens is named in its title)"
ASKS = "its title begins with a word for calling, and it has no organizer, so it is the calendar owner's own"
DISPLAY = "The number on the display is the origin's own, +3228160257."


def seen(path: Path, *, now: datetime = START, planned: bool = False) -> View:
    """The calendar of a file as a daemon would see it; ``planned``: after it has planned its calls."""
    rules = PlanRules(
        calendars=(RULES,),
        company=COMPANY,
        zones={RULES.collection: Zones(floating=BRUSSELS)},
        policy=Policy(horizon=timedelta(days=300)),
    )
    contacts = Contacts([ANNA])
    with closing(Http(HttpSettings())) as http, closing(open_ledger(path.parent / "seen.db")) as ledger:
        source = IcsSource(IcsSettings(name=RULES.collection, path=path), http)
        calendars = [SyncedCalendar(source=source, every=timedelta(minutes=1), settings="a")]
        if planned:
            with closing(SyncDuty(ledger, calendars, SetClock(now), lambda _: None)) as duty:
                duty.sync_all()
            replan = ReplanDuty(ledger, rules)
            replan.use_contacts(contacts, whole=True)
            replan.run_once(now)
        return look(ledger, calendars, rules, contacts, BARRING, now, start=START, end=END)


def told(name: str, uid: str, zone: ZoneInfo = BRUSSELS, *, folder: Path, planned: bool = False) -> list[str]:
    path = Path(shutil.copy(SAMPLES / f"{name}.ics", folder))
    entries = seen(path, planned=planned).entries
    return [tell(one, zone) for one in entries if one.derivation.occurrence.uid.startswith(uid)]


def test_an_event_that_rings_tells_when_whom_and_why(tmp_path: Path) -> None:
    assert told("apple-event-with-alarm", "apple", folder=tmp_path) == [
        "“Call Anna Janssens” in calendar ann starts on Tue 12 Jan 2027 at 10:00 Europe/Brussels. It asks for a "
        f"call: {ASKS}. It rings then: {WHO}. {DISPLAY}"
    ]


def test_a_planned_call_is_named(tmp_path: Path) -> None:
    (text,) = told("apple-event-with-alarm", "apple", folder=tmp_path, planned=True)
    assert text.endswith(f"{DISPLAY} Call 1 is planned.")


def test_a_lead_tells_the_time_of_the_ring_too(tmp_path: Path) -> None:
    (text,) = told("booking-tool", "booked", folder=tmp_path)
    assert "It rings 2 min before that, on Tue 12 Jan 2027 at 09:58 Europe/Brussels: first" in text


def test_times_are_in_the_events_zone_and_in_the_companys_where_they_differ(tmp_path: Path) -> None:
    late = told("override-in-another-zone-over-midnight", "late", folder=tmp_path)[1]
    assert "starts on Thu 14 Jan 2027 at 08:00 Asia/Tokyo (00:00 Europe/Brussels);" in late
    assert (
        "by its series it would start on Wed 13 Jan 2027 at 07:30 Asia/Tokyo (Tue 12 Jan at 23:30 Europe/" in late
    )


def test_the_same_clock_under_another_name_is_told_once(tmp_path: Path) -> None:
    (text,) = told("copied-event-in-the-shared-calendar", "04", folder=tmp_path)
    assert "starts on Tue 12 Jan 2027 at 10:00 Europe/Paris." in text


@pytest.mark.parametrize(
    ("name", "uid", "start"),
    [
        (
            "zone-names-that-outlook-made-up",
            "custom",
            "Tue 12 Jan 2027 at 10:00 by the calendar's own time zone, UTC+09:00 (02:00 Europe/Brussels).",
        ),
        ("customized-time-zone-brussels", "custom", "Fri 15 Jan 2027 at 10:00 Europe/Brussels."),
    ],
)
def test_a_zone_of_the_calendars_own_is_told_by_its_offset_and_in_the_companys(
    tmp_path: Path, name: str, uid: str, start: str
) -> None:
    (text,) = told(name, uid, folder=tmp_path)
    assert f"starts on {start}" in text


def test_a_moved_instance_in_a_zone_of_the_calendars_own_tells_in_the_companys_when_it_was(tmp_path: Path) -> None:
    moved = told("winter-called-daylight-time", "night", folder=tmp_path)[1]
    assert "by its series it would start on Sun 28 Mar 2027 at 01:30 Europe/Brussels." in moved


def test_one_call_of_two_events_is_told_with_the_event_that_rings(tmp_path: Path) -> None:
    (text,) = told("zone-names-that-outlook-made-up", "known", folder=tmp_path)
    assert text.endswith(
        "But it doesn't ring: it is the same call as in calendar ann (uid numbered-summer@example.com), "
        "which rings once."
    )


@pytest.mark.parametrize(
    ("name", "uid", "end"),
    [
        (
            "google-invitations-from-a-stranger",
            "pending",
            "It doesn't ring, since eve@elsewhere.invalid organised it, who is no manager and in no trusted "
            "domain: it rings once Ann accepts it.",
        ),
        (
            "all-day-over-a-clock-change",
            "short",
            "It doesn't ring, since an all-day event never rings: give it a time.",
        ),
        ("outlook-busy-status", "oof", "It doesn't ring, since it is out of office, which never rings."),
        (
            "customized-time-zone-brussels",
            "custom",
            "But it doesn't ring: nobody to call: no contact is named 'Ada Peeters', and it has neither a number "
            "nor a guest of the contacts.",
        ),
    ],
)
def test_an_event_that_doesnt_ring_tells_why_and_no_more(tmp_path: Path, name: str, uid: str, end: str) -> None:
    (text,) = told(name, uid, folder=tmp_path)
    assert text.endswith(end)


def test_a_number_that_is_hidden_is_told_as_hidden(tmp_path: Path) -> None:
    path = tmp_path / "a.ics"
    lines = ("DTSTART:20270112T100000Z", "SUMMARY:Call Anna Janssens", "DESCRIPTION:Call-Presentation: restricted")
    path.write_bytes(calendar(*lines))
    (entry,) = seen(path).entries
    assert tell(entry, BRUSSELS).endswith("The customer sees no number: it is restricted.")


def test_what_was_too_late_is_told_in_the_past(tmp_path: Path) -> None:
    path = Path(shutil.copy(SAMPLES / "apple-event-with-alarm.ics", tmp_path))
    seen(path, planned=True)
    (entry,) = seen(path, now=END, planned=False).entries
    text = tell(replace(entry, state="ended", reason="missed: nobody placed it"), BRUSSELS)
    assert "It was to ring then: first" in text


def test_an_event_that_broke_says_so_beside_what_was_last_read_of_it(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.put("one", soon(3600))
    assert why(world, "one").exit_code == 0
    CliRunner().invoke(cli, ["sync", "--config", str(world.config)])
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        (stored,) = ledger.read(select_objects, "sales")
        ledger.write(record_broken, "sales", [_broken(stored)])
    world.configure(lambda text: text.replace("200 ms", "1 h"))
    result = why(world, "one")
    assert result.exit_code == 1
    assert "It rings then" in _unwrapped(result)
    assert "(one) in calendar sales has a fault: the event can't be read any more." in _unwrapped(result)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.ics")), ids=lambda path: path.stem)
def test_every_event_of_every_sample_is_told(tmp_path: Path, path: Path) -> None:
    world = small_world(tmp_path)
    shutil.copy(path, tmp_path / "sales.ics")
    for uid in dict.fromkeys(one.href for one in split(path.read_bytes()).objects):
        result = why(world, uid)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        text = _unwrapped(result)
        if uid in IN_THE_YEAR_9999:
            assert "but nothing of it starts within 3 years" in text
        else:
            assert "in calendar sales" in text
            assert any(words in text for words in (" rings ", "doesn't ring", "has a fault: "))


def test_an_event_far_away_is_told_by_its_nearest_instance(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.put("far", soon(200 * 86400), "RRULE:FREQ=DAILY;COUNT=5")
    world.put("past", soon(-200 * 86400), "RRULE:FREQ=DAILY;COUNT=5")
    for uid, day in (("far", 200), ("past", -196)):
        result = why(world, uid)
        assert result.stdout.count("in calendar sales") == 1
        assert f"{soon(day * 86400).astimezone(BRUSSELS):%d %b %Y}" in _unwrapped(result)


@pytest.mark.parametrize("words", ["the offer, and", "review"])
def test_an_event_that_asks_for_nothing_is_found_by_words_of_its_title(tmp_path: Path, words: str) -> None:
    world = small_world(tmp_path)
    world.put("one", soon(3600), summary="Review of the offer\\, and more")
    world.put("other", soon(3600), summary="Lunch")
    result = why(world, words)
    assert result.exit_code == 0
    assert "it doesn't ask for a call" in _unwrapped(result)
    assert result.stdout.count("in calendar sales") == 1


def test_an_event_that_must_wait_for_another_says_so_although_only_it_was_asked_for(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    at = soon(3600)
    world.put("one", at)
    world.put("two", at, "DESCRIPTION:Call-Number: +32 468 37 39 02", summary="Call Ada Peeters")
    both = why(world, "call").stdout
    for title in ("Anna", "Ada"):
        assert why(world, title).stdout in both


def test_json_has_the_paragraph_too(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.put("one", soon(3600))
    assert '"told": "“Call Anna Janssens” in calendar sales starts on' in why(world, "one", "--json").stdout


def why(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["why", "--config", str(world.config), *arguments])


def _unwrapped(result: Result) -> str:
    return " ".join(result.output.split())


def _broken(stored: StoredObject) -> StoredObject:
    return replace(stored, problem="the event can't be read any more")


def test_an_event_that_can_not_be_read_at_all_is_found_by_its_title(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    world.put("one", soon(3600), "RECURRENCE-ID:whenever")
    result = why(world, "anna janssens")
    assert result.exit_code == 1
    assert "Event “Call Anna Janssens” of 20" in _unwrapped(result)
