"""Durations are read with their unit, or refused."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.duration import parse_duration, spell_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90 s", timedelta(seconds=90)),
        ("5min", timedelta(minutes=5)),
        (" 1 H 30 Minutes ", timedelta(minutes=90)),
        ("0.5 h", timedelta(minutes=30)),
        ("250 ms", timedelta(milliseconds=250)),
        ("0 s", timedelta()),
        ("3650 d", timedelta(days=3650)),
    ],
)
def test_a_duration_is_numbers_with_units(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "  ", "5", "min", "-5 min", "5 parsecs", "1 h 30", "3651 d", "999999999 d 999999999 d"]
)
def test_what_has_no_unit_or_is_too_long_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "spelt"),
    [(0, "0 s"), (252, "4 min 12 s"), (3600, "1 h"), (90061, "1 d 1 h"), (-65, "-1 min 5 s"), (0.6, "1 s")],
)
def test_a_length_is_spelt_with_its_two_largest_units(seconds, spelt):
    assert spell_duration(timedelta(seconds=seconds)) == spelt


@given(st.text() | st.from_regex(r"([0-9]{1,9}(\.[0-9])? ?(ms|s|min|h|d) ?){1,3}"))
def test_any_text_is_a_duration_or_a_value_error(text):
    with contextlib.suppress(ValueError):
        assert timedelta() <= parse_duration(text) <= timedelta(days=3650)


@given(st.integers(0, 59), st.integers(1, 59))
def test_a_spelt_length_reads_back(minutes, seconds):
    length = timedelta(minutes=minutes, seconds=seconds)
    assert parse_duration(spell_duration(length)) == length
