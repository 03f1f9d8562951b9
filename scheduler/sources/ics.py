"""A calendar in one iCalendar file, on disk or at an address; changes are told by a digest for each UID."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from scheduler.calendars.feed import FeedObject, split
from scheduler.errors import (
    HttpError,
    NotSent,
    PerhapsSent,
    ProviderError,
    SourceUnreachable,
    SourceUnreadable,
)
from scheduler.http import Http, Response
from scheduler.login import STRANGER, Login, Tokens, auth_of
from scheduler.sources.files import read_if_changed, stamp_of
from scheduler.sources.refusal import refusal, without_token
from scheduler.sources.source import Fetched, FetchedObject, SourceState, hash_of, usable
from scheduler.wire import host_of

_FEED_FRESH_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IcsSettings:
    """Either ``path`` or ``url``; a ``webcal://`` address means https."""

    name: str
    path: Path | None = None
    url: str = field(default="", repr=False)  # a secret of its own, with many providers
    login: Login = STRANGER
    limit: int = 100_000_000  # bytes, decompressed
    deadline: float = 60.0  # seconds for the whole answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    body: bytes
    state: SourceState


class IcsSource:
    """A feed, read whole and compared UID by UID."""

    def __init__(self, settings: IcsSettings, http: Http, tokens: Tokens | None = None) -> None:
        self._settings = settings
        self._http = http
        self._auth = auth_of(settings.login, tokens)
        self._url = _as_http(settings.url)
        # An upgrade may cut a feed in another way, though not a byte of it has changed.
        program = version("call-scheduler")
        self._asked = hash_of(program, str(settings.path or ""), settings.url, settings.login.username)

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
        path = self._settings.path
        feed = self._read_file(path, last) if path else self._get(last, deadline)
        if feed is None:
            return Fetched(state=last, unchanged=True)
        if feed.state.digest == last.digest:
            return Fetched(state=feed.state, unchanged=True)
        return _compared(feed.state, self._cut(feed.body), known)

    def _cut(self, body: bytes) -> tuple[FeedObject, ...]:
        try:
            return split(body).objects
        except ValueError as error:
            raise SourceUnreadable(
                self.name, str(error), remedy="nothing is changed until it is whole again"
            ) from None

    def _read_file(self, path: Path, last: SourceState) -> _Feed | None:
        try:
            found = read_if_changed(path, None)
        except SourceUnreachable as error:
            raise SourceUnreachable(self.name, f"{path}: {error.reason}", remedy=error.remedy) from None
        if found is None:
            return None
        body, stamp = found
        return _Feed(body=body, state=replace(last, digest=_digest(body), stamp=str(stamp)))

    def _get(self, last: SourceState, deadline: float) -> _Feed | None:
        """The answer's feed; None where the server says that it is the same."""
        answer = self._answer(_conditions(last), deadline)
        if answer.status == 304 and last.digest:
            return None
        if answer.status != 200:
            raise refusal(self.name, host_of(self._url), answer.status)
        state = replace(
            last,
            etag=answer.headers.get("ETag", ""),
            last_modified=answer.headers.get("Last-Modified", ""),
            digest=_digest(answer.body),
        )
        return _Feed(body=answer.body, state=state)

    def _answer(self, headers: Mapping[str, str], deadline: float) -> Response:
        settings = self._settings
        try:
            return self._http.get(
                self._url,
                headers=headers,
                auth=self._auth,
                tls=settings.login.tls,
                limit=settings.limit,
                deadline=deadline,
            )
        except ProviderError as error:
            raise without_token(self.name, error) from None
        except (NotSent, PerhapsSent) as error:
            raise SourceUnreachable(self.name, str(error), remedy="it is tried again later") from None
        except HttpError as error:
            raise SourceUnreadable(self.name, str(error), remedy="check its url") from None


def _compared(state: SourceState, objects: tuple[FeedObject, ...], known: Mapping[str, str]) -> Fetched:
    changed = tuple(
        FetchedObject(href=one.href, etag=one.digest, data=one.data)
        for one in objects
        if known.get(one.href) != one.digest
    )
    deleted = tuple(sorted(known.keys() - {one.href for one in objects}))
    return Fetched(
        state=state,
        changed=changed,
        deleted=deleted,
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


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
