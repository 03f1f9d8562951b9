"""The example alert rules, read by Prometheus' own tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.tools import run

pytestmark = pytest.mark.system

RULES = Path(__file__).parents[2] / "docs" / "prometheus-alerts.yml"


def test_prometheus_finds_no_fault_in_the_alert_rules() -> None:
    assert "SUCCESS" in run("promtool", "check", "rules", "--lint-fatal", str(RULES))
