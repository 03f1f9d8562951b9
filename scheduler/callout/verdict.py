"""From the HTTP answer to ``POST /call`` to what became of the call; pure.

The operator's page names one answer only, ``{"sessionId": …}``; the rest follows what a status promises
about the request (RFC 9110, 15) and, for 429, RFC 6585.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from scheduler.callout.answer import Accepted, PerhapsSent, PlaceAnswer, Refused, RefusedForNow, Unauthorized
from scheduler.response import Response, said

_DEFAULT_WAIT = timedelta(seconds=30)
_SHORTEST_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_SESSION_ID = 200
# A server that waited too long for the request (RFC 9110, 15.5.9) took nothing. But proxies answer so, too, when
# it was the server behind them that took too long: it may have read the request. nginx has 499 for the like.
_TOO_LONG = (408, 499)


def read_answer(response: Response, *, refused_on_503: bool) -> PlaceAnswer:
    """What an answer with a status means; any 2xx with a session id is acceptance."""
    status, reason = response.status, f"status {response.status}: {said(response)}"
    if 200 <= status < 300:
        return _read_success(response)
    if status == 401:
        return Unauthorized(reason=reason)
    if status == 429 or (status == 503 and refused_on_503):
        return RefusedForNow(reason=reason, retry_after=read_retry_after(response.headers))
    if 400 <= status < 500 and status not in _TOO_LONG:
        return Refused(reason=reason, status=status)
    if 300 <= status < 400:
        # A 303 says that the call was taken, a 307 that it wasn't; which one a proxy meant, nobody knows.
        return PerhapsSent(reason=f"status {status}: a redirect, which isn't followed; check the URL of the API")
    return PerhapsSent(reason=reason)


def _read_success(response: Response) -> PlaceAnswer:
    session_id = _session_id(response)
    if session_id:
        return Accepted(session_id=session_id)
    return PerhapsSent(reason=f"status {response.status} without a sessionId: {said(response)}")


def _session_id(response: Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return ""
    value = body.get("sessionId") if isinstance(body, Mapping) else None
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    # What can't be printed can't be stored either: half a surrogate pair, say.
    return "".join(letter for letter in str(value) if letter.isprintable()).strip()[:_LONGEST_SESSION_ID]


def read_retry_after(headers: Mapping[str, str]) -> timedelta:
    """RFC 9110, 10.2.3: seconds, or an HTTP date (held against the answer's own ``Date``); 1 s to 1 h."""
    text = headers.get("Retry-After", "").strip()
    wait = _seconds(text)
    if wait is None:
        wait = _until(text, headers.get("Date", ""))
    return _DEFAULT_WAIT if wait is None else min(max(wait, _SHORTEST_WAIT), _LONGEST_WAIT)


def _seconds(text: str) -> timedelta | None:
    return timedelta(seconds=min(int(text), _LONGEST_WAIT.seconds)) if text.isdecimal() else None


def _until(text: str, date: str) -> timedelta | None:
    then, now = _http_date(text), _http_date(date)
    return then - now if then and now else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
