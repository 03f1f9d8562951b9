"""The page in Debian's Chromium: every page, every button, by the keyboard alone, on a phone, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from tests.calls.builders import HOUR, want
from tests.clocks import NOON
from tests.ledger.desk import Desk
from tests.servers import free_port
from tests.system.chromium import DESKTOP, PHONE, Window, chromium
from tests.web import page as site
from tests.web.day import Day, fill
from tests.world import await_true, soon, whole_world

pytestmark = pytest.mark.system

PAGES = {
    "today": "/",
    "day": "/day",
    "history": "/history",
    "outcomes": "/outcomes",
    "calendars": "/calendars",
    "pauses": "/pauses",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[site.Page]:
    with site.served(tmp_path) as found:
        yield found


@pytest.fixture
def day(served: site.Page) -> Day:
    return fill(served.desk)


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    found = Window(browser)
    yield found
    found.context.close()


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("status").first).to_contain_text(text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("size", "device"), [(DESKTOP, "desk"), (PHONE, "phone")])
def test_every_page_can_be_read_and_used_by_everybody(
    browser: Browser, served: site.Page, day: Day, scheme: str, size: tuple[int, int], device: str
) -> None:
    served.press("/pauses", "/pauses", scope="calendar support", reason="moving house")
    window = Window(browser, size=size, scheme=scheme)
    barriers = []
    pages = {**PAGES, "call": f"/calls/{day.unknown}", "refusal": "/nothing-here"}
    for name, path in pages.items():
        window.page.goto(served.url + path)
        window.keep_screenshot(f"{name}-{device}-{scheme}")
        barriers += [f"{name}: {barrier}" for barrier in window.barriers()]
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert window.page.evaluate(overflow) == 0, name
    window.context.close()
    assert barriers == []


def test_the_login_can_be_read_by_everybody_also_after_it_failed(browser: Browser, tmp_path: Path) -> None:
    with site.served(tmp_path, site.with_users()) as served:
        window = Window(browser)
        window.page.goto(f"{served.url}/pauses")
        assert window.barriers() == []
        _log_in(window.page, "not the password")
        expect(window.page.get_by_role("alert")).to_contain_text("don't belong together")
        window.keep_screenshot("login-desk-light")
        assert window.barriers() == []
        _log_in(window.page, site.PASSWORD)
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Pauses")
        window.page.get_by_role("button", name="Log out").click()
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Log in")
        window.page.goto(served.url)
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Log in")
        window.context.close()


def _log_in(page: Page, password: str) -> None:
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_who_may_only_look_is_offered_no_button(browser: Browser, tmp_path: Path) -> None:
    with site.served(tmp_path, site.with_users()) as served:
        day = fill(served.desk)
        window = Window(browser)
        page = window.page
        page.goto(served.url)
        page.get_by_label("Name").fill("ben")
        page.get_by_label("Password").fill(site.PASSWORD)
        page.get_by_role("button", name="Log in").click()
        for path in (*PAGES.values(), f"/calls/{day.unknown}"):
            page.goto(served.url + path)
            buttons = set(page.get_by_role("button").all_text_contents())
            assert buttons - {"Search", "Show"} == {"Log out"}  # those two change nothing
        window.context.close()


def test_a_pause_begins_and_ends_by_its_buttons(served: site.Page, window: Window) -> None:
    page = window.page
    page.goto(f"{served.url}/pauses")
    page.get_by_label("What").select_option("everything")
    page.get_by_label("Until").fill("2026-11-23T14:00")
    page.get_by_label("Why").fill("fire drill")
    page.get_by_role("button", name="Pause").click()
    told(page, "Paused: everything, until Mon 23 Nov 2026 14:00:00.")
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_text("Paused: everything")).to_be_visible()
    page.get_by_role("button", name="Resume everything").click()
    told(page, "Resumed: everything.")
    expect(page.get_by_text("Paused: everything")).not_to_be_visible()


def test_an_unknown_call_is_decided_about(served: site.Page, day: Day, window: Window) -> None:
    page = window.page
    page.goto(served.url)
    page.get_by_role("link", name="Call Emma Claes").click()
    page.get_by_label("It ended as").select_option("no answer")
    page.get_by_label("How you know").fill("Emma was away")
    page.get_by_role("button", name="Record how it ended").click()
    told(page, f"Decided: call {day.unknown} ended as no answer.")
    expect(page.get_by_text("decided by somebody at this machine: Emma was away").first).to_be_visible()


def test_a_missed_call_is_placed_again(served: site.Page, day: Day, window: Window) -> None:
    page = window.page
    page.goto(f"{served.url}/calls/{day.missed}")
    page.get_by_text("Place it again…").click()
    page.get_by_role("button", name="Place it again").click()
    told(page, f"Call {day.missed} is rung again, as this call.")
    expect(page.get_by_role("link", name=f"call {day.missed}")).to_be_visible()


@pytest.mark.usefixtures("day")
def test_a_held_loss_is_accepted_and_alerts_are_acknowledged(served: site.Page, window: Window) -> None:
    page = window.page
    page.goto(served.url)
    page.get_by_text("They were deleted on purpose…").click()
    page.get_by_role("button", name="Accept, and cancel what is held").click()
    told(page, "calendar sales")
    page.get_by_role("button", name="I have seen these alerts").click()
    told(page, "Acknowledged")
    expect(page.get_by_role("link", name="See call")).to_have_count(0)


@pytest.mark.usefixtures("day")
def test_a_call_is_found_in_the_history_and_led_to(served: site.Page, window: Window) -> None:
    page = window.page
    page.goto(served.url)
    page.get_by_role("link", name="History").click()
    page.get_by_label("Number, name or title").fill("dirk")
    page.get_by_label("Ended as").select_option("missed")
    page.get_by_label("Number, name or title").press("Enter")
    expect(page.get_by_label("Number, name or title")).to_have_value("dirk")
    expect(page.get_by_role("row")).to_have_count(2)  # the names of the columns, and one call
    page.get_by_role("link", name="Call Dirk Wouters").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Call Dirk Wouters")


@pytest.mark.usefixtures("day")
def test_a_held_loss_is_accepted_beside_its_calendar(served: site.Page, window: Window) -> None:
    page = window.page
    page.goto(served.url)
    page.get_by_role("link", name="Calendars").click()
    page.get_by_text("They were deleted on purpose…").click()
    page.get_by_role("button", name="Accept, and cancel what is held").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Calendars and contacts")
    told(page, "calendar sales")


@pytest.mark.usefixtures("day")
def test_other_days_and_longer_periods_are_a_press_away(served: site.Page, window: Window) -> None:
    page = window.page
    page.goto(served.url)
    page.get_by_role("link", name="Day", exact=True).click()
    page.get_by_role("link", name="The day before").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sun 22 Nov 2026")
    page.get_by_label("Another day").fill("2026-11-23")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="Call Dirk Wouters")).to_be_visible()
    page.get_by_role("link", name="Outcomes").click()
    page.get_by_role("link", name="Last 31 days").click()
    expect(page.get_by_text("calls of the last 31 days ended")).to_be_visible()


def test_what_the_daemon_refuses_is_told(served: site.Page, day: Day, window: Window) -> None:
    page = window.page
    page.goto(f"{served.url}/calls/{day.unknown}")
    at = f"/calls/{day.unknown}"
    served.press(f"{at}/outcome", at, outcome="busy")  # by somebody else, meanwhile
    page.get_by_role("button", name="Record how it ended").click()
    told(page, f"Not done: call {day.unknown} ended as busy")


def test_the_keyboard_alone_goes_everywhere(served: site.Page, window: Window) -> None:
    page = window.page
    page.goto(served.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.goto(served.url)
    window.tab_to("Pauses")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pauses")
    window.tab_to("Why")
    page.keyboard.type("by hand")
    window.tab_to("Pause")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Space")
    told(page, "Paused: everything")
    window.tab_to("Resume everything")
    page.keyboard.press("Enter")
    told(page, "Resumed: everything")
    assert outline == "solid"


def test_without_scripts_every_page_and_button_works_too(browser: Browser, served: site.Page, day: Day) -> None:
    window = Window(browser, scripts=False)
    page = window.page
    page.goto(f"{served.url}/pauses")
    page.get_by_role("button", name="Pause").click()
    told(page, "Paused: everything")
    page.goto(f"{served.url}/calls/{day.busy}")
    page.get_by_text("Place it again…").click()
    page.get_by_role("button", name="Place it again").click()
    told(page, f"Call {day.busy} is rung again")
    window.context.close()


def test_what_changes_is_shown_without_a_reload(served: site.Page, window: Window) -> None:
    window.page.goto(served.url)
    _plan(served.desk, "Call Ilse Martens")
    expect(window.page.get_by_role("link", name="Call Ilse Martens")).to_be_visible(timeout=20_000)


def _plan(desk: Desk, summary: str) -> None:
    desk.plan(replace(want("new", at=NOON + HOUR), summary=summary))


@pytest.mark.usefixtures("day")
def test_a_link_that_has_the_focus_keeps_it_while_the_page_changes(served: site.Page, window: Window) -> None:
    page = window.page
    page.goto(served.url)
    page.get_by_role("link", name="Call Femke Jacobs").focus()
    _plan(served.desk, "Call Ilse Martens")
    expect(page.get_by_role("link", name="Call Ilse Martens")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("link", name="Call Femke Jacobs")).to_be_focused()


def test_a_form_that_is_being_filled_in_stays_as_it_is_while_the_page_is_fetched(
    served: site.Page, day: Day, window: Window
) -> None:
    page = window.page
    page.goto(f"{served.url}/calls/{day.unknown}")
    page.get_by_label("How you know").fill("half a sent")
    at = f"/calls/{day.unknown}"
    with page.expect_response(re.compile(f"{at}$"), timeout=20_000):
        served.press("/pauses", "/pauses", scope="everything")
    expect(page.get_by_label("How you know")).to_have_value("half a sent")


def test_a_daemon_that_is_gone_is_told(browser: Browser, tmp_path: Path) -> None:
    window = Window(browser)
    with site.served(tmp_path) as served:
        window.page.goto(served.url)
    expect(window.page.get_by_text("No connection to the daemon")).to_be_visible(timeout=20_000)
    window.context.close()


def test_who_is_logged_out_meanwhile_is_asked_to_log_in(browser: Browser, tmp_path: Path) -> None:
    with site.served(tmp_path, site.with_users()) as served:
        window = Window(browser)
        window.page.goto(served.url)
        _log_in(window.page, site.PASSWORD)
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Today")
        window.context.clear_cookies()
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Log in", timeout=20_000)
        window.context.close()


def test_nothing_is_asked_of_anybody_else_and_nothing_is_complained_of(
    served: site.Page, day: Day, window: Window
) -> None:
    for path in (*PAGES.values(), f"/calls/{day.unknown}"):
        window.page.goto(served.url + path)
        window.page.wait_for_load_state("networkidle")
    assert {url for url in window.asked if not url.startswith(served.url)} == set()
    assert window.complaints == []


def test_an_appointment_is_seen_from_planned_to_answered(tmp_path: Path, window: Window) -> None:
    port = free_port()
    with whole_world(tmp_path) as world:
        world.put("one", soon(8))
        world.configure(lambda text: text.replace("enabled = false", f'listen = "127.0.0.1:{port}"'))
        with running_daemon(read_config(world.config), SystemClock()):
            page = window.page
            _go_when_it_is_served(page, f"http://127.0.0.1:{port}/")
            page.get_by_role("link", name="Call Anna Janssens").click()
            expect(page.get_by_text("Anna Janssens is named in its title")).to_be_visible()
            expect(page.get_by_text("They talked")).to_be_visible(timeout=40_000)
            expect(page.locator(".badge")).to_have_text("answered")


def _go_when_it_is_served(page: Page, url: str) -> None:
    def shows_the_call() -> bool:
        try:
            return "Call Anna Janssens" in requests.get(url, timeout=5).text
        except requests.ConnectionError:
            return False

    await_true(shows_the_call)
    page.goto(url)
