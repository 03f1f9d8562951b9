"""Configuration files for tests: a small valid one, and what is said about one that isn't."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.config import read_config
from scheduler.errors import ConfigError

PASSWORD = "hunter2-of-the-tests"

VALID = """\
[company]
owned = ["+3228160257", "+3228160258"]
cli = "+3228160257"

[[manager]]
name = "Ann"
emails = ["ann@example.com"]
origin = "+3228160258"

[[calendar]]
name = "sales"
file = "sales.ics"
origin = "+3228160258"

[provider]
url = "http://127.0.0.1:1/vca/1.0.0"
token_url = "http://127.0.0.1:1/token"
client_id = "tests"
client_secret = { file = "secret" }
"""


def write(folder: Path, text: str = VALID) -> Path:
    """The file, and the secret that the valid one names."""
    (folder / "secret").write_text(PASSWORD + "\n")
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path, read: Callable[[Path], object] = read_config) -> tuple[str, ...]:
    """Every problem as people read it, without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert PASSWORD not in str(caught.value)
    return tuple(str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems)


def problem_in(folder: Path, text: str) -> str:
    """The one problem of the valid file with ``text`` after it."""
    (problem,) = problems_of(write(folder, VALID + text))
    return problem
