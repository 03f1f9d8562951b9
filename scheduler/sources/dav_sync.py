"""What has changed in a WebDAV collection since a sync-token (RFC 6578), whatever kind of objects it holds.

Hrefs are decoded paths, since servers encode one and the same path in several ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import unquote, urlsplit

from scheduler.sources.source import Fetched, FetchedObject, SourceState

BATCH = 100  # objects asked for at once
# Besides 403 with its precondition; 500 is Xandikos' answer to a token that isn't one of its own.
TOKEN_REFUSED = (400, 409, 410, 412, 418, 500, 507)
NO_SUCH_REPORT = (400, 405, 415, 422, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What there is, or has changed: href → etag ("" where the server gives none)."""

    etags: Mapping[str, str]
    gone: frozenset[str] = frozenset()
    complete: bool
    sync_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentObject:
    """What the server sends for one href: 404 where it is gone."""

    status: int
    etag: str
    data: bytes
    uid: str = ""  # of what it holds, where it may be looked at alone


class UselessAnswer(Exception):
    """A multistatus that lacks what was asked for; the text says what."""


class TokenRefused(Exception):
    """The sync-token has expired, or was never one of this collection's."""


class NoSyncCollection(Exception):
    """The server has no such report: the collection is listed whole each time."""


class DavCollection(Protocol):
    """One collection on a server, and the three questions that it is asked; each is a request."""

    def changes_since(self, sync_token: str) -> Listing:
        """Without a token everything.

        :raises TokenRefused: begin anew without one.
        :raises NoSyncCollection: ask ``everything`` instead.
        :raises UselessAnswer: no new token came with it.
        """

    def everything(self) -> Listing:
        """:raises UselessAnswer: the answer says nothing of the collection itself, so it isn't a list of it."""

    def load(self, hrefs: Sequence[str]) -> Mapping[str, SentObject]:
        """The objects as the server has them, by href."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    changed: tuple[FetchedObject, ...]
    gone: frozenset[str]
    faults: tuple[tuple[str, str], ...]


def href_of(url: object) -> str:
    return unquote(urlsplit(str(url)).path)


def fetch_changes(collection: DavCollection, last: SourceState, known: Mapping[str, str]) -> Fetched:
    """One request where nothing has changed, two where something has.

    :raises UselessAnswer: from which nothing may be concluded.
    """
    listing, lists_only = _listed(collection, last)
    wanted = [href for href, etag in listing.etags.items() if not etag or etag != known.get(href)]
    loaded = _load(collection, wanted, listing)
    gone = listing.gone | loaded.gone
    if listing.complete:
        gone |= known.keys() - listing.etags.keys()
    # What couldn't be loaded is listed once more if the token stays where it is.
    sync_token = last.sync_token if loaded.faults else listing.sync_token
    deleted = tuple(sorted(gone & known.keys()))
    return Fetched(
        state=replace(last, sync_token=sync_token, lists_only=lists_only),
        changed=loaded.changed,
        deleted=deleted,
        complete=listing.complete,
        unchanged=not (loaded.changed or deleted or loaded.faults),
        faults=loaded.faults,
    )


def look_at(
    collection: DavCollection, last: SourceState, known: Mapping[str, str], hrefs: Sequence[str]
) -> Fetched:
    """These objects alone, a request for each ``BATCH`` of them.

    :raises UselessAnswer: from which nothing may be concluded.
    """
    loaded = _load(collection, hrefs, Listing(etags=dict.fromkeys(hrefs, ""), complete=False))
    changed = tuple(one for one in loaded.changed if not one.etag or one.etag != known.get(one.href))
    return Fetched(
        state=last,
        changed=changed,
        deleted=tuple(sorted(loaded.gone)),
        unchanged=not (changed or loaded.gone or loaded.faults),
        faults=loaded.faults,
        whole=False,
    )


def _listed(collection: DavCollection, last: SourceState) -> tuple[Listing, bool]:
    """The changes since the last fetch, or everything; and whether the server can only do the latter."""
    if last.lists_only:
        return collection.everything(), True
    try:
        return _changes_or_everything(collection, last.sync_token), False
    except NoSyncCollection:
        return collection.everything(), True


def _changes_or_everything(collection: DavCollection, sync_token: str) -> Listing:
    if sync_token:
        try:
            return collection.changes_since(sync_token)
        except TokenRefused:
            pass  # what was deleted meanwhile shows by comparison
    return collection.changes_since("")


def _load(collection: DavCollection, hrefs: Sequence[str], listing: Listing) -> _Loaded:
    changed: list[FetchedObject] = []
    gone: set[str] = set()
    faults: list[tuple[str, str]] = []
    for start in range(0, len(hrefs), BATCH):
        batch = hrefs[start : start + BATCH]
        answers = collection.load(batch)
        if not answers.keys() & set(batch):
            raise UselessAnswer("an answer without any of the objects that were asked for")
        for href in batch:
            found = _read(href, answers.get(href), listing.etags[href])
            if isinstance(found, FetchedObject):
                changed.append(found)
            elif found:
                faults.append((href, found))
            else:
                gone.add(href)
    return _Loaded(changed=tuple(changed), gone=frozenset(gone), faults=tuple(faults))


def _read(href: str, answer: SentObject | None, listed_etag: str) -> FetchedObject | str | None:
    """The object; or what is wrong with the answer; or None where it has been deleted since it was listed."""
    if answer is None:
        return "the server doesn't answer for it"
    if answer.status == 404:
        return None
    if not answer.data.strip():
        return "the server sends nothing of its content"
    return FetchedObject(href=href, etag=answer.etag or listed_etag, data=answer.data, uid=answer.uid)
