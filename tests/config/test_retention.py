"""``[retention]`` as the file writes it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.config import read_config
from tests.config.files import VALID, problem_in, write


def test_each_kind_has_its_own_time(tmp_path: Path) -> None:
    text = '\n[retention]\ncalls = "40 d"\nrecords = "33 d"\n'
    retention = read_config(write(tmp_path, VALID + text)).retention
    assert (retention.calls, retention.records) == (timedelta(days=40), timedelta(days=33))
    assert (retention.history, retention.events) == (timedelta(days=400), timedelta(days=90))


@pytest.mark.parametrize("kind", ["calls", "records", "history", "events"])
def test_less_than_calendars_look_back_is_refused(tmp_path: Path, kind: str) -> None:
    problem = problem_in(tmp_path, f'\n[retention]\n{kind} = "31 d"\n')
    assert f"retention.{kind}" in problem
    assert "at least 32 d" in problem
