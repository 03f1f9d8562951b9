"""Whatever happens to the calendars and on the wire, the ledger follows and nobody is called twice.

A machine edits appointments, places and ends calls, lets time pass, and reconciles with a real ledger after
each; what it checks are the promises, not the steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scheduler.calendars.appointment import Appointment
from scheduler.calls.call import TRANSITIONS, Answer, Call, Key, Outcome, PlannedCall, Slot, State
from scheduler.calls.cdr import Ending
from scheduler.calls.change import Change, Ignore, TooLate
from scheduler.calls.plan import plan
from scheduler.calls.policy import Policy
from scheduler.calls.reconcile import reconcile
from scheduler.calls.unreadable import Unreadable
from scheduler.database import Connection, Row, read_instant, write_instant
from scheduler.ledger import open_ledger
from scheduler.ledger.appointments import select_keys
from scheduler.ledger.attempts import select_attempt, select_attempts_of_call, select_open_attempts
from scheduler.ledger.calls import Claim, claim_due, next_wake_at, select_calls
from scheduler.ledger.changes import apply_change, select_recorded
from scheduler.ledger.life import lose_answer, recover, refuse, unplaced
from scheduler.ledger.requesting import Requested
from scheduler.ledger.settling import fall_silent, prove, settle
from scheduler.phone import PhoneNumber
from tests.calls.builders import CUSTOMER, HOUR, MINUTE, OTHER_CUSTOMER, an_appointment
from tests.clocks import NOON
from tests.ledger.desk import BUSY, NOBODY, TALKED, accept, request, seen_transitions, watch_transitions

STOPPABLE = (State.PLANNED, State.CLAIMED)
POLICY = Policy(grace=5 * MINUTE)
START = NOON - HOUR
KEYS = [
    Key(collection=collection, uid=uid, recurrence_id="")
    for uid in ("one", "two", "three")
    for collection in ("sales", "team")
]
TIMES = [NOON + n * 3 * MINUTE for n in range(5)]

Appearance = tuple[tuple[str, str], datetime]  # an instance, and the time that it asks for


class CalendarAndWire(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._directory = TemporaryDirectory()
        self.ledger = open_ledger(Path(self._directory.name) / "ledger.db")
        self.ledger.write(watch_transitions)
        self.now = self.read_at = NOON - MINUTE
        self.outage = False
        self.appointments: dict[Key, Appointment] = {}
        self.broken: set[Key] = set()
        self.claims: list[Claim] = []
        self.taken: set[Appearance] = set()  # by the provider
        self.taken_slots: set[Slot] = set()
        self.taken_attempts: Counter[int] = Counter()  # by their call
        self.rung_again: list[Slot] = []
        self.tried: set[Appearance] = set()
        self.references = 0

    def teardown(self) -> None:
        with closing(self.ledger):
            steps = self.ledger.read(seen_transitions)
        self._directory.cleanup()
        assert steps <= {(before.value, after.value) for before, after in TRANSITIONS}

    # What people do in their calendars; each change is seen at once unless the calendars can't be fetched

    @rule(
        key=st.sampled_from(KEYS),
        at=st.sampled_from(TIMES),
        destination=st.sampled_from([CUSTOMER, CUSTOMER, OTHER_CUSTOMER]),
        sequence=st.integers(0, 3),
        summary=st.sampled_from(["Call Ben", "Call Ben back"]),
    )
    def write_event(self, key: Key, at: datetime, destination: PhoneNumber, sequence: int, summary: str) -> None:
        self.appointments[key] = an_appointment(
            key.uid, at, collection=key.collection, destination=destination, sequence=sequence, summary=summary
        )
        self._look()

    @rule(key=st.sampled_from(KEYS), at=st.sampled_from(TIMES))
    def move_event(self, key: Key, at: datetime) -> None:
        if key in self.appointments:
            self.appointments[key] = replace(self.appointments[key], asked_at=at, starts_at=at)
        self._look()

    @rule(key=st.sampled_from(KEYS))
    def delete_event(self, key: Key) -> None:
        self.appointments.pop(key, None)
        self._look()

    @rule(old=st.sampled_from(KEYS), new=st.sampled_from(KEYS))
    def give_event_another_uid(self, old: Key, new: Key) -> None:
        if old in self.appointments and new not in self.appointments:
            event = self.appointments.pop(old)
            self.appointments[new] = replace(event, uid=new.uid, collection=new.collection)
        self._look()

    @rule(key=st.sampled_from(KEYS))
    def break_or_mend_event(self, key: Key) -> None:
        self.broken ^= {key}
        self._look()

    @rule()
    def calendars_go_or_come_back(self) -> None:
        self.outage = not self.outage
        self._look()

    # What the daemon and the provider do

    @rule(seconds=st.sampled_from([1, 59, 181, 400]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self._look()

    @rule()
    def claim_what_comes_next(self) -> None:
        next_at = self.ledger.read(next_wake_at)
        if next_at is not None:
            self.now = max(self.now, next_at)
            self.references += 1
            self.claims += self.ledger.write(claim_due, self.now, 2, f"token {self.references}")

    @rule()
    def crash(self) -> None:
        self.ledger.write(recover, self.now)

    @precondition(lambda self: self.claims)
    @rule(answer=st.sampled_from([None, *Answer, Answer.ACCEPTED, Answer.NOT_SENT]))
    def place(self, answer: Answer | None) -> None:
        claim = self.claims.pop(0)
        self.references += 1
        asked = self.ledger.write(request, claim, f"reference {self.references}", self.now, POLICY)
        if not isinstance(asked, Requested):
            return
        call = self._calls()[claim.call.id]
        self._note_tried()
        assert call.due_at <= self.now <= call.deadline_at
        match answer:
            case Answer.ACCEPTED:
                self._note_taken(call)
                self.ledger.write(accept, asked.attempt_id, f"session {self.references}", self.now)
            case Answer.PERHAPS_SENT:
                self._note_taken(call)
                self.ledger.write(lose_answer, asked.attempt_id, "reset", self.now)
            case Answer.REFUSED:
                self.ledger.write(refuse, asked.attempt_id, "no", self.now)
            case Answer.NOT_SENT | Answer.REFUSED_FOR_NOW | Answer.UNAUTHORIZED:
                self.ledger.write(unplaced, asked.attempt_id, answer, "", self.now, POLICY)
            case None:  # the daemon died before the answer
                self._note_taken(call)

    @precondition(lambda self: self.references)
    @rule(ending=st.sampled_from([TALKED, BUSY, NOBODY]), pick=st.integers(0, 3))
    def a_record_comes(self, ending: Ending, pick: int) -> None:
        for attempt_id in self._attempts()[-1 - pick : -pick or None]:
            self.ledger.write(settle, attempt_id, "", ending, self.now, POLICY)
        self._look()

    @precondition(lambda self: self.references)
    @rule(pick=st.integers(0, 3))
    def a_callback_comes(self, pick: int) -> None:
        for attempt_id in self._attempts()[-1 - pick : -pick or None]:
            self.ledger.write(prove, self.ledger.read(select_attempt, attempt_id), "", self.now)
        self._look()

    @rule()
    def silence(self) -> None:
        for attempt in self.ledger.read(select_open_attempts)[:1]:
            self.ledger.write(fall_silent, attempt, self.now)
        self._look()

    # What must be true all the time

    @invariant()
    def no_slot_has_two_calls_that_are_open_or_were_tried(self) -> None:
        slots = Counter(one.slot for one in self._calls().values() if one.state is not State.ENDED or one.attempts)
        assert [slot for slot, number in slots.items() if number > 1] == []

    @invariant()
    def no_appointment_rings_twice_at_one_time(self) -> None:
        """Nor do two numbers; but under its name another one may come, whose call was planned before, and ring."""
        assert self.rung_again == []

    @invariant()
    def what_rang_by_a_closed_attempt_is_not_planned(self) -> None:
        """Evidence stops what would ring again, but where it says that the manager didn't answer."""
        rang = self.ledger.read(
            _ids,
            """SELECT call_id AS id FROM attempt
               WHERE answer = 'accepted' AND coalesce(outcome, '') <> 'origin_no_answer'""",
        )
        again = [one for one in self._calls().values() if one.id in rang and one.state in STOPPABLE]
        assert again == []

    @invariant()
    def what_is_tried_has_its_attempts(self) -> None:
        open_ones = self.ledger.read(_ids, "SELECT call_id AS id FROM attempt WHERE closed_at IS NULL")
        going_on = {one.id for one in self._calls().values() if one.state in (State.REQUESTED, State.PLACED)}
        assert open_ones == going_on

    # How the daemon looks at the calendars, and what must hold after it has

    def _look(self) -> None:
        if self.outage:
            return
        wanted, before = self._wanted(), self._calls()
        keys_before = self.ledger.read(select_keys, before)
        changes = self._decide(wanted)
        for change in changes:
            self.ledger.write(apply_change, change, self.now)  # the ledger forbids none of them
        self._note_tried()
        again = [one for one in self._decide(wanted) if not isinstance(one, Ignore | TooLate)]
        assert again == [], "a second look at the same calendars changes nothing"
        self._nothing_new_is_past(before)
        self._what_is_broken_is_left_alone(before, keys_before)
        self._what_can_ring_is_wanted(wanted)
        self._every_coming_appointment_means_one_call(wanted, changes)
        self.read_at = self.now

    def _nothing_new_is_past(self, before: Mapping[int, Call]) -> None:
        for call_id, call in self._calls().items():
            if call_id not in before or call.asked_at != before[call_id].asked_at:
                assert call.due_at >= self.now or self.read_at < call.asked_at

    def _what_is_broken_is_left_alone(
        self, before: Mapping[int, Call], keys: Mapping[int, frozenset[Key]]
    ) -> None:
        after = self._calls()
        for call_id, call in before.items():
            if self._is_broken_everywhere(keys.get(call_id, frozenset())):
                assert (after[call_id].slot, after[call_id].outcome) == (call.slot, call.outcome)

    def _what_can_ring_is_wanted(self, wanted: Iterable[PlannedCall]) -> None:
        slots = {key: one.slot for one in wanted for key in one.keys}
        stoppable = {call_id: call for call_id, call in self._calls().items() if call.state in STOPPABLE}
        keys = self.ledger.read(select_keys, stoppable)
        for call_id, call in stoppable.items():
            if not any(map(self._is_broken, keys[call_id])):
                assert {slots[key] for key in keys[call_id]} == {call.slot}

    def _every_coming_appointment_means_one_call(
        self, wanted: Iterable[PlannedCall], changes: Collection[Change]
    ) -> None:
        calls = self._calls()
        for one in wanted:
            for key in one.keys if one.due_at >= self.now else ():
                meant = self.ledger.read(_meaning, key, one)
                if not meant:
                    assert self._waits_or_was_called(one, changes)
                    continue
                (call_id,) = meant
                if calls[call_id].slot != one.slot:
                    assert calls[call_id].state is State.ENDED or _too_late(calls[call_id], changes)
                assert calls[call_id].outcome is not Outcome.CANCELLED or calls[call_id].attempts

    def _waits_or_was_called(self, wanted: PlannedCall, changes: Collection[Change]) -> bool:
        """What rings at another time has to wait until that is over; what was called stays so (rules 2 and 7)."""
        if any(isinstance(one, Ignore) and one.wanted == wanted for one in changes):
            return any((key.instance, wanted.asked_at) in self.tried for key in wanted.keys)
        ringing = [one.id for one in self._calls().values() if one.state in (State.REQUESTED, State.PLACED)]
        keys = self.ledger.read(select_keys, ringing).values()
        return bool({key.instance for key in wanted.keys} & {key.instance for each in keys for key in each})

    def _wanted(self) -> tuple[PlannedCall, ...]:
        return plan((one for key, one in self.appointments.items() if not self._is_broken(key)), POLICY)

    def _is_broken_everywhere(self, keys: Collection[Key]) -> bool:
        uids = {key.uid for key in keys}
        here = [key for key in self.appointments if key.uid in uids]
        return bool(here) and all(map(self._is_broken, here)) and all(map(self._is_broken, keys))

    def _is_broken(self, key: Key) -> bool:
        return key in self.broken and key in self.appointments

    def _decide(self, wanted: Iterable[PlannedCall]) -> tuple[Change, ...]:
        return reconcile(
            wanted,
            self.ledger.read(select_recorded, START),
            self.now,
            read_before={"sales": self.read_at, "team": self.read_at},
            reasons={},
            unreadable=Unreadable(
                events={(key.collection, key.uid) for key in filter(self._is_broken, self.broken)}
            ),
            until=START + timedelta(days=1),
        )

    def _note_taken(self, call: Call) -> None:
        """The call rings by right of an appointment that meant it and hasn't rung yet, or as nobody answered."""
        rang = call.slot in self.taken_slots or self.ledger.read(_appointments, call, "") <= self.taken
        if rang and not self._nobody_answered(call):
            self.rung_again.append(call.slot)
        self.taken_attempts[call.id] += 1
        self.taken_slots.add(call.slot)
        self.taken |= self.ledger.read(_appointments, call, "AND gone_at IS NULL")

    def _nobody_answered(self, call: Call) -> bool:
        """Whether it rang before, and each time it is known that the manager didn't answer."""
        ended = [one.outcome for one in self.ledger.read(select_attempts_of_call, call.id)]
        return 0 < self.taken_attempts[call.id] <= ended.count(Outcome.ORIGIN_NO_ANSWER)

    def _note_tried(self) -> None:
        """What means a call that was tried was called, and so was what went from it at that very instant."""
        self.tried |= self.ledger.read(_meaning_tried, self.now)

    def _attempts(self) -> list[int]:
        return sorted(self.ledger.read(_ids, "SELECT id FROM attempt"))

    def _calls(self) -> dict[int, Call]:
        calls = self.ledger.read(select_calls, since=START, until=START + timedelta(days=2), limit=1000)
        return {call.id: call for call in calls}


