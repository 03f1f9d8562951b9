"""What the pages show of the ledger, and what becomes of it when their buttons are pressed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calendars.diary import Silence
from scheduler.calls.call import Outcome, State
from scheduler.ledger.alerts import select_alerts
from scheduler.ledger.events import select_events
from scheduler.ledger.pauses import select_pauses
from scheduler.ledger.vanished import select_held_ids
from tests.clocks import NOON
from tests.web.day import Day, fill
from tests.web.page import FACTS, Page, served


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def day(page: Page) -> Day:
    return fill(page.desk)


def section(page: Page, name: str) -> str:
    """One part of the first page, as text."""
    found = re.search(rf'<section aria-labelledby="{name}">(.*?)</section>', page.get("/").text, re.DOTALL)
    assert found, f"there is no {name}"
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())


def pauses(page: Page) -> list[tuple[str, str]]:
    return [(str(one.scope), one.reason) for one in page.ledger.read(select_pauses, page.clock.now())]


def test_an_empty_day_says_so(page: Page) -> None:
    assert "No call is going on." in section(page, "ringing")
    assert "Nothing more is planned today." in section(page, "planned")
    assert 'id="troubles"' not in page.get("/").text


@pytest.mark.usefixtures("day")
def test_each_call_of_today_stands_where_one_looks_for_it(page: Page) -> None:
    assert "Call Gert Willems" in section(page, "ringing")
    assert "13:00:00" in section(page, "ringing")  # noon UTC, by the clocks of Brussels
    assert re.findall(r"Call \w+", section(page, "problems")) == ["Call Dirk", "Call Emma"]
    assert re.findall(r"Call \w+", section(page, "planned")) == ["Call Femke", "Call Hugo"]
    assert re.findall(r"Call \w+", section(page, "done")) == ["Call Chloé", "Call Ben"]


@pytest.mark.usefixtures("day")
def test_a_call_of_yesterday_or_tomorrow_is_not_todays(page: Page) -> None:
    page.clock.advance(timedelta(days=1))
    assert "Call" not in section(page, "planned")
    assert "No call of today went wrong." in section(page, "problems")


def test_what_calling_hours_moved_into_today_is_todays(page: Page, day: Day) -> None:
    tomorrow = NOON + timedelta(days=1)
    page.ledger.write(
        lambda c: c.execute(
            "UPDATE call SET due_at = ?, deadline_at = ? WHERE id = ?",
            (f"{tomorrow:%Y-%m-%dT%H:%M:%S}.000000Z", f"{tomorrow:%Y-%m-%dT%H:%M:%S}.000000Z", day.planned),
        ).close()
    )
    assert "Call Femke" not in section(page, "planned")
    page.clock.advance(timedelta(days=1))
    assert "Call Femke" in section(page, "planned")


@pytest.mark.usefixtures("day")
def test_every_call_says_who_rings_whom_and_why_it_stands_so(page: Page) -> None:
    missed = section(page, "problems")
    assert "Ann Peeters +3228160257 +32468373901 missed its time had passed when the machine came back" in missed
    assert "held: its appointment vanished" in section(page, "planned")


def test_what_a_stranger_wrote_into_a_title_or_a_record_is_shown_as_text(page: Page, day: Day) -> None:
    assert "Call Chloé Dubois &lt;VIP&gt;" in page.get("/").text
    assert "&lt;b&gt;none&lt;/b&gt;" in page.get(f"/calls/{day.unknown}").text


def test_an_appointment_that_will_not_ring_says_why(page: Page) -> None:
    why = "two contacts are called Jan Peeters"
    silence = Silence(
        uid="one", recurrence_id="", starts_at=NOON, asks=True, reason=why, summary="Call Jan Peeters"
    )
    asked_for = []

    def silent(since: datetime, until: datetime) -> tuple[tuple[str, Silence], ...]:
        asked_for.append((since, until))
        return (("sales", silence),)

    page.office.silent = silent
    assert f"13:00:00 Call Jan Peeters : {why} sales" in section(page, "silent")
    midnight = NOON - timedelta(hours=13)  # in Brussels
    assert asked_for == [(midnight, midnight + timedelta(days=1))]


@pytest.mark.usefixtures("day")
def test_a_list_stays_short_and_says_how_many_more_there_are(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.web.pages.today._MOST", 1)
    assert "And 1 more." in section(page, "planned")
    assert "2 planned" in page.get("/").text


def test_what_is_wrong_stands_on_the_first_page_with_what_mends_it(page: Page, day: Day) -> None:
    troubles = section(page, "troubles")
    assert "Calendar support the server answers 503 Service Unavailable; failure 1 in a row" in troubles
    assert "1 of its 2 coming calls vanished at once" in troubles
    assert f"call {day.missed} was missed" in troubles
    assert f'href="/calls/{day.unknown}"' in page.get("/").text


def test_the_story_of_a_call_tells_its_attempts_records_and_history(page: Page, day: Day) -> None:
    text = " ".join(re.sub("<[^>]+>", " ", page.get(f"/calls/{day.unknown}").text).split())
    assert "Attempt 1, Mon 23 Nov 2026 07:00:00" in text
    assert "called back, not counted yet" in text
    assert re.search("planned .* requested .* unknown .* alert", text)
    assert "The calendar holds it no longer." in text


def test_the_story_never_shows_the_secret_of_the_callback(page: Page, day: Day) -> None:
    (attempt,) = page.desk.attempts(day.unknown)
    assert attempt.reference not in page.get(f"/calls/{day.unknown}").text


def test_a_call_that_is_not_there_is_told(page: Page) -> None:
    answer = page.get("/calls/77")
    assert (answer.status_code, "There is no call 77." in answer.text) == (404, True)
    assert page.get("/calls/no-number").status_code == 404
    assert page.get(f"/calls/{2**63}").status_code == 404
    assert page.press(f"/calls/{2**63}/again", "/pauses") == f"Not done: there is no call {2**63}."


def test_a_pause_of_everything_waits_for_somebody_to_resume_it(page: Page) -> None:
    assert page.press("/pauses", "/pauses", scope="everything", reason="  a\ntraining ") == (
        "Paused: everything, until somebody resumes it."
    )
    assert pauses(page) == [("everything", "a training")]
    (pause,) = page.ledger.read(select_pauses, page.clock.now())
    told = page.press("/pauses/end", "/", pause=str(pause.id))
    assert told.startswith("Resumed: everything.")
    assert pauses(page) == []


def test_a_pause_ends_by_the_companys_clock(page: Page) -> None:
    told = page.press("/pauses", "/pauses", scope="calendar sales", until="2026-11-23T13:30")
    assert told == "Paused: calendar sales, until Mon 23 Nov 2026 13:30:00."
    (pause,) = page.ledger.read(select_pauses, NOON)
    assert pause.until == NOON + timedelta(minutes=30)


@pytest.mark.usefixtures("day")
def test_a_manager_is_paused_by_name(page: Page) -> None:
    assert page.press("/pauses", "/pauses", scope="manager Ann Peeters (+3228160257)").startswith(
        "Paused: manager Ann Peeters"
    )
    assert pauses(page) == [("origin +3228160257", "")]
    assert "will wait: paused" in section(page, "planned")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"scope": "everything", "until": "2026-11-23T12:59"}, "Not done: the end of the pause is past already."),
        ({"scope": "everything", "until": "soon"}, "Not done: 'soon' is no time"),
        ({"scope": "everything", "until": "0001-01-01T00:00"}, "Not done: '0001-01-01T00:00' is no time"),
        ({"scope": "manager Eve"}, "Not done: there is nothing called 'manager Eve' to pause."),
        ({}, "Not done: there is nothing called '' to pause."),
    ],
)
def test_a_pause_that_makes_no_sense_is_refused_with_the_reason(
    page: Page, fields: dict[str, str], told: str
) -> None:
    assert page.press("/pauses", "/pauses", **fields).startswith(told)
    assert pauses(page) == []


def test_a_pause_that_is_over_is_not_ended_twice_and_ends_no_other(page: Page) -> None:
    page.press("/pauses", "/pauses", scope="everything")
    assert page.press("/pauses/end", "/pauses", pause="77") == "Not done: that pause is over already."
    assert pauses(page) == [("everything", "")]


def test_a_pause_of_a_calendar_that_is_configured_no_more_can_still_be_ended(page: Page) -> None:
    page.press("/pauses", "/pauses", scope="calendar sales")
    page.office.facts = replace(FACTS, calendars=())
    assert page.press("/pauses/end", "/pauses", pause="1").startswith("Resumed: calendar sales.")


def test_somebody_says_how_an_unknown_call_ended(page: Page, day: Day) -> None:
    at = f"/calls/{day.unknown}"
    told = page.press(f"{at}/outcome", at, outcome="answered", note="Emma says so")
    assert told == f"Decided: call {day.unknown} ended as answered."
    call = page.desk.call(day.unknown)
    assert (call.outcome, call.reason) == (Outcome.ANSWERED, "decided by somebody at this machine: Emma says so")
    assert f'action="{at}/outcome"' not in page.get(at).text


@pytest.mark.parametrize("outcome", ["missed", "", "nonsense"])
def test_no_other_end_than_a_requested_call_can_have_is_taken(page: Page, day: Day, outcome: str) -> None:
    at = f"/calls/{day.unknown}"
    assert page.press(f"{at}/outcome", at, outcome=outcome) == "Not done: say how the call ended."


def test_what_the_daemon_refuses_is_told_as_it_says_it(page: Page, day: Day) -> None:
    told = page.press(f"/calls/{day.answered}/outcome", f"/calls/{day.unknown}", outcome="busy")
    assert told == f"Not done: call {day.answered} ended as answered: only an unknown end is decided by a person."


@pytest.mark.parametrize("which", ["unknown", "busy", "missed"])
def test_a_call_that_reached_nobody_is_placed_again_and_leads_to_the_new_one(
    page: Page, day: Day, which: str
) -> None:
    old = getattr(day, which)
    told = page.press(f"/calls/{old}/again", f"/calls/{old}")
    assert told == f"Call {old} is rung again, as this call."
    new = page.desk.call(day.held + 1)
    assert (new.again_of, new.state, new.due_at) == (old, State.PLANNED, NOON)
    assert f'href="/calls/{new.id}"' in page.get(f"/calls/{old}").text
    assert f'action="/calls/{old}/again"' not in page.get(f"/calls/{old}").text


def test_a_call_is_placed_again_at_a_time_of_the_companys_clock(page: Page, day: Day) -> None:
    page.press(f"/calls/{day.busy}/again", f"/calls/{day.busy}", at="2026-11-23T16:00")
    assert page.desk.call(day.held + 1).due_at == NOON + timedelta(hours=3)


@pytest.mark.parametrize("which", ["answered", "ringing", "planned"])
def test_a_call_that_need_not_or_must_not_ring_again_has_no_button(page: Page, day: Day, which: str) -> None:
    assert "/again" not in page.get(f"/calls/{getattr(day, which)}").text


def test_a_held_loss_is_accepted(page: Page, day: Day) -> None:
    page.press("/holds/accept", "/", calendar="sales")
    accepted = page.ledger.read(lambda c: c.execute("SELECT accepted FROM vanished").fetchone()["accepted"])
    assert (accepted, page.ledger.read(select_held_ids)) == (1, {day.held})  # the daemon's next round cancels it


@pytest.mark.usefixtures("day")
def test_alerts_that_somebody_has_seen_are_shown_no_more(page: Page) -> None:
    assert page.press("/alerts/acknowledge", "/").startswith("Acknowledged")
    assert page.ledger.read(select_alerts, NOON - timedelta(days=1)) == ()
    assert "was missed" not in page.get("/").text.partition('id="ringing"')[0]


def test_what_is_told_is_told_by_no_link_that_somebody_made_up(page: Page) -> None:
    assert 'class="told' not in page.get("/?told=guessed").text


@pytest.mark.parametrize("back", ["https://evil.example.com", "//evil.example.com", ""])
def test_a_button_leads_to_no_other_site(page: Page, back: str) -> None:
    fields = {"token": page.token("/pauses"), "back": back, "scope": "everything"}
    assert page.post("/pauses", fields).headers["Location"].startswith("/?told=")


def test_who_paused_and_resumed_stays_in_the_history(page: Page) -> None:
    page.press("/pauses", "/pauses", scope="everything")
    page.press("/pauses/end", "/pauses", pause="1")
    details = page.ledger.read(lambda c: [row["detail"] for row in c.execute("SELECT detail FROM event")])
    assert details == ["pause 1, by somebody at this machine"] * 2
    assert page.ledger.read(select_events, 1) == ()
