"""The ``call-scheduler`` command. Exit codes: 0 fine, 1 a problem was found, 2 wrong usage, 3 waited in vain."""

from __future__ import annotations

import os
import sys

import click

from scheduler.calendars.zone import use_packaged_tzdata
from scheduler.cli.backup import backup, restore
from scheduler.cli.calls import calls
from scheduler.cli.check import check
from scheduler.cli.examples import show_examples
from scheduler.cli.feed import feed_url
from scheduler.cli.init import init
from scheduler.cli.page import page
from scheduler.cli.pause import pause, resume
from scheduler.cli.personal import erase, export
from scheduler.cli.place import place
from scheduler.cli.plan import plan
from scheduler.cli.resolve import resolve_call
from scheduler.cli.serve import demo, gateway, run
from scheduler.cli.sync import sync
from scheduler.cli.why import why
from scheduler.errors import CallSchedulerError, ConfigError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="call-scheduler")
def cli() -> None:
    """Appointments in calendars become phone calls: once, on time or not at all, and told."""
    # Ledgers hold names and numbers: what we write is for our own user.
    os.umask(0o077)
    # Before the configuration is read: a zone that is made earlier keeps the system's rules.
    use_packaged_tzdata()


for command in (
    init,
    run,
    check,
    sync,
    plan,
    calls,
    why,
    place,
    pause,
    resume,
    page,
    feed_url,
    backup,
    restore,
    export,
    erase,
    gateway,
    demo,
):
    cli.add_command(command)
calls.add_command(resolve_call)
show_examples(cli)


def main() -> None:
    """Run the command line; our own errors are told in a sentence, not in a traceback."""
    try:
        cli()
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(1)
    except CallSchedulerError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
