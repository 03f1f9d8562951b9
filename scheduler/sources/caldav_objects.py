"""Reading and writing one object of a CalDAV collection, byte for byte, and only as it was when it was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from caldav.davclient import DAVClient
from caldav.lib import error
from caldav.lib.python_utilities import WireBytes

from scheduler.errors import SourceReadOnly, SourceUnreachable, SourceUnreadable
from scheduler.sources.caldav_session import Answer
from scheduler.sources.refusal import LATER, read_only, refusal
from scheduler.sources.source import Edit
from scheduler.wire import host_of

_TRIES = 5  # where somebody else writes in between
_FOUND = 200
_STORED = (200, 201, 204)
_GONE = (404, 410)
_CHANGED_MEANWHILE = 412
_NOT_WRITABLE = (403, 405, 501)


def edit_object(client: DAVClient, name: str, url: str, change: Callable[[bytes], bytes]) -> Edit:
    """Read, change and write; begun anew where somebody else wrote meanwhile, so that nobody's work is lost.

    :raises SourceError: SourceReadOnly where it may not be written.
    :raises DAVError: a refusal of reading it.
    """
    for _ in range(_TRIES):
        found = _get(client, name, url)
        if found is None:
            return Edit.GONE
        changed = change(found.content)
        if changed == found.content:
            return Edit.UNCHANGED
        if _put(client, name, url, changed, {"If-Match": _strong_etag(name, found)}):
            return Edit.WRITTEN
    raise SourceUnreachable(name, "somebody else changes the event all the time", remedy=LATER)


def _get(client: DAVClient, name: str, url: str) -> Answer | None:
    """The object itself; a report's XML has lost how its lines end. None where it is gone."""
    # Packed, some servers give it another ETag than the one that they compare with.
    status = client.request(url, "GET", headers={"Accept-Encoding": "identity"}).status
    if status in _GONE:
        return None
    if status != _FOUND:
        raise refusal(name, host_of(url), status, what="event")
    return _last(client)


def _put(client: DAVClient, name: str, url: str, data: bytes, condition: dict[str, str]) -> bool:
    """Whether the condition held, and it is stored."""
    headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
    try:
        status = client.request(url, "PUT", WireBytes(data), headers).status  # type: ignore[arg-type]
    except error.AuthorizationError as failed:
        if failed.status in _NOT_WRITABLE:
            raise read_only(name, host_of(url), failed.status) from None
        raise
    if status in _STORED:
        return True
    if status == _CHANGED_MEANWHILE:
        return False
    if status in _NOT_WRITABLE:
        raise read_only(name, host_of(url), status)
    if status < 400:
        raise SourceUnreadable(name, f"{host_of(url)} answers {status} where an event was to be stored")
    raise refusal(name, host_of(url), status)


def _strong_etag(name: str, found: Answer) -> str:
    """What a write can be bound to (RFC 9110, 13.1.1)."""
    etag = next((value for key, value in found.headers.items() if key.lower() == "etag"), "")
    if not etag or etag.startswith("W/"):
        raise SourceReadOnly(
            name,
            f"{host_of(found.url)} gives no strong ETag, so that a change of somebody else could be lost",
            remedy='set its outcomes = "off"',
        )
    return etag


def _last(client: DAVClient) -> Answer:
    session: Any = client.session
    last: Answer = session.last
    return last
