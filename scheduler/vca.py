"""The Voice Call-out API's request, answer and Call Detail Record (CDR) as types, for client and gateway.

Source: the operator's page, "Voice Call-out API". Requests carry numbers as ``+32…``, CDRs as ``32…``;
``presentation`` is upper case in requests and lower case in CDRs; times are whole seconds, UTC, with ``Z``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

JsonObject = Mapping[str, Any]


class Presentation(StrEnum):
    """Whether B sees the CLI (or A's number where there is no CLI)."""

    ALLOWED = "ALLOWED"
    RESTRICTED = "RESTRICTED"

    @classmethod
    def read(cls, text: str | None) -> Presentation:
        """Any case; empty or absent means ALLOWED.

        :raises ValueError: another word.
        """
        return cls((text or "ALLOWED").strip().upper() or "ALLOWED")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """The body of ``POST /call``; numbers in E.164."""

    origin: str
    destination: str
    cli: str = ""
    presentation: Presentation = Presentation.ALLOWED
    callback: str = ""

    def to_json(self) -> dict[str, str]:
        """The body as the page shows it; what is empty is left out."""
        body = {
            "origin": self.origin,
            "destination": self.destination,
            "presentation": self.presentation.value,
        }
        if self.cli:
            body["cli"] = self.cli
        if self.callback:
            body["callback"] = self.callback
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdr:
    """One CDR, read tolerantly: a missing or unreadable field is ``None`` or empty, and ``raw`` keeps all.

    ``call_two_setup`` and ``call_two_release`` are not on the operator's page, which shows no answered call;
    the gateway writes them.
    """

    session_id: str
    origin: str  # digits with a plus, whatever the CDR had
    destination: str
    presentation: str
    request_time: datetime | None
    call_one_setup: datetime | None
    call_one_release: datetime | None
    call_two_setup: datetime | None
    call_two_release: datetime | None
    duration: timedelta | None
    release_info: str
    raw: JsonObject = field(repr=False)

    @property
    def complete(self) -> bool:
        """Whether it tells how the call ended; an operator might list a call that is still going on."""
        return self.duration is not None and (self.call_one_release is not None or bool(self.release_info))

    @property
    def raw_text(self) -> str:
        """The JSON as it is kept: keys sorted, so that equal CDRs are equal texts."""
        # In ASCII: JSON may carry half of a surrogate pair, which no file or database takes as it is.
        return json.dumps(self.raw, sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableCdr:
    """An item of the list that is no CDR; kept all the same, since it may be what is left of one."""

    raw_text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrPage:
    """One page of ``GET /cdr``; pages count from 0."""

    items: tuple[Cdr, ...]
    current_page: int
    last_page: int
    total_elements: int
    unreadable: tuple[UnreadableCdr, ...] = ()


def read_cdr(raw: object) -> Cdr:
    """Read one CDR; unknown keys stay in ``raw``.

    :raises ValueError: not a JSON object, or nothing in it that could tell which call it is about.
    """
    if not isinstance(raw, Mapping):
        raise ValueError("a CDR must be a JSON object")
    cdr = Cdr(
        session_id=_text(raw, "sessionId"),
        origin=_plus(_text(raw, "origin")),
        destination=_plus(_text(raw, "destination")),
        presentation=_text(raw, "presentation").upper(),
        request_time=_time(raw, "requestTime"),
        call_one_setup=_time(raw, "callOneSetup"),
        call_one_release=_time(raw, "callOneRelease"),
        call_two_setup=_time(raw, "callTwoSetup"),
        call_two_release=_time(raw, "callTwoRelease"),
        duration=_seconds(raw, "callDuration"),
        release_info=_text(raw, "callReleaseInfo"),
        raw=dict(raw),
    )
    if not (cdr.session_id or (cdr.origin and cdr.destination)):
        raise ValueError("a CDR without sessionId, origin and destination belongs to no call")
    return cdr


def read_cdr_page(body: object) -> CdrPage:
    """Read the answer of ``GET /cdr``; items that can't be read are kept apart, not fatal.

    :raises ValueError: not an object with a list of ``items``.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("items"), list):
        raise ValueError("the answer to GET /cdr has no list of items")
    cdrs, unreadable = [], []
    for item in body["items"]:
        try:
            cdrs.append(read_cdr(item))
        except ValueError:
            unreadable.append(UnreadableCdr(raw_text=json.dumps(item, sort_keys=True)))
    meta = body.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    return CdrPage(
        items=tuple(cdrs),
        current_page=_count(meta, "currentPage"),
        last_page=_count(meta, "lastPage"),
        total_elements=_count(meta, "totalElements"),
        unreadable=tuple(unreadable),
    )


def write_time(instant: datetime) -> str:
    """``2021-10-19T14:13:57Z``, as CDRs show times."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def read_time(text: str) -> datetime:
    """An ISO 8601 time with a zone, as ``from`` and ``till`` take it; without one it is taken as UTC.

    :raises ValueError: not a time.
    """
    instant = datetime.fromisoformat(text)
    try:
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is outside the years that can be told in UTC") from None


def _text(raw: JsonObject, key: str) -> str:
    """What can be stored: half of a surrogate pair becomes a question mark."""
    value = raw.get(key)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    return str(value).encode("utf-8", "replace").decode().strip()


def _plus(number: str) -> str:
    return f"+{number}" if number and not number.startswith("+") else number


def _time(raw: JsonObject, key: str) -> datetime | None:
    try:
        return read_time(_text(raw, key))
    except ValueError:
        return None


def _seconds(raw: JsonObject, key: str) -> timedelta | None:
    try:
        seconds = float(raw[key])
        return timedelta(seconds=seconds) if seconds >= 0 else None
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _count(meta: JsonObject, key: str) -> int:
    value = meta.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
