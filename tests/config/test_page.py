"""``[page]``: served on loopback unless it is said otherwise; another address demands that people log in."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config import read_config
from scheduler.web.passwords import PasswordHash
from scheduler.web.settings import PageSettings, Role
from tests.config.files import VALID, problem_in, problems_of, write

HASH = str(PasswordHash(cost=2**15, salt=bytes(16), digest=bytes(32)))
USER = f'[[page.user]]\nname = "ann"\npassword = "{HASH}"\n'


def page_of(folder: Path, text: str = "") -> PageSettings | None:
    return read_config(write(folder, VALID + text)).page


def test_without_a_word_of_it_the_page_is_served_on_loopback_without_a_login(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert page is not None
    assert (page.host, page.port, page.is_open) == ("127.0.0.1", 8472, True)


def test_it_can_be_left_out(tmp_path: Path) -> None:
    assert page_of(tmp_path, "[page]\nenabled = false\n") is None


def test_a_user_looks_unless_more_is_said(tmp_path: Path) -> None:
    page = page_of(tmp_path, USER)
    assert page is not None
    assert [(one.name, one.role) for one in page.users] == [("ann", Role.VIEWER)]


@pytest.mark.parametrize("host", ["192.0.2.1", "[2001:db8::1]", "calls.example.com"])
def test_an_address_beyond_this_machine_demands_users_or_a_proxy(tmp_path: Path, host: str) -> None:
    problem = problem_in(tmp_path, f'[page]\nlisten = "{host}:8472"\n')
    assert problem.startswith("config.toml, line 21: page.listen: anybody who reaches")
    assert "[[page.user]]" in problem
    assert "[page.proxy]" in problem


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "[::1]"])
def test_every_address_of_this_machine_alone_does_without(tmp_path: Path, host: str) -> None:
    page = page_of(tmp_path, f'[page]\nlisten = "{host}:8472"\n')
    assert page is not None
    assert page.is_open


def test_with_users_any_address_does(tmp_path: Path) -> None:
    page = page_of(tmp_path, f'[page]\nlisten = "192.0.2.1:80"\n{USER}')
    assert page is not None
    assert (page.host, page.is_open) == ("192.0.2.1", False)


def test_every_address_of_the_machine_needs_the_one_by_which_people_reach_it(tmp_path: Path) -> None:
    assert "page.url: say how people reach" in problem_in(tmp_path, f'[page]\nlisten = "0.0.0.0:80"\n{USER}')
    page = page_of(tmp_path, f'[page]\nlisten = "0.0.0.0:80"\nurl = "https://calls.example.com"\n{USER}')
    assert page is not None
    assert (page.behind_tls, "calls.example.com" in page.names, "0.0.0.0" in page.names) == (True, True, False)


def test_another_url_for_a_page_without_users_is_refused(tmp_path: Path) -> None:
    assert "isn't at this machine" in problem_in(tmp_path, '[page]\nurl = "https://calls.example.com"\n')


def test_a_proxy_and_users_exclude_each_other(tmp_path: Path) -> None:
    problem = problem_in(tmp_path, f'{USER}[page.proxy]\naddresses = ["127.0.0.1"]\n')
    assert "page.proxy: either the proxy says who asks or" in problem


def test_a_proxy_is_known_by_its_addresses(tmp_path: Path) -> None:
    page = page_of(tmp_path, '[page.proxy]\naddresses = ["127.0.0.1", "10.0.0.0/8"]\noperators = ["ann"]\n')
    assert page is not None
    assert page.proxy is not None
    found = {at: page.proxy.is_at(at) for at in ("127.0.0.1", "10.1.2.3", "127.0.0.2", "::1", "no address")}
    assert found == {"127.0.0.1": True, "10.1.2.3": True, "127.0.0.2": False, "::1": False, "no address": False}


def test_two_users_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    assert "'ann' is there twice" in problem_in(tmp_path, USER + USER)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('password = "hunter2hunter2"', "never the password itself"),
        ('password = "scrypt:1024:AAAA:AAAA"', "no scrypt hash of this strength"),
        (f'password = "{HASH.replace("scrypt", "plain")}"', "no scrypt hash"),
        (f'password = "{HASH[:-8]}"', "a part of the hash is missing"),
        (f'password = "{HASH.replace("32768", "1073741824")}"', "no scrypt hash of this strength"),
        ("password = 7", "as text"),
    ],
)
def test_a_password_that_is_no_hash_is_told_with_its_line_and_not_repeated(
    tmp_path: Path, line: str, told: str
) -> None:
    (problem,) = problems_of(write(tmp_path, f'{VALID}[[page.user]]\nname = "ann"\n{line}\n'))
    assert problem.startswith("config.toml, line 22: page.user[0].password: ")
    assert told in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[page]\nlisten = "8472"\n', "an address and a port"),
        ('[page]\nurl = "https://example.com/calls"\n', "without a path"),
        ('[page.proxy]\naddresses = ["proxy"]\n', "an address or a network"),
        ("[page.proxy]\naddresses = []\n", "give at least one"),
        ('[page.proxy]\naddresses = ["::1"]\nheader = "X User"\n', "name of an HTTP header"),
        (USER + 'role = "boss"\n', "'viewer' or 'operator'"),
    ],
)
def test_what_cannot_be_used_is_told_with_the_remedy(tmp_path: Path, text: str, told: str) -> None:
    assert told in problem_in(tmp_path, text)
