"""``sync``: one pass over every calendar, now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from scheduler.cli.asking import ask
from scheduler.cli.calls import Story, print_calls, story_json
from scheduler.cli.context import ledger_to_hold, read_contacts
from scheduler.cli.options import config_option, json_option
from scheduler.cli.output import counted, print_json, print_problems
from scheduler.clock import SystemClock
from scheduler.config import Config, read_config
from scheduler.database import Connection, Database
from scheduler.duties.accept import accept_losses
from scheduler.duties.brake import hold_problems
from scheduler.duties.rederive import RederiveDuty
from scheduler.duties.replan import ReplanDuty
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import Synced
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import select_call
from scheduler.parts import calendars_http, plan_rules, provenance, synced_books, synced_calendars

_PATIENCE = timedelta(minutes=3)


@click.command()
@config_option
@click.option(
    "--accept",
    metavar="CALENDAR",
    help="Fetch this calendar alone, and believe that what vanished from it was deleted on purpose.",
)
@json_option
def sync(config_path: Path, accept: str | None, as_json: bool) -> None:
    """Fetch every calendar now and plan what it says; a running daemon does it, if there is one."""
    config = read_config(config_path, secrets=False)
    _demand_calendar(config, accept)
    with ledger_to_hold(config) as ledger:
        if ledger is None:
            answer = _ask_daemon(config, accept)
        else:
            answer = _sync_here(read_config(config_path), ledger, accept)
    with closing(open_ledger(config.ledger, read_only=True)) as ledger:
        cancelled = ledger.read(_stories, answer["cancelled"])
        held = ledger.read(hold_problems, SystemClock().now())
    if as_json:
        rows = answer["calendars"]
        print_json(rows if accept is None else {"calendars": rows, "cancelled": [*map(story_json, cancelled)]})
    else:
        _print(config, answer["calendars"], accept, cancelled)
    if print_problems(held) or any(row["problem"] for row in answer["calendars"]):
        raise SystemExit(1)


def _demand_calendar(config: Config, name: str | None) -> None:
    names = [calendar.name for calendar in config.calendars]
    if name is not None and name not in names:
        raise click.UsageError(f"no calendar is called {name!r}; there are {', '.join(names) or 'none'}")


def _ask_daemon(config: Config, accept: str | None) -> dict[str, Any]:
    kind, arguments = ("sync", {}) if accept is None else ("accept", {"calendar": accept})
    with closing(open_ledger(config.ledger)) as ledger:
        return {"cancelled": [], **ask(ledger, kind, arguments, patience=_PATIENCE)}


def _sync_here(config: Config, ledger: Database, accept: str | None) -> dict[str, Any]:
    replan = ReplanDuty(ledger, plan_rules(config))
    books = _sync_books(config, ledger)
    contacts = read_contacts(config, ledger)
    replan.use_contacts(contacts.contacts, whole=contacts.whole)
    rederive = RederiveDuty(ledger, replan, provenance(config))
    clock = SystemClock()

    def take_over(fetched: Sequence[Synced]) -> None:
        rederive.run_once(clock.now(), touched={one.name: one.hrefs for one in fetched})

    with closing(calendars_http()) as http:
        duty = SyncDuty(ledger, synced_calendars(config.calendars, http), clock, take_over)
        with closing(duty):
            synced = duty.sync_all() if accept is None else (duty.sync_one(accept),)
    cancelled = () if accept is None else accept_losses(ledger, accept, lambda: rederive.run_once(clock.now()))
    return {"calendars": [one.to_json() for one in (*books, *synced)], "cancelled": cancelled}


def _sync_books(config: Config, ledger: Database) -> tuple[Synced, ...]:
    """Before the calendars, whose events name the people in them."""
    with closing(calendars_http()) as http:
        duty = SyncDuty(ledger, synced_books(config.books, http), SystemClock(), on_fetched=lambda _: None)
        with closing(duty):
            return duty.sync_all()


def _stories(connection: Connection, call_ids: Iterable[int]) -> list[Story]:
    calls = (select_call(connection, call_id) for call_id in call_ids)
    return [Story(call=call, attempts=(), keys=()) for call in calls if call is not None]


def _print(config: Config, rows: list[dict[str, Any]], accept: str | None, cancelled: Sequence[Story]) -> None:
    for row in rows:
        click.echo(_sentence(row))
    if cancelled:
        print_calls(config, cancelled, title="Cancelled")
    elif accept is not None:
        click.echo(f"nothing of {accept} was held: no call is cancelled")


def _sentence(row: dict[str, Any]) -> str:
    if row["problem"]:
        return f"{row['calendar']}: {row['problem']}"
    return f"{row['calendar']}: {counted(row['changed'], 'object')} new or changed, {row['deleted']} deleted"
