"""``feed-url``: the addresses of the feed of calls, to be given out."""

from __future__ import annotations

from pathlib import Path

import click

from scheduler.cli.options import config_option
from scheduler.config import read_config


@click.command("feed-url")
@config_option
def feed_url(config_path: Path) -> None:
    """Print the addresses to subscribe to in a calendar program; who has one sees the calls it shows."""
    feed = read_config(config_path).feed
    if feed is None:
        raise click.ClickException("no feed is configured: add [feed] with a secret, as in `openssl rand -hex 32`")
    for one in feed.feeds:
        click.echo(f"{one.name}: {feed.url}{feed.path_of(one)}")
