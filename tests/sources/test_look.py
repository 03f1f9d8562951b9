"""Looking at some objects of a calendar just before their calls, on every kind of source."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.errors import SourceError, SourceForbidden, SourceUnreachable
from scheduler.http import Http
from scheduler.sources.caldav_server import CaldavSettings, CaldavSource
from scheduler.sources.ics import IcsSettings, IcsSource
from scheduler.sources.source import Fetched, LookSource
from tests.hostile import Hostile, stall
from tests.servers import Reply, Seen
from tests.sources.worlds import CaldavWorld, FeedWorld, FileWorld, calendar, event

SECONDS = 2.0
LookWorld = FileWorld | FeedWorld | CaldavWorld


@pytest.fixture(params=["file", "feed", "radicale", "xandikos"])
def world(request: pytest.FixtureRequest) -> LookWorld:
    """One calendar of each kind; address books aren't looked at before calls."""
    found: LookWorld = request.getfixturevalue(f"{request.param}_world")
    return found


@pytest.fixture(params=["feed", "radicale", "xandikos"])
def served_world(request: pytest.FixtureRequest) -> FeedWorld | CaldavWorld:
    found: FeedWorld | CaldavWorld = request.getfixturevalue(f"{request.param}_world")
    return found


class Follower:
    """Keeps href → etag in step with a source, as the ledger does."""

    def __init__(self, source: LookSource) -> None:
        self.source = source
        first = source.fetch(None, {})
        self.state = first.state
        self.known: dict[str, str] = {}
        self._take(first)

    def look(self, *hrefs: str) -> Fetched:
        found = self.source.look(self.state, self.known, hrefs, SECONDS)
        self._take(found)
        return found

    def fetch(self) -> Fetched:
        found = self.source.fetch(self.state, self.known)
        self._take(found)
        return found

    def _take(self, found: Fetched) -> None:
        self.state = found.state
        self.known.update((one.href, one.etag) for one in found.changed)
        for href in found.deleted:
            self.known.pop(href, None)


def test_an_object_that_is_as_it_was_is_no_news(world: LookWorld) -> None:
    world.write("one")
    assert Follower(world.source).look(world.href("one")).unchanged


def test_a_changed_object_is_seen_and_the_next_fetch_brings_it_not_again(world: LookWorld) -> None:
    world.write("one")
    follower = Follower(world.source)
    world.write("one", "Call somebody else")
    (seen,) = follower.look(world.href("one")).changed
    assert (seen.href, b"somebody else" in seen.data) == (world.href("one"), True)
    assert follower.fetch().changed == ()


def test_a_deleted_object_is_gone_and_the_next_fetch_has_nothing_to_add(world: LookWorld) -> None:
    world.write("one")
    world.write("two")
    follower = Follower(world.source)
    world.remove("one")
    found = follower.look(world.href("one"))
    assert (found.deleted, found.changed) == ((world.href("one"),), ())
    assert follower.fetch().unchanged


def test_a_look_at_nothing_in_particular_sees_everything(world: LookWorld) -> None:
    world.write("one")
    follower = Follower(world.source)
    world.write("two")
    found = follower.look()
    assert ([one.href for one in found.changed], found.whole) == ([world.href("two")], True)


def test_a_calendar_that_is_down_is_not_taken_for_an_empty_one(world: LookWorld) -> None:
    world.write("one")
    follower = Follower(world.source)
    world.go_down()
    with pytest.raises(SourceError):
        follower.look(world.href("one"))


def test_nonsense_is_not_taken_for_a_deletion(served_world: FeedWorld | CaldavWorld) -> None:
    served_world.write("one")
    follower = Follower(served_world.source)
    for body in (b"", b"<html>please log in</html>", b'<?xml version="1.0"?><multistatus xmlns="DAV:"/>'):
        served_world.talk_nonsense(body)
        with pytest.raises(SourceError):
            follower.look(served_world.href("one"))


