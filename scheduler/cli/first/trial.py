"""Trying an answer before it is written down, with the same looks as ``check``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from scheduler.cli.check_sources import look_at_calendar, look_at_contacts, look_at_provider
from scheduler.cli.context import read_contacts
from scheduler.cli.finding import Finding, finding_of
from scheduler.cli.first.answers import CALENDAR_NAME, CONTACTS_NAME, Answers, Kind, ProviderAnswer, SourceAnswer
from scheduler.cli.first.files import write_files
from scheduler.config import Config, read_config
from scheduler.errors import ConfigError
from scheduler.login import Login
from scheduler.parts import calendars_http
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource

# A configuration has a provider; where it isn't known yet nobody asks this one.
_NOBODY = ProviderAnswer(url="https://provider.invalid", token_url="https://provider.invalid",
                         client_id="nobody", client_secret="none")  # fmt: skip


def calendars_at(source: SourceAnswer) -> tuple[str, ...]:
    """The names of the calendars that there are to choose among; none where the address is that of one.

    :raises SourceError: they can't be asked for.
    """
    login = Login(username=source.username, password=source.password)
    settings = CaldavSettings(name=CALENDAR_NAME, url=source.address, login=login)
    return () if source.kind is not Kind.CALDAV else CaldavSource(settings).display_names()


def try_numbers(answers: Answers) -> tuple[Finding, ...]:
    """Numbers, region, zone and manager, as the configuration reads them."""

    def look(config: Config) -> Iterator[Finding]:
        numbers = ", ".join(sorted(map(str, config.barring.owned)))
        yield Finding(subject="numbers", fine=True, text=f"the company's own are {numbers}")

    return _tried(replace(answers, calendar=None, contacts=None, provider=None), look)


def try_calendar(answers: Answers) -> tuple[Finding, ...]:
    """Whether it is reached, first, and what of its events asks for a call in vain."""

    def look(config: Config) -> Iterator[Finding]:
        contacts = read_contacts(config, ledger=None).contacts
        with closing(calendars_http()) as http:
            yield from look_at_calendar(config, config.calendars[0], contacts, http)

    return _tried(replace(answers, provider=None), look)


def try_contacts(answers: Answers) -> tuple[Finding, ...]:
    def look(config: Config) -> Iterator[Finding]:
        contacts = read_contacts(config, ledger=None)
        if not contacts.failed(CONTACTS_NAME):
            yield look_at_contacts(contacts, CONTACTS_NAME)
        yield from (finding_of(problem) for problem in contacts.problems)

    return _tried(replace(answers, calendar=None, provider=None), look)


def try_provider(answers: Answers) -> tuple[Finding, ...]:
    def look(config: Config) -> Iterator[Finding]:
        yield look_at_provider(config)

    return _tried(replace(answers, calendar=None, contacts=None), look)


def _tried(answers: Answers, look: Callable[[Config], Iterator[Finding]]) -> tuple[Finding, ...]:
    """What is found with a configuration of these answers alone, which is gone afterwards."""
    with TemporaryDirectory(prefix="call-scheduler-init-") as name:
        path = Path(name) / "config.toml"
        write_files(path, replace(answers, provider=answers.provider or _NOBODY), service=False)
        try:
            return tuple(look(read_config(path)))
        except ConfigError as error:
            # Without the options' names, which nobody was asked for; one number stands in several.
            said = dict.fromkeys(one.what.partition(": ")[2] for one in error.problems)
            return tuple(Finding(subject="answer", fine=False, text=text) for text in said)
