"""What becomes of each event of the samples: when it rings, or why it doesn't.

The samples are written in the shape that Google, Outlook, Exchange, Apple, Nextcloud, Thunderbird, khal and
booking tools give their exports. Those about times alone are in ``test_expansion.py``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.calendars.agenda import Agenda, Zones, read_agenda
from scheduler.calendars.appointment import Derivation
from scheduler.calendars.contact import Contact, ContactNumber, Contacts
from scheduler.calendars.settings import Asks, CalendarRules, Company, Manager
from scheduler.calls.plan import plan
from scheduler.calls.policy import Policy
from scheduler.phone import PhoneNumber
from tests.calendars.ics import BRUSSELS, END, SAMPLES, START, sample

ANN_PHONE = PhoneNumber("+3228160257")
TOM_PHONE = PhoneNumber("+3228160258")
ANNA_PHONE = PhoneNumber("+32468373901")
ANN = Manager(name="Ann", emails=("ann@example.com", "a.peeters@example.com"), origin=ANN_PHONE)
TOM = Manager(name="Tom", emails=("tom@example.com",), origin=TOM_PHONE)
COMPANY = Company(region="BE", managers=(ANN, TOM), trusted_domains=("example.com",))
RULES = CalendarRules(collection="ann", origin=ANN_PHONE)
ANNA = Contact(
    name="Anna Janssens", emails=("anna@customer.invalid",), numbers=(ContactNumber(number=ANNA_PHONE),)
)

# sample → "uid recurrence_id start: what becomes of it", the start in UTC; of a reason its beginning.
DECISIONS: dict[str, tuple[str, ...]] = {
    "all-day-flag-from-outlook": (
        "flag 2027-01-13 05:00: an all-day event never rings",
        "no-flag 2027-01-13 05:00: rings",
    ),
    "all-day-over-a-clock-change": (
        "short-day 2027-03-27 23:00: an all-day event never rings",
        "long-day 2026-10-24 22:00: an all-day event never rings",
    ),
    "apple-event-with-alarm": ("apple-1 2027-01-12 09:00: rings",),
    "booking-tool": (
        "booked 2027-01-12 09:00: rings",
        "not-accepted 2027-01-13 09:00: no-reply@booking.invalid organised it",
    ),
    "cancelled-in-the-title": (
        "en-us 2027-01-11 09:00: its title says that it is cancelled",
        "en-gb 2027-01-12 09:00: its title says that it is cancelled",
        "nl 2027-01-13 09:00: its title says that it is cancelled",
        "fr 2027-01-14 09:00: its title says that it is cancelled",
        "de 2027-01-15 09:00: its title says that it is cancelled",
        "status 2027-01-16 09:00: it is cancelled",
    ),
    "copied-event-in-the-shared-calendar": ("040000008200E00074C5B7101A82E008 2027-01-12 09:00: rings",),
    "declined-by-the-manager": (
        "declined 2027-01-12 09:00: Ann has declined it",
        "declined-by-alias 2027-01-13 09:00: Ann has declined it",
        "once 20270114T090000Z 2027-01-14 09:00: rings",
        "once 20270121T090000Z 2027-01-21 09:00: Ann has declined it",
    ),
    "events-without-uid": (
        "no-uid-664f1b54c5ab27ccf8d7d66ff1546afd 2027-01-12 09:00: rings",
        "no-uid-eedcea6d498cfdab65fff60c1a5b7327 2027-01-13 09:00: rings",
    ),
    "exdate-in-the-newer-of-two-masters": (
        "twice 20270111T090000Z 2027-01-11 09:00: rings",
        "twice: several events share its UID",
    ),
    "exdate-lists-from-outlook": (
        "list 20270111T090000Z 2027-01-11 09:00: rings",
        "list 20270116T090000Z 2027-01-16 09:00: rings",
    ),
    "exdate-of-another-instance-at-the-same-clock": (
        "clock 20270111T090000Z 2027-01-11 09:00: rings",
        "clock 20270112T090000Z 2027-01-12 09:00: rings",
    ),
    "google-invitations-from-a-stranger": (
        "pending 2027-01-12 09:00: eve@elsewhere.invalid organised it",
        "tentative 2027-01-13 09:00: eve@elsewhere.invalid organised it",
        "accepted 2027-01-14 09:00: rings",
        "accepted-by-alias 2027-01-15 09:00: rings",
        "accepted-by-the-sender 2027-01-16 09:00: eve@elsewhere.invalid organised it",
        "declined 2027-01-17 09:00: Ann has declined it",
        "nobody-invited 2027-01-18 09:00: eve@elsewhere.invalid organised it",
        "lookalike 2027-01-19 09:00: ann@example.com.invalid organised it",
    ),
    "google-organizer-unknown": ("imported 2027-01-12 09:00: unknownorganizer@calendar.google.com organised it",),
    "google-out-of-office-and-focus-time": (
        "away 2027-01-12 09:00: it is out of office",
        "focus 2027-01-13 09:00: it is focus time",
        "home 2027-01-14 09:00: it is a working location",
        "plain-feed 2027-01-15 09:00: it doesn't ask for a call",
        "ordinary 2027-01-16 09:00: rings",
    ),
    "google-series-split-in-two": (
        "abc 20270104T090000Z 2027-01-04 09:00: rings",
        "abc 20270111T090000Z 2027-01-11 09:00: rings",
        "abc_R20270118T090000 20270118T103000Z 2027-01-18 10:30: rings",
        "abc_R20270118T090000 20270125T103000Z 2027-01-25 10:30: rings",
    ),
    "khal-partial-vtimezone": ("summer 2027-04-12 08:00: rings",),
    "outlook-busy-status": (
        "free 2027-01-11 09:00: it is shown as free",
        "oof 2027-01-12 09:00: it is out of office",
        "workingelsewhere 2027-01-13 09:00: it is working elsewhere",
        "tentative 2027-01-14 09:00: rings",
        "busy 2027-01-15 09:00: rings",
    ),
    "outlook-invitations-on-behalf": (
        "secretary 2027-01-12 09:00: rings",
        "stranger-for-ann 2027-01-13 09:00: eve@elsewhere.invalid, in the name of ann@example.com, organised it",
        "ann-for-stranger 2027-01-14 09:00: eve@elsewhere.invalid organised it",
        "no-address 2027-01-15 09:00: Eve Sales organised it",
        "no-organizer 2027-01-16 09:00: rings",
    ),
    "override-in-another-zone-over-midnight": (
        "late 20270111T223000Z 2027-01-11 22:30: rings",
        "late 20270112T223000Z 2027-01-13 23:00: rings",
    ),
    "ramadan-called-daylight-time": (
        "office 20270201T080000Z 2027-02-01 08:00: rings",
        "office 20270208T090000Z 2027-02-08 09:00: rings",
        "office 20270215T090000Z 2027-02-15 09:00: rings",
        "office 20270222T090000Z 2027-02-22 09:00: rings",
        "office 20270301T090000Z 2027-03-01 09:00: rings",
        "office 20270308T090000Z 2027-03-08 09:00: rings",
        "office 20270315T080000Z 2027-03-15 08:00: rings",
        "night 20270307T013000Z 2027-03-07 01:30: rings",
        "night 20270314T013000Z 2027-03-14 09:00: rings",
    ),
    "rdate-in-another-zone-and-twice": (
        "extra 20270111T090000Z 2027-01-11 09:00: rings",
        "extra 20270112T090000Z 2027-01-12 09:00: rings",
        "extra 20270113T090000Z 2027-01-13 09:00: rings",
    ),
    "rdate-of-dates": (
        "dates 20270111T090000Z 2027-01-11 09:00: rings",
        "dates 20270113T090000Z 2027-01-13 09:00: rings",
        "dates 20270115T090000Z 2027-01-15 09:00: rings",
    ),
    "same-event-in-anns-calendar": ("shared 2027-01-12 09:00: rings",),
    "same-event-in-the-shared-calendar": ("shared 2027-01-12 09:00: rings",),
    "series-moved-with-stale-exdate": (
        "moved 20270111T130000Z 2027-01-11 13:00: rings",
        "moved 20270112T130000Z 2027-01-12 13:00: rings",
        "moved 20270113T130000Z 2027-01-13 13:00: rings",
    ),
    "series-moved-with-stale-override": (
        "moved 20270111T130000Z 2027-01-11 13:00: rings",
        "moved 20270112T090000Z 2027-01-12 10:00: rings",
        "moved 20270112T130000Z 2027-01-12 13:00: rings",
    ),
    "shown-as-free": (
        "free 2027-01-12 09:00: it is shown as free (TRANSP:TRANSPARENT)",
        "busy 2027-01-13 09:00: rings",
    ),
    "this-and-future-from-an-earlier-hour": (
        "tf 20270111T090000Z 2027-01-11 09:00: rings",
        "tf 20270112T090000Z 2027-01-12 08:00: rings",
        "tf 20270114T090000Z 2027-01-14 08:00: rings",
    ),
    "two-managers-invited-by-a-stranger": ("tom-accepted 2027-01-12 09:00: rings",),
    "uids-anew-at-each-fetch-first": (
        "4f1c 2027-01-12 09:00: rings",
        "9a02 20270113T090000Z 2027-01-13 09:00: rings",
        "9a02 20270120T090000Z 2027-01-20 09:00: rings",
        "77be 2027-01-14 09:00: rings",
    ),
    "uids-anew-at-each-fetch-second": (
        "c011 2027-01-12 09:00: rings",
        "e5d3 20270113T090000Z 2027-01-13 09:00: rings",
        "e5d3 20270120T090000Z 2027-01-20 09:00: rings",
        "1b8a 2027-01-14 09:00: rings",
    ),
    "video-meeting-with-dial-in": ("meet 2027-01-12 09:00: it doesn't ask for a call",),
    "vtimezone-with-a-damaged-line": (
        "known 2027-01-12 09:00: rings",
        "utc 2027-01-12 10:00: rings",
        "lost: the calendar's own definition of time zone 'Own Zone' can't be read",
    ),
    "weekly-over-both-clock-changes": (
        "weekly 20261019T080000Z 2026-10-19 08:00: rings",
        "weekly 20261026T090000Z 2026-10-26 09:00: rings",
        "weekly 20261102T090000Z 2026-11-02 09:00: rings",
        "spring 20270322T090000Z 2027-03-22 09:00: rings",
        "spring 20270329T080000Z 2027-03-29 08:00: rings",
    ),
    "winter-called-daylight-time": (
        "office 20270327T090000Z 2027-03-27 09:00: rings",
        "office 20270328T080000Z 2027-03-28 08:00: rings",
        "office 20270329T080000Z 2027-03-29 08:00: rings",
        "night 20270321T003000Z 2027-03-21 00:30: rings",
        "night 20270328T003000Z 2027-03-28 09:00: rings",
        "until 20261024T003000Z 2026-10-24 00:30: rings",
        "until 20261025T003000Z 2026-10-25 00:30: rings",
    ),
    "year-9999": ("good 2027-01-12 09:00: rings",),
    "zone-names-that-outlook-made-up": (
        "numbered 2027-01-12 10:00: rings",
        "numbered-summer 2027-04-12 09:00: rings",
        "custom 2027-01-12 01:00: rings",
        "known 2027-04-12 09:00: rings",
    ),
}


def agenda(name: str, rules: CalendarRules = RULES, start: datetime = START, end: datetime = END) -> Agenda:
    zones = Zones(floating=BRUSSELS)
    return read_agenda(
        [(f"/{name}.ics", sample(name))], rules, COMPANY, Contacts([ANNA]), zones, start=start, end=end
    )


def decided(derivation: Derivation) -> str:
    event = derivation.occurrence
    which = " ".join(filter(None, (event.uid.partition("@")[0], event.recurrence_id)))
    return f"{which} {event.starts_at:%Y-%m-%d %H:%M}: {derivation.reason or 'rings'}"


def told(name: str) -> list[str]:
    """Each occurrence, and each fault."""
    found = agenda(name)
    faults = (f"{fault.uid.partition('@')[0]}: {fault.reason}" for fault in found.faults)
    return [*map(decided, found.derivations), *faults]


@pytest.mark.parametrize("name", DECISIONS)
def test_each_event_of_a_sample_rings_at_its_time_or_says_why_not(name: str) -> None:
    found, expected = told(name), DECISIONS[name]
    assert len(found) == len(expected)
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning)
        assert beginning.endswith(": rings") is line.endswith(": rings")


def test_every_sample_is_in_a_test() -> None:
    tests = "".join(path.read_text() for path in SAMPLES.parent.rglob("test_*.py"))
    assert [path.name for path in SAMPLES.glob("*.ics") if f'"{path.stem}"' not in tests] == []


def test_a_strangers_invitation_says_who_can_make_it_ring() -> None:
    reasons = {one.occurrence.uid: one.reason for one in agenda("google-invitations-from-a-stranger").derivations}
    assert reasons["pending@google.com"].endswith("in no trusted domain: it rings once Ann accepts it")
    assert reasons["nobody-invited@google.com"].endswith("it invites no manager who could accept it")


def test_only_the_manager_who_accepted_a_strangers_invitation_is_rung() -> None:
    [appointment] = agenda("two-managers-invited-by-a-stranger").appointments
    assert appointment.origin == TOM_PHONE


def test_a_booking_tools_event_rings_at_the_number_and_lead_that_it_writes() -> None:
    [appointment] = agenda("booking-tool").appointments
    assert (appointment.destination, appointment.starts_at - appointment.asked_at) == (
        ANNA_PHONE,
        timedelta(minutes=2),
    )


@pytest.mark.parametrize("other", ["same-event-in-the-shared-calendar", "copied-event-in-the-shared-calendar"])
def test_one_event_in_two_calendars_is_one_call(other: str) -> None:
    shared = agenda(other, replace(RULES, collection="shared"))
    [call] = plan((*agenda("same-event-in-anns-calendar").appointments, *shared.appointments), Policy())
    assert {key.collection for key in call.keys} == {"ann", "shared"}


def test_an_out_of_office_event_that_only_its_title_tells_is_a_problem_where_every_event_asks() -> None:
    found = agenda("google-out-of-office-and-focus-time", replace(RULES, asks=Asks.ALL))
    reason = next(one.reason for one in found.derivations if one.occurrence.uid == "plain-feed@google.com")
    assert reason.startswith("nobody to call: no contact is named 'Out of office'")


def test_an_instance_moved_over_the_edge_of_the_window_rings_in_the_window_that_it_is_in() -> None:
    edge = datetime(2027, 1, 13, 12, tzinfo=UTC)
    before = agenda("override-in-another-zone-over-midnight", start=START, end=edge)
    after = agenda("override-in-another-zone-over-midnight", start=edge, end=END)
    assert [one.occurrence.recurrence_id for one in before.derivations] == ["20270111T223000Z"]
    assert [one.occurrence.recurrence_id for one in after.derivations] == ["20270112T223000Z"]
