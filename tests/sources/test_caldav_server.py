from __future__ import annotations

import re
from dataclasses import replace

import pytest

from scheduler.errors import SourceForbidden, SourceUnreachable, SourceUnreadable
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from scheduler.sources.source import Fetched, SourceState
from tests.servers import Client, Proxy, Reply, Seen
from tests.sources.worlds import CaldavWorld, calendar, event

INVALID_TOKEN = b'<?xml version="1.0"?><D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>'
NO_SUCH_REPORT = b'<?xml version="1.0"?><D:error xmlns:D="DAV:"><D:supported-report/></D:error>'
XML = {"Content-Type": "application/xml"}


def etags(*fetched: Fetched) -> dict[str, str]:
    return {one.href: one.etag for each in fetched for one in each.changed}


def first_fetch(world: CaldavWorld, *uids: str) -> Fetched:
    for uid in uids:
        world.write(uid)
    fetched = world.source.fetch(None, {})
    world.proxy.seen.clear()
    return fetched


def is_report(seen: Seen, kind: bytes) -> bool:
    return seen.method == "REPORT" and kind in seen.body


def refuse_reports(proxy: Proxy, kind: bytes, status: int, body: bytes) -> None:
    reply = Reply(status=status, body=body, headers=XML)
    proxy.instead = lambda seen: reply if is_report(seen, kind) else None


