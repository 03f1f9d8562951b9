"""The questions that a CardDAV server is asked (RFC 6352), by hand: caldav knows nothing of address books."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from lxml import etree
from lxml.builder import ElementMaker

from scheduler.sources.dav_sync import href_of

DAV, CARD = "{DAV:}", "{urn:ietf:params:xml:ns:carddav}"
RESOURCE_TYPE, DISPLAY_NAME, ETAG = f"{DAV}resourcetype", f"{DAV}displayname", f"{DAV}getetag"
PRINCIPAL, HOME = f"{DAV}current-user-principal", f"{CARD}addressbook-home-set"
BOOK, COLLECTION, CARD_DATA = f"{CARD}addressbook", f"{DAV}collection", f"{CARD}address-data"

_NAMESPACES = {"D": DAV[1:-1], "C": CARD[1:-1]}
_D = ElementMaker(namespace=_NAMESPACES["D"], nsmap=_NAMESPACES)
_C = ElementMaker(namespace=_NAMESPACES["C"], nsmap=_NAMESPACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One response of a multistatus (RFC 4918, 14.24): its properties are those that it has."""

    href: str
    status: int
    properties: Mapping[str, etree._Element]

    def text(self, name: str) -> str:
        found = self.properties.get(name)
        return "" if found is None else (found.text or "").strip()

    def holds(self, name: str, kind: str) -> bool:
        found = self.properties.get(name)
        return found is not None and found.find(kind) is not None

    def hrefs(self, name: str) -> list[str]:
        """The addresses within a property, as the server writes them."""
        found = self.properties.get(name)
        return [] if found is None else [one.text.strip() for one in found.iter(f"{DAV}href") if one.text]


def propfind(*properties: str) -> bytes:
    """RFC 4918, 9.1."""
    return _written(_D.propfind(_prop(properties)))


def sync_collection(sync_token: str) -> bytes:
    """RFC 6578, 3.2; without a token the answer lists everything."""
    return _written(_D("sync-collection", _D("sync-token", sync_token), _D("sync-level", "1"), _prop([ETAG])))


def multiget(hrefs: Sequence[str]) -> bytes:
    """RFC 6352, 8.7."""
    wanted = [_D.href(quote(href)) for href in hrefs]
    return _written(_C("addressbook-multiget", _prop([ETAG, CARD_DATA]), *wanted))


def resources(multistatus: etree._Element) -> Iterator[Resource]:
    for response in multistatus.iter(f"{DAV}response"):
        href = href_of((response.findtext(f"{DAV}href") or "").strip())
        yield Resource(
            href=href,
            status=_status(response.findtext(f"{DAV}status")),
            properties=dict(_properties(response)),
        )


def root_of(body: bytes) -> etree._Element | None:
    """The root of whole XML; None for anything else. Entities are left alone."""
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None


def _prop(properties: Sequence[str]) -> etree._Element:
    prop: etree._Element = _D.prop(*(etree.Element(name) for name in properties))
    return prop


def _properties(response: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    for propstat in response.iter(f"{DAV}propstat"):
        if _status(propstat.findtext(f"{DAV}status")) == 200:
            yield from ((str(one.tag), one) for prop in propstat.iter(f"{DAV}prop") for one in prop)


def _status(line: str | None) -> int:
    """``HTTP/1.1 404 Not Found``; 200 where there is none, as for a response with properties."""
    parts = (line or "HTTP/1.1 200").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def _written(element: etree._Element) -> bytes:
    return etree.tostring(element, xml_declaration=True, encoding="utf-8")
