"""From the checked tables of the file to the settings of each floor, and what only shows between tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.calendars.agenda import Zones
from scheduler.calendars.settings import CalendarRules, Company, Manager
from scheduler.calendars.spreadsheet import CsvColumns, read_csv
from scheduler.calendars.vcard import read_vcards
from scheduler.callout.client import CalloutSettings
from scheduler.calls.barring import Barring
from scheduler.calls.calling_hours import CallingHours
from scheduler.calls.last_look import WhenUnreachable
from scheduler.calls.policy import Limits, Policy, Retries
from scheduler.config.build_hours import build_hours
from scheduler.config.build_login import LoginPlaces, build_login
from scheduler.config.feed import build_feed
from scheduler.config.log import build_log
from scheduler.config.messages import MessagesConfig, build_messages
from scheduler.config.metrics import build_metrics
from scheduler.config.model import (
    CalendarTable,
    CallbackTable,
    ColumnsTable,
    ContactsTable,
    DaemonFile,
    ProviderTable,
)
from scheduler.config.page import build_page
from scheduler.config.problems import Key, Problems
from scheduler.config.retention import build_retention
from scheduler.config.secrets import Secrets
from scheduler.config.settings import BookConfig, CalendarConfig, CallbackConfig, Config, ProviderConfig
from scheduler.duties.contacts import ContactsFile
from scheduler.duties.do_not_call import DoNotCallFile
from scheduler.http import HttpSettings
from scheduler.ledger.collections import ADDRESS_BOOK
from scheduler.login import Login
from scheduler.oauth import TokenSettings
from scheduler.phone import PhoneNumber
from scheduler.sources.caldav_server import CaldavSettings
from scheduler.sources.carddav_server import CarddavSettings
from scheduler.sources.ics import IcsSettings


def build_config(file: DaemonFile, folder: Path, problems: Problems, *, secrets: bool) -> Config:
    """:param folder: where relative paths of the file start."""
    revealed = Secrets(folder, problems, needed=secrets)
    ledger = folder / file.ledger.path
    places = LoginPlaces(folder=folder, tokens=ledger.parent / "tokens", secrets=revealed, problems=problems)
    _check_ownership(file, problems)
    _check_names(file, problems)
    _check_last_look(file, problems)
    company, page = _company(file), build_page(file.page, problems)
    return Config(
        path=folder,
        ledger=ledger,
        retention=build_retention(file.retention),
        log=build_log(file.log),
        company=company,
        company_zone=ZoneInfo(file.company.zone),
        zones=_zones(file),
        policy=_policy(file, build_hours(file, _countries(file), problems)),
        barring=_barring(file),
        do_not_call=_do_not_call(file, folder),
        calendars=tuple(_calendar(file, index, places) for index in range(len(file.calendar))),
        contacts=tuple(
            _contacts(table, folder / table.file, company.region) for table in file.contacts if table.file
        ),
        books=tuple(_book(table, index, places) for index, table in enumerate(file.contacts) if table.carddav),
        number_types=file.company.number_types,
        provider=_provider(file.provider, file.calling.workers, folder, revealed),
        callback=_callback(file.callback) if file.callback else None,
        page=page,
        metrics=build_metrics(file.metrics),
        workers=file.calling.workers,
        last_look=file.calling.last_look,
        feed=build_feed(file.feed, page, company, revealed, problems) if file.feed else None,
        messages=_messages(file, folder, revealed, problems),
        wait_for_sync=file.clock.unsynchronised == "wait",
    )


def _messages(file: DaemonFile, folder: Path, secrets: Secrets, problems: Problems) -> MessagesConfig:
    books = (ADDRESS_BOOK + table.name for table in file.contacts if table.carddav)
    collections = (*(table.name for table in file.calendar), *books)
    return build_messages(file.mail, file.alerts, file.ping, collections, folder, secrets, problems)


def _check_last_look(file: DaemonFile, problems: Problems) -> None:
    for index, table in enumerate(file.calendar):
        if table.when_unreachable is WhenUnreachable.HOLD and not file.calling.last_look:
            problems.add(
                ("calendar", index, "when_unreachable"), "hold needs a last look: give calling.last_look a time"
            )


def _check_ownership(file: DaemonFile, problems: Problems) -> None:
    for key, number in _own_numbers(file):
        if number is not None and number not in file.company.owned:
            problems.add(
                key, f"{number} isn't one of the company's own numbers: add it to company.owned, or mend it"
            )


def _own_numbers(file: DaemonFile) -> Iterator[tuple[Key, PhoneNumber | None]]:
    yield ("company", "cli"), file.company.cli
    for index, manager in enumerate(file.manager):
        yield ("manager", index, "origin"), manager.origin
        yield ("manager", index, "cli"), manager.cli
    for index, calendar in enumerate(file.calendar):
        yield ("calendar", index, "origin"), calendar.origin
        yield ("calendar", index, "cli"), calendar.cli


def _check_names(file: DaemonFile, problems: Problems) -> None:
    calendars = [(("calendar", index, "name"), table.name) for index, table in enumerate(file.calendar)]
    contacts = [(("contacts", index), _contacts_name(table)) for index, table in enumerate(file.contacts)]
    emails = [
        (("manager", index, "emails"), email.lower())
        for index, table in enumerate(file.manager)
        for email in table.emails
    ]
    for entries in (calendars, contacts, emails):
        problems.add_repeated(entries)
    for key, name in calendars:
        if name.startswith(ADDRESS_BOOK):
            problems.add(key, f"{name!r} is how address books are named: choose another beginning")


def _company(file: DaemonFile) -> Company:
    table = file.company
    managers = tuple(
        Manager(name=one.name, emails=one.emails, origin=one.origin, cli=one.cli) for one in file.manager
    )
    return Company(
        region=table.region,
        cli=table.cli,
        managers=managers,
        trusted_domains=table.trusted_domains,
        prefixes=table.prefixes,
        cancelled_prefixes=table.cancelled_prefixes,
        lead=table.lead,
    )


def _zones(file: DaemonFile) -> dict[str, Zones]:
    return {
        table.name: Zones(floating=ZoneInfo(table.zone or file.company.zone), names=file.company.zone_names)
        for table in file.calendar
    }


def _policy(file: DaemonFile, hours: CallingHours) -> Policy:
    table = file.calling
    return Policy(
        grace=table.grace,
        horizon=table.horizon,
        longest_call=table.longest_call,
        cdr_lag=table.cdr_lag,
        origin_hold=table.origin_hold,
        hours=hours,
        voicemail=table.voicemail,
        retries=Retries(
            origin=table.retries.origin, destination=table.retries.destination, after=table.retries.after
        ),
        limits=Limits(
            requests_per_second=table.requests_per_second,
            calls_at_once=table.calls_at_once,
            rings_a_day=table.rings_a_day,
        ),
    )


def _countries(file: DaemonFile) -> tuple[str, ...]:
    return file.barring.countries if file.barring.countries is not None else (file.company.region,)


def _barring(file: DaemonFile) -> Barring:
    table = file.barring
    return Barring(
        region=file.company.region,
        countries=frozenset(_countries(file)),
        types=table.types,
        prefixes=table.prefixes,
        numbers=frozenset(table.numbers),
        owned=frozenset(file.company.owned),
    )


def _do_not_call(file: DaemonFile, folder: Path) -> DoNotCallFile | None:
    path = file.barring.do_not_call
    return DoNotCallFile(path=folder / path, region=file.company.region) if path else None


def _calendar(file: DaemonFile, index: int, places: LoginPlaces) -> CalendarConfig:
    table = file.calendar[index]
    built = build_login(table, ("calendar", index), places, name=f"calendar {table.name}")
    return CalendarConfig(
        source=_source(table, built.login, places.folder),
        every=table.every,
        digest=_digest(table),
        locked=built.locked,
        rules=CalendarRules(
            collection=table.name,
            asks=table.asks,
            categories=file.company.categories,
            origin=table.origin,
            cli=table.cli,
            presentation=table.presentation,
            lead=table.lead,
        ),
        when_unreachable=table.when_unreachable,
        outcomes=table.outcomes,
        language=table.language,
    )


def _source(table: CalendarTable, login: Login, folder: Path) -> IcsSettings | CaldavSettings:
    if table.caldav is not None:
        return CaldavSettings(name=table.name, url=table.caldav, display_name=table.display_name, login=login)
    return IcsSettings(
        name=table.name,
        path=folder / table.file if table.file else None,
        url=table.url or "",
        login=login,
        limit=table.most_bytes,
        most_events=table.most_events,
        deadline=table.longest_fetch.total_seconds(),
    )


def _digest(table: CalendarTable) -> str:
    """Changes with what is fetched, not with the login's secrets, the interval or the rules."""
    return _digest_of(
        str(table.file or ""), table.url or "", table.caldav or "", table.display_name, table.username
    )


