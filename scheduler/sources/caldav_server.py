"""A calendar on a CalDAV server: what has changed since a sync-token, and nothing more.

Only in scheduler/sources: caldav and lxml.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Any
from urllib.parse import quote, urljoin

from caldav.davclient import DAVClient
from caldav.elements import dav
from caldav.lib import error
from caldav.response import CalendarQueryResult

from scheduler.calendars.blocks import uid_of
from scheduler.errors import (
    ProviderError,
    SourceError,
    SourceForbidden,
    SourceUnreachable,
    SourceUnreadable,
)
from scheduler.login import STRANGER, Login, Tokens, bearer_of
from scheduler.sources.caldav_discovery import display_names, find_collection
from scheduler.sources.caldav_objects import edit_object
from scheduler.sources.caldav_requests import all_etags, changes_since, multiget
from scheduler.sources.caldav_session import CaldavSession
from scheduler.sources.dav_sync import (
    BATCH,
    NO_SUCH_REPORT,
    TOKEN_REFUSED,
    Listing,
    NoSyncCollection,
    SentObject,
    TokenRefused,
    UselessAnswer,
    fetch_changes,
    look_at,
)
from scheduler.sources.refusal import refusal, without_token
from scheduler.sources.source import Edit, Fetched, SourceState, hash_of, usable
from scheduler.wire import host_of

_EDIT_SECONDS = 20.0  # a stop of the daemon waits for it
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
        with self._told(), self._client(self._settings.deadline) as client:
            return self._fetch(client, last, known)

    def display_names(self) -> tuple[str, ...]:
        """The calendars that ``display_name`` may choose among; none where the URL is that of a calendar.

        :raises SourceError: as ``fetch`` does.
        """
        with self._told(), self._client(self._settings.deadline) as client:
            return display_names(client, self._settings.url)

    @property
    def server(self) -> str:
        return host_of(self._settings.url)

    @property
    def fresh_for(self) -> timedelta:
        return timedelta()

    def look(
        self, state: SourceState | None, known: Mapping[str, str], hrefs: Collection[str], seconds: float
    ) -> Fetched:
        """As ``LookSource.look`` says: one multiget, or for many objects what has changed since the sync-token."""
        last = usable(state, self._asked, known)
        with self._told(), self._client(seconds) as client:
            if not 0 < len(hrefs) <= BATCH or not last.collection_url:
                return self._fetch(client, last, known)
            found = look_at(_Collection(client, last.collection_url), last, known, sorted(hrefs))
            return self._sought(client, last, known, found) if found.deleted else found

    def edit(self, state: SourceState | None, href: str, change: Callable[[bytes], bytes]) -> Edit:
        """As ``EditableSource.edit`` says."""
        last = usable(state, self._asked, {href: ""})
        if not last.collection_url:
            raise SourceUnreachable(self.name, "it hasn't been fetched with its present settings")
        url = urljoin(last.collection_url, quote(href))
        with self._told(), self._client(_EDIT_SECONDS) as client:
            return edit_object(client, self.name, url, change)

    def _sought(self, client: DAVClient, last: SourceState, known: Mapping[str, str], found: Fetched) -> Fetched:
        """What was gone may only have got another href (MOVE): then the changes since the last fetch tell it."""
        found = replace(found, sought=found.deleted)
        # Whatever comes of this, that the objects are gone has been said.
        with suppress(Exception):
            fetched = self._fetch(client, last, known)
            back = {one.href for one in fetched.changed}
            gone = tuple(href for href in found.sought if href not in back)
            return replace(fetched, deleted=tuple(sorted({*fetched.deleted, *gone} - back)), sought=gone)
        return found

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
        return fetch_changes(_Collection(client, last.collection_url), last, known)

    @contextmanager
    def _client(self, deadline: float) -> Iterator[DAVClient]:
        settings = self._settings
        tls = settings.login.tls
        with CaldavSession(self.name, deadline=deadline, tls=tls, asked=settings.url) as session:
            client = DAVClient(
                url=settings.url,
                username=settings.login.username or None,
                password=settings.login.password or None,
                auth=self._auth,
                timeout=min(settings.timeout, ceil(deadline)),
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


class _Collection:
    """The calendar at ``url``, as dav_sync asks it."""

    def __init__(self, client: DAVClient, url: str) -> None:
        self._client = client
        self._url = url

    def changes_since(self, sync_token: str) -> Listing:
        try:
            return changes_since(self._client, self._url, sync_token)
        except error.DAVError as failed:
            if sync_token and (dav.ValidSyncToken.tag in failed.preconditions or failed.status in TOKEN_REFUSED):
                raise TokenRefused from None
            if dav.SupportedReport.tag in failed.preconditions or failed.status in NO_SUCH_REPORT:
                raise NoSyncCollection from None
            raise

    def everything(self) -> Listing:
        return all_etags(self._client, self._url)

    def load(self, hrefs: Sequence[str]) -> Mapping[str, SentObject]:
        found = multiget(self._client, self._url, hrefs)
        return {href: _sent(one) for href, one in found.items()}


def _sent(answer: CalendarQueryResult) -> SentObject:
    data = (answer.calendar_data or "").encode()
    return SentObject(status=answer.status, etag=answer.etag or "", data=data, uid=uid_of(data))
