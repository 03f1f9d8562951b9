"""Our line in an event: everything else keeps its bytes, and nothing else of what the event says changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars.agenda import Zones
from scheduler.calendars.annotation import PROPERTY, Note, annotated, unannotated
from scheduler.calendars.blocks import unfolded
from scheduler.calendars.component import read
from scheduler.calendars.expansion import expand
from scheduler.calendars.instance import NotAnnotated, Place
from scheduler.calendars.occurrence import Occurrence
from tests.calendars.ics import BRUSSELS, SAMPLES

WINDOW = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
ONE = Place(uid="one", recurrence_id="", zones=Zones(floating=BRUSSELS))
PLANNED = Note(text="planned for 10:00, with +32468•••901", status="planned due=20261201T090000Z")
ANSWERED = Note(text="beantwoord om 10:00, gesprek van 4 min 12 s", status="answered seconds=252", final=True)
NOTES = st.builds(
    Note,
    text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).map(
        lambda text: "planned " + text
    ),
    status=st.sampled_from(["planned due=20261201T090000Z", "silent", "answered seconds=252"]),
)
# What a description's author may write, as the file has it; nobody writes our mark.
_PIECES = st.sampled_from(
    ["abc", "é", "\\n", "\\,", "\\\\", " ", "[", "☎", "x" * 80, "call-scheduler", "<br>", ":"]
)
DESCRIPTIONS = st.none() | st.lists(_PIECES, max_size=12).map("".join)


def calendar(*events: str, end: str = "\r\n") -> bytes:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.com//tests//EN", *_ZONE]
    return end.join([*head, *events, "END:VCALENDAR", ""]).encode()


_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Own Zone",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def event(*lines: str, uid: str = "one", starts: str = "DTSTART:20261201T090000Z", end: str = "\r\n") -> str:
    return end.join(["BEGIN:VEVENT", f"UID:{uid}", starts, "SUMMARY:Call Anna Janssens", *lines, "END:VEVENT"])


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """An object with an event, as some server may have folded it."""
    end = draw(st.sampled_from(["\r\n", "\n"]))
    described = draw(DESCRIPTIONS)
    lines = [] if described is None else [f"DESCRIPTION{draw(st.sampled_from(['', ';LANGUAGE=nl']))}:{described}"]
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:-PT5M", "END:VALARM"]
    lines += draw(st.sampled_from([[], ['X-OTHER;X="a:b":kept, as it is', *alarm]]))
    folds = draw(st.lists(st.integers(0, 400), max_size=4))
    text = event(*(_folded(line, folds, end) for line in lines), end=end)
    return calendar(text, event(uid="other", end=end), end=end)


def _folded(line: str, places: list[int], end: str) -> str:
    pieces, last = [], 0
    for place in sorted({place % len(line) for place in places} - {0}):
        pieces.append(line[last:place])
        last = place
    return f"{end} ".join([*pieces, line[last:]])


def occurrences(data: bytes) -> list[Occurrence]:
    components, faults = read("x", data)
    assert not faults
    return [one for each in components for one in expand(each, *WINDOW, floating_zone=BRUSSELS)[0]]


@given(objects(), NOTES)
def test_taking_the_note_out_gives_back_the_very_bytes(data: bytes, note: Note) -> None:
    assert unannotated(annotated(data, ONE, note)) == data
    assert annotated(annotated(data, ONE, note), ONE, None) == data


@given(objects(), NOTES, NOTES)
def test_a_note_replaces_the_one_before_and_the_same_changes_nothing(data: bytes, note: Note, later: Note) -> None:
    once = annotated(data, ONE, note)
    assert annotated(once, ONE, note) is once
    assert annotated(once, ONE, later) == annotated(data, ONE, later)


@given(objects(), NOTES)
def test_the_bytes_that_were_there_stay_in_their_order_and_only_ours_are_added(data: bytes, note: Note) -> None:
    lines = iter(annotated(data, ONE, note).splitlines(keepends=True))
    assert all(line in lines for line in data.splitlines(keepends=True))


@given(objects(), NOTES)
def test_an_event_says_what_it_said_but_for_its_description(data: bytes, note: Note) -> None:
    def said(data: bytes) -> list[Occurrence]:
        return [replace(one, description="") for one in occurrences(data)]

    after = annotated(data, ONE, note)
    assert said(after) == said(data)
    (before,) = [one.description for one in occurrences(data) if one.uid == "one"]
    (described,) = [one.description for one in occurrences(after) if one.uid == "one"]
    assert described.startswith(before)
    assert described.removeprefix(before).strip().startswith("[call-scheduler] planned")


@given(objects(), NOTES)
def test_what_is_added_is_folded_at_75_octets_within_no_character(data: bytes, note: Note) -> None:
    added = set(annotated(data, ONE, note).splitlines()) - set(data.splitlines())
    assert all(len(line) <= 75 and line.decode() for line in added)


@given(objects(), NOTES, st.integers(20, 75))
def test_a_note_is_found_again_however_a_server_has_folded_it(data: bytes, note: Note, width: int) -> None:
    refolded = b"".join(_wrap(line, width) for line in unfolded(annotated(data, ONE, note)).splitlines())
    assert annotated(refolded, ONE, note) is refolded
    assert PROPERTY.encode() not in unannotated(refolded)
    assert b"[call-scheduler]" not in unfolded(unannotated(refolded))


def _wrap(line: bytes, width: int) -> bytes:
    return b"\r\n ".join(line[place : place + width] for place in range(0, len(line), width)) + b"\r\n"


def test_what_somebody_wrote_behind_the_note_stays() -> None:
    data = annotated(calendar(event("DESCRIPTION:Before")), ONE, PLANNED)
    edited = data.replace("•••901\r\n".encode(), "•••901\\nAfter\r\n".encode())
    after = annotated(edited, ONE, ANSWERED)
    (one,) = occurrences(after)
    assert one.description == f"Before\nAfter\n[call-scheduler] {ANSWERED.text}"
    assert [one.description for one in occurrences(unannotated(after))] == ["Before\nAfter"]


def test_an_empty_description_that_was_there_stays_there() -> None:
    data = calendar(event("DESCRIPTION:"))
    assert unannotated(annotated(data, ONE, PLANNED)) == data


@pytest.mark.parametrize(
    "line",
    [
        "ATTENDEE;CN=Anna:mailto:anna@example.org",
        "attendee:mailto:anna@example.org",
        'ATTENDEE;CN="Anna: and others":mail\r\n to:anna@example.org',
    ],
)
def test_an_event_with_a_guest_is_never_written_into(line: str) -> None:
    data = calendar(event("ORGANIZER:mailto:ann@example.com", line))
    with pytest.raises(NotAnnotated, match="guests"):
        annotated(data, ONE, PLANNED)


def test_a_guest_of_one_instance_keeps_the_whole_series_as_it_is() -> None:
    guest = event("RECURRENCE-ID:20261208T090000Z", "ATTENDEE:mailto:anna@example.org")
    data = calendar(event("RRULE:FREQ=WEEKLY"), guest)
    with pytest.raises(NotAnnotated, match="guests"):
        annotated(data, replace(ONE, recurrence_id="20261201T090000Z"), ANSWERED)


def test_an_organizer_who_attends_their_own_event_alone_is_no_guest() -> None:
    data = calendar(event("ORGANIZER:mailto:ann@example.com", "ATTENDEE:MAILTO:Ann@example.com"))
    assert annotated(data, ONE, PLANNED) != data


def test_a_description_in_another_encoding_is_left_alone() -> None:
    for line in ("DESCRIPTION;ENCODING=QUOTED-PRINTABLE:a=20b", "DESCRIPTION:caf\xe9"):
        with pytest.raises(NotAnnotated, match="description"):
            annotated(calendar(event(line)).decode().encode("latin-1"), ONE, PLANNED)


def test_an_event_that_breaks_off_is_left_alone() -> None:
    with pytest.raises(NotAnnotated, match="breaks off"):
        annotated(calendar(event())[:-20], ONE, PLANNED)


def test_an_event_that_became_a_series_or_another_is_not_taken_for_it() -> None:
    for data in (calendar(event("RRULE:FREQ=WEEKLY")), calendar(event(uid="other"))):
        with pytest.raises(NotAnnotated, match="another event"):
            annotated(data, ONE, PLANNED)


WEEKLY = (
    "RRULE:FREQ=WEEKLY;COUNT=4",
    "EXDATE;TZID=Europe/Brussels:20261215T100000",
    "DTEND;TZID=Europe/Brussels:20261201T103000",
)
LOCAL = "DTSTART;TZID=Europe/Brussels:20261201T100000"
SECOND = replace(ONE, recurrence_id="20261208T090000Z")


def test_an_instance_gets_an_event_of_its_own_and_all_else_keeps_its_bytes() -> None:
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:-PT5M", "END:VALARM")
    data = calendar(event("SEQUENCE:3", *WEEKLY, *alarm, starts=LOCAL), event(uid="other"))
    after = annotated(data, SECOND, ANSWERED)
    own = "\r\n".join(
        (
            "BEGIN:VEVENT",
            "UID:one",
            "DTSTART;TZID=Europe/Brussels:20261208T100000",
            "RECURRENCE-ID;TZID=Europe/Brussels:20261208T100000",
            "SUMMARY:Call Anna Janssens",
            "SEQUENCE:3",
            "DTEND;TZID=Europe/Brussels:20261208T103000",
            "DESCRIPTION:[call-scheduler] beantwoord om 10:00\\, gesprek van 4 min 12 s",
            "X-CALL-SCHEDULER:answered seconds=252",
            *alarm,
            "END:VEVENT\r\n",
        )
    ).encode()
    assert own in after
    assert after.replace(own, b"") == data


def test_an_instance_with_its_own_event_is_at_the_same_time_under_the_same_key() -> None:
    data = calendar(event(*WEEKLY, starts=LOCAL))
    after = annotated(data, SECOND, ANSWERED)
    assert [(one.recurrence_id, one.starts_at) for one in occurrences(after)] == [
        (one.recurrence_id, one.starts_at) for one in occurrences(data)
    ]
    assert [one.recurrence_id for one in occurrences(after) if one.description] == [SECOND.recurrence_id]


def test_what_was_changed_of_an_instance_already_gets_the_note_itself() -> None:
    changed = event("RECURRENCE-ID;TZID=Own Zone:20261208T100000", starts="DTSTART:20261208T130000Z")
    data = calendar(event(*WEEKLY, starts=LOCAL), changed)
    after = annotated(data, SECOND, PLANNED)
    assert after.count(b"BEGIN:VEVENT") == 2
    assert [one.starts_at.hour for one in occurrences(after) if one.description] == [13]


def test_an_instance_gets_no_event_of_its_own_for_what_may_still_change() -> None:
    data = calendar(event(*WEEKLY, starts=LOCAL))
    with pytest.raises(NotAnnotated, match="once its call is over"):
        annotated(data, SECOND, PLANNED)
    assert annotated(data, SECOND, None) is data


def test_an_instance_that_its_series_no_longer_has_is_not_made_anew() -> None:
    data = calendar(event(*WEEKLY, starts=LOCAL))
    for gone in ("20261215T090000Z", "20261202T090000Z", "20270105T090000Z", "20261208"):
        with pytest.raises(NotAnnotated):
            annotated(data, replace(ONE, recurrence_id=gone), ANSWERED)


def test_a_series_that_changes_from_an_instance_on_is_left_alone() -> None:
    later = event("RECURRENCE-ID;RANGE=THISANDFUTURE:20261208T090000Z", starts="DTSTART:20261208T120000Z")
    data = calendar(event("RRULE:FREQ=WEEKLY;COUNT=9"), later)
    with pytest.raises(NotAnnotated, match="from one of its instances on"):
        annotated(data, replace(ONE, recurrence_id="20261215T090000Z"), ANSWERED)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.ics")), ids=lambda path: path.stem)
def test_of_each_sample_every_event_is_annotated_and_given_back_or_refused(path: Path) -> None:
    data = path.read_bytes()
    for component in read("x", data)[0]:
        place = Place(uid=component.uid, recurrence_id="", zones=Zones(floating=BRUSSELS))
        try:
            after = annotated(data, place, ANSWERED)
        except NotAnnotated:
            continue
        assert unannotated(after) == data
        assert _starts(after) == _starts(data)


def _starts(data: bytes) -> list[tuple[str, str, datetime]]:
    return [
        (one.uid, one.recurrence_id, one.starts_at)
        for each in read("x", data)[0]
        for one in expand(each, *WINDOW, floating_zone=BRUSSELS)[0]
    ]
