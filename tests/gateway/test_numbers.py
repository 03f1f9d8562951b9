from __future__ import annotations

import pytest

from scheduler.errors import RequestRefused
from scheduler.gateway.numbers import read_callback, read_destination, read_owned, read_presentation
from scheduler.vca import Presentation
from tests.gateway.support import CLIENT, DESTINATION, ORIGIN


@pytest.mark.parametrize(
    "text", ["+3228160257", "003228160257", "028160257", "02 816 02 57", "3228160257", "tel:+3228160257"]
)
def test_national_and_00_forms_are_corrected_to_e164(text: str) -> None:
    assert read_owned(text, "origin", CLIENT, "BE") == ORIGIN


def test_a_number_of_somebody_else_is_refused_and_masked() -> None:
    with pytest.raises(RequestRefused) as refusal:
        read_owned("+442079460018", "cli", CLIENT, "BE")
    assert refusal.value.status == 403
    assert "cli" in refusal.value.description
    assert "+442079460018" not in str(refusal.value)


@pytest.mark.parametrize("text", ["112", "+32112", "101", "1207", "+44999"])
def test_emergency_and_short_numbers_are_refused(text: str) -> None:
    with pytest.raises(RequestRefused, match="destination: an emergency or short number is never called"):
        read_destination(text, "BE")


@pytest.mark.parametrize("text", ["+3290012345", "0900 12345", "+3270223344", "+19005550123"])
def test_special_numbers_that_cost_are_refused(text: str) -> None:
    with pytest.raises(RequestRefused, match=r"special number \(premium\)") as refusal:
        read_destination(text, "BE")
    assert refusal.value.status == 403


@pytest.mark.parametrize("text", ["+32468373901", "0468 37 39 01", "0032468373901"])
def test_an_ordinary_destination_is_taken(text: str) -> None:
    assert read_destination(text, "BE") == DESTINATION


@pytest.mark.parametrize("text", ["", "nobody", "+3246", "+32468373901 +3228160257", "+3246837390112345"])
def test_what_is_not_a_number_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(RequestRefused) as refusal:
        read_destination(text, "BE")
    assert refusal.value.status == 400
    assert refusal.value.description.startswith("destination: ")
    assert not text or text not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "presentation"),
    [(None, "ALLOWED"), ("", "ALLOWED"), (" ", "ALLOWED"), ("ALLOWED", "ALLOWED"), ("RESTRICTED", "RESTRICTED")],
)
def test_an_absent_or_empty_presentation_is_allowed(text: str | None, presentation: str) -> None:
    assert read_presentation(text) is Presentation(presentation)


def test_another_presentation_is_refused() -> None:
    with pytest.raises(RequestRefused, match="presentation: use ALLOWED or RESTRICTED"):
        read_presentation("HIDDEN")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/cdr/x", "https://example.com/cdr?call=1"])
def test_a_callback_is_a_web_address(url: str) -> None:
    assert read_callback(url) == url


@pytest.mark.parametrize("text", [None, "", "  "])
def test_a_callback_may_be_left_out(text: str | None) -> None:
    assert read_callback(text) == ""


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "example.com/cdr",
        "http://",
        "https:///cdr",
        "http://[::1/",
        "http://a:x/",
        "http://a b/",
    ],
)
def test_another_callback_is_refused(url: str) -> None:
    with pytest.raises(RequestRefused, match="callback: give a whole http"):
        read_callback(url)
