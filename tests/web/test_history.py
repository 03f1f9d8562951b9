"""The page that searches all calls: what it finds, what it says of what it can't, and its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from scheduler.calendars.contact import Contact, ContactNumber, Contacts
from tests.calls.builders import HOUR, MINUTE, OTHER_CUSTOMER, SECOND_ORIGIN, want
from tests.clocks import NOON
from tests.web.day import Day, fill
from tests.web.page import FACTS, Nobody, Page, served


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def day(page: Page) -> Day:
    return fill(page.desk)


def search(page: Page, **asked: str) -> str:
    answer = page.get(f"/history?{urlencode(asked)}")
    assert answer.status_code == 200
    return answer.text


def titles(text: str) -> list[str]:
    """The first two words of each title that is listed."""
    return re.findall(r'<th scope="row"><a href="/calls/\d+">([^\s<]+ [^\s<]+)', text)


@pytest.mark.usefixtures("day")
def test_without_any_words_the_newest_calls_up_to_this_evening_are_shown(page: Page) -> None:
    page.desk.plan(replace(want("tomorrow", at=NOON + 24 * HOUR), summary="Call Tomorrow"))
    listed = titles(search(page))
    assert listed[:3] == ["Call Hugo", "Call Femke", "Call Gert"]
    assert "Call Tomorrow" not in listed
    assert "Call Tomorrow" in titles(search(page, until="2026-11-24"))


@pytest.mark.usefixtures("day")
def test_words_of_a_title_are_searched_in_whatever_case(page: Page) -> None:
    assert titles(search(page, q="femke")) == ["Call Femke"]


@pytest.mark.usefixtures("day")
def test_a_number_is_searched_however_it_is_written(page: Page) -> None:
    page.desk.plan(replace(want("other", at=NOON + HOUR, destination=OTHER_CUSTOMER), summary="Call Other"))
    assert titles(search(page, q="0044 (0)20 7946 0123")) == ["Call Other"]
    assert "Call Other" not in titles(search(page, q="0468 37 39 01"))


def test_a_customers_name_finds_calls_of_whatever_title(page: Page) -> None:
    page.desk.plan(replace(want("other", at=NOON + HOUR, destination=OTHER_CUSTOMER), summary="Quarterly review"))
    anna = Contact(name="Anna Janssens", numbers=(ContactNumber(number=OTHER_CUSTOMER),))
    page.office.known = lambda: Nobody(contacts=Contacts([anna]))
    assert titles(search(page, q="janssens, anna")) == ["Quarterly review"]
    assert titles(search(page, q="Anna")) == []


@pytest.mark.usefixtures("day")
def test_outcome_and_manager_narrow_what_is_found(page: Page) -> None:
    page.office.facts = replace(
        FACTS, managers=(*FACTS.managers, replace(FACTS.managers[0], name="Ben", origin=SECOND_ORIGIN))
    )
    assert titles(search(page, outcome="missed")) == ["Call Dirk"]
    assert titles(search(page, outcome="missed", manager="Ann Peeters")) == ["Call Dirk"]
    assert titles(search(page, outcome="missed", manager="Ben")) == []


@pytest.mark.usefixtures("day")
def test_dates_are_days_of_the_company(page: Page) -> None:
    at = NOON - 12 * HOUR - 30 * MINUTE  # half past midnight in Brussels, and still yesterday in UTC
    page.desk.plan(replace(want("night", at=at), summary="Call Night"))
    assert "Call Night" in titles(search(page, since="2026-11-23"))
    assert titles(search(page, until="2026-11-22")) == []


def test_nothing_found_is_said(page: Page) -> None:
    assert "No such call was found." in search(page, q="zebra")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"q": "112"}, "search for a whole number"),
        ({"q": "0468 37"}, "search for a whole number"),
        ({"manager": "Nobody"}, "no manager with a phone is called"),
        ({"outcome": "happy"}, "no call ends as"),
        ({"since": "yesterday"}, "is no date"),
        ({"until": "9999-12-31"}, "is too far away"),
        ({"since": "0001-01-01"}, "is too far away"),
        ({"before": "2026"}, "address is damaged"),
        ({"before": "2026-11-23T12:00:00.000000Z/x"}, "address is damaged"),
        ({"before": "x/1"}, "address is damaged"),
        ({"before": f"2026-11-23T12:00:00.000000Z/{10**30}"}, "address is damaged"),
        ({"before": "2026-11-23T12:00:00.000000Z/-5"}, "address is damaged"),
        ({"before": "0001-01-01T00:00:00+05:00/1"}, "address is damaged"),
    ],
)
def test_what_cannot_be_meant_is_told_beside_what_was_typed(
    page: Page, asked: dict[str, str], problem: str
) -> None:
    answer = page.get(f"/history?{urlencode(asked)}")
    assert answer.status_code == 400
    assert problem in answer.text.replace("&#39;", "'")
    assert all(value in answer.text for name, value in asked.items() if name in ("q", "since", "until"))


@pytest.mark.usefixtures("day")
def test_words_that_are_far_too_long_are_no_error(page: Page) -> None:
    assert "No such call was found." in search(page, q="_" * 30_000)


def test_what_was_typed_is_shown_as_text(page: Page) -> None:
    assert "&lt;b&gt;&#34;" in search(page, q='<b>"')


def follow(page: Page, text: str, name: str) -> str:
    found = re.search(rf'<a href="([^"]+)">{name}</a>', text)
    assert found, f"there is no link {name}"
    answer = page.get(found[1].replace("&amp;", "&"))
    assert answer.status_code == 200
    return answer.text


@pytest.mark.usefixtures("day")
def test_older_leads_to_what_the_page_left_out_and_newest_back(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = titles(search(page, manager="Ann Peeters"))
    monkeypatch.setattr("scheduler.web.pages.history._A_PAGE", 3)
    text = search(page, manager="Ann Peeters")
    seen = titles(text)
    while ">Older</a>" in text:
        text = follow(page, text, "Older")
        seen += titles(text)
    assert seen == whole
    assert titles(follow(page, text, "Newest")) == whole[:3]


@pytest.mark.usefixtures("day")
def test_a_search_that_pauses_says_so_and_can_go_on(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.ledger.browse.WALK", 3)
    text = search(page, q="dirk")
    assert "The search has looked back to" in text
    for _ in range(4):
        if "Look farther back" in text and not titles(text):
            text = follow(page, text, "Look farther back")
    assert titles(text) == ["Call Dirk"]


def test_yesterdays_calls_are_history_today(page: Page, day: Day) -> None:
    page.clock.advance(timedelta(days=1))
    assert f"/calls/{day.answered}" in search(page)
