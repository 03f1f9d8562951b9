"""What a browser sends when a button is pressed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request

_LARGEST = 65_536  # bytes
_MOST_FIELDS = 50


class FormRefused(ValueError):
    """What was sent can't be taken; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields by name; of several with one name the last."""

    fields: dict[str, str]

    def text(self, name: str) -> str:
        """On one line, without control characters; "" where it is empty or missing."""
        line = " ".join(self.fields.get(name, "").split())
        return "".join(letter for letter in line if letter.isprintable())

    def moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        """What ``<input type="datetime-local">`` gives, as a wall clock of ``zone`` shows it.

        :raises FormRefused: it is no time.
        """
        text = self.text(name)
        if not text:
            return None
        try:
            return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise FormRefused(f"{text!r} is no time: write it as 2026-11-23T14:30") from None


def own_path(text: str) -> str:
    """A path of this page, and of nobody else's; else that of the first page."""
    harmless = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if harmless else "/"


async def read_form(request: Request) -> Form:
    """:raises FormRefused: it is larger than any form of ours, or no form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise FormRefused("that is more than any form here holds")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise FormRefused("that is no form of this page") from None
    return Form(fields=dict(pairs))
