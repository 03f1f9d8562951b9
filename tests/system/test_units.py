"""The systemd units, looked at by systemd's own tools."""

from __future__ import annotations

import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.system.tools import run

pytestmark = pytest.mark.system

FOLDER = Path(__file__).parents[2] / "systemd"
DAEMON = FOLDER / "call-scheduler.service"
UNITS = [DAEMON, FOLDER / "call-scheduler-gateway.service"]
INSTALLED = "/opt/call-scheduler/bin/call-scheduler"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_no_fault_in_the_unit(unit: Path, tmp_path: Path) -> None:
    """On a copy that starts a program which is here, since a unit's must exist."""
    text = unit.read_text()
    assert f"ExecStart={INSTALLED} " in text
    copy = tmp_path / unit.name
    copy.write_text(text.replace(INSTALLED, sys.executable))
    assert run("systemd-analyze", "verify", "--man=no", str(copy)) == ""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_unit_is_hardened(unit: Path) -> None:
    assert "OK" in run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", str(unit))


def test_the_units_users_are_those_that_sysusers_makes() -> None:
    lines = (FOLDER / "call-scheduler.sysusers.conf").read_text().splitlines()
    made = {line.split()[1] for line in lines if line.startswith("u ")}
    assert {_service(unit)["User"] for unit in UNITS} == made


def test_the_daemon_may_ask_whether_the_clock_is_synchronised_and_set_nothing() -> None:
    service = _service(DAEMON)
    assert service["SystemCallFilter"] == "adjtimex clock_adjtime"  # the last of several, which adds to them
    assert "ProtectClock" not in service
    assert service["CapabilityBoundingSet"] == ""


def test_the_daemon_may_read_which_boot_of_the_machine_it_runs_in() -> None:
    """It stands in /proc/sys, without which nothing is known after a crash of the time before."""
    assert "ProcSubset" not in _service(DAEMON)


def test_the_daemon_may_stop_as_slowly_as_its_slowest_request() -> None:
    assert int(_service(DAEMON)["TimeoutStopSec"]) > 60 + 25


def _service(unit: Path) -> dict[str, str]:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text())
    return dict(parser["Service"])
