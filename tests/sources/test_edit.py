"""Changing one object on real CalDAV servers, beside somebody who changes it too."""

from __future__ import annotations

import pytest

from scheduler.errors import SourceForbidden, SourceReadOnly, SourceUnreachable, SourceUnreadable
from scheduler.sources.caldav_server import CaldavSource
from scheduler.sources.source import Edit, SourceState
from tests.servers import Reply, Seen
from tests.sources.worlds import CaldavWorld, first_fetch


class Editing:
    """A calendar with one object, and what is done to it."""

    def __init__(self, world: CaldavWorld) -> None:
        self.world = world
        self.state = first_fetch(world, "one").state
        self.href = world.href("one")

    def edit(self, state: SourceState | None = None) -> Edit:
        assert isinstance(self.world.source, CaldavSource)
        return self.world.source.edit(state or self.state, self.href, self.change)

    def change(self, data: bytes) -> bytes:
        return data.replace(b"END:VEVENT", b"X-OURS:1\r\nEND:VEVENT") if b"X-OURS" not in data else data

    def now(self) -> bytes:
        return self.world.client.ask("GET", self.href).body

    @property
    def puts(self) -> int:
        return sum(seen.method == "PUT" for seen in self.world.proxy.seen)


@pytest.fixture
def editing(caldav_world: CaldavWorld) -> Editing:
    return Editing(caldav_world)


def test_a_change_is_stored_and_the_next_fetch_brings_it(editing: Editing) -> None:
    assert editing.edit() is Edit.WRITTEN
    assert b"X-OURS:1" in editing.now()
    fetched = editing.world.source.fetch(editing.state, {})
    assert [b"X-OURS:1" in one.data for one in fetched.changed] == [True]


def test_what_is_as_it_should_be_is_not_written(editing: Editing) -> None:
    editing.edit()
    assert editing.edit() is Edit.UNCHANGED
    assert editing.puts == 1


def test_an_edit_between_our_read_and_our_write_is_kept_and_ours_is_made_on_top(editing: Editing) -> None:
    world = editing.world

    def edited_meanwhile(seen: Seen) -> Reply | None:
        if seen.method == "PUT" and editing.puts == 1:
            world.write("one", "Call somebody else")
        return None

    world.proxy.instead = edited_meanwhile
    assert editing.edit() is Edit.WRITTEN
    assert editing.puts == 2
    assert b"Call somebody else" in editing.now()
    assert b"X-OURS:1" in editing.now()


def test_a_deletion_between_our_read_and_our_write_stands(editing: Editing) -> None:
    def deleted_meanwhile(seen: Seen) -> Reply | None:
        if seen.method == "PUT":
            editing.world.remove("one")
        return None

    editing.world.proxy.instead = deleted_meanwhile
    assert editing.edit() is Edit.GONE
    assert not editing.world.source.fetch(None, {}).changed


def test_what_is_gone_before_is_told(editing: Editing) -> None:
    editing.world.remove("one")
    assert editing.edit() is Edit.GONE
    assert editing.puts == 0


def test_who_is_overtaken_every_time_gives_up_and_has_written_nothing(editing: Editing) -> None:
    def edited_meanwhile(seen: Seen) -> Reply | None:
        if seen.method == "PUT":
            editing.world.write("one", f"Call number {editing.puts}")
        return None

    editing.world.proxy.instead = edited_meanwhile
    with pytest.raises(SourceUnreachable, match="all the time"):
        editing.edit()
    assert b"X-OURS" not in editing.now()


def test_a_change_whose_answer_is_lost_is_found_done_the_next_time(editing: Editing) -> None:
    def lost(seen: Seen, reply: Reply) -> Reply:
        return Reply(status=503, headers={}) if seen.method == "PUT" else reply

    editing.world.proxy.afterwards = lost
    with pytest.raises(SourceUnreachable):
        editing.edit()
    editing.world.proxy.afterwards = lambda _, reply: reply
    assert editing.edit() is Edit.UNCHANGED
    assert editing.now().count(b"X-OURS") == 1


@pytest.mark.parametrize("status", [403, 405])
def test_a_calendar_that_may_not_be_written_is_told_with_what_to_do(editing: Editing, status: int) -> None:
    editing.world.proxy.instead = lambda seen: Reply(status=status, headers={}) if seen.method == "PUT" else None
    with pytest.raises(SourceReadOnly, match="let this user write"):
        editing.edit()


def test_a_refused_login_is_told_as_one(editing: Editing) -> None:
    editing.world.proxy.instead = lambda _: Reply(status=401, headers={})
    with pytest.raises(SourceForbidden):
        editing.edit()


@pytest.mark.parametrize("etag", ["", 'W/"1"'])
def test_without_a_strong_etag_nothing_is_written(editing: Editing, etag: str) -> None:
    def weakened(_: Seen, reply: Reply) -> Reply:
        headers = {name: value for name, value in reply.headers.items() if name.lower() != "etag"}
        return Reply(status=reply.status, body=reply.body, headers={**headers, **({"ETag": etag} if etag else {})})

    editing.world.proxy.afterwards = weakened
    with pytest.raises(SourceReadOnly, match="ETag"):
        editing.edit()
    assert editing.puts == 0


def test_a_login_page_is_neither_an_event_nor_a_success(editing: Editing) -> None:
    page = Reply(status=200, body=b"<html>log in</html>", headers={"Content-Type": "text/html"})
    editing.world.proxy.instead = lambda _: page
    with pytest.raises(SourceUnreadable):
        editing.edit()
    to_page = Reply(status=302, headers={"Location": editing.world.proxy.url + "login"})
    editing.world.proxy.instead = lambda seen: to_page if seen.method == "PUT" else None
    with pytest.raises(SourceUnreadable, match="302"):
        editing.edit()


def test_a_calendar_that_was_never_fetched_is_not_written(editing: Editing) -> None:
    with pytest.raises(SourceUnreachable, match="fetched"):
        editing.edit(SourceState())


def test_nothing_of_an_event_gets_into_the_log(editing: Editing, caplog: pytest.LogCaptureFixture) -> None:
    def unnamed(_: Seen, reply: Reply) -> Reply:
        return Reply(status=reply.status, body=reply.body, headers={**reply.headers, "Content-Type": "text/html"})

    editing.world.proxy.afterwards = unnamed
    caplog.set_level("INFO")
    assert editing.edit() is Edit.WRITTEN
    assert "Example" not in caplog.text
