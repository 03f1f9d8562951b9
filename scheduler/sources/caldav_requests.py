"""The three questions that a CalDAV server is asked: properties, what has changed, and objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from caldav.collection import Calendar
from caldav.davclient import DAVClient
from caldav.elements import cdav, dav
from caldav.lib import error
from caldav.response import CalendarQueryResult, DAVResponse, PropfindResult
from lxml import etree

from scheduler.sources.dav_sync import Listing, UselessAnswer, href_of


def propfind(client: DAVClient, url: str, properties: Sequence[str], depth: int) -> list[PropfindResult]:
    """The resource at ``url`` and, at depth 1, what is in it (RFC 4918, 9.1).

    :raises DAVError: a refusal; NotFoundError where there is nothing.
    """
    response = client.propfind(url, props=list(properties), depth=depth)
    if response.all_responses_not_found():
        raise error.error_from_response(error.NotFoundError, response)
    _demand_success(response, error.PropfindError)
    return [one for one in response.results or () if isinstance(one, PropfindResult)]


def changes_since(client: DAVClient, collection_url: str, sync_token: str) -> Listing:
    """A sync-collection report (RFC 6578); without a token of everything.

    :raises DAVError: a refusal, also of the token.
    :raises UselessAnswer: no new token came with it.
    """
    calendar = Calendar(client=client, url=collection_url)
    # Loading would cost a request an object, the fallback all of them each time without telling deletions.
    found: Any = calendar.get_objects_by_sync_token(sync_token or None, load_objects=False, disable_fallback=True)
    if not found.sync_token:
        raise UselessAnswer("a list of changes without a sync-token")
    if found.truncated:
        return all_etags(client, collection_url)
    gone = frozenset(href_of(url) for url in found.deleted_urls)
    etags = {href_of(one.url): one.props.get(dav.GetEtag.tag) or "" for one in found}
    return Listing(
        etags={href: etag for href, etag in etags.items() if href not in gone},
        gone=gone,
        complete=not sync_token,
        sync_token=found.sync_token,
    )


def all_etags(client: DAVClient, collection_url: str) -> Listing:
    """Everything that is in the collection, for servers without sync-collection.

    :raises DAVError: a refusal.
    :raises UselessAnswer: the answer says nothing of the collection itself, so it isn't a list of it.
    """
    found = propfind(client, collection_url, [dav.ResourceType.tag, dav.GetEtag.tag], depth=1)
    itself = href_of(collection_url).rstrip("/")
    if itself not in {one.href.rstrip("/") for one in found}:
        raise UselessAnswer("a list that lacks the calendar itself")
    etags = {
        one.href: one.properties.get(dav.GetEtag.tag) or ""
        for one in found
        if one.status == 200 and dav.Collection.tag not in (one.properties.get(dav.ResourceType.tag) or ())
    }
    return Listing(etags=etags, complete=True)


def multiget(client: DAVClient, collection_url: str, hrefs: Sequence[str]) -> dict[str, CalendarQueryResult]:
    """The objects as the server has them, by href (RFC 4791, 7.9); those that are gone with status 404.

    Not caldav's own multiget: it mends the text, and drops the statuses.
    :raises DAVError: a refusal.
    """
    properties = dav.Prop() + [dav.GetEtag(), cdav.CalendarData()]  # noqa: RUF005 - elements, not lists
    objects = [dav.Href(value=quote(href)) for href in hrefs]
    query = cdav.CalendarMultiGet() + [properties, *objects]  # noqa: RUF005
    body = etree.tostring(query.xmlelement(), encoding="unicode")
    response = client.report(collection_url, body, depth=None)
    _demand_success(response, error.ReportError)
    return {one.href: one for one in response.parse_calendar_query()}


def _demand_success(response: DAVResponse, otherwise: type[error.DAVError]) -> None:
    if response.status == 404:
        raise error.error_from_response(error.NotFoundError, response)
    if response.status >= 400:
        raise error.error_from_response(otherwise, response)
