"""``calls resolve``: a person decides about a call whose end nobody knows."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import click

from scheduler.calls.call import Call
from scheduler.cli.asking import carry_out, who_asks
from scheduler.cli.calls import Story, story_json
from scheduler.cli.options import Moment, json_option
from scheduler.cli.output import local, print_json
from scheduler.clock import SystemClock
from scheduler.config import Config, read_config
from scheduler.database import Connection, Database
from scheduler.duties.resolve import again_arguments, outcome_arguments, resolve
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import select_attempts_of_call
from scheduler.ledger.calls import select_call
from scheduler.ledger.decisions import DECIDABLE
from scheduler.parts import barring_of


@click.command("resolve")
@click.argument("call_id", metavar="ID", type=click.IntRange(1))
@click.option("--outcome", type=click.Choice([one.value for one in DECIDABLE]), help="How it ended.")
@click.option("--note", default="", help="How you know, kept with the call.")
@click.option("--again", is_flag=True, help="Have it rung again, as a new call.")
@click.option("--at", type=Moment(), help="When it is to ring again: a time, or '+10 min'; at once by default.")
@click.option("--config", "own_config", type=click.Path(path_type=Path), help="As for `calls`.")
@json_option
@click.pass_obj
def resolve_call(
    config_path: Path,
    call_id: int,
    outcome: str | None,
    note: str,
    again: bool,
    at: datetime | None,
    own_config: Path | None,
    as_json: bool,
) -> None:
    """Decide about call ID: say how it ended where that is unknown, or have it rung again.

    Only a person may, once the call is over, and unless the customer was reached. Who decided what stays in the
    call's history.
    """
    if (outcome is None) is not again:
        raise click.UsageError("say either how it ended (--outcome) or that it is to ring again (--again)")
    if (at is not None and not again) or (note and again):
        raise click.UsageError("--at goes with --again, and --note with --outcome")
    config = read_config(own_config or config_path, secrets=False)
    who = who_asks()
    if outcome is None:
        arguments = again_arguments(call_id, at, who)
    else:
        arguments = outcome_arguments(call_id, outcome, note, who)

    def here(ledger: Database) -> dict[str, object]:
        return {"call": resolve(ledger, arguments, SystemClock().now(), config.policy, barring_of(config))}

    answered = carry_out(config, "resolve", arguments, here)
    with closing(open_ledger(config.ledger, read_only=True)) as ledger:
        story = ledger.read(_story, int(answered.answer["call"]))
    if as_json:
        print_json(story_json(story))
    else:
        click.echo(_sentence(config, story.call, by_daemon=answered.by_daemon))


def _story(connection: Connection, call_id: int) -> Story:
    call = select_call(connection, call_id)
    assert call is not None  # it was just decided about
    return Story(call=call, attempts=select_attempts_of_call(connection, call_id), keys=())


def _sentence(config: Config, call: Call, *, by_daemon: bool) -> str:
    if call.outcome is not None:
        return f"call {call.id}: {call.outcome.words}: {call.reason}"
    text = f"call {call.again_of} is rung again as call {call.id}, at {local(call.due_at, config.company_zone)}"
    if by_daemon:
        return text
    return f"{text}, if a daemon runs before {local(call.deadline_at, config.company_zone)}"
