"""A calendar in one iCalendar file, on disk or at an address; changes are told by a digest for each UID."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from scheduler.calendars.feed import MOST_EVENTS, FeedTooLarge, Seen, Split, split
from scheduler.errors import (
    BodyTooLarge,
    HttpError,
    NotSent,
    PerhapsSent,
    ProviderError,
    SourceUnreachable,
    SourceUnreadable,
)
from scheduler.http import Http
from scheduler.login import STRANGER, Login, Tokens, auth_of
from scheduler.response import Response
from scheduler.sources.files import opened, stamp_of
from scheduler.sources.refusal import LATER, refusal, without_token
from scheduler.sources.source import Fetched, FetchedObject, SourceState, hash_of, usable
from scheduler.wire import host_of

_FEED_FRESH_FOR = timedelta(minutes=1)
MOST_BYTES = 100_000_000

_PIECE = 524_288  # bytes: what is done with one of them keeps other threads waiting for about a millisecond
_IN_MEMORY = 1_000_000  # bytes of an answer; a bigger one goes to a temporary file


@dataclass(frozen=True, slots=True, kw_only=True)
class IcsSettings:
    """Either ``path`` or ``url``; a ``webcal://`` address means https."""

    name: str
    path: Path | None = None
    url: str = field(default="", repr=False)  # a secret of its own, with many providers
    login: Login = STRANGER
    limit: int = MOST_BYTES  # bytes, decompressed
    most_events: int = MOST_EVENTS
    deadline: float = 60.0  # seconds for the whole answer


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A file's bytes, piece by piece, from its start at each iteration."""

    file: IO[bytes]

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            yield piece


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    pieces: _Pieces
    etag: str = ""
    last_modified: str = ""
    stamp: str = ""  # of a file


