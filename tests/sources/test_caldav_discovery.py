from __future__ import annotations

from collections.abc import Iterator

import pytest

from scheduler.errors import SourceUnreadable
from scheduler.login import Login
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from tests.servers import Client, Proxy, Reply, Seen

PRINCIPAL, HOME = "/principals/carol/", "/calendars/carol/"


@pytest.fixture(scope="module")
def bob(radicale_client: Client) -> Client:
    """Somebody with two calendars and a list of tasks, on Radicale."""
    bob = Client(url=radicale_client.url, user="bob", password="other")
    bob.make_calendar("/bob/work/", "Work")
    bob.make_calendar("/bob/home/", "At home")
    bob.make_calendar("/bob/tasks/", "Tasks", component="VTODO")
    return bob


def source(client: Client, path: str, display_name: str = "") -> CaldavSource:
    settings = CaldavSettings(
        name="office",
        url=client.url + path[1:],
        display_name=display_name,
        login=Login(username=client.user, password=client.password),
    )
    return CaldavSource(settings)


def found(client: Client, path: str, display_name: str = "") -> str:
    """The URL that is found, as a path."""
    fetched = source(client, path, display_name).fetch(None, {})
    return fetched.state.collection_url.removeprefix(client.url.rstrip("/"))


def test_the_url_of_the_calendar_itself_is_taken_whatever_its_name(bob: Client) -> None:
    assert found(bob, "/bob/work/") == "/bob/work/"
    assert found(bob, "/bob/work/", "At home") == "/bob/work/"


@pytest.mark.parametrize("start", ["/", "/bob/"], ids=["root", "principal and home"])
def test_a_calendar_is_found_by_its_display_name_on_radicale(bob: Client, start: str) -> None:
    assert found(bob, start, "At home") == "/bob/home/"


@pytest.mark.parametrize("start", ["/", "/user/", "/user/calendars/"], ids=["root", "principal", "home"])
def test_a_calendar_is_found_by_its_display_name_on_xandikos(xandikos_client: Client, start: str) -> None:
    name = f"Found from {start}"
    path = f"/user/calendars/found{start.count('/')}/"
    xandikos_client.make_calendar(path, name)
    assert found(xandikos_client, start, name) == path


@pytest.mark.parametrize("start", ["/", "/bob/"], ids=["root", "principal and home"])
def test_whoever_is_to_choose_is_shown_the_calendars_of_events(bob: Client, start: str) -> None:
    assert source(bob, start).display_names() == ("At home", "Work")


def test_where_the_url_is_a_calendar_there_is_nothing_to_choose(bob: Client) -> None:
    assert source(bob, "/bob/work/").display_names() == ()


def test_several_calendars_are_an_error_that_lists_them(bob: Client) -> None:
    with pytest.raises(SourceUnreadable, match=r"'At home', 'Work' \(choose one with display_name\)"):
        found(bob, "/bob/")


def test_an_unknown_display_name_is_an_error_that_lists_those_there_are(bob: Client) -> None:
    with pytest.raises(SourceUnreadable, match=r"no calendar 'Wrok'; it has 'At home', 'Work'"):
        found(bob, "/bob/", "Wrok")


def test_a_list_of_tasks_is_no_calendar_of_events(bob: Client) -> None:
    with pytest.raises(SourceUnreadable, match="no calendar 'Tasks'"):
        found(bob, "/bob/", "Tasks")


def test_two_calendars_of_one_name_are_an_error(radicale_client: Client) -> None:
    for path in ("/alice/twin1/", "/alice/twin2/"):
        radicale_client.make_calendar(path, "Twin")
    with pytest.raises(SourceUnreadable, match=r"several calendars.*give the url of one of them"):
        found(radicale_client, "/alice/", "Twin")


def test_no_calendar_at_all_is_an_error(radicale_client: Client) -> None:
    newcomer = Client(url=radicale_client.url, user="dave", password="fresh")
    with pytest.raises(SourceUnreadable, match="no calendar was found"):
        found(newcomer, "/dave/")


def test_an_address_where_nothing_is_is_an_error(radicale_client: Client) -> None:
    with pytest.raises(SourceUnreadable, match=r"no calendar at this address \(404\)"):
        found(radicale_client, "/alice/nothing/")


def multistatus(href: str, properties: str) -> Reply:
    body = (
        '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
        f"<D:response><D:href>{href}</D:href><D:propstat><D:prop>{properties}</D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        "<D:sync-token>token-1</D:sync-token></D:multistatus>"
    )
    return Reply(status=207, body=body.encode(), headers={"Content-Type": "application/xml"})


def talkative(seen: Seen) -> Reply:
    """A server that answers strangers too, and knows its users only by a password they weren't asked for."""
    if "Authorization" not in seen.headers:
        unknown = "<D:current-user-principal><D:unauthenticated/></D:current-user-principal>"
        return multistatus("/", f"<D:resourcetype><D:collection/></D:resourcetype>{unknown}")
    principal = f"<D:current-user-principal><D:href>{PRINCIPAL}</D:href></D:current-user-principal>"
    home = f"<C:calendar-home-set><D:href>{HOME}</D:href></C:calendar-home-set>"
    calendar = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
    replies = {
        "/": multistatus("/", principal),
        PRINCIPAL: multistatus(PRINCIPAL, home),
        HOME: multistatus(HOME + "the%20one/", calendar),
        HOME + "the%20one/": multistatus(HOME + "the%20one/", "<D:getetag>1</D:getetag>"),
    }
    return replies[seen.path]


@pytest.fixture
def talkative_client() -> Iterator[Client]:
    with Proxy("") as proxy:
        proxy.instead = talkative
        yield Client(url=proxy.url, user="carol", password="secret")


def test_a_server_that_answers_strangers_is_told_who_asks(talkative_client: Client) -> None:
    assert found(talkative_client, "/") == HOME + "the%20one/"
