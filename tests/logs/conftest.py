from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.logging_state import logging_as_before


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with logging_as_before():
        yield
