"""The floors, looked up in the source: who may import whom, and who a vendor.

Every import counts, wherever it stands. The rules are tried on small trees that break them, too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "scheduler"
FLOORS = (
    ("phone", "errors", "duration", "clock", "logs"),
    ("calendars", "vca"),
    ("calls",),
    (
        "http",
        "response",
        "oauth",
        "kept_token",
        "login",
        "tls",
        "wire",
        "database",
        "serving",
        "kept_server",
        "systemd",
        "loop",
        "lanes",
        "mail",
    ),
    ("sources", "ledger", "callout", "gateway", "timetable"),
    ("duties", "web"),
    ("config",),
    ("daemon", "service", "demo", "parts", "commands", "explain", "messages", "front", "outcomes"),
    ("cli", "__main__"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# Neighbours that don't know each other: the rooms of floor 4, and web, which duties need not wait for.
STRANGERS = {(one, other) for one in FLOORS[4] for other in FLOORS[4] if one != other} | {("web", "duties")}
DOORS = {
    "caldav": {"sources"},
    "niquests": {"sources"},
    "lxml": {"sources"},
    "requests": {"http", "oauth", "login"},
    "authlib": {"oauth"},
    "urllib3": {"wire"},
    "sqlite3": {"database"},
    "sqlite_utils": {"database"},
    "apscheduler": {"timetable"},
    "phonenumbers": {"phone"},
    "fastapi": {"gateway"},
    "starlette": {"web", "gateway"},
    "jinja2": {"web"},
    "markupsafe": {"web"},
    "prometheus_client": {"web"},
    "pydantic": {"web", "gateway", "config"},
    "pydantic_core": {"web", "gateway", "config"},
    "icalendar": {"calendars"},
    "recurring_ical_events": set(),
    "dateutil": set(),
    "click": {"cli"},
    "holidays": {"calls"},
    "smtplib": {"mail"},
}
PURE = {*FLOORS[0], *FLOORS[1], *FLOORS[2]} - {"clock", "logs"}
IMPURE_MODULES = {"logging", "time", "requests", "socket", "subprocess", "threading", "tempfile", "shutil"}
IMPURE_CALLS = {"open", "print", "input"}
CLOCK_READINGS = {"now", "utcnow", "today"}


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module, by its absolute name."""

    line: int
    target: str
    hidden: bool  # inside a function, or for the type checker alone


def faults_of(package: Path) -> list[str]:
    """Every broken rule in the tree under ``package``, whose folder's name is that of the package."""
    return [fault for path in sorted(package.rglob("*.py")) for fault in _faults_of_module(package, path)]


def _faults_of_module(package: Path, path: Path) -> Iterator[str]:
    where = path.relative_to(package)
    room = where.parts[0].removesuffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    if room not in FLOOR and where.name != "__init__.py":
        yield f"{where}: is assigned to no floor"
    for one in _imports(package, path, tree):
        for fault in _faults_of_import(package.name, room, one):
            yield f"{where}:{one.line}: {fault}"
    if room in PURE:
        for line, what in _impurities(tree):
            yield f"{where}:{line}: {what} on a pure floor"


def _faults_of_import(package: str, room: str, one: Import) -> Iterator[str]:
    first, _, rest = one.target.partition(".")
    if one.hidden:
        yield f"hides its import of {one.target}"
    if first == package and rest:
        target = rest.partition(".")[0]
        if FLOOR.get(target, -1) > FLOOR.get(room, -1):
            yield f"climbs to {one.target}"
        if (room, target) in STRANGERS:
            yield f"knows its neighbour {one.target}"
    elif room not in DOORS.get(first, {room}):
        yield f"is a second door to {first}"


