"""Contacts: what was read well stays, whatever becomes of the file."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import pytest

from scheduler.calendars.spreadsheet import CsvColumns, read_csv
from scheduler.duties.contacts import ContactsDuty, ContactsFile

GOOD = "name;mobile\nAnna Janssens;0468 37 39 01\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text(GOOD)
    return path


def put(path: Path, text: str) -> None:
    """In one step, as good programs do, a second after it was written."""
    part = path.with_suffix(".part")
    part.write_text(text)
    os.utime(part, ns=(0, time.time_ns() - 1_000_000_000))
    part.replace(path)


def duty_of(path: Path, *, before: ContactsDuty | None = None) -> ContactsDuty:
    read = partial(read_csv, name=path.name, region="BE", columns=CsvColumns())
    return ContactsDuty((ContactsFile(name=path.name, path=path, reader=read),), ("cell",), before=before)


def names(duty: ContactsDuty) -> list[str]:
    return [one.name for one in duty.contacts.by_name("Anna Janssens")]


def test_a_file_is_read_once_and_again_when_it_changes(file: Path) -> None:
    duty = duty_of(file)
    assert [duty.run_once(), duty.run_once()] == [True, False]
    put(file, GOOD + "Bea Maes;0468 37 39 02\n")
    assert duty.run_once()
    assert duty.count(file.name) == 2


@pytest.mark.parametrize("text", ["", "name;mobile\n", "no;header;that;means;anything\n1;2;3;4;5\n"])
def test_a_file_that_is_briefly_empty_costs_nothing(file: Path, text: str) -> None:
    duty = duty_of(file)
    duty.run_once()
    put(file, text)
    assert not duty.run_once()
    assert names(duty) == ["Anna Janssens"]
    assert any("no contact can be read in it" in problem.what for problem in duty.problems)
    put(file, GOOD)
    assert duty.run_once()
    assert duty.problems == ()


def test_a_missing_file_costs_nothing_and_is_read_again_when_it_is_back(file: Path) -> None:
    duty = duty_of(file)
    duty.run_once()
    aside = file.rename(file.with_suffix(".aside"))
    assert not duty.run_once()
    assert (names(duty), len(duty.problems)) == (["Anna Janssens"], 1)
    aside.rename(file)
    duty.run_once()
    assert duty.problems == ()


def test_another_configuration_keeps_what_was_read_where_the_file_is_missing(file: Path) -> None:
    before = duty_of(file)
    before.run_once()
    file.unlink()
    after = duty_of(file, before=before)
    after.run_once()
    assert (names(after), after.whole) == (["Anna Janssens"], True)


def test_what_a_missing_file_costs_is_told_with_where_it_should_be(file: Path) -> None:
    duty = duty_of(file)
    file.unlink()
    duty.run_once()
    (problem,) = duty.problems
    assert problem.what == f"{file}: No such file or directory"
    assert problem.remedy.startswith("nobody of it is known")
    file.write_text(GOOD)
    duty.run_once()
    file.unlink()
    duty.run_once()
    assert [one.remedy for one in duty.problems] == ["the contacts last read stay in use"]


def test_contacts_are_not_whole_while_a_file_was_never_read_well(file: Path) -> None:
    file.unlink()
    duty = duty_of(file)
    duty.run_once()
    assert not duty.whole
    file.write_text(GOOD)
    duty.run_once()
    assert duty.whole
