"""``sync``: one pass over every calendar, now."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from scheduler.calendars.zone import use_packaged_tzdata
from scheduler.cli.context import ledger_to_hold, read_contacts
from scheduler.cli.options import config_option, json_option
from scheduler.cli.output import print_json
from scheduler.clock import SystemClock
from scheduler.config import Config, read_config
from scheduler.database import Database
from scheduler.duties.command import await_result, leave_command
from scheduler.duties.replan import ReplanDuty
from scheduler.duties.sync import SyncDuty, Synced
from scheduler.ledger import open_ledger
from scheduler.parts import calendars_http, plan_rules, synced_calendars

_PATIENCE = timedelta(minutes=3)


@click.command()
@config_option
@json_option
def sync(config_path: Path, as_json: bool) -> None:
    """Fetch every calendar now and plan what it says; a running daemon does it, if there is one."""
    config = read_config(config_path, secrets=False)
    with ledger_to_hold(config) as ledger:
        rows = ask_daemon(config) if ledger is None else _sync_here(read_config(config_path), ledger)
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(_sentence(row))
    if any(row["problem"] for row in rows):
        raise SystemExit(1)


def ask_daemon(config: Config) -> list[dict[str, Any]]:
    with closing(open_ledger(config.ledger)) as ledger:
        command = leave_command(ledger, "sync", {}, SystemClock().now())
        result = await_result(ledger, command, _PATIENCE)
    if result is None:
        raise click.ClickException("the daemon gave no answer: look at its log")
    answer = json.loads(result)
    if "error" in answer:
        raise click.ClickException(answer["error"])
    rows: list[dict[str, Any]] = answer["calendars"]
    return rows


def _sync_here(config: Config, ledger: Database) -> list[dict[str, Any]]:
    use_packaged_tzdata()
    replan = ReplanDuty(ledger, plan_rules(config))
    contacts = read_contacts(config)
    replan.use_contacts(contacts.contacts, whole=contacts.whole)
    clock = SystemClock()

    def take_over(synced: Synced) -> None:
        replan.run_once(clock.now(), changed=[synced.name])

    with closing(calendars_http()) as http:
        duty = SyncDuty(ledger, synced_calendars(config.calendars, http), clock, take_over)
        with closing(duty):
            return [synced.to_json() for synced in duty.sync_all()]


def _sentence(row: dict[str, Any]) -> str:
    if row["problem"]:
        return f"{row['calendar']}: {row['problem']}"
    return f"{row['calendar']}: {row['changed']} objects new or changed, {row['deleted']} deleted"
