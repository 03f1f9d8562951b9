"""The play itself: set the stage, let the appointments come due, and compare what came with what was set out."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from scheduler.calls.call import State
from scheduler.clock import SystemClock
from scheduler.config import Config
from scheduler.database import Database
from scheduler.demo.page import leave_page_up, page_url
from scheduler.demo.processes import Processes
from scheduler.demo.report import report
from scheduler.demo.scenes import CHANGES, LAST_SECOND, SCENES
from scheduler.demo.show import Screen
from scheduler.demo.stage import Calendars, demo_folder, set_stage
from scheduler.demo.verdict import Came, at_second, judge
from scheduler.demo.watch import look, silent_reasons, strangers, with_reasons, with_rings
from scheduler.errors import CallSchedulerError, DemoFailed
from scheduler.ledger import open_ledger
from scheduler.parts import ProviderLink
from scheduler.vca import Cdr

_WHOLE_SECONDS = 95.0  # the demo ends by then, whatever happens
_AHEAD = timedelta(seconds=8)  # from the writing of the appointments to the first ring
_SETTLE = timedelta(seconds=20)  # how long after the last ring everything must be over
_LOOK_SECONDS = 0.2


def run_demo(keep: Path | None) -> bool:
    """Play; True: everything came as it was set out.

    :param keep: an empty folder for the files, which are removed otherwise.
    :raises ConfigError: the folder can't be used, or Radicale isn't installed.
    """
    clock = SystemClock()
    screen = Screen()
    with _interruptible(), demo_folder(keep) as folder, Processes(folder, clock, _WHOLE_SECONDS) as processes:
        try:
            fine = Play(folder, processes, screen, clock).run()
        except CallSchedulerError as error:
            screen.console.print(Text(f"The demo failed: {error}", style="bold red"))
            fine = False
        if not fine:
            _print_logs(screen.console, processes)
    if fine:
        _say_what_next(screen.console, keep)
    return fine


class Play:
    """One showing."""

    def __init__(self, folder: Path, processes: Processes, screen: Screen, clock: SystemClock) -> None:
        self._folder = folder
        self._processes = processes
        self._screen = screen
        self._clock = clock
        self._changes = sorted(CHANGES, key=lambda change: change.second)

    def run(self) -> bool:
        """:raises CallSchedulerError: it couldn't be played to its end."""
        with self._screen:
            self._say("starting a calendar server, the gateway with its simulated line, and the daemon")
            config, calendars = set_stage(self._folder, self._processes)
            first_ring_at = (self._clock.now() + _AHEAD).replace(microsecond=0)
            calendars.fill(first_ring_at, self._clock.now())
            self._say(f"{len(SCENES)} appointments for the coming seconds are in the calendars")
            self._say(f"all of it is on the daemon's page, too: {page_url(config)}")
            with closing(open_ledger(config.ledger, read_only=True)) as ledger:
                came = self._watch(ledger, calendars, first_ring_at)
        fine = self._judge(config, came, first_ring_at)
        if fine:
            leave_page_up(self._screen.console, page_url(config))
        return fine

    def _watch(self, ledger: Database, calendars: Calendars, first_ring_at: datetime) -> Mapping[str, Came]:
        """Until everything is over, or should be."""
        self._wait_for_plan(ledger, first_ring_at)
        reasons = silent_reasons(self._processes, self._folder / "config.toml", first_ring_at)
        end = at_second(first_ring_at, LAST_SECOND)
        while True:
            now = self._clock.now()
            self._change_what_is_due(calendars, first_ring_at)
            came = with_reasons(look(ledger, first_ring_at), reasons)
            self._screen.show(now, came, first_ring_at)
            if now > end + _SETTLE or (now > end and _all_over(came)):
                return came
            self._processes.pause(_LOOK_SECONDS, "the end of the last call")

    def _wait_for_plan(self, ledger: Database, first_ring_at: datetime) -> None:
        def planned() -> bool:
            came = look(ledger, first_ring_at)
            self._screen.show(self._clock.now(), came, first_ring_at)
            waits = any(scene.outcome and not came[scene.uid].calls for scene in SCENES)
            return not waits or self._clock.now() > first_ring_at

        self._processes.wait_until(planned, "the daemon's look at the calendars")

    def _change_what_is_due(self, calendars: Calendars, first_ring_at: datetime) -> None:
        now = self._clock.now()
        while self._changes and now >= at_second(first_ring_at, self._changes[0].second):
            change = self._changes.pop(0)
            calendars.change(change, now)
            self._say(change.says)

    def _judge(self, config: Config, came: Mapping[str, Came], first_ring_at: datetime) -> bool:
        with closing(ProviderLink(config.provider, self._clock)) as link:
            listed = link.client.cdrs(first_ring_at - timedelta(minutes=5))
        cdrs = [one for one in listed if isinstance(one, Cdr)]
        seen = with_rings(came, cdrs)
        verdicts = [judge(scene, seen[scene.uid], first_ring_at) for scene in SCENES]
        report(self._screen.console, verdicts, first_ring_at)
        unasked = strangers(cdrs)
        if unasked:
            raise DemoFailed(f"the gateway saw {len(unasked)} calls that no appointment asked for")
        return all(verdict.fine for verdict in verdicts)

    def _say(self, text: str) -> None:
        self._screen.say(self._clock.now(), text)


def _all_over(came: Mapping[str, Came]) -> bool:
    return all(one.state in (None, State.ENDED) for one in came.values())


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM and a closed terminal end it as Ctrl-C does: with everything cleaned up."""
    before = {
        number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_logs(console: Console, processes: Processes) -> None:
    for name, tail in processes.tails():
        console.rule(f"the {name}'s last lines", align="left")
        console.print(Text(tail))


def _say_what_next(console: Console, keep: Path | None) -> None:
    if keep is not None:
        console.print(Text(f"The files are in {keep}: try call-scheduler why busy --config {keep}/config.toml"))
    console.print("Next: README.md, your first call from a calendar of your own.")
