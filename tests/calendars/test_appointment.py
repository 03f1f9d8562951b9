"""An occurrence becomes an appointment, or says why not; nobody is dialled by a guess or by a stranger."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars.appointment import Asks, CalendarRules, Company, Derivation, Manager, derive
from scheduler.calendars.contact import Contact, ContactNumber, Contacts
from scheduler.calendars.occurrence import Occurrence, Person
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MIA_PHONE = PhoneNumber("+3228160257")
TOM_PHONE = PhoneNumber("+442079460001")
DESK = PhoneNumber("+442079460009")
ANNA_PHONE = PhoneNumber("+32468373901")
BOB_PHONE = PhoneNumber("+12025550101")
COMPANY_CLI = PhoneNumber("+442079460100")
MIA_CLI = PhoneNumber("+442079460101")
CALENDAR_CLI = PhoneNumber("+442079460102")

MIA = Manager(name="Mia", emails=("mia@example.com", "m@example.com"), origin=MIA_PHONE)
TOM = Manager(name="Tom", emails=("tom@example.com",), origin=TOM_PHONE)
COMPANY = Company(region="BE", cli=COMPANY_CLI, managers=(MIA, TOM), trusted_domains=("example.com",))
RULES = CalendarRules(collection="mia", origin=MIA_PHONE)


def contact(name: str, email: str, phone: PhoneNumber) -> Contact:
    return Contact(
        name=name,
        emails=(email,),
        numbers=(ContactNumber(number=phone),),
        source="customers.csv, line 2",
    )


ANNA = contact("Anna Janssens", "anna@customer.invalid", ANNA_PHONE)
BOB = contact("Bob Peeters", "bob@customer.invalid", BOB_PHONE)
CONTACTS = Contacts([ANNA, BOB])


def guest(email: str, partstat: str = "") -> Person:
    return Person(email=email, partstat=partstat)


def event(**fields: object) -> Occurrence:
    """One that would ring: "Call Anna Janssens", at a time, by nobody else."""
    whole = {
        "uid": "u1",
        "recurrence_id": "",
        "starts_at": START,
        "zone": "Europe/Brussels",
        "all_day": False,
        "summary": "Call Anna Janssens",
        **fields,
    }
    return Occurrence(**whole)  # type: ignore[arg-type]


def derived(
    rules: CalendarRules = RULES, company: Company = COMPANY, contacts: Contacts = CONTACTS, **fields: object
) -> Derivation:
    return derive(event(**fields), rules, company, contacts)


def called(**fields: object) -> PhoneNumber:
    derivation = derived(**fields)
    assert derivation.appointment, derivation.reason
    return derivation.appointment.destination


def refused(**fields: object) -> str:
    derivation = derived(**fields)
    assert derivation.appointment is None
    return derivation.reason


def test_an_appointment_carries_everything_that_a_call_needs():
    changed_at = START - timedelta(days=1)
    derivation = derived(recurrence_id="20260302T090000Z", sequence=3, last_modified=changed_at)
    appointment = derivation.appointment
    assert appointment
    assert (appointment.collection, appointment.uid, appointment.recurrence_id) == (
        "mia",
        "u1",
        "20260302T090000Z",
    )
    assert (appointment.asked_at, appointment.starts_at) == (START, START)
    assert (appointment.origin, appointment.destination) == (MIA_PHONE, ANNA_PHONE)
    assert (appointment.cli, appointment.presentation) == (COMPANY_CLI, Presentation.ALLOWED)
    assert (appointment.summary, appointment.sequence, appointment.last_modified) == (
        "Call Anna Janssens",
        3,
        changed_at,
    )
    assert (derivation.asks, derivation.reason) == (True, "")


def test_the_steps_tell_every_rule_that_passed():
    steps = derived().steps
    assert [step.rule for step in steps] == [
        "time",
        "availability",
        "status",
        "declined",
        "asking",
        "author",
        "destination",
        "origin",
        "lead",
        "presentation",
        "cli",
    ]
    assert "Anna Janssens is named in its title" in [step.finding for step in steps]


def test_the_last_step_of_an_event_that_doesnt_ring_is_its_reason():
    derivation = derived(summary="Lunch")
    assert (derivation.steps[-1].rule, derivation.steps[-1].finding) == ("asking", derivation.reason)


# What never rings


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"all_day": True}, "all-day"),
        ({"transparent": True}, "free"),
        ({"busy_status": "OOF"}, "out of office"),
        ({"busy_status": "WORKINGELSEWHERE"}, "working elsewhere"),
        ({"busy_status": "FREE"}, "free"),
        ({"status": "CANCELLED"}, "cancelled"),
        ({"attendees": (guest("mia@example.com", "DECLINED"),)}, "Mia has declined"),
    ],
)
def test_what_isnt_busy_time_of_the_manager_never_rings_and_is_no_problem(fields, reason):
    derivation = derived(**fields)
    assert derivation.appointment is None
    assert reason in derivation.reason
    assert not derivation.asks


@pytest.mark.parametrize(
    "title",
    [
        "Canceled: Call Anna Janssens",
        "CANCELLED Call Anna Janssens",
        "[Cancelled] Call Anna Janssens",
        "Geannuleerd: Bel Anna Janssens",
        "Annulé : Appel Anna Janssens",
        "ANNULE: Appel Anna Janssens",
        "Annulée - Appel Anna Janssens",
        "Abgesagt:Anruf Anna Janssens",
    ],
)
def test_a_title_that_says_cancelled_never_rings(title):
    assert "cancelled" in refused(summary=title, rules=replace(RULES, asks=Asks.ALL), location="+32468373901")


def test_tentative_and_busy_events_ring():
    assert called(status="TENTATIVE", busy_status="BUSY") == ANNA_PHONE


def test_a_colleague_who_declines_doesnt_silence_the_managers_call():
    assert called(attendees=(guest("mia@example.com", "ACCEPTED"), guest("tom@example.com", "DECLINED")))
    organizer = Person(email="mia@example.com")
    assert called(organizer=organizer, attendees=(guest("tom@example.com", "DECLINED"),))


def test_what_its_organizing_manager_declines_never_rings_in_a_colleagues_calendar():
    attendees = (guest("mia@example.com", "ACCEPTED"), guest("tom@example.com", "DECLINED"))
    assert "Tom has declined" in refused(organizer=Person(email="tom@example.com"), attendees=attendees)


def test_a_call_that_every_manager_declined_never_rings():
    attendees = (guest("mia@example.com", "DECLINED"), guest("tom@example.com", "DECLINED"))
    rules = CalendarRules(collection="shared", origin=DESK)
    assert "Mia and Tom declined it" in refused(rules=rules, attendees=attendees)


# Which event asks


@pytest.mark.parametrize(
    "title",
    [
        "Call Anna Janssens",
        "call: anna janssens",
        "CALL - Janssens, Anna",
        "Call with Anna Janssens",
        "Phone Anna Janssens",
        "Bel Anna Janssens",
        "Bellen met Anna Janssens",
        "Appel : Anna Janssens",
        "Appeler Anna Janssens",
        "Appel avec Anna Janssens",
        "Téléphoner à Anna Janssens",
        "Anruf Anna Janssens",
        "Telefonat mit Ánna   JANSSENS",
        "[Call] Anna Janssens",
    ],
)
def test_a_title_that_begins_with_a_word_for_calling_calls_the_name_after_it(title):
    assert called(summary=title) == ANNA_PHONE


@pytest.mark.parametrize("title", ["Callum's birthday", "Belgium tour", "Lunch with Anna Janssens", "Recall Anna"])
def test_a_title_that_only_looks_like_a_word_for_calling_asks_for_nothing(title):
    derivation = derived(summary=title)
    assert derivation.appointment is None
    assert not derivation.asks
    assert "begin its title with 'Call'" in derivation.reason


@pytest.mark.parametrize("title", ["Call for papers", "Call Anna", "Call Anna Janssens about the offer", "Call"])
def test_a_title_that_names_no_contact_wholly_is_a_problem_and_dials_nobody(title):
    derivation = derived(summary=title)
    assert derivation.appointment is None
    assert derivation.asks
    assert "nobody to call" in derivation.reason


def test_a_contact_whose_name_begins_like_a_prefix_is_found():
    florist = contact("With Love Flowers", "w@customer.invalid", BOB_PHONE)
    assert called(summary="Call With Love Flowers", contacts=Contacts([florist])) == BOB_PHONE


@pytest.mark.parametrize("category", ["Call", "PHONE CALL", "Bellen", "appel telephonique", "Anruf"])
def test_a_category_asks_and_the_whole_title_is_then_the_name(category):
    assert called(summary="Anna Janssens", categories=("Sales", category)) == ANNA_PHONE


def test_a_calendar_set_to_all_asks_for_a_call_with_every_event():
    assert called(summary="Anna Janssens", rules=replace(RULES, asks=Asks.ALL)) == ANNA_PHONE
    assert derived(summary="Lunch", rules=replace(RULES, asks=Asks.ALL)).asks


@pytest.mark.parametrize(
    "fields", [{"location": "0468 37 39 01"}, {"location": "tel:+32468373901"}, {"url": "tel:+32-468-37-39-01"}]
)
def test_a_location_or_url_that_is_wholly_a_number_asks_for_it(fields):
    assert called(summary="Intake", **fields) == ANNA_PHONE


@pytest.mark.parametrize(
    "fields",
    [
        {"location": "+32 468 37 39 01,,123456#"},
        {"location": "tel:+32468373901,,123456#"},
        {"url": "tel:+32468373901;ext=12"},
        {"location": "Grote Markt 1, 0468 37 39 01"},
        {"url": "https://meet.example.com/0468373901"},
        {"description": "Dial in: +32468373901 PIN 123#"},
        {"description": "Call-Number: +32468373901"},
    ],
)
def test_a_meetings_dial_in_or_a_number_among_words_asks_for_nothing(fields):
    assert not derived(summary="Intake", **fields).asks


# Whom it calls


def test_an_explicit_number_goes_before_a_guest_and_a_guest_before_the_title():
    guests = (guest("bob@customer.invalid", "ACCEPTED"),)
    assert called(location="+442079460005", attendees=guests) == PhoneNumber("+442079460005")
    assert called(attendees=guests) == BOB_PHONE


@pytest.mark.parametrize("title", ["Call +32468373901", "Bel 0468/37.39.01", "Call: (0468) 37 39 01"])
def test_a_number_after_the_prefix_is_explicit(title):
    assert called(summary=title) == ANNA_PHONE


@pytest.mark.parametrize(
    "description",
    [
        "Call-Number: 0468 37 39 01",
        "Bring the offer.\n  call-number : +32468373901\nThanks",
        "<html><body><p>Hello</p><p><b>Call-Number:</b>&nbsp;+32468373901</p></body></html>",
        "Bring the offer.<br>Call-Number: <a href='tel:+32468373901'>0468 37 39 01</a><br/>Thanks",
        "<div>Hello</div><div>\u200bCall-Number: &#43;32468373901</div>",
    ],
)
def test_a_call_number_line_is_explicit_in_plain_text_and_html(description):
    assert called(summary="Call", description=description) == ANNA_PHONE


def test_one_number_written_twice_is_one_and_two_are_a_problem():
    assert called(location="0468 37 39 01", description="Call-Number: +32468373901") == ANNA_PHONE
    reason = refused(location="0468 37 39 01", description="Call-Number: +12025550101")
    assert "different numbers" in reason
    assert ANNA_PHONE.e164 not in reason


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"location": "0468 37 39"}, "LOCATION '0468 37 39'"),
        ({"description": "Call-Number: tomorrow"}, "Call-Number 'tomorrow'"),
        ({"description": "Call-Number:"}, "Call-Number ''"),
        ({"summary": "Call 0468 37 39"}, "title '0468 37 39'"),
    ],
)
def test_an_explicit_number_that_cant_be_read_is_a_problem_never_passed_over(fields, text):
    derivation = derived(**fields)
    assert derivation.appointment is None
    assert derivation.asks
    assert text in derivation.reason


@pytest.mark.parametrize(
    "fields", [{"location": "112"}, {"url": "tel:112"}, {"summary": "Call 112"}, {"location": "1207"}]
)
def test_an_emergency_or_short_number_is_never_called_and_told(fields):
    derivation = derived(**fields)
    assert derivation.appointment is None
    assert derivation.asks
    assert "emergency or short number is never called" in derivation.reason


def test_managers_and_unknown_guests_are_passed_over():
    colleague = contact("Tom", "tom@example.com", TOM_PHONE)
    guests = (guest("mia@example.com"), guest("tom@example.com"), guest("x@example.invalid"), guest(""))
    attendees = (*guests, guest("anna@customer.invalid"))
    derivation = derived(attendees=attendees, contacts=Contacts([ANNA, colleague]), summary="Call")
    assert derivation.appointment
    assert derivation.appointment.destination == ANNA_PHONE


def test_several_guests_in_the_contacts_are_a_problem_unless_they_share_a_number():
    attendees = (guest("anna@customer.invalid"), guest("bob@customer.invalid"))
    assert "several guests" in refused(attendees=attendees)
    shared = Contacts([ANNA, contact("Bob Peeters", "bob@customer.invalid", ANNA_PHONE)])
    assert called(attendees=attendees, contacts=shared) == ANNA_PHONE


@pytest.mark.parametrize("fields", [{}, {"summary": "Call"}, {"location": "0468 37 39 01"}])
def test_a_guest_who_declined_isnt_called_by_any_way(fields):
    attendees = (guest("anna@customer.invalid", "DECLINED"),)
    assert "Anna Janssens (customers.csv, line 2) has declined it" in refused(attendees=attendees, **fields)


def test_a_guest_who_declined_leaves_the_other_one():
    attendees = (guest("anna@customer.invalid", "DECLINED"), guest("bob@customer.invalid"))
    assert called(attendees=attendees) == BOB_PHONE


def test_two_contacts_of_one_name_are_a_problem_that_names_both():
    contacts = Contacts([ANNA, replace(BOB, name="ANNA JANSSENS", source="friends.vcf, line 7")])
    reason = refused(contacts=contacts)
    assert "2 contacts have that name" in reason
    assert "friends.vcf, line 7" in reason


# Whose phone rings first


def test_the_organizing_manager_is_the_origin():
    derivation = derived(organizer=Person(email="tom@example.com"), attendees=(guest("mia@example.com"),))
    assert derivation.appointment
    assert derivation.appointment.origin == TOM_PHONE


def test_the_attending_manager_is_the_origin_where_a_colleague_organises():
    assistant = Person(email="desk@example.com")
    derivation = derived(organizer=assistant, attendees=(guest("Tom@example.com".lower()),))
    assert derivation.appointment
    assert derivation.appointment.origin == TOM_PHONE


def test_of_several_attending_managers_it_is_the_calendars_own_or_a_problem():
    attendees = (guest("tom@example.com"), guest("mia@example.com"))
    derivation = derived(attendees=attendees)
    assert derivation.appointment
    assert derivation.appointment.origin == MIA_PHONE
    assert "Tom and Mia attend it" in refused(attendees=attendees, rules=replace(RULES, origin=DESK))


def test_without_any_manager_it_is_the_calendars_origin_or_a_problem():
    assert "give the calendar an origin" in refused(rules=replace(RULES, origin=None))
    derivation = derived(rules=replace(RULES, origin=DESK))
    assert derivation.appointment
    assert derivation.appointment.origin == DESK


def test_nobody_is_called_by_themselves():
    reason = refused(location=MIA_PHONE.e164)
    assert "call itself" in reason
    assert MIA_PHONE.e164 not in reason


@pytest.mark.parametrize(
    ("manager_cli", "calendar_cli", "company_cli", "shown"),
    [
        (MIA_CLI, CALENDAR_CLI, COMPANY_CLI, MIA_CLI),
        (None, CALENDAR_CLI, COMPANY_CLI, CALENDAR_CLI),
        (None, None, COMPANY_CLI, COMPANY_CLI),
        (None, None, None, None),
    ],
)
def test_the_cli_is_the_managers_else_the_calendars_else_the_companys(
    manager_cli, calendar_cli, company_cli, shown
):
    company = replace(COMPANY, cli=company_cli, managers=(replace(MIA, cli=manager_cli),))
    derivation = derived(rules=replace(RULES, cli=calendar_cli), company=company)
    assert derivation.appointment
    assert derivation.appointment.cli == shown


# When, and whether the number is shown


@pytest.mark.parametrize(
    ("description", "calendar_lead", "minutes"),
    [
        ("Call-Lead: 5 min", timedelta(minutes=2), 5),
        ("<p>call-lead: 0 s</p>", timedelta(minutes=2), 0),
        ("", timedelta(minutes=2), 2),
        ("", timedelta(), 0),
        ("", None, 10),
    ],
)
def test_the_lead_is_the_events_else_the_calendars_else_the_companys(description, calendar_lead, minutes):
    derivation = derived(
        description=description,
        rules=replace(RULES, lead=calendar_lead),
        company=replace(COMPANY, lead=timedelta(minutes=10)),
    )
    assert derivation.appointment
    assert derivation.appointment.asked_at == START - timedelta(minutes=minutes)


def test_an_event_can_hide_the_number():
    derivation = derived(description="Call-Presentation: restricted")
    assert derivation.appointment
    assert derivation.appointment.presentation is Presentation.RESTRICTED
    derivation = derived(
        description="call-presentation: Allowed", rules=replace(RULES, presentation=Presentation.RESTRICTED)
    )
    assert derivation.appointment
    assert derivation.appointment.presentation is Presentation.ALLOWED


@pytest.mark.parametrize(
    "line",
    [
        "Call-Lead: soon",
        "Call-Lead: 5",
        "Call-Lead: 2 d",
        "Call-Lead:",
        "Call-Lead: 5 min\nCall-Lead: 6 min",
        "Call-Presentation: hidden",
        "Call-Presentation:",
        "Call-Presentation: allowed<br>Call-Presentation: restricted",
    ],
)
def test_a_line_that_cant_be_read_is_a_problem_never_passed_over(line):
    derivation = derived(description=line)
    assert derivation.appointment is None
    assert derivation.asks
    assert line.split(":")[0] in derivation.reason


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("Call-Numer: 0468 37 39 01", "Call-Number:"),
        ("call-leed : 5 min", "Call-Lead:"),
        ("<p>Call-Presention: restricted</p>", "Call-Presentation:"),
    ],
)
def test_a_misspelt_line_is_a_problem_that_says_what_was_meant(line, meant):
    derivation = derived(description=line)
    assert derivation.appointment is None
    assert derivation.asks
    assert f"did you mean '{meant}'?" in derivation.reason


@pytest.mark.parametrize("line", ["Call-back: on Monday", "Call-in: see the invitation", "Call-ID: 4711"])
def test_a_line_that_only_begins_with_call_is_just_text(line):
    assert called(description=line) == ANNA_PHONE


def test_a_line_with_a_dash_that_the_editor_made_longer_is_read():
    derivation = derived(description="Call\u2013Lead: 5 min\nCall\u2011Presentation: restricted")
    assert derivation.appointment
    assert derivation.appointment.asked_at == START - timedelta(minutes=5)
    assert derivation.appointment.presentation is Presentation.RESTRICTED


def test_a_lead_before_the_first_year_is_a_problem():
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert "first year" in refused(starts_at=first, description="Call-Lead: 5 min")


# Strangers

STRANGER = Person(email="eve@evilexample.com", name="Eve")


@pytest.mark.parametrize(
    "email",
    [
        "eve@evilexample.com",
        "eve@example.com.evil.invalid",
        "x@y@gent.example.com",
        "@example.com",
        "example.com",
        "",
    ],
)
def test_a_strangers_invitation_asks_for_nothing(email):
    derivation = derived(
        organizer=Person(email=email), location="0468 37 39 01", attendees=(guest("mia@example.com"),)
    )
    assert derivation.appointment is None
    assert not derivation.asks
    assert "it rings once Mia accepts it" in derivation.reason


@pytest.mark.parametrize("partstat", ["", "NEEDS-ACTION", "TENTATIVE", "DELEGATED"])
def test_a_strangers_invitation_waits_until_it_is_accepted(partstat):
    assert refused(organizer=STRANGER, attendees=(guest("mia@example.com", partstat),))


def test_a_strangers_invitation_rings_once_a_manager_has_accepted_it():
    attendees = (guest("m@example.com", "ACCEPTED"),)
    assert called(organizer=STRANGER, attendees=attendees) == ANNA_PHONE


def test_an_acceptance_under_one_address_and_a_decline_under_another_is_none():
    attendees = (guest("m@example.com", "ACCEPTED"), guest("mia@example.com", "DECLINED"))
    assert refused(organizer=STRANGER, attendees=attendees)


def test_a_strangers_invitation_rings_at_the_phone_of_the_manager_who_accepted_it():
    attendees = (guest("mia@example.com"), guest("tom@example.com", "ACCEPTED"))
    derivation = derived(organizer=STRANGER, attendees=attendees)
    assert derivation.appointment
    assert derivation.appointment.origin == TOM_PHONE


def test_a_strangers_invitation_never_rings_at_a_manager_who_hasnt_accepted_it():
    without_phone = Company(region="BE", managers=(MIA, replace(TOM, origin=None)))
    attendees = (guest("mia@example.com"), guest("tom@example.com", "ACCEPTED"))
    reason = refused(organizer=STRANGER, attendees=attendees, company=without_phone)
    assert reason == "a stranger organised it, and Mia, whose phone it is, hasn't accepted it"
    desk = derived(
        organizer=STRANGER, attendees=attendees, company=without_phone, rules=replace(RULES, origin=DESK)
    )
    assert desk.appointment
    assert desk.appointment.origin == DESK


def test_a_stranger_who_acts_in_a_managers_name_is_a_stranger():
    forged = Person(email="mia@example.com", sent_by="eve@evilexample.com")
    assert "eve@evilexample.com, in the name of mia@example.com," in refused(organizer=forged)
    attendees = (guest("tom@example.com", "ACCEPTED"),)
    derivation = derived(organizer=forged, attendees=attendees)
    assert derivation.appointment
    assert derivation.appointment.origin == TOM_PHONE


def test_a_secretary_of_the_company_may_ask_in_a_managers_name():
    assert called(organizer=Person(email="mia@example.com", sent_by="desk@example.com")) == ANNA_PHONE


def test_an_acceptance_by_somebody_else_is_none():
    assert refused(organizer=STRANGER, attendees=(guest("eve@evilexample.com", "ACCEPTED"),))


@pytest.mark.parametrize(
    "email", ["desk@example.com", "desk@gent.example.com", "DESK@EXAMPLE.COM", "mia@example.com"]
)
def test_a_manager_and_a_trusted_domain_may_ask(email):
    assert called(organizer=Person(email=email)) == ANNA_PHONE


def test_a_customer_who_organised_what_the_manager_accepted_is_called():
    customer = Person(email="bob@customer.invalid")
    attendees = (guest("mia@example.com", "ACCEPTED"),)
    assert called(organizer=customer, attendees=attendees, summary="Call") == BOB_PHONE


def test_a_colleague_who_organised_it_isnt_called():
    colleague = contact("Desk", "desk@example.com", BOB_PHONE)
    organizer = Person(email="desk@example.com")
    attendees = (guest("anna@customer.invalid"),)
    contacts = Contacts([ANNA, colleague])
    assert called(organizer=organizer, attendees=attendees, contacts=contacts) == ANNA_PHONE


def test_a_customer_who_organised_and_then_declined_isnt_called():
    customer = Person(email="bob@customer.invalid")
    attendees = (guest("mia@example.com", "ACCEPTED"), guest("bob@customer.invalid", "DECLINED"))
    assert "Bob Peeters" in refused(organizer=customer, attendees=attendees, summary="Call")


def test_a_manager_may_ask_from_any_domain():
    freelancer = Manager(name="Kim", emails=("Kim@Elsewhere.invalid",), origin=DESK)
    company = replace(COMPANY, managers=(freelancer,))
    assert called(organizer=Person(email="kim@elsewhere.invalid"), company=company) == ANNA_PHONE


@pytest.mark.parametrize("email", ["eve@evilexample.com", "eve@evil.", "eve@", ""])
def test_an_empty_entry_in_the_configuration_trusts_nobody(email):
    nameless = Manager(name="Nobody", emails=("",), origin=DESK)
    company = replace(COMPANY, trusted_domains=("", ".", "@"), managers=(nameless,))
    assert refused(organizer=Person(email=email), company=company)


# Whatever comes

EMAILS = st.sampled_from(
    ["", "mia@example.com", "tom@example.com", "anna@customer.invalid", "bob@customer.invalid", "eve@evil.invalid"]
)
PEOPLE = st.builds(Person, email=EMAILS, partstat=st.sampled_from(["", "ACCEPTED", "DECLINED"]))
TEXTS = st.text(max_size=40) | st.sampled_from(
    ["Call Anna Janssens", "Call", "Canceled: x", "0468 37 39 01", "112", "tel:", "Call tel:+1;ext=2", "Bel ,"]
)
DESCRIPTIONS = TEXTS | st.lists(
    st.sampled_from(
        ["Call-Number:", "Call-Lead:", "Call-Presentation:", "<br>", "<", "5 min", "&#x0;", "restricted"]
    )
).map("".join)
OCCURRENCES = st.builds(
    Occurrence,
    uid=st.text(max_size=5),
    recurrence_id=st.just(""),
    starts_at=st.datetimes(timezones=st.just(UTC)),
    zone=st.just("UTC"),
    all_day=st.booleans(),
    summary=TEXTS,
    description=DESCRIPTIONS,
    location=TEXTS,
    url=TEXTS,
    categories=st.lists(TEXTS | st.just("call"), max_size=2).map(tuple),
    status=st.sampled_from(["", "CONFIRMED", "CANCELLED"]),
    transparent=st.booleans(),
    busy_status=st.sampled_from(["", "OOF"]),
    organizer=st.none() | PEOPLE,
    attendees=st.lists(PEOPLE, max_size=3).map(tuple),
)


@given(OCCURRENCES, st.sampled_from(Asks), st.sampled_from([None, MIA_PHONE, DESK]))
def test_any_occurrence_is_an_appointment_or_a_reason(occurrence, asks, origin):
    rules = replace(RULES, asks=asks, origin=origin, lead=timedelta(minutes=5))
    derivation = derive(occurrence, rules, COMPANY, CONTACTS)
    assert (derivation.reason == "") is (derivation.appointment is not None)
    assert derivation.steps
    if derivation.appointment:
        assert derivation.asks
        assert derivation.appointment.origin != derivation.appointment.destination
        assert derivation.appointment.asked_at == occurrence.starts_at - timedelta(minutes=5) or "Lead" in (
            occurrence.description
        )
        assert not occurrence.all_day
        assert not occurrence.transparent
