"""The HTTP session that caldav is handed: whole answers within a deadline, and XML or an error.

caldav takes a login page or an empty answer for a calendar without events, reads answers of any length, and
its timeouts begin anew with every byte. Only here: niquests, which caldav brings along.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any

import niquests
from lxml import etree
from niquests.packages import urllib3

from scheduler.errors import ProviderError, SourceUnreachable, SourceUnreadable
from scheduler.sources.refusal import LATER, unprotected
from scheduler.tls import Tls
from scheduler.wire import gives_away, host_of

_LIMIT = 100_000_000  # bytes of one answer, decompressed
_PIECE = 65_536
_MOST_REDIRECTS = 5
_MULTISTATUS = "{DAV:}multistatus"
_OF_ONE_OBJECT = ("GET", "PUT")  # they are answered by the object, or nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What caldav looks at in an answer."""

    status_code: int
    reason: str
    headers: Mapping[str, str]
    content: bytes
    url: str

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


class CaldavSession:
    """One fetch's connections; its ``request`` is what caldav calls. The deadline runs from ``with`` on."""

    trust_env = False

    def __init__(self, name: str, *, deadline: float, tls: Tls, asked: str = "") -> None:
        """:param asked: the configured URL."""
        self._name = name
        self._asked = asked
        self._seconds = deadline
        self._cut = _Cut()
        self._timer = threading.Timer(deadline, self._cut.now)
        self._timer.daemon = True
        self._session = _session(self._cut, tls)
        self.last: Answer | None = None  # to a GET or PUT, as it came

    def __enter__(self) -> CaldavSession:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._timer.cancel()
        self._session.close()

    def request(self, method: str, url: str, **options: Any) -> Answer:
        """Ask, and take no success that isn't a WebDAV multistatus (RFC 4918, 13).

        :raises SourceUnreachable: no whole answer in time.
        :raises SourceUnreadable: an answer that isn't what was asked for.
        """
        if gives_away(self._asked, url):
            raise unprotected(self._name, url)
        if method in _OF_ONE_OBJECT:
            return self._object(method, url, options)
        answer = self._whole(method, url, options)
        root = _root(answer.content)
        if answer.status_code < 400:
            self._demand_multistatus(answer, root)
        elif root is None:
            # caldav would log an error page whole, or trip over it and forget the status.
            return replace(answer, content=b"")
        return answer

    def _object(self, method: str, url: str, options: dict[str, Any]) -> Answer:
        """Ask for an object, or store one; caldav, which would look into its bytes and log them, gets none."""
        # Elsewhere a PUT would become a GET, whose success says nothing.
        answer = self.last = self._whole(method, url, {**options, "allow_redirects": method == "GET"})
        if method == "GET" and answer.status_code < 400 and b"BEGIN:VCALENDAR" not in answer.content.upper():
            what = _kind(answer.content, None)
            raise SourceUnreadable(
                self._name, f"{host_of(answer.url)} answers {answer.status_code} with {what} instead of an event"
            )
        return replace(answer, content=b"")

    def _whole(self, method: str, url: str, options: dict[str, Any]) -> Answer:
        # caldav passes verify=True, which would hide the session's bundle.
        options = {**options, "stream": True, "verify": self._session.verify}
        try:
            self._cut.check()
            with closing(self._session.request(method, url, **options)) as answer:
                body = self._body(answer)
            self._cut.check()  # a body without a length looks whole wherever it is cut
        except (SourceUnreadable, ProviderError):
            raise
        # niquests lets through errors of urllib3, ssl and sockets, and their texts hold the whole URL.
        except Exception as error:
            raise SourceUnreachable(self._name, f"{host_of(url)}: {self._words(error)}", remedy=LATER) from None
        return Answer(
            status_code=answer.status_code or 0,
            reason=answer.reason or "",
            headers=answer.headers,
            content=body,
            url=answer.url or url,
        )

    def _body(self, answer: niquests.Response) -> bytes:
        body = bytearray()
        for piece in answer.iter_content(_PIECE):
            body += piece
            if len(body) > _LIMIT:
                raise SourceUnreadable(
                    self._name, f"{host_of(answer.url or '')} sends more than {_LIMIT} bytes at once"
                )
        return bytes(body)

    def _demand_multistatus(self, answer: Answer, root: etree._Element | None) -> None:
        if root is not None and root.tag == _MULTISTATUS:
            return
        what = _kind(answer.content, root)
        raise SourceUnreadable(
            self._name,
            f"{host_of(answer.url)} answers {answer.status_code} with {what} instead of CalDAV",
            remedy="check that its url is that of a CalDAV server and needs no other login",
        )

    def _words(self, error: Exception) -> str:
        if self._cut.passed:
            return f"no whole answer within {self._seconds:g} s"
        if isinstance(error, niquests.exceptions.SSLError):
            return "its certificate isn't trusted, or no TLS"
        if isinstance(error, niquests.exceptions.Timeout):
            return "no answer in time"
        if isinstance(error, niquests.exceptions.ConnectionError):
            return "no connection, or it broke off"
        return f"no usable answer ({type(error).__name__})"


class _Cut:
    """Ends, from another thread, the wait for a server that has taken too long."""

    def __init__(self) -> None:
        self.passed = False
        self._socket: socket.socket | None = None

    def watch(self, sock: socket.socket | None) -> None:
        self._socket = sock
        self.check()

    def check(self) -> None:
        if self.passed:
            raise TimeoutError

    def now(self) -> None:
        self.passed = True
        if self._socket is not None:
            # The plain socket's method: an SSLSocket's own would take the TLS state from under its reader.
            with suppress(OSError):  # closed meanwhile
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Watched(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, cut: _Cut, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cut = cut

    def connect(self) -> None:
        super().connect()
        self._cut.watch(self.sock)


class _WatchedTls(_Watched, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


def _session(cut: _Cut, tls: Tls) -> niquests.Session:
    """HTTP/1.1, no proxies or passwords from the environment, no questions to certificate authorities."""
    session = niquests.Session(
        disable_http2=True,
        disable_http3=True,
        keepalive_delay=None,  # else a thread for every server
        keepalive_idle_window=None,
        revocation_configuration=None,
        verify=tls.verify,
        cert=tls.cert,
    )
    session.trust_env = False
    session.max_redirects = _MOST_REDIRECTS
    pools = {"http": partial(_Pool, cut=cut), "https": partial(_TlsPool, cut=cut)}
    for scheme in pools:
        adapter: Any = session.get_adapter(f"{scheme}://")
        adapter.poolmanager.pool_classes_by_scheme = pools
    return session


def _root(body: bytes) -> etree._Element | None:
    """The root element of whole XML; None for anything else."""
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None


def _kind(body: bytes, root: etree._Element | None) -> str:
    if not body.strip():
        return "nothing"
    if b"<html" in body[:2000].lower():
        return "a web page"
    return "broken XML" if root is None else "other XML"
