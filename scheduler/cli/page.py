"""``page hash``: the hash of a password, for the configuration."""

from __future__ import annotations

import sys

import click

from scheduler.web.passwords import SHORTEST, PasswordHash


@click.group("page")
def page() -> None:
    """The page that the daemon serves: who may log in to it."""


@page.command("hash")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input, for scripts.")
def hash_password(from_stdin: bool) -> None:
    """Ask for a password, and print what [[page.user]] keeps of it."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
    if len(password) < SHORTEST:
        raise click.ClickException(f"a password has at least {SHORTEST} characters")
    click.echo(f'password = "{PasswordHash.of(password)}"')
