"""``run``, ``gateway`` and ``demo``: the commands that stay."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from scheduler.cli.options import config_option
from scheduler.config import read_config, read_gateway_config
from scheduler.logs import set_up
from scheduler.service import run_daemon
from scheduler.systemd import notify


@click.command()
@config_option
def run(config_path: Path) -> None:
    """Run the daemon until SIGTERM; SIGHUP reads the configuration again."""
    set_up(read_config(config_path).log)
    run_daemon(config_path)


@click.command()
@config_option
def gateway(config_path: Path) -> None:
    """Serve the Voice Call-out API on the line that [gateway] configures, until SIGTERM."""
    settings, log = read_gateway_config(config_path)
    set_up(log)
    # Imported here and below, since FastAPI would slow the daemon's start for nothing.
    import_module("scheduler.gateway.server").serve(settings, _announce)


def _announce(base_url: str) -> None:
    click.echo(f"the Voice Call-out API is served at {base_url}")
    notify("READY=1")


@click.command()
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the demo's files here.")
def demo(keep: Path | None) -> None:
    """Show the main job, live: calendars, gateway and daemon on this machine alone, in under two minutes."""
    if not import_module("scheduler.demo").run_demo(keep):
        raise SystemExit(1)
