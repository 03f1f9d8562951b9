"""``backup`` and ``restore``: a copy of the ledger while the daemon runs, and the way back."""

from __future__ import annotations

from pathlib import Path

import click

from scheduler.calls.call import Call
from scheduler.cli.context import drop_to_owner
from scheduler.cli.options import config_option
from scheduler.cli.output import between, counted, local, print_table
from scheduler.clock import SystemClock
from scheduler.config import Config, read_config
from scheduler.duties.backup import Restored, make_backup, note_backup, restore_backup
from scheduler.errors import DatabaseError, DatabaseUnusable

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@config_option
@_file
@click.option("--replace", is_flag=True, help="A backup of that name is replaced, once the new one is good.")
def backup(config_path: Path, file: Path, replace: bool) -> None:
    """Copy the ledger to FILE, while the daemon runs, and look the copy through.

    It holds names and numbers: only its owner can read it. The configuration and the secrets aren't in it.
    """
    config = read_config(config_path, secrets=False)
    # Root stays root until the copy is made: the service's user may not write where backups are.
    make_backup(config.ledger, file, replace=replace)
    click.echo(f"{file} holds the whole ledger, and was looked through")
    drop_to_owner(config.ledger)
    try:
        note_backup(config.ledger, file, SystemClock().now())
    except DatabaseError as error:
        click.echo(f"the ledger doesn't know of this copy, and `erase` will not name it: {error}", err=True)


@click.command()
@config_option
@_file
def restore(config_path: Path, file: Path) -> None:
    """Put the backup FILE in the ledger's place, with the daemon stopped.

    The ledger that there was is kept beside it. All is paused until you say `resume`: what was due since the
    backup may have rung, ends as unknown, and isn't rung again.
    """
    config = read_config(config_path, secrets=False)
    _refuse_log_beside(file)
    try:
        # Opened before root becomes the service's user, who may not read it.
        copy = file.open("rb")
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    with copy:
        drop_to_owner(config.ledger)
        _tell(config, file, restore_backup(config.ledger, copy, file, SystemClock().now()))


def _refuse_log_beside(file: Path) -> None:
    log = file.with_name(file.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise DatabaseUnusable(f"{file} isn't whole without {log}: it was copied by other means than `backup`")


def _tell(config: Config, file: Path, restored: Restored) -> None:
    zone = config.company_zone
    known = local(restored.history_ends_at, zone) or "nothing"
    click.echo(f"restored from {file}, which knows what happened until {known} ({zone.key})")
    if restored.kept is not None:
        click.echo(f"the ledger before is {restored.kept}: remove it once you don't need it")
    if restored.doubtful:
        calls = counted(restored.doubtful, "call")
        click.echo(f"{calls} due since then may have rung: unknown; `calls resolve` has one rung again")
    click.echo("pauses, erasures and decisions of since then aren't in it: make them again")
    print_table(
        "Calls that ring after `call-scheduler resume`",
        ("due", "origin → destination", "appointment"),
        (_row(config, call) for call in restored.planned),
    )
    click.echo(
        "everything is paused: look at `call-scheduler plan`, start the daemon, then `call-scheduler resume`"
    )


def _row(config: Config, call: Call) -> tuple[str, ...]:
    return local(call.due_at, config.company_zone), between(call.origin, call.destination), call.summary
