"""Files as strangers mangle them: the samples with lines, values and bytes put where they don't belong."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from tests.calendars.ics import SAMPLES

_WORDS = {
    "ics": rb"""
BEGIN:VCALENDAR
END:VCALENDAR
BEGIN:VEVENT
END:VEVENT
BEGIN:VALARM
BEGIN:VTIMEZONE
END:VTIMEZONE
RRULE:FREQ=DAILY
RRULE:FREQ=HOURLY;COUNT=999999
RRULE:FREQ=YEARLY;BYWEEKNO=53
RRULE:FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20
RRULE:UNTIL=,
DTSTART:00010101T000000Z
DTSTART:99991231T235959Z
DTSTART;VALUE=DATE:20270115
DTSTART;TZID=Customized Time Zone:20270328T023000
DTEND;VALUE=PERIOD:20270115T100000Z/PT1H
DURATION:-P999999999W
RECURRENCE-ID;RANGE=THISANDFUTURE:20270112T100000Z
RECURRENCE-ID;VALUE=DATE:19000101
EXDATE;VALUE=DATE:20270115,99991231
RDATE;VALUE=PERIOD:20270115T100000Z/-PT1H
UID:x
SEQUENCE:9e99
TZID:Customized Time Zone
TZOFFSETFROM:+9999
X-WR-TIMEZONE:../../etc/localtime
ATTENDEE;CN="a:b
ORGANIZER:mailto:mia@example.com
LOCATION:+32468373901
SUMMARY:Call Anna Peeters
CATEGORIES:,
 folded
""",
    "vcf": rb"""
BEGIN:VCARD
END:VCARD
VERSION:2.1
VERSION:4.0
TEL:+32468373901
TEL;VALUE=uri:tel:
TEL;PREF=-1:112
item1.TEL;TYPE="cell
item1.X-ABLabel:_$!<Mobile>!$_
N:;;;;
FN:
FN;ENCODING=QUOTED-PRINTABLE:=C3=A9=
FN;CHARSET=utf-7;QUOTED-PRINTABLE:=FF
AGENT:
 folded
""",
    "csv": rb"""
name;email;phone
Name,E-mail,Phone
"Anna
""
=+32468373901
4.68E+10
0468 37 39 01
+32468373901 / +3228160257
;;;;;;;;;;
""",
}
_BYTES = (
    *(b"\x00", b"\xff", b"\r", b"\n", b"\r\n ", b'"', b":", b";", b",", b"=", b"\\", b"-1"),
    *(b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xc2\xb2"),
)


@st.composite
def mangled(draw: st.DrawFn, kind: str) -> bytes:
    """A sample of this kind (``ics``, ``vcf`` or ``csv``), changed in some places."""
    lines = draw(st.sampled_from(_samples(kind))).splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 5))):
        lines = draw(_changed(lines, kind))
    data = b"".join(lines)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from(_BYTES)) + data[at + draw(st.integers(0, 8)) :]
    return data


@st.composite
def _changed(draw: st.DrawFn, lines: list[bytes], kind: str) -> list[bytes]:
    """One line less, or more, or some many times, or the rest of another sample."""
    at = draw(st.integers(0, len(lines)))
    what = draw(st.sampled_from(["drop", "insert", "insert", "replace", "repeat", "splice", "break off"]))
    new = [draw(st.sampled_from(_WORDS[kind].strip(b"\n").split(b"\n"))) + b"\r\n"]
    if what == "repeat":
        some = lines[at : at + draw(st.integers(1, 12))]
        return lines[:at] + some * draw(st.sampled_from([2, 3, 30])) + lines[at:]
    if what == "splice":
        other = draw(st.sampled_from(_samples(kind))).splitlines(keepends=True)
        return lines[:at] + other[draw(st.integers(0, len(other))) :]
    if what == "break off":
        return [*lines[:at], *(line[: len(line) // 2] for line in lines[at : at + 1])]
    return lines[:at] + ([] if what == "drop" else new) + lines[at + (what != "insert") :]


@cache
def _samples(kind: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(SAMPLES.glob(f"*.{kind}"))]
