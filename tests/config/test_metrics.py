"""``[metrics]``, and what metrics call a calendar."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config import read_config
from scheduler.config.metrics import collection_labels
from scheduler.web.metrics_settings import MetricsSettings
from tests.config.files import VALID, problem_in, write


def test_without_the_table_no_metrics_are_served(tmp_path: Path) -> None:
    assert read_config(write(tmp_path)).metrics is None


def test_an_empty_table_serves_them_to_this_machine_alone(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, VALID + "[metrics]\n"))
    assert config.metrics == MetricsSettings(host="127.0.0.1", port=8473)


def test_an_address_is_taken_as_it_is_written(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, VALID + '[metrics]\nlisten = "[::1]:9100"\n'))
    assert config.metrics == MetricsSettings(host="::1", port=9100)


def test_an_address_without_a_port_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "metrics.listen: write an address and a port" in problem_in(tmp_path, '[metrics]\nlisten = "9100"\n')


@pytest.mark.parametrize("name", ["ann", "Ann's calls", "peeters-2", "calls +32468373901", "Ann_Peeters"])
def test_a_calendar_that_names_somebody_is_told_by_its_place(name: str) -> None:
    assert collection_labels(["sales", name], ["Ann Peeters"]) == {"sales": "sales", name: "calendar 2"}


def test_an_address_book_that_names_somebody_is_told_as_one() -> None:
    assert collection_labels(["address book ann"], ["Ann Peeters"]) == {"address book ann": "address book 1"}


@pytest.mark.parametrize("name", ["planning", "sales 2026", "address book customers"])
def test_any_other_keeps_its_name(name: str) -> None:
    assert collection_labels([name], ["Ann Peeters"]) == {name: name}