def test_a_change_costs_two_requests(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a", "b")
    caldav_world.write("b", "Call Bob Example")
    caldav_world.source.fetch(first.state, etags(first))
    assert [seen.method for seen in caldav_world.proxy.seen] == ["REPORT", "REPORT"]


def test_a_deletion_costs_one_request(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a", "b")
    caldav_world.remove("b")
    caldav_world.source.fetch(first.state, etags(first))
    assert [seen.method for seen in caldav_world.proxy.seen] == ["REPORT"]


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


def test_a_token_the_server_refuses_leads_to_a_comparison_deletions_included(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a", "b", "c")
    caldav_world.remove("a")
    caldav_world.write("b", "Call Bob Example")
    # Radicale's own kind of token, and Xandikos' own: neither has handed it out.
    for token in ("http://radicale.org/ns/sync/" + "0" * 64, "0" * 40, "nonsense"):
        stale = replace(first.state, sync_token=token)
        fetched = caldav_world.source.fetch(stale, etags(first))
        assert fetched.complete
        assert fetched.deleted == (caldav_world.href("a"),)
        assert [one.href for one in fetched.changed] == [caldav_world.href("b")]
        assert fetched.state.sync_token != token


@pytest.mark.parametrize(("status", "body"), [(403, INVALID_TOKEN), (412, INVALID_TOKEN), (410, b""), (418, b"")])
def test_whatever_way_a_token_is_refused_a_comparison_follows(
    radicale_world: CaldavWorld, status: int, body: bytes
) -> None:
    first = first_fetch(radicale_world, "a", "b")
    radicale_world.remove("a")
    refuse_reports(radicale_world.proxy, first.state.sync_token.encode(), status, body)
    fetched = radicale_world.source.fetch(first.state, etags(first))
    assert fetched.deleted == (radicale_world.href("a"),)


def test_what_is_known_already_is_not_loaded_again_after_a_refused_token(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a", "b")
    stale = replace(first.state, sync_token="0" * 40)
    fetched = caldav_world.source.fetch(stale, etags(first))
    assert fetched.unchanged
    assert not [seen for seen in caldav_world.proxy.seen if is_report(seen, b"calendar-multiget")]


@pytest.mark.parametrize(("status", "body"), [(403, NO_SUCH_REPORT), (405, b""), (501, b"")])
def test_a_server_without_sync_collection_is_compared_by_etags(
    caldav_world: CaldavWorld, status: int, body: bytes
) -> None:
    refuse_reports(caldav_world.proxy, b"sync-collection", status, body)
    first = first_fetch(caldav_world, "a", "b", "c")
    assert len(first.changed) == 3
    caldav_world.remove("a")
    caldav_world.write("b", "Call Bob Example")

    second = caldav_world.source.fetch(first.state, etags(first))

    assert second.deleted == (caldav_world.href("a"),)
    assert [one.href for one in second.changed] == [caldav_world.href("b")]
    assert [seen.method for seen in caldav_world.proxy.seen] == ["PROPFIND", "REPORT"]
    assert second.state.lists_only


def test_an_empty_list_of_etags_is_a_failure(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a")
    empty = b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"/>'
    caldav_world.proxy.answer_everything(207, empty)
    with pytest.raises(SourceUnreadable, match="lacks the calendar itself"):
        caldav_world.source.fetch(replace(first.state, lists_only=True), etags(first))


def test_a_list_of_changes_without_a_new_token_is_a_failure(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a")

    def without_token(_: Seen, reply: Reply) -> Reply:
        body = re.sub(rb"<(\w+:)?sync-token>.*?</(\w+:)?sync-token>", b"", reply.body)
        return replace(reply, body=body)

    caldav_world.proxy.afterwards = without_token
    with pytest.raises(SourceUnreadable, match="without a sync-token"):
        caldav_world.source.fetch(first.state, etags(first))


def test_an_event_deleted_between_list_and_load_is_a_deletion(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a", "b")
    caldav_world.write("b", "Call Bob Example")

    def delete_before_loading(seen: Seen) -> None:
        if is_report(seen, b"calendar-multiget"):
            caldav_world.remove("b")

    caldav_world.proxy.instead = delete_before_loading
    fetched = caldav_world.source.fetch(first.state, etags(first))
    assert fetched.deleted == (caldav_world.href("b"),)
    assert not fetched.faults


def test_an_event_the_server_keeps_silent_about_is_a_fault_and_asked_for_again(
    caldav_world: CaldavWorld,
) -> None:
    first = first_fetch(caldav_world, "a", "b", "c")
    caldav_world.write("b", "Call Bob Example")
    caldav_world.write("c", "Call Cy Example")

    def without_b(seen: Seen, reply: Reply) -> Reply:
        if not is_report(seen, b"calendar-multiget"):
            return reply
        pattern = rb"<(\w+:)?response>(?:(?!</(\w+:)?response>).)*?/b\.ics.*?</(\w+:)?response>"
        return replace(reply, body=re.sub(pattern, b"", reply.body, flags=re.DOTALL))

    caldav_world.proxy.afterwards = without_b
    second = caldav_world.source.fetch(first.state, etags(first))
    caldav_world.proxy.afterwards = lambda _, reply: reply
    third = caldav_world.source.fetch(second.state, etags(first, second))

    assert [href for href, _ in second.faults] == [caldav_world.href("b")]
    assert not second.unchanged
    assert [one.href for one in second.changed] == [caldav_world.href("c")]
    assert not second.deleted
    assert [one.href for one in third.changed] == [caldav_world.href("b")]


def test_an_answer_without_any_of_the_objects_is_a_failure(caldav_world: CaldavWorld) -> None:
    caldav_world.write("a")
    empty = b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"/>'
    refuse_reports(caldav_world.proxy, b"calendar-multiget", 207, empty)
    with pytest.raises(SourceUnreadable, match="without any of the objects"):
        caldav_world.source.fetch(None, {})


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


def with_password(world: CaldavWorld, password: str) -> CaldavSettings:
    return replace(world.settings, login=replace(world.settings.login, password=password))


def test_a_wrong_password_is_forbidden_and_tried_once(radicale_world: CaldavWorld) -> None:
    source = CaldavSource(with_password(radicale_world, "wrong"))
    with pytest.raises(SourceForbidden, match="refuses the login"):
        source.fetch(None, {})
    tries = [seen for seen in radicale_world.proxy.seen if "Authorization" in seen.headers]
    assert len(tries) == 1


def test_a_password_that_was_changed_on_the_server_is_forbidden(radicale_world: CaldavWorld) -> None:
    first = first_fetch(radicale_world, "a")
    radicale_world.proxy.answer_everything(401)
    with pytest.raises(SourceForbidden, match="401"):
        radicale_world.source.fetch(first.state, etags(first))
    assert len(radicale_world.proxy.seen) == 1


def test_how_to_log_in_is_remembered_while_the_server_is_down(radicale_world: CaldavWorld) -> None:
    first = first_fetch(radicale_world, "a")
    radicale_world.go_down()
    with pytest.raises(SourceUnreachable):
        radicale_world.source.fetch(first.state, etags(first))
    radicale_world.recover()
    radicale_world.source.fetch(first.state, etags(first))
    assert len(radicale_world.proxy.seen) == 1


def test_the_password_stands_in_no_error_and_no_repr(radicale_world: CaldavWorld) -> None:
    settings = with_password(radicale_world, "open sesame")
    with pytest.raises(SourceForbidden) as caught:
        CaldavSource(settings).fetch(None, {})
    assert "sesame" not in f"{caught.value!r} {settings!r}"
    assert caught.value.__cause__ is None


def test_other_settings_begin_afresh(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a")
    other_path = caldav_world.path.rstrip("/") + "-other/"
    caldav_world.client.make_calendar(other_path)
    source = CaldavSource(replace(caldav_world.settings, url=caldav_world.proxy.url + other_path[1:]))
    fetched = source.fetch(first.state, etags(first))
    assert fetched.deleted == (caldav_world.href("a"),)


def test_a_calendar_that_vanished_is_a_failure_and_deletes_nothing(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a")
    caldav_world.client.ask("DELETE", caldav_world.path)
    with pytest.raises(SourceUnreadable, match="404"):
        caldav_world.source.fetch(first.state, etags(first))


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


def test_a_state_from_a_version_that_knew_less_is_usable(caldav_world: CaldavWorld) -> None:
    first = first_fetch(caldav_world, "a")
    assert caldav_world.source.fetch(SourceState.from_json("{}"), etags(first)).unchanged
