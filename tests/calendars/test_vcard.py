"""vCards of every version are read; a bad line, number or card costs only itself."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars.contact import Contact, Contacts
from scheduler.calendars.vcard import read_vcards
from scheduler.phone import PhoneNumber

SAMPLES = Path(__file__).parent.parent / "samples"
CELL = PhoneNumber("+32468373901")
HOME = PhoneNumber("+3228160257")


def read_sample(name: str):
    return read_vcards((SAMPLES / name).read_bytes(), name=name, region="BE")


def read_card(*lines: str, version: str = "4.0"):
    text = "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])
    return read_vcards(text.encode(), name="a.vcf", region="BE")


def numbers_of(contact: Contact) -> list[PhoneNumber]:
    return [number.number for number in contact.numbers]


def test_quoted_printable_soft_breaks_and_charsets_of_version_2_1_are_read():
    (andre, _), problems = read_sample("vcard-2.1-quoted-printable.vcf")
    assert andre.name == "André Léonard"
    assert andre.emails == ("andre@example.com",)
    assert problems == ()


def test_bare_parameters_of_version_2_1_are_types_and_pref_a_preference():
    (andre, _), _ = read_sample("vcard-2.1-quoted-printable.vcf")
    fax, cell, plain = andre.numbers
    assert fax.types == {"work", "fax"}
    assert (cell.number, cell.types, cell.preference) == (CELL, {"cell"}, 1)
    assert (plain.number, plain.types, plain.preference) == (HOME, frozenset(), 101)


def test_a_card_within_a_card_gives_its_numbers_to_nobody():
    (_, folded), _ = read_sample("vcard-2.1-quoted-printable.vcf")
    assert folded.name == "A name folded at a space"
    assert numbers_of(folded) == [HOME]


def test_grouped_numbers_are_read_with_their_label_as_type():
    contacts, _ = read_sample("vcard-3.0-apple-groups.vcf")
    mobile, fax, home = contacts[0].numbers
    assert (mobile.number, mobile.types) == (CELL, {"mobile"})
    assert not fax.takes_calls
    assert home.number == HOME
    assert contacts[0].emails == ("anna@example.com", "anna.janssens@example.com")


def test_a_folded_note_that_mentions_a_number_isnt_one():
    contacts, _ = read_sample("vcard-3.0-apple-groups.vcf")
    assert len(contacts[0].numbers) == 3


def test_bad_numbers_lines_and_cards_cost_themselves_and_are_told_with_their_line():
    contacts, problems = read_sample("vcard-3.0-apple-groups.vcf")
    assert [contact.name for contact in contacts] == ["Anna Janssens", "Garage Peeters", "Zoë D’Hondt"]
    assert [(problem.where, problem.what.split(":")[0]) for problem in problems] == [
        ("vcard-3.0-apple-groups.vcf, line 26", "not a line of a vCard (NAME"),
        ("vcard-3.0-apple-groups.vcf, line 25", "TEL '4.68E+10'"),
        ("vcard-3.0-apple-groups.vcf, line 28", "the card has no END"),
    ]


def test_a_contact_knows_where_it_stands():
    contacts, _ = read_sample("vcard-3.0-apple-groups.vcf")
    assert contacts[1].source == "vcard-3.0-apple-groups.vcf, line 18"
    assert str(contacts[1]) == "Garage Peeters (vcard-3.0-apple-groups.vcf, line 18)"


def test_tel_uris_and_preferences_of_version_4_are_read():
    (jonas,), problems = read_sample("vcard-4.0-uris.vcf")
    assert [(str(n.number), n.preference) for n in jonas.numbers] == [
        ("+442079460001", 2),
        ("+442079460002", 1),
        ("+442079460004", 101),
    ]
    assert jonas.numbers[0].types == {"voice", "home"}
    assert [problem.where for problem in problems] == [
        "vcard-4.0-uris.vcf, line 7",
        "vcard-4.0-uris.vcf, line 8",
    ]
    assert Contacts([jonas]).number_of(jonas) == PhoneNumber("+442079460002")


def test_a_fold_within_a_letter_of_two_bytes_is_mended():
    data = b"BEGIN:VCARD\nVERSION:3.0\nFN:Zo\xc3\n \xab\nTEL:0468373901\nEND:VCARD\n"
    (contact,), _ = read_vcards(data, name="a.vcf", region="BE")
    assert contact.name == "Zoë"


def test_windows_bytes_and_utf_16_are_read():
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:Zoë\nEND:VCARD\n"
    for encoding in ("cp1252", "utf-16", "utf-8-sig"):
        (contact,), problems = read_vcards(card.encode(encoding), name="a.vcf", region="BE")
        assert (contact.name, problems) == ("Zoë", ())


def test_an_unknown_charset_falls_back_to_utf_8():
    (contact,), _ = read_card("FN;CHARSET=klingon:Zoë", version="2.1")
    assert contact.name == "Zoë"


def test_escaped_separators_belong_to_the_name():
    (contact,), _ = read_card(r"N:O\;Neill\, Sr.;Ann;Marie;;")
    assert contact.name == "Ann Marie O;Neill, Sr."


def test_a_parameter_in_quotes_may_hold_a_colon():
    (contact,), _ = read_card("FN:Ann", 'TEL;X-NOTE="a:b;c";TYPE=cell:0468373901')
    assert contact.numbers[0].types == {"cell"}


def test_a_quoted_printable_value_that_never_ends_costs_its_line_not_the_next_card():
    broken = "BEGIN:VCARD\nVERSION:2.1\nFN;ENCODING=QUOTED-PRINTABLE:Ann=\nEND:VCARD\n"
    whole = "BEGIN:VCARD\nVERSION:2.1\nFN:Bob\nEND:VCARD\n"
    contacts, _ = read_vcards((broken + whole).encode(), name="a.vcf", region="BE")
    assert [contact.name for contact in contacts] == ["Ann", "Bob"]


def test_a_photo_that_isnt_indented_is_no_fault():
    (contact,), problems = read_card(
        "PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ", "SkZJRgABAQ==", "FN:Ann", version="2.1"
    )
    assert (contact.name, problems) == ("Ann", ())


def test_a_card_without_name_and_address_is_a_problem():
    contacts, (problem,) = read_card("TEL:0468373901")
    assert contacts == ()
    assert problem.where == "a.vcf, line 1"


def test_a_file_of_something_else_is_a_problem_and_an_empty_one_isnt():
    assert read_vcards(b"", name="a.vcf", region="BE") == ((), ())
    contacts, (problem,) = read_vcards(b"<html>Log in</html>", name="a.vcf", region="BE")
    assert contacts == ()
    assert str(problem) == "a.vcf: holds no vCard"


LINES = st.lists(
    st.sampled_from(
        [
            b"BEGIN:VCARD",
            b"END:VCARD",
            b"VERSION:2.1",
            b"AGENT:",
            b"TEL;QUOTED-PRINTABLE:=",
            b"N:\\",
            b"TEL;PREF=1:112",
            b'a.TEL;=;":x',
            b"FN;CHARSET=utf-7:+2AA-",
            b" x",
            b"\xff",
        ]
    )
    | st.binary(max_size=12)
)


@given(st.binary() | LINES.map(b"\n".join) | LINES.map(lambda lines: b"BEGIN:VCARD\n" + b"\r\n".join(lines)))
def test_any_bytes_are_contacts_and_problems(data):
    contacts, problems = read_vcards(data, name="a.vcf", region="BE")
    for contact in contacts:
        assert contact.name or contact.emails
        contact.name.encode()
        Contacts([contact]).number_of(contact)
    assert all(problem.where.startswith("a.vcf") and problem.what for problem in problems)
