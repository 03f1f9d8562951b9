"""Under http.py: connections held to time limits, and what their failures mean for the request.

Written for urllib3 and for urllib3-future, which caldav brings along in urllib3's place. The latter sends a
request again when HTTP/2 or HTTP/3 is withdrawn, whatever the retries say: so it never gets to speak them.
Only here: urllib3.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from scheduler.clock import SystemClock
from scheduler.errors import HttpError, NotSent, PerhapsSent, Withheld

_TICK_SECONDS = 0.25
# A firewall forgets an idle connection without a word, and a POST into a forgotten one is perhaps sent.
_LONGEST_IDLE_SECONDS = 30.0

# By name, since the classes differ between urllib3 and urllib3-future.
_NEVER_LEFT = {
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "LocationParseError",
    "InvalidURL",
    "SSLCertVerificationError",
    "CertificateError",
}
_WORDS = {
    "NameResolutionError": "its name can't be resolved",
    "ConnectTimeoutError": "no connection in time",
    "LocationParseError": "not a usable URL",
    "InvalidURL": "not a usable URL",
    "SSLCertVerificationError": "its certificate is not trusted",
    "CertificateError": "its certificate is not trusted",
    "ReadTimeoutError": "no answer in time",
    "RemoteDisconnected": "closed the connection without an answer",
    "ConnectionResetError": "closed the connection without an answer",
    "IncompleteRead": "the answer broke off",
    "InvalidChunkLength": "the answer broke off",
    "DecodeError": "the answer can't be decompressed",
    "ProtocolError": "an answer that isn't HTTP",
}


def urllib3_flavour() -> str:
    """Which urllib3 is loaded, with its version."""
    return f"{'urllib3-future' if _HTTP_VERSIONS else 'urllib3'} {getattr(urllib3, '__version__', '')}"


def gives_away(asked: str, url: str) -> bool:
    """Whether what is told only over TLS to ``asked`` would be told to ``url`` in the clear."""
    return asked.lower().startswith("https:") and not url.lower().startswith("https:")


def host_of(url: str) -> str:
    """The host and port, for sentences: the rest of a URL may be a secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or 'a URL without a host'}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "a URL that can't be read"


def send_anyway() -> str:
    """Nothing withholds a request."""
    return ""


class TimeLimit:
    """When the requests that a thread makes must be over, and the socket that is waited on.

    ``withhold`` is asked before each, once its connection stands: why it isn't to be sent after all; "" sends it.
    """

    def __init__(self, seconds: float, until: float) -> None:
        self.seconds = seconds
        self.until = until
        self.passed = False
        self.waiting_on: socket.socket | None = None
        self.withhold: Callable[[], str] = send_anyway

    def cut(self) -> None:
        """End the wait, if it has come to one: connecting has a timeout of its own."""
        if self.waiting_on is not None:
            self.passed = True
            # The plain socket's method: an SSLSocket's own would take the TLS state from under its reader.
            with suppress(OSError):  # closed meanwhile
                socket.socket.shutdown(self.waiting_on, socket.SHUT_RDWR)


class TimeLimits:
    """Cuts the sockets of requests whose time is up.

    A socket's own timeout begins anew with every byte, so that a server which sends one now and then would
    hold a worker for ever.
    """

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._open: set[TimeLimit] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="http time limits", daemon=True).start()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[TimeLimit]:
        """Hold what the calling thread asks for to ``seconds``."""
        limit = TimeLimit(seconds, self._clock.boot_seconds() + seconds)
        with self._lock:
            self._open.add(limit)
        outer = _limit.set(limit)
        try:
            yield limit
        finally:
            _limit.reset(outer)
            with self._lock:
                self._open.discard(limit)

    def close(self) -> None:
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(_TICK_SECONDS):
            with self._lock:
                late = [limit for limit in self._open if limit.until <= self._clock.boot_seconds()]
            for limit in late:
                limit.cut()


_limit: ContextVar[TimeLimit | None] = ContextVar("_limit", default=None)


def failure(host: str, error: Exception, limit: TimeLimit) -> HttpError:
    """What a request's exception means: not sent only where nothing can have left."""
    if limit.passed:
        return too_late(host, limit)
    causes = _causes(error)
    names = [type(cause).__name__ for cause in causes]
    never_left = "ProxyError" not in names and any(name in _NEVER_LEFT for name in names)
    return (NotSent if never_left else PerhapsSent)(f"{host}: {_words(causes)}")


def too_late(host: str, limit: TimeLimit) -> PerhapsSent:
    return PerhapsSent(f"{host}: no whole answer within {limit.seconds:g} s")


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it was made from, outermost first.

    Not its ``__context__``: that may be a failure of something else, which the caller is just handling.
    """
    found = [error]
    for cause in found:
        inner = (*cause.args, getattr(cause, "reason", None), cause.__cause__)
        found += [other for other in inner if isinstance(other, BaseException) and other not in found]
    return found


def _words(causes: list[BaseException]) -> str:
    """What the innermost cause says, in words of ours where we have some; never a URL."""
    names = [type(cause).__name__ for cause in reversed(causes)]
    known = next((_WORDS[name] for name in names if name in _WORDS), "")
    details = [_detail(cause) for cause in reversed(causes)]
    detail = next((text for text in details if text), "")
    return ": ".join(text for text in (known, detail) if text) or names[0]


def _detail(cause: BaseException) -> str:
    if getattr(cause, "reason", "") == "WRONG_VERSION_NUMBER":  # OpenSSL's words for an answer in plain text
        return "it speaks no TLS at this port: its URL may have to begin with http://"
    text = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "")
    return text if isinstance(text, str) else ""


class _Watched(HTTPConnection):
    """Its requests leave and its answers come under the thread's time limit.

    It isn't used again after a long silence, nor where more came than was asked for: urllib3-future, which then
    calls it saturated, would take that for the next answer.
    """

    _answered_at = float("inf")

    @property
    def is_connected(self) -> bool:
        idle = SystemClock().boot_seconds() - self._answered_at
        overfed = getattr(self, "is_saturated", False)
        return super().is_connected and idle < _LONGEST_IDLE_SECONDS and not overfed

    def request(self, *args: Any, **options: Any) -> Any:
        if self.sock is None:
            self.connect()  # which may take seconds, and is else done under way, just before the first byte
        limit = _limit.get()
        if limit is not None and (why := limit.withhold()):
            raise Withheld(why)
        return super().request(*args, **options)

    def getresponse(self, *args: Any, **options: Any) -> Any:
        limit = _limit.get()
        if limit is not None:
            limit.waiting_on = self.sock
        answer = super().getresponse(*args, **options)
        if limit is not None and limit.passed:
            raise TimeoutError("cut in the headers, which http.client takes for their end")
        self._answered_at = SystemClock().boot_seconds()
        return answer


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


# Only urllib3-future has these.
_HTTP_VERSIONS = getattr(urllib3, "HttpVersion", None)
HTTP_1_ONLY = {"disabled_svn": {_HTTP_VERSIONS.h2, _HTTP_VERSIONS.h3}} if _HTTP_VERSIONS else {}
POOL_CLASSES = {"http": _Pool, "https": _TlsPool}
