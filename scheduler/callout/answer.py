"""What became of one request to place a call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has the call."""

    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Nothing reached the provider: it may be tried again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """We sent nothing, since in the last moment it might not ring any more: it is judged again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedForNow:
    """The provider didn't take it, and says when it might."""

    reason: str
    retry_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider will not place this call."""

    reason: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unauthorized:
    """The provider didn't take the token, which is forgotten by now: a new attempt asks for another."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PerhapsSent:
    """Nobody can tell whether phones ring: never sent again, but looked up in the provider's records."""

    reason: str


PlaceAnswer: TypeAlias = Accepted | NotSent | Withheld | RefusedForNow | Refused | Unauthorized | PerhapsSent
