"""A contact is found by address or whole name, and called at one number or not at all."""

import pytest

from scheduler.calendars.contact import Contact, ContactNumber, Contacts, NoNumber
from scheduler.phone import PhoneNumber

CELL = PhoneNumber("+32468373901")
WORK = PhoneNumber("+3228160257")
HOME = PhoneNumber("+442079460001")


def number(number: PhoneNumber, *types: str, preference: int = 101) -> ContactNumber:
    return ContactNumber(number=number, types=frozenset(types), preference=preference)


def person(name: str = "Anna Janssens", *numbers: ContactNumber, source: str = "", email: str = "") -> Contact:
    return Contact(name=name, numbers=numbers, source=source, emails=(email,) if email else ())


def choice(*numbers: ContactNumber, **options):
    contact = person("Anna Janssens", *numbers)
    return Contacts([contact], **options).number_of(contact)


@pytest.mark.parametrize(
    "text", ["Anna Janssens", "anna janssens", "  ANNA \u00a0 Janssens ", "Ánna Jänssens", "Janssens, Anna"]
)
def test_a_name_is_found_whatever_its_case_accents_and_white_space(text):
    contact = person()
    assert Contacts([contact]).by_name(text) == (contact,)


@pytest.mark.parametrize("text", ["", "Anna", "Anna Janssens junior", "AnnaJanssens", "Hanna Janssens"])
def test_a_part_of_a_name_finds_nobody(text):
    assert Contacts([person(), person(""), Contact(name="", emails=("a@example.com",))]).by_name(text) == ()


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Zoë D’Hondt", "zoe d'hondt"),
        ("D'Hondt, Zoë", "Zoë D’Hondt"),
        ("Straße", "STRASSE"),
        ("Søren Łukasz", "soren lukasz"),
        ("Lecœur", "Lecoeur"),
        ("Anne‑Marie", "anne-marie"),
        ("Claes, Zoon, Co", "claes, zoon, co"),
    ],
)
def test_letters_and_marks_that_people_write_in_two_ways_are_alike(written, asked):
    assert Contacts([person(written)]).by_name(asked)


def test_an_address_is_found_in_any_case():
    contact = Contact(name="", emails=("anna@example.com", "ANNA@example.com"))
    assert Contacts([contact]).by_email(" Anna@Example.com ") == (contact,)
    assert Contacts([contact]).by_email("bob@example.com") == ()


def test_the_preferred_number_is_taken_before_the_order_of_types():
    assert choice(number(CELL, "cell"), number(WORK, "work", preference=1)) == WORK
    assert choice(number(CELL, "cell", preference=50), number(WORK, "work", preference=2)) == WORK


def test_without_a_preference_the_order_of_types_decides():
    assert choice(number(HOME, "home"), number(WORK, "work"), number(CELL, "cell")) == CELL
    assert choice(number(CELL, "cell"), number(WORK, "work"), type_order=("Work", "cell")) == WORK


def test_a_number_without_a_type_is_a_voice_number():
    assert choice(number(HOME, "home"), number(WORK)) == WORK
    assert choice(number(CELL, "x-unheard-of"), number(HOME, "home")) == HOME


@pytest.mark.parametrize("kind", ["fax", "homefax", "pager", "modem"])
def test_a_machine_is_never_called_even_where_it_is_preferred(kind):
    assert choice(number(WORK, kind, "cell", preference=1), number(HOME, "home")) == HOME
    refused = choice(number(WORK, kind))
    assert isinstance(refused, NoNumber)
    assert "no number that can be called" in refused.reason


def test_two_numbers_of_equal_rank_are_a_reason_and_never_a_guess():
    refused = choice(number(CELL, "cell"), number(HOME, "cell", "home"))
    assert isinstance(refused, NoNumber)
    assert "Anna Janssens has 2 numbers of equal rank" in refused.reason


def test_one_number_given_twice_is_one_number():
    assert choice(number(CELL, "cell"), number(CELL, "cell", "voice")) == CELL


def test_the_same_person_in_two_sources_is_called_at_the_number_both_agree_on():
    found = (person("Anna Janssens", number(CELL, "cell")), person("Anna Janssens", number(CELL), source="b"))
    assert Contacts(found).number_among(found, "name") == CELL


def test_two_contacts_of_one_name_with_different_numbers_are_told_with_their_sources():
    found = (
        person("Anna Janssens", number(CELL), source="customers.csv, line 3"),
        person("ANNA JANSSENS", number(WORK), source="friends.vcf, line 9"),
    )
    refused = Contacts(found).number_among(found, "name")
    assert refused == NoNumber(
        reason="2 contacts have that name: Anna Janssens (customers.csv, line 3) "
        "and ANNA JANSSENS (friends.vcf, line 9); write the number of one"
    )


def test_a_copy_without_a_number_is_passed_over():
    found = (person(), person("Anna Janssens", number(CELL)), person("Anna Janssens", number(WORK, "fax")))
    assert Contacts(found).number_among(found, "name") == CELL
    assert isinstance(Contacts(found).number_among(found[:1], "name"), NoNumber)


def test_an_index_isnt_changed_by_what_it_was_built_from():
    source = [person()]
    contacts = Contacts(source)
    source.clear()
    assert contacts.by_name("Anna Janssens")
