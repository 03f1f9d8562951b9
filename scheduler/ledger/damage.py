"""A ledger that was found damaged isn't used again until somebody has restored it: it might ring calls twice."""

from __future__ import annotations

from pathlib import Path

from scheduler.database import HOW_TO_RESTORE, translated
from scheduler.errors import DatabaseCorrupt


def damage_path(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".damaged")


def mark_damaged(ledger: Path, finding: str) -> None:
    """:raises DatabaseUnusable: the mark can't be written."""
    with translated(damage_path(ledger)):
        damage_path(ledger).write_text(f"{finding}\n", encoding="utf-8")


def remove_damage_mark(ledger: Path) -> None:
    """Another ledger is in its place."""
    with translated(damage_path(ledger)):
        damage_path(ledger).unlink(missing_ok=True)


def refuse_damaged(ledger: Path) -> None:
    """:raises DatabaseCorrupt: a daemon found it damaged, and the mark that it left is still there."""
    mark = damage_path(ledger)
    if mark.exists():
        raise DatabaseCorrupt(f"{ledger} was found damaged: {HOW_TO_RESTORE}. It is {mark} that says so")
