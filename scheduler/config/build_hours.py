"""From the file's calling hours to those that calls go by."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from zoneinfo import ZoneInfo

from scheduler.calls.calling_hours import CallingHours, Clocks
from scheduler.calls.week import EVERY_DAY, Span, Week
from scheduler.config.hours import WeekdayHours
from scheduler.config.model import DaemonFile, HoursTable
from scheduler.config.problems import Problems
from scheduler.phone import PhoneNumber


def build_hours(file: DaemonFile, countries: Iterable[str], problems: Problems) -> CallingHours:
    """:param countries: those that may be called."""
    table = file.hours
    problems.add_repeated(
        (("hours", "days", index), str(day)) for index, one in enumerate(table.days) for day in one.days
    )
    said = table.windows or table.days or table.holidays
    return CallingHours(
        week=_week(table.windows, table) if said else None,
        by_origin=_by_origin(file, problems),
        clocks=_clocks(file, countries),
        outside=table.outside,
        stagger=table.stagger,
    )


def _week(windows: Iterable[WeekdayHours], table: HoursTable) -> Week:
    own_days = {day: one.spans for one in table.days for day in one.days}
    return Week(days=_days(windows), own_days=own_days, holidays=table.holidays)


def _days(windows: Iterable[WeekdayHours]) -> tuple[tuple[Span, ...], ...]:
    """By weekday; any time of any day where nothing is said."""
    lines = tuple(windows)
    if not lines:
        return EVERY_DAY
    return tuple(tuple(span for one in lines if day in one.weekdays for span in one.spans) for day in range(7))


def _by_origin(file: DaemonFile, problems: Problems) -> dict[PhoneNumber, Week]:
    """The windows of managers: calls go by the phone that rings first."""
    found: dict[PhoneNumber, Week] = {}
    for index, manager in enumerate(file.manager):
        key = ("manager", index, "hours")
        if not manager.hours:
            continue
        if manager.origin is None:
            if problems.is_told(("manager", index, "origin")):
                continue  # there is one, which can't be read
            problems.add(key, "they are those of a phone: give the manager an origin as well")
        elif manager.origin in found:
            problems.add(key, f"another manager has given hours for {manager.origin}")
        else:
            found[manager.origin] = _week(manager.hours, file.hours)
    return found


def _clocks(file: DaemonFile, countries: Iterable[str]) -> Clocks:
    company = ZoneInfo(file.company.zone)
    if file.hours.zone == "company":
        return Clocks(company=company)
    return Clocks(
        company=company,
        by_prefix={prefix: ZoneInfo(zone) for prefix, zone in file.hours.zones.items()},
        by_country=_zones_of(frozenset(countries)),
    )


def _zones_of(countries: frozenset[str]) -> dict[str, tuple[ZoneInfo, ...]]:
    """The time zones of each country, as the tz database lists them in zone.tab."""
    found: dict[str, tuple[ZoneInfo, ...]] = {}
    for line in (files("tzdata.zoneinfo") / "zone.tab").read_text(encoding="utf-8").splitlines():
        country, *rest = line.split("\t")
        if country in countries:
            found[country] = (*found.get(country, ()), ZoneInfo(rest[1]))
    return found