def _imports(package: Path, path: Path, tree: ast.Module) -> Iterator[Import]:
    hidden = set(_hidden(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(package, path, node)
            # From the package itself, what is imported are its rooms.
            targets = [f"{origin}.{alias.name}" for alias in node.names] if origin == package.name else [origin]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            # Said openly, where a library is slow to import and seldom needed; its doors are the same.
            targets = [ast.literal_eval(argument) for argument in node.args[:1]]
            yield from (Import(line=node.lineno, target=target, hidden=False) for target in targets)
            continue
        else:
            continue
        yield from (Import(line=node.lineno, target=target, hidden=node in hidden) for target in targets)


def _absolute(package: Path, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    folder = path.parent
    for _ in range(node.level - 1):
        folder = folder.parent
    return ".".join((package.name, *folder.relative_to(package).parts, *filter(None, [node.module])))


def _hidden(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        for_the_type_checker = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if for_the_type_checker or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ast.walk(node)


def _impurities(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module)):
                modules = {module.partition(".")[0]}
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield node.lineno, f"{name}()"
                continue
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_READINGS:
                yield node.lineno, f"{name}()"
                continue
            case _:
                continue
        yield from ((node.lineno, module) for module in sorted(modules & IMPURE_MODULES))


def test_the_package_keeps_to_its_floors() -> None:
    assert faults_of(PACKAGE) == []


def test_every_room_of_the_plan_exists() -> None:
    missing = [room for room in FLOOR if not ((PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").exists())]
    assert missing == []


def faults_in(tmp_path: Path, modules: dict[str, str]) -> list[str]:
    """The faults of a package of these files."""
    package = tmp_path / "scheduler"
    for name, source in modules.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return faults_of(package)


def test_a_step_down_or_beside_is_allowed(tmp_path: Path) -> None:
    assert not faults_in(
        tmp_path,
        {
            "duties/place.py": "from scheduler.ledger.calls import Claim\nfrom scheduler import clock",
            "duties/look.py": "import logging",
            "duties/sync.py": "from scheduler.duties import place\nfrom . import place",
            "http.py": "import requests\nfrom scheduler.oauth import TokenSource",
            "clock.py": "import time\nfrom datetime import datetime\ndatetime.now()",
        },
    )


@pytest.mark.parametrize(
    "climb",
    [
        "import scheduler.ledger.calls",
        "import json, scheduler.ledger.calls as calls",
        "from scheduler.ledger import calls",
        "from scheduler.ledger.calls import Claim",
        "from scheduler import ledger",
        "from ..ledger import calls",
        "from .. import ledger",
        "try:\n    from scheduler.ledger import calls\nexcept ImportError:\n    pass",
    ],
)
def test_a_climb_is_found_however_it_is_written(tmp_path: Path, climb: str) -> None:
    (fault,) = faults_in(tmp_path, {"calls/timing.py": climb})
    assert fault.startswith("calls/timing.py:")
    assert "climbs to scheduler.ledger" in fault


@pytest.mark.parametrize(
    "source",
    [
        "def due():\n    from scheduler.ledger import calls",
        "async def due():\n    from scheduler.ledger import calls",
        "class Due:\n    def due(self):\n        import scheduler.ledger.calls",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from scheduler.ledger import calls",
        "import typing\nif typing.TYPE_CHECKING:\n    from scheduler.ledger import calls",
    ],
)
def test_a_hidden_climb_is_found_twice_over(tmp_path: Path, source: str) -> None:
    hides, climbs = faults_in(tmp_path, {"calls/timing.py": source})
    assert "hides its import of scheduler.ledger" in hides
    assert "climbs to scheduler.ledger" in climbs


def test_a_hidden_import_is_a_fault_even_when_it_steps_down(tmp_path: Path) -> None:
    (fault,) = faults_in(tmp_path, {"cli/run.py": "def run():\n    from scheduler.daemon import run_daemon"})
    assert fault == "cli/run.py:2: hides its import of scheduler.daemon"


@pytest.mark.parametrize(
    ("room", "neighbour"),
    [("ledger", "gateway"), ("callout", "ledger"), ("timetable", "ledger"), ("web", "duties")],
)
def test_neighbours_that_know_each_other_are_found(tmp_path: Path, room: str, neighbour: str) -> None:
    (fault,) = faults_in(tmp_path, {f"{room}/one.py": f"from scheduler.{neighbour} import two"})
    assert fault == f"{room}/one.py:1: knows its neighbour scheduler.{neighbour}"


def test_an_import_by_name_counts_as_any_other(tmp_path: Path) -> None:
    source = "from importlib import import_module\ndef late():\n    return import_module('holidays')"
    (fault,) = faults_in(tmp_path, {"duties/one.py": source})
    assert fault == "duties/one.py:3: is a second door to holidays"


@pytest.mark.parametrize("vendor", DOORS)
def test_a_second_door_to_a_vendor_is_found(tmp_path: Path, vendor: str) -> None:
    (fault,) = faults_in(tmp_path, {"duties/one.py": f"from {vendor}.inside import thing"})
    assert fault == f"duties/one.py:1: is a second door to {vendor}"


@pytest.mark.parametrize(
    "source",
    [
        "import logging",
        "from logging import getLogger",
        "import time",
        "from datetime import datetime\ndatetime.now()",
        "import datetime as d\nd.datetime.utcnow()",
        "from datetime import date\ndate.today()",
        "open('x')",
        "print('x')",
    ],
)
def test_what_is_impure_is_found_on_a_pure_floor(tmp_path: Path, source: str) -> None:
    (fault,) = faults_in(tmp_path, {"calendars/feed.py": source})
    assert fault.endswith("on a pure floor")


def test_a_vendor_on_a_pure_floor_is_found_for_both_reasons(tmp_path: Path) -> None:
    assert len(faults_in(tmp_path, {"vca.py": "import requests"})) == 2


def test_a_module_that_nobody_assigned_to_a_floor_is_found(tmp_path: Path) -> None:
    faults = faults_in(tmp_path, {"helpers.py": "", "common/one.py": "", "__init__.py": ""})
    assert faults == ["common/one.py: is assigned to no floor", "helpers.py: is assigned to no floor"]


def test_the_package_itself_imports_none_of_its_rooms(tmp_path: Path) -> None:
    (fault,) = faults_in(tmp_path, {"__init__.py": "from scheduler.phone import PhoneNumber"})
    assert fault == "__init__.py:1: climbs to scheduler.phone"
