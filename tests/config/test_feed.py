"""[feed] and the command that prints its addresses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler.cli import cli
from scheduler.config import read_config
from tests.config.files import PASSWORD, VALID, problem_in, write

FEED = '\n[feed]\nsecret = { file = "secret" }\nurl = "https://calls.example.com/"\n'


def test_there_is_a_feed_of_all_calls_and_one_of_each_manager_with_a_phone(tmp_path: Path) -> None:
    feed = read_config(write(tmp_path, VALID + FEED)).feed
    assert feed is not None
    assert [one.name for one in feed.feeds] == ["Calls", "Calls of Ann"]
    assert len({feed.path_of(one) for one in feed.feeds}) == 2


def test_without_the_table_there_is_none(tmp_path: Path) -> None:
    assert read_config(write(tmp_path)).feed is None


@pytest.mark.parametrize(
    ("page", "url"),
    [
        ("", "http://127.0.0.1:8472"),
        ('[page]\nlisten = "[::1]:9000"\n', "http://[::1]:9000"),
        (
            '[page]\nurl = "https://calls.example.com"\nproxy = { addresses = ["127.0.0.1"] }\n',
            "https://calls.example.com",
        ),
    ],
)
def test_it_is_reached_as_the_page_is(tmp_path: Path, page: str, url: str) -> None:
    feed = read_config(write(tmp_path, VALID + page + '\n[feed]\nsecret = { file = "secret" }\n')).feed
    assert feed is not None
    assert feed.url == url


def test_a_feed_without_the_page_that_serves_it_is_refused(tmp_path: Path) -> None:
    assert "served beside the page" in problem_in(tmp_path, FEED + "[page]\nenabled = false\n")


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("123")
    assert "less than 16 characters" in problem_in(tmp_path, FEED.replace('"secret"', '"short"'))


def test_the_command_prints_the_addresses_and_not_the_secret(tmp_path: Path) -> None:
    answer = CliRunner().invoke(cli, ["feed-url", "--config", str(write(tmp_path, VALID + FEED))])
    first, second = answer.output.splitlines()
    assert first.startswith("Calls: https://calls.example.com/feed/")
    assert second.startswith("Calls of Ann: https://calls.example.com/feed/")
    assert PASSWORD not in answer.output


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    answer = CliRunner().invoke(cli, ["feed-url", "--config", str(write(tmp_path))])
    assert answer.exit_code == 1
    assert "add [feed] with a secret" in answer.output
