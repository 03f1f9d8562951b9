"""What `check` says of calendars and address books that are asked unencrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.cli.check_wire import is_open, look_at_wires
from scheduler.config import read_config
from tests.world import small_world

LOGIN = '\nusername = "ann"\npassword = { file = "secret" }'


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        ("http://calendar.example.com/", True),
        ("HTTP://192.0.2.7:5232/ann/", True),
        ("http://localhost.example.com/", True),
        ("https://calendar.example.com/", False),
        ("webcal://calendar.example.com/feed.ics", False),
        ("http://127.0.0.1:5232/", False),
        ("http://[::1]:5232/", False),
        ("http://localhost/", False),
        ("", False),
    ],
)
def test_plain_http_to_another_machine_is_open(url: str, is_so: bool) -> None:
    assert is_open(url) is is_so


@pytest.mark.parametrize(("login", "fine"), [(LOGIN, False), ("", True)])
@pytest.mark.parametrize("kind", ["caldav", "carddav"])
def test_a_login_over_plain_http_is_a_problem_for_calendars_and_address_books_alike(
    tmp_path: Path, kind: str, login: str, fine: bool
) -> None:
    line = f'{kind} = "http://dav.example.com/ann/"{login}'
    table = "calendar" if kind == "caldav" else "contacts"
    world = small_world(tmp_path)
    world.configure(lambda text: f'{text}\n[[{table}]]\nname = "ann"\n{line}\n')
    (found,) = look_at_wires(read_config(world.config))
    assert (found.fine, "plain http" in found.text) == (fine, True)
