"""From a record to its line: for people, or as JSON; masked unless personal data is to be shown."""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from scheduler.errors import CallSchedulerError
from scheduler.logs.about import call_in_hand
from scheduler.logs.masking import HIDDEN, mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a record says, as it may be shown."""

    message: str
    traceback: str  # "" where it has none
    call: int | None  # the call that it is about

    @property
    def text(self) -> str:
        return f"{self.message}\n{self.traceback}" if self.traceback else self.message


def tell(record: logging.LogRecord, *, personal: bool) -> Told:
    """To be called in the thread that logs: it knows the call in hand."""
    message, error = record.getMessage(), record.exc_info[1] if record.exc_info else None
    return Told(
        message=message if personal else mask(message),
        traceback=_trace(error, personal=personal) if error else "",
        call=call_in_hand(),
    )


class HumanFormatter(logging.Formatter):
    """``INFO scheduler.daemon: ready``, and the call where the sentence itself doesn't name it."""

    def __init__(self, *, personal: bool) -> None:
        super().__init__()
        self._personal = personal

    def format(self, record: logging.LogRecord) -> str:
        told = tell(record, personal=self._personal)
        named = told.call is None or re.search(rf"\bcall {told.call}\b", told.message)
        call = "" if named else f"call {told.call}: "
        return f"{record.levelname} {record.name}: {call}{told.text}"


class JsonFormatter(logging.Formatter):
    """One object a line; what there is nothing to say of is left out."""

    def __init__(self, *, personal: bool) -> None:
        super().__init__()
        self._personal = personal

    def format(self, record: logging.LogRecord) -> str:
        told = tell(record, personal=self._personal)
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "call": told.call,
            "message": told.message,
            "traceback": told.traceback or None,
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=False)


def _trace(error: BaseException, *, personal: bool) -> str:
    if personal:
        return "".join(traceback.format_exception(error)).rstrip()
    return "\nwhich led to:\n".join("".join(_lines(one)).rstrip() for one in reversed(list(_chain(error))))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it came of, as tracebacks show it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _lines(error: BaseException) -> Iterator[str]:
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_words(error)}"


def _words(error: BaseException) -> str:
    """Of others' errors nobody knows what they quote: a name that wasn't found, a line that can't be read."""
    if isinstance(error, CallSchedulerError):
        return mask(str(error))
    return (isinstance(error, OSError) and error.strerror) or f'{HIDDEN} (shown with personal = "shown" in [log])'
