"""A calendar on a CalDAV server: what has changed since a sync-token, and nothing more.

Only in scheduler/sources: caldav and lxml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from caldav.davclient import DAVClient
from caldav.elements import dav
from caldav.lib import error
from caldav.response import CalendarQueryResult

from scheduler.errors import ProviderError, SourceError, SourceForbidden, SourceUnreadable
from scheduler.login import STRANGER, Login, Tokens, bearer_of
from scheduler.sources.caldav_discovery import find_collection
from scheduler.sources.caldav_requests import (
    BATCH,
    Listing,
    UselessAnswer,
    all_etags,
    changes_since,
    multiget,
)
from scheduler.sources.caldav_session import CaldavSession
from scheduler.sources.refusal import refusal, without_token
from scheduler.sources.source import Fetched, FetchedObject, SourceState, hash_of, usable
from scheduler.wire import host_of

# Besides 403 with its precondition; 500 is Xandikos' answer to a token that isn't one of its own.
_TOKEN_REFUSED = (400, 409, 410, 412, 418, 500, 507)
_NO_SUCH_REPORT = (400, 405, 415, 422, 501)
_NOTHING_CHANGED = "nothing is changed until its answers are right again"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaldavSettings:
    """``url`` is that of the calendar, of its home, of a principal or of the server."""

    name: str
    url: str
    display_name: str = ""  # chooses among several
    login: Login = STRANGER
    timeout: int = 20  # seconds, of each wait
    deadline: float = 60.0  # seconds, of a whole fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    changed: tuple[FetchedObject, ...]
    gone: frozenset[str]
    faults: tuple[tuple[str, str], ...]


class CaldavSource:
    """One calendar; a fetch is one request where nothing has changed, and two where something has."""

    def __init__(self, settings: CaldavSettings, tokens: Tokens | None = None) -> None:
        self._settings = settings
        self._asked = hash_of(settings.url, settings.display_name, settings.login.username)
        self._bearer = bearer_of(settings.login, tokens)
        # As the server wants it (Basic, Digest): asking each time would double the requests.
        self._auth: Any = self._bearer

    @property
    def name(self) -> str:
        return self._settings.name

    def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
        """As ``Source.fetch`` says; the hrefs are paths on the server."""
        last = usable(state, self._asked, known)
        with self._told(), self._client() as client:
            return self._fetch(client, last, known)

    def _fetch(self, client: DAVClient, last: SourceState, known: Mapping[str, str]) -> Fetched:
        if last.collection_url:
            try:
                return self._changes(client, last, known)
            except error.NotFoundError:
                pass  # renamed, or made anew: it is looked for again
        settings = self._settings
        url = find_collection(client, name=self.name, url=settings.url, display_name=settings.display_name)
        return self._changes(client, SourceState(asked=self._asked, collection_url=url), known)

    def _changes(self, client: DAVClient, last: SourceState, known: Mapping[str, str]) -> Fetched:
        listing, lists_only = _listed(client, last)
        wanted = [href for href, etag in listing.etags.items() if not etag or etag != known.get(href)]
        loaded = _load(client, last.collection_url, wanted, listing)
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

    @contextmanager
    def _client(self) -> Iterator[DAVClient]:
        settings = self._settings
        with CaldavSession(self.name, deadline=settings.deadline, tls=settings.login.tls) as session:
            client = DAVClient(
                url=settings.url,
                username=settings.login.username or None,
                password=settings.login.password or None,
                auth=self._auth,
                timeout=settings.timeout,
                enable_rfc6764=False,
                rate_limit_handle=False,  # else it sleeps as long as the server says
            )
            client.session = session  # type: ignore[assignment]
            try:
                yield client
            except error.AuthorizationError:
                self._auth = self._bearer  # perhaps another kind of login is wanted by now
                raise
            self._auth = client.auth

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Let only this package's errors out, without the URLs and bodies that the libraries' texts hold."""
        host = host_of(self._settings.url)
        try:
            yield
        except SourceError:
            raise
        except ProviderError as failed:
            raise without_token(self.name, failed) from None
        except error.DAVError as failed:
            raise self._refusal(host, failed) from None
        except NotImplementedError:
            raise SourceForbidden(
                self.name, f"{host} asks for a kind of login that isn't supported", remedy="check its url"
            ) from None
        except UselessAnswer as failed:
            raise SourceUnreadable(self.name, f"{host} sends {failed}", remedy=_NOTHING_CHANGED) from None
        # caldav raises whatever its parts raise: lxml's errors, TypeError, AttributeError …
        except Exception as failed:
            what = type(failed).__name__
            raise SourceUnreadable(
                self.name, f"the answer of {host} can't be understood ({what})", remedy=_NOTHING_CHANGED
            ) from None

    def _refusal(self, host: str, failed: error.DAVError) -> SourceError:
        if failed.status is not None and failed.status >= 400:
            return refusal(self.name, host, failed.status)
        if isinstance(failed, error.NotFoundError):
            return refusal(self.name, host, 404)
        if isinstance(failed, error.AuthorizationError):
            return refusal(self.name, host, 401)
        what = type(failed).__name__
        return SourceUnreadable(
            self.name, f"{host} reports a failure in its answer ({what})", remedy=_NOTHING_CHANGED
        )


def _listed(client: DAVClient, last: SourceState) -> tuple[Listing, bool]:
    """The changes since the last fetch, or everything; and whether the server can only do the latter."""
    url = last.collection_url
    if last.lists_only:
        return all_etags(client, url), True
    try:
        return _changes_or_everything(client, url, last.sync_token), False
    except error.DAVError as failed:
        if dav.SupportedReport.tag not in failed.preconditions and failed.status not in _NO_SUCH_REPORT:
            raise
    return all_etags(client, url), True


def _changes_or_everything(client: DAVClient, url: str, sync_token: str) -> Listing:
    if sync_token:
        try:
            return changes_since(client, url, sync_token)
        except error.DAVError as failed:
            if dav.ValidSyncToken.tag not in failed.preconditions and failed.status not in _TOKEN_REFUSED:
                raise
    return changes_since(client, url, "")


def _load(client: DAVClient, url: str, hrefs: list[str], listing: Listing) -> _Loaded:
    changed: list[FetchedObject] = []
    gone: set[str] = set()
    faults: list[tuple[str, str]] = []
    for start in range(0, len(hrefs), BATCH):
        batch = hrefs[start : start + BATCH]
        answers = multiget(client, url, batch)
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


def _read(href: str, answer: CalendarQueryResult | None, listed_etag: str) -> FetchedObject | str | None:
    """The object; or what is wrong with the answer; or None where it has been deleted since it was listed."""
    if answer is None:
        return "the server doesn't answer for it"
    if answer.status == 404:
        return None
    if not (answer.calendar_data or "").strip():
        return "the server sends nothing of its content"
    return FetchedObject(href=href, etag=answer.etag or listed_etag, data=(answer.calendar_data or "").encode())
