"""Programs of the machine that these tests need; one that is missing is a failure with its remedy, not a skip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

_BESIDE_PYTHON = Path(sys.executable).parent
_REMEDIES = {
    "systemd-analyze": "apt install systemd",
    "systemd-nspawn": "apt install systemd-container",
    "debootstrap": "apt install debootstrap",
    "nsenter": "apt install util-linux",
    "curl": "apt install curl",
    "chromium": "apt install chromium",
    "promtool": "apt install prometheus",
    "node": "apt install nodejs npm",
    "khal": "pip install '.[system]' in the checkout, as make test-system does",
    "vdirsyncer": "pip install '.[system]' in the checkout, as make test-system does",
}


def tool(name: str) -> str:
    """The program's path."""
    found = shutil.which(name, path=f"{_BESIDE_PYTHON}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.fail(f"{name} is missing: {_REMEDIES[name]}")
    return found


def run(name: str, *arguments: str, env: Mapping[str, str] | None = None, answers: str = "") -> str:
    """What the program printed; ``answers`` is what is typed into it."""
    done = subprocess.run(
        [tool(name), *arguments],
        input=answers, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **(env or {})},
    )  # fmt: skip
    assert done.returncode == 0, f"{name} {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


def curl_json(*arguments: str) -> Any:
    """The JSON that a plain curl gets."""
    return json.loads(run("curl", "--silent", "--show-error", "--fail", "--noproxy", "*", *arguments))
