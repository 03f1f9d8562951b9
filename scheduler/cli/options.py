"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from scheduler.duration import parse_duration

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_CONFIG = "/etc/call-scheduler/config.toml"

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    envvar="CALL_SCHEDULER_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


class Moment(click.ParamType[datetime]):
    """A date, a time with or without a zone (without: this machine's UTC), or a distance as in ``-7 d``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        if text == "now":
            return datetime.now(UTC)
        try:
            if text[:1] in "+-":
                distance = parse_duration(text[1:])
                return datetime.now(UTC) + (distance if text[0] == "+" else -distance)
            moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            self.fail(
                f"{text!r} is no time: write 2026-11-23, 2026-11-23T10:00+01:00, '+2 d' or '-7 d'", param, ctx
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Length(click.ParamType[timedelta]):
    """A duration as the configuration has them, ``90 s``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            return value if isinstance(value, timedelta) else parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def window_options(default_from: str, default_to: str) -> Callable[[F], F]:
    """``--from`` and ``--to``."""

    def add(command: F) -> F:
        command = click.option(
            "--to", "end", type=Moment(), default=default_to, show_default=True, help="Until when, exclusive."
        )(command)
        return click.option(
            "--from", "start", type=Moment(), default=default_from, show_default=True,
            help="From when: a date, an ISO time, or a distance from now as '-7 d'.",
        )(command)  # fmt: skip

    return add


def at_least(start: datetime, end: datetime) -> None:
    if end <= start:
        raise click.UsageError("--to must be later than --from")
