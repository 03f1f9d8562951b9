"""In any order of edits, claims, requests, records, crashes and steps of the clock the promises hold.

The duties and the ledger are the real ones; the wire and the clock are played. The wire itself looks at every
request as it leaves (``watched_wire``); what must hold between the steps stands in the invariants here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from scheduler.calendars.agenda import Zones
from scheduler.calendars.contact import Contacts
from scheduler.calendars.settings import CalendarRules, Company
from scheduler.callout.answer import (
    Accepted,
    NotSent,
    PerhapsSent,
    PlaceAnswer,
    Refused,
    RefusedForNow,
    Unauthorized,
)
from scheduler.calls.barring import Barring
from scheduler.calls.call import Attempt, Call, Outcome, State
from scheduler.calls.calling_hours import CallingHours, Outside
from scheduler.calls.pause import PauseScope
from scheduler.calls.policy import Limits, Policy, Retries
from scheduler.calls.week import Span, Week
from scheduler.clock import Sync
from scheduler.database import Connection, ConstraintFailed
from scheduler.duties.by_hand import call_now
from scheduler.duties.collect import CollectDuty
from scheduler.duties.guarded_clock import ClockDuty, guarded_clock
from scheduler.duties.place import PlaceDuty, Prepared
from scheduler.duties.replan import PlanRules, ReplanDuty
from scheduler.duties.resolve import again_arguments, outcome_arguments, resolve
from scheduler.duties.take_over import take_over
from scheduler.errors import DecisionRefused
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import select_attempts_since
from scheduler.ledger.calls import Claim, next_wake_at, select_calls
from scheduler.ledger.collections import StoredObject, delete_objects, record_fetched, upsert_objects
from scheduler.ledger.life import withdraw
from scheduler.ledger.pauses import begin_pause, end_pause
from scheduler.ledger.store import LedgerCallStore
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation
from scheduler.web.callback import create_app
from tests.clocks import NOON, SetClock
from tests.duties.support import ORIGIN
from tests.duties.watched_wire import Died, Taken, WatchedWire, let_be

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
COLLEAGUE = PhoneNumber("+3228160259")
CUSTOMERS = [PhoneNumber("+32468373901"), PhoneNumber("+32468373902")]
UIDS = ["one", "two", "three", "four"]  # too few for the brake
TIMES = [NOON + number * timedelta(minutes=3) for number in range(1, 5)]
ANSWERS: list[PlaceAnswer] = [
    Accepted(session_id="the wire says which"),
    PerhapsSent(reason="reset"),
    NotSent(reason="no route"),
    Refused(reason="no", status=400),
    RefusedForNow(reason="busy", retry_after=timedelta(seconds=20)),
    Unauthorized(reason="expired"),
]
ENDS = [(60, "Leg2-BYE received"), (0, "Leg2-486-BusyHere received"), (0, "Leg1-480-Unavailable received")]
MEANWHILE = [
    *["nothing"] * 6, *["a_moment_passes"] * 3, "crash", "all_is_deleted", "everything_is_paused",
    "the_clock_is_set_a_second_back", "all_are_barred",
]  # fmt: skip
# What may be in the history of a call before its outcome: how attempts ended that others followed.
FOLLOWED = {Outcome.ORIGIN_NO_ANSWER, Outcome.ORIGIN_BUSY, Outcome.NO_ANSWER, Outcome.BUSY}
CLOSING_SOON = Week(days=((Span(opens=timedelta(), closes=12 * HOUR + timedelta(minutes=7)),),) * 7)
HOURS = [CallingHours(), CallingHours(), CallingHours(week=CLOSING_SOON),
         CallingHours(week=CLOSING_SOON, outside=Outside.SKIP)]  # fmt: skip
RETRIES = [
    Retries(after=20 * SECOND),
    Retries(origin=0),
    Retries(origin=1, destination=1, after=5 * SECOND),
    Retries(after=HOUR),
]
LIMITS = [
    Limits(),
    Limits(calls_at_once=1),
    Limits(rings_a_day=1),
    Limits(calls_at_once=2, requests_per_second=1, rings_a_day=2),
]
SCOPES = [PauseScope(), PauseScope(origin=ORIGIN), PauseScope(calendar="sales")]


class AnyOrder(RuleBasedStateMachine):
    @initialize(
        first=st.sampled_from(TIMES),
        second=st.sampled_from(TIMES),
        has_token=st.booleans(),
        retries=st.sampled_from(RETRIES),
        limits=st.sampled_from(LIMITS),
    )
    def start(self, first: datetime, second: datetime, has_token: bool, retries: Retries, limits: Limits) -> None:
        self._folder = TemporaryDirectory()
        self.machine = SetClock()
        self.machine.synchronised = Sync.SYNCHRONISED
        self.wire = WatchedWire(self.machine)
        self.wire.has_token = has_token
        self.policy, self.barred = Policy(retries=retries, limits=limits), frozenset[PhoneNumber]()
        self.paused = False
        self._boot()
        self.ledger.write(record_fetched, "sales", "a", "", self.machine.now(), news=True)
        for uid, at, customer in zip(UIDS, (first, second), CUSTOMERS, strict=False):
            self.write_event(uid, at, customer)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self._everything_ends()
            self.ledger.close()
            self.departures.close()
            self._folder.cleanup()

    # What people do

    @rule(uid=st.sampled_from(UIDS), at=st.sampled_from(TIMES), customer=st.sampled_from(CUSTOMERS))
    def write_event(self, uid: str, at: datetime, customer: PhoneNumber) -> None:
        lines = (
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT", f"UID:{uid}",
            "DTSTAMP:20260101T000000Z", f"DTSTART:{at:%Y%m%dT%H%M%SZ}", "SUMMARY:Call", f"LOCATION:{customer}",
            "END:VEVENT", "END:VCALENDAR", "",
        )  # fmt: skip
        self.hrefs.add(f"{uid}.ics")
        stored = StoredObject(href=f"{uid}.ics", etag=str(at), data="\r\n".join(lines).encode())
        self.ledger.write(upsert_objects, "sales", [stored])
        self._replan()

    @rule(uid=st.sampled_from(UIDS))
    def delete_event(self, uid: str) -> None:
        self.ledger.write(delete_objects, "sales", [f"{uid}.ics"])
        self._replan()

    @rule(customer=st.sampled_from(CUSTOMERS), origin=st.sampled_from([ORIGIN, COLLEAGUE]))
    def ask_for_a_call_now(self, customer: PhoneNumber, origin: PhoneNumber) -> None:
        now = self._between_events()
        if customer in self.barred or self.policy.hours.closed(origin, customer, now):
            return
        with suppress(ConstraintFailed):  # it is asked for already
            call_now(
                self.ledger, origin=origin, destination=customer, cli=None, presentation=Presentation.ALLOWED,
                summary="by hand", now=now, policy=self.policy,
            )  # fmt: skip

    def _between_events(self) -> datetime:
        """A person's moment is never the very microsecond of an event: that slot would be taken."""
        self.machine.advance(timedelta(microseconds=1))
        return self.clock.now()

    @rule(pick=st.integers(0, 3), again=st.booleans())
    def resolve_what_is_unknown(self, pick: int, again: bool) -> None:
        for call in [one for one in self._calls() if one.outcome is Outcome.UNKNOWN][pick : pick + 1]:
            arguments = (
                again_arguments(call.id, None, "ann") if again else outcome_arguments(call.id, "busy", "", "ann")
            )
            with suppress(DecisionRefused, ConstraintFailed):
                resolve(self.ledger, arguments, self._between_events(), self.policy, self._barring())

    @rule(pick=st.integers(0, 3))
    def withdraw_a_call(self, pick: int) -> None:
        for call in self._calls()[pick : pick + 1]:
            self.ledger.write(withdraw, call.id, "not any more", self.clock.now())

    @precondition(lambda self: not self.paused)
    @rule(scope=st.sampled_from(SCOPES), minutes=st.sampled_from([None, 1, 10]))
    def pause(self, scope: PauseScope, minutes: int | None) -> None:
        until = self.clock.now() + timedelta(minutes=minutes) if minutes else None
        self.paused = True
        self.ledger.write(begin_pause, scope, until, "lunch", self.clock.now())

    @precondition(lambda self: self.paused)
    @rule()
    def resume(self) -> None:
        self.paused = False
        for scope in SCOPES:
            self.ledger.write(end_pause, scope, self.clock.now())

    @rule(grace=st.sampled_from([0, 30, 300, 900]), barred=st.sampled_from([None, None, None, CUSTOMERS[0]]))
    def reload_another_configuration(self, grace: int, barred: PhoneNumber | None) -> None:
        self.policy = replace(self.policy, grace=grace * SECOND)
        self.barred = frozenset({barred} if barred else ())
        self._configure()
        self._replan()

    @rule(hours=st.sampled_from(HOURS), retries=st.sampled_from(RETRIES), limits=st.sampled_from(LIMITS))
    def reload_other_limits(self, hours: CallingHours, retries: Retries, limits: Limits) -> None:
        self.policy = replace(self.policy, hours=hours, retries=retries, limits=limits)
        self._configure()
        self._replan()

    # What the daemon does

    @rule(limit=st.sampled_from([1, 2, 10]))
    def claim_what_is_due(self, limit: int) -> None:
        self.in_hand += self.store.claim_due(self.clock.now(), limit)

    @precondition(lambda self: self.in_hand)
    @rule(
        answer=st.sampled_from([ANSWERS[0], ANSWERS[0], *ANSWERS, None]),
        takes_it=st.booleans(),
        early=st.booleans(),
        lies=st.booleans(),
    )
    def send(self, answer: PlaceAnswer | None, takes_it: bool, early: bool, lies: bool = False) -> None:
        """
        :param early: the callback comes before the answer does.
        :param lies: what is answered as not placed may have been.
        """
        self.wire.next_answer, self.wire.takes_it, self.wire.lies = answer, takes_it, lies
        self.wire.before_answer = self._call_back if early else let_be
        for due in self.in_hand[:1]:
            self.in_hand.remove(due)
            try:
                self.placing.place(due)
            except Died:
                self.crash()
        self.ledger.write(lambda _connection: None)  # answers are recorded without anybody waiting for them

    @rule()
    def collect(self) -> None:
        self.collecting.run_once(self.clock.now())

    @rule()
    def crash(self) -> None:
        """What is in memory is gone; what was written is there."""
        self.ledger.close()
        self.departures.close()
        self._boot()

    # What the provider and the machine do

    @precondition(lambda self: self.wire.taken)
    @rule(pick=st.integers(0, 3), end=st.sampled_from(ENDS), times=st.sampled_from([1, 2]))
    def a_record_appears(self, pick: int, end: tuple[int, str], times: int) -> None:
        for taken in self.wire.taken[pick : pick + 1]:
            self.wire.records[:0] = [taken.record(*end)] * times

    @precondition(lambda self: self.wire.taken)
    @rule(pick=st.integers(0, 3))
    def a_callback_comes(self, pick: int) -> None:
        for taken in self.wire.taken[pick : pick + 1]:
            self._call_back(taken)

    @rule(seconds=st.sampled_from([0.5, 1.9, 5, 20, 59, 180, 301]))
    def time_passes(self, seconds: float) -> None:
        self.machine.advance(seconds * SECOND)
        self.clock_duty.run_once()

    @rule(
        after=st.sampled_from([-0.5, 0, 0, 0, 1, 299.9]),
        meanwhile=st.sampled_from(MEANWHILE),
        answers=st.lists(st.sampled_from([*ANSWERS[:2], *ANSWERS[:2], *ANSWERS, None]), min_size=1, max_size=3),
        takes_it=st.booleans(),
        early=st.booleans(),
        lies=st.booleans(),
    )
    def the_next_calls_come_due(
        self,
        after: float,
        meanwhile: str,
        answers: list[PlaceAnswer | None],
        takes_it: bool,
        early: bool,
        lies: bool = False,
    ) -> None:
        """Claimed, and sent; or just not due, almost past its grace, or something comes in between."""
        if meanwhile == "nothing":
            self.the_clock_is_put_right()
        for answer in answers:
            wake_at = self.ledger.read(next_wake_at)
            if wake_at is None:
                return
            self.time_passes(max(0, (wake_at - self.machine.now()).total_seconds() + after))
            self.claim_what_is_due(10)
            getattr(self, meanwhile)()
            self.send(answer, takes_it, early, lies)
            after, meanwhile = 0, "nothing"

    @rule(end=st.sampled_from(ENDS))
    def the_next_call_is_made_from_its_request_to_its_record(self, end: tuple[int, str]) -> None:
        """Else one that goes on holds most of those after it back."""
        before = len(self.wire.taken)
        self.the_next_calls_come_due(0, "nothing", [ANSWERS[0]], takes_it=True, early=False)
        self.wire.records[:0] = [taken.record(*end) for taken in self.wire.taken[before:]]
        self.collect()

    @rule(answer=st.sampled_from(ANSWERS[2:]))
    def the_next_call_rings_although_it_was_said_not_to(self, answer: PlaceAnswer) -> None:
        before = len(self.wire.taken)
        self.the_next_calls_come_due(0, "nothing", [answer], takes_it=True, early=False, lies=True)
        for taken in self.wire.taken[before:]:
            self._call_back(taken)

    def nothing(self) -> None:
        pass

    def a_moment_passes(self) -> None:
        self.machine.advance(1.5 * SECOND)

    def all_is_deleted(self) -> None:
        for uid in UIDS:
            self.delete_event(uid)

    def everything_is_paused(self) -> None:
        self.pause(PauseScope(), None)

    def the_clock_is_set_a_second_back(self) -> None:
        self.machine.step(-SECOND)

    def all_are_barred(self) -> None:
        self.barred = frozenset(CUSTOMERS)
        self._configure()

    @precondition(lambda self: self.machine.synchronised is Sync.SYNCHRONISED)
    @rule(length=st.sampled_from([-HOUR, -30 * SECOND, 30 * SECOND, HOUR]))
    def the_clock_is_stepped(self, length: timedelta) -> None:
        self.machine.synchronised = Sync.UNSYNCHRONISED
        self.machine.step(length)

    @precondition(lambda self: self.machine.synchronised is not Sync.SYNCHRONISED)
    @rule()
    def the_clock_is_put_right(self) -> None:
        self.machine.step(self.machine.true_now() - self.machine.now())
        self.machine.synchronised = Sync.SYNCHRONISED
        self.clock_duty.run_once()

    # What holds after every step

    @invariant()
    def no_request_broke_a_promise_as_it_left(self) -> None:
        assert self.wire.broken == []

    @invariant()
    def a_call_that_ended_has_one_outcome_and_a_reason(self) -> None:
        told = self.ledger.read(_outcomes_told)
        for call in self._calls():
            assert (call.outcome is not None) == (call.state is State.ENDED)
            outcomes = told.get(call.id, [])
            if call.state is State.ENDED:
                assert call.reason
                assert outcomes.pop() == call.outcome
                if outcomes[-1:] == [Outcome.UNKNOWN]:  # what nobody knew may have been found out
                    outcomes.pop()
            assert FOLLOWED.issuperset(outcomes)

    @invariant()
    def what_left_has_an_attempt_and_what_may_have_been_answered_is_not_planned_again(self) -> None:
        attempts = self.ledger.read(_attempts_by_reference)
        assert set(self.wire.requests) <= set(attempts)
        planned = {call.id for call in self._calls() if call.state in (State.PLANNED, State.CLAIMED)}
        rang = [attempts[reference] for reference in self.wire.evident]
        assert not planned & {one.call_id for one in rang if one.outcome not in FOLLOWED}

    @invariant()
    def a_call_is_open_exactly_as_long_as_it_can_go_on(self) -> None:
        in_hand = self._calls_in_hand()
        claimed = {call.id for call in self._calls() if call.state is State.CLAIMED}
        assert claimed <= in_hand, "nobody has these calls in hand: they are forgotten"

    def _calls_in_hand(self) -> set[int]:
        return {(one if isinstance(one, Claim) else one.claim).call.id for one in self.in_hand}

    def _everything_ends(self) -> None:
        """Nothing is forgotten: once all is quiet, each call has its outcome."""
        self.the_clock_is_put_right()
        self.crash()
        self.resume()
        self.wire.next_answer = RefusedForNow(reason="closed", retry_after=HOUR)
        for length in (timedelta(), 5 * SECOND, 2 * HOUR, 5 * HOUR, 24 * HOUR):
            self.time_passes(length.total_seconds())
            self.claim_what_is_due(100)
            while self.in_hand:
                self.send(self.wire.next_answer, takes_it=False, early=False)
            self.collect()
        self.a_call_that_ended_has_one_outcome_and_a_reason()
        assert [call for call in self._calls() if call.state is not State.ENDED] == []

    # The daemon's parts

    def _boot(self) -> None:
        self.ledger = self.wire.ledger = open_ledger(Path(self._folder.name) / "ledger.db")
        self.clock = guarded_clock(self.ledger, self.machine, wait_for_sync=False)
        self.departures = take_over(self.ledger, self.clock, self.policy)
        self.clock_duty = ClockDuty(self.ledger, self.clock)
        self.clock_duty.run_once()
        self.placing = PlaceDuty(
            self.ledger, self.wire, self.clock, self.policy, self._barring(),
            callback_url="http://127.0.0.1:8470/callback", doubt=self.clock.doubt,
            note_departure=self.departures.note,
        )  # fmt: skip
        self.store = LedgerCallStore(self.ledger, self.placing.prepare, self.placing.limiter)
        self.collecting = CollectDuty(self.ledger, self.wire, self.policy)
        self.hrefs: set[str] = set()  # of all events there ever were
        self.replan = ReplanDuty(self.ledger, self._rules())
        self.app = create_app(self.ledger, self.clock, lambda: None)
        self.in_hand: list[Prepared | Claim] = []
        self._configure()

    def _configure(self) -> None:
        self.wire.barred = {one.e164 for one in self.barred}
        self.wire.limits.use(self.policy, self._calls_in_hand())
        self.placing.policy = self.placing.limiter.policy = self.collecting.policy = self.policy
        self.placing.barring = self._barring()
        self.replan.use(self._rules(), Contacts((), type_order=()), whole=True)

    def _barring(self) -> Barring:
        return Barring(
            region="BE", countries=frozenset({"BE"}), numbers=self.barred, owned=frozenset({ORIGIN, COLLEAGUE})
        )

    def _rules(self) -> PlanRules:
        return PlanRules(
            calendars=(CalendarRules(collection="sales", origin=ORIGIN),),
            company=Company(region="BE"),
            zones={"sales": Zones(floating=ZoneInfo("Europe/Brussels"))},
            policy=self.policy,
        )

    def _replan(self) -> None:
        now = self.clock.now()
        self.ledger.write(record_fetched, "sales", "a", "", now, news=True)
        assert self.replan.run_once(now, touched={"sales": self.hrefs}).refused == 0

    def _call_back(self, taken: Taken) -> None:
        body = taken.record(60, "Leg2-BYE received").raw_text.encode()
        assert asyncio.run(_post(self.app, f"/callback/{taken.reference}", body)) == 204
        self.wire.evident.add(taken.reference)

    def _calls(self) -> list[Call]:
        day = timedelta(days=1)
        return list(self.ledger.read(select_calls, since=NOON - day, until=NOON + day, limit=1000))


async def _post(app: Callable[..., object], path: str, body: bytes) -> int:
    """What a web server does with one request (ASGI)."""
    statuses: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, object]) -> None:
        statuses.extend([message["status"]] if message["type"] == "http.response.start" else [])

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    await app(scope, receive, send)
    return statuses[0]


def _outcomes_told(connection: Connection) -> dict[int, list[str]]:
    told: dict[int, list[str]] = {}
    for row in connection.execute("SELECT call_id, kind, detail FROM event WHERE call_id IS NOT NULL ORDER BY id"):
        kind = row["detail"].partition(",")[0] if row["kind"] == "resolved" else row["kind"]
        if kind in list(Outcome):
            told.setdefault(row["call_id"], []).append(kind)
    return told


def _attempts_by_reference(connection: Connection) -> dict[str, Attempt]:
    return {one.reference: one for one in select_attempts_since(connection, NOON - timedelta(days=1))}


def explore(examples: int, steps: int, *, derandomize: bool) -> None:
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=derandomize,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_in_any_order_the_promises_hold() -> None:
    explore(100, 30, derandomize=True)


@pytest.mark.torture
def test_in_thousands_of_orders_the_promises_hold() -> None:
    explore(2_000, 50, derandomize=False)
