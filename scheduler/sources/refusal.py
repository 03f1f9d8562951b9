"""What a server's status means where a calendar was asked for."""

from __future__ import annotations

from scheduler.errors import SourceError, SourceForbidden, SourceUnreachable, SourceUnreadable

_GONE = (404, 410)
_NOT_NOW = (408, 425, 429)


def refusal(name: str, host: str, status: int) -> SourceError:
    """The error for an answer that isn't a success."""
    if status == 401:
        return SourceForbidden(
            name, f"{host} refuses the username or password (401)", remedy="correct them in the configuration"
        )
    if status == 403:
        return SourceForbidden(
            name, f"{host} forbids it (403)", remedy="let this user read the calendar, or use another user"
        )
    if status in _GONE:
        return SourceUnreadable(name, f"{host} has no calendar at this address ({status})", remedy="check its url")
    if status in _NOT_NOW or status >= 500:
        return SourceUnreachable(name, f"{host} answers {status}", remedy="it is tried again later")
    return SourceUnreadable(name, f"{host} answers {status} instead of a calendar", remedy="check its url")
