"""``[log]``: how the daemon and the gateway log."""

from __future__ import annotations

from typing import Annotated, Literal

from scheduler.config.values import Table, Upper
from scheduler.logs import LogFormat, LogSettings


class LogTable(Table):
    level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Upper] = "INFO"
    format: LogFormat = LogFormat.HUMAN
    personal: Literal["masked", "shown"] = "masked"


def build_log(table: LogTable) -> LogSettings:
    return LogSettings(level=table.level, format=table.format, personal=table.personal == "shown")
