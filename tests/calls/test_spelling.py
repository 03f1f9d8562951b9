"""A number is found however it is written, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calls.spelling import ERASED, Spelling
from scheduler.phone import PhoneNumber

ANNA = Spelling(PhoneNumber("+32468373901"))
LONDON = Spelling(PhoneNumber("+442079460123"))


@pytest.mark.parametrize(
    "text",
    [
        "+32468373901", "32468373901", "0032468373901", "0468373901", "468373901", "tel:+32-468-37-39-01",
        "0468/37.39.01", "+32 (0)468 37 39 01", "(0468) 37 39 01", "tel:%2B32468373901", "x%200468373901",
        "+32\u00a0468\u201137\u201139\u201101", "\u202a+32468373901\u202c", "+32 468 \r\n 37 39 01",
        "=2B32468373=\r\n901", '{"destination": "32468373901"}',
    ],
)  # fmt: skip
def test_every_spelling_is_found_and_erased(text: str) -> None:
    assert ANNA.is_in(text)
    left = ANNA.erased_from(text)
    assert isinstance(left, str)
    assert ERASED in left
    assert "39" not in left


@pytest.mark.parametrize(
    "text", ["+32468373902", "+324683739011", "14683739010", "9468373901", "DTSTART:20261123T100000Z", ""]
)
def test_another_number_stays(text: str) -> None:
    assert not ANNA.is_in(text)
    assert ANNA.erased_from(text) == text


@pytest.mark.parametrize("text", ["020 7946 0123", "+44 (0)20 7946 0123", "00 44 20 7946 0123", "2079460123"])
def test_a_number_of_another_country_is_found_too(text: str) -> None:
    assert LONDON.is_in(text)


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert ANNA.erased_from(b"\xff\x00 0468373901 \xfe") == b"\xff\x00 (erased) \xfe"


@given(st.lists(st.sampled_from(["", " ", "-", ".", "/", "\u00a0", "\r\n "]), min_size=11, max_size=11), st.text())
def test_whatever_stands_between_and_around_its_digits(between: list[str], around: str) -> None:
    number = "+" + "".join(digit + mark for digit, mark in zip("32468373901", between, strict=True))
    before = around.rstrip("0123456789%")
    assert ANNA.is_in(f"{before} {number} {around}")
    assert not ANNA.is_in(ANNA.erased_from(f"{before} {number}"))
