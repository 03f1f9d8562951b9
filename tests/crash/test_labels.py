"""A daemon is killed at each labelled step and started again: nothing rings twice, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.calls.call import Outcome
from tests.crash.audit import audit
from tests.crash.labels import LABELS, Label
from tests.crash.office import Office, open_office
from tests.crash.provider import Happening, provider
from tests.crash.sabotage import Sabotage
from tests.torture_table import Tell
from tests.world import soon

_AT_ONCE = 6  # most of their time is waiting
_OTHERS = (*[Happening.ALL_WELL] * 2, Happening.LOST_ANSWER, Happening.SLOW_ANSWER, Happening.MANAGER_AWAY)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Office]]]:
    """Every label's office, once all is over; they live side by side."""
    with living(tmp_path_factory.mktemp("labels"), LABELS, appointments=1) as offices:
        yield {label.name: office for label, office in zip(LABELS, offices, strict=True)}


@contextmanager
def living(folder: Path, labels: Sequence[Label], *, appointments: int) -> Iterator[list[Future[Office]]]:
    """An office for each label, where all appointments but the first are of other kinds than the label's."""
    with (
        provider(folder / "provider", accounts=len(labels), origins=appointments) as served,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        offices = [open_office(folder / account.client_id, served, account) for account in served.accounts]
        yield [
            pool.submit(
                live_through,
                office,
                label.deaths,
                (label.happening, *_OTHERS)[:appointments],
                at_start=label.at_start,
            )
            for label, office in zip(labels, offices, strict=True)
        ]


def live_through(
    office: Office, deaths: tuple[Sabotage, ...], happenings: tuple[Happening, ...], *, at_start: bool = False
) -> Office:
    """Let daemon after daemon die, the first while the appointments fall due, and a last one finish."""
    first, *others = deaths
    with office.daemon(first) as daemon:
        if at_start:
            office.arm()
        else:
            _appoint(office, happenings, arm=True)
        daemon.await_death()
    assert office.struck, (office.world.folder / "log").read_text()
    for death in others:
        office.arm()
        with office.daemon(death) as daemon:
            daemon.await_death()
        assert office.struck, (office.world.folder / "log").read_text()
    with office.daemon():
        if not office.wanted:
            _appoint(office, happenings)
        office.await_ended()
    return office


def _appoint(office: Office, happenings: tuple[Happening, ...], *, arm: bool = False) -> None:
    office.await_fetched()
    if arm:
        office.arm()
    office.put(soon(1), *happenings)


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
def test_a_daemon_killed_at_this_step_rings_nobody_twice_and_loses_nothing(
    label: Label, lived: Mapping[str, Future[Office]], tell: Tell
) -> None:
    office = lived[label.name].result()
    found = audit(office)
    tell("killed at a step", faults=len(label.deaths), **found.counts)
    assert found.complaints == ()
    ((call,),) = office.calls().values()
    assert call.outcome is label.ends or (
        label.ends is None and call.outcome in (Outcome.ANSWERED, Outcome.UNKNOWN)
    )
    assert call.attempts == label.attempts


@pytest.mark.torture
def test_a_daemon_killed_amid_several_calls_rings_nobody_twice_and_loses_nothing(
    tmp_path: Path, tell: Tell
) -> None:
    labels = [label.nth(number) for label in LABELS if label.for_each for number in (1, 2, 3)]
    with living(tmp_path, labels, appointments=1 + len(_OTHERS)) as offices:
        found = [audit(office.result()) for office in offices]
    for one in found:
        tell("killed amid several calls", faults=1, **one.counts)
    assert [complaint for one in found for complaint in one.complaints] == []
