"""Every problem of a configuration file is told at once, with its line and what to write instead."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.calls.last_look import WhenUnreachable
from scheduler.config import read_config
from scheduler.phone import PhoneNumber
from scheduler.sources.ics import IcsSettings
from tests.config.files import VALID, problem_in, problems_of, write

SECOND_CALENDAR = '\n[[calendar]]\nname = "support"\nfile = "support.ics"\n'


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    config = read_config(write(tmp_path))
    (calendar,) = config.calendars
    assert isinstance(calendar.source, IcsSettings)
    assert (calendar.name, calendar.source.path, calendar.every) == (
        "sales",
        tmp_path / "sales.ics",
        timedelta(seconds=60),
    )
    assert config.company.managers[0].origin == PhoneNumber("+3228160258")
    assert config.barring.countries == {"BE"}
    assert config.callback is None
    assert (config.last_look, calendar.when_unreachable) == (timedelta(seconds=3), WhenUnreachable.PLACE)


def test_a_calendar_that_holds_needs_a_last_look(tmp_path: Path) -> None:
    text = VALID.replace('file = "sales.ics"\n', 'file = "sales.ics"\nwhen_unreachable = "hold"\n')
    assert read_config(write(tmp_path, text)).calendars[0].when_unreachable is WhenUnreachable.HOLD
    (problem,) = problems_of(write(tmp_path, text + "\n[calling]\nlast_look = '0 s'\n"))
    assert problem.startswith("config.toml, line 13: calendar[0].when_unreachable: hold needs a last look")


def test_times_without_a_zone_are_in_the_calendars_zone_else_in_the_companys(tmp_path: Path) -> None:
    text = VALID + SECOND_CALENDAR + "zone = 'Asia/Tokyo'\n"
    zones = read_config(write(tmp_path, text)).zones
    assert {name: one.floating.key for name, one in zones.items()} == {
        "sales": "Europe/Brussels",
        "support": "Asia/Tokyo",
    }


def test_numbers_may_be_written_as_in_the_companys_country(tmp_path: Path) -> None:
    text = VALID.replace("[company]", '[company]\nregion = "nl"').replace(
        '"+3228160257", "+3228160258"', '"+3228160257", "+3228160258", "020 625 9017"'
    )
    config = read_config(write(tmp_path, text))
    assert PhoneNumber("+31206259017") in config.barring.owned
    assert config.company.region == "NL"


def test_a_file_with_the_mark_and_the_line_ends_of_windows_is_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
    assert len(read_config(path).calendars) == 1


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            "\n[calling]\ngraze = '5 min'\n",
            "config.toml, line 22: calling.graze: there is no such option: did you mean grace?",
        ),
        ("\n[caling]\n", "config.toml, line 21: caling: there is no such option: did you mean calling?"),
        (
            "\n[calling]\nretries = { orign = 1 }\n",
            "line 22: calling.retries.orign: there is no such option: did you mean origin?",
        ),
        (
            SECOND_CALENDAR + "password = { fil = 'secret' }\n",
            "line 24: calendar[1].password.fil: there is no such option: did you mean file?",
        ),
        ("\n[calling]\nworkers = 1.5\n", "calling.workers: write a whole number"),
        ("\n[calling]\nworkers = 0\n", "calling.workers: write at least 1"),
        ("\n[calling]\nretries = { origin = 99 }\n", "calling.retries.origin: write at most 20"),
        ("\n[calling]\nretries = 3\n", "line 22: calling.retries: it is a table: write its options"),
        (SECOND_CALENDAR + "url = 5\n", "line 24: calendar[1].url: write a text"),
        ("\n[ledger]\npath = 5\n", "line 22: ledger.path: write the path of a file"),
        (SECOND_CALENDAR + "asks = 'marks'\n", "line 24: calendar[1].asks: write 'marked' or 'all'"),
        (
            "\n[calling]\ngrace = '0 s'\n",
            "line 22: calling.grace: write at least 1 s: no call starts before its time",
        ),
        (
            "\n[[manager]]\nname = 'Bea'\nemails = ['Bea Example']\n",
            "line 23: manager[1].emails[0]: 'Bea Example' is no e-mail address: write one",
        ),
        ("\n[colour]\n", "config.toml, line 21: colour: there is no such option (see config.example.toml)"),
        ("\n[calling]\nworkers = 'many'\n", "line 22: calling.workers: write a whole number, without quotes"),
        (
            "\n[calling]\nlast_look = '500 ms'\n",
            "config.toml, line 22: calling.last_look: write a time from 1 s to 1 min, or 0 s for no last look",
        ),
        (
            "\n[calling]\nlast_look = '2 min'\n",
            "config.toml, line 22: calling.last_look: write a time from 1 s to 1 min, or 0 s for no last look",
        ),
        (
            "\n[calling]\ngrace = 300\n",
            "config.toml, line 22: calling.grace: write a duration as text with its unit, as in '90 s' or '5 min'",
        ),
        (
            "\n[calling]\ngrace = '5 parsecs'\n",
            "config.toml, line 22: calling.grace: '5 parsecs' is not a duration: write a number and a unit",
        ),
        (
            "\n[barring]\nnumbers = ['112']\n",
            "config.toml, line 22: barring.numbers[0]: '112' can't be a number here: an emergency or short number",
        ),
        (
            "\n[barring]\nnumbers = [\n  '+32468373901',\n  '12345678901234567890',\n]\n",
            "config.toml, line 22: barring.numbers[1]: '12345678901234567890' can't be a number here: not",
        ),
        ("\n[barring]\nnumbers = [32468373901]\n", "barring.numbers[0]: write a phone number as text"),
        ("\n[barring]\ncountries = ['Belgium']\n", "barring.countries[0]: write a country as its two letters"),
        ("\n[barring]\nprefixes = ['0900']\n", "barring.prefixes[0]: write how the numbers begin, with plus"),
        ("\n[log]\nlevel = 'LOUD'\n", "line 22: log.level: write 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("\n[callback]\nlisten = '8470'\n", "line 22: callback.listen: write an address and a port"),
        ("\n[callback]\nlisten = '127.0.0.1:99999'\n", "callback.listen: write an address and a port"),
        ("\n[callback]\nlisten = '0.0.0.0:8470'\n", "line 21: callback: url: say how the provider reaches this"),
        ("\n[[manager]]\nname = 'Bea'\nemails = []\n", "line 23: manager[1].emails: is empty: give at least one"),
        ("\n[[manager]]\nemails = ['b@example.com']\n", "line 21: manager[1].name: is missing"),
        (
            "\n[[manager]]\nname = 'Bea'\nemails = [5]\n",
            "line 23: manager[1].emails[0]: write a text",
        ),
        (SECOND_CALENDAR + "zone = 'Brussel'\n", "line 24: calendar[1].zone: 'Brussel' is no time zone"),
        (SECOND_CALENDAR + "every = '0 s'\n", "line 24: calendar[1].every: write at least 100 ms"),
        (
            SECOND_CALENDAR + "url = 'https://example.com/a.ics'\n",
            "line 21: calendar[1]: name one source of the calendar",
        ),
        ("\n[[calendar]]\nname = 'none'\n", "line 21: calendar[1]: name one source of the calendar"),
        ("\n[[calendar]]\nname = 'x'\nurl = 'ftp://example.com/'\n", "calendar[1].url: write a URL that begins"),
        (
            SECOND_CALENDAR + "origin = '+442079460018'\n",
            "config.toml, line 24: calendar[1].origin: +442079460018 isn't one of the company's own numbers: "
            "add it to company.owned",
        ),
        (SECOND_CALENDAR + "cli = '+442079460018'\n", "line 24: calendar[1].cli: +442079460018 isn't one of"),
        (SECOND_CALENDAR.replace("support", "sales"), "line 22: calendar[1].name: 'sales' is there twice"),
        (
            "\n[[manager]]\nname = 'Bea'\nemails = ['ANN@example.com']\n",
            "line 23: manager[1].emails: 'ann@example.com' is there twice",
        ),
        ("\n[[contacts]]\nfile = 'customers'\n", "line 21: contacts[0]: format: say csv or vcard"),
        (
            "\n[[contacts]]\nfile = 'a.csv'\n\n[[contacts]]\nfile = 'old/a.csv'\n",
            "line 24: contacts[1]: 'a.csv' is there twice",
        ),
    ],
)
def test_a_problem_names_its_line_its_option_and_the_remedy(tmp_path: Path, more: str, problem: str) -> None:
    assert problem in problem_in(tmp_path, more)


def test_a_cli_that_the_company_does_not_own_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, VALID.replace('cli = "+3228160257"', 'cli = "+442079460018"'))
    (problem,) = problems_of(path)
    assert problem.startswith("config.toml, line 3: company.cli: +442079460018 isn't one of the company's own")


@pytest.mark.parametrize("domain", ["*.example.com", "ann@example.com", "com", ""])
def test_a_trusted_domain_that_would_trust_nobody_is_refused(tmp_path: Path, domain: str) -> None:
    path = write(tmp_path, VALID.replace("[company]\n", f"[company]\ntrusted_domains = ['{domain}']\n"))
    (problem,) = problems_of(path)
    assert "company.trusted_domains[0]: write a domain, as in 'example.com'" in problem


def test_all_problems_stand_in_one_message(tmp_path: Path) -> None:
    """Those of single options and those that show only between tables, or outside of the file."""
    text = VALID.replace('name = "sales"', 'name = "sales"\nevry = "5 s"\nlead = "soon"')
    text = text.replace('"secret" }', '"no-such-secret" }')
    problems = problems_of(write(tmp_path, text + SECOND_CALENDAR.replace("support", "sales")))
    starts = [problem.split(": ")[:2] for problem in problems]
    assert sorted(starts) == [
        ["config.toml, line 12", "calendar[0].evry"],
        ["config.toml, line 13", "calendar[0].lead"],
        ["config.toml, line 21", "provider.client_secret"],
        ["config.toml, line 24", "calendar[1].name"],
    ]


def test_nothing_is_concluded_from_a_list_that_has_a_problem_itself(tmp_path: Path) -> None:
    """A number of the company's that can't be read doesn't make every origin one that isn't owned."""
    (problem,) = problems_of(write(tmp_path, VALID.replace('"+3228160258"]', '"+32281602XX"]')))
    assert problem.startswith("config.toml, line 2: company.owned[1]: '+32281602XX' can't be a number here: not")


def test_hours_of_a_manager_whose_number_cant_be_read_are_no_second_problem(tmp_path: Path) -> None:
    more = (
        "\n[[manager]]\nname = 'Bea'\nemails = ['b@example.com']\norigin = '02 816'\nhours = ['mon 09:00-12:00']\n"
    )
    assert "manager[1].origin: '02 816' can't be a number here" in problem_in(tmp_path, more)


def test_missing_tables_are_named(tmp_path: Path) -> None:
    assert problems_of(write(tmp_path, "")) == (
        "config.toml: company: is missing",
        "config.toml: provider: is missing",
    )


def test_a_table_that_is_a_value_is_refused(tmp_path: Path) -> None:
    text = VALID.replace("[company]", "calling = 5\n[company]")
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.startswith("config.toml, line 1: calling: ")


def test_what_is_not_toml_is_told_with_its_place(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, "[company]\nowned = [\n  '+3228160257'\n  '+3228160258'\n]\n"))
    assert problem == "config.toml: is not TOML: Unclosed array (at line 4, column 3)"


def test_a_key_that_is_there_twice_is_told(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, VALID + 'client_id = "again"\n'))
    assert "is not TOML: Cannot overwrite a value (at line 20" in problem


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(VALID.encode() + "# café".encode("latin-1"))
    assert problems_of(path) == ("config.toml: is not UTF-8 text",)


def test_a_missing_file_is_told_with_the_option_that_names_another(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "none.toml") == (
        "none.toml: No such file or directory (name the file with --config)",
    )


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path / ".") != ()


def test_the_budget_of_a_feed_is_the_calendars_own(tmp_path: Path) -> None:
    limits = 'most_bytes = 5000\nmost_events = 20\nlongest_fetch = "9 s"\n'
    calendars = read_config(write(tmp_path, VALID + SECOND_CALENDAR + limits)).calendars
    found = [(one.limit, one.most_events, one.deadline) for one in (each.source for each in calendars)
             if isinstance(one, IcsSettings)]  # fmt: skip
    assert found == [(100_000_000, 1_000_000, 60.0), (5000, 20, 9.0)]


def test_a_budget_of_nothing_is_refused(tmp_path: Path) -> None:
    problem = problem_in(tmp_path, SECOND_CALENDAR + "most_events = 0\n")
    assert "line 24: calendar[1].most_events: write at least 1" in problem
