"""Where a calendar shows what became of its appointments."""

from __future__ import annotations

from enum import StrEnum


class Shown(StrEnum):
    """Where outcomes are written, besides the ledger."""

    OFF = "off"
    EVENT = "event"  # into the event itself
