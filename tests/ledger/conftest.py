from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scheduler.calls.call import TRANSITIONS
from scheduler.database import Database
from scheduler.ledger import open_ledger
from tests.ledger.desk import Desk, seen_transitions, watch_transitions


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """A new ledger; at the end every step that any call took must be an allowed one."""
    with closing(open_ledger(tmp_path / "ledger.db")) as ledger:
        ledger.write(watch_transitions)
        yield ledger
        assert ledger.read(seen_transitions) <= {(before.value, after.value) for before, after in TRANSITIONS}


@pytest.fixture
def desk(ledger: Database) -> Desk:
    return Desk(ledger)
