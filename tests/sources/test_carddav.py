"""Address books: how they are found, what is kept of a card, and servers that misbehave."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.errors import SourceError, SourceUnreachable, SourceUnreadable
from scheduler.http import Http
from scheduler.login import Login
from scheduler.sources.carddav_server import CarddavSettings, CarddavSource
from tests.hostile import Hostile, answer, drip
from tests.servers import Client, Reply, Seen
from tests.sources.worlds import CarddavWorld, card, first_fetch

LISTING = (
    b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">'
    b"<D:response><D:href>/cards/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/><C:addressbook/>"
    b"</D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    b"<D:sync-token>token-1</D:sync-token></D:multistatus>"
)
XML = {"Content-Type": "application/xml"}


def source_at(url: str, http: Http, **more: object) -> CarddavSource:
    return CarddavSource(replace(CarddavSettings(name="customers", url=url), **more), http)  # type: ignore[arg-type]


def found(client: Client, http: Http, path: str, display_name: str = "") -> str:
    """The URL that is found, as a path."""
    login = Login(username=client.user, password=client.password)
    source = source_at(client.url + path[1:], http, display_name=display_name, login=login)
    return source.fetch(None, {}).state.collection_url.removeprefix(client.url.rstrip("/"))


@pytest.fixture(scope="module")
def bob(radicale_client: Client) -> Client:
    """Somebody with two address books and a calendar, on Radicale."""
    bob = Client(url=radicale_client.url, user="bob", password="other")
    bob.make_address_book("/bob/customers/", "Customers")
    bob.make_address_book("/bob/friends/", "My friends")
    bob.make_calendar("/bob/meetings/", "Meetings")
    return bob


@pytest.mark.parametrize("start", ["/", "/bob/", "/bob/friends/"], ids=["root", "principal and home", "book"])
def test_a_book_is_found_by_its_display_name_on_radicale(bob: Client, http: Http, start: str) -> None:
    assert found(bob, http, start, "My friends") == "/bob/friends/"


@pytest.mark.parametrize("start", ["/", "/user/", "/user/contacts/"], ids=["root", "principal", "home"])
def test_a_book_is_found_by_its_display_name_on_xandikos(xandikos_client: Client, http: Http, start: str) -> None:
    name, path = f"Found from {start}", f"/user/contacts/found{start.count('/')}/"
    xandikos_client.make_address_book(path, name)
    assert found(xandikos_client, http, start, name) == path


@pytest.mark.parametrize(
    ("display_name", "words"),
    [
        ("", r"several address books: 'Customers', 'My friends' \(choose one with display_name\)"),
        ("Foes", r"no address book 'Foes'; it has 'Customers', 'My friends'"),
        ("Meetings", "no address book 'Meetings'"),
    ],
)
def test_where_it_is_not_clear_which_book_is_meant_all_are_listed(
    bob: Client, http: Http, display_name: str, words: str
) -> None:
    with pytest.raises(SourceUnreadable, match=words):
        found(bob, http, "/bob/", display_name)


def test_an_address_without_a_book_is_an_error(bob: Client, http: Http) -> None:
    with pytest.raises(SourceUnreadable, match=r"no address book at this address \(404\)"):
        found(bob, http, "/bob/nothing/")


def test_many_cards_are_asked_for_by_the_hundred(radicale_book: CarddavWorld) -> None:
    whole = b"".join(card(f"c{number}") for number in range(130))
    radicale_book.client.ask("DELETE", radicale_book.path)
    radicale_book.client.ask("PUT", radicale_book.path, whole, {"Content-Type": "text/vcard"})
    assert len(first_fetch(radicale_book).changed) == 130


def test_pictures_are_not_kept_and_all_else_is(xandikos_book: CarddavWorld) -> None:
    lines = b"PHOTO;ENCODING=b;TYPE=JPEG:%b\r\n" % b"\r\n ".join([b"QUJD" * 18] * 400)
    plain = card("a")
    with_pictures = plain.replace(b"TEL;", lines + b"item1.LOGO:http://example.com/x\r\nTEL;")
    xandikos_book.client.put(xandikos_book.href("a"), with_pictures)
    assert first_fetch(xandikos_book).changed[0].data.split() == plain.split()


@pytest.mark.parametrize("name", ["ann@example.com", "with%20blank", "%C3%A9t%C3%A9", "a+b"])
def test_an_href_is_the_same_however_it_is_encoded(xandikos_book: CarddavWorld, name: str) -> None:
    xandikos_book.client.put(f"{xandikos_book.path}{name}.vcf", card("a"))
    first = first_fetch(xandikos_book)
    again = xandikos_book.source.fetch(
        replace(first.state, sync_token="0" * 40), {one.href: one.etag for one in first.changed}
    )
    assert (len(first.changed), again.unchanged) == (1, True)


def test_the_deadline_is_for_the_whole_fetch(http: Http) -> None:
    head = b"HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\nContent-Length: 100000\r\n\r\n"
    with (
        Hostile(answer(207, LISTING, XML), drip(head, b" ", 0.05)) as server,
        pytest.raises(SourceUnreachable, match="no whole answer within"),
    ):
        source_at(server.url + "/cards/", http, deadline=0.4).fetch(None, {})


def test_a_reply_that_was_cut_short_by_the_server_is_listed_whole(radicale_book: CarddavWorld) -> None:
    def cut(seen: Seen, reply: Reply) -> Reply:
        if b"sync-collection" not in seen.body:
            return reply
        body = LISTING.replace(
            b"<D:propstat>", b"<D:status>HTTP/1.1 507 Insufficient Storage</D:status><D:propstat>"
        )
        return replace(reply, body=body)

    radicale_book.proxy.afterwards = cut
    assert len(first_fetch(radicale_book, "a", "b").changed) == 2


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The listing with a piece replaced."""
    start = draw(st.integers(0, len(LISTING)))
    end = draw(st.integers(start, min(len(LISTING), start + 60)))
    return LISTING[:start] + draw(st.binary(max_size=8)) + LISTING[end:]


def test_whatever_a_server_answers_it_is_a_result_or_an_error_of_ours(http: Http) -> None:
    taught = [b""]
    with Hostile(lambda connection, request: answer(207, taught[0], XML)(connection, request)) as server:
        source = source_at(server.url + "/cards/", http)

        @settings(max_examples=60, deadline=None)
        @given(body=st.one_of(damaged(), st.binary(max_size=200)))
        def check(body: bytes) -> None:
            taught[0] = body
            try:
                fetched = source.fetch(None, {})
            except SourceError:
                return
            assert fetched.state.sync_token or fetched.faults

        check()
