"""Keeping the page served: what goes wrong with it costs the page alone, and a reload needs no restart."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests

from scheduler.errors import ConfigError
from scheduler.ledger import open_ledger
from scheduler.web.office import Office
from scheduler.web.server import page_server
from scheduler.web.settings import PageSettings
from tests.clocks import SetClock
from tests.servers import free_port
from tests.web.page import FACTS, Nobody, nothing_explained, nothing_faulty, nothing_silent, with_users


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        yield Office(
            ledger,
            SetClock(),
            FACTS,
            wake=lambda: None,
            explain=nothing_explained,
            silent=nothing_silent,
            known=Nobody,
            faults=nothing_faulty,
        )


@pytest.fixture
def settings() -> PageSettings:
    return PageSettings(port=free_port())


def text_at(settings: PageSettings) -> str:
    return requests.get(f"http://127.0.0.1:{settings.port}/", timeout=10).text


def test_the_first_round_serves_the_page_and_the_next_ones_leave_it_alone(
    office: Office, settings: PageSettings
) -> None:
    with closing(page_server(office, settings)) as server:
        server.run_once()
        server.run_once()
        assert "Today" in text_at(settings)


def test_a_port_in_use_is_told_and_taken_as_soon_as_it_is_free(office: Office, settings: PageSettings) -> None:
    with closing(page_server(office, settings)) as server:
        with socket.create_server(("127.0.0.1", settings.port)), pytest.raises(ConfigError, match="page at 127"):
            server.run_once()
        server.run_once()
        assert "Today" in text_at(settings)


def test_another_configuration_is_served_at_its_own_address_alone(office: Office, settings: PageSettings) -> None:
    moved = replace(settings, port=free_port())
    with closing(page_server(office, settings)) as server:
        server.run_once()
        server.settings, office.facts = moved, replace(FACTS, zone=ZoneInfo("Asia/Tokyo"))
        server.run_once()
        assert "Asia/Tokyo" in text_at(moved)
        with pytest.raises(requests.ConnectionError):
            text_at(settings)


def test_a_page_that_is_wanted_no_more_is_closed(office: Office, settings: PageSettings) -> None:
    with closing(page_server(office, settings)) as server:
        server.run_once()
        server.settings = None
        server.run_once()
        with pytest.raises(requests.ConnectionError):
            text_at(settings)


@pytest.mark.parametrize(
    ("url", "warned"), [("http://calls.example.com", True), ("https://calls.example.com", False)]
)
def test_passwords_that_travel_in_the_clear_are_warned_of(
    office: Office, settings: PageSettings, caplog: pytest.LogCaptureFixture, url: str, warned: bool
) -> None:
    with closing(page_server(office, with_users(replace(settings, host="0.0.0.0", url=url)))) as server:
        server.run_once()
    assert ("in the clear" in caplog.text) is warned


def test_other_calendars_are_shown_at_once_without_a_new_server(office: Office, settings: PageSettings) -> None:
    with closing(page_server(office, settings)) as server:
        server.run_once()
        office.facts = replace(FACTS, calendars=("a new one",))
        answer = requests.get(f"http://127.0.0.1:{settings.port}/pauses", timeout=10)
        assert "calendar a new one" in answer.text
