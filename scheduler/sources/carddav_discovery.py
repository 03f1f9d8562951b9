"""Which address book a configured URL means: the book itself, or one of those found from there.

Nothing is looked up in the DNS (RFC 6764): the address that the admin gave is where it begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from lxml import etree

from scheduler.errors import SourceUnreadable
from scheduler.sources.carddav_requests import (
    BOOK,
    DISPLAY_NAME,
    HOME,
    PRINCIPAL,
    RESOURCE_TYPE,
    Resource,
    propfind,
    resources,
)
from scheduler.sources.dav_sync import href_of
from scheduler.wire import host_of

Ask = Callable[[str, str, bytes, int], etree._Element]
_PROPERTIES = propfind(RESOURCE_TYPE, DISPLAY_NAME, PRINCIPAL, HOME)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    url: str
    display_name: str


def find_book(ask: Ask, *, name: str, url: str, display_name: str) -> str:
    """The URL of the book: ``url`` itself, or one in it, or in the home of its principal (RFC 6352, 7.1.1).

    :raises SourceUnreadable: there is none, or it isn't clear which.
    """
    here = _properties(ask, url)
    if here.holds(RESOURCE_TYPE, BOOK):
        return url
    found = [] if here.hrefs(HOME) else _books_in(ask, url)
    return _chosen(found or _books_at_home(ask, url, here), name, url, display_name).url


def _books_at_home(ask: Ask, url: str, here: Resource) -> list[_Found]:
    principals = here.hrefs(PRINCIPAL)
    if not here.hrefs(HOME) and principals:
        url = urljoin(url, principals[0])
        here = _properties(ask, url)
    return [book for home in here.hrefs(HOME) for book in _books_in(ask, urljoin(url, home))]


def _properties(ask: Ask, url: str) -> Resource:
    found = list(resources(ask("PROPFIND", url, _PROPERTIES, 0)))
    return found[0] if found else Resource(href=href_of(url), status=200, properties={})


def _books_in(ask: Ask, url: str) -> list[_Found]:
    return [
        _Found(url=urljoin(url, quote(one.href)), display_name=one.text(DISPLAY_NAME) or _last_part(one.href))
        for one in resources(ask("PROPFIND", url, _PROPERTIES, 1))
        if one.holds(RESOURCE_TYPE, BOOK)
    ]


def _last_part(href: str) -> str:
    return href.rstrip("/").rpartition("/")[2]


def _chosen(found: list[_Found], name: str, url: str, display_name: str) -> _Found:
    fitting = [one for one in found if display_name in ("", one.display_name)]
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(sorted(repr(one.display_name) for one in found))
    host = host_of(url)
    if not found:
        raise SourceUnreadable(
            name, f"no address book was found at {host}", remedy="give the url of the address book itself"
        )
    if not fitting:
        raise SourceUnreadable(
            name, f"{host} has no address book {display_name!r}; it has {there}", remedy="correct display_name"
        )
    remedy = "give the url of one of them" if display_name else "choose one with display_name"
    raise SourceUnreadable(name, f"{host} has several address books: {there}", remedy=remedy)
