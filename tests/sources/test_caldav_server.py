from __future__ import annotations

import re
from dataclasses import replace

import pytest

from scheduler.sources.caldav_server import CaldavSource
from scheduler.sources.source import Fetched
from tests.servers import Client, Proxy
from tests.sources.worlds import CaldavWorld, calendar, etags, event, first_fetch, is_report

INVALID_TOKEN = b'<?xml version="1.0"?><D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>'
NO_SUCH_REPORT = b'<?xml version="1.0"?><D:error xmlns:D="DAV:"><D:supported-report/></D:error>'
XML = {"Content-Type": "application/xml"}


def test_many_objects_are_asked_for_by_the_hundred(radicale_world: CaldavWorld) -> None:
    whole = calendar(*(event(f"e{number}") for number in range(230)))
    radicale_world.client.ask("DELETE", radicale_world.path)
    radicale_world.client.ask("PUT", radicale_world.path, whole, {"Content-Type": "text/calendar"})
    fetched = first_fetch_counting(radicale_world)
    assert len(fetched.changed) == 230
    multigets = [seen for seen in radicale_world.proxy.seen if is_report(seen, b"calendar-multiget")]
    assert [len(re.findall(b"<D:href>", seen.body)) for seen in multigets] == [100, 100, 30]


def first_fetch_counting(world: CaldavWorld) -> Fetched:
    world.proxy.seen.clear()
    return world.source.fetch(None, {})


def test_the_text_is_the_servers_and_not_mended(xandikos_world: CaldavWorld) -> None:
    data = calendar(event("a").replace(b"DTSTAMP", b"CREATED:00001231T000000Z\r\nDTSTAMP"))
    xandikos_world.client.put(xandikos_world.href("a"), data)
    fetched = xandikos_world.source.fetch(None, {})
    assert b"CREATED:00001231T000000Z" in fetched.changed[0].data


def test_an_event_moved_to_another_href_is_a_deletion_and_an_addition(radicale_world: CaldavWorld) -> None:
    first = first_fetch(radicale_world, "a")
    target = radicale_world.client.url + radicale_world.href("moved")[1:]
    radicale_world.client.ask("MOVE", radicale_world.href("a"), headers={"Destination": target})
    fetched = radicale_world.source.fetch(first.state, etags(first))
    assert [one.href for one in fetched.changed] == [radicale_world.href("moved")]
    assert fetched.deleted == (radicale_world.href("a"),)


@pytest.mark.parametrize("name", ["ann@example.com", "with%20blank", "%C3%A9t%C3%A9", "a+b", "50%25"])
def test_an_href_is_the_same_however_it_is_encoded(caldav_world: CaldavWorld, name: str) -> None:
    caldav_world.client.put(f"{caldav_world.path}{name}.ics", calendar(event("a")))
    first = first_fetch(caldav_world)
    assert len(first.changed) == 1
    refused = replace(first.state, sync_token="0" * 40)
    listed = replace(first.state, lists_only=True)
    for state in (first.state, refused, listed):
        assert caldav_world.source.fetch(state, etags(first)).unchanged
    caldav_world.client.delete(f"{caldav_world.path}{name}.ics")
    assert caldav_world.source.fetch(first.state, etags(first)).deleted == (first.changed[0].href,)


def test_other_settings_begin_afresh(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a")
    other_path = caldav_world.path.rstrip("/") + "-other/"
    caldav_world.client.make_calendar(other_path)
    source = CaldavSource(replace(caldav_world.settings, url=caldav_world.proxy.url + other_path[1:]))
    fetched = source.fetch(first.state, etags(first))
    assert fetched.deleted == (caldav_world.href("a"),)


def test_a_calendar_found_by_its_name_is_found_again_elsewhere(radicale_client: Client) -> None:
    radicale_client.make_calendar("/alice/before/", "Travelling")
    with Proxy(radicale_client.url) as proxy:
        world = CaldavWorld(proxy, radicale_client, "/alice/unused/", "Unused")
        source = CaldavSource(replace(world.settings, url=proxy.url, display_name="Travelling"))
        radicale_client.put("/alice/before/a.ics", calendar(event("a")))
        first = source.fetch(None, {})
        radicale_client.ask("DELETE", "/alice/before/")
        radicale_client.make_calendar("/alice/after/", "Travelling")
        radicale_client.put("/alice/after/b.ics", calendar(event("b")))
        second = source.fetch(first.state, etags(first))
    assert [one.href for one in second.changed] == ["/alice/after/b.ics"]
    assert second.deleted == ("/alice/before/a.ics",)
