"""One VEVENT read into plain values: a series' master or an override (RFC 5545, 3.6.1).

Only here: icalendar's parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar

from icalendar import Component as VEvent
from icalendar.cal.component_factory import ComponentFactory
from icalendar.parser import Contentline, Parameters
from icalendar.parser.ical.component import ComponentIcalParser
from icalendar.prop import TypesFactory, vBroken

from scheduler.calendars.blocks import Block, value_of
from scheduler.calendars.occurrence import Person
from scheduler.calendars.rule import Rule, read_rule
from scheduler.calendars.written import WrittenTime, written_time

# The fewer lines the parser gets, the faster it is.
_WHEN = ("DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_WHAT = ("SUMMARY", "DESCRIPTION", "LOCATION", "URL", "CATEGORIES", "ORGANIZER", "ATTENDEE")
_HOW = ("STATUS", "TRANSP", "SEQUENCE", "LAST-MODIFIED")
_VENDORS = ("X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-ALLDAYEVENT", "X-GOOGLE-EVENT-TYPE")
_WANTED = frozenset((*_WHEN, *_WHAT, *_HOW, *_VENDORS))
_COMPONENTS = ComponentFactory()
# RFC 5545 (3.1) allows none of them in a text, and a terminal obeys them: an invitation is a stranger's.
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ") | {ord(each): each for each in "\t\n"}
# Without them an event is still at its time, and asks for the same call.
_IDLE = frozenset(("DTEND", "DURATION", "EXDATE", "SEQUENCE", "LAST-MODIFIED"))
_SAYING = frozenset((*_WHAT, *_VENDORS, "STATUS", "TRANSP"))


class Hides(Enum):
    """What can't be known of an event for something that is wrong with it; the rest of it is believed."""

    NOTHING = "nothing that its calls hang on"
    WORDS = "whether it asks for a call, and whom it calls"
    INSTANCES = "when one of its instances is, and which one"
    TIMES = "when it is, or which instances it has"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something that is wrong with an event, in words, and what that hides."""

    reason: str
    hides: Hides = Hides.TIMES
    instances: frozenset[str] = frozenset()  # the recurrence ids that it is about; empty where nobody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What one VEVENT says; its texts are those of :class:`~scheduler.calendars.occurrence.Occurrence`."""

    starts: WrittenTime
    ends: WrittenTime | None = None
    duration: timedelta | None = None  # may be negative
    recurrence_id: WrittenTime | None = None  # None in a master
    this_and_future: bool = False
    rules: tuple[Rule, ...] = ()
    rdates: tuple[WrittenTime, ...] = ()
    exdates: tuple[WrittenTime, ...] = ()
    summary: str = ""
    description: str = ""
    location: str = ""
    url: str = ""
    categories: tuple[str, ...] = ()
    status: str = ""
    transparent: bool = False
    busy_status: str = ""
    whole_days: bool = False  # X-MICROSOFT-CDO-ALLDAYEVENT: midnights of a zone that isn't written
    kind: str = ""
    organizer: Person | None = None
    attendees: tuple[Person, ...] = ()
    sequence: int = 0
    last_modified: datetime | None = None

    @property
    def version(self) -> tuple[int, datetime]:
        """What tells the newer of two: SEQUENCE, then LAST-MODIFIED."""
        return self.sequence, self.last_modified or datetime.min.replace(tzinfo=UTC)


class _ZonelessParser(ComponentIcalParser):
    """icalendar's parser, but a time stays as it is written.

    Its own zones are looked up in a cache by TZID that every calendar of the process shares; an unknown
    one silently makes a floating time, and a Z beside a TZID is dropped.
    """

    datetime_names: ClassVar[tuple[str, ...]] = ()

    def get_factory_for_property(self, name: str, params: Parameters) -> Any:  # noqa: ARG002
        """The kind that a property of this name has, whatever its VALUE parameter says."""
        return self._types_factory.for_property(name)