def _ids(connection: Connection, sql: str) -> set[int]:
    return {row["id"] for row in connection.execute(sql)}


def _meaning(connection: Connection, key: Key, wanted: PlannedCall) -> list[int]:
    rows = connection.execute(
        """SELECT call_id FROM appointment
           WHERE gone_at IS NULL AND collection = ? AND uid = ? AND recurrence_id = ? AND asked_at = ?""",
        (key.collection, key.uid, key.recurrence_id, write_instant(wanted.asked_at)),
    )
    return [row["call_id"] for row in rows]


def _appointments(connection: Connection, call: Call, condition: str) -> set[Appearance]:
    rows = connection.execute(
        f"SELECT * FROM appointment WHERE call_id = ? AND asked_at = ? {condition}",
        (call.id, write_instant(call.asked_at)),
    )
    return set(map(_appearance, rows))


def _meaning_tried(connection: Connection, now: datetime) -> set[Appearance]:
    rows = connection.execute(
        """SELECT * FROM appointment WHERE (gone_at IS NULL OR gone_at = ?)
           AND call_id IN (SELECT id FROM call WHERE attempts > 0)""",
        (write_instant(now),),
    )
    return set(map(_appearance, rows))


def _appearance(row: Row) -> Appearance:
    return ((row["uid"], row["recurrence_id"]), read_instant(row["asked_at"]))


def _too_late(call: Call, changes: Iterable[Change]) -> bool:
    """Whether the look that gave ``changes`` said so: what rings keeps its numbers (rule 2)."""
    return call.state in (State.REQUESTED, State.PLACED) and call in [
        one.call for one in changes if isinstance(one, TooLate)
    ]


TestCalendarAndWire = CalendarAndWire.TestCase
TestCalendarAndWire.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
