"""An HTTP answer as its readers get it, and what an error says in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

_LONGEST_INTEGER = 100  # digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, whatever its status; ``headers`` are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body read as JSON.

        :raises ValueError: it isn't JSON.
        """
        try:
            return json.loads(self.body, parse_int=_integer)
        except RecursionError:
            raise ValueError("JSON nested too deeply") from None


def said(response: Response) -> str:
    """What an error answer says, in one short line: the platform's fault, an OAuth error, or plain text."""
    try:
        text = _fault_text(response.json())
    except (ValueError, RecursionError):
        text = response.body[:2000].decode("utf-8", "replace")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "an HTML page" if line.startswith("<") else line[:200]


def _fault_text(body: object) -> str:
    if not isinstance(body, Mapping):
        return "" if body is None else str(body)
    inner = body.get("fault", body)
    if not isinstance(inner, Mapping):
        return str(inner)
    names = ("code", "error", "message", "description", "error_description", "detail")
    return ", ".join(str(inner[name]) for name in names if inner.get(name)) or str(dict(inner))


def _integer(digits: str) -> int | str:
    """A number of thousands of digits stays a text: Python refuses it, which would cost the whole answer."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits
