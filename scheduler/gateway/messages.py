"""The JSON of the API, field by field as on the operator's page."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from scheduler.gateway.line import AcceptedCall, CallEnd
from scheduler.vca import write_time


class Message(BaseModel):
    """Written in camel case, as the operator does."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class CallBody(Message):
    """The body of ``POST /call``; unknown keys are ignored."""

    origin: str = Field(examples=["+3228160257"])
    destination: str = Field(examples=["+32468373901"])
    cli: str | None = None
    presentation: str | None = Field(default=None, examples=["ALLOWED"])
    callback: str | None = Field(default=None, examples=["https://example.com/cdr"])


class CallAnswer(Message):
    """``{"sessionId": "123456"}``."""

    session_id: str


class TokenAnswer(BaseModel):
    """RFC 6749, section 5.1; ``expires_in`` is in seconds."""

    access_token: str
    token_type: str = "Bearer"
    expires_in: int


class CdrItem(Message):
    """One CDR. Numbers have no plus, times are whole seconds; the second leg's only where B answered."""

    session_id: str
    origin: str
    destination: str
    presentation: str
    request_time: str
    call_one_release: str
    call_one_setup: str
    call_two_release: str | None = None
    call_two_setup: str | None = None
    call_duration: int
    call_release_info: str
    web_rtc: bool = Field(default=False, alias="webRTC")


class CdrMeta(Message):
    """Pages count from 0; without any CDR the last page is 0 too."""

    current_page: int
    total_elements: int
    last_page: int


class CdrList(Message):
    """The answer of ``GET /cdr``."""

    items: list[CdrItem]
    meta: CdrMeta


def cdr_item(call: AcceptedCall, end: CallEnd) -> CdrItem:
    """The CDR of a call that is over."""
    return CdrItem(
        session_id=str(call.session_id),
        origin=call.origin.e164.removeprefix("+"),
        destination=call.destination.e164.removeprefix("+"),
        presentation=call.presentation.lower(),
        request_time=write_time(call.requested_at),
        call_one_setup=write_time(end.call_one_setup_at),
        call_one_release=write_time(end.call_one_release_at),
        call_two_setup=_time(end.call_two_setup_at),
        call_two_release=_time(end.call_two_release_at),
        # A second that has begun counts, or the shortest conversation would look unanswered.
        call_duration=math.ceil(_talked(end).total_seconds()),
        call_release_info=end.release_info,
    )


def cdr_json(call: AcceptedCall, end: CallEnd) -> dict[str, Any]:
    """The CDR as its callback carries it."""
    return cdr_item(call, end).model_dump(by_alias=True, exclude_none=True)


def cdr_list(items: list[CdrItem], *, page: int, limit: int, total: int) -> CdrList:
    last_page = max(0, math.ceil(total / limit) - 1)
    return CdrList(items=items, meta=CdrMeta(current_page=page, total_elements=total, last_page=last_page))


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else write_time(instant)


def _talked(end: CallEnd) -> timedelta:
    """How long B was connected."""
    if end.call_two_setup_at is None or end.call_two_release_at is None:
        return timedelta(0)
    return end.call_two_release_at - end.call_two_setup_at
