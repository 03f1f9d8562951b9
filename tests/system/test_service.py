"""The service on a Debian machine of its own: installed, upgraded and rolled back as the README says."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.install.container import WHEELS, Container, booted, make_root
from tests.install.dependencies import CONSTRAINTS, ROOT
from tests.install.package import ask, copy_checkout
from tests.system.company import await_true, event_text, soon
from tests.system.tools import tool

pytestmark = pytest.mark.system

CHECKOUT = "/root/checkout"
CONFIG = "etc/call-scheduler/config.toml"
LEDGER = "var/lib/call-scheduler/ledger.db"
# Region, zone, the official number, the manager's, nobody's address, no contacts, the calendar, no provider.
ANSWERS = "\n\n02 816 02 57\n02 816 02 58\n\n\n/srv/sales.ics\nn\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """Booted, with the checkout and every wheel laid there."""
    if os.geteuid() != 0:
        pytest.fail("a container is booted by root alone: run make test-system as root")
    for name in ("debootstrap", "systemd-nspawn", "nsenter"):
        tool(name)
    folder = tmp_path_factory.mktemp("machine")
    root = folder / "root"
    make_root(root)
    copy_checkout(root / CHECKOUT.lstrip("/"))
    ask(
        sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--python-version=3.11",
        "--dest", root / WHEELS.lstrip("/"), "--requirement", CONSTRAINTS, "setuptools>=77", folder=folder,
    )  # fmt: skip
    with booted(root) as container:
        yield container


@pytest.fixture(scope="module")
def installed(machine: Container) -> Container:
    """By the README's own lines."""
    (machine.root / "srv" / "sales.ics").write_text(event_text(soon(3600)), newline="")
    install, enable, check = blocks_of("For Debian 12")[:3]
    machine.run(f"cd {CHECKOUT}\n{install}", answers=ANSWERS)
    machine.run(enable)
    machine.run(check)
    return machine


def blocks_of(title: str) -> list[str]:
    """The indented lines of the README after the paragraph that begins so, up to the next bold or headed one."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n{title}")
    assert found, f"the README has no paragraph that begins with {title!r}"
    part = re.split(r"^(?:## |\*\*)", rest, maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", part, re.MULTILINE)
    return [block for block in blocks if block.strip()]


def calls(machine: Container) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(machine.run("call-scheduler calls --planned --json"))
    return rows


def property_of(machine: Container, name: str, unit: str = "call-scheduler") -> str:
    return machine.run(f"systemctl show --property={name} --value {unit}").strip()


def test_the_services_are_ready_and_run_as_users_of_their_own(installed: Container) -> None:
    for unit in ("call-scheduler", "call-scheduler-gateway"):
        assert property_of(installed, "ActiveState", unit) == "active"
        assert property_of(installed, "NRestarts", unit) == "0"
        assert installed.run(f"stat --format=%U /proc/{property_of(installed, 'MainPID', unit)}").strip() == unit


def test_no_secret_and_no_call_can_be_read_by_everybody(installed: Container) -> None:
    for path in ("etc/call-scheduler/secrets/provider", "etc/call-scheduler/gateway-secrets/company", LEDGER):
        assert stat.S_IMODE((installed.root / path).stat().st_mode) & 0o077 == 0
    assert installed.fails(f"setpriv --reuid=nobody --clear-groups cat /{LEDGER}")
    assert stat.S_IMODE((installed.root / LEDGER).parent.stat().st_mode) & 0o007 == 0


def test_a_stop_in_mid_call_loses_nothing(installed: Container) -> None:
    rung_before = len(rung(installed))
    (installed.root / "srv" / "sales.ics").write_text(event_text(soon(6)), newline="")
    installed.run("call-scheduler sync")
    await_true(lambda: any(call["state"] == "placed" for call in calls(installed)))
    installed.run("systemctl stop call-scheduler")
    assert property_of(installed, "Result") == "success"
    installed.run("systemctl start call-scheduler")
    await_true(lambda: len(rung(installed)) == rung_before + 1)
    (attempt,) = rung(installed)[-1]["attempts"]
    assert rung(installed)[-1]["outcome"] == "answered", attempt


def rung(machine: Container) -> list[dict[str, Any]]:
    return [call for call in calls(machine) if call["state"] == "ended" and call["attempts"]]


def test_a_reload_takes_over_what_is_right_and_keeps_running_by_it_where_it_is_wrong(installed: Container) -> None:
    config = installed.root / CONFIG
    text = config.read_text()
    process = property_of(installed, "MainPID")
    config.write_text(text.replace('cli = "02 816 02 57"', 'cli = "02 816 02 58"'))
    installed.run("systemctl reload call-scheduler")
    await_true(lambda: "the configuration was read again" in log_of(installed))
    config.write_text("nonsense = 1\n" + text)
    installed.run("systemctl reload call-scheduler")
    await_true(lambda: "the configuration was not taken over" in log_of(installed))
    assert "nonsense" in log_of(installed)
    config.write_text(text)
    installed.run("systemctl reload call-scheduler")
    assert property_of(installed, "MainPID") == process


def log_of(machine: Container) -> str:
    return machine.run("journalctl --no-pager --output=cat --unit=call-scheduler")


def test_a_daemon_that_hangs_is_killed_by_the_watchdog_and_started_again(installed: Container) -> None:
    """With a shorter time than the unit's minute."""
    folder = "/run/systemd/system/call-scheduler.service.d"
    installed.run(f"mkdir -p {folder}; printf '[Service]\\nWatchdogSec=3\\nRestartSec=1\\n' > {folder}/short.conf")
    installed.run("systemctl daemon-reload; systemctl restart call-scheduler")
    hanging = property_of(installed, "MainPID")
    installed.run(f"kill -STOP {hanging}")
    await_true(lambda: property_of(installed, "NRestarts") == "1")
    await_true(lambda: property_of(installed, "ActiveState") == "active")
    assert property_of(installed, "MainPID") != hanging
    installed.run(f"rm -r {folder}; systemctl daemon-reload; systemctl restart call-scheduler")


def test_an_upgrade_and_a_rollback_keep_what_the_ledger_holds(installed: Container) -> None:
    before = calls(installed)
    (upgrade,), (rollback, _) = blocks_of("**Upgrade.**"), blocks_of("**Rollback.**")
    installed.run(f"cd {CHECKOUT}\n{upgrade}")
    assert (installed.root / "opt/call-scheduler.old").exists()
    installed.run(rollback)
    assert not (installed.root / "opt/call-scheduler.old").exists()
    assert property_of(installed, "ActiveState") == "active"
    assert calls(installed) == before


def test_what_an_upgrade_backed_up_can_be_brought_back(installed: Container) -> None:
    (upgrade,), (_, restore) = blocks_of("**Upgrade.**"), blocks_of("**Rollback.**")
    installed.run(upgrade.strip().splitlines()[0])
    installed.run(f"systemctl stop call-scheduler\n{restore}\nsystemctl start call-scheduler")
    installed.run("call-scheduler resume")
    assert property_of(installed, "ActiveState") == "active"
