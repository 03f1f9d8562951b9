"""What is asked for a first configuration: an option that was given isn't asked for."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import click

from scheduler.cli.finding import Finding, print_finding
from scheduler.cli.first.answers import GATEWAY, GATEWAY_CLIENT, Answers, Kind, ProviderAnswer, SourceAnswer
from scheduler.cli.first.trial import calendars_at, try_calendar, try_contacts, try_numbers, try_provider
from scheduler.errors import SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options of the command line; None where one wasn't given."""

    region: str | None = None
    zone: str | None = None
    cli: str | None = None
    origin: str | None = None
    manager: str | None = None
    email: str | None = None
    calendar: str | None = None
    is_feed: bool = False
    display_name: str | None = None
    username: str | None = None
    password_file: Path | None = None
    contacts: str | None = None
    contacts_username: str | None = None
    contacts_password_file: Path | None = None
    gateway: bool = False
    provider: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    client_secret_file: Path | None = None


NOTHING_GIVEN = Given()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Asks a person, or, without one, takes what is given and the defaults."""

    interactive: bool
    keep_failed: bool  # without a person: an answer that fails is taken all the same

    def text(self, given: str | None, option: str, question: str, default: str | None = None) -> str:
        if given is not None:
            return given.strip()
        if self.interactive:
            return str(click.prompt(question, default=default, show_default=bool(default))).strip()
        if default is None:
            raise click.UsageError(f"{option} is missing, and --no-input forbids to ask for it")
        return default

    def secret(self, given: Path | None, option: str, question: str) -> str:
        """From a file, since a command line is for everybody to see."""
        if given is not None:
            return given.read_text(encoding="utf-8").rstrip("\r\n")
        if self.interactive:
            return str(click.prompt(question, hide_input=True))
        raise click.UsageError(f"{option} is missing, and --no-input forbids to ask for the secret")

    def tried(
        self, given: Given, ask: Callable[[Given], Answers], try_out: Callable[[Answers], tuple[Finding, ...]]
    ) -> Answers:
        """Answers that passed; or that somebody keeps although they didn't. The first finding decides."""
        while True:
            answers = ask(given)
            findings = try_out(answers)
            for finding in findings:
                print_finding(finding)
            if findings[0].fine or not self._again():
                return answers
            given = NOTHING_GIVEN

    def _again(self) -> bool:
        if self.interactive:
            return click.confirm("Answer that again? (No keeps it as it is)", default=True)
        if self.keep_failed:
            return False
        raise click.ClickException("nothing is written: mend that, or write it all the same with --untested")


def ask_everything(given: Given, asker: Asker) -> Answers:
    """:raises click.ClickException: without a person, something is missing or failed."""
    answers = asker.tried(given, lambda given: _company(given, asker), try_numbers)
    answers = _with_contacts(given, asker, answers)
    answers = asker.tried(given, lambda given: _with_calendar(given, asker, answers), try_calendar)
    if _wants_gateway(given, asker):
        return replace(answers, provider=_our_gateway())
    return asker.tried(given, lambda given: _with_provider(given, asker, answers), try_provider)


def _company(given: Given, asker: Asker) -> Answers:
    answers = Answers(
        region=asker.text(given.region, "--region", "Country of numbers that are written without one", "BE"),
        zone=asker.text(given.zone, "--zone", "Time zone of the company", "Europe/Brussels"),
        cli=asker.text(given.cli, "--cli", "The company's official number, which customers see"),
        origin=asker.text(given.origin, "--origin", "The phone that rings first, an account manager's"),
    )
    email = asker.text(given.email, "--email", "That manager's e-mail address (Enter: nobody's)", "")
    if not email:
        return answers
    return replace(answers, email=email, manager=asker.text(given.manager, "--manager", "Their name", email))


def _with_contacts(given: Given, asker: Asker, answers: Answers) -> Answers:
    """Without any, an event rings only if it holds a number."""
    question = "Contacts: a CSV or vCard file, or an address book's https:// (Enter: none)"
    if not (address := asker.text(given.contacts, "--contacts", question, "")):
        return answers
    first = replace(given, contacts=address)
    return asker.tried(first, lambda given: _with_some_contacts(given, asker, answers, question), try_contacts)


