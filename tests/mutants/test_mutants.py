"""The suite itself is tried: each defect is put into a copy of the tree, and its tests must turn red there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.mutants import MUTANTS, Mutant
from tests.torture_table import Tell

_ROOT = Path(__file__).parents[2]
_GREEN, _RED = 0, 1  # pytest's exit codes; any other says that the tests didn't run

each_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.defect)


def copy_tree(folder: Path) -> Path:
    """What the tests need of the checkout."""
    tree = folder / "tree"
    for name in ("scheduler", "tests", "docs", "benchmarks"):
        shutil.copytree(_ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "config.example.toml", "README.md", "Makefile"):
        shutil.copy(_ROOT / name, tree)
    return tree


def run_tests(tree: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """With ``-m`` the tree's own package comes before the installed one."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "--tb=short", *tests],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


@each_mutant
def test_the_text_that_the_defect_changes_is_there_once(mutant: Mutant, tmp_path: Path) -> None:
    copy = tmp_path / mutant.file
    copy.parent.mkdir(parents=True)
    shutil.copy(_ROOT / mutant.file, copy)
    mutant.apply(tmp_path)
    assert copy.read_text() != (_ROOT / mutant.file).read_text()


def test_a_text_that_is_gone_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("pass\n")
    mutant = Mutant(defect="nothing is done", file="code.py", was="return", becomes="pass", tests=())
    with pytest.raises(LookupError, match=r"holds 'return' 0 times.*'nothing is done'"):
        mutant.apply(tmp_path)


@pytest.mark.torture
def test_without_a_defect_the_tests_of_all_mutants_are_green(tmp_path: Path) -> None:
    tests = sorted({name for mutant in MUTANTS for name in mutant.tests})
    done = run_tests(copy_tree(tmp_path), *tests)
    assert done.returncode == _GREEN, done.stdout


@pytest.mark.torture
@each_mutant
def test_the_suite_turns_red_for_the_defect(mutant: Mutant, tmp_path: Path, tell: Tell) -> None:
    tree = copy_tree(tmp_path)
    mutant.apply(tree)
    done = run_tests(tree, *mutant.tests)
    tell("mutants", mutants=1, caught=int(done.returncode == _RED))
    assert done.returncode == _RED, done.stdout + done.stderr
