"""``calls``: what was called and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from scheduler.calls.call import Attempt, Call, Key, State
from scheduler.calls.voicemail import is_marked
from scheduler.cli.context import ledger_to_read
from scheduler.cli.options import at_least, config_option, json_option, window_options
from scheduler.cli.output import JsonRow, between, iso, local, print_json, print_problems, print_table
from scheduler.config import Config, read_config
from scheduler.database import Connection
from scheduler.duties.brake import hold_problems
from scheduler.duties.held import shown_as_held
from scheduler.duties.staleness import calendar_problems
from scheduler.errors import Problem
from scheduler.ledger.appointments import select_keys_ever
from scheduler.ledger.attempts import select_attempts_of_call
from scheduler.ledger.calls import select_calls
from scheduler.ledger.vanished import select_held_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One call with its attempts and appointments."""

    call: Call
    attempts: tuple[Attempt, ...]
    keys: tuple[Key, ...]


@click.group(invoke_without_command=True)
@config_option
@window_options("-7 d", "+14 d")
@click.option("--limit", type=click.IntRange(1), default=500, show_default=True, help="The newest so many.")
@click.option("--planned", is_flag=True, help="The calls that are still to come as well.")
@json_option
@click.pass_context
def calls(
    context: click.Context,
    config_path: Path,
    start: datetime,
    end: datetime,
    limit: int,
    planned: bool,
    as_json: bool,
) -> None:
    """Show what was called and how it ended; calls that are still to come are in `plan`."""
    if context.invoked_subcommand:
        context.obj = config_path
        return
    at_least(start, end)
    config = read_config(config_path, secrets=False)
    stories: Sequence[Story] = ()
    problems: Sequence[Problem] = ()
    now = datetime.now(UTC)
    with ledger_to_read(config) as ledger:
        if ledger is not None:
            stories = ledger.read(_stories, start, end, limit, planned, now)
            problems = ledger.read(calendar_problems, now) + ledger.read(hold_problems, now)
    if as_json:
        print_json([story_json(story) for story in stories])
    else:
        print_calls(config, stories)
    if print_problems(problems):
        raise SystemExit(1)


def _stories(
    connection: Connection, start: datetime, end: datetime, limit: int, planned: bool, now: datetime
) -> tuple[Story, ...]:
    found = [
        call
        for call in select_calls(connection, since=start, until=end, limit=limit)
        if planned or call.state is not State.PLANNED or call.due_at <= now
    ]
    keys = select_keys_ever(connection, (call.id for call in found))
    held = select_held_ids(connection)
    return tuple(
        Story(
            call=shown_as_held(call) if call.id in held else call,
            attempts=select_attempts_of_call(connection, call.id),
            keys=tuple(sorted(keys.get(call.id, ()))),
        )
        for call in found
    )


def story_json(story: Story) -> JsonRow:
    call = story.call
    first = story.keys[0] if story.keys else None
    duration = next((one.duration for one in reversed(story.attempts) if one.duration is not None), None)
    return {
        "call": call.id,
        "due_at": iso(call.due_at),
        "asked_at": iso(call.asked_at),
        "origin": str(call.origin),
        "destination": str(call.destination),
        "cli": str(call.cli) if call.cli else None,
        "presentation": call.presentation.value,
        "summary": call.summary,
        "calendar": first.collection if first else None,
        "uid": first.uid if first else None,
        "recurrence_id": first.recurrence_id if first else None,
        "state": call.state.value,
        "outcome": call.outcome.value if call.outcome else None,
        "reason": call.reason,
        "maybe_voicemail": is_marked(call.reason),
        "ended_at": iso(call.ended_at),
        "duration": None if duration is None else int(duration.total_seconds()),
        "again_of": call.again_of,
        "attempts": [
            {
                "reference": one.reference,
                "session_id": one.session_id or None,
                "requested_at": iso(one.requested_at),
                "answer": one.answer.value if one.answer else None,
                "outcome": one.outcome.value if one.outcome else None,
                "reason": one.reason,
            }
            for one in story.attempts
        ],
    }


def print_calls(config: Config, stories: Sequence[Story], title: str = "Calls") -> None:
    print_table(
        f"{title} ({config.company_zone.key})",
        ("call", "due", "origin → destination", "appointment", "outcome", "attempts"),
        (_row(config, story) for story in stories),
    )


def _row(config: Config, story: Story) -> tuple[str, ...]:
    call = story.call
    became = call.outcome.words if call.outcome else f"not over: {call.state}"
    return (
        str(call.id),
        _due(call, config),
        between(call.origin, call.destination),
        f"{call.summary} (call {call.again_of} again)" if call.again_of else call.summary,
        f"{became}: {call.reason}" if call.reason else became,
        str(len(story.attempts)),
    )


def _due(call: Call, config: Config) -> str:
    """When it was or is due; and, where calling hours moved it, what it was asked for."""
    due = local(call.due_at, config.company_zone)
    if call.due_at == call.asked_at:
        return due
    return f"{due}\nmoved from\n{local(call.asked_at, config.company_zone)}"
