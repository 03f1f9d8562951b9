"""Calendars and contacts: how fresh they are, what is wrong with them, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.calendars.component import Fault
from scheduler.calendars.contact import Contact
from scheduler.database import Connection
from scheduler.ledger.browse import count_objects
from scheduler.ledger.collections import ADDRESS_BOOK, Collection, select_collections
from scheduler.ledger.vanished import Hold, select_holds
from scheduler.web.frame import Frame
from scheduler.web.office import KnownContacts, Office

_MOST = 20  # of a list of faults: who has more mends them in the calendar, not by reading on


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A calendar or address book and how its fetches went."""

    name: str
    collection: Collection | None  # None: it was never tried
    objects: int = 0
    hold: Hold | None = None
    faults: tuple[Fault, ...] = ()
    more_faults: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file or address book of contacts."""

    name: str
    count: int
    mute: tuple[Contact, ...]  # whom an event may name in vain
    more_mute: int


def routes(frame: Frame) -> list[Route]:
    return [frame.page("/calendars", _show)]


def _show(frame: Frame, request: Request) -> Response:
    office = frame.office
    known = office.known()
    fetched = office.ledger.read(read_fetched, office)
    books = [one for one in fetched if one.name.startswith(ADDRESS_BOOK)]
    return frame.view.show(
        request,
        "calendars.html",
        calendars=[one for one in fetched if one not in books],
        books=books,
        listed=tuple(_listed(known, name) for name in known.names),
        problems=known.problems[:_MOST],
        more_problems=len(known.problems[_MOST:]),
    )


def read_fetched(connection: Connection, office: Office) -> tuple[Fetched, ...]:
    """The calendars that are configured, in their order, and every address book that was ever fetched."""
    rows = {one.name: one for one in select_collections(connection)}
    holds = {one.collection: one for one in select_holds(connection, office.clock.now())}
    names = (*office.facts.calendars, *(name for name in rows if name.startswith(ADDRESS_BOOK)))
    faults = tuple(office.faults())
    return tuple(
        Fetched(
            name=name,
            collection=rows.get(name),
            objects=count_objects(connection, name),
            hold=holds.get(name),
            faults=_faults_of(name, faults)[:_MOST],
            more_faults=len(_faults_of(name, faults)[_MOST:]),
        )
        for name in names
    )


def _faults_of(name: str, faults: Iterable[tuple[str, Fault]]) -> tuple[Fault, ...]:
    return tuple(fault for calendar, fault in faults if calendar == name)


def _listed(known: KnownContacts, name: str) -> Listed:
    mute = known.without_number(name)
    return Listed(name=name, count=known.count(name), mute=mute[:_MOST], more_mute=len(mute[_MOST:]))