def read_event(block: Block) -> tuple[Event | None, tuple[Flaw, ...]]:
    """The event, None where it can't be used, and what was wrong with it."""
    if not block.closed:
        return None, (Flaw(reason="it breaks off: END:VEVENT is missing"),)
    try:
        vevent = _parsed(block)
        rules, refused = _rules(vevent)
        return _event(vevent, rules), (*_flaws(vevent, block), *(Flaw(reason=reason) for reason in refused))
    except ValueError as error:
        return None, (Flaw(reason=str(error), hides=_hidden_without_all(block)),)
    except Exception as error:  # whatever a stranger's text does to the parser, it costs this event alone
        reason = f"it can't be read ({type(error).__name__})"
        return None, (Flaw(reason=reason, hides=_hidden_without_all(block)),)


def _hidden_without_all(block: Block) -> Hides:
    """Without an override an instance is another one than its series says; without a master all are."""
    return Hides.INSTANCES if _is_override(block) else Hides.TIMES


def _is_override(block: Block) -> bool:
    return any(_name(line) == "RECURRENCE-ID" for line in _wanted_lines(block))


def _parsed(block: Block) -> VEvent:
    lines = "\n".join(("BEGIN:VEVENT", *_wanted_lines(block), "END:VEVENT"))
    [vevent] = _ZonelessParser(lines.encode(), _COMPONENTS, TypesFactory.instance()).parse()
    return vevent


def _wanted_lines(block: Block) -> Iterator[str]:
    return (line for line in block.lines if _name(line) in _WANTED and value_of(line))


def _name(line: str) -> str:
    return line.partition(":")[0].partition(";")[0].strip().upper()


def _event(vevent: VEvent, rules: tuple[Rule, ...]) -> Event:
    if "EXRULE" in vevent:
        raise ValueError(
            "it excludes instances by an EXRULE, which is no longer part of the standard:"
            " delete those instances one by one instead"
        )
    recurrence_id = _recurrence_id(vevent)
    return Event(
        starts=_start(vevent),
        ends=_time(vevent, "DTEND"),
        duration=next(
            (value.dt for value in _values(vevent, "DURATION") if isinstance(value.dt, timedelta)), None
        ),
        recurrence_id=recurrence_id,
        this_and_future=recurrence_id is not None and _is_range(vevent),
        rules=rules,
        rdates=tuple(_listed(vevent, "RDATE")),
        exdates=tuple(_listed(vevent, "EXDATE")),
        summary=_text(vevent, "SUMMARY"),
        description=_text(vevent, "DESCRIPTION"),
        location=_text(vevent, "LOCATION"),
        url=_text(vevent, "URL"),
        categories=tuple(str(name).strip() for value in _values(vevent, "CATEGORIES") for name in value.cats),
        status=_text(vevent, "STATUS").upper(),
        transparent=_text(vevent, "TRANSP").upper() == "TRANSPARENT",
        busy_status=_text(vevent, "X-MICROSOFT-CDO-BUSYSTATUS").upper(),
        whole_days=_text(vevent, "X-MICROSOFT-CDO-ALLDAYEVENT").upper() == "TRUE",
        kind=_text(vevent, "X-GOOGLE-EVENT-TYPE").upper(),
        organizer=next(_people(vevent, "ORGANIZER"), None),
        attendees=tuple(_people(vevent, "ATTENDEE")),
        sequence=next((int(value) for value in _values(vevent, "SEQUENCE")), 0),
        last_modified=_last_modified(vevent),
    )


def _flaws(vevent: VEvent, block: Block) -> Iterator[Flaw]:
    for name, _ in vevent.errors:
        if name:
            yield Flaw(reason=f"its {name} can't be read and is left out", hides=_hidden_without(name))
    if any(not name for name, _ in vevent.errors):
        # The parser doesn't say which: a guest's name in quotes within quotes is the usual one.
        hidden = {_hidden_without(_name(line)) for line in _wanted_lines(block) if not _is_line(line)}
        worst = next((each for each in (Hides.TIMES, Hides.WORDS) if each in hidden), Hides.NOTHING)
        yield Flaw(reason="a line of it can't be read", hides=worst if hidden else Hides.TIMES)


