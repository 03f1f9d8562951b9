"""HTTP for every part: one session with its timeouts and limits, and what a failure means for the request.

A failure is *not sent* only where nothing of the request can have left; in doubt it is *perhaps sent*. Both
urllib3 and urllib3-future (which caldav installs in urllib3's place) are spoken to here: HTTP/1.1 alone,
since urllib3-future sends a request again when HTTP/2 or HTTP/3 is withdrawn, whatever the retries say.
Only here: requests (Authlib is in oauth.py, urllib3 in wire.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.hooks import dispatch_hook

from scheduler.errors import BodyTooLarge, CallSchedulerError, HttpError, NotSent
from scheduler.response import Response
from scheduler.tls import Tls
from scheduler.wire import (
    HTTP_1_ONLY,
    POOL_CLASSES,
    TimeLimit,
    TimeLimits,
    failure,
    host_of,
    send_anyway,
    too_late,
)
from scheduler.wire import urllib3_flavour as urllib3_flavour

ANSWER_LIMIT = 1_000_000  # bytes; answers of the provider are a few hundred

_MOST_REDIRECTS = 5
_PIECE = 65_536
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

Auth = AuthBase | tuple[str, str]  # a tuple is a name and password for Basic


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Timeouts in seconds; ``ca_bundle`` replaces the certificates that are trusted."""

    connect_timeout: float = 5
    read_timeout: float = 20  # for each wait, not for the whole answer
    pool_size: int = 32
    ca_bundle: Path | None = None


