"""``run``, ``gateway`` and ``demo``: the commands that stay."""

from __future__ import annotations

from pathlib import Path

import click

from scheduler.cli.options import config_option
from scheduler.config import read_config, read_gateway_config
from scheduler.daemon import run_daemon
from scheduler.demo import run_demo
from scheduler.gateway.server import serve
from scheduler.logs import set_up
from scheduler.systemd import notify


@click.command()
@config_option
def run(config_path: Path) -> None:
    """Run the daemon until SIGTERM; SIGHUP reads the configuration again."""
    set_up(read_config(config_path).log_level)
    run_daemon(config_path)


@click.command()
@config_option
def gateway(config_path: Path) -> None:
    """Serve the Voice Call-out API on the line that [gateway] configures, until SIGTERM."""
    settings, level = read_gateway_config(config_path)
    set_up(level)
    serve(settings, _announce)


def _announce(base_url: str) -> None:
    click.echo(f"the Voice Call-out API is served at {base_url}")
    notify("READY=1")


@click.command()
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the demo's files here.")
def demo(keep: Path | None) -> None:
    """Show the main job, live: calendars, gateway and daemon on this machine alone, in under two minutes."""
    if not run_demo(keep):
        raise SystemExit(1)
