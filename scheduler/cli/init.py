"""``init``: a first configuration, by asking or from options; each answer is tried before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scheduler.cli.first.answers import Answers
from scheduler.cli.first.files import refuse_existing, write_files
from scheduler.cli.first.questions import Asker, Given, ask_everything
from scheduler.cli.options import DEFAULT_CONFIG, config_option

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


@click.command()
@config_option
@click.option("--region", help="Country of numbers that are written without one, as BE.")
@click.option("--zone", help="Time zone of the company, as Europe/Brussels.")
@click.option("--cli", help="The company's official number: what customers see.")
@click.option("--origin", help="The phone that rings first.")
@click.option("--manager", help="Name of the account manager whose phone that is.")
@click.option("--email", help="Address by which calendars know that manager.")
@click.option("--calendar", help="Address of a CalDAV server or of an ICS feed, or a file.")
@click.option("--feed", "is_feed", is_flag=True, help="The calendar's address is an ICS feed's.")
@click.option("--display-name", help="Chooses among several calendars of the server.")
@click.option("--username", help="Whose login it is at the calendar; empty for none.")
@click.option("--password-file", type=_FILE, help="File that holds the password for the calendar.")
@click.option("--contacts", help="CSV or vCard file, or an address book's address; empty for none.")
@click.option("--contacts-username", help="Whose login it is at the address book; empty for none.")
@click.option("--contacts-password-file", type=_FILE, help="File that holds the password for the address book.")
@click.option("--gateway", is_flag=True, help="Use the gateway of this machine, on a simulated line.")
@click.option("--provider", help="Address of the provider's Voice Call-out API.")
@click.option("--token-url", help="Where the provider gives tokens.")
@click.option("--client-id", help="Who you are to the provider.")
@click.option("--client-secret-file", type=_FILE, help="File that holds the secret of the provider's client.")
@click.option("--no-input", is_flag=True, help="Ask nothing: what isn't given has its default, or is an error.")
@click.option("--untested", is_flag=True, help="With --no-input: write also what failed when it was tried.")
def init(config_path: Path, no_input: bool, untested: bool, **options: Any) -> None:
    """Write a first configuration: asks, tries every answer, and never overwrites a file.

    The file /etc/call-scheduler/config.toml is written for the systemd units, which hand secrets to the service;
    any other for you alone.
    """
    refuse_existing(config_path)
    asker = Asker(interactive=not no_input, keep_failed=untested)
    answers = ask_everything(Given(**options), asker)
    service = config_path == Path(DEFAULT_CONFIG)
    for path in write_files(config_path, answers, service=service):
        click.echo(f"written: {path}")
    click.echo("\nWhat to do next:\n")
    for line in _next_for_the_service(answers) if service else _next_for_yourself(config_path, answers):
        click.echo(f"    {line}")
    click.echo(f"\n{_event(answers)}")


def _next_for_the_service(answers: Answers) -> Sequence[str]:
    ours = answers.provider is not None and answers.provider.ours
    return (
        *(["systemctl enable --now call-scheduler-gateway"] if ours else []),
        "systemctl enable --now call-scheduler",
        "CREDENTIALS_DIRECTORY=/run/credentials/call-scheduler.service call-scheduler check",
    )


def _next_for_yourself(config: Path, answers: Answers) -> Sequence[str]:
    ours = answers.provider is not None and answers.provider.ours
    return (
        f"export CALL_SCHEDULER_CONFIG={config.absolute()}",
        *(["call-scheduler gateway &"] if ours else []),
        "call-scheduler check",
        "call-scheduler run",
    )


def _event(answers: Answers) -> str:
    whom = "and somebody's whole name from your contacts" if answers.contacts else "and a phone number"
    return f'Then write an event whose title is "Call" {whom}; `call-scheduler plan` shows it.'
