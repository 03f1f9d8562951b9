"""The distribution as a release is made, and an installation of it in a virtual environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.install.dependencies import CONSTRAINTS, ROOT

# What a checkout makes itself. An old egg-info would tell setuptools of files that it wouldn't find by itself.
_MADE = (".git", ".venv*", "*.egg-info", "build", "dist", "__pycache__", ".*_cache", ".hypothesis")
_MINUTES = 600


@dataclass(frozen=True, kw_only=True)
class Package:
    source: Path  # the checkout that it is made of
    sdist: Path
    wheel: Path


@dataclass(frozen=True, kw_only=True)
class Installation:
    folder: Path  # of the virtual environment

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def program(self) -> Path:
        return self.folder / "bin" / "call-scheduler"

    @property
    def shared(self) -> Path:
        """What comes with the program for an admin."""
        return self.folder / "share" / "call-scheduler"


def copy_checkout(to: Path) -> Path:
    """Without what it makes itself."""
    return shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(*_MADE))


def build_package(folder: Path) -> Package:
    """The source distribution, and the wheel made from it and not from the checkout."""
    source = copy_checkout(folder / "source")
    ask(sys.executable, "-m", "build", "--outdir", folder / "dist", source, folder=folder)
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return Package(source=source, sdist=sdist, wheel=wheel)


def install_wheel(wheel: Path, folder: Path) -> Installation:
    """As an admin does it, with the versions that are tested."""
    ask(sys.executable, "-m", "venv", folder, folder=folder.parent)
    ask(
        folder / "bin" / "pip", "install", "--quiet", "--constraint", CONSTRAINTS, f"{wheel}[demo]",
        folder=folder.parent,
    )  # fmt: skip
    return Installation(folder=folder)


def ask(*command: str | Path, folder: Path) -> str:
    """What it printed; far from the checkout, so that nothing of that is imported."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder, capture_output=True, text=True, timeout=_MINUTES, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout
