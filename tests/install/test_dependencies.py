"""constraints.txt and docs/dependencies.md: what they say is what is installed."""

from __future__ import annotations

import re

from tests.install.dependencies import CONSTRAINTS, DOCUMENT, dependencies, table_text, written_table

REMEDY = "write them anew with `make dependencies`"


def test_every_package_that_is_installed_is_there_with_the_version_that_is_tested() -> None:
    lines = set(CONSTRAINTS.read_text().splitlines())
    missing = [
        f"{one.name}=={one.version}" for one in dependencies("demo") if f"{one.name}=={one.version}" not in lines
    ]
    assert missing == [], REMEDY


def test_the_document_tells_each_packages_licence() -> None:
    assert written_table() == table_text(), REMEDY


def test_every_package_says_its_licence() -> None:
    assert [one.name for one in dependencies("demo") if one.licence == "not said"] == []


def test_nothing_that_the_program_itself_needs_is_under_the_gpl_alone() -> None:
    assert [one.name for one in dependencies() if _is_gpl_alone(one.licence)] == []


def test_what_is_under_the_gpl_alone_is_optional_and_said() -> None:
    (gpl,) = [one for one in dependencies("demo") if _is_gpl_alone(one.licence)]
    assert gpl.name == "radicale"
    assert "Under the GPL alone: Radicale" in DOCUMENT.read_text()


def _is_gpl_alone(licence: str) -> bool:
    return re.search(r"\bGPL|GNU General Public", licence) is not None and " OR " not in licence
