"""Pauses, last looks, a provider that dies, a daemon that stands still: nothing rings twice, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash.audit import Audit
from tests.crash.provider import provider
from tests.crash.stories import gateway_killed, killed_while_looking, paused_and_killed, stopped_and_followed
from tests.torture_table import Tell

_ORIGINS = 8
_AT_THE_PROVIDER = (paused_and_killed, stopped_and_followed, killed_while_looking)
_ROWS = {
    "paused_and_killed": ("killed while paused", 2),
    "stopped_and_followed": ("stopped, and killed then", 2),
    "killed_while_looking": ("killed during a last look", 4),
    "gateway_killed": ("provider killed", 1),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Audit]]]:
    """What came of each story; they happen side by side, since most of their time is waiting."""
    folder = tmp_path_factory.mktemp("stories")
    with (
        provider(folder / "provider", accounts=len(_AT_THE_PROVIDER), origins=_ORIGINS) as served,
        ThreadPoolExecutor() as pool,
    ):
        futures = {
            story.__name__: pool.submit(story, folder / story.__name__, served, account)
            for story, account in zip(_AT_THE_PROVIDER, served.accounts, strict=True)
        }
        yield {**futures, "gateway_killed": pool.submit(gateway_killed, folder / "killed")}


@pytest.mark.parametrize("story", _ROWS)
def test_in_this_story_nobody_is_rung_twice_and_nothing_is_lost(
    story: str, told: Mapping[str, Future[Audit]], tell: Tell
) -> None:
    found = told[story].result()
    row, faults = _ROWS[story]
    tell(row, faults=faults, **found.counts)
    assert found.complaints == ()


@pytest.mark.torture
def test_a_provider_killed_amid_ten_bursts_rings_nobody_twice_and_loses_nothing(
    tmp_path: Path, tell: Tell
) -> None:
    found = gateway_killed(tmp_path, kills=10)
    tell("provider killed", faults=10, **found.counts)
    assert found.complaints == ()
