"""``check``: everything that would stop or spoil calls, one line each, with the remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import click

from scheduler.calendars.zone import use_packaged_tzdata
from scheduler.calls.do_not_call import DoNotCall
from scheduler.calls.hours import FARTHEST, Hours
from scheduler.cli.asking import carry_out, who_asks
from scheduler.cli.check_ledger import look_at_ledger
from scheduler.cli.check_machine import look_at_machine
from scheduler.cli.check_sources import look_at_calendar, look_at_contacts, look_at_provider
from scheduler.cli.check_wait import wait_for_daemon
from scheduler.cli.check_wire import look_at_wires
from scheduler.cli.context import read_contacts
from scheduler.cli.finding import Finding, finding_of, print_by_severity
from scheduler.cli.options import Length, config_option, json_option
from scheduler.cli.output import counted, local
from scheduler.clock import Sync, SystemClock
from scheduler.config import Config, read_config
from scheduler.database import Database
from scheduler.duties.do_not_call import DoNotCallDuty
from scheduler.errors import ConfigError
from scheduler.http import urllib3_flavour
from scheduler.ledger.alerts import acknowledge_alerts
from scheduler.parts import calendars_http, with_do_not_call

_MOST_NAMES = 20
WAITED_IN_VAIN = 3


@click.command()
@config_option
@click.option("--acknowledge", is_flag=True, help="Show the alerts, and no more from then on.")
@click.option(
    "--wait",
    "longest",
    type=Length(),
    metavar="TIME",
    help="First wait, at most so long ('2 min'), until a daemon runs and has read every calendar.",
)
@json_option
def check(config_path: Path, acknowledge: bool, longest: timedelta | None, as_json: bool) -> None:
    """Look at everything that calls depend on: configuration, calendars, contacts, ledger and provider.

    Ends with 0 if all is well, 1 if there is a problem, and 3 if --wait waited in vain.
    """
    who = who_asks()
    try:
        config = read_config(config_path)
    except ConfigError as error:
        _tell([finding_of(problem) for problem in error.problems], as_json)
        raise SystemExit(1) from None
    missing = wait_for_daemon(config, longest) if longest is not None else ()
    waited = [Finding(subject="waited in vain", fine=False, text=one) for one in missing]
    fine = _tell(chain(waited, _findings(config_path, config)), as_json)
    if acknowledge:
        _acknowledge(config, who)
    if missing or not fine:
        raise SystemExit(WAITED_IN_VAIN if missing else 1)


def _tell(findings: Iterable[Finding], as_json: bool) -> bool:
    """Returns whether all is well."""
    told = tuple(findings) if as_json else print_by_severity(findings)
    if as_json:
        rows = [
            {"subject": one.subject, "severity": one.severity, "fine": one.fine, "text": one.text} for one in told
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    return all(one.fine for one in told)


def _acknowledge(config: Config, who: str) -> None:
    if not config.ledger.exists():
        return

    def here(ledger: Database) -> dict[str, str]:
        ledger.write(acknowledge_alerts, SystemClock().now(), who)
        return {}

    carry_out(config, "acknowledge", {"who": who}, here)


def _findings(config_path: Path, config: Config) -> Iterator[Finding]:
    names = ", ".join(calendar.name for calendar in config.calendars)
    yield Finding(subject="configuration", fine=True, text=f"{config_path} is valid; calendars: {names or 'none'}")
    yield Finding(subject="versions", fine=True, text=f"tzdata {use_packaged_tzdata()}, {urllib3_flavour()}")
    yield from look_at_wires(config)
    yield from look_at_machine(config, datetime.now(UTC))
    yield from _look_at_hours(config, datetime.now(UTC))
    yield _look_at_clock(config)
    listed, finding = _look_at_do_not_call(config)
    if finding is not None:
        yield finding
    config = with_do_not_call(config, listed)
    contacts = read_contacts(config, ledger=None)
    for name in (*(one.name for one in config.contacts), *(one.name for one in config.books)):
        if not contacts.failed(name):
            yield look_at_contacts(contacts, name)
    yield from (finding_of(problem) for problem in contacts.problems)
    if not config.calendars:
        yield Finding(subject="calendars", fine=False, text="none is configured: add a [[calendar]]")
    with closing(calendars_http()) as http:
        for calendar in config.calendars:
            yield from look_at_calendar(config, calendar, contacts.contacts, http)
    yield look_at_provider(config)
    yield from look_at_ledger(config)


def _look_at_clock(config: Config) -> Finding:
    sync = SystemClock().sync()
    text = str(sync)
    if sync is not Sync.SYNCHRONISED:
        text += (
            "; nothing is placed until it is (clock.unsynchronised), so start chrony or systemd-timesyncd"
            if config.wait_for_sync
            else "; calls are placed by it all the same: start chrony or systemd-timesyncd to be sure of it"
        )
    is_sure = sync is Sync.SYNCHRONISED
    return Finding(subject="clock", fine=is_sure or not config.wait_for_sync, warns=not is_sure, text=text)


def _look_at_do_not_call(config: Config) -> tuple[DoNotCall, Finding | None]:
    """The list; nothing is said where none is configured."""
    if config.do_not_call is None:
        return DoNotCall(), None
    subject = f"do-not-call list {config.do_not_call.path}"
    try:
        listed = DoNotCallDuty(config.do_not_call).list
    except ConfigError as error:
        text = f"{error.problems[0].what}; the daemon doesn't start without it (barring.do_not_call)"
        return DoNotCall(), Finding(subject=subject, fine=False, text=text)
    text = f"{counted(len(listed.numbers), 'number')} barred"
    if listed.problems:
        lines = ", ".join(problem.where.rpartition(", ")[2] for problem in listed.problems[:_MOST_NAMES])
        text += f"; {counted(len(listed.problems), 'line')} without a number, as {lines}"
    return listed, Finding(subject=subject, fine=not listed.problems, text=text)


def _look_at_hours(config: Config, now: datetime) -> Iterator[Finding]:
    """The company's, by its own clocks; nothing is said where there are none."""
    week, zone = config.policy.hours.week, config.company_zone
    if week is None:
        return
    opens_at = Hours(week=week, zones=(zone,)).next_opening(now)
    text = "open now" if opens_at == now else f"closed now, open again at {local(opens_at, zone)}"
    if opens_at is None:
        text = f"closed for the next {FARTHEST.days} days: see [hours] windows and days"
    yield Finding(subject="calling hours", fine=opens_at is not None, text=text)
