"""OAuth tokens by client credentials or a refresh token (RFC 6749, 4.4 and 6), asked for once for all threads.

Only here: authlib.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import requests
from authlib.integrations.requests_client import OAuth2Session

from scheduler.clock import Clock
from scheduler.errors import CredentialsRefused, HttpError, ProviderError
from scheduler.http import Http, what_came
from scheduler.kept_token import KeptToken
from scheduler.response import Response, said
from scheduler.tls import Tls
from scheduler.wire import host_of

_DEADLINE_SECONDS = 30.0
_LONGEST_LEEWAY_SECONDS = 60.0
_LIFETIME_WHERE_NONE_IS_GIVEN = 300.0
_LONGEST_LIFETIME = 86_400.0
# A failure is everybody's answer for a while: a burst of threads doesn't wait for the same timeout in turn,
# and credentials that are refused again and again get an account locked.
_PAUSE_AFTER_FAILURE_SECONDS = 1.0
_PAUSE_AFTER_REFUSAL_SECONDS = 30.0
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header can carry
RENEWAL_RESULTS = ("granted", "refused", "failed")
_REFUSALS = ("invalid_client", "unauthorized_client", "invalid_grant")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """Where tokens come from, and what they are asked for with: the client's secret, or a refresh token too."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)  # "": a public client, as programs without a server are
    scope: str = "openid"
    refresh: KeptToken | None = None
    tls: Tls | None = None  # None: as the connections it is given


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    text: str = field(repr=False)
    expires: float  # by the boot clock, as is all here
    leeway: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    error: ProviderError
    until: float

    def again(self) -> ProviderError:
        """The same error as a new object: one that many threads raise would gather all their tracebacks."""
        return type(self.error)(str(self.error), status=self.error.status)


class TokenSource:
    """The current token of one client, for any number of threads."""

    def __init__(
        self,
        settings: TokenSettings,
        http: Http,
        clock: Clock,
        told: Callable[[str], object] = lambda _result: None,
    ) -> None:
        """:param told: each time that a token was asked for, which of ``RENEWAL_RESULTS`` came of it."""
        self._settings = settings
        self._told = told
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._failure: _Failure | None = None
        self._session = OAuth2Session(
            settings.client_id,
            settings.client_secret,
            scope=settings.scope,
            token_endpoint_auth_method="client_secret_basic" if settings.client_secret else "none",
        )
        http.equip(self._session, settings.tls)
        self._session.hooks["response"].append(_read_within_limits)
        for answer in ("access_token_response", "refresh_token_response"):
            self._session.register_compliance_hook(answer, _refuse_faults)

    def token(self) -> str:
        """The token, asked for anew once the leeway before its expiry has begun.

        :raises ProviderError: there is none to be had; CredentialsRefused where that is why.
        """
        token = self._token
        if at_hand := self.at_hand():
            return at_hand
        try:
            return self._renewed(token).text
        except ProviderError:
            if token and token is self._token and self._left(token) > 0:
                return token.text
            raise

    def at_hand(self) -> str:
        """The token as long as the leeway before its expiry hasn't begun, else ""; asks nobody."""
        token = self._token
        return token.text if token and self._left(token) > token.leeway else ""

    def renew_ahead(self) -> bool:
        """Renew at twice the leeway before expiry, so that no call waits for it; whether it was time to.

        :raises ProviderError: as token() does, also where the old token is still good for a while.
        """
        token = self._token
        if token and self._left(token) > 2 * token.leeway:
            return False
        self._renewed(token)
        return True

    def invalidate(self, token: str) -> None:
        """Forget ``token``, which a server has refused, unless it has been replaced already."""
        with self._lock:
            if self._token and self._token.text == token:
                self._token = None

    def _left(self, token: _Token) -> float:
        return token.expires - self._clock.boot_seconds()

    def _renewed(self, old: _Token | None) -> _Token:
        with self._lock:
            if self._token is None or self._token is old:  # else another thread has renewed it meanwhile
                self._token = self._fetch_unless_it_just_failed()
            return self._token

    def _fetch_unless_it_just_failed(self) -> _Token:
        if self._failure and self._clock.boot_seconds() < self._failure.until:
            raise self._failure.again()
        try:
            token = self._fetch()
        except ProviderError as error:
            refused = isinstance(error, CredentialsRefused)
            self._told("refused" if refused else "failed")
            pause = _PAUSE_AFTER_REFUSAL_SECONDS if refused else _PAUSE_AFTER_FAILURE_SECONDS
            self._failure = _Failure(error=error, until=self._clock.boot_seconds() + pause)
            raise
        self._told("granted")
        return token

    def _fetch(self) -> _Token:
        url, asked_at = self._settings.url, self._clock.boot_seconds()
        try:
            with self._http.within(_DEADLINE_SECONDS, url):
                answer = self._granted(url)
        except HttpError as error:
            raise ProviderError(f"no token from {error}") from None
        lifetime = _lifetime(answer.get("expires_in"))
        leeway = min(_LONGEST_LEEWAY_SECONDS, lifetime / 3)
        return _Token(text=answer["access_token"], expires=asked_at + lifetime, leeway=leeway)

    def _granted(self, url: str) -> Mapping[str, Any]:
        manners = {"timeout": self._http.timeouts, "allow_redirects": False, "stream": True}
        kept = self._settings.refresh
        if kept is None:
            granted: Mapping[str, Any] = self._session.fetch_token(url, grant_type="client_credentials", **manners)
            return granted
        try:
            with kept.held():
                granted = self._session.refresh_token(url, refresh_token=kept.newest(), **manners)
                _keep_the_newest(kept, granted)
                return granted
        except OSError as error:
            if isinstance(error, requests.RequestException):  # which are OSErrors as well
                raise
            raise ProviderError(f"the refresh token can't be kept in {kept.path}: {error.strerror}") from None


def _keep_the_newest(kept: KeptToken, granted: Mapping[str, Any]) -> None:
    newest = granted.get("refresh_token")
    if isinstance(newest, str) and newest and newest != kept.newest():
        kept.keep(newest)


def _lifetime(expires_in: object) -> float:
    """Seconds; RFC 6749 lets a server leave them out."""
    if not isinstance(expires_in, str | int | float):
        return _LIFETIME_WHERE_NONE_IS_GIVEN
    return min(max(float(expires_in), 0.0), _LONGEST_LIFETIME)


def _read_within_limits(answer: requests.Response, *_: object, **__: object) -> requests.Response:
    """A hook of requests, which would read any length of body to its end."""
    body = what_came(answer)
    answer.close()
    answer.raw = BytesIO(body)
    return answer


def _refuse_faults(answer: requests.Response) -> requests.Response:
    """A hook of Authlib, which takes any JSON object for a token and drops what a fault says.

    :raises ProviderError: the answer holds no token.
    """
    response = Response(status=answer.status_code, headers=answer.headers, body=answer.content)
    body = _json_object(response)
    token = body.get("access_token")
    if 200 <= response.status < 300 and isinstance(token, str) and _TOKEN.fullmatch(token):
        return answer
    message = f"no token from {host_of(answer.url)}: status {response.status}, {said(response)}"
    refused = response.status == 401 or body.get("error") in _REFUSALS
    raise (CredentialsRefused if refused else ProviderError)(message, status=response.status)


def _json_object(response: Response) -> Mapping[str, object]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}
