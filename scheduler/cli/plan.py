"""``plan``: the coming calls, and the events that will not ring, with why."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from scheduler.cli.context import ledger_to_read, view
from scheduler.cli.options import at_least, config_option, json_option, window_options
from scheduler.cli.output import JsonRow, between, iso, local, print_json, print_problems, print_table
from scheduler.config import Config, read_config
from scheduler.duties.look import Entry


@click.command()
@config_option
@window_options("now", "+14 d")
@json_option
def plan(config_path: Path, start: datetime, end: datetime, as_json: bool) -> None:
    """Show the coming calls and the coming events that will not ring, with why.

    Any window can be looked at, past ones too; nothing is changed by looking.
    """
    at_least(start, end)
    config = read_config(config_path, secrets=False)
    with ledger_to_read(config) as ledger:
        found = view(config, ledger, start=start, end=end)
    if as_json:
        print_json([entry_json(entry) for entry in found.entries])
    else:
        _print(config, found.entries)
    if print_problems(found.problems):
        raise SystemExit(1)


def entry_json(entry: Entry) -> JsonRow:
    """One occurrence; without an appointment the numbers are null and ``reason`` says why."""
    occurrence, wanted = entry.derivation.occurrence, entry.wanted
    source = entry.call or wanted
    return {
        "due_at": iso(entry.due_at),
        "asked_at": iso(source.asked_at) if source else None,
        "starts_at": iso(entry.starts_at),
        "origin": str(source.origin) if source else None,
        "destination": str(source.destination) if source else None,
        "cli": str(source.cli) if source and source.cli else None,
        "presentation": source.presentation.value if source else None,
        "summary": occurrence.summary,
        "calendar": entry.collection,
        "uid": occurrence.uid,
        "recurrence_id": occurrence.recurrence_id,
        "asks": entry.derivation.asks,
        "state": entry.state,
        "reason": entry.reason,
        "stale": entry.stale,
        "call": entry.call.id if entry.call else None,
    }


def _print(config: Config, entries: tuple[Entry, ...]) -> None:
    zone = config.company_zone
    ringing = [entry for entry in entries if entry.state != "not_ringing"]
    silent = [entry for entry in entries if entry.state == "not_ringing"]
    print_table(
        f"Calls ({zone.key})",
        ("due", "origin → destination", "CLI", "appointment", "state"),
        (_ringing_row(config, entry) for entry in ringing),
    )
    if not silent:
        return
    print_table(
        "Events that don't ring",
        ("start", "event", "calendar", "why"),
        (
            (
                local(entry.starts_at, zone),
                entry.derivation.occurrence.summary,
                entry.collection,
                entry.reason,
            )
            for entry in silent
        ),
    )


def _ringing_row(config: Config, entry: Entry) -> tuple[str, ...]:
    source = entry.call or entry.wanted
    assert source is not None  # what rings has a call, or is wanted
    notes = "; ".join(filter(None, (entry.reason, entry.stale)))
    cli = "withheld" if source.presentation == "RESTRICTED" else str(source.cli or source.origin)
    return (
        local(entry.due_at, config.company_zone),
        between(source.origin, source.destination),
        cli,
        f"{entry.derivation.occurrence.summary} ({entry.collection})",
        f"{entry.state}: {notes}" if notes else entry.state,
    )
