from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.errors import DatabaseBusy, DatabaseUnusable
from scheduler.ledger.lock import held_lock, lock_path

HOLDER = """
import sys
from pathlib import Path
from scheduler.ledger.lock import held_lock
with held_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(ledger: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(ledger)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


def test_a_second_process_is_told_who_holds_the_ledger(path: Path) -> None:
    with holder(path) as process, pytest.raises(DatabaseBusy, match=f"by process {process.pid},"), held_lock(path):
        pass


def test_the_lock_goes_with_its_process_even_when_that_is_killed(path: Path) -> None:
    with holder(path) as process:
        process.kill()
        process.wait()
        with held_lock(path):
            assert lock_path(path).read_text() == f"{os.getpid()}\n"


def test_the_lock_is_free_again_after_its_block(path: Path) -> None:
    with held_lock(path):
        pass
    with holder(path):
        pass


def test_one_process_does_not_hold_it_twice(path: Path) -> None:
    with held_lock(path), pytest.raises(DatabaseBusy, match=f"by process {os.getpid()},"), held_lock(path):
        pass


def test_two_ledgers_have_two_locks(tmp_path: Path) -> None:
    with held_lock(tmp_path / "one.db"), held_lock(tmp_path / "two.db"):
        pass


def test_a_lock_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("not a directory")
    with pytest.raises(DatabaseUnusable, match="state"), held_lock(tmp_path / "state" / "ledger.db"):
        pass


def test_what_fails_inside_the_block_is_not_taken_for_the_locks_fault(path: Path) -> None:
    with pytest.raises(OSError, match="of another file"), held_lock(path):
        raise OSError("of another file")
