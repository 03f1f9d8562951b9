"""The do-not-call list: demanded at first, followed as it changes, kept while it is broken, and never called."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.calls.barring import CALLABLE_TYPES, Barring
from scheduler.calls.call import Outcome
from scheduler.duties.do_not_call import DoNotCallDuty, DoNotCallFile
from scheduler.errors import ConfigError
from scheduler.phone import NumberType, PhoneNumber
from tests.duties.support import BARRING, Bench, bench

CUSTOMER = PhoneNumber("+32468373901")
OTHER = PhoneNumber("+442079460123")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "do-not-call.txt"
    found.write_text("+32468373901\n")
    return found


def duty_of(path: Path) -> DoNotCallDuty:
    return DoNotCallDuty(DoNotCallFile(path=path, region="BE"))


def test_without_a_file_nobody_is_listed() -> None:
    duty = DoNotCallDuty(None)
    assert (duty.run_once(), duty.list.numbers, duty.problems) == (False, frozenset(), ())


@pytest.mark.parametrize("text", [None, "<html>\nplease log in\n</html>\n"], ids=["missing", "no list"])
def test_a_list_that_cant_be_read_at_first_is_refused_and_names_the_option(path: Path, text: str | None) -> None:
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(ConfigError, match=r"do-not-call list .*barring\.do_not_call"):
        duty_of(path)


def test_an_empty_list_bars_nobody(path: Path) -> None:
    path.write_text("# nobody yet\n")
    assert duty_of(path).list.numbers == frozenset()


def test_a_change_is_taken_over(path: Path) -> None:
    duty = duty_of(path)
    assert not duty.run_once()
    path.write_text("+32468373901\n+442079460123\n")
    assert duty.run_once()
    assert duty.list.numbers == {CUSTOMER, OTHER}


@pytest.mark.parametrize("text", [None, "", "half a li"], ids=["gone", "emptied", "broken"])
def test_a_list_that_breaks_leaves_the_last_good_one_and_says_so_once(
    path: Path, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    duty = duty_of(path)
    path.unlink() if text is None else path.write_text(text)
    assert [duty.run_once(), duty.run_once()] == [False, False]
    assert duty.list.numbers == {CUSTOMER}
    assert str(path) in str(duty.problems[0])
    assert caplog.text.count("can't be taken over") == 1
    assert "the last one stays in use" in caplog.text
    path.write_text("+442079460123\n")
    os.utime(path, ns=(1, 1))
    assert duty.run_once()
    assert (duty.list.numbers, duty.problems) == ({OTHER}, ())


def test_a_number_that_is_listed_after_the_intention_isnt_called_any_more(duties: Bench) -> None:
    call_id = duties.add()
    (due,) = duties.store.claim_due(duties.clock.now(), 1)
    duties.placing.barring = replace(BARRING, do_not_call=frozenset({CUSTOMER}))
    duties.placing.place(due)
    duties.ledger.write(lambda _connection: None)
    duties.clock.advance(duties.placing.policy.unsent_retry)
    duties.place_due()
    call = duties.call(call_id)
    assert (call.outcome, call.reason) == (Outcome.BARRED, "on the do-not-call list")
    assert duties.provider.requests == []


BARRED_IN_BELGIUM = ("+3290012345", "+112", "+32112", "+80012345678", "+12025550123")
NUMBERS = ("+32468373901", "+32468373902", "+3228160258", "+442079460123", "+12025550123", *BARRED_IN_BELGIUM)
ORIGINS = frozenset(PhoneNumber(f"+44207946010{place}") for place in range(10))
SOME = st.frozensets(st.sampled_from(NUMBERS).map(PhoneNumber), max_size=3)
BARRINGS = st.builds(
    Barring,
    region=st.just("BE"),
    countries=st.frozensets(st.sampled_from(["BE", "GB", "US"])),
    types=st.frozensets(st.sampled_from(sorted(CALLABLE_TYPES)), min_size=1),
    prefixes=st.lists(st.sampled_from(["+3246", "+44", "+1202", "+32468373902"]), max_size=2).map(tuple),
    numbers=SOME,
    owned=SOME.map(ORIGINS.union),
    do_not_call=SOME,
)


def is_barred(number: PhoneNumber, barring: Barring) -> bool:
    """Told by the definitions, not by the order of the rules."""
    return (
        len(number.national_digits) < 5
        or number in barring.owned | barring.numbers | barring.do_not_call
        or number.e164.startswith(barring.prefixes or ("none",))
        or number.type not in barring.types
        or number.region not in barring.countries
        or number.type in (NumberType.PREMIUM, NumberType.UNKNOWN)
    )


@settings(max_examples=40, deadline=None)
@given(first=BARRINGS, then=BARRINGS)
def test_no_request_ever_leaves_to_a_barred_number_whatever_is_configured(first: Barring, then: Barring) -> None:
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as duties:
        calls = {}
        for place, text in enumerate(sorted(set(NUMBERS))):
            origin = PhoneNumber(f"+44207946010{place}")
            calls[PhoneNumber(text)] = duties.add(origin=origin, destination=PhoneNumber(text))
        duties.placing.barring = first
        due = duties.store.claim_due(duties.clock.now(), 100)
        duties.placing.barring = then  # taken over while the calls are on their way
        for one in due:
            duties.placing.place(one)
        sent = {PhoneNumber(request.destination) for request in duties.provider.requests}
        assert not [one for one in sent if is_barred(one, then)]
        assert sent == {one for one in calls if not is_barred(one, first) and not is_barred(one, then)}
        barred = [duties.call(calls[one]) for one in calls if is_barred(one, first)]
        assert all(call.outcome is Outcome.BARRED and call.reason for call in barred)
