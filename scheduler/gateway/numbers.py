"""The numbers of a call request: corrected to E.164, owned by the client, and not barred."""

from __future__ import annotations

from urllib.parse import urlsplit

from scheduler.errors import NumberError, RequestRefused
from scheduler.gateway.settings import GatewayClient
from scheduler.phone import NumberType, PhoneNumber, read_number
from scheduler.vca import Presentation

# Numbers that somebody pays for, or that no person answers.
_SPECIAL = frozenset(
    {NumberType.PREMIUM, NumberType.SHARED_COST, NumberType.PAGER, NumberType.VOICEMAIL}
)  # fmt: skip


def read_owned(text: str, field: str, client: GatewayClient, region: str) -> PhoneNumber:
    """A number that the client may call from or show.

    :raises RequestRefused: not a number, or not the client's (anti-spoofing).
    """
    number = _read(text, field, region)
    if number not in client.numbers:
        raise RequestRefused(
            status=403,
            message="Number not owned",
            description=f"{field}: {number.masked} isn't one of the numbers of client {client.client_id}: "
            "use one of its own, or have it added to the gateway's configuration",
        )
    return number


def read_destination(text: str, region: str) -> PhoneNumber:
    """A number that may be called.

    :raises RequestRefused: not a number, or an emergency, short, premium or other special one.
    """
    number = _read(text, "destination", region)
    if number.type in _SPECIAL:
        raise RequestRefused(
            status=403,
            message="Destination refused",
            description=f"destination: {number.masked} is a special number ({number.type.value}), "
            "which is never called",
        )
    return number


def read_presentation(text: str | None) -> Presentation:
    """:raises RequestRefused: neither ALLOWED nor RESTRICTED."""
    try:
        return Presentation.read(text)
    except ValueError as error:
        raise _invalid("presentation", "use ALLOWED or RESTRICTED, or leave it out") from error


def read_callback(text: str | None) -> str:
    """The URL that the CDR is sent to; empty where none is wanted.

    :raises RequestRefused: not an http or https URL.
    """
    url = (text or "").strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that isn't a number, a broken IPv6 address
        usable = False
    if not usable or any(character.isspace() for character in url):
        raise _invalid("callback", "give a whole http:// or https:// URL, or leave it out")
    return url


def _read(text: str, field: str, region: str) -> PhoneNumber:
    try:
        return read_number(text, region)
    except NumberError as error:
        raise _invalid(field, f"{error.reason}; give it in E.164, as in +3228160257") from error


def _invalid(field: str, description: str) -> RequestRefused:
    return RequestRefused(status=400, message="Invalid request", description=f"{field}: {description}")
