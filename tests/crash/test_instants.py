"""Daemons are killed at instants that nobody chose, while calls of every kind are on their way."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from threading import Event

import pytest

from tests.crash.audit import audit
from tests.crash.office import Office, open_office
from tests.crash.provider import Happening, provider
from tests.torture_table import Tell
from tests.world import soon

_SEED = 20_261_123
_LONGEST_LIFE = 2.0  # seconds, from the fork to the kill; a daemon is ready after less than half of it
_ALL_KINDS = tuple(Happening)
_A_LIFE = 2  # appointments


def live_and_die(office: Office, kills: int, chance: random.Random) -> None:
    """Kill so many daemons one after the other, each with new appointments falling due; the last one finishes."""
    happenings = cycle(chance.sample(_ALL_KINDS, len(_ALL_KINDS)))
    with office.daemon():
        office.await_fetched()
    for _ in range(kills):
        office.put(soon(1), *(next(happenings) for _ in range(_A_LIFE)))
        with office.daemon():
            Event().wait(chance.uniform(0.05, _LONGEST_LIFE))
    with office.daemon():
        office.await_ended()


def kill_everywhere(folder: Path, *, count: int, kills: int, tell: Tell) -> list[str]:
    """Side by side in ``count`` offices; what is wrong in any of them."""
    with provider(folder / "provider", accounts=count, origins=_A_LIFE * kills) as served:
        offices = [open_office(folder / one.client_id, served, one) for one in served.accounts]
        chances = (random.Random(_SEED + number) for number in range(count))
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(live_and_die, offices, [kills] * count, chances))
        found = [audit(office) for office in offices]
    for one in found:
        tell("killed at a random instant", faults=kills, **one.counts)
    return [complaint for one in found for complaint in one.complaints]


def test_daemons_killed_at_a_few_random_instants_ring_nobody_twice_and_lose_nothing(
    tmp_path: Path, tell: Tell
) -> None:
    assert kill_everywhere(tmp_path, count=4, kills=3, tell=tell) == []


@pytest.mark.torture
def test_daemons_killed_at_two_hundred_random_instants_ring_nobody_twice_and_lose_nothing(
    tmp_path: Path, tell: Tell
) -> None:
    assert kill_everywhere(tmp_path, count=4, kills=50, tell=tell) == []
