"""Contacts in CSV are read whatever the program, language and encoding; a bad row or cell costs only itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars.spreadsheet import CsvColumns, read_csv
from scheduler.phone import PhoneNumber

SAMPLES = Path(__file__).parent.parent / "samples"
CELL = PhoneNumber("+32468373901")


def read(text: str | bytes, columns: CsvColumns | None = None):
    data = text.encode() if isinstance(text, str) else text
    return read_csv(data, name="a.csv", region="BE", columns=columns or CsvColumns())


def read_sample(name: str):
    return read((SAMPLES / name).read_bytes())


def test_mangled_numbers_are_refused_with_their_line_and_cost_only_themselves():
    contacts, problems = read_sample("contacts-outlook-mangled-numbers.csv")
    bob = next(contact for contact in contacts if contact.name == "Bob Peeters")
    assert [str(number.number) for number in bob.numbers] == ["+3228160257"]
    mangled = [problem.where for problem in problems if "spreadsheet" in problem.what]
    assert mangled == ["a.csv, line 3", "a.csv, line 4", "a.csv, line 4"]


def test_a_row_that_cant_be_read_costs_itself():
    contacts, problems = read_sample("contacts-outlook-mangled-numbers.csv")
    assert [contact.name for contact in contacts] == [
        "Anna Janssens",
        "Bob Peeters",
        "Carl Claes",
        "Claes, Zoon & Co",
        "Eva Martens",
        "Gust Two lines",
    ]
    told = {problem.where: problem.what for problem in problems}
    assert "neither a name" in told["a.csv, line 6"]
    assert "no row of a CSV file" in told["a.csv, line 7"]
    assert "emergency or short" in told["a.csv, line 8"]
    assert "8 cells" in told["a.csv, line 9"]
    assert "no e-mail address" in told["a.csv, line 10"]


def test_a_dutch_file_with_semicolons_in_windows_1252_is_read():
    (zoe, anna, baker), problems = read_sample("contacts-dutch-windows-1252.csv")
    assert zoe.name == "Zoë Müller"
    assert [(number.number, number.types) for number in zoe.numbers] == [(CELL, {"cell"})]
    assert anna.emails == ("anna@example.com", "anna.j@example.com")
    assert (baker.source, problems) == ("a.csv, line 5", ())
    assert baker.numbers[0].types == {"home"}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Name,Email,Mobile phone", "Zoë Müller,zoe@example.com,0468373901"),
        ("Prénom;Nom;Adresse e-mail;Téléphone portable", "Zoë;Müller;zoe@example.com;0468373901"),
        ("Vorname;Name;E-Mail-Adresse;Handy", "Zoë;Müller;zoe@example.com;0468373901"),
        ("Vorname\tNachname\tE-Mail\tMobiltelefon", "Zoë\tMüller\tzoe@example.com\t0468373901"),
        ("Voornaam;Achternaam;E-mailadres;GSM-nummer", "Zoë;Müller;zoe@example.com;0468373901"),
        ("NAAM;E-mail;gsm", "Zoë Müller;zoe@example.com;0468373901"),
    ],
)
def test_headers_of_four_languages_are_known(header, row):
    (contact,), problems = read(f"{header}\n{row}\n")
    assert (contact.name, contact.emails) == ("Zoë Müller", ("zoe@example.com",))
    assert [(number.number, number.types) for number in contact.numbers] == [(CELL, {"cell"})]
    assert problems == ()


def test_the_configured_columns_are_taken_and_no_others():
    columns = CsvColumns(name=("Afnemer",), numbers=(("Bereikbaar op", "Work"),))
    (contact,), _ = read("Naam,Afnemer,GSM,Bereikbaar op\nx,Anna,02 816 02 57,0468373901\n", columns)
    assert contact.name == "Anna"
    assert [(number.number, number.types) for number in contact.numbers] == [(CELL, {"work"})]


def test_a_header_without_known_columns_is_one_problem_that_lists_it():
    for text in ("Foo,Bar\n1,2\n", "Name,Bar\n1,2\n", ""):
        contacts, (problem,) = read(text)
        assert contacts == ()
        assert problem.where == "a.csv, line 1"
    _, (problem,) = read("Foo,Phone\n1,2\n")
    assert "Foo, Phone" in problem.remedy


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8", "cp1252"])
def test_every_encoding_of_excel_is_read(encoding):
    (contact,), _ = read("Name\tPhone\r\nZoë\t0468373901\r\n".encode(encoding))
    assert contact.name == "Zoë"


def test_a_name_may_hold_a_line_separator_of_unicode():
    (contact,), _ = read("Name,Phone\nAnna\u2028Janssens,0468373901\n")
    assert contact.name == "Anna Janssens"


def test_a_field_beyond_all_measure_costs_its_row():
    contacts, (problem,) = read(f"Name,Phone\n{'x' * 200_000},0468373901\nAnna,0468373901\n")
    assert [contact.name for contact in contacts] == ["Anna"]
    assert problem.where == "a.csv, line 2"


CELLS = st.sampled_from(['"', ",", ";", "\n", "\r", "Name", "Phone", "0468373901", "x", "@", "\x00", "é"])


@given(st.binary() | st.lists(CELLS).map(lambda cells: ("Name,Phone,Email\n" + "".join(cells)).encode()))
def test_any_bytes_are_contacts_and_problems(data):
    contacts, problems = read(data)
    assert all(contact.name or contact.emails for contact in contacts)
    assert all(problem.where.startswith("a.csv, line ") and problem.what for problem in problems)
