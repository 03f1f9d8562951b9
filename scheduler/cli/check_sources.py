"""The part of ``check`` that looks at where calls come from, contacts and calendars, and where they go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from scheduler.calendars.agenda import read_agenda
from scheduler.calendars.contact import Contacts
from scheduler.calendars.glance import glance
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.calls.barring import barred_by
from scheduler.calls.plan import plan
from scheduler.cli.finding import Finding, with_remedy
from scheduler.cli.output import counted
from scheduler.clock import SystemClock
from scheduler.config import CalendarConfig, Config
from scheduler.duration import spell_duration
from scheduler.duties.contacts import ContactsDuty
from scheduler.errors import CallSchedulerError, SourceError
from scheduler.http import Http
from scheduler.parts import ProviderLink, build_source

_MOST_NAMES = 20


def look_at_contacts(contacts: ContactsDuty, name: str) -> Finding:
    text = f"{counted(contacts.count(name), 'contact')} read"
    mute = [str(one) for one in contacts.without_number(name)]
    if mute:
        more = f" and {len(mute) - _MOST_NAMES} more" if len(mute) > _MOST_NAMES else ""
        text += f"; {len(mute)} without a number that can be called: {'; '.join(mute[:_MOST_NAMES])}{more}"
    return Finding(subject=f"contacts {name}", fine=True, text=text)


def look_at_calendar(
    config: Config, calendar: CalendarConfig, contacts: Contacts, http: Http
) -> Iterator[Finding]:
    """Reach it, and read the coming day as the daemon would."""
    subject = f"calendar {calendar.name}"
    try:
        fetched = build_source(calendar, http).fetch(None, {})
    except SourceError as error:
        yield Finding(subject=subject, fine=False, text=with_remedy(error.reason, error.remedy))
        return
    now = datetime.now(UTC)
    end = now + config.policy.horizon
    agenda = read_agenda(
        (
            (one.href, one.data)
            for one in fetched.changed
            if _may_ring(one.data, calendar.rules, config.company, now, end)
        ),
        calendar.rules,
        config.company,
        contacts,
        config.zones[calendar.name],
        start=now,
        end=end,
    )
    calls = plan(agenda.appointments, config.policy)
    ringing = sum(
        not barred_by(call.destination, config.barring)
        and not config.policy.hours.skipped(call.origin, call.destination, call.asked_at)
        for call in calls
    )
    yield Finding(
        subject=subject,
        fine=True,
        text=f"reached, {counted(len(fetched.changed), 'object')}, {counted(ringing, 'call')} to come, "
        f"fetched every {spell_duration(calendar.every)}",
    )
    for fault in agenda.faults:
        yield Finding(subject=f"{subject}, event {fault.name}", fine=False, text=fault.reason)
    for href, reason in fetched.faults:
        yield Finding(subject=f"{subject}, {href}", fine=False, text=reason)
    for one in agenda.derivations:
        if one.asks and one.appointment is None:
            title = one.occurrence.summary
            yield Finding(subject=f"{subject}, {title!r} ({one.occurrence.uid})", fine=False, text=one.reason)


def _may_ring(data: bytes, rules: CalendarRules, company: Company, start: datetime, end: datetime) -> bool:
    """What can't isn't parsed, as the daemon doesn't either: of a big calendar that is most."""
    seen = glance(data)
    return seen.may_ask(rules, company) and (seen.span is None or seen.span.meets(start, end))


def look_at_provider(config: Config) -> Finding:
    """Ask it for a token, and for the records of this moment: the API has an address of its own."""
    subject = f"provider {config.provider.callout.url}"
    with closing(ProviderLink(config.provider, SystemClock())) as link:
        try:
            link.client.token()
        except CallSchedulerError as error:
            remedy = "see [provider]: token_url, client_id, client_secret, and that it is up"
            return Finding(subject=subject, fine=False, text=f"{error} ({remedy})")
        try:
            link.client.cdrs(since=datetime.now(UTC))
        except CallSchedulerError as error:
            text = f"gave a token, but {error} (see [provider]: url, and that it is up)"
            return Finding(subject=subject, fine=False, text=text)
    return Finding(subject=subject, fine=True, text="gave a token, and shows its records")
