"""What a server's refusal means where a calendar was asked for."""

from __future__ import annotations

from scheduler.errors import (
    CredentialsRefused,
    ProviderError,
    SourceError,
    SourceForbidden,
    SourceReadOnly,
    SourceUnreachable,
    SourceUnreadable,
)
from scheduler.wire import host_of

_GONE = (404, 410)
_NOT_NOW = (408, 425, 429)
_NOT_IMPLEMENTED = 501  # as from a web server that is no CalDAV server

LATER = "it is tried again later; if that never helps, check its url"


def refusal(name: str, host: str, status: int, *, what: str = "calendar") -> SourceError:
    """The error for an answer that isn't a success; ``what`` was asked for."""
    if status == 401:
        return SourceForbidden(
            name,
            f"{host} refuses the login (401)",
            remedy="correct it in the configuration: username and password, or token",
        )
    if status == 403:
        return SourceForbidden(
            name, f"{host} forbids it (403)", remedy=f"let this user read the {what}, or use another user"
        )
    if status in _GONE:
        return SourceUnreadable(name, f"{host} has no {what} at this address ({status})", remedy="check its url")
    if status in _NOT_NOW or (status >= 500 and status != _NOT_IMPLEMENTED):
        return SourceUnreachable(name, f"{host} answers {status}", remedy="it is tried again later")
    return SourceUnreadable(name, f"{host} answers {status} instead of the {what}", remedy="check its url")


def read_only(name: str, host: str, status: int) -> SourceReadOnly:
    """The error where a calendar that can be read can't be written."""
    return SourceReadOnly(
        name,
        f"{host} doesn't let this user change its events ({status})",
        remedy='let this user write the calendar, or set its outcomes = "off"',
    )


def unprotected(name: str, url: str) -> SourceError:
    """The error where an answer over https names an http address to go on with."""
    return SourceUnreadable(
        name,
        f"it leads from https to {host_of(url)} over http, which would give the login away",
        remedy="let the server name https addresses, as behind a proxy, or give the url of the collection itself",
    )


def without_token(name: str, error: ProviderError) -> SourceError:
    """The error where OAuth gave no token to log in with."""
    if isinstance(error, CredentialsRefused):
        return SourceForbidden(
            name, str(error), remedy="correct client_id, client_secret or refresh_token of its oauth"
        )
    return SourceUnreachable(name, str(error), remedy="it is tried again later")
