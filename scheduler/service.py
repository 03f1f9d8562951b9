"""The daemon as a process: signals, a reload, and what systemd is told."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import Daemon, running_daemon
from scheduler.errors import CallSchedulerError, ConfigError
from scheduler.logs import LogSettings
from scheduler.logs import take_over as take_over_log
from scheduler.systemd import notify, watchdog_interval

log = logging.getLogger(__name__)

_SIGNALS_EVERY = timedelta(seconds=1)  # how soon a reload is noticed


def run_daemon(config_path: Path, *, on_ready: Callable[[], object] = lambda: None) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    :raises ConfigError: the configuration, or the address of the callbacks, can't be used.
    :raises DatabaseError: the ledger can't be used, was found damaged, or another daemon holds it.
    """
    config = read_config(config_path)
    stop, reload = threading.Event(), threading.Event()
    with _signals(stop, reload), running_daemon(config, SystemClock()) as daemon:
        on_ready()
        notify("READY=1")
        log.info("ready: %d calendars, ledger %s", len(config.calendars), config.ledger)
        interval = watchdog_interval()
        wait = min(interval, _SIGNALS_EVERY) if interval else _SIGNALS_EVERY
        while not stop.wait(wait.total_seconds()):
            daemon.refuse_damage()
            if interval and daemon.alive():
                notify("WATCHDOG=1")
            if reload.is_set():
                reload.clear()
                reload_config(daemon, config_path)
        notify("STOPPING=1")
        log.info("stopping: what is in flight is finished first")


def reload_config(daemon: Daemon, config_path: Path) -> None:
    """Take over what the file says now; a fault in it is told, and changes nothing."""
    try:
        config = read_config(config_path)
        daemon.use(config)
    except CallSchedulerError as error:
        log.error("the configuration was not taken over, the running one stays:\n%s", error)
    else:
        _log_by(config.log)
        log.info("the configuration was read again")


def _log_by(settings: LogSettings) -> None:
    try:
        take_over_log(settings)
    except ConfigError as error:
        log.error("[log] was not taken over, and lines go where they went: %s", error)


@contextmanager
def _signals(stop: threading.Event, reload: threading.Event) -> Iterator[None]:
    wanted = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {
        number: signal.signal(number, lambda number, _frame: wanted[signal.Signals(number)].set())
        for number in wanted
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
