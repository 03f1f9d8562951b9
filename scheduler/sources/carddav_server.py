"""An address book on a CardDAV server: what has changed since a sync-token, and nothing more.

Only in scheduler/sources: lxml.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lxml import etree

from scheduler.clock import SystemClock
from scheduler.errors import (
    HttpError,
    NotSent,
    PerhapsSent,
    ProviderError,
    SourceError,
    SourceUnreachable,
    SourceUnreadable,
)
from scheduler.http import Http
from scheduler.login import STRANGER, Login, Tokens, auth_of
from scheduler.response import Response
from scheduler.sources.carddav_discovery import find_book
from scheduler.sources.carddav_requests import (
    CARD_DATA,
    COLLECTION,
    DAV,
    ETAG,
    RESOURCE_TYPE,
    Resource,
    multiget,
    propfind,
    resources,
    root_of,
    sync_collection,
)
from scheduler.sources.dav_sync import (
    NO_SUCH_REPORT,
    TOKEN_REFUSED,
    Listing,
    NoSyncCollection,
    SentObject,
    TokenRefused,
    UselessAnswer,
    fetch_changes,
    href_of,
)
from scheduler.sources.refusal import LATER, refusal, unprotected, without_token
from scheduler.sources.source import Fetched, SourceState, hash_of, usable
from scheduler.wire import gives_away, host_of

_NOTHING_CHANGED = "nothing is changed until its answers are right again"
# What no call needs, and what makes a card large; with the folded lines that go on with a blank.
_PICTURES = re.compile(rb"(?im)^(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:][^\n]*\n(?:[ \t][^\n]*\n)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarddavSettings:
    """``url`` is that of the address book, of its home, of a principal or of the server."""

    name: str
    url: str
    display_name: str = ""  # chooses among several
    login: Login = STRANGER
    deadline: float = 60.0  # seconds, of a whole fetch
    limit: int = 100_000_000  # bytes of one answer, decompressed


class _Refused(Exception):
    """An answer that isn't a success."""

    def __init__(self, status: int, precondition: str) -> None:
        self.status = status
        self.precondition = precondition
        super().__init__(status)


Ask = Callable[[str, str, bytes, int], etree._Element]


