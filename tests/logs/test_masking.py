"""Whom a line names is hidden, and what it says otherwise stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.logs.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to +32468373901", "to +32468•••901"),
        ("to +32 (0)468 37 39 01 now", "to +320468•••901 now"),
        ("to +44 20 7946 0123", "to +442079•••123"),
        ("to 0468 37 39 01", "to 0468•••901"),
        ("to 0468/37.39.01", "to 0468•••901"),
        ("to 0032468373901", "to 0032468•••901"),
        ("to 468373901.", "to 468•••901."),
        ("tel%3A%2B32468373901", "tel%3A%2B32468•••901"),
        ("of ann@example.com,", "of •••,"),
        ("paused: “Ann is ill”, until 12:00", "paused: •••, until 12:00"),
        ("titled “Call ”Anna” Janssens” here", "titled ••• here"),
        ("titled “Call Anna Jans", "titled •••"),
        ("no contact 'Anna Janssens' here", "no contact ••• here"),
        ('no contact "Anna O\'Neil" here', "no contact ••• here"),
    ],
)
def test_numbers_addresses_and_what_people_wrote_are_hidden(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "call 123456: Accepted",
        "due at 2026-11-23 09:00:00.123456 UTC, 2026-11-23T09:00:00+01:00, 20261123T090000Z",
        "the managers' phones can't ring, and the customers' don't",
        'write "human" or "json"',
        "http://127.0.0.1:8470/callback, port 08470",
        "12345678 bytes in 0.123456789 s",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert mask(text) == text


@given(
    digits=st.text("0123456789", min_size=9, max_size=14),
    separators=st.lists(st.sampled_from(["", " ", "-", ".", "/", " ("]), min_size=14, max_size=14),
    around=st.sampled_from(["{}", "call {} now", "({})", "to {}: busy", "“{}”", "'{}'"]),
)
def test_no_number_survives_however_it_is_spaced(digits: str, separators: list[str], around: str) -> None:
    number = "+32" + "".join(f"{separator}{digit}" for digit, separator in zip(digits, separators, strict=False))
    assert digits not in re.sub(r"\D", "", mask(around.format(number)))
