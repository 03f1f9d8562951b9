"""What a plan is made with is told apart by what moves calls, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config import read_config
from scheduler.ledger.provenance import Provenance
from scheduler.parts import provenance
from tests.world import small_world


def made_with(folder: Path, old: str = "", new: str = "") -> Provenance:
    world = small_world(folder)
    assert old in world.config.read_text()
    return provenance(read_config(world.configure(lambda text: text.replace(old, new)), secrets=False))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[company]\n", "[company]\nlead = '5 min'\n"),
        ("[company]\n", "[company]\nnumber_types = ['work']\n"),
        ('name = "sales"\n', 'name = "sales"\nzone = "Asia/Tokyo"\n'),
        ('name = "sales"\n', 'name = "sales"\nasks = "all"\n'),
        ('trusted_domains = ["example.com"]', ""),
        ('emails = ["ann@example.com"]', 'emails = ["ann@example.org"]'),
    ],
)
def test_a_setting_that_can_move_calls_is_another_configuration(tmp_path: Path, old: str, new: str) -> None:
    assert made_with(tmp_path, old, new).configuration != made_with(tmp_path).configuration


@pytest.mark.parametrize(
    ("old", "new"),
    [("", ""), ("[company]\n", "# a comment\n[company]\n"), ('every = "200 ms"', 'every = "300 ms"')],
)
def test_a_setting_that_can_move_no_call_is_the_same_configuration(tmp_path: Path, old: str, new: str) -> None:
    assert made_with(tmp_path, old, new) == made_with(tmp_path)
