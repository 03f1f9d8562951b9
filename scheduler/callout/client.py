"""The client of the Voice Call-out API: it places calls, and reads the records (CDRs) of those that are over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from scheduler import errors, vca
from scheduler.callout.answer import NotSent, PerhapsSent, PlaceAnswer, Unauthorized, Withheld
from scheduler.callout.verdict import read_answer
from scheduler.http import Http
from scheduler.oauth import TokenSource
from scheduler.response import Response, said

log = logging.getLogger(__name__)

_MOST_PAGES = 1_000
_PAGE_BYTES = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CalloutSettings:
    """Where the API is, and how it is spoken to."""

    url: str  # without /call, such as https://api.enco.io/vca/1.0.0
    timeout: timedelta = timedelta(seconds=20)  # for an answer to POST /call
    page_size: int = 100  # records a page of GET /cdr
    # A 503 of the provider's own says that nothing was placed; one of a proxy between may not.
    refused_on_503: bool = False


class CalloutClient:
    """One account at a provider, for any number of threads."""

    def __init__(self, settings: CalloutSettings, http: Http, tokens: TokenSource) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._http = http
        self._tokens = tokens

    def token(self) -> str:
        """A token, for whoever wants to know that there is one.

        :raises ProviderError: there is none to be had; CredentialsRefused where that is why.
        """
        return self._tokens.token()

    def token_at_hand(self) -> str:
        """A token that is good for a while, without asking for one; "" if there is none."""
        return self._tokens.at_hand()

    def place(self, request: vca.CallRequest, token: str, withhold: Callable[[], str]) -> PlaceAnswer:
        """Send ``POST /call`` once, with a token fetched before; never raises.

        No token is fetched here: that may take long, and the caller has looked at the time already.

        :param withhold: asked when the connection stands, before the first byte: why nothing is to be sent.
        """
        answer = self._post(request, token, withhold)
        if isinstance(answer, Unauthorized):
            self._tokens.invalidate(token)
        return answer

    def cdrs(self, since: datetime, until: datetime | None = None) -> tuple[vca.Cdr | vca.UnreadableCdr, ...]:
        """The records between the two, each once; the time asked for may be wider by a second at either end.

        :raises ProviderError: not all pages could be read.
        """
        found: dict[str, vca.Cdr | vca.UnreadableCdr] = {}
        for page in self._pages(since, until):
            known = len(found)
            # A record that is added meanwhile moves others to the next page.
            found.update((cdr.raw_text, cdr) for cdr in page.items)
            found.update((item.raw_text, item) for item in page.unreadable)
            if len(found) == known:
                break  # nothing new: past the end, or a server that gives the same page for ever
        return tuple(found.values())

    def _post(self, request: vca.CallRequest, token: str, withhold: Callable[[], str]) -> PlaceAnswer:
        try:
            response = self._http.post_json(
                f"{self._url}/call",
                request.to_json(),
                headers=_bearer(token),
                timeout=self._settings.timeout.total_seconds(),
                withhold=withhold,
            )
        except errors.Withheld as error:
            return Withheld(reason=str(error))
        except errors.NotSent as error:
            return NotSent(reason=str(error))
        except errors.PerhapsSent as error:
            return PerhapsSent(reason=str(error))
        return read_answer(response, refused_on_503=self._settings.refused_on_503)

    def _pages(self, since: datetime, until: datetime | None) -> Iterator[vca.CdrPage]:
        for number in range(_MOST_PAGES):
            page = self._page(since, until, number)
            if page.unreadable:
                log.warning("%d records on page %d of GET /cdr can't be read", len(page.unreadable), number)
            yield page
            if number >= page.last_page or not (page.items or page.unreadable):
                return
        raise errors.ProviderError(f"GET /cdr has more than {_MOST_PAGES} pages: ask for a shorter time")

    def _page(self, since: datetime, until: datetime | None, number: int) -> vca.CdrPage:
        query = {"from": _query_time(since), "page": str(number), "limit": str(self._settings.page_size)}
        if until is not None:
            query["till"] = _query_time(until + timedelta(seconds=1))
        response = self._get(f"{self._url}/cdr?{urlencode(query)}")
        try:
            return vca.read_cdr_page(response.json())
        except ValueError as error:
            raise errors.ProviderError(f"GET /cdr: {error}", status=response.status) from error

    def _get(self, url: str) -> Response:
        """Reading may be repeated: with a new token after a 401."""
        response = self._get_once(url)
        if response.status == 401:
            response = self._get_once(url)
        if response.status != 200:
            raise errors.ProviderError(
                f"GET /cdr: status {response.status}: {said(response)}", status=response.status
            )
        return response

    def _get_once(self, url: str) -> Response:
        token = self._tokens.token()
        try:
            response = self._http.get(url, headers=_bearer(token), limit=_PAGE_BYTES, follow_redirects=False)
        except errors.HttpError as error:
            raise errors.ProviderError(f"GET /cdr: {error}") from error
        if response.status == 401:
            self._tokens.invalidate(token)
        return response


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def _query_time(instant: datetime) -> str:
    """With milliseconds, as the page's example of ``from`` has them; rounded down."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
