"""What an admin is told of by itself: what happened once, and what lasts until it is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """What an alert is about, as ``alerts.tell`` names it."""

    AUTH = "auth"  # a login is refused
    STALE = "stale"  # a calendar or an address book is older than it may be
    HELD = "held"  # the brake holds calls of a calendar
    PROVIDER = "provider"  # the provider takes no calls
    MISSED = "missed"
    UNKNOWN = "unknown"
    BARRED = "barred"
    FAILED = "failed"
    ALERT = "alert"  # whatever else the ledger holds as one


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell; ``title`` and ``remedy`` name no person and no number, ``detail`` might."""

    kind: AlertKind
    title: str
    remedy: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What lasts; ``name`` says which trouble it is for as long as it does."""

    name: str
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTrouble:
    """One that was begun and wasn't over yet when last looked at."""

    id: int
    name: str
    kind: AlertKind
    title: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleChanges:
    """What is news of the troubles."""

    begun: tuple[Trouble, ...]
    over: tuple[RecordedTrouble, ...]


def compare_troubles(present: Iterable[Trouble], recorded: Iterable[RecordedTrouble]) -> TroubleChanges:
    """What has begun and what is over since."""
    now, before = {one.name: one for one in present}, {one.name: one for one in recorded}
    return TroubleChanges(
        begun=tuple(one for name, one in now.items() if name not in before),
        over=tuple(one for name, one in before.items() if name not in now),
    )


_OF_CALLS = {
    AlertKind.MISSED: ("was missed", "`call-scheduler calls` tells why; ring the customer by hand"),
    AlertKind.UNKNOWN: (
        "ended as unknown: nobody has a record of how",
        "ask the manager, then `call-scheduler calls resolve {call}`",
    ),
    AlertKind.BARRED: (
        "was barred before any request",
        "`call-scheduler calls` tells by which rule; [barring] and [hours] hold them",
    ),
    AlertKind.FAILED: ("failed", "`call-scheduler calls` tells what the provider said; ring the customer by hand"),
}


def notice_of_call(kind: AlertKind, call_id: int) -> Notice:
    """For how a call ended."""
    what, remedy = _OF_CALLS[kind]
    return Notice(kind=kind, title=f"Call {call_id} {what}", remedy=remedy.format(call=call_id))


def notice_of_text(text: str) -> Notice:
    """For what the ledger holds as an alert in words of its own, which name nobody and the remedy."""
    return Notice(
        kind=AlertKind.ALERT,
        title=text,
        remedy="`call-scheduler check` shows it with what belongs to it; once seen: check --acknowledge",
    )
