"""Which calendar a configured URL means: the calendar itself, or one of those found from there.

Nothing is looked up in the DNS (RFC 6764): the address that the admin gave is where it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from caldav.davclient import DAVClient
from caldav.elements import cdav, dav
from caldav.response import PropfindResult

from scheduler.errors import SourceUnreadable
from scheduler.sources.caldav_requests import propfind
from scheduler.wire import host_of

_CALENDAR_PROPERTIES = (dav.ResourceType.tag, dav.DisplayName.tag, cdav.SupportedCalendarComponentSet.tag)
_WAYS_ON = (cdav.CalendarHomeSet.tag, dav.CurrentUserPrincipal.tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    url: str
    display_name: str


def find_collection(client: DAVClient, *, name: str, url: str, display_name: str) -> str:
    """The URL of the calendar: ``url`` itself, or one in it, or in the home of its principal (RFC 4791, 6.2.1).

    :raises SourceUnreadable: there is none, or it isn't clear which.
    :raises DAVError: a refusal.
    """
    here = _properties(client, url)
    if _is_calendar(here):
        return url
    return _chosen(_found_from(client, url, here), name, url, display_name).url


def display_names(client: DAVClient, url: str) -> tuple[str, ...]:
    """The calendars that :func:`find_collection` chooses among; none where ``url`` is a calendar itself.

    :raises DAVError: a refusal.
    """
    here = _properties(client, url)
    if _is_calendar(here):
        return ()
    return tuple(sorted(one.display_name for one in _found_from(client, url, here)))


def _found_from(client: DAVClient, url: str, here: PropfindResult) -> list[_Found]:
    found = _calendars_from(client, url, here)
    if not found and client.auth is None and client.password:
        # Some servers answer strangers too, without asking who they are.
        client.build_auth_object(["basic"])
        found = _calendars_from(client, url, _properties(client, url))
    return found


def _calendars_from(client: DAVClient, url: str, here: PropfindResult) -> list[_Found]:
    found = [] if _homes(here) else _calendars_in(client, url)
    if found:
        return found
    principal = here.properties.get(dav.CurrentUserPrincipal.tag)
    if not _homes(here) and principal:
        url = urljoin(url, principal)
        here = _properties(client, url)
    return [one for home in _homes(here) for one in _calendars_in(client, urljoin(url, home))]


def _properties(client: DAVClient, url: str) -> PropfindResult:
    found = propfind(client, url, (*_CALENDAR_PROPERTIES, *_WAYS_ON), depth=0)
    return found[0] if found else PropfindResult(href=url)


def _homes(principal: PropfindResult) -> list[str]:
    homes = principal.properties.get(cdav.CalendarHomeSet.tag) or []
    return [homes] if isinstance(homes, str) else list(homes)


def _calendars_in(client: DAVClient, url: str) -> list[_Found]:
    """The event calendars that are members of ``url``."""
    return list(_read(url, propfind(client, url, _CALENDAR_PROPERTIES, depth=1)))


def _read(url: str, resources: list[PropfindResult]) -> Iterator[_Found]:
    for one in resources:
        if _is_calendar(one) and _holds_events(one):
            last_part = one.href.rstrip("/").rpartition("/")[2]
            shown = one.properties.get(dav.DisplayName.tag) or last_part
            yield _Found(url=urljoin(url, quote(one.href)), display_name=str(shown))


def _is_calendar(resource: PropfindResult) -> bool:
    return cdav.Calendar.tag in (resource.properties.get(dav.ResourceType.tag) or ())


def _holds_events(resource: PropfindResult) -> bool:
    # Where the property is missing any component is allowed (RFC 4791, 5.2.3).
    components = resource.properties.get(cdav.SupportedCalendarComponentSet.tag)
    return not components or "VEVENT" in components


def _chosen(found: list[_Found], name: str, url: str, display_name: str) -> _Found:
    fitting = [one for one in found if display_name in ("", one.display_name)]
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(sorted(repr(one.display_name) for one in found))
    if not found:
        raise SourceUnreadable(
            name, f"no calendar was found at {host_of(url)}", remedy="give the url of the calendar itself"
        )
    if not fitting:
        raise SourceUnreadable(
            name,
            f"{host_of(url)} has no calendar {display_name!r}; it has {there}",
            remedy="correct display_name",
        )
    remedy = "give the url of one of them" if display_name else "choose one with display_name"
    raise SourceUnreadable(name, f"{host_of(url)} has several calendars: {there}", remedy=remedy)
