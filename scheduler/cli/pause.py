"""``pause`` and ``resume``: nothing new is placed for a while, within the moment that the command returns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from scheduler.calendars.settings import Manager
from scheduler.calls.pause import PauseScope
from scheduler.cli.context import drop_to_owner
from scheduler.cli.options import Moment, config_option
from scheduler.clock import SystemClock
from scheduler.config import Config, read_config
from scheduler.database import Database
from scheduler.duties.paused import pause_problems, resume_command
from scheduler.errors import NumberError
from scheduler.ledger import open_ledger
from scheduler.ledger.pauses import begin_pause, end_pause, select_pauses
from scheduler.phone import PhoneNumber, read_number

F = TypeVar("F", bound=Callable[..., Any])


def _scope_options(command: F) -> F:
    command = click.option("--calendar", help="The calls of this calendar alone.")(command)
    command = click.option("--origin", help="The calls that ring first at this number of the company.")(command)
    return click.option("--manager", help="The calls that ring first at this manager's phone.")(command)


@click.command()
@config_option
@_scope_options
@click.option("--until", type=Moment(), help="When it ends by itself: an ISO time, or a distance as '+2 h'.")
@click.option("--reason", default="", help="Why; `plan`, `calls` and `check` tell it.")
def pause(
    config_path: Path,
    manager: str | None,
    origin: str | None,
    calendar: str | None,
    until: datetime | None,
    reason: str,
) -> None:
    """Place no new call, of everybody or of one manager, phone or calendar.

    Calls that fall due meanwhile wait inside their grace, and are missed after it. What rings already goes on.
    """
    config = read_config(config_path, secrets=False)
    scope = _scope(config, manager, origin, calendar)
    now = SystemClock().now()
    if until is not None and until <= now:
        raise click.UsageError("--until is past already")
    with closing(_ledger(config)) as ledger:
        ledger.write(begin_pause, scope, until, " ".join(reason.split()), now)
    end = f"until {until.astimezone(config.company_zone):%a %d %b %H:%M:%S %Z}" if until else "until you resume it"
    click.echo(f"paused: {scope}, {end}. To end it: {resume_command(scope)}")


@click.command()
@config_option
@_scope_options
def resume(config_path: Path, manager: str | None, origin: str | None, calendar: str | None) -> None:
    """Place calls again; those that waited ring at once where their grace still allows it."""
    config = read_config(config_path, secrets=False)
    scope = _scope(config, manager, origin, calendar)
    now = SystemClock().now()
    with closing(_ledger(config)) as ledger:
        ended = ledger.write(end_pause, scope, now)
        others = ledger.read(select_pauses, now)
    for problem in pause_problems(others):
        click.echo(f"still paused: {problem}", err=True)
    if not ended:
        raise click.ClickException(f"there was no pause of {scope}")
    click.echo(f"resumed: {scope}")


def _ledger(config: Config) -> Database:
    drop_to_owner(config.ledger)
    return open_ledger(config.ledger)


def _scope(config: Config, manager: str | None, origin: str | None, calendar: str | None) -> PauseScope:
    if sum(one is not None for one in (manager, origin, calendar)) > 1:
        raise click.UsageError("name one of --manager, --origin and --calendar")
    if manager is not None:
        return PauseScope(origin=_phone_of(config.company.managers, manager))
    if origin is not None:
        return PauseScope(origin=_own_number(config, origin))
    if calendar is not None and calendar not in (known := [one.name for one in config.calendars]):
        raise click.UsageError(f"no calendar is called {calendar!r}; there are {', '.join(known) or 'none'}")
    return PauseScope(calendar=calendar or "")


def _phone_of(managers: tuple[Manager, ...], name: str) -> PhoneNumber:
    found = [one for one in managers if one.name.casefold() == name.casefold()]
    if len(found) != 1:
        names = ", ".join(one.name for one in managers) or "none"
        raise click.UsageError(f"no one manager is called {name!r}; there are {names}")
    if found[0].origin is None:
        raise click.UsageError(f"{found[0].name} has no phone in the configuration: name it with --origin")
    return found[0].origin


def _own_number(config: Config, text: str) -> PhoneNumber:
    try:
        number = read_number(text, config.company.region)
    except NumberError as error:
        raise click.UsageError(f"--origin {error}") from None
    if number not in config.barring.owned:
        raise click.UsageError(f"{number} isn't one of the company's own numbers (company.owned)")
    return number