def _digest_of(*where: str) -> str:
    return hashlib.sha256("\n".join(where).encode()).hexdigest()[:16]


def _contacts(table: ContactsTable, path: Path, region: str) -> ContactsFile:
    name = _contacts_name(table)
    is_csv = table.format == "csv" or (table.format is None and path.suffix.lower() == ".csv")
    reader = (
        partial(read_csv, name=name, region=region, columns=_columns(table.columns))
        if is_csv
        else partial(read_vcards, name=name, region=region)
    )
    return ContactsFile(name=name, path=path, reader=reader)


def _book(table: ContactsTable, index: int, places: LoginPlaces) -> BookConfig:
    collection, url = ADDRESS_BOOK + table.name, table.carddav or ""
    built = build_login(table, ("contacts", index), places, name=collection)
    return BookConfig(
        name=table.name,
        source=CarddavSettings(name=collection, url=url, display_name=table.display_name, login=built.login),
        every=table.every,
        digest=_digest_of(url, table.display_name, table.username),
        locked=built.locked,
    )


def _columns(table: ColumnsTable | None) -> CsvColumns:
    """What the table names; the usual headers of four languages for the rest."""
    usual = CsvColumns()
    if table is None:
        return usual
    return replace(
        usual,
        name=(table.name,) if table.name else usual.name,
        email=(table.email,) if table.email else usual.email,
        numbers=tuple(table.numbers.items()) or usual.numbers,
    )


def _contacts_name(table: ContactsTable) -> str:
    return table.name or (table.file.name if table.file else "")


def _provider(table: ProviderTable, workers: int, folder: Path, secrets: Secrets) -> ProviderConfig:
    secret = secrets.reveal(table.client_secret, ("provider", "client_secret"))
    return ProviderConfig(
        callout=CalloutSettings(url=table.url, timeout=table.timeout, refused_on_503=table.refused_on_503),
        tokens=TokenSettings(
            url=table.token_url, client_id=table.client_id, client_secret=secret, scope=table.scope
        ),
        http=HttpSettings(
            connect_timeout=table.connect_timeout.total_seconds(),
            read_timeout=table.timeout.total_seconds(),
            pool_size=workers,
            ca_bundle=folder / table.ca_bundle if table.ca_bundle else None,
        ),
        cdr_every=table.cdr_every,
    )


def _callback(table: CallbackTable) -> CallbackConfig:
    host, _, port = table.listen.rpartition(":")
    return CallbackConfig(
        host=host.strip("[]"), port=int(port), url=(table.url or f"http://{table.listen}").rstrip("/")
    )
