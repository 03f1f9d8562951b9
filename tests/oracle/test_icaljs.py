"""Our occurrences beside those of ical.js, which shares no code with ours or with dateutil."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings

from tests.calendars.ics import BRUSSELS, calendar, expanded
from tests.oracle.cases import Case, cases, is_plain
from tests.oracle.icaljs import IcalJs, IcalJsError, Time
from tests.oracle.known import DIFFERENCES, Difference
from tests.oracle.vtimezone import vtimezone

# A moved instance may lie in the window although its original start doesn't.
_FARTHEST_MOVE = timedelta(days=7)
_FEW = settings(
    max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def icaljs() -> Iterator[IcalJs]:
    process = IcalJs()
    yield process
    process.close()


@pytest.mark.system
@_FEW
@given(case=cases())
def test_a_series_has_the_occurrences_that_icaljs_gives_it(icaljs: IcalJs, case: Case) -> None:
    assert _differences(icaljs, case) == []


@pytest.mark.torture
@settings(_FEW, max_examples=3000, derandomize=False)
@given(case=cases())
def test_thousands_of_series_have_the_occurrences_that_icaljs_gives_them(icaljs: IcalJs, case: Case) -> None:
    assert _differences(icaljs, case) == []


@pytest.mark.system
@pytest.mark.parametrize("known", DIFFERENCES, ids=lambda known: known.name)
def test_a_known_difference_is_one_and_the_standard_is_on_our_side(icaljs: IcalJs, known: Difference) -> None:
    assert known.concerns(dict(part.split("=") for part in known.rule.split(";")))
    data = calendar(f"DTSTART:{known.start}Z", f"RRULE:{known.rule}")
    start = datetime.fromisoformat(known.start).replace(tzinfo=UTC)
    occurrences, faults = expanded(data, start + timedelta(seconds=1), start + timedelta(days=1000))
    ours = tuple(each.starts_at.isoformat()[:19] for each in occurrences[:2])
    assert not faults
    assert ours == known.means, known.why
    assert _next_two(icaljs, data.decode(), start) != known.means


@pytest.mark.system
@pytest.mark.parametrize(
    ("wall", "instant"), [("20261025T023000", "2026-10-25T00:30"), ("20270328T023000", "2027-03-28T01:30")]
)
def test_icaljs_takes_the_other_offset_where_clocks_are_changed(icaljs: IcalJs, wall: str, instant: str) -> None:
    """RFC 5545, 3.3.5: the first of two in an overlap, in a gap the offset before it. Its identities and
    starts are therefore taken by their wall times there, and there alone.
    """
    lines = "\r\n".join(vtimezone("Europe/Brussels", "Europe/Brussels"))
    data = calendar(f"DTSTART;TZID=Europe/Brussels:{wall}").decode().replace("VERSION", f"{lines}\r\nVERSION")
    [occurrence], _ = expanded(data.encode())
    [(identity, _)] = icaljs.expand(data, date(2028, 1, 1))
    assert occurrence.starts_at == datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert abs(identity.seconds - occurrence.starts_at.timestamp()) == 3600


@pytest.mark.system
def test_icaljs_gives_one_of_two_instances_that_it_takes_for_the_same(icaljs: IcalJs) -> None:
    lines = "\r\n".join(vtimezone("Europe/Brussels", "Europe/Brussels"))
    event = calendar("DTSTART;TZID=Europe/Brussels:20270321T010000", "RRULE:FREQ=WEEKLY;BYHOUR=1,2").decode()
    data = event.replace("VERSION", f"{lines}\r\nVERSION")
    occurrences, _ = expanded(data.encode(), datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 3, 29, tzinfo=UTC))
    shown = [identity for identity, _ in icaljs.expand(data, date(2027, 3, 28))]
    keys = {each.recurrence_id for each in occurrences}
    assert keys == {"20270328T000000Z", "20270328T010000Z"}
    assert [key for key in sorted(keys) if _is_swallowed(key, keys, BRUSSELS)] == ["20270328T010000Z"]
    assert [time.wall.hour for time in shown if time.wall.day == 28] == [1]


def _next_two(icaljs: IcalJs, data: str, start: datetime) -> tuple[str, ...] | None:
    """The two instances after the start, or None where ical.js gives an error."""
    try:
        instances = icaljs.expand(data, start.date() + timedelta(days=1000))
    except IcalJsError:
        return None
    return tuple(identity.wall.isoformat() for identity, _ in instances[1:3])


def _differences(icaljs: IcalJs, case: Case) -> list[str]:
    occurrences, faults = expanded(case.ours.encode(), case.start, case.end)
    ours = {(each.recurrence_id, each.starts_at) for each in occurrences}
    instances = icaljs.expand(case.theirs, case.end.date() + _FARTHEST_MOVE)
    zones = {**case.zones, "floating": BRUSSELS, "UTC": ZoneInfo("UTC")}
    theirs = {(_key(identity, zones), _instant(start, zones)) for identity, start in instances}
    theirs = {each for each in theirs if case.start <= each[1] < case.end}
    assert not faults
    missing = {
        (key, start) for key, start in ours - theirs if not _is_swallowed(key, {key for key, _ in ours}, case.zone)
    }
    return [f"only ours: {one}" for one in sorted(missing)] + [
        f"only theirs: {one}" for one in sorted(theirs - ours)
    ]


def _is_swallowed(key: str, keys: set[str], zone: ZoneInfo) -> bool:
    """Whether ical.js takes an instance in a gap for another one that lies as far before it as the gap is wide.

    By the offset after the gap the two are one instant, and it never gives the same one twice.
    """
    if "T" not in key:
        return False
    instant = datetime.fromisoformat(key)
    gap = _offset(zone, instant) - _offset(zone, instant - timedelta(hours=2))
    in_gap = gap > timedelta(0) and _offset(zone, instant) - _offset(zone, instant - gap) == gap
    return in_gap and f"{instant - gap:%Y%m%dT%H%M%SZ}" in keys


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def _key(identity: Time, zones: Mapping[str, ZoneInfo]) -> str:
    if identity.is_date:
        return f"{identity.wall:%Y%m%d}"
    return f"{_instant(identity, zones):%Y%m%dT%H%M%SZ}"


def _instant(time: Time, zones: Mapping[str, ZoneInfo]) -> datetime:
    """The instant that ical.js says; where clocks are changed, the one that it should."""
    zone = zones[time.zone]
    if time.zone == "floating" or not is_plain(time.wall, zone):
        return time.wall.replace(tzinfo=zone).astimezone(UTC)
    return datetime.fromtimestamp(time.seconds, UTC)