def _hidden_without(name: str) -> Hides:
    if name in _IDLE:
        return Hides.NOTHING
    return Hides.WORDS if name in _SAYING else Hides.TIMES


def _is_line(line: str) -> bool:
    try:
        Contentline(line).parts()  # type: ignore[no-untyped-call]
    except ValueError:
        return False
    return True


def _start(vevent: VEvent) -> WrittenTime:
    starts = {_written(value) for value in _times(vevent, "DTSTART")}
    if "DTSTART" not in vevent:
        raise ValueError("it has no start (DTSTART)")
    if len(starts) != 1:
        raise ValueError("it has two starts (DTSTART)" if starts else "its start (DTSTART) can't be read")
    return starts.pop()


def _recurrence_id(vevent: VEvent) -> WrittenTime | None:
    if "RECURRENCE-ID" not in vevent:
        return None
    written = _time(vevent, "RECURRENCE-ID")
    if written is None:
        # Without it an override would pass for a series of its own.
        raise ValueError("the instance that it changes (RECURRENCE-ID) can't be read")
    return written


def _is_range(vevent: VEvent) -> bool:
    return any(
        str(value.params.get("RANGE", "")).upper() == "THISANDFUTURE" for value in _values(vevent, "RECURRENCE-ID")
    )


def _rules(vevent: VEvent) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    rules, problems = [], []
    for recur in _values(vevent, "RRULE"):
        try:
            rules.append(read_rule(recur))
        except ValueError as error:
            problems.append(f"{error}; only its first instance counts")
    return tuple(rules), tuple(problems)


def _values(vevent: VEvent, name: str) -> list[Any]:
    """A property's values, those that can't be read left out; icalendar gives a list where it repeats."""
    value = vevent.get(name, [])
    return [each for each in (value if isinstance(value, list) else [value]) if not isinstance(each, vBroken)]


def _text(vevent: VEvent, name: str) -> str:
    return next((printable(str(value)) for value in _values(vevent, name)), "")


def printable(text: str) -> str:
    return text.translate(_CONTROLS).strip()


def _time(vevent: VEvent, name: str) -> WrittenTime | None:
    return next((_written(value) for value in _times(vevent, name)), None)


def _times(vevent: VEvent, name: str) -> list[Any]:
    """The values that are times; the parser takes durations and times of day for them too."""
    return [value for value in _values(vevent, name) if isinstance(value.dt, (date, tuple))]


def _listed(vevent: VEvent, name: str) -> Iterator[WrittenTime]:
    for value in _values(vevent, name):
        for each in value.dts:
            if isinstance(each.dt, (date, tuple)):
                yield written_time(each.dt, str(value.params.get("TZID", "")))


def _written(value: Any) -> WrittenTime:
    written = written_time(value.dt, str(value.params.get("TZID", "")))
    if str(value.params.get("VALUE", "")).upper() == "DATE":
        # Exchange writes a time of day behind some dates.
        return written_time(written.wall.date())
    return written


def _last_modified(vevent: VEvent) -> datetime | None:
    written = _time(vevent, "LAST-MODIFIED")
    return written.wall.replace(tzinfo=UTC) if written else None


def _people(vevent: VEvent, name: str) -> Iterator[Person]:
    for value in _values(vevent, name):
        yield Person(
            email=_email(str(value), str(value.params.get("EMAIL", ""))),
            name=str(value.params.get("CN", "")).translate(_CONTROLS).strip(),
            partstat=str(value.params.get("PARTSTAT", "")).upper(),
            sent_by=_email(str(value.params.get("SENT-BY", "")), ""),
        )


def _email(address: str, parameter: str) -> str:
    """The address, or the EMAIL parameter (RFC 7986, 6.2) where the address is of another kind."""
    bare = address.strip().lower().removeprefix("mailto:")
    return bare if "@" in bare and ":" not in bare and "/" not in bare else parameter.strip().lower()