def test_a_caldav_server_is_asked_for_a_hundred_objects_at_once_and_for_more_only_what_has_changed(
    caldav_world: CaldavWorld,
) -> None:
    for number in range(101):
        caldav_world.write(f"{number}")
    follower = Follower(caldav_world.source)
    for looked_at, whole, requests in ((100, False, 1), (101, True, 2)):
        caldav_world.write("7", f"Call {looked_at}")
        caldav_world.proxy.seen.clear()
        found = follower.look(*[caldav_world.href(f"{number}") for number in range(looked_at)])
        assert ([one.href for one in found.changed], found.whole) == ([caldav_world.href("7")], whole)
        assert [one.method for one in caldav_world.proxy.seen] == ["REPORT"] * requests


def test_an_event_that_only_got_another_href_is_found_again(caldav_world: CaldavWorld) -> None:
    caldav_world.write("one")
    follower = Follower(caldav_world.source)
    caldav_world.remove("one")
    caldav_world.client.put(f"{caldav_world.path}elsewhere.ics", calendar(event("one")))
    found = follower.look(caldav_world.href("one"))
    assert found.deleted == (caldav_world.href("one"),)
    assert [(one.href, one.uid) for one in found.changed] == [(f"{caldav_world.path}elsewhere.ics", "one")]


def test_that_an_object_is_gone_is_believed_though_nothing_more_can_be_learned(caldav_world: CaldavWorld) -> None:
    caldav_world.write("one")
    caldav_world.write("two")
    follower = Follower(caldav_world.source)
    caldav_world.remove("one")

    def lists_nothing(seen: Seen) -> Reply | None:
        return Reply(status=503, headers={}) if b"sync-collection" in seen.body else None

    caldav_world.proxy.instead = lists_nothing
    found = follower.look(caldav_world.href("one"))
    assert (found.deleted, found.sought, found.whole) == ((caldav_world.href("one"),), found.deleted, False)


def test_of_what_is_gone_only_what_was_asked_for_by_name_counts_as_sought(caldav_world: CaldavWorld) -> None:
    for uid in ("one", "two", "three"):
        caldav_world.write(uid)
    follower = Follower(caldav_world.source)
    caldav_world.remove("one")
    caldav_world.remove("two")
    found = follower.look(caldav_world.href("one"))
    assert set(found.deleted) == {caldav_world.href("one"), caldav_world.href("two")}
    assert found.sought == (caldav_world.href("one"),)


def test_a_caldav_object_tells_its_uid(caldav_world: CaldavWorld) -> None:
    caldav_world.write("one")
    (found,) = caldav_world.source.fetch(None, {}).changed
    assert found.uid == "one"


def test_a_refused_login_is_told_as_such(caldav_world: CaldavWorld) -> None:
    caldav_world.write("one")
    follower = Follower(caldav_world.source)
    caldav_world.proxy.answer_everything(401)
    with pytest.raises(SourceForbidden):
        follower.look(caldav_world.href("one"))


def test_a_feed_server_that_stays_silent_is_given_up_in_time(http: Http) -> None:
    with Hostile(stall) as server:
        source = IcsSource(IcsSettings(name="office", url=server.url), http)
        with pytest.raises(SourceUnreachable, match=r"no whole answer within 0\.3 s"):
            source.look(None, {}, (), 0.3)


def test_a_caldav_server_that_stays_silent_is_given_up_in_time() -> None:
    with Hostile(stall) as server:
        source = CaldavSource(CaldavSettings(name="office", url=server.url))
        with pytest.raises(SourceUnreachable, match=r"no whole answer within 0\.3 s"):
            source.look(None, {}, (), 0.3)


def test_a_file_with_the_same_stamp_is_not_read(file_world: FileWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    file_world.write("one")
    follower = Follower(file_world.source)

    def read(*_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr("scheduler.sources.ics.opened", read)
    assert follower.look("one").unchanged


def test_only_a_feed_is_fresh_for_a_while(http: Http, tmp_path: Path, radicale_world: CaldavWorld) -> None:
    feed = IcsSource(IcsSettings(name="office", url="http://127.0.0.1:9/feed.ics"), http)
    file = IcsSource(IcsSettings(name="office", path=tmp_path / "office.ics"), http)
    assert feed.fresh_for == timedelta(minutes=1)
    assert file.fresh_for == radicale_world.source.fresh_for == timedelta()
    assert (feed.server, file.server) == ("127.0.0.1:9", "")
