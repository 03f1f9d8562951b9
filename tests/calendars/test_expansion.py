"""What calendars expand to; most samples show one trap that a parser or expander falls into."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.calendars.ics import calendar, expanded, sample, starts, starts_and_faulty


def test_a_series_in_utc_stays_in_utc_whatever_the_calendars_own_zone() -> None:
    assert starts(sample("x-wr-timezone-beside-utc-series")) == [
        "weekly 20270315T090000Z 2027-03-15 09:00",
        "weekly 20270322T090000Z 2027-03-22 09:00",
        "weekly 20270329T090000Z 2027-03-29 09:00",
    ]


def test_a_floating_time_is_in_the_calendars_own_zone() -> None:
    assert starts(sample("x-wr-timezone-for-floating-times")) == ["floating 2027-01-15 14:00"]


def test_a_floating_time_of_a_calendar_without_a_zone_is_in_the_configured_one() -> None:
    data = sample("floating-with-duration-from-calcurse")
    assert starts(data) == ["calcurse 2027-01-15 09:00"]
    assert starts(data, ZoneInfo("Asia/Tokyo")) == ["calcurse 2027-01-15 01:00"]


def test_an_unknown_calendar_zone_leaves_floating_times_in_the_configured_one() -> None:
    data = calendar("DTSTART:20270115T100000").replace(b"VERSION", b"X-WR-TIMEZONE:Nowhere\r\nVERSION")
    assert starts(data) == ["one 2027-01-15 09:00"]


def test_two_calendars_zones_of_one_name_are_two_zones() -> None:
    assert starts(sample("customized-time-zone-brussels")) == ["custom 2027-01-15 09:00"]
    assert starts(sample("customized-time-zone-tokyo")) == ["custom 2027-01-15 01:00"]


def test_a_calendars_own_zone_has_no_name() -> None:
    [occurrence], _ = expanded(sample("customized-time-zone-tokyo"))
    assert occurrence.zone == ""


def test_a_calendars_own_zone_has_gaps_and_overlaps_as_the_standard_says() -> None:
    assert starts(sample("custom-zone-gap-and-overlap")) == [
        "night 20261018T003000Z 2026-10-18 00:30",
        "night 20261025T003000Z 2026-10-25 00:30",
        "gap 20270327T013000Z 2027-03-27 01:30",
        "gap 20270328T013000Z 2027-03-28 01:30",
        "gap 20270329T003000Z 2027-03-29 00:30",
    ]


def test_a_time_in_a_gap_moves_on_and_in_an_overlap_is_the_first() -> None:
    assert starts(sample("dst-gap-and-overlap")) == [
        "gap 20270327T013000Z 2027-03-27 01:30",
        "gap 20270328T013000Z 2027-03-28 01:30",
        "gap 20270329T003000Z 2027-03-29 00:30",
        "overlap 20261024T003000Z 2026-10-24 00:30",
        "overlap 20261025T003000Z 2026-10-25 00:30",
        "overlap 20261026T013000Z 2026-10-26 01:30",
    ]


def test_an_unknown_zone_is_told_and_not_guessed() -> None:
    occurrences, [fault] = expanded(sample("unknown-tzid-without-vtimezone"))
    assert [each.uid for each in occurrences] == ["known@example.com"]
    assert (fault.uid, fault.href) == ("unknown@example.com", "/calendar/object.ics")
    assert "'Head Office' isn't known: say in company.zone_names" in fault.reason


def test_the_admin_says_what_an_unknown_zone_means() -> None:
    occurrences, faults = expanded(
        sample("unknown-tzid-without-vtimezone"), zone_names={"Head Office": "Asia/Tokyo"}
    )
    assert not faults
    assert (occurrences[0].starts_at, occurrences[0].zone) == (
        datetime(2027, 1, 15, 1, tzinfo=UTC),
        "Asia/Tokyo",
    )


def test_a_zone_that_the_admin_mistyped_is_told() -> None:
    _, [fault] = expanded(sample("unknown-tzid-without-vtimezone"), zone_names={"Head Office": "Tokio"})
    assert fault.reason == "'Tokio' isn't a time zone of the tz database"


def test_a_z_beats_the_zone_beside_it() -> None:
    assert starts(sample("tzid-beside-z")) == ["z 2027-01-15 10:00"]


def test_an_end_before_the_start_moves_nothing() -> None:
    assert starts(sample("end-before-start")) == [
        "ends-early 2027-01-15 09:00",
        "negative 2027-01-16 09:00",
        "ends-on-a-date 20270117T090000Z 2027-01-17 09:00",
        "ends-on-a-date 20270118T090000Z 2027-01-18 09:00",
    ]


@pytest.mark.parametrize("name", ["until-as-date-on-timed-series", "until-in-utc"])
def test_a_series_keeps_its_last_day(name: str) -> None:
    assert [line.split()[1] for line in starts(sample(name))] == [
        "20270113T090000Z",
        "20270114T090000Z",
        "20270115T090000Z",
    ]


def test_a_floating_until_is_in_the_zone_of_the_series() -> None:
    data = calendar("DTSTART;TZID=Asia/Tokyo:20270113T100000", "RRULE:FREQ=DAILY;UNTIL=20270114T100000")
    assert len(starts(data)) == 2


def test_a_series_that_ends_before_it_starts_has_no_instance() -> None:
    assert starts(calendar("DTSTART:20270113T100000Z", "RRULE:FREQ=DAILY;UNTIL=20270112T100000Z")) == []


def test_a_moved_instance_named_by_its_date_is_one_instance() -> None:
    assert starts(sample("recurrence-id-as-date-on-timed-series")) == [
        "moved 20270112T090000Z 2027-01-12 09:00",
        "moved 20270119T090000Z 2027-01-20 13:00",
    ]


def test_a_moved_instance_keeps_its_original_start_as_its_identity() -> None:
    assert starts(sample("moved-instance")) == [
        "moved 20270112T090000Z 2027-01-12 09:00",
        "moved 20270119T090000Z 2027-01-21 14:00",
        "moved 20270126T090000Z 2027-01-26 09:00",
    ]


def test_an_instance_moved_out_of_the_window_is_not_in_it() -> None:
    occurrences, _ = expanded(
        sample("moved-instance"), datetime(2027, 1, 19, tzinfo=UTC), datetime(2027, 1, 20, tzinfo=UTC)
    )
    assert occurrences == []


def test_an_instance_moved_into_the_window_is_in_it() -> None:
    [occurrence], _ = expanded(
        sample("moved-instance"), datetime(2027, 1, 21, tzinfo=UTC), datetime(2027, 1, 22, tzinfo=UTC)
    )
    assert occurrence.summary == "Call, moved"


def test_an_instance_named_in_another_zone_is_the_same_instance() -> None:
    assert starts(sample("recurrence-id-in-another-zone")) == [
        "paris 20270112T090000Z 2027-01-12 09:00",
        "paris 20270119T090000Z 2027-01-20 10:00",
    ]


def test_every_instance_after_a_change_of_this_and_the_future_has_an_identity_of_its_own() -> None:
    assert starts(sample("this-and-future")) == [
        "future 20270310T090000Z 2027-03-10 09:00",
        "future 20270317T090000Z 2027-03-18 13:30",
        "future 20270324T090000Z 2027-03-25 13:30",
        "future 20270331T080000Z 2027-03-31 07:00",
        "future 20270407T080000Z 2027-04-08 12:30",
    ]


def test_a_change_of_this_and_the_future_changes_its_texts_too() -> None:
    occurrences, _ = expanded(sample("this-and-future"))
    assert [each.summary for each in occurrences] == [
        "Call",
        "Call, later",
        "Call, later",
        "Call, once",
        "Call, later",
    ]


def test_the_newest_of_two_changes_of_one_instance_counts() -> None:
    def change(sequence: int, hour: int) -> tuple[str, ...]:
        lines = f"RECURRENCE-ID:20270112T100000Z DTSTART:20270112T{hour}0000Z SEQUENCE:{sequence}".split()
        return ("END:VEVENT", "BEGIN:VEVENT", "UID:one@example.com", *lines)

    data = calendar("DTSTART:20270112T100000Z", "RRULE:FREQ=DAILY;COUNT=1", *change(2, 15), *change(1, 14))
    assert starts(data) == ["one 20270112T100000Z 2027-01-12 15:00"]


def test_a_cancelled_instance_says_so_and_stays() -> None:
    occurrences, _ = expanded(sample("instance-cancelled-by-status"))
    assert [(each.recurrence_id, each.status) for each in occurrences] == [
        ("20270112T090000Z", ""),
        ("20270119T090000Z", "CANCELLED"),
    ]


def test_excluded_instances_are_gone_however_they_are_written_and_no_others() -> None:
    assert starts(sample("exdate-of-every-kind")) == [
        "exdates 20270111T090000Z 2027-01-11 09:00",
        "exdates 20270116T090000Z 2027-01-16 09:00",
        "exdates 20270117T090000Z 2027-01-17 09:00",
    ]


def test_an_exclusion_without_a_zone_is_in_that_of_the_series() -> None:
    data = calendar(
        "DTSTART;TZID=Asia/Tokyo:20270111T100000", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20270112T100000"
    )
    assert [line.split()[1] for line in starts(data)] == ["20270111T010000Z"]


def test_a_change_of_an_excluded_instance_is_excluded() -> None:
    data = sample("moved-instance").replace(
        b"RRULE:FREQ=WEEKLY;COUNT=3", b"RRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE:20270119T090000Z"
    )
    assert [line.split()[1] for line in starts(data)] == ["20270112T090000Z", "20270126T090000Z"]


def test_a_change_of_all_that_follows_outlives_the_instance_that_it_began_with() -> None:
    data = sample("this-and-future").replace(b"RRULE:", b"EXDATE;TZID=Europe/Brussels:20270317T100000\r\nRRULE:")
    assert starts(data) == [line for line in starts(sample("this-and-future")) if "20270317T090000Z" not in line]


def test_added_dates_ring_at_their_start_or_at_the_time_of_the_series() -> None:
    assert starts(sample("rdate-with-periods")) == [
        "rdates 20270111T090000Z 2027-01-11 09:00",
        "rdates 20270112T100000Z 2027-01-12 10:00",
        "rdates 20270113T110000Z 2027-01-13 11:00",
        "rdates 20270114T090000Z 2027-01-14 09:00",
    ]


def test_an_instance_that_is_the_only_one_somebody_was_invited_to_is_an_occurrence() -> None:
    assert starts(sample("override-without-its-series")) == ["invited 20270119T090000Z 2027-01-19 10:00"]


def test_an_event_that_does_not_recur_has_no_recurrence_id() -> None:
    [occurrence], _ = expanded(calendar("DTSTART:20270115T100000Z"))
    assert occurrence.recurrence_id == ""


def test_an_event_that_started_before_the_window_is_not_in_it() -> None:
    occurrences, _ = expanded(
        sample("overlaps-the-window"), datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
    )
    assert occurrences == []


def test_the_window_has_its_start_and_not_its_end() -> None:
    data = calendar("DTSTART:20270115T100000Z", "RRULE:FREQ=DAILY;COUNT=3")
    occurrences, _ = expanded(data, datetime(2027, 1, 15, 10, tzinfo=UTC), datetime(2027, 1, 16, 10, tzinfo=UTC))
    assert [each.starts_at.day for each in occurrences] == [15]


def test_all_day_events_start_at_midnight_and_are_known_by_their_date() -> None:
    assert starts(sample("all-day")) == [
        "date 2027-01-14 23:00",
        "series 20270118 2027-01-17 23:00",
        "series 20270120 2027-01-19 23:00",
    ]
    occurrences, _ = expanded(sample("all-day"))
    assert {(each.all_day, each.zone) for each in occurrences} == {(True, "Europe/Brussels")}


def test_a_time_that_excludes_an_instance_of_an_all_day_series_means_its_date() -> None:
    data = calendar(
        "DTSTART;VALUE=DATE:20270118",
        "RRULE:FREQ=DAILY;UNTIL=20270120T230000Z",
        "EXDATE;TZID=Europe/Brussels:20270119T000000",
        "EXDATE:20270117T230000Z",
    )
    assert [line.split()[1] for line in starts(data)] == ["20270120"]


def test_midnight_to_midnight_is_an_all_day_event_in_disguise() -> None:
    occurrences, _ = expanded(sample("all-day-in-disguise"))
    assert {each.uid.removesuffix("@example.com"): each.all_day for each in occurrences} == {
        "midnights": True,
        "duration": True,
        "in-utc": True,
        "one-hour": False,
    }


def test_zone_names_are_understood_however_they_are_written() -> None:
    assert starts(sample("iana-names-written-otherwise")) == [
        "lower-case 2027-01-15 15:00",
        "prefixed 2027-01-15 09:00",
        "windows 2027-01-15 09:00",
        "microsoft-utc 2027-01-15 10:00",
    ]


def test_todays_zone_beats_a_definition_frozen_years_ago() -> None:
    assert starts(sample("frozen-vtimezone-under-an-iana-name")) == ["istanbul 2027-01-15 07:00"]


def test_a_broken_event_costs_itself() -> None:
    found, faulty = starts_and_faulty(sample("broken-events-among-good-ones"))
    assert found == ["good 2027-01-15 09:00", "also-good 2027-01-16 09:00"]
    assert faulty == [
        "no-start",
        "two-starts",
        "unreadable-start",
        "unreadable-recurrence-id",
        "not-closed",
    ]


def test_a_broken_property_costs_itself() -> None:
    found, faulty = starts_and_faulty(sample("broken-properties-in-good-events"))
    assert found == [
        "bad-end 2027-01-15 09:00",
        "bad-duration 2027-01-15 10:00",
        "bad-rule 2027-01-15 11:00",
        "bad-sequence 2027-01-15 12:00",
        "bad-alarm 2027-01-15 13:00",
    ]
    assert faulty == ["bad-end", "bad-duration", "bad-rule", "bad-sequence"]


def test_of_two_events_with_one_uid_the_highest_sequence_counts_and_it_is_told() -> None:
    found, faulty = starts_and_faulty(sample("two-masters-one-uid"))
    assert found == ["twice 2027-01-16 10:00"]
    assert faulty == ["twice"]


def test_a_series_with_an_exclusion_rule_is_refused() -> None:
    assert starts_and_faulty(sample("exrule")) == ([], ["exrule"])


def test_a_rule_that_we_would_have_to_guess_at_leaves_the_first_instance() -> None:
    assert starts_and_faulty(sample("rscale")) == (["rscale 2027-01-31 09:00"], ["rscale"])


def test_rules_that_would_hang_are_refused_and_leave_the_first_instance() -> None:
    occurrences, faults = expanded(sample("rules-that-hang"))
    assert len(faults) == 11
    assert {each.starts_at for each in occurrences} == {datetime(2027, 1, 1, 9, tzinfo=UTC)}
    assert all(fault.reason.endswith("; only its first instance counts") for fault in faults)


def test_a_zone_definition_that_would_hang_is_refused() -> None:
    assert starts_and_faulty(sample("vtimezone-that-hangs")) == ([], ["endless"])


def test_a_series_five_years_old_still_rings_at_its_wall_time() -> None:
    found = starts(sample("five-year-old-weekly"))
    assert len(found) == 30
    assert found[0] == "old 20261007T080000Z 2026-10-07 08:00"
    assert found[-1] == "old 20270428T080000Z 2027-04-28 08:00"
    assert "old 20270113T090000Z 2027-01-13 09:00" in found


def test_the_start_counts_where_it_is_out_of_step_with_its_rule() -> None:
    found = starts(calendar("DTSTART:20270111T100000Z", "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=3"))
    assert [line.split()[2] for line in found] == ["2027-01-11", "2027-01-12", "2027-01-19"]


def test_a_week_day_with_and_one_without_a_number_stand_side_by_side() -> None:
    found = starts(calendar("DTSTART:20270102T100000Z", "RRULE:FREQ=MONTHLY;BYDAY=1SA,3SA,-1FR;COUNT=4"))
    assert [line.split()[2] for line in found] == ["2027-01-02", "2027-01-16", "2027-01-29", "2027-02-06"]


def test_an_end_in_the_year_9999_means_none() -> None:
    lines = ("DTSTART;TZID=America/New_York:20270426T090000", "RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z")
    assert starts(calendar(*lines)) == ["one 20270426T130000Z 2027-04-26 13:00"]


def test_an_end_within_the_hour_that_comes_twice_is_an_instant() -> None:
    """02:30 comes first at 00:30 UTC, which is before 01:00 UTC, when clocks show 02:00 again."""
    lines = ("DTSTART;TZID=Europe/Brussels:20261024T023000", "RRULE:FREQ=DAILY;UNTIL=20261025T010000Z")
    assert [line.split()[1] for line in starts(calendar(*lines))] == ["20261024T003000Z", "20261025T003000Z"]


def test_times_of_day_are_ignored_in_the_rule_of_an_all_day_series() -> None:
    lines = ("DTSTART;VALUE=DATE:20270118", "RRULE:FREQ=DAILY;BYHOUR=9,15;COUNT=2")
    assert starts(calendar(*lines)) == ["one 20270118 2027-01-17 23:00", "one 20270119 2027-01-18 23:00"]


def test_an_all_day_event_that_repeats_every_hour_is_refused() -> None:
    occurrences, [fault] = expanded(calendar("DTSTART;VALUE=DATE:20270118", "RRULE:FREQ=HOURLY"))
    assert [each.recurrence_id for each in occurrences] == ["20270118"]
    assert "every hour, but its start (DTSTART) is a date" in fault.reason


def test_a_change_of_all_that_follows_may_move_them_by_years() -> None:
    def moved(start: str) -> list[str]:
        change = ("RECURRENCE-ID;RANGE=THISANDFUTURE:20270112T100000Z", f"DTSTART:{start}")
        lines = ("RRULE:FREQ=WEEKLY", "END:VEVENT", "BEGIN:VEVENT", "UID:one@example.com", *change)
        return [line.split(" ", 1)[1] for line in starts(calendar("DTSTART:20270105T100000Z", *lines))]

    assert moved("90000101T100000Z") == ["20270105T100000Z 2027-01-05 10:00"]
    # 61 weeks earlier: what was to be from 12 January 2027 on.
    assert moved("20251111T100000Z")[:2] == [
        "20271207T100000Z 2026-10-06 10:00",
        "20271214T100000Z 2026-10-13 10:00",
    ]


def test_a_change_of_all_that_follows_moves_an_instance_in_a_gap_by_its_written_time() -> None:
    change = ("RECURRENCE-ID;RANGE=THISANDFUTURE:20270327T023000", "DTSTART:20270325T023000")
    lines = ("RRULE:FREQ=DAILY;COUNT=2", "END:VEVENT", "BEGIN:VEVENT", "UID:one@example.com", *change)
    assert starts(calendar("DTSTART:20270327T023000", *lines)) == [
        "one 20270327T013000Z 2027-03-25 01:30",
        "one 20270328T013000Z 2027-03-26 01:30",
    ]


def test_an_event_with_more_rules_than_anybody_writes_keeps_its_first_instance() -> None:
    lines = ["RRULE:FREQ=DAILY", *(f"RRULE:FREQ=HOURLY;INTERVAL={number}" for number in range(1, 10))]
    occurrences, [fault] = expanded(calendar("DTSTART:20270115T100000Z", *lines))
    assert len(occurrences) == 1
    assert fault.reason == "it has more than 5 rules (RRULE); only its first instance counts"
