"""The page of a whole daemon: its buttons reach the duties, and a reload reaches the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scheduler.calls.call import Outcome, State
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import Daemon, running_daemon
from scheduler.service import reload_config
from scheduler.web.passwords import PasswordHash
from tests.servers import free_port
from tests.web.page import Browser
from tests.world import World, await_true, small_world, soon


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Six calls are to come, of a calendar that a file holds."""
    found = small_world(tmp_path)
    for number in range(1, 7):
        found.put(f"uid-{number}", soon(3600 * number))
    port = free_port()
    found.configure(lambda text: text.replace("enabled = false", f'listen = "127.0.0.1:{port}"'))
    return found


@pytest.fixture
def browser(world: World) -> Browser:
    page = read_config(world.config).page
    assert page is not None
    return Browser(f"http://127.0.0.1:{page.port}")


@pytest.fixture
def daemon(world: World, browser: Browser) -> Iterator[Daemon]:
    with running_daemon(read_config(world.config), SystemClock()) as found:
        await_true(lambda: status(browser) == 200)
        yield found


def status(browser: Browser) -> int:
    """0 where nobody listens."""
    try:
        return browser.get("/").status_code
    except requests.ConnectionError:
        return 0


@pytest.mark.usefixtures("daemon")
def test_what_vanished_is_held_on_the_page_until_somebody_accepts_it_there(world: World, browser: Browser) -> None:
    await_true(lambda: len(world.calls()) == 6)
    world.events.clear()
    world.write_calendar()
    await_true(lambda: "vanished at once" in browser.get("/").text)
    told = browser.press("/holds/accept", "/", calendar="sales")
    assert told == "Accepted: 6 calls are cancelled that vanished from calendar sales."
    assert {(call.state, call.outcome) for call in world.calls()} == {(State.ENDED, Outcome.CANCELLED)}


@pytest.mark.usefixtures("daemon")
def test_what_the_rules_say_of_an_event_stands_beside_its_call(world: World, browser: Browser) -> None:
    await_true(lambda: len(world.calls()) == 6)
    assert "Anna Janssens is named in its title" in browser.get("/calls/1").text


@pytest.mark.usefixtures("daemon")
def test_an_appointment_that_names_nobody_we_know_is_told_on_its_day(world: World, browser: Browser) -> None:
    world.put("unknown", soon(60), summary="Call Somebody Else")
    await_true(lambda: "Appointments that will not ring" in browser.get("/").text)
    assert "Call Somebody Else" in browser.get("/").text


@pytest.mark.usefixtures("daemon")
def test_calendars_and_contacts_stand_there_with_what_is_wrong_in_them(world: World, browser: Browser) -> None:
    world.put("odd", soon(60), "EXDATE:whenever")
    await_true(lambda: "(odd)</strong>" in browser.get("/calendars").text)
    text = browser.get("/calendars").text
    assert 'class="badge good">fresh' in text
    assert re.search(r"<h3>\S+: \d+ contacts?</h3>", text)


@pytest.mark.usefixtures("daemon")
def test_the_history_knows_the_contacts(world: World, browser: Browser) -> None:
    await_true(lambda: len(world.calls()) == 6)
    world.put("other", soon(30), "LOCATION:+32468373901", summary="Quarterly review")
    await_true(lambda: "Quarterly review" in browser.get("/history?q=Anna+Janssens&until=2199-01-01").text)


def test_a_reload_that_adds_users_lets_nobody_in_without_a_login(
    world: World, browser: Browser, daemon: Daemon
) -> None:
    text = world.config.read_text()
    user = f'\n[[page.user]]\nname = "ann"\npassword = "{PasswordHash.of("a password of the tests")}"\n'
    world.config.write_text(text + user)
    reload_config(daemon, world.config)
    await_true(lambda: status(browser) == 303)
    assert browser.get("/").headers["Location"].startswith("/login")
