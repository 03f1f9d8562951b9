"""``export`` and ``erase``: what is known of one number, for the person whose it is, and its end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from scheduler.cli.asking import carry_out
from scheduler.cli.context import ledger_to_read
from scheduler.cli.options import config_option, json_option
from scheduler.cli.output import counted, print_json
from scheduler.clock import SystemClock
from scheduler.config import Config, read_config
from scheduler.database import Database
from scheduler.duties.erase import erase as erase_number
from scheduler.duties.export import export as export_number
from scheduler.errors import NumberError
from scheduler.phone import PhoneNumber, read_number

_PATIENCE = timedelta(minutes=10)  # a big ledger is read twice and written anew

_number = click.option("--number", required=True, help="Whose: international, or national of company.region.")


@click.command()
@config_option
@_number
@click.option("--output", type=click.Path(path_type=Path), help="A new file for it, which only you can read.")
def export(config_path: Path, number: str, output: Path | None) -> None:
    """Print all that the ledger holds of a number, as JSON.

    Its calls, attempts, call records and history, the events and cards that name it, and what waits to be mailed.
    """
    config = read_config(config_path, secrets=False)
    wanted = _read(config, number)
    # Made before root becomes the service's user, who may not write there.
    descriptor = None if output is None else _open_private(output)
    with ledger_to_read(config) as ledger:
        found = {} if ledger is None else export_number(ledger, wanted)
    exported = {"number": str(wanted), **found}
    if descriptor is None:
        print_json(exported)
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(exported, file, indent=2, ensure_ascii=False)


@click.command()
@config_option
@_number
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
@json_option
def erase(config_path: Path, number: str, yes: bool, as_json: bool) -> None:
    """Erase all that the ledger holds of a number; a running daemon does it, if there is one.

    Its planned calls are called off and don't come back, although their events stand in the calendar: `why` says
    so. It isn't barred by that: who isn't to be called stands in barring.numbers or the do-not-call file.
    """
    config = read_config(config_path, secrets=False)
    wanted = _read(config, number)
    if not yes:
        click.confirm(f"Erase all calls of {wanted}, and every text that names it?", abort=True, err=True)

    def here(ledger: Database) -> Mapping[str, Any]:
        return erase_number(ledger, wanted, config.barring.owned, SystemClock().now()).to_json()

    answer = carry_out(config, "erase", {"number": wanted.e164}, here, patience=_PATIENCE).answer
    if as_json:
        print_json(answer)
    else:
        _tell(answer)
    if not answer["whole"]:
        raise SystemExit(1)


def _tell(answer: Mapping[str, Any]) -> None:
    calls = counted(answer["calls"], "call")
    click.echo(f"erased: {calls} with attempts, records and history, {answer['called_off']} of them still planned")
    for table, count in answer["texts"].items():
        click.echo(f"erased from {counted(count, 'text')} of {table}")
    for name, count in answer["calendars"].items():
        click.echo(f"{count} of the entries of {name} named it: erase it there too, else it is read again")
    for path, made_at in answer["backups"]:
        click.echo(f"still in the backup {path} of {made_at}, if that is there")
    if not answer["backups"]:
        click.echo("no backup is known that `backup` made; others may hold it")
    if not answer["whole"]:
        click.echo("PROBLEM: a call is near, or the ledger is being read, so that the file wasn't written anew:"
                   " say it again later, else traces may stay in what is unused of it", err=True)  # fmt: skip


def _open_private(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None


def _read(config: Config, text: str) -> PhoneNumber:
    try:
        return read_number(text, config.company.region)
    except NumberError as error:
        raise click.UsageError(f"--number {error}") from None
