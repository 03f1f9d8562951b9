"""Secrets come from files, the environment or systemd, and show up nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config import read_config
from tests.config.files import PASSWORD, VALID, problems_of, write

REMEDY = 'a secret doesn\'t stand in this file: write { file = "…" }, { env = "…" } or { credential = "…" }'


def with_secret(place: str) -> str:
    return VALID.replace('{ file = "secret" }', place)


def revealed(path: Path) -> str:
    return read_config(path).provider.tokens.client_secret


def test_a_secret_is_read_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    assert revealed(write(tmp_path)) == PASSWORD


def test_a_secret_is_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVIDER_SECRET", PASSWORD)
    assert revealed(write(tmp_path, with_secret('{ env = "PROVIDER_SECRET" }'))) == PASSWORD


def test_a_secret_is_read_from_systemds_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "provider").write_text(PASSWORD)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert revealed(write(tmp_path, with_secret('{ credential = "provider" }'))) == PASSWORD


@pytest.mark.parametrize("plain", [f'"{PASSWORD}"', f'["{PASSWORD}"]', f'"""\n{PASSWORD}"""', "12345"])
def test_a_secret_in_the_file_itself_is_refused_and_not_repeated(tmp_path: Path, plain: str) -> None:
    (problem,) = problems_of(write(tmp_path, with_secret(plain)))
    assert problem == f"config.toml, line 19: provider.client_secret: {REMEDY}"
    assert "12345" not in problem


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ('{ file = "none" }', "the secret's file none: No such file or directory"),
        ('{ file = "empty" }', "the secret's file empty is empty"),
        ('{ file = "picture" }', "the secret's file picture: is not text"),
        ('{ env = "NO_SUCH_VARIABLE" }', "the environment has no variable NO_SUCH_VARIABLE, or an empty one"),
        ('{ credential = "provider" }', "there are no systemd credentials here"),
        ('{ file = "secret", env = "X" }', "name one place of the secret: file, env or credential"),
        ("{ }", "name one place of the secret: file, env or credential"),
    ],
)
def test_a_secret_that_is_not_there_is_a_problem_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, reason: str
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    (problem,) = problems_of(write(tmp_path, with_secret(place)))
    assert problem.startswith(f"config.toml, line 19: provider.client_secret: {reason}")


def test_a_password_within_a_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    url = f"https://ann:{PASSWORD}@example.com/ann/"
    text = VALID.replace('file = "sales.ics"', f'caldav = "{url}"')
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.startswith("config.toml, line 12: calendar[0].caldav: a URL holds no user name and password")


def test_commands_that_only_look_need_no_secret(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "secret").unlink()
    assert read_config(path, secrets=False).provider.tokens.client_secret == ""


@pytest.mark.parametrize("source", ['caldav = "https://example.com/ann/"', 'url = "https://example.com/a.ics"'])
def test_no_secret_is_in_what_a_log_or_traceback_would_print(tmp_path: Path, source: str) -> None:
    text = VALID.replace('file = "sales.ics"', f'{source}\nusername = "ann"\npassword = {{ file = "secret" }}')
    config = read_config(write(tmp_path, text))
    assert config.calendars[0].source.login.password == PASSWORD
    assert PASSWORD not in repr(config)
