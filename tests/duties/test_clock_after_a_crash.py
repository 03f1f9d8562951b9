"""A clock that was set right before the process died, or while it was gone (rule 13)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.calls.call import State
from scheduler.clock import Sync
from scheduler.database import Connection
from scheduler.duties.guarded_clock import ClockDuty, GuardedClock, clock_problems, guarded_clock
from scheduler.duties.place import PlaceDuty
from scheduler.ledger.clock import note_stopped
from scheduler.ledger.collections import record_fetched
from scheduler.ledger.life import recover
from scheduler.ledger.store import LedgerCallStore
from tests.clocks import NOON
from tests.duties.support import BARRING, POLICY, Bench, unnoted

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def ran(duties: Bench) -> None:
    """A process that had written down what it goes by."""
    ClockDuty(duties.ledger, duties.guard).run_once()


def started(duties: Bench, *, wait_for_sync: bool = False) -> GuardedClock:
    """A new process on the ledger."""
    duties.guard = guarded_clock(duties.ledger, duties.clock, wait_for_sync=wait_for_sync)
    duties.ledger.write(recover, duties.guard.now())
    duties.placing = PlaceDuty(
        duties.ledger, duties.provider, duties.guard, POLICY, BARRING, callback_url="", note_departure=unnoted,
        doubt=duties.guard.doubt,
    )  # fmt: skip
    duties.store = LedgerCallStore(duties.ledger, duties.placing.prepare, duties.placing.limiter)
    ran(duties)
    return duties.guard


def test_after_a_crash_a_step_before_it_is_doubted_and_nothing_rings_early(duties: Bench) -> None:
    call_id = duties.add(due_at=NOON + HOUR / 2)
    ran(duties)
    duties.clock.advance(SECOND)
    duties.clock.step(HOUR)
    clock = started(duties)
    assert clock.doubt() == "the clock jumped ahead by 1 h: waiting until it is synchronised"
    assert clock.now() == NOON + SECOND
    duties.clock.advance(HOUR / 2)
    duties.place_due()
    assert (duties.provider.requests, duties.call(call_id).state) == ([], State.PLANNED)


def test_a_call_isnt_missed_by_a_clock_that_was_set_before_the_crash(duties: Bench) -> None:
    call_id = duties.add(due_at=NOON + HOUR / 2)
    ran(duties)
    duties.clock.step(HOUR)
    started(duties)
    duties.place_due()
    duties.clock.step(-HOUR)
    duties.clock.advance(HOUR / 2)
    duties.place_due()
    assert duties.call(call_id).state is State.PLACED


def test_a_doubt_outlives_the_crash_of_the_process_that_had_it(duties: Bench) -> None:
    ran(duties)
    duties.clock.step(HOUR)
    ran(duties)
    assert started(duties).doubt()
    assert len(duties.ledger.read(clock_problems)) == 1


@pytest.mark.parametrize("step", [timedelta(), SECOND])
def test_after_a_crash_a_clock_that_ran_on_is_believed(duties: Bench, step: timedelta) -> None:
    ran(duties)
    duties.clock.advance(HOUR)
    duties.clock.step(step)
    clock = started(duties)
    assert (clock.doubt(), clock.now()) == ("", NOON + HOUR + step)


def test_small_steps_add_up_over_crashes(duties: Bench) -> None:
    ran(duties)
    for doubted in (False, False, True):
        duties.clock.step(SECOND)
        assert bool(started(duties).doubt()) is doubted


def test_after_a_crash_a_synchronised_clock_is_believed_wherever_it_stands(duties: Bench) -> None:
    ran(duties)
    duties.clock.step(HOUR)
    duties.clock.synchronised = Sync.SYNCHRONISED
    clock = started(duties)
    assert (clock.doubt(), clock.now()) == ("", NOON + HOUR)


def test_whoever_stops_and_starts_the_daemon_says_that_the_clock_is_right(duties: Bench) -> None:
    duties.clock.step(HOUR)
    ran(duties)
    duties.ledger.write(note_stopped)
    clock = started(duties)
    assert (clock.doubt(), clock.now()) == ("", NOON + HOUR)
    assert duties.ledger.read(clock_problems) == ()


def test_a_crash_after_such_a_start_is_a_crash_again(duties: Bench) -> None:
    ran(duties)
    duties.ledger.write(note_stopped)
    started(duties)
    duties.clock.step(HOUR)
    assert started(duties).doubt()


def fetched(connection: Connection) -> None:
    record_fetched(connection, "sales", "a", "", NOON + HOUR, news=True)


@pytest.mark.parametrize("stopped", [True, False])
def test_after_a_reboot_a_clock_behind_what_the_ledger_holds_is_doubted_until_it_is_synchronised(
    duties: Bench, stopped: bool
) -> None:
    ran(duties)
    duties.ledger.write(fetched)
    if stopped:
        duties.ledger.write(note_stopped)
    duties.clock.reboot(NOON + HOUR / 2)
    clock = started(duties)
    behind = "the clock shows a time that was past at 2026-11-23 13:00:00 UTC: waiting until it is synchronised"
    assert clock.doubt() == behind
    duties.clock.advance(SECOND)
    assert clock.doubt() == behind
    duties.clock.step(HOUR)
    duties.clock.synchronised = Sync.SYNCHRONISED
    assert (clock.doubt(), clock.now()) == ("", NOON + 1.5 * HOUR + SECOND)


def test_after_a_reboot_a_clock_that_isnt_behind_is_believed(duties: Bench) -> None:
    ran(duties)
    duties.ledger.write(fetched)
    duties.clock.reboot(NOON + HOUR)
    assert started(duties).doubt() == ""


def test_where_the_boot_isnt_known_only_what_is_past_is_doubted(duties: Bench) -> None:
    duties.clock.boot = ""
    ran(duties)
    duties.clock.step(HOUR)
    assert started(duties).doubt() == ""
    duties.clock.step(-HOUR)
    assert started(duties).doubt()


def test_a_boot_clock_that_has_gone_back_is_another_boots(duties: Bench) -> None:
    duties.clock.advance(HOUR)
    ran(duties)
    boot = duties.clock.boot
    duties.clock.reboot(NOON + 3 * HOUR)
    duties.clock.boot = boot
    assert started(duties).doubt() == ""


def test_a_clock_that_is_waited_for_is_doubted_after_a_crash_as_well(duties: Bench) -> None:
    ran(duties)
    clock = started(duties, wait_for_sync=True)
    assert clock.doubt() == "the clock isn't synchronised: waiting until it is"
    duties.clock.step(HOUR)
    duties.clock.step(-HOUR)
    assert clock.doubt()


def test_the_first_start_of_all_believes_the_clock(duties: Bench) -> None:
    assert started(duties).doubt() == ""