class CarddavSource:
    """One address book; a fetch is one request where nothing has changed, and two where something has."""

    def __init__(self, settings: CarddavSettings, http: Http, tokens: Tokens | None = None) -> None:
        self._settings = settings
        self._http = http
        self._auth = auth_of(settings.login, tokens)
        self._asked = hash_of("carddav", settings.url, settings.display_name, settings.login.username)
        self._clock = SystemClock()

    @property
    def name(self) -> str:
        return self._settings.name

    def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
        """As ``Source.fetch`` says; the hrefs are paths on the server, the data cards without their pictures."""
        last = usable(state, self._asked, known)
        until = self._clock.boot_seconds() + self._settings.deadline

        def ask(method: str, url: str, body: bytes, depth: int) -> etree._Element:
            return self._multistatus(method, url, body, depth, until)

        with self._told():
            return self._fetch(ask, last, known)

    def _fetch(self, ask: Ask, last: SourceState, known: Mapping[str, str]) -> Fetched:
        if last.collection_url:
            try:
                return fetch_changes(_Book(ask, last.collection_url), last, known)
            except _Refused as refused:
                if refused.status != 404:
                    raise  # else renamed, or made anew: it is looked for again
        settings = self._settings
        url = find_book(ask, name=self.name, url=settings.url, display_name=settings.display_name)
        return fetch_changes(_Book(ask, url), SourceState(asked=self._asked, collection_url=url), known)

    def _multistatus(self, method: str, url: str, body: bytes, depth: int, until: float) -> etree._Element:
        """Ask, and take no success that isn't a WebDAV multistatus (RFC 4918, 13)."""
        answer = self._answer(method, url, body, depth, until)
        root = root_of(answer.body)
        if answer.status >= 300:
            raise _Refused(answer.status, "" if root is None else next((str(one.tag) for one in root), ""))
        if root is None or root.tag != f"{DAV}multistatus":
            raise SourceUnreadable(
                self.name,
                f"{host_of(url)} answers {answer.status} with something else than CardDAV",
                remedy="check that its url is that of a CardDAV server and needs no other login",
            )
        if method == "PROPFIND" and {one.status for one in resources(root)} == {404}:
            raise _Refused(404, "")  # as Xandikos tells that nothing is there
        return root

    def _answer(self, method: str, url: str, body: bytes, depth: int, until: float) -> Response:
        if gives_away(self._settings.url, url):
            raise unprotected(self.name, url)
        left = until - self._clock.boot_seconds()
        if left <= 0:
            raise SourceUnreachable(
                self.name,
                f"{host_of(url)}: no whole answer within {self._settings.deadline:g} s",
                remedy="it is tried again later",
            )
        return self._http.read(
            method,
            url,
            body=body,
            headers={"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"},
            auth=self._auth,
            tls=self._settings.login.tls,
            limit=self._settings.limit,
            deadline=left,
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Let only a source's errors out, which name it."""
        host = host_of(self._settings.url)
        try:
            yield
        except SourceError:
            raise
        except ProviderError as error:
            raise without_token(self.name, error) from None
        except _Refused as refused:
            raise refusal(self.name, host, refused.status, what="address book") from None
        except (NotSent, PerhapsSent) as error:
            raise SourceUnreachable(self.name, str(error), remedy=LATER) from None
        except HttpError as error:
            raise SourceUnreadable(self.name, str(error), remedy="check its url") from None
        except (UselessAnswer, ValueError) as error:
            what = str(error) if isinstance(error, UselessAnswer) else "an answer that can't be understood"
            raise SourceUnreadable(self.name, f"{host} sends {what}", remedy=_NOTHING_CHANGED) from None


class _Book:
    """The address book at ``url``, as dav_sync asks it."""

    def __init__(self, ask: Ask, url: str) -> None:
        self._ask = ask
        self._url = url

    def changes_since(self, sync_token: str) -> Listing:
        try:
            root = self._ask("REPORT", self._url, sync_collection(sync_token), 0)
        except _Refused as refused:
            if sync_token and (
                refused.precondition == f"{DAV}valid-sync-token" or refused.status in TOKEN_REFUSED
            ):
                raise TokenRefused from None
            if refused.precondition == f"{DAV}supported-report" or refused.status in NO_SUCH_REPORT:
                raise NoSyncCollection from None
            raise
        new_token = (root.findtext(f"{DAV}sync-token") or "").strip()
        if not new_token:
            raise UselessAnswer("a list of changes without a sync-token")
        found = list(resources(root))
        if any(one.status == 507 for one in found):  # cut short (RFC 6578, 3.6)
            return self.everything()
        gone = frozenset(one.href for one in found if one.status == 404)
        return Listing(etags=self._etags(found), gone=gone, complete=not sync_token, sync_token=new_token)

    def everything(self) -> Listing:
        found = list(resources(self._ask("PROPFIND", self._url, propfind(RESOURCE_TYPE, ETAG), 1)))
        if href_of(self._url).rstrip("/") not in {one.href.rstrip("/") for one in found}:
            raise UselessAnswer("a list that lacks the address book itself")
        return Listing(etags=self._etags(found), complete=True)

    def load(self, hrefs: Sequence[str]) -> Mapping[str, SentObject]:
        found = resources(self._ask("REPORT", self._url, multiget(hrefs), 0))
        return {one.href: _sent(one) for one in found}

    def _etags(self, found: Sequence[Resource]) -> dict[str, str]:
        itself = href_of(self._url).rstrip("/")
        return {
            one.href: one.text(ETAG)
            for one in found
            if one.status == 200 and one.href.rstrip("/") != itself and not one.holds(RESOURCE_TYPE, COLLECTION)
        }


def _sent(resource: Resource) -> SentObject:
    card = resource.properties.get(CARD_DATA)
    data = b"" if card is None else (card.text or "").encode()
    return SentObject(status=resource.status, etag=resource.text(ETAG), data=_PICTURES.sub(b"", data))
