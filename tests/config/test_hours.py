"""Calling hours as the file writes them, and what is said about those that mean nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calls.calling_hours import CallingHours, Outside
from scheduler.calls.week import EVERY_DAY
from scheduler.config import read_config
from scheduler.config.hours import read_own_days, read_weekday_hours
from scheduler.phone import PhoneNumber
from tests.calls.weeks import brussels, span
from tests.config.files import VALID, problem_in, write

ANN = PhoneNumber("+3228160258")
OFFICE = PhoneNumber("+3228160257")
CUSTOMER = PhoneNumber("+32468373901")


def hours_of(folder: Path, text: str) -> CallingHours:
    return read_config(write(folder, VALID + text)).policy.hours


def test_without_the_table_calls_may_ring_at_any_time(tmp_path: Path) -> None:
    hours = hours_of(tmp_path, "")
    assert hours.of(ANN, CUSTOMER) is None


def test_a_whole_table_says_when_it_is_open(tmp_path: Path) -> None:
    hours = hours_of(
        tmp_path,
        """
        [hours]
        windows = ["Mon-Fri 09:00-12:30, 13:30-18:00", "sat 22:00-02:00"]
        days = ["2026-12-24 09:00-12:00", "2026-12-28..2027-01-03 closed"]
        holidays = ["be"]
        outside = "skip"
        stagger = "3 min"
        """,
    )
    assert (hours.outside, hours.stagger) == (Outside.SKIP, timedelta(minutes=3))
    opened = {
        "2026-11-20 12:29": True, "2026-11-20 12:30": False, "2026-11-22 01:59": True, "2026-12-24 12:00": False,
        "2026-12-25 10:00": False, "2026-12-30 10:00": False, "2027-01-04 10:00": True,
    }  # fmt: skip
    assert {at: not hours.closed(ANN, CUSTOMER, brussels(at)) for at in opened} == opened


def test_holidays_alone_close_those_days_and_nothing_else(tmp_path: Path) -> None:
    hours = hours_of(tmp_path, "\n[hours]\nholidays = ['BE']\n")
    assert hours.week is not None
    assert hours.week.days == EVERY_DAY
    assert hours.closed(ANN, CUSTOMER, brussels("2026-12-25 10:00"))


def test_a_managers_windows_are_those_of_the_managers_phone_on_the_same_days(tmp_path: Path) -> None:
    text = VALID.replace(
        'origin = "+3228160258"\n', 'origin = "+3228160258"\nhours = ["mon-sun 18:00-20:00"]\n', 1
    )
    more = "\n[hours]\nwindows = ['mon-fri 09:00-18:00']\nholidays = ['BE']\n"
    hours = read_config(write(tmp_path, text + more)).policy.hours
    noon, evening, christmas = map(brussels, ("2026-11-20 12:00", "2026-11-20 19:00", "2026-12-25 19:00"))
    assert [bool(hours.closed(ANN, CUSTOMER, at)) for at in (noon, evening, christmas)] == [True, False, True]
    assert [bool(hours.closed(OFFICE, CUSTOMER, at)) for at in (noon, evening)] == [False, True]


def test_the_destinations_clocks_are_those_of_its_country_all_of_them(tmp_path: Path) -> None:
    hours = hours_of(
        tmp_path,
        """
        [hours]
        windows = ["mon-sun 09:00-18:00"]
        zone = "destination"
        zones = { "+1212" = "America/New_York" }
        [barring]
        countries = ["BE", "US", "ES"]
        """,
    )
    zones = {
        number: {str(zone) for zone in hours.clocks.of(PhoneNumber(number))}
        for number in (CUSTOMER.e164, "+12125550143", "+34912345678", "+442079460100")
    }
    assert zones == {
        CUSTOMER.e164: {"Europe/Brussels"},
        "+12125550143": {"America/New_York"},
        "+34912345678": {"Europe/Madrid", "Africa/Ceuta", "Atlantic/Canary"},
        "+442079460100": {"Europe/Brussels"},  # not to be called: the company's
    }
    american = hours.clocks.of(PhoneNumber("+12025550143"))
    assert {"America/New_York", "Pacific/Honolulu"} <= {str(zone) for zone in american}
    assert hours.closed(ANN, PhoneNumber("+12025550143"), datetime(2026, 11, 20, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "weekdays", "spans"),
    [
        ("mon 09:00-12:00", (0,), ("09:00-12:00",)),
        ("fri-mon 00:00-24:00", (4, 5, 6, 0), ("00:00-24:00",)),
        ("mon,wed FRI 22:00-02:00", (0, 2, 4), ("22:00-02:00",)),
        ("sun 22:00-00:00", (6,), ("22:00-24:00",)),
    ],
)
def test_windows_are_read_as_people_write_them(
    text: str, weekdays: tuple[int, ...], spans: tuple[str, ...]
) -> None:
    read = read_weekday_hours(text)
    assert (read.weekdays, read.spans) == (weekdays, tuple(span(one) for one in spans))


def test_a_line_of_days_may_name_several_over_a_new_year_too() -> None:
    read = read_own_days("2026-12-24 2026-12-31..2027-01-02 closed")
    assert read.days == (date(2026, 12, 24), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2))
    assert read.spans == ()


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("windows = ['mon-fri']", "hours.windows[0]: 'mon-fri': write weekdays and times, as in"),
        ("windows = ['09:00-12:00']", "hours.windows[0]: '09:00-12:00': write weekdays and times"),
        ("windows = ['mon 9-12']", "hours.windows[0]: 'mon 9-12': write weekdays and times"),
        ("windows = ['mon 09:00-12:00 or so']", "write weekdays and times"),
        ("windows = ['mon 09:00-24:30']", "hours.windows[0]: '09:00-24:30' is no time of a day"),
        ("windows = ['mon 09:00-09:00']", "'09:00-09:00' is no time of a day: the whole day is 00:00-24:00"),
        ("windows = [{ mon = '09:00' }]", "hours.windows[0]: write it as text, in quotation marks"),
        ("windows = 'mon 09:00-12:00'", "hours.windows: it is a list"),
        ("days = ['24 December closed']", "hours.days[0]: '24 December closed': write dates, and times or closed"),
        ("days = ['2026-12-24']", "write dates, and times or closed, as in '2026-12-24 09:00-12:00' or"),
        ("days = ['2026-12-24 closed 09:00-12:00']", "write dates, and times or closed"),
        ("days = ['2026-02-30 closed']", "hours.days[0]: '2026-02-30': there is no such date"),
        ("days = ['2027-01-03..2026-12-28 closed']", "the last date comes before the first"),
        ("days = [2026-12-24]", "hours.days[0]: write it as text, in quotation marks"),
        (
            "days = ['2026-12-24 closed', '2026-12-20..2026-12-31 closed']",
            "hours.days[1]: '2026-12-24' is there twice",
        ),
        (
            "holidays = ['Belgium']",
            "hours.holidays[0]: no public holidays are known of 'BELGIUM': write a country",
        ),
        ("outside = 'ignore'", "hours.outside: write 'move', 'skip' or 'allow'"),
        ("zone = 'here'", "hours.zone: write 'company' or 'destination'"),
        ("zones = { '+1' = 'America/New_York' }", 'hours: zones: they count only with zone = "destination"'),
        ("zone = 'destination'\nzones = { '+1' = 'New York' }", "hours.zones.+1: 'New York' is no time zone"),
        ("stagger = 10", "hours.stagger: write a duration as text with its unit"),
    ],
)
def test_hours_that_mean_nothing_are_told_with_their_line(tmp_path: Path, option: str, problem: str) -> None:
    text = problem_in(tmp_path, f"\n[hours]\n{option}\n")
    assert problem in text
    assert "config.toml, line 2" in text


def test_hours_of_a_manager_without_a_phone_are_refused(tmp_path: Path) -> None:
    more = "\n[[manager]]\nname = 'Bea'\nemails = ['bea@example.com']\nhours = ['mon 09:00-12:00']\n"
    assert problem_in(tmp_path, more) == (
        "config.toml, line 24: manager[1].hours: they are those of a phone: give the manager an origin as well"
    )


def test_two_managers_at_one_phone_give_its_hours_once(tmp_path: Path) -> None:
    more = "".join(
        f"\n[[manager]]\nname = '{name}'\nemails = ['{name}@example.com']\norigin = '+3228160257'\n"
        "hours = ['mon 09:00-12:00']\n"
        for name in ("bea", "cas")
    )
    assert "manager[2].hours: another manager has given hours for +3228160257" in problem_in(tmp_path, more)
