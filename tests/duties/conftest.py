from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.duties.support import Bench, bench


@pytest.fixture
def duties(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        yield found