def _with_some_contacts(given: Given, asker: Asker, answers: Answers, question: str) -> Answers:
    address = asker.text(given.contacts, "--contacts", question)
    if not _is_url(address):
        return replace(answers, contacts=SourceAnswer(kind=Kind.FILE, address=_absolute(address)))
    source = SourceAnswer(kind=Kind.CARDDAV, address=address)
    login = _Login(
        username=given.contacts_username, option="--contacts-username",
        file=given.contacts_password_file, file_option="--contacts-password-file",
    )  # fmt: skip
    return replace(answers, contacts=login.of(source, asker))


def _with_calendar(given: Given, asker: Asker, answers: Answers) -> Answers:
    question = "Calendar: a CalDAV server's or an ICS feed's https://, or a file"
    address = asker.text(given.calendar, "--calendar", question)
    if not _is_url(address):
        return replace(answers, calendar=SourceAnswer(kind=Kind.FILE, address=_absolute(address)))
    source = SourceAnswer(kind=_kind(address, given, asker), address=address)
    login = _Login(
        username=given.username, option="--username", file=given.password_file, file_option="--password-file"
    )
    return replace(answers, calendar=_chosen(login.of(source, asker), given, asker))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    """What was given of a login, and by which options."""

    username: str | None
    option: str
    file: Path | None
    file_option: str

    def of(self, source: SourceAnswer, asker: Asker) -> SourceAnswer:
        username = asker.text(self.username, self.option, "User name there (Enter: none)", "")
        if not username:
            return source
        return replace(
            source, username=username, password=asker.secret(self.file, self.file_option, "Password there")
        )


def _kind(address: str, given: Given, asker: Asker) -> Kind:
    is_feed = address.lower().startswith("webcal") or urlsplit(address).path.lower().endswith(".ics")
    if given.calendar is None and asker.interactive:
        is_feed = click.confirm("Is that an ICS feed? (No: a CalDAV server)", default=is_feed)
    return Kind.FEED if is_feed or given.is_feed else Kind.CALDAV


def _chosen(source: SourceAnswer, given: Given, asker: Asker) -> SourceAnswer:
    """One of the calendars that the server shows; where it shows none, the trial says why."""
    if given.display_name is not None:
        return replace(source, display_name=given.display_name)
    try:
        names = calendars_at(source)
    except SourceError:
        return source
    if len(names) < 2 or not asker.interactive:
        return source
    return replace(source, display_name=click.prompt("Which calendar", type=click.Choice(names)))


def _wants_gateway(given: Given, asker: Asker) -> bool:
    if given.gateway or given.provider is not None or not asker.interactive:
        return given.gateway
    question = "Have you a provider of the Voice Call-out API? (No: this machine's gateway, on a simulated line)"
    return not click.confirm(question, default=False)


def _our_gateway() -> ProviderAnswer:
    return ProviderAnswer(
        url=f"{GATEWAY}/vca/1.0.0", token_url=f"{GATEWAY}/token",
        client_id=GATEWAY_CLIENT, client_secret=secrets.token_urlsafe(32), ours=True,
    )  # fmt: skip


def _with_provider(given: Given, asker: Asker, answers: Answers) -> Answers:
    url = asker.text(given.provider, "--provider", "The provider's API, as in https://calls.example.com/vca/1.0.0")
    provider = ProviderAnswer(
        url=url,
        token_url=asker.text(given.token_url, "--token-url", "Where it gives tokens", urljoin(url, "/token")),
        client_id=asker.text(given.client_id, "--client-id", "Your client id there"),
        client_secret=asker.secret(given.client_secret_file, "--client-secret-file", "Your client secret there"),
    )
    return replace(answers, provider=provider)


def _is_url(address: str) -> bool:
    return "://" in address


def _absolute(name: str) -> str:
    """The configuration may stand in another folder than the one that the answer means."""
    return str(Path(name).expanduser().absolute())
