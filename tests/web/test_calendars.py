"""The page of calendars and contacts: how fresh they are, what is wrong, and the button that accepts a loss."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from scheduler.calendars.component import Fault
from scheduler.calendars.contact import Contact
from scheduler.errors import Problem
from scheduler.ledger.collections import ADDRESS_BOOK, record_failed, record_fetched
from scheduler.ledger.vanished import select_held_ids
from tests.clocks import NOON
from tests.web.day import Day, fill
from tests.web.page import Nobody, Page, served


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def day(page: Page) -> Day:
    return fill(page.desk)


def words(page: Page) -> str:
    return unescape(" ".join(re.sub("<[^>]+>", " ", page.get("/calendars").text).split()))


@pytest.mark.usefixtures("day")
def test_each_calendar_says_how_fresh_it_is(page: Page) -> None:
    page.clock.advance(timedelta(minutes=4))
    assert "Calendar sales fresh read well 5 min ago, Mon 23 Nov 2026 12:59:00 ; holds 0 objects." in words(page)


@pytest.mark.usefixtures("day")
def test_a_calendar_that_fails_says_why_and_what_happens_next(page: Page) -> None:
    text = words(page)
    assert "Calendar support fails never read well" in text
    assert "the server answers 503 Service Unavailable; failure 1 in a row" in text
    assert "or at once with call-scheduler sync" in text


def test_a_login_that_is_refused_has_a_remedy_of_its_own(page: Page) -> None:
    page.ledger.write(record_failed, "sales", "a", "the login was refused", NOON, forbidden=True)
    assert "put the login in order" in words(page)


def test_a_calendar_that_was_never_tried_is_shown_all_the_same(page: Page) -> None:
    assert words(page).count("not read yet") == 2


@pytest.mark.usefixtures("day")
def test_what_was_configured_once_and_is_no_longer_is_not_shown(page: Page) -> None:
    page.ledger.write(record_fetched, "old calendar", "a", "", NOON, news=True)
    assert "old calendar" not in words(page)


def test_events_that_cannot_be_read_stand_beside_their_calendar(page: Page) -> None:
    fault = Fault(href="one.ics", uid="one", reason="its start is no time")
    page.office.faults = lambda: (("support", fault),)
    assert re.search("Calendar support .* one : its start is no time", words(page))
    assert "its start is no time" not in words(page).partition("Calendar support")[0]


def test_a_held_loss_is_accepted_where_its_calendar_stands(page: Page, day: Day) -> None:
    assert "1 of its 2 coming calls vanished at once" in words(page)
    page.press("/holds/accept", "/calendars", calendar="sales")
    accepted = page.ledger.read(lambda c: c.execute("SELECT accepted FROM vanished").fetchone()["accepted"])
    assert (accepted, page.ledger.read(select_held_ids)) == (1, {day.held})  # the daemon's next round cancels it


def test_contacts_say_who_can_be_named_in_vain_and_what_is_wrong_with_them(page: Page) -> None:
    problem = Problem(where="customers.csv, line 7", what="no number", remedy="add one")
    mute = Contact(name="Jan Peeters", source="customers.csv, line 9")
    page.office.known = lambda: Nobody(problems=(problem,), mute={"customers.csv": (mute,)})
    text = words(page)
    assert "customers.csv, line 7 no number (add one)" in text
    assert "customers.csv: 1 contact" in text
    assert "Jan Peeters (customers.csv, line 9)" in text


def test_an_address_book_is_as_fresh_as_its_fetches(page: Page) -> None:
    page.ledger.write(record_fetched, f"{ADDRESS_BOOK}clients", "a", "", NOON, news=True)
    assert "Address book clients fresh read well 0 s ago" in words(page)


def test_a_long_list_of_faults_is_cut_and_says_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.web.pages.calendars._MOST", 1)
    faults = tuple(("sales", Fault(href="", uid=str(number), reason="broken")) for number in range(3))
    page.office.faults = lambda: faults
    assert "And 2 more." in words(page)
