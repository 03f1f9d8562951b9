"""What every source does, whatever it speaks to."""

from __future__ import annotations

import pytest

from scheduler.errors import SourceForbidden, SourceUnreachable, SourceUnreadable
from scheduler.sources.source import Fetched, SourceState
from tests.sources.worlds import DavWorld, FeedWorld, World, calendar, event

LOGIN_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><br>Please sign in</body></html>"
STRICT_LOGIN_PAGE = b'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Please sign in</p></body></html>'


class Store:
    """What the ledger does with what is fetched."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._state: str | None = None
        self.etags: dict[str, str] = {}
        self.data: dict[str, bytes] = {}

    def fetch(self) -> Fetched:
        state = SourceState.from_json(self._state) if self._state else None
        fetched = self._world.source.fetch(state, self.etags)
        for one in fetched.changed:
            self.etags[one.href], self.data[one.href] = one.etag, one.data
        for href in fetched.deleted:
            del self.etags[href], self.data[href]
        self._state = fetched.state.to_json()
        return fetched

    def lose_the_state(self) -> None:
        self._state = None


@pytest.fixture
def store(world: World) -> Store:
    """One that has fetched events a, b and c already."""
    return filled(world)


def filled(world: World) -> Store:
    for uid in ("a", "b", "c"):
        world.write(uid)
    store = Store(world)
    store.fetch()
    return store


def test_the_first_fetch_brings_every_event(world: World) -> None:
    for uid in ("a", "b"):
        world.write(uid, f"Call {uid}")
    store = Store(world)

    fetched = store.fetch()

    assert fetched.complete
    assert not fetched.unchanged
    assert store.data.keys() == {world.href("a"), world.href("b")}
    assert b":Call a" in store.data[world.href("a")]
    assert b":Call b" not in store.data[world.href("a")]


def test_an_empty_calendar_is_no_failure(world: World) -> None:
    store = Store(world)
    fetched = store.fetch()
    assert (fetched.changed, fetched.deleted, fetched.faults) == ((), (), ())


def test_nothing_is_brought_again_when_nothing_has_changed(store: Store) -> None:
    fetched = store.fetch()
    assert fetched.unchanged
    assert (fetched.changed, fetched.deleted) == ((), ())


def test_an_added_event_is_brought_alone(store: Store, world: World) -> None:
    world.write("d")
    fetched = store.fetch()
    assert [one.href for one in fetched.changed] == [world.href("d")]
    assert not fetched.deleted
    assert store.fetch().unchanged


def test_a_changed_event_is_brought_alone_with_its_new_text(store: Store, world: World) -> None:
    world.write("b", "Call Bob Example")
    fetched = store.fetch()
    assert [one.href for one in fetched.changed] == [world.href("b")]
    assert b"Call Bob Example" in store.data[world.href("b")]
    assert store.fetch().unchanged


def test_a_deleted_event_is_told(store: Store, world: World) -> None:
    world.remove("b")
    fetched = store.fetch()
    assert fetched.deleted == (world.href("b"),)
    assert not fetched.changed
    assert store.fetch().unchanged


def test_several_changes_at_once_are_all_told(store: Store, world: World) -> None:
    world.remove("a")
    world.write("b", "Call Bob Example")
    world.write("d")
    fetched = store.fetch()
    assert {one.href for one in fetched.changed} == {world.href("b"), world.href("d")}
    assert fetched.deleted == (world.href("a"),)


def test_deleting_the_last_event_is_believed(store: Store, world: World) -> None:
    for uid in ("a", "b", "c"):
        world.remove(uid)
    assert len(store.fetch().deleted) == 3


def test_without_its_state_a_source_finds_changes_and_deletions_by_comparison(store: Store, world: World) -> None:
    world.remove("a")
    world.write("b", "Call Bob Example")
    store.lose_the_state()
    fetched = store.fetch()
    assert fetched.complete
    assert [one.href for one in fetched.changed] == [world.href("b")]
    assert fetched.deleted == (world.href("a"),)


def test_with_nothing_stored_everything_is_brought_whatever_the_state_says(store: Store) -> None:
    store.etags.clear()
    assert len(store.fetch().changed) == 3


def test_a_calendar_that_is_down_is_unreachable_and_later_goes_on(store: Store, world: World) -> None:
    world.go_down()
    with pytest.raises(SourceUnreachable, match=r"^office: .+ \(.+\)$"):
        store.fetch()
    world.recover()
    assert store.fetch().unchanged


NONSENSE = {
    "nothing": b"",
    "blanks": b"\r\n \r\n",
    "a login page": LOGIN_PAGE,
    "a login page in XML": STRICT_LOGIN_PAGE,
    "a calendar cut short": calendar(event("a"))[:-20],
    "a multistatus cut short": b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response>',
    "an empty multistatus": b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"/>',
    "JSON": b'{"error": "try again"}',
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE.keys())
def test_an_answer_that_is_not_a_calendar_is_a_failure_and_deletes_nothing(
    store: Store, world: World, body: bytes
) -> None:
    world.talk_nonsense(body)
    with pytest.raises(SourceUnreadable, match=r"^office: .+ \(.+\)$"):
        store.fetch()
    world.recover()
    assert store.fetch().unchanged


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, SourceForbidden),
        (403, SourceForbidden),
        (404, SourceUnreadable),
        (408, SourceUnreachable),
        (410, SourceUnreadable),
        (418, SourceUnreadable),
        (429, SourceUnreachable),
        (500, SourceUnreachable),
        (501, SourceUnreadable),
        (502, SourceUnreachable),
        (503, SourceUnreachable),
    ],
)
def test_each_http_error_has_its_meaning_and_deletes_nothing(
    served_world: FeedWorld | DavWorld, status: int, expected: type[Exception]
) -> None:
    store = filled(served_world)
    served_world.proxy.answer_everything(status, LOGIN_PAGE, "text/html")
    with pytest.raises(expected, match=rf"^office: .*{status}"):
        store.fetch()
    served_world.recover()
    assert store.fetch().unchanged


def test_nothing_changed_costs_one_request(served_world: FeedWorld | DavWorld) -> None:
    store = filled(served_world)
    served_world.proxy.seen.clear()
    store.fetch()
    assert len(served_world.proxy.seen) == 1
