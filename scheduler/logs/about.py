"""Which call the lines are about that a thread logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CALL: ContextVar[int | None] = ContextVar("call", default=None)


@contextmanager
def about_call(call_id: int) -> Iterator[None]:
    """Whatever is logged inside carries the call's id, by whichever module."""
    token = _CALL.set(call_id)
    try:
        yield
    finally:
        _CALL.reset(token)


def call_in_hand() -> int | None:
    """The call that the running thread or task is busy with."""
    return _CALL.get()
