"""The lines as people and programs read them."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from scheduler.errors import ProviderError
from scheduler.logs import about_call
from scheduler.logs.formats import HumanFormatter, JsonFormatter

MASKED, SHOWN = HumanFormatter(personal=False), HumanFormatter(personal=True)


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    info = sys.exc_info() if error else None
    return logging.LogRecord("scheduler.daemon", logging.WARNING, "daemon.py", 7, message, arguments, info)


def failed(error: Exception, formatter: logging.Formatter = MASKED) -> str:
    try:
        raise error
    except Exception:
        return formatter.format(record("it failed", error=True))


def test_a_line_for_people_has_level_logger_and_sentence() -> None:
    assert MASKED.format(record("%d calendars", 2)) == "WARNING scheduler.daemon: 2 calendars"


def test_a_line_about_a_call_names_it_wherever_it_was_logged() -> None:
    with about_call(7):
        assert MASKED.format(record("no token")) == "WARNING scheduler.daemon: call 7: no token"
        assert MASKED.format(record("call 7: Accepted")) == "WARNING scheduler.daemon: call 7: Accepted"
        assert MASKED.format(record("after call 71")) == "WARNING scheduler.daemon: call 7: after call 71"
    assert MASKED.format(record("no token")) == "WARNING scheduler.daemon: no token"


def test_json_has_what_there_is_to_say_on_one_line() -> None:
    with about_call(7):
        line = JsonFormatter(personal=False).format(record("of “Anna”\nand more"))
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "WARNING",
        "logger": "scheduler.daemon",
        "thread": "MainThread",
        "call": 7,
        "message": "of •••\nand more",
    }


def test_numbers_and_names_are_shown_only_where_that_is_wanted() -> None:
    told = record("%s of “%s”", "+32468373901", "Anna")
    assert MASKED.format(told).endswith(": +32468•••901 of •••")
    assert SHOWN.format(told).endswith(": +32468373901 of “Anna”")


def test_a_traceback_shows_where_but_not_what_the_error_quotes() -> None:
    found = failed(KeyError("Anna Janssens"))
    assert "test_formats.py" in found
    assert "builtins.KeyError: •••" in found
    assert "Janssens" not in found
    assert "Janssens" in failed(KeyError("Anna Janssens"), SHOWN)


def test_our_own_errors_and_the_systems_keep_their_words() -> None:
    assert "ProviderError: status 400: +32468•••901 is odd" in failed(
        ProviderError("status 400: +32468373901 is odd")
    )
    assert "FileNotFoundError: no such file" in failed(FileNotFoundError(2, "no such file", "/home/anna"))


@pytest.mark.parametrize("suppress", [False, True])
def test_what_an_error_came_of_is_shown_as_python_does_and_hidden_alike(suppress: bool) -> None:
    try:
        try:
            raise KeyError("Anna Janssens")
        except KeyError as error:
            raise ProviderError("no token") from (None if suppress else error)
    except ProviderError:
        found = MASKED.format(record("it failed", error=True))
    assert found.endswith("scheduler.errors.ProviderError: no token")
    assert ("builtins.KeyError: •••" in found) is not suppress
    assert "Janssens" not in found.replace('raise KeyError("Anna Janssens")', "")


def test_an_error_that_came_of_itself_ends_the_chain() -> None:
    first, second = ProviderError("one"), ProviderError("two")
    first.__cause__, second.__cause__ = second, first
    told = record("it failed")
    told.exc_info = (ProviderError, first, None)
    assert MASKED.format(told).count("ProviderError: two") == 1
