"""What an installation brings with it, as the metadata of the installed packages tell it.

``python -m tests.install.dependencies``, or ``make dependencies``, writes constraints.txt and the table of
docs/dependencies.md anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
DOCUMENT = ROOT / "docs" / "dependencies.md"
OURS = "call-scheduler"
# sqlite-utils asks for pip, which is there before anything is installed and is no part of what we run.
_NOT_OURS_TO_FIX = {"pip"}
_TABLE = re.compile(r"^\| package \|.*?(?=^$|\Z)", re.MULTILINE | re.DOTALL)
_UNSAID = {"", "Dual License"}

_HEADER = """\
# The versions that call-scheduler is tested with, on Python 3.11:
#     pip install --constraint constraints.txt ...
# Written by `make dependencies`.
"""


@dataclass(frozen=True, kw_only=True)
class Dependency:
    name: str
    version: str
    licence: str
    brought_by: tuple[str, ...]


def dependencies(*extras: str) -> tuple[Dependency, ...]:
    """All that is installed with the program and these of its extras, by name."""
    brought_by: dict[str, set[str]] = {}
    for asking, name in _asked_for(OURS, extras, set()):
        brought_by.setdefault(name, set()).add(asking)
    return tuple(_dependency(name, tuple(sorted(brought_by[name]))) for name in sorted(brought_by))


def constraints_text() -> str:
    return _HEADER + "".join(f"{one.name}=={one.version}\n" for one in dependencies("demo"))


def table_text() -> str:
    rows = (f"| {one.name} | {one.licence} | {', '.join(one.brought_by)} |\n" for one in dependencies("demo"))
    return "".join(("| package | licence | brought by |\n|---|---|---|\n", *rows))


def written_table() -> str:
    """The table that stands in the document."""
    found = _TABLE.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found, f"{DOCUMENT} has no table that begins with | package |"
    return found[0]


def _asked_for(name: str, extras: Sequence[str], seen: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Who asks for whom, from ``name`` downwards; each package is walked once for each of its extras."""
    for extra in ("", *extras):
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for wanted in _requirements(name, extra):
            wanted_name = canonicalize_name(wanted.name)
            if wanted_name not in _NOT_OURS_TO_FIX:
                yield name, wanted_name
                yield from _asked_for(wanted_name, sorted(wanted.extras), seen)


def _requirements(name: str, extra: str) -> Iterator[Requirement]:
    for text in distribution(name).requires or ():
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
            yield wanted


def _dependency(name: str, brought_by: tuple[str, ...]) -> Dependency:
    found = distribution(name)
    return Dependency(name=name, version=found.version, licence=_licence(found), brought_by=brought_by)


def _licence(found: Distribution) -> str:
    """As the package itself says it: newer ones in SPDX's words, older ones in their own or as a classifier."""
    said = found.metadata.get("License-Expression") or (found.metadata.get("License") or "").partition("\n")[0]
    if said not in _UNSAID:
        return said
    classifiers = found.metadata.get_all("Classifier") or ()
    kinds = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: ")]
    return " or ".join(kinds) or "not said"


def _write() -> None:
    CONSTRAINTS.write_text(constraints_text(), encoding="utf-8")
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(text.replace(written_table(), table_text()), encoding="utf-8")


if __name__ == "__main__":
    _write()
