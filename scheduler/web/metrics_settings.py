"""Where metrics and health are served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Whoever reaches the address may read them: they hold no numbers and no names of people."""

    host: str
    port: int
