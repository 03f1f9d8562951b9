"""What the demo sets out: the company, its customers, every appointment, and what is done to three of them.

All seconds are the demo's own, counted from its first ring. Every scene that could ring has a number of its
own, so that a ring at the gateway tells which scene it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.calls.call import Outcome
from scheduler.gateway.settings import Behaviour
from scheduler.vca import Presentation

SALES, SUPPORT, SERVICE = "sales", "support", "service"  # two calendars of the server, and an ICS file
OFFICIAL_NUMBER = "+3228160257"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """An account manager, whose phone rings first."""

    name: str
    number: str
    calendar: str = ""  # whose calls are theirs unless the event says otherwise
    phone: Behaviour = Behaviour.ANSWER

    @property
    def email(self) -> str:
        return f"{self.name.lower()}@example.com"


MANAGERS = (
    Manager(name="Ann", number="+3228160258", calendar=SALES),
    Manager(name="Ben", number="+3228160259", calendar=SUPPORT),
    Manager(name="Cleo", number="+3228160260", calendar=SERVICE),
    Manager(name="Dora", number="+3228160261", phone=Behaviour.BUSY),
)

CONTACTS_CSV = """\
name;email;mobile
Vera Dimova;vera@buyers.invalid;+44 20 7946 0301
Lena Brandt;lena@buyers.invalid;+44 20 7946 0303
Pieter Maes;pieter@buyers.invalid;0468 37 39 01
Noor Peeters;noor@buyers.invalid;+44 20 7946 0306
Yara Okafor;yara@buyers.invalid;+44 20 7946 0307
"""
CONTACTS_VCARD = """\
BEGIN:VCARD
VERSION:3.0
FN:Omar Haddad
TEL;TYPE=WORK:+44 20 7946 0399
TEL;TYPE=CELL,PREF:+44 20 7946 0302
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Inês Aguilar
TEL;TYPE=cell:tel:+44-20-7946-0305
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Jonas Vik
TEL;TYPE=cell:tel:+44-20-7946-0310
END:VCARD
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Once a day, from yesterday on; days are counted from today."""

    days: int  # in all, yesterday included
    left_out: int  # the day of an EXDATE
    moved: int  # the day of an override
    moved_by: timedelta

    def coming(self, today: datetime) -> tuple[datetime, ...]:
        """The instances after today's."""
        days = [day for day in range(1, self.days - 1) if day != self.left_out]
        return tuple(
            today + timedelta(days=day) + (self.moved_by if day == self.moved else timedelta()) for day in days
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An entry of a calendar, and what must come of it."""

    uid: str
    about: str  # what it shows, for the user
    title: str
    calendar: str
    second: int  # its start
    whom: str = ""
    number: str = ""  # whom it calls, or would
    phone: Behaviour = Behaviour.ANSWER  # what happens there
    lines: tuple[str, ...] = ()  # more of its VEVENT
    all_day: bool = False
    daily: Daily | None = None
    answer_lost: bool = False  # the provider accepts the request, and its answer never arrives
    # What must come of it:
    rings_at: int | None = None  # the second of its one ring; None: it must not ring
    outcome: Outcome | None = None  # None: it never becomes a call
    because: str  # words that its reason has
    presentation: Presentation = Presentation.ALLOWED


SCENES = (
    Scene(
        uid="answered", about="named in the contacts' CSV file",
        title="Call Vera Dimova", calendar=SALES, second=0,
        whom="Vera Dimova", number="+442079460301",
        rings_at=0, outcome=Outcome.ANSWERED, because="talked 3 s",
    ),
    Scene(
        uid="busy", about="a vCard's preferred number, and a busy line",
        title="Bellen met Omar Haddad", calendar=SERVICE, second=1,
        whom="Omar Haddad", number="+442079460302", phone=Behaviour.BUSY,
        rings_at=1, outcome=Outcome.BUSY, because="the customer was busy",
    ),
    Scene(
        uid="no-answer", about="a category and a guest, who doesn't pick up",
        title="Quarterly figures", calendar=SUPPORT, second=3,
        lines=("CATEGORIES:Call", "ATTENDEE;CN=Lena:mailto:lena@buyers.invalid"),
        whom="Lena Brandt", number="+442079460303", phone=Behaviour.NO_ANSWER,
        rings_at=3, outcome=Outcome.NO_ANSWER, because="the customer didn't answer",
    ),
    Scene(
        uid="barred", about="a premium number",
        title="Call the horoscope line", calendar=SALES, second=5,
        lines=("LOCATION:0900 12 345",), whom="a premium number", number="+3290012345",
        outcome=Outcome.BARRED, because="premium numbers are barred",
    ),
    Scene(
        uid="origin-busy", about="organised by Dora, who is on the phone",
        title="Call Pieter Maes", calendar=SUPPORT, second=6,
        lines=("ORGANIZER;CN=Dora:mailto:dora@example.com",), whom="Pieter Maes", number="+32468373901",
        rings_at=6, outcome=Outcome.ORIGIN_BUSY, because="the account manager was busy",
    ),
    Scene(
        uid="recurring", about="every day, but not tomorrow, and later the day after",
        title="Appel avec Ines Aguilar", calendar=SALES, second=9,
        daily=Daily(days=6, left_out=1, moved=2, moved_by=timedelta(hours=2)),
        whom="Inês Aguilar", number="+442079460305",
        rings_at=9, outcome=Outcome.ANSWERED, because="talked 3 s",
    ),
    Scene(
        uid="no-such-number", about="a number in the location, which doesn't exist",
        title="Invoice 4711", calendar=SERVICE, second=11,
        lines=("LOCATION:tel:+1-202-555-0147",), whom="+1 202 555 0147", number="+12025550147",
        phone=Behaviour.NOT_FOUND,
        rings_at=11, outcome=Outcome.FAILED, because="the destination's number does not exist",
    ),
    Scene(
        uid="withheld", about="with the number withheld",
        title="Call Noor Peeters", calendar=SUPPORT, second=13,
        lines=("DESCRIPTION:Call-Presentation: restricted",), whom="Noor Peeters", number="+442079460306",
        rings_at=13, outcome=Outcome.ANSWERED, because="talked 3 s", presentation=Presentation.RESTRICTED,
    ),
    Scene(
        uid="moved", about="moved ten seconds later",
        title="Call Yara Okafor", calendar=SALES, second=14,
        whom="Yara Okafor", number="+442079460307",
        rings_at=24, outcome=Outcome.ANSWERED, because="talked 3 s",
    ),
    Scene(
        uid="cancelled", about="cancelled in the ICS file",
        title="Call about the delivery", calendar=SERVICE, second=17,
        lines=("LOCATION:+44 20 7946 0308",), whom="+44 20 7946 0308", number="+442079460308",
        outcome=Outcome.CANCELLED, because="it is cancelled",
    ),
    Scene(
        uid="deleted", about="deleted from the calendar",
        title="Call about the contract", calendar=SUPPORT, second=19,
        lines=("LOCATION:+44 20 7946 0309",), whom="+44 20 7946 0309", number="+442079460309",
        outcome=Outcome.CANCELLED, because="no longer in the calendar",
    ),
    Scene(
        uid="answer-lost", about="accepted, and the provider's answer is lost",
        title="Anruf bei Jonas Vik", calendar=SERVICE, second=21,
        whom="Jonas Vik", number="+442079460310", answer_lost=True,
        rings_at=21, outcome=Outcome.ANSWERED, because="talked 3 s",
    ),
    Scene(
        uid="no-number", about="nobody has that name",
        title="Call Nadia Unknown", calendar=SALES, second=2,
        because="no contact is named 'Nadia Unknown'",
    ),
    Scene(
        uid="unmarked", about="not marked as a call",
        title="Lunch with Vera Dimova", calendar=SALES, second=4,
        because="it doesn't ask for a call",
    ),
    Scene(
        uid="all-day", about="all day",
        title="Call for papers", calendar=SUPPORT, second=7, all_day=True,
        lines=("LOCATION:+44 20 7946 0311",), number="+442079460311",
        because="an all-day event never rings",
    ),
    Scene(
        uid="stranger", about="a stranger's invitation",
        title="Call me back now", calendar=SUPPORT, second=8,
        lines=("ORGANIZER:mailto:nobody@stranger.invalid", "LOCATION:+44 20 7946 0312"), number="+442079460312",
        because="organised it, who is no manager",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that a person does to an event while the demo plays."""

    uid: str
    second: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Change):
    to: int  # second


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Change):
    """STATUS:CANCELLED; the event stays in the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Change):
    """The event is gone."""


CHANGES: tuple[Move | Cancel | Delete, ...] = (
    Move(uid="moved", second=8, to=24, says="'Call Yara Okafor' is moved ten seconds later, in the calendar"),
    Cancel(uid="cancelled", second=10, says="'Call about the delivery' is cancelled, in the ICS file"),
    Delete(uid="deleted", second=12, says="'Call about the contract' is deleted from the calendar"),
)
LAST_SECOND = max(scene.rings_at or scene.second for scene in SCENES)