class IcsSource:
    """A feed, read whole, and compared event by event with what was read last, else UID by UID."""

    def __init__(self, settings: IcsSettings, http: Http, tokens: Tokens | None = None) -> None:
        self._settings = settings
        self._http = http
        self._auth = auth_of(settings.login, tokens)
        self._url = _as_http(settings.url)
        # An upgrade may cut a feed in another way, though not a byte of it has changed.
        program = version("call-scheduler")
        self._asked = hash_of(program, str(settings.path or ""), settings.url, settings.login.username)
        self._seen: tuple[str, Seen] | None = None  # the digest of the feed that was read last, and how it was

    @property
    def name(self) -> str:
        return self._settings.name

    def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
        """As ``Source.fetch`` says; the hrefs are UIDs, the etags digests."""
        return self._fetch(usable(state, self._asked, known), known, self._settings.deadline)

    @property
    def server(self) -> str:
        return host_of(self._url) if self._url else ""

    @property
    def fresh_for(self) -> timedelta:
        """A feed is always fetched whole, which isn't asked of a server all the time."""
        return timedelta() if self._settings.path else _FEED_FRESH_FOR

    def look(
        self,
        state: SourceState | None,
        known: Mapping[str, str],
        hrefs: Collection[str],  # noqa: ARG002
        seconds: float,
    ) -> Fetched:
        """As ``LookSource.look`` says: a feed has no single objects, and a file with the same stamp isn't read."""
        last = usable(state, self._asked, known)
        if self._settings.path and last.stamp and last.stamp == stamp_of(self._settings.path):
            return Fetched(state=last, unchanged=True)
        return self._fetch(last, known, seconds)

    def _fetch(self, last: SourceState, known: Mapping[str, str], deadline: float) -> Fetched:
        with self._opened(last, deadline) as feed:
            if feed is None:
                return Fetched(state=last, unchanged=True)
            new = replace(
                last,
                etag=feed.etag,
                last_modified=feed.last_modified,
                stamp=feed.stamp,
                digest=self._digest(feed.pieces),
            )
            if new.digest == last.digest:
                return Fetched(state=new, unchanged=True)
            found = self._cut(feed.pieces, last)
            self._seen = (new.digest, found.seen)
            return _compared(new, found, known)

    @contextmanager
    def _opened(self, last: SourceState, deadline: float) -> Iterator[_Feed | None]:
        """The feed, ready to be read; None where the server says that it is the same."""
        if self._settings.path is None:
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
                yield self._get(last, file, deadline)
            return
        try:
            with opened(self._settings.path) as (file, stamp):
                yield _Feed(pieces=_Pieces(file), stamp=stamp)
        except SourceUnreachable as error:
            raise SourceUnreachable(self.name, f"{error.source}: {error.reason}", remedy=error.remedy) from None

    def _digest(self, pieces: _Pieces) -> str:
        digest, size = hashlib.sha256(), 0
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            if size > self._settings.limit:
                raise self._too_large(f"it has more than {self._settings.limit} bytes", "most_bytes")
        return digest.hexdigest()

    def _cut(self, pieces: _Pieces, last: SourceState) -> Split:
        """Only what differs from the feed that the stored objects came from, where that is still known."""
        digest, seen = self._seen or ("", None)
        try:
            return split(
                pieces, seen if digest and digest == last.digest else None, most_events=self._settings.most_events
            )
        except FeedTooLarge as error:
            raise self._too_large(str(error), "most_events") from None
        except ValueError as error:
            raise SourceUnreadable(
                self.name, str(error), remedy="nothing is changed until it is whole again"
            ) from None

    def _too_large(self, reason: str, option: str) -> SourceUnreadable:
        return SourceUnreadable(
            self.name, reason, remedy=f"nothing is changed; where it is meant, raise {option} of this calendar"
        )

    def _get(self, last: SourceState, file: IO[bytes], deadline: float) -> _Feed | None:
        answer = self._answer(_conditions(last), file, deadline)
        if answer.status == 304 and last.digest:
            return None
        if answer.status != 200:
            raise refusal(self.name, host_of(self._url), answer.status)
        return _Feed(
            pieces=_Pieces(file),
            etag=answer.headers.get("ETag", ""),
            last_modified=answer.headers.get("Last-Modified", ""),
        )

    def _answer(self, headers: Mapping[str, str], file: IO[bytes], deadline: float) -> Response:
        settings = self._settings
        try:
            return self._http.get(
                self._url,
                headers=headers,
                auth=self._auth,
                tls=settings.login.tls,
                limit=settings.limit,
                deadline=deadline,
                into=file,
            )
        except ProviderError as error:
            raise without_token(self.name, error) from None
        except BodyTooLarge as error:
            raise self._too_large(str(error), "most_bytes") from None
        except (NotSent, PerhapsSent) as error:
            raise SourceUnreachable(self.name, str(error), remedy=LATER) from None
        except HttpError as error:
            raise SourceUnreadable(self.name, str(error), remedy="check its url") from None


def _compared(state: SourceState, found: Split, known: Mapping[str, str]) -> Fetched:
    if found.whole:
        known = dict(known)
        deleted = known.keys() - {one.href for one in found.objects} if known else set()
    else:
        deleted = {href for href in found.gone if href in known}
    changed = tuple(
        FetchedObject(href=one.href, etag=one.digest, data=one.data)
        for one in found.objects
        if not known or known.get(one.href) != one.digest
    )
    return Fetched(
        state=state,
        changed=changed,
        deleted=tuple(sorted(deleted)),
        complete=True,
        unchanged=not changed and not deleted,
    )


def _as_http(url: str) -> str:
    scheme, colon, rest = url.partition(":")
    return f"https:{rest}" if colon and scheme.lower() in ("webcal", "webcals") else url


def _conditions(last: SourceState) -> dict[str, str]:
    """RFC 9110, 13.1; only for a feed that was taken over, so that a 304 can be believed."""
    conditions = {"If-None-Match": last.etag, "If-Modified-Since": last.last_modified}
    return {name: value for name, value in conditions.items() if value and last.digest}
