"""What each rule of a decision found, kept in order so that ``why`` can tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rule of a decision, and what it found: also where it found nothing wrong."""

    rule: str
    finding: str


@dataclass(frozen=True, slots=True)
class Verdict(Generic[T_co]):
    """What a rule decided; a ``value`` of ``None`` ends the decision, and ``finding`` is then its reason."""

    value: T_co | None
    finding: str


@dataclass(slots=True)
class Walk:
    """A decision under way: takes one rule's verdict after another, and remembers them."""

    steps: list[Step] = field(default_factory=list)

    def take(self, rule: str, verdict: Verdict[T]) -> T | None:
        """Note the verdict, and give its value."""
        self.steps.append(Step(rule=rule, finding=verdict.finding))
        return verdict.value
