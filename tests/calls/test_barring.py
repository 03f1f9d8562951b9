from __future__ import annotations

import pytest

from scheduler.calls.barring import Barring, barred_by
from scheduler.phone import PhoneNumber, read_number

BELGIUM = Barring(region="BE", countries=frozenset({"BE"}))
CUSTOMER = PhoneNumber("+32468373901")


def test_a_mobile_number_of_an_allowed_country_may_be_called() -> None:
    assert barred_by(CUSTOMER, BELGIUM) == ""


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("+442079460123", "country GB isn't among the allowed ones"),
        ("+12025550123", "country US isn't among the allowed ones"),
        ("+112", "emergency or short number"),
        ("+32112", "emergency or short number"),
        ("+3290012345", "premium numbers are barred"),
        ("+80012345678", "country 001 isn't among the allowed ones"),
    ],
)
def test_who_is_not_called_and_by_which_rule(number: str, rule: str) -> None:
    assert barred_by(PhoneNumber(number), BELGIUM) == rule


def test_a_listed_number_is_barred() -> None:
    barring = Barring(region="BE", countries=frozenset({"BE"}), numbers=frozenset({CUSTOMER}))
    assert barred_by(CUSTOMER, barring) == "on the list of barred numbers"


def test_a_listed_prefix_is_barred() -> None:
    barring = Barring(region="BE", countries=frozenset({"BE"}), prefixes=("+3246",))
    assert barred_by(CUSTOMER, barring) == "numbers that begin with +3246 are barred"
    assert barred_by(PhoneNumber("+3228160257"), barring) == ""


def test_the_company_does_not_call_itself() -> None:
    barring = Barring(region="BE", countries=frozenset({"BE"}), owned=frozenset({CUSTOMER}))
    assert barred_by(CUSTOMER, barring) == "one of the company's own numbers"


def test_a_number_is_barred_whatever_else_allows_it_when_it_is_listed() -> None:
    barring = Barring(
        region="BE", countries=frozenset({"BE"}), numbers=frozenset({CUSTOMER}), prefixes=("+32468373901",)
    )
    assert barred_by(read_number("0468 37 39 01", "BE"), barring) == "on the list of barred numbers"
