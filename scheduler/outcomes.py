"""What people see in their own calendars of what became of their appointments; no call waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from scheduler.calls.barring import barred_by
from scheduler.calls.call import Call
from scheduler.clock import Clock
from scheduler.config import Config
from scheduler.config.outcomes import Shown
from scheduler.database import Database
from scheduler.duties.annotate import AnnotatedCalendar, AnnotateDuty, Silent
from scheduler.duties.last_look import LookedCalendar
from scheduler.loop import Loop
from scheduler.sources.caldav_server import CaldavSource

_EVERY = timedelta(seconds=2)


class Outcomes:
    """The duty that writes into calendars, and its loop."""

    def __init__(self, ledger: Database, clock: Clock, config: Callable[[], Config], silent: Silent) -> None:
        """:param config: the one in use, whose do-not-call list is the present one.
        :param silent: what starts in a stretch of time, asks for a call and won't ring.
        """
        self._config = config
        self._annotate = AnnotateDuty(ledger, clock, silent, self._barred)
        self.loops = (Loop("outcomes", lambda: self._annotate.run_once(clock.now()), _EVERY),)

    def use(self, config: Config, calendars: Iterable[LookedCalendar]) -> None:
        """Take over another configuration; the calendars as they are looked at: each has one login."""
        self._annotate.use(annotated_calendars(config, calendars))

    def close(self) -> None:
        self._annotate.close()

    def _barred(self, call: Call) -> str:
        config = self._config()
        hours = config.policy.hours
        return barred_by(call.destination, config.barring) or hours.skipped(
            call.origin, call.destination, call.asked_at
        )


def annotated_calendars(config: Config, calendars: Iterable[LookedCalendar]) -> Iterator[AnnotatedCalendar]:
    shown = {one.name: one for one in config.calendars if one.outcomes is Shown.EVENT}
    for calendar in calendars:
        name = calendar.source.name
        if name in shown and isinstance(calendar.source, CaldavSource):
            yield AnnotatedCalendar(
                source=calendar.source,
                settings=calendar.settings,
                zones=config.zones[name],
                language=shown[name].language,
            )
