"""``why``: one event's decision, in a paragraph and rule by rule, and what became of its call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from scheduler.calendars.component import Fault
from scheduler.calendars.occurrence import Occurrence
from scheduler.calls.call import Key
from scheduler.cli.context import ledger_to_read, view
from scheduler.cli.options import at_least, config_option, json_option, window_options
from scheduler.cli.output import JsonRow, iso, print_json, print_problems
from scheduler.cli.paragraph import tell, tell_fault
from scheduler.cli.plan import entry_json
from scheduler.config import Config, read_config
from scheduler.database import Database
from scheduler.duties.look import Entry, View
from scheduler.ledger.annotations import select_annotation
from scheduler.ledger.events import Event, select_events

_FAR = timedelta(days=3 * 366)  # where nothing of it is in the window


@click.command()
@config_option
@window_options("-7 d", "+14 d")
@click.argument("text_or_uid")
@json_option
def why(config_path: Path, start: datetime, end: datetime, text_or_uid: str, as_json: bool) -> None:
    """Tell why an event rings or not, rule by rule: by its UID, or by some words of its title.

    Where it doesn't start between the two times, the instance nearest to now is told.
    """
    at_least(start, end)
    if not text_or_uid.strip():
        raise click.UsageError("name an event by its UID, or by some words of its title")
    config = read_config(config_path, secrets=False)
    with ledger_to_read(config) as ledger:
        found = view(config, ledger, start=start, end=end, about=text_or_uid)
        entries, faults = _meant(found, text_or_uid)
        if not entries:
            found = _far_view(config, ledger, text_or_uid)
            entries, faults = _meant(found, text_or_uid)
            entries = _nearest(entries)
        told = [(entry, _history(ledger, entry), _not_written(ledger, entry)) for entry in entries]
    if as_json:
        print_json([_json(config, *one) for one in told])
    else:
        for one in told:
            _print(config, *one)
    for collection, fault in faults:
        click.echo(_wrapped(tell_fault(collection, fault)), err=as_json)
    problems = print_problems(found.troubles)
    if not entries and not faults:
        click.echo(_nothing(found), err=True)
    if problems or faults or not entries:
        raise SystemExit(1)


def _meant(found: View, wanted: str) -> tuple[Sequence[Entry], Sequence[tuple[str, Fault]]]:
    """The occurrences with this UID or these words, and what is wrong with them."""
    entries = [entry for entry in found.entries if _is_meant(entry.derivation.occurrence, wanted)]
    uids = {wanted, *(entry.derivation.occurrence.uid for entry in entries)}
    return entries, [
        (name, fault)
        for name, fault in found.faults
        if fault.uid in uids or wanted.casefold() in fault.label.summary.casefold()
    ]


def _is_meant(occurrence: Occurrence, wanted: str) -> bool:
    return occurrence.uid == wanted or wanted.casefold() in occurrence.summary.casefold()


def _far_view(config: Config, ledger: Database | None, wanted: str) -> View:
    """Years around now, of the objects that have this UID or these words alone."""
    now = datetime.now(UTC)
    return view(config, ledger, start=now - _FAR, end=now + _FAR, mentioning=wanted)


def _nearest(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The next one, else the last."""
    coming = [entry for entry in entries if entry.starts_at >= datetime.now(UTC)]
    return coming[:1] or entries[-1:]


def _nothing(found: View) -> str:
    if not found.objects:
        return "no event has that UID or those words"
    years = round(_FAR / timedelta(days=365))
    return f"there is such a UID, or such words, but nothing of it starts within {years} years"


def _history(ledger: Database | None, entry: Entry) -> tuple[Event, ...]:
    if ledger is None or entry.call is None:
        return ()
    return ledger.read(select_events, entry.call.id)


def _not_written(ledger: Database | None, entry: Entry) -> str:
    """Why its outcome isn't written into it, where it should be."""
    if ledger is None:
        return ""
    event = entry.derivation.occurrence
    key = Key(collection=entry.collection, uid=event.uid, recurrence_id=event.recurrence_id)
    return ledger.read(select_annotation, key).problem


def _json(config: Config, entry: Entry, history: tuple[Event, ...], not_written: str) -> JsonRow:
    return {
        **entry_json(entry),
        "told": tell(entry, config.company_zone),
        "steps": [{"rule": step.rule, "finding": step.finding} for step in entry.derivation.steps],
        "history": [{"at": iso(one.at), "kind": one.kind, "detail": one.detail} for one in history],
        "not_written": not_written,
    }


def _print(config: Config, entry: Entry, history: tuple[Event, ...], not_written: str) -> None:
    occurrence = entry.derivation.occurrence
    click.secho(f"{occurrence.summary or '(no title)'}", bold=True)
    click.echo(_wrapped(tell(entry, config.company_zone)))
    click.echo(f"  {'uid':<13} {' '.join(filter(None, (occurrence.uid, occurrence.recurrence_id)))}")
    for step in entry.derivation.steps:
        click.echo(f"  {step.rule:<13} {step.finding}")
    click.echo(f"  {'result':<13} {_result(config, entry)}")
    if not_written:
        click.echo(f"  {'outcome':<13} isn't written into the event: {not_written}")
    for one in history:
        at = one.at.astimezone(config.company_zone)
        click.echo(f"  {at:%d %b %H:%M:%S}  {one.kind}{': ' + one.detail if one.detail else ''}")
    click.echo()


def _wrapped(text: str) -> str:
    return click.wrap_text(text, width=100, initial_indent="  ", subsequent_indent="  ") + "\n"


def _result(config: Config, entry: Entry) -> str:
    if entry.state == "not_ringing":
        return f"doesn't ring: {entry.reason}"
    due = entry.due_at.astimezone(config.company_zone)
    text = f"rings at {due:%a %d %b %H:%M:%S}" if entry.state == "planned" else entry.state
    return f"{text}: {entry.reason}" if entry.reason else text
