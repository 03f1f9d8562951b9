"""After a kill: what never left rings in time after all, and what may have left rings nobody again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import Answer, Outcome, State
from scheduler.duties.place import PlaceDuty, Prepared
from scheduler.duties.take_over import NEVER_LEFT, take_over
from scheduler.ledger.calls import Claim
from scheduler.ledger.departures import Departures, departures_path
from scheduler.ledger.store import LedgerCallStore
from scheduler.phone import PhoneNumber
from tests.clocks import NOON
from tests.duties.support import BARRING, POLICY, Bench, bench

SECOND = timedelta(seconds=1)


class Daemons:
    """One process after the other on one ledger; each may die at any moment."""

    def __init__(self, duties: Bench) -> None:
        self.duties = duties
        self.open = ExitStack()
        self.start()

    def start(self) -> None:
        duties = self.duties
        self.departures = take_over(duties.ledger, duties.guard, POLICY)
        self.open.callback(self.departures.close)
        duties.placing = PlaceDuty(
            duties.ledger, duties.provider, duties.guard, POLICY, BARRING, callback_url="",
            note_departure=self.departures.note,
        )  # fmt: skip
        duties.store = LedgerCallStore(duties.ledger, duties.placing.prepare)

    def claim(self) -> Sequence[Prepared | Claim]:
        """With their intentions; the process may die before it sends any."""
        return self.duties.store.claim_due(NOON, 100)

    @property
    def notes(self) -> Path:
        return departures_path(self.duties.ledger.path)


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Daemons]:
    with bench(tmp_path) as duties:
        found = Daemons(duties)
        with found.open:
            yield found


def die() -> None:
    raise SystemExit


def test_a_burst_that_was_killed_before_its_requests_left_rings_after_the_restart(daemons: Daemons) -> None:
    duties = daemons.duties
    calls = [
        duties.add(origin=PhoneNumber(f"+4420794600{n}"), destination=PhoneNumber(f"+3246837{n}01"))
        for n in range(10, 42)
    ]
    assert len(daemons.claim()) == 32
    assert {duties.call(one).state for one in calls} == {State.REQUESTED}
    daemons.start()
    assert {duties.call(one).reason for one in calls} == {NEVER_LEFT}
    duties.place_due()
    assert {duties.call(one).state for one in calls} == {State.PLACED}
    assert len({request.destination for request in duties.provider.requests}) == 32
    assert [one.answer for one in duties.attempts(calls[0])] == [Answer.NOT_SENT, Answer.ACCEPTED]


def test_what_left_is_never_sent_again_whether_or_not_the_provider_had_it(daemons: Daemons) -> None:
    duties = daemons.duties
    call_id = duties.add()
    duties.provider.before_answer = die
    with pytest.raises(SystemExit):
        duties.placing.place(daemons.claim()[0])
    duties.provider.before_answer = lambda: None
    for _ in range(3):
        daemons.start()
        duties.place_due()
    assert (duties.call(call_id).state, len(duties.provider.requests)) == (State.REQUESTED, 1)


def test_what_was_answered_is_left_alone(daemons: Daemons) -> None:
    duties = daemons.duties
    call_id = duties.add()
    duties.place_due()
    daemons.start()
    assert duties.call(call_id).state is State.PLACED


def test_what_never_left_and_is_too_late_by_now_is_missed_and_says_why(daemons: Daemons) -> None:
    duties = daemons.duties
    call_id = duties.add()
    daemons.claim()
    duties.clock.advance(POLICY.grace + SECOND)
    daemons.start()
    call = duties.call(call_id)
    assert call.outcome is Outcome.MISSED
    assert NEVER_LEFT in call.reason


def reboot(daemons: Daemons) -> None:
    daemons.duties.clock.boot = "second boot"


def lose_the_notes(daemons: Daemons) -> None:
    daemons.notes.unlink()


def empty_the_notes(daemons: Daemons) -> None:
    daemons.notes.write_bytes(b"")


def spoil_the_notes(daemons: Daemons) -> None:
    daemons.notes.write_bytes(b"\xff\x00")


def take_the_notes_of_another_run(daemons: Daemons) -> None:
    Departures(daemons.notes, "another").close()


def die_while_starting(daemons: Daemons) -> None:
    """Its notes are begun, and its run isn't recorded."""
    Departures(daemons.notes, "the next").close()


@pytest.mark.parametrize(
    "happening",
    [
        reboot,
        lose_the_notes,
        empty_the_notes,
        spoil_the_notes,
        take_the_notes_of_another_run,
        die_while_starting,
    ],
)
def test_nothing_is_concluded_where_the_notes_may_be_incomplete(
    daemons: Daemons, happening: Callable[[Daemons], None]
) -> None:
    duties = daemons.duties
    call_id = duties.add()
    daemons.claim()
    happening(daemons)
    for _ in range(2):
        daemons.start()
        duties.place_due()
    assert (duties.call(call_id).state, duties.provider.requests) == (State.REQUESTED, [])


def test_where_the_boot_isnt_known_nothing_is_concluded(daemons: Daemons) -> None:
    duties = daemons.duties
    duties.clock.boot = ""
    daemons.start()
    call_id = duties.add()
    daemons.claim()
    daemons.start()
    assert duties.call(call_id).state is State.REQUESTED


def test_a_process_that_noted_nothing_leaves_nothing_to_conclude(daemons: Daemons, tmp_path: Path) -> None:
    """As one of an earlier version, whose attempts are open when the first run begins."""
    duties = daemons.duties
    kept = tmp_path / "kept"
    call_id = duties.add()
    daemons.claim()
    shutil.copy(daemons.notes, kept)
    daemons.notes.unlink()
    daemons.start()
    assert duties.call(call_id).state is State.REQUESTED
    daemons.start()
    assert duties.call(call_id).state is State.REQUESTED, "the next run's notes say nothing of it"


def test_a_note_that_a_full_disk_tore_spoils_no_other(daemons: Daemons) -> None:
    duties = daemons.duties
    call_id = duties.add()
    (due,) = daemons.claim()
    with daemons.notes.open("ab") as notes:
        notes.write(b"\n99")
    duties.provider.before_answer = die
    with pytest.raises(SystemExit):
        duties.placing.place(due)
    daemons.start()
    assert duties.call(call_id).state is State.REQUESTED


def test_what_cant_be_noted_isnt_sent(daemons: Daemons, monkeypatch: pytest.MonkeyPatch) -> None:
    duties = daemons.duties
    call_id = duties.add()
    (due,) = daemons.claim()
    monkeypatch.setattr(os, "write", lambda _descriptor, _data: 3)
    duties.placing.place(due)
    monkeypatch.undo()
    duties.ledger.write(lambda _connection: None)
    assert (duties.provider.requests, duties.call(call_id).state) == ([], State.PLANNED)
    assert "it can't be noted that it leaves" in duties.call(call_id).reason


def test_notes_are_whole_pages_of_the_kernels(daemons: Daemons) -> None:
    for attempt_id in (1, 10**13):
        daemons.departures.note(attempt_id)
    assert daemons.notes.stat().st_size == 3 * 16
