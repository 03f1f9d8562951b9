"""Whatever the umask, nobody but its owner reads what the program writes: names and numbers stand in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import command
from tests.world import World, small_world, soon


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    before = os.umask(0)
    yield small_world(tmp_path)
    os.umask(before)


def run(world: World, *arguments: str) -> None:
    result = command(world, *arguments)
    assert result.exit_code == 0, result.output


def test_ledger_notes_backups_exports_and_keys_are_their_owners_alone(world: World) -> None:
    theirs = {path.name for path in world.folder.iterdir()}
    world.put("one", soon(3600))
    run(world, "sync")
    run(world, "backup", str(world.folder / "backup.db"))
    run(world, "export", "--number", "0468 37 39 01", "--output", str(world.folder / "export.json"))
    run(world, "erase", "--number", "0468 37 39 01", "--yes")
    run(world, "restore", str(world.folder / "backup.db"))
    ours = {path.name: path.stat().st_mode & 0o077 for path in world.folder.iterdir() if path.name not in theirs}
    assert ours.keys() > {"ledger.db", "ledger.db.lock", "ledger.db.key", "backup.db", "export.json"}
    assert any(name.startswith("ledger.db.before-") for name in ours)
    assert not any(ours.values()), ours
