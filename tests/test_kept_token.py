"""Refresh tokens that providers replace: the newest is used, and nobody else reads it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.kept_token import KeptToken


@pytest.fixture
def token(tmp_path: Path) -> KeptToken:
    return KeptToken(path=tmp_path / "tokens" / "office.json", given="given")


def keep(token: KeptToken, text: str) -> None:
    with token.held():
        token.keep(text)


def test_the_given_token_is_used_until_another_is_kept(token: KeptToken) -> None:
    assert token.newest() == "given"
    keep(token, "second")
    keep(token, "3rd")  # shorter, so that what is left of the one before would show
    assert token.newest() == "3rd"


def test_a_new_given_token_counts_more_than_what_was_kept(token: KeptToken) -> None:
    keep(token, "second")
    assert replace(token, given="anew").newest() == "anew"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"token": "x"}', b"\xff"])
def test_a_damaged_file_is_as_good_as_none(token: KeptToken, content: bytes) -> None:
    keep(token, "second")
    token.path.write_bytes(content)
    assert token.newest() == "given"


def test_what_is_kept_is_for_its_owner_alone(token: KeptToken) -> None:
    keep(token, "second")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (token.path, token.path.parent)}
    assert modes == {"office.json": 0o600, "tokens": 0o700}


def test_the_given_token_stands_in_no_file_and_no_repr(tmp_path: Path) -> None:
    token = KeptToken(path=tmp_path / "office.json", given="s3cret")
    keep(token, "second")
    assert "s3cret" not in token.path.read_text() + repr(token)


def test_a_second_user_of_the_token_waits_for_the_first_and_sees_what_it_kept(token: KeptToken) -> None:
    seen: list[str] = []

    def use() -> None:
        with token.held():
            seen.append(token.newest())

    with token.held():
        second = threading.Thread(target=use)
        second.start()
        token.keep("second")
    second.join(5)
    assert seen == ["second"]


def test_a_folder_that_cant_be_written_is_an_error_before_the_token_is_spent(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("a file in its place")
    with pytest.raises(OSError, match="tokens"), KeptToken(path=tmp_path / "tokens" / "x.json", given="g").held():
        pytest.fail("it was used")
