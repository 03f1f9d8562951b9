"""Numbers are read whole and strictly, or refused with a reason."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import NumberError
from scheduler.phone import NumberType, PhoneNumber, is_emergency_or_short, looks_like_number, read_number


@pytest.mark.parametrize(
    "text",
    [
        "02/816.02.57",
        "02 816 02 57",
        "(02) 816 02 57",
        "+32 (0)2 816 02 57",
        "(+32) 2 816 02 57",
        "0032 2 816 02 57",
        "3228160257",
        "tel:+32-2-816-02-57",
        "TEL: 02 816 02 57",
        "tel:%2B3228160257",
        "tel:8160257;phone-context=+322",
        "\u202a+32 2\u202f816\u00a002\u00a057\u202c",
        "+32−2–816‑02‑57",
    ],
)
def test_every_way_of_writing_a_belgian_number_reads_as_one_e164(text):
    assert read_number(text, "BE") == PhoneNumber("+3228160257")


@pytest.mark.parametrize(
    "text", ["112", "1 1 2", "112#", "*112", "+32112", "0032112", "tel:112", "101", "911", "116000", "1207"]
)
def test_an_emergency_or_short_number_is_refused_as_such(text):
    with pytest.raises(NumberError, match="emergency or short"):
        read_number(text, "BE")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("tel:", "empty"),
        ("4.68E+10", "spreadsheet"),
        ("4,68E+10", "spreadsheet"),
        ("468373901.0", "spreadsheet"),
        ("=+32468373901", "spreadsheet"),
        ("#NAME?", "spreadsheet"),
        ("########", "spreadsheet"),
        ("+32468373901,,1234#", "extension, pause or PIN"),
        ("+32 468 37 39 01 ext. 4", "extension, pause or PIN"),
        ("tel:+32468373901;ext=4", "extension, pause or PIN"),
        ("tel:7042;phone-context=example.com", "private exchange"),
        ("tel:0468373901;phone-context=+44", "not a valid"),
        ("0468 37 39 01 / 02 816 02 57", "not one"),
        ("O468 37 39 01", "not a phone number"),
        ("+1 800 FLOWERS", "not a phone number"),
        ("tel", "not a phone number"),
        ("+32 468 37 39", "not a valid"),
    ],
)
def test_what_isnt_one_number_is_refused_with_the_reason(text, reason):
    with pytest.raises(NumberError, match=reason):
        read_number(text, "BE")


def test_a_number_of_four_digits_behind_a_country_code_isnt_short():
    assert read_number("00683 4002", "BE") == read_number("+683 4002", "BE")


def test_a_number_knows_its_region_and_type_and_masks_itself():
    number = read_number("0468 37 39 01", "BE")
    assert (number.region, number.type) == ("BE", NumberType.MOBILE)
    assert number.masked == "+32468•••901"
    assert read_number("0900 12 345", "BE").type is NumberType.PREMIUM


@pytest.mark.parametrize("text", ["+32468373901", "0468 37 39 01", "112", "tel:+32468373901", "tel:nonsense"])
def test_a_text_that_is_wholly_digits_or_a_tel_uri_is_meant_as_a_number(text):
    assert looks_like_number(text)


@pytest.mark.parametrize(
    "text", ["", "12", "Room 204", "Grote Markt 1, 1000 Brussel", "+32468373901,,12#", "tel:+32468373901;ext=1"]
)
def test_a_place_or_a_meetings_dial_in_isnt_meant_as_a_number(text):
    assert not looks_like_number(text)


def test_a_short_number_is_told_by_its_raw_digits():
    assert is_emergency_or_short("1-1-2", "BE")
    assert not is_emergency_or_short("0468 37 39 01", "BE")
    assert not is_emergency_or_short("", "BE")


@given(
    st.text() | st.from_regex(r"(tel:)?\+?[0-9 ()./;,%=-]{0,20}"), st.sampled_from(["BE", "DE", "US", "XX", ""])
)
def test_any_text_is_a_number_in_e164_or_a_number_error(text, region):
    with contextlib.suppress(NumberError):
        number = read_number(text, region)
        assert read_number(number.e164, "BE") == number
        assert re.fullmatch(r"\+[0-9]{5,15}", number.e164)