class Http:
    """One set of connections for all threads; close it at the end."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._tls = Tls(ca_bundle=settings.ca_bundle)
        self._adapter = _Adapter(pool_connections=settings.pool_size, pool_maxsize=settings.pool_size)
        self._time_limits = TimeLimits()
        self._session = requests.Session()
        self.equip(self._session)
        # All that they have in common: requests needs a quarter of its time for a URL that is always the same.
        self._empty_post = lru_cache(maxsize=4)(self._prepare_post)

    def equip(self, session: requests.Session, tls: Tls | None = None) -> None:
        """Give a session of a library (Authlib's) this one's connections, certificates and manners."""
        tls = tls or self._tls
        session.trust_env = False  # no proxies, .netrc or certificates from the environment
        session.headers.update({"User-Agent": "call-scheduler", "Accept-Encoding": "gzip, deflate"})
        session.verify, session.cert = tls.verify, tls.cert
        session.mount("http://", self._adapter)
        session.mount("https://", self._adapter)

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        auth: Auth | None = None,
        tls: Tls | None = None,
        limit: int = 100_000_000,
        deadline: float = 60,
        follow_redirects: bool = True,
        into: IO[bytes] | None = None,
    ) -> Response:
        """As ``read``, with GET."""
        return self.read(
            "GET",
            url,
            headers=headers,
            auth=auth,
            tls=tls,
            limit=limit,
            deadline=deadline,
            follow_redirects=follow_redirects,
            into=into,
        )

    def read(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = _NO_HEADERS,
        auth: Auth | None = None,
        tls: Tls | None = None,
        limit: int = 100_000_000,
        deadline: float = 60,
        follow_redirects: bool = True,
        into: IO[bytes] | None = None,
    ) -> Response:
        """Ask for what changes nothing; ``limit`` is in decompressed bytes, ``deadline`` in seconds.

        Redirects lead at most five times further, never from https to http; another host sees no credentials.
        :param into: where the answer's body is written instead, so that a big one needs no memory.
        :param auth: may answer a 401 by asking once more, with what that demands.
        :raises HttpError: no whole answer within the limits; NotSent and PerhapsSent where there was none.
        """
        request = requests.Request(method, url, headers=dict(headers), data=body, auth=auth)
        with self.within(deadline, url) as time_limit:
            for _ in range(_MOST_REDIRECTS + 1):
                with closing(self._ask(request, tls or self._tls)) as answer:
                    target = self._session.get_redirect_target(answer) if follow_redirects else None
                    if target is None:
                        kept = BytesIO()
                        _write_body(answer, into or kept, limit, time_limit)
                        return _response(answer, kept.getvalue())
                    request = self._redirected(request, answer.url, target)
            raise HttpError(f"{host_of(url)}: more than {_MOST_REDIRECTS} redirects")

    def post_json(
        self,
        url: str,
        body: Mapping[str, object],
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        timeout: float | None = None,
        withhold: Callable[[], str] = send_anyway,
    ) -> Response:
        """Send exactly one request; a redirect is an answer like any other. ``timeout`` is for the answer.

        Once the status is known it is returned, with as much of the body as came.
        :param withhold: asked when the connection stands, before the first byte: why it isn't sent after all.
        :raises NotSent: nothing of it can have reached the server; Withheld where ``withhold`` said why.
        :raises PerhapsSent: any other failure.
        """
        seconds = self._settings.read_timeout if timeout is None else timeout
        request = self._empty_post(url, tuple(headers.items())).copy()
        request.prepare_body(data=None, files=None, json=dict(body))
        with self.within(self._settings.connect_timeout + seconds, url) as limit:
            limit.withhold = withhold
            with closing(self._send(request, seconds)) as answer:
                return _response(answer, what_came(answer))

    @contextmanager
    def within(self, seconds: float, url: str) -> Iterator[TimeLimit]:
        """Cut what this thread asks ``url`` once the time is up, and translate what the libraries raise.

        :raises HttpError: and nothing else but errors of this package.
        """
        with self._time_limits.limit(seconds) as limit:
            try:
                yield limit
            except CallSchedulerError:
                raise
            # What the libraries raise is as good as unbounded (urllib3's own, ssl's, http.client's), and
            # their texts hold the whole URL, which is the secret of many a calendar: hence "from None".
            except Exception as error:
                raise failure(host_of(url), error, limit) from None

    def close(self) -> None:
        self._time_limits.close()
        self._session.close()

    @property
    def timeouts(self) -> tuple[float, float]:
        """Connect and read, as requests takes them."""
        return self._settings.connect_timeout, self._settings.read_timeout

    def _ask(self, request: requests.Request, tls: Tls) -> requests.Response:
        """One request on the wire, and where it is refused what its login makes of that."""
        prepared = self._prepared(request)
        manners: dict[str, Any] = {
            "stream": True,
            "timeout": self.timeouts,
            "verify": tls.verify,
            "cert": tls.cert,
        }
        answer = self._adapter.send(prepared, **manners)
        if answer.status_code != 401 or request.auth is None:
            return answer
        # requests' logins read the refusal's body to its end, however long.
        body = what_came(answer)
        answer.close()
        answer.raw = _Kept(body)
        after: requests.Response = dispatch_hook("response", prepared.hooks, answer, **manners)  # type: ignore[no-untyped-call]
        return after

    def _prepare_post(self, url: str, headers: tuple[tuple[str, str], ...]) -> requests.PreparedRequest:
        return self._prepared(requests.Request("POST", url, headers=dict(headers)))

    def _send(self, request: requests.PreparedRequest, read_timeout: float) -> requests.Response:
        """One request on the wire.

        Past the session's own send(): even where redirects aren't followed it reads their bodies, however
        long, and keeps their cookies.
        """
        return self._adapter.send(
            request,
            stream=True,
            timeout=(self._settings.connect_timeout, read_timeout),
            verify=self._tls.verify,
        )

    def _prepared(self, request: requests.Request) -> requests.PreparedRequest:
        try:
            if urlsplit(request.url or "").scheme.lower() not in ("http", "https"):
                raise ValueError("only http and https URLs can be asked")
            return self._session.prepare_request(request)
        except (requests.RequestException, ValueError) as error:
            raise NotSent(f"{host_of(request.url or '')}: {type(error).__name__} in the request") from None

    def _redirected(self, request: requests.Request, url: str, target: str) -> requests.Request:
        there = urljoin(url, target)
        schemes = urlsplit(url).scheme, urlsplit(there).scheme
        if schemes[1] not in ("http", "https"):
            raise HttpError(f"{host_of(url)}: redirects to something that isn't http")
        if schemes == ("https", "http"):
            raise HttpError(f"{host_of(url)}: redirects from https to http, which would give the secret away")
        if not self._session.should_strip_auth(url, there):  # type: ignore[no-untyped-call]
            return requests.Request(
                request.method, there, headers=request.headers, data=request.data, auth=request.auth
            )
        kept = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
        return requests.Request(request.method, there, headers=kept, data=request.data)


def _response(answer: requests.Response, body: bytes) -> Response:
    return Response(status=answer.status_code, headers=answer.headers, body=body)


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    while piece := answer.raw.read1(_PIECE, decode_content=True):
        yield piece


def _write_body(answer: requests.Response, into: IO[bytes], limit: int, time_limit: TimeLimit) -> None:
    for piece in _pieces(answer):
        into.write(piece)
        if into.tell() > limit:
            raise BodyTooLarge(f"{host_of(answer.url)}: more than {limit} bytes")
    if time_limit.passed:  # a body without a length looks whole wherever it is cut
        raise too_late(host_of(answer.url), time_limit)


def what_came(answer: requests.Response) -> bytes:
    """As much of the body as came, up to ``ANSWER_LIMIT``; never raises."""
    body = bytearray()
    # The status says what became of the request; a body that breaks off takes nothing from that.
    with suppress(Exception):
        for piece in _pieces(answer):
            body += piece
            if len(body) > ANSWER_LIMIT:
                break
    return bytes(body)


class _Kept(BytesIO):
    """A body that has been read, to be read again as urllib3's are."""

    def read1(self, size: int | None = -1, /, decode_content: bool = True) -> bytes:  # noqa: ARG002
        return super().read1(size)


class _Adapter(HTTPAdapter):
    """No retries (the default of requests), HTTP/1.1, watched connections."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **HTTP_1_ONLY, **options)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES
