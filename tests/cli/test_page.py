"""``page hash``: what it prints is what the configuration takes."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from scheduler.cli import cli
from scheduler.config import read_config
from tests.config.files import VALID, write

PASSWORD = "correct horse battery"


def hashed(*arguments: str, typed: str) -> Result:
    return CliRunner().invoke(cli, ["page", "hash", *arguments], input=typed)


def test_what_is_printed_is_a_line_of_the_configuration_that_lets_the_user_in(tmp_path: Path) -> None:
    printed = hashed("--stdin", typed=f"{PASSWORD}\n").stdout
    config = read_config(write(tmp_path, f'{VALID}\n[[page.user]]\nname = "ann"\n{printed}'))
    assert config.page is not None
    (user,) = config.page.users
    assert user.password.fits(PASSWORD)
    assert not user.password.fits(PASSWORD.upper())


def test_the_password_is_typed_twice_and_never_shown() -> None:
    result = hashed(typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (result.exit_code, PASSWORD in result.output) == (0, False)
    assert result.stdout.startswith('password = "scrypt:')


def test_two_people_with_one_password_have_different_hashes() -> None:
    assert hashed("--stdin", typed=PASSWORD).stdout != hashed("--stdin", typed=PASSWORD).stdout


def test_a_short_password_is_refused() -> None:
    result = hashed("--stdin", typed="short\n")
    assert (result.exit_code, "at least 10" in result.output) == (1, True)
