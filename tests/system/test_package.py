"""The source distribution and the wheel: all of the program is in them, and what they install works by itself."""

from __future__ import annotations

import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from scheduler.demo.scenes import SCENES
from tests.install.package import Installation, Package, ask, build_package, install_wheel
from tests.processes import command, daemon, gateway
from tests.servers import free_port
from tests.system.company import found_company, soon

pytestmark = pytest.mark.system

FOR_ADMINS = (
    "config.example.toml", "constraints.txt", "CHANGELOG.md", "README.md", "docs/rules.md", "docs/dependencies.md",
    "systemd/call-scheduler.service", "systemd/call-scheduler-gateway.service",
    "systemd/call-scheduler.sysusers.conf",
)  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return build_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def installed(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install_wheel(package.wheel, tmp_path_factory.mktemp("installed") / "venv")


def test_the_source_distribution_holds_the_whole_checkout(package: Package) -> None:
    with tarfile.open(package.sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert _files(package.source) - held == set()


def test_the_wheel_holds_every_file_of_the_package_and_the_licence(package: Package) -> None:
    held = set(zipfile.ZipFile(package.wheel).namelist())
    ours = {f"scheduler/{name}" for name in _files(package.source / "scheduler")}
    assert ours - held == set()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held)


def test_what_an_admin_needs_is_installed_beside_the_program(installed: Installation, package: Package) -> None:
    for name in FOR_ADMINS:
        assert (installed.shared / name).read_bytes() == (package.source / name).read_bytes(), name


def test_the_installed_program_says_its_version(installed: Installation, tmp_path: Path) -> None:
    assert version("call-scheduler") in ask(installed.program, "--version", folder=tmp_path)


def test_what_is_installed_checks_serves_its_page_and_finds_nothing_missing(
    installed: Installation, tmp_path: Path
) -> None:
    company = found_company(tmp_path)
    company.write_event(soon(3600))
    url = _open_page(company.config)
    python = str(installed.python)
    with gateway(company.config, python):
        checked = command(company.config, "check", python=python)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        with daemon(company.config, python):
            pages = list(_pages(url))
    assert "Quarterly review" in pages[0]
    assert all(pages)


def _open_page(config: Path) -> str:
    port = free_port()
    config.write_text(config.read_text().replace("enabled = false", f'listen = "127.0.0.1:{port}"'))
    return f"http://127.0.0.1:{port}"


def _pages(url: str) -> Iterator[str]:
    """A page that is made from templates, and the files that it names."""
    for path in ("/", "/static/style.css", "/static/live.js", "/static/icon.svg"):
        with urllib.request.urlopen(url + path, timeout=20) as answer:
            yield answer.read().decode()


def test_the_demo_of_what_is_installed_plays_to_its_end(installed: Installation, tmp_path: Path) -> None:
    assert ask(installed.program, "demo", folder=tmp_path).count("✓") == len(SCENES)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
