"""A daemon that is stopped, not killed, between the intention and the send; and two daemons on one ledger."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome
from scheduler.calls.policy import Policy
from tests.crash.audit import audit
from tests.crash.labels import LABELS, STOPPED, Label
from tests.crash.office import Office, open_office
from tests.crash.provider import Happening, provider
from tests.processes import command
from tests.torture_table import Tell
from tests.world import await_true, soon


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with provider(tmp_path / "provider", accounts=1, origins=4) as served:
        yield open_office(tmp_path / "office", served, served.accounts[0])


def await_stalled() -> None:
    """Until nothing may leave any more whose intention was recorded before."""
    go_on_at = datetime.now(UTC) + Policy().stall + timedelta(seconds=1)
    await_true(lambda: datetime.now(UTC) > go_on_at)


def test_a_daemon_that_stood_still_before_the_send_looks_at_the_call_anew(office: Office, tell: Tell) -> None:
    with office.daemon(STOPPED) as daemon:
        office.await_fetched()
        office.arm()
        office.put(soon(1), Happening.ALL_WELL)
        await_true(lambda: office.struck)
        await_stalled()
        assert office.provider.accepted(office.account).total() == 0
        office.disarm()
        daemon.send(signal.SIGCONT)
        office.await_ended()
    found = audit(office)
    tell("stopped before the send", faults=1, **found.counts)
    assert found.complaints == ()
    ((call,),) = office.calls().values()
    assert (call.outcome, call.attempts) == (Outcome.ANSWERED, 2)


def test_of_three_daemons_started_at_once_on_a_ledger_one_runs_and_rings_once(office: Office, tell: Tell) -> None:
    with ExitStack() as all_of_them:
        daemons = [all_of_them.enter_context(office.daemon()) for _ in range(3)]
        await_true(lambda: sum(daemon.dead for daemon in daemons) == 2)
        office.await_fetched()
        office.put(soon(1), *[Happening.ALL_WELL] * 3)
        office.await_ended()
        late = command(office.world.config, "run")
        assert sum(daemon.dead for daemon in daemons) == 2
    found = audit(office)
    tell("two daemons on a ledger", faults=3, **found.counts)
    assert (late.returncode, found.complaints) == (1, ())
    assert "is in use by process" in late.stderr
    assert (office.world.folder / "log").read_text().count("is in use by process") == 2


def stop_and_go_on(office: Office, label: Label) -> None:
    """The daemon stands still at the label's step, and then finishes."""
    (death,) = label.deaths
    with office.daemon(replace(death, strike_with=signal.SIGSTOP)) as daemon:
        office.await_fetched()
        office.arm()
        office.put(soon(1), label.happening, Happening.ALL_WELL, Happening.LOST_ANSWER)
        await_true(lambda: office.struck)
        await_stalled()
        office.disarm()
        daemon.send(signal.SIGCONT)
        office.await_ended()


@pytest.mark.torture
def test_a_daemon_that_stood_still_at_any_step_rings_nobody_twice_and_loses_nothing(
    tmp_path: Path, tell: Tell
) -> None:
    labels = [label for label in LABELS if not (label.at_start or label.deaths[1:])]
    with provider(tmp_path / "provider", accounts=len(labels), origins=3) as served:
        offices = [open_office(tmp_path / one.client_id, served, one) for one in served.accounts]
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(stop_and_go_on, offices, labels))
        found = [audit(office) for office in offices]
    for one in found:
        tell("stopped at a step", faults=1, **one.counts)
    assert [complaint for one in found for complaint in one.complaints] == []
