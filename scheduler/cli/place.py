"""``place``: one call now, through the same ledger and promises as every other."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from scheduler.calls.call import Call, State
from scheduler.cli.asking import ask
from scheduler.cli.calls import Story, story_json
from scheduler.cli.context import ledger_to_hold
from scheduler.cli.options import config_option, json_option
from scheduler.cli.output import print_json
from scheduler.clock import SystemClock
from scheduler.config import Config, read_config
from scheduler.database import Database
from scheduler.duties.by_hand import give_up, place_by_hand
from scheduler.duties.collect import CollectDuty
from scheduler.duties.guarded_clock import guarded_clock
from scheduler.duties.place import PlaceDuty
from scheduler.duties.take_over import take_over
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import select_attempts_of_call
from scheduler.ledger.calls import claim_one, select_call
from scheduler.parts import ProviderLink, barring_of

_LOOK_EVERY = timedelta(seconds=0.5)


@click.command()
@config_option
@click.option("--origin", required=True, help="Whose phone rings first: one of the company's own numbers.")
@click.option("--destination", required=True, help="Whom to call.")
@click.option("--cli", help="The number that the destination sees; the company's by default.")
@click.option("--restricted", is_flag=True, help="Show the destination no number.")
@click.option("--wait/--no-wait", default=True, help="Wait until the call is over and tell its outcome.")
@json_option
def place(
    config_path: Path,
    origin: str,
    destination: str,
    cli: str | None,
    restricted: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Place one call now; a running daemon does it, if there is one."""
    arguments = {
        "origin": origin,
        "destination": destination,
        "cli": cli or "",
        "presentation": "RESTRICTED" if restricted else "ALLOWED",
    }
    config = read_config(config_path, secrets=False)
    with ledger_to_hold(config) as ledger:
        if ledger is None:
            story = _by_daemon(config, arguments, wait)
        else:
            story = _place_here(read_config(config_path), ledger, arguments, wait)
    _tell(story, as_json)


def _by_daemon(config: Config, arguments: dict[str, str], wait: bool) -> Story:
    with closing(open_ledger(config.ledger)) as ledger:
        call_id = int(ask(ledger, "place", arguments)["call"])

        def ask_to_give_up() -> bool:
            return bool(ask(ledger, "withdraw", {"call": str(call_id)})["withdrawn"])

        return _follow(ledger, call_id, wait, ask_to_give_up)


def _place_here(config: Config, ledger: Database, arguments: dict[str, str], wait: bool) -> Story:
    config = replace(config, barring=barring_of(config))
    clock = guarded_clock(ledger, SystemClock(), wait_for_sync=config.wait_for_sync)
    with (
        closing(take_over(ledger, clock, config.policy)) as departures,
        closing(ProviderLink(config.provider, clock)) as link,
    ):
        try:
            call_id = place_by_hand(ledger, arguments, clock.now(), config.company, config.policy, config.barring)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        duty = PlaceDuty(
            ledger,
            link.client,
            clock,
            config.policy,
            config.barring,
            # Nobody listens for callbacks here: the provider's list alone tells how the call ended.
            callback_url="",
            doubt=clock.doubt,
            note_departure=departures.note,
        )
        collect = CollectDuty(ledger, link.client, config.policy)

        def work() -> None:
            claim = ledger.write(claim_one, call_id, clock.now(), secrets.token_hex(8))
            if claim is not None:
                duty.place(claim)
            duty.give_back_stranded()
            collect.run_once(clock.now())

        return _follow(ledger, call_id, wait, lambda: give_up(ledger, call_id, clock.now()), work)


def _follow(
    ledger: Database,
    call_id: int,
    wait: bool,
    withdraw: Callable[[], bool],
    work: Callable[[], None] = lambda: None,
) -> Story:
    """Wait until the call has ended, doing meanwhile what no daemon does; given up, it isn't placed any more."""
    said = ""
    try:
        while True:
            work()
            call = _call(ledger, call_id)
            if call.state is State.ENDED or (not wait and call.state is not State.PLANNED):
                return Story(call=call, attempts=ledger.read(select_attempts_of_call, call_id), keys=())
            if call.reason != said:
                said = call.reason
                click.echo(f"call {call_id} waits: {said}", err=True)
            time.sleep(_LOOK_EVERY.total_seconds())
    except KeyboardInterrupt:
        _tell_given_up(call_id, withdraw())
        raise


def _tell_given_up(call_id: int, withdrawn: bool) -> None:
    if withdrawn:
        click.echo(f"call {call_id} is withdrawn", err=True)
    else:
        click.echo(f"call {call_id} can't be withdrawn: the phones may be ringing; `calls` will tell", err=True)


def _call(ledger: Database, call_id: int) -> Call:
    call = ledger.read(select_call, call_id)
    if call is None:
        raise click.ClickException(f"call {call_id} has vanished from the ledger")
    return call


def _tell(story: Story, as_json: bool) -> None:
    call = story.call
    if as_json:
        print_json(story_json(story))
    elif call.outcome is None:
        click.echo(f"call {call.id} is {call.state}")
    else:
        click.echo(f"call {call.id}: {call.outcome.words}: {call.reason}")
    if call.outcome is not None and call.outcome != "answered":
        raise SystemExit(1)
