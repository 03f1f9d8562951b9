"""The daemon: every part built once, started in order, and stopped so that nothing in flight is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta

from scheduler.calendars.zone import use_packaged_tzdata
from scheduler.clock import MachineClock
from scheduler.commands import Commands
from scheduler.config import Config
from scheduler.database import Database
from scheduler.duties.collect import CollectDuty
from scheduler.duties.command import CommandDuty
from scheduler.duties.contacts import ContactsDuty
from scheduler.duties.do_not_call import DoNotCallDuty
from scheduler.duties.guarded_clock import ClockDuty, GuardedClock, guarded_clock
from scheduler.duties.last_look import LastLookDuty, Looked, LookedCalendar
from scheduler.duties.ledger_watch import LedgerWatch
from scheduler.duties.meter import ANSWER_KINDS
from scheduler.duties.place import PlaceDuty, Prepared
from scheduler.duties.prune import PruneDuty
from scheduler.duties.rederive import RederiveDuty
from scheduler.duties.replan import NOTHING, ReplanDuty
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import Synced, SyncedCalendar
from scheduler.duties.take_over import take_over
from scheduler.duties.troubles import TokenWatch
from scheduler.errors import DatabaseError
from scheduler.explain import explain
from scheduler.front import Front
from scheduler.ledger import open_ledger
from scheduler.ledger.calls import Claim
from scheduler.ledger.clock import note_stopped, remember_clock
from scheduler.ledger.collections import ADDRESS_BOOK
from scheduler.ledger.departures import Departures
from scheduler.ledger.lock import held_lock
from scheduler.ledger.store import LedgerCallStore
from scheduler.loop import Loop
from scheduler.messages import Messages
from scheduler.oauth import RENEWAL_RESULTS
from scheduler.outcomes import Outcomes
from scheduler.parts import (
    ProviderLink,
    calendars_http,
    contact_sources,
    kept_calendars,
    page_facts,
    plan_rules,
    provenance,
    synced_books,
    with_do_not_call,
)
from scheduler.serving import ServerThread, base_url, listen
from scheduler.timetable import Timetable
from scheduler.web.callback import CALLBACK_PATH, create_app
from scheduler.web.health import Check
from scheduler.web.metrics import Instruments
from scheduler.web.office import Office

log = logging.getLogger(__name__)

_TICK = timedelta(seconds=0.5)  # how often due calendars and commands are looked for
_CLOCK_EVERY = timedelta(seconds=1)
_DO_NOT_CALL_EVERY = timedelta(seconds=1)
_CONTACTS_EVERY = timedelta(seconds=5)
_REPLAN_EVERY = timedelta(minutes=1)  # lets the window roll on, and makes good a round that failed
_TOKEN_EVERY = timedelta(seconds=5)
_LEDGER_EVERY = timedelta(seconds=1)
_PRUNE_EVERY = timedelta(hours=1)
_PRUNE_ON = timedelta(seconds=0.1)  # between slices, so that a due call finds the ledger free
_LOOKS_AT_START = timedelta(seconds=3)
_LATEST_BEAT = timedelta(seconds=10)


@contextmanager
def running_daemon(config: Config, machine: MachineClock) -> Iterator[Daemon]:
    """A daemon whose parts run for as long as the block lasts.

    :raises CallSchedulerError: as :func:`scheduler.service.run_daemon` does.
    """
    log.info("time zones: tzdata %s", use_packaged_tzdata())
    with ExitStack() as parts:
        parts.enter_context(held_lock(config.ledger))
        ledger = parts.enter_context(closing(open_ledger(config.ledger)))
        clock = guarded_clock(ledger, machine, wait_for_sync=config.wait_for_sync)
        ledger.write(remember_clock, clock.boot_id(), clock.anchor)
        departures = parts.enter_context(closing(take_over(ledger, clock, config.policy)))
        daemon = Daemon(config, clock, ledger, departures, parts)
        daemon.start()
        yield daemon
        with suppress(DatabaseError):  # the clock is then held against more than it need be
            ledger.write(note_stopped)


class Daemon:
    """All parts, wired, from the ledger upwards; ``parts`` stops them in the opposite order."""

    def __init__(
        self, config: Config, clock: GuardedClock, ledger: Database, departures: Departures, parts: ExitStack
    ) -> None:
        # Whoever comes late with what it read before may not undo what came meanwhile.
        self._barring, self._reading = threading.Lock(), threading.Lock()
        self._do_not_call = DoNotCallDuty(config.do_not_call)
        self._config = self._started = config = with_do_not_call(config, self._do_not_call.list)
        self._clock = clock
        self._ledger = ledger
        self._parts = parts
        self._http = self._parts.enter_context(closing(calendars_http()))
        self._instruments = Instruments(answers=ANSWER_KINDS.values(), results=RENEWAL_RESULTS)
        self._link = self._retired = self._build_link(config)
        self._parts.callback(self._close_links)
        self._contacts = ContactsDuty(contact_sources(config, self._http, ledger), config.number_types)
        self._replan = ReplanDuty(self._ledger, plan_rules(config))
        self._rederive = RederiveDuty(self._ledger, self._replan, provenance(config))
        self._collect = CollectDuty(self._ledger, self._link.client, config.policy)
        synced, looked = self._collections(config)
        self._sync = SyncDuty(self._ledger, synced, self._clock, self._take_over)
        self._parts.callback(self._sync.close)
        self._last_look = LastLookDuty(self._ledger, looked, config.last_look, self._clock, self._take_looks)
        self._parts.callback(self._last_look.close)
        outcomes = Outcomes(ledger, clock, lambda: self._config, self._replan.silent)
        self._outcomes = self._parts.enter_context(closing(outcomes))
        self._outcomes.use(config, looked)
        self._looking = Loop("last look", self._look_now, _TICK)
        self._watch = LedgerWatch(self._ledger)
        self._prune = PruneDuty(self._ledger, config.retention, config.collections)
        self._pruning = Loop("prune", self._prune_now, _PRUNE_EVERY)
        self._replanning = Loop("replan", self._replan_now, _REPLAN_EVERY)
        self._collecting = Loop("collect", self._collect_now, config.provider.cdr_every)
        self._server: ServerThread | None = None
        self._place = PlaceDuty(
            self._ledger,
            self._link.client,
            self._clock,
            config.policy,
            config.barring,
            callback_url=self._listen(),
            doubt=clock.doubt,
            note_departure=departures.note,
            meter=self._instruments,
        )
        self._place.last_look = self._last_look.last_look
        self._timetable: Timetable[Prepared | Claim] = Timetable(
            LedgerCallStore(self._ledger, self._place.prepare, self._place.limiter),
            self._place.place,
            self._clock,
            workers=config.workers,
        )
        handlers = Commands(
            self._ledger,
            self._clock,
            self._sync,
            config=lambda: self._config,
            wake=self._timetable.wake,
            reload_contacts=self._reload_contacts,
            replan=self._replan_now,
        ).handlers
        commands = CommandDuty(self._ledger, self._clock, handlers)
        self._parts.callback(commands.close)
        self._commanding = Loop("commands", commands.run_once, _TICK)
        front = Front(config, self._office(config), self._instruments, self.readiness)
        self._front = self._parts.enter_context(closing(front))
        tokens = TokenWatch(lambda: self._link.tokens.renew_ahead(), clock)
        messages = Messages(config, ledger, clock, tokens, silent=self._replan.silent, alive=self.alive)
        self._messages = self._parts.enter_context(closing(messages))
        self._loops = (
            Loop("clock", ClockDuty(ledger, clock).run_once, _CLOCK_EVERY),
            Loop("sync", lambda: self._sync.run_once(self._clock.now()), _TICK),
            self._commanding,
            Loop("do-not-call", self._reload_do_not_call, _DO_NOT_CALL_EVERY),
            Loop("contacts", self._reload_contacts, _CONTACTS_EVERY),
            self._replanning,
            self._looking,
            Loop("tokens", tokens.run_once, _TOKEN_EVERY),
            Loop("recover", self._place.give_back_stranded, _CONTACTS_EVERY),
            Loop("ledger", lambda: self._watch.run_once(self._clock.now()), _LEDGER_EVERY),
            self._collecting,
            self._pruning,
            *self._front.loops,
            *self._messages.loops,
            *self._outcomes.loops,
        )

    @property
    def metrics_url(self) -> str:
        """Where metrics and health are served; "" where they aren't."""
        return self._front.metrics_url

    def readiness(self) -> tuple[Check, ...]:
        """What calls need, and what is wrong with it: ``/readyz`` asks. Nothing is tried for it."""
        beat = "" if self._beats() else "the timetable stands still: see the log, and restart the daemon"
        token = "" if self._link.client.token_at_hand() else "the provider has given none: `check` says why"
        return (
            Check(name="ledger", trouble=self._watch.trouble),
            Check(name="timetable", trouble=beat),
            Check(name="clock", trouble=self._clock.doubt()),
            Check(name="token", trouble=token),
        )

    def _beats(self) -> bool:
        beat_at = self._timetable.beat_at()
        return beat_at is not None and abs(self._clock.now() - beat_at) < _LATEST_BEAT

    def alive(self) -> bool:
        """Whether everything that calls depend on still works: gates the watchdog."""
        listens = self._server is None or self._server.alive
        return self._beats() and listens and self._ledger.alive and all(loop.alive for loop in self._loops)

    def refuse_damage(self) -> None:
        """:raises DatabaseCorrupt: the ledger was found damaged: what it says of calls can't be believed."""
        if self._watch.damage is not None:
            raise self._watch.damage

    def use(self, config: Config) -> None:
        """Take over another configuration; what only a restart can change is said, and kept as it is.

        :raises ConfigError: its do-not-call list can't be read; nothing was taken over then.
        """
        with self._reading, self._barring:
            self._use(config)
        self._replanning.wake()

    def _use(self, config: Config) -> None:
        do_not_call = DoNotCallDuty(config.do_not_call, before=self._do_not_call)
        config = with_do_not_call(config, do_not_call.list)
        for name, old, new in (
            ("ledger.path", self._started.ledger, config.ledger),
            ("callback", self._started.callback, config.callback),
            ("calling.workers", self._started.workers, config.workers),
            ("clock.unsynchronised", self._started.wait_for_sync, config.wait_for_sync),
        ):
            if old != new:
                log.warning("%s changes at the next restart", name)
        corrected = [name for name, login in config.logins.items() if self._config.logins.get(name) != login]
        self._config, self._do_not_call = config, do_not_call
        # The link before the last is in nobody's hands any more: a request is over long before another reload.
        self._retired.close()
        self._retired, self._link = self._link, self._build_link(config)
        self._place.provider = self._collect.provider = self._link.client
        self._place.policy = self._place.limiter.policy = self._collect.policy = config.policy
        self._place.barring = config.barring
        self._collecting.every = config.provider.cdr_every
        self._prune.retention, self._prune.collections = config.retention, config.collections
        self._front.use(config)
        self._messages.use(config)
        sources = contact_sources(config, self._http, self._ledger)
        self._contacts = ContactsDuty(sources, config.number_types, before=self._contacts)
        self._contacts.run_once()
        self._sync.calendars, looked = self._collections(config)
        self._sync.try_again(corrected)
        self._last_look.use(looked, config.last_look)
        self._outcomes.use(config, looked)
        self._place.last_look = self._last_look.last_look
        self._rederive.use(
            plan_rules(config), self._contacts.contacts, provenance(config), whole=self._contacts.whole
        )

    def _collections(self, config: Config) -> tuple[tuple[SyncedCalendar, ...], tuple[LookedCalendar, ...]]:
        """What is kept in step: the calendars, and the address books; and what is looked at before calls."""
        synced, looked = kept_calendars(config.calendars, self._http)
        return (*synced, *synced_books(config.books, self._http)), looked

    def _listen(self) -> str:
        """Take callbacks before anything is placed; the URL that attempts' references are appended to."""
        callback = self._config.callback
        if callback is None:
            return ""
        listener = self._parts.enter_context(listen(callback.host, callback.port, "callbacks at"))
        app = create_app(self._ledger, self._clock, self._collecting.wake)
        self._server = ServerThread(app, listener, "callbacks")
        self._parts.callback(self._server.stop)
        return (base_url(listener) if callback.port == 0 else callback.url) + CALLBACK_PATH

    def start(self) -> None:
        self._contacts.run_once()
        self._replan.use_contacts(self._contacts.contacts, whole=self._contacts.whole)
        self._rederive.catch_up(self._clock.now())
        if self._last_look.run_once(self._clock.now()).looks:
            # Else what is due already would ring by what was known before the stop.
            self._last_look.settle(_LOOKS_AT_START.total_seconds())
        self._timetable.start()
        for loop in self._loops:
            loop.start()
            self._parts.callback(loop.stop)
        # Stopped first: nothing new is claimed, and what is in flight is finished and recorded.
        self._parts.callback(self._timetable.stop)

    def _take_over(self, fetched: Sequence[Synced]) -> None:
        """After fetches: replan what they changed."""
        # Not only news: what is stored under another name now is no news, but read by that name from now on.
        # Nor only what holds anything: that a calendar is empty is known from its first fetch on (rule 6).
        news = {one.name: one.hrefs for one in fetched if (one.hrefs or one.anew) and not one.problem}
        touched = {name: hrefs for name, hrefs in news.items() if not name.startswith(ADDRESS_BOOK)}
        if len(touched) < len(news):
            self._reload_contacts()
        if touched:
            self._replan_touched(touched)

    def _take_looks(self, found: Mapping[str, Looked]) -> None:
        """After last looks: replan what they changed."""
        touched = {name: one.hrefs for name, one in found.items()}
        self._replan_touched(touched, {name: one.sought for name, one in found.items()})

    def _replan_touched(
        self, touched: Mapping[str, Collection[str]], sought: Mapping[str, Collection[str]] = NOTHING
    ) -> None:
        try:
            self._rederive.run_once(self._clock.now(), touched=touched, sought=sought)
        except Exception:
            self._replanning.wake()
            raise
        self._timetable.wake()

    def _look_now(self) -> None:
        next_at = self._last_look.run_once(self._clock.now()).next_at
        self._looking.every = max(next_at - self._clock.now(), timedelta())

    def _office(self, config: Config) -> Office:
        return Office(
            self._ledger,
            self._clock,
            page_facts(config),
            wake=self._commanding.wake,
            explain=lambda key, at: explain(
                self._ledger, plan_rules(self._config), self._contacts.contacts, key, at
            ),
            silent=self._replan.silent,
            known=lambda: self._contacts,
            faults=self._replan.faults,
        )

    def _build_link(self, config: Config) -> ProviderLink:
        return ProviderLink(config.provider, self._clock, self._instruments.renewed)

    def _prune_now(self) -> None:
        self._pruning.every = _PRUNE_ON if self._prune.run_once(self._clock.now()).more else _PRUNE_EVERY

    def _close_links(self) -> None:
        self._link.close()
        self._retired.close()

    def _replan_now(self) -> None:
        self._rederive.run_once(self._clock.now())
        self._timetable.wake()

    def _reload_contacts(self) -> None:
        with self._reading:
            changed = self._contacts.run_once()
            if changed:
                self._replan.use_contacts(self._contacts.contacts, whole=self._contacts.whole)
        if changed:
            self._replan_now()

    def _reload_do_not_call(self) -> None:
        with self._barring:
            if self._do_not_call.run_once():
                self._config = with_do_not_call(self._config, self._do_not_call.list)
                self._place.barring = self._config.barring

    def _collect_now(self) -> None:
        if self._collect.run_once(self._clock.now()).settled:
            # What was moved while it rang is planned now, and who waited for the origin may go.
            self._replan_now()
