"""What ``[log]`` says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LogFormat(StrEnum):
    """The shape of the lines, and where they go."""

    HUMAN = "human"  # text, to standard error
    JSON = "json"  # an object a line, to standard error
    JOURNAL = "journal"  # fields, to systemd's journal


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How the process logs."""

    level: str = "INFO"
    format: LogFormat = LogFormat.HUMAN
    personal: bool = False  # whether numbers and names are shown
