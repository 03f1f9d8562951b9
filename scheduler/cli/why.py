"""``why``: one event's decision, rule by rule, and what became of its call."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from scheduler.calendars.occurrence import Occurrence
from scheduler.cli.context import ledger_to_read, view
from scheduler.cli.options import at_least, config_option, json_option, window_options
from scheduler.cli.output import JsonRow, iso, print_json, print_problems
from scheduler.cli.plan import entry_json
from scheduler.config import Config, read_config
from scheduler.database import Database
from scheduler.duties.look import Entry
from scheduler.ledger.events import Event, select_events


@click.command()
@config_option
@window_options("-7 d", "+14 d")
@click.argument("text_or_uid")
@json_option
def why(config_path: Path, start: datetime, end: datetime, text_or_uid: str, as_json: bool) -> None:
    """Tell why an event rings or not, rule by rule: by its UID, or by some words of its title."""
    at_least(start, end)
    if not text_or_uid.strip():
        raise click.UsageError("name an event by its UID, or by some words of its title")
    config = read_config(config_path, secrets=False)
    with ledger_to_read(config) as ledger:
        found = view(config, ledger, start=start, end=end)
        entries = [entry for entry in found.entries if _meant(entry.derivation.occurrence, text_or_uid)]
        told = [(entry, _history(ledger, entry)) for entry in entries]
    if as_json:
        print_json([_json(entry, history) for entry, history in told])
    else:
        for entry, history in told:
            _print(config, entry, history)
    problems = print_problems(found.problems)
    if not entries:
        window = f"between {start:%Y-%m-%d} and {end:%Y-%m-%d} (see --from and --to)"
        click.echo(f"no event {window} has that UID or those words", err=True)
    if problems or not entries:
        raise SystemExit(1)


def _meant(occurrence: Occurrence, wanted: str) -> bool:
    return occurrence.uid == wanted or wanted.casefold() in occurrence.summary.casefold()


def _history(ledger: Database | None, entry: Entry) -> tuple[Event, ...]:
    if ledger is None or entry.call is None:
        return ()
    return ledger.read(select_events, entry.call.id)


def _json(entry: Entry, history: tuple[Event, ...]) -> JsonRow:
    return {
        **entry_json(entry),
        "steps": [{"rule": step.rule, "finding": step.finding} for step in entry.derivation.steps],
        "history": [{"at": iso(one.at), "kind": one.kind, "detail": one.detail} for one in history],
    }


def _print(config: Config, entry: Entry, history: tuple[Event, ...]) -> None:
    occurrence = entry.derivation.occurrence
    click.secho(f"{occurrence.summary or '(no title)'}", bold=True)
    click.echo(f"  {_when(config, occurrence)}, calendar {entry.collection}, uid {occurrence.uid}")
    for step in entry.derivation.steps:
        click.echo(f"  {step.rule:<13} {step.finding}")
    click.echo(f"  {'result':<13} {_result(config, entry)}")
    for one in history:
        at = one.at.astimezone(config.company_zone)
        click.echo(f"  {at:%d %b %H:%M:%S}  {one.kind}{': ' + one.detail if one.detail else ''}")
    click.echo()


def _when(config: Config, occurrence: Occurrence) -> str:
    """In the event's own zone, and in the company's where that is another one."""
    company = config.company_zone
    zone = ZoneInfo(occurrence.zone) if occurrence.zone else company
    text = f"{occurrence.starts_at.astimezone(zone):%a %d %b %Y %H:%M} {zone.key}"
    if zone.key != company.key:
        text += f" ({occurrence.starts_at.astimezone(company):%H:%M} {company.key})"
    return text


def _result(config: Config, entry: Entry) -> str:
    if entry.state == "not_ringing":
        return f"doesn't ring: {entry.reason}"
    due = entry.due_at.astimezone(config.company_zone)
    text = f"rings at {due:%a %d %b %H:%M:%S}" if entry.state == "planned" else entry.state
    return f"{text}: {entry.reason}" if entry.reason else text
