"""What a command needs around it: the ledger, to read or to hold, the contacts, and the right user."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from scheduler.calls.call import Call
from scheduler.calls.timing import day_of
from scheduler.clock import SystemClock
from scheduler.config import Config
from scheduler.database import Database
from scheduler.duties.brake import hold_problems
from scheduler.duties.conflicts import with_conflicts
from scheduler.duties.contacts import ContactsDuty
from scheduler.duties.held import with_held_calls, with_kept_calls
from scheduler.duties.look import View, look
from scheduler.duties.paused import with_pauses
from scheduler.errors import DatabaseBusy
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import select_calls
from scheduler.ledger.lock import held_lock
from scheduler.ledger.pauses import select_pauses
from scheduler.ledger.vanished import select_held_calls
from scheduler.parts import barring_of, calendars_http, contact_sources, plan_rules, synced_calendars

_MOST_CALLS = 100_000


def drop_to_owner(ledger: Path) -> None:
    """Become the service's user where root asks beside it, so that root leaves no files it can't write."""
    folder = ledger if ledger.exists() else ledger.parent
    if os.geteuid() != 0 or not folder.exists():
        return
    owner = folder.stat()
    if owner.st_uid == 0:
        return
    os.initgroups(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


@contextmanager
def ledger_to_read(config: Config) -> Iterator[Database | None]:
    """The ledger for looking only; None where no daemon has ever run."""
    drop_to_owner(config.ledger)
    if not config.ledger.exists():
        yield None
        return
    with closing(open_ledger(config.ledger, read_only=True)) as ledger:
        yield ledger


@contextmanager
def ledger_to_hold(config: Config) -> Iterator[Database | None]:
    """The ledger with its lock; None where a daemon holds it, which is then to be asked."""
    drop_to_owner(config.ledger)
    with ExitStack() as stack:
        try:
            stack.enter_context(held_lock(config.ledger))
        except DatabaseBusy:
            yield None
        else:
            yield stack.enter_context(closing(open_ledger(config.ledger)))


def read_contacts(config: Config, ledger: Database | None) -> ContactsDuty:
    """The contacts, address books as the ledger keeps them; without a ledger they are fetched."""
    with closing(calendars_http()) as http:
        duty = ContactsDuty(contact_sources(config, http, ledger), config.number_types)
        duty.run_once()
        return duty


def view(
    config: Config,
    ledger: Database | None,
    *,
    start: datetime,
    end: datetime,
    mentioning: str = "",
    about: str = "",
) -> View:
    """What the calendars hold in a window, beside what the ledger holds; as :func:`look` says."""
    contacts = read_contacts(config, ledger)
    now = SystemClock().now()
    with closing(calendars_http()) as http:
        found = look(
            ledger,
            synced_calendars(config.calendars, http),
            plan_rules(config),
            contacts.contacts,
            barring_of(config),
            now,
            start=start,
            end=end,
            mentioning=mentioning,
            about=about,
        )
    troubles = (*contacts.problems, *found.troubles)
    entries = with_kept_calls(found.entries, found.kept)
    found = replace(
        found, entries=with_conflicts(entries, config.policy, _calls_of_days(config, ledger, start, end))
    )
    if ledger is None:
        return replace(found, troubles=troubles)
    held = ledger.read(select_held_calls, start, end)
    pauses = ledger.read(select_pauses, now)
    return replace(
        found,
        entries=with_pauses(with_held_calls(found.entries, held), pauses),
        troubles=(*troubles, *ledger.read(hold_problems, now)),
    )


def _calls_of_days(config: Config, ledger: Database | None, start: datetime, end: datetime) -> tuple[Call, ...]:
    """Those of the first day's beginning too, since what rang then counts; none where nothing limits a day."""
    if ledger is None or not config.policy.limits.rings_a_day:
        return ()
    since = day_of(start, config.policy)
    return ledger.read(select_calls, since=since, until=end, limit=_MOST_CALLS)
