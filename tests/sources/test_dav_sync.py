"""What is the same for calendars and address books on a WebDAV server: cost, tokens, deletions and logins."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from scheduler.errors import SourceForbidden, SourceUnreachable, SourceUnreadable
from scheduler.sources.source import SourceState
from tests.servers import Proxy, Reply, Seen
from tests.sources.worlds import DavWorld, etags, first_fetch, is_report

INVALID_TOKEN = b'<?xml version="1.0"?><D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>'
NO_SUCH_REPORT = b'<?xml version="1.0"?><D:error xmlns:D="DAV:"><D:supported-report/></D:error>'
XML = {"Content-Type": "application/xml"}


def refuse_reports(proxy: Proxy, kind: bytes, status: int, body: bytes) -> None:
    reply = Reply(status=status, body=body, headers=XML)
    proxy.instead = lambda seen: reply if is_report(seen, kind) else None


def test_a_change_costs_two_requests(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a", "b")
    dav_world.write("b", "Call Bob Example")
    dav_world.source.fetch(first.state, etags(first))
    assert [seen.method for seen in dav_world.proxy.seen] == ["REPORT", "REPORT"]


def test_a_deletion_costs_one_request(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a", "b")
    dav_world.remove("b")
    dav_world.source.fetch(first.state, etags(first))
    assert [seen.method for seen in dav_world.proxy.seen] == ["REPORT"]


def test_a_token_the_server_refuses_leads_to_a_comparison_deletions_included(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a", "b", "c")
    dav_world.remove("a")
    dav_world.write("b", "Call Bob Example")
    # Radicale's own kind of token, and Xandikos' own: neither has handed it out.
    for token in ("http://radicale.org/ns/sync/" + "0" * 64, "0" * 40, "nonsense"):
        stale = replace(first.state, sync_token=token)
        fetched = dav_world.source.fetch(stale, etags(first))
        assert fetched.complete
        assert fetched.deleted == (dav_world.href("a"),)
        assert [one.href for one in fetched.changed] == [dav_world.href("b")]
        assert fetched.state.sync_token != token


@pytest.mark.parametrize(("status", "body"), [(403, INVALID_TOKEN), (412, INVALID_TOKEN), (410, b""), (418, b"")])
def test_whatever_way_a_token_is_refused_a_comparison_follows(
    dav_world: DavWorld, status: int, body: bytes
) -> None:
    first = first_fetch(dav_world, "a", "b")
    dav_world.remove("a")
    refuse_reports(dav_world.proxy, first.state.sync_token.encode(), status, body)
    fetched = dav_world.source.fetch(first.state, etags(first))
    assert fetched.deleted == (dav_world.href("a"),)


def test_what_is_known_already_is_not_loaded_again_after_a_refused_token(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a", "b")
    stale = replace(first.state, sync_token="0" * 40)
    fetched = dav_world.source.fetch(stale, etags(first))
    assert fetched.unchanged
    assert not [seen for seen in dav_world.proxy.seen if is_report(seen, b"-multiget")]


@pytest.mark.parametrize(("status", "body"), [(403, NO_SUCH_REPORT), (405, b""), (501, b"")])
def test_a_server_without_sync_collection_is_compared_by_etags(
    dav_world: DavWorld, status: int, body: bytes
) -> None:
    refuse_reports(dav_world.proxy, b"sync-collection", status, body)
    first = first_fetch(dav_world, "a", "b", "c")
    assert len(first.changed) == 3
    dav_world.remove("a")
    dav_world.write("b", "Call Bob Example")

    second = dav_world.source.fetch(first.state, etags(first))

    assert second.deleted == (dav_world.href("a"),)
    assert [one.href for one in second.changed] == [dav_world.href("b")]
    assert [seen.method for seen in dav_world.proxy.seen] == ["PROPFIND", "REPORT"]
    assert second.state.lists_only


def test_an_empty_list_of_etags_is_a_failure(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a")
    empty = b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"/>'
    dav_world.proxy.answer_everything(207, empty)
    with pytest.raises(SourceUnreadable, match=r"lacks the (calendar|address book) itself"):
        dav_world.source.fetch(replace(first.state, lists_only=True), etags(first))


def test_a_list_of_changes_without_a_new_token_is_a_failure(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a")

    def without_token(_: Seen, reply: Reply) -> Reply:
        body = re.sub(rb"<(\w+:)?sync-token>.*?</(\w+:)?sync-token>", b"", reply.body)
        return replace(reply, body=body)

    dav_world.proxy.afterwards = without_token
    with pytest.raises(SourceUnreadable, match="without a sync-token"):
        dav_world.source.fetch(first.state, etags(first))


def test_an_event_deleted_between_list_and_load_is_a_deletion(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a", "b")
    dav_world.write("b", "Call Bob Example")

    def delete_before_loading(seen: Seen) -> None:
        if is_report(seen, b"-multiget"):
            dav_world.remove("b")

    dav_world.proxy.instead = delete_before_loading
    fetched = dav_world.source.fetch(first.state, etags(first))
    assert fetched.deleted == (dav_world.href("b"),)
    assert not fetched.faults


def test_an_event_the_server_keeps_silent_about_is_a_fault_and_asked_for_again(
    dav_world: DavWorld,
) -> None:
    first = first_fetch(dav_world, "a", "b", "c")
    dav_world.write("b", "Call Bob Example")
    dav_world.write("c", "Call Cy Example")

    def without_b(seen: Seen, reply: Reply) -> Reply:
        if not is_report(seen, b"-multiget"):
            return reply
        pattern = rb"<(\w+:)?response>(?:(?!</(\w+:)?response>).)*?/b\.(?:ics|vcf).*?</(\w+:)?response>"
        return replace(reply, body=re.sub(pattern, b"", reply.body, flags=re.DOTALL))

    dav_world.proxy.afterwards = without_b
    second = dav_world.source.fetch(first.state, etags(first))
    dav_world.proxy.afterwards = lambda _, reply: reply
    third = dav_world.source.fetch(second.state, etags(first, second))

    assert [href for href, _ in second.faults] == [dav_world.href("b")]
    assert not second.unchanged
    assert [one.href for one in second.changed] == [dav_world.href("c")]
    assert not second.deleted
    assert [one.href for one in third.changed] == [dav_world.href("b")]


def test_an_answer_without_any_of_the_objects_is_a_failure(dav_world: DavWorld) -> None:
    dav_world.write("a")
    empty = b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"/>'
    refuse_reports(dav_world.proxy, b"-multiget", 207, empty)
    with pytest.raises(SourceUnreadable, match="without any of the objects"):
        dav_world.source.fetch(None, {})


@pytest.fixture(params=["radicale_world", "radicale_book"])
def guarded_world(request: pytest.FixtureRequest) -> DavWorld:
    """One that asks for a password."""
    found: DavWorld = request.getfixturevalue(request.param)
    return found


def test_a_wrong_password_is_forbidden_and_tried_once(guarded_world: DavWorld) -> None:
    source = guarded_world.source_with(login=replace(guarded_world.login, password="wrong"))
    with pytest.raises(SourceForbidden, match="refuses the login"):
        source.fetch(None, {})
    tries = [seen for seen in guarded_world.proxy.seen if "Authorization" in seen.headers]
    assert len(tries) == 1


def test_a_password_that_was_changed_on_the_server_is_forbidden(guarded_world: DavWorld) -> None:
    first = first_fetch(guarded_world, "a")
    guarded_world.proxy.answer_everything(401)
    with pytest.raises(SourceForbidden, match="401"):
        guarded_world.source.fetch(first.state, etags(first))
    assert len(guarded_world.proxy.seen) == 1


def test_how_to_log_in_is_remembered_while_the_server_is_down(guarded_world: DavWorld) -> None:
    first = first_fetch(guarded_world, "a")
    guarded_world.go_down()
    with pytest.raises(SourceUnreachable):
        guarded_world.source.fetch(first.state, etags(first))
    guarded_world.recover()
    guarded_world.source.fetch(first.state, etags(first))
    assert len(guarded_world.proxy.seen) == 1


def test_the_password_stands_in_no_error_and_no_repr(guarded_world: DavWorld) -> None:
    source = guarded_world.source_with(login=replace(guarded_world.login, password="open sesame"))
    with pytest.raises(SourceForbidden) as caught:
        source.fetch(None, {})
    assert "sesame" not in f"{caught.value!r} {source.__dict__!r}"
    assert caught.value.__cause__ is None


def test_a_calendar_that_vanished_is_a_failure_and_deletes_nothing(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a")
    dav_world.client.ask("DELETE", dav_world.path)
    with pytest.raises(SourceUnreadable, match="404"):
        dav_world.source.fetch(first.state, etags(first))


def test_a_state_from_a_version_that_knew_less_is_usable(dav_world: DavWorld) -> None:
    first = first_fetch(dav_world, "a")
    assert dav_world.source.fetch(SourceState.from_json("{}"), etags(first)).unchanged
