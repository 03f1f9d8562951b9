"""Random edits on real servers, random faults on the way: nothing that is stored is lost, and it comes right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from scheduler.errors import SourceError
from scheduler.sources.source import Source, SourceState
from tests.faults import FAULTS, FaultyProxy
from tests.sources.worlds import DavWorld

UIDS = st.sampled_from(["a", "b", "c", "d"])
SLOW = ("stall", "drip")
LITTLE_PATIENCE = 0.3  # seconds: what one of these costs the tests


class Sync:
    """A collection behind a faulty proxy, and what is stored of it, as the ledger does."""

    def __init__(self, world: DavWorld, proxy: FaultyProxy) -> None:
        self._world = world
        self._proxy = proxy
        url = proxy.url + world.path[1:]
        self._patient: Source = world.source_with(url=url)
        self._hasty: Source = world.source_with(url=url, deadline=LITTLE_PATIENCE)
        self._state: str | None = None
        self._etags: dict[str, str] = {}
        self.stored: dict[str, bytes] = {}
        self.there: dict[str, str] = {}  # what the server has: href → summary

    def write(self, uid: str, summary: str) -> None:
        self._world.write(uid, summary)
        self.there[self._world.href(uid)] = summary

    def remove(self, uid: str) -> None:
        if self.there.pop(self._world.href(uid), None) is not None:
            self._world.remove(uid)

    def clear(self) -> None:
        for href in self.there:
            self._world.client.delete(href)

    def fetch_with(self, fault: str, nth: int) -> None:
        """A fetch that may fail; what it deletes must be gone."""
        self._proxy.spoil(fault, nth)
        try:
            deleted = self._fetch(self._hasty if fault in SLOW else self._patient)
        except SourceError:
            return
        finally:
            self._proxy.be_well()
        assert not set(deleted) & self.there.keys()

    def fetch(self) -> None:
        self._fetch(self._patient)

    def _fetch(self, source: Source) -> tuple[str, ...]:
        """What was deleted."""
        state = SourceState.from_json(self._state) if self._state else None
        fetched = source.fetch(state, self._etags)
        for one in fetched.changed:
            self._etags[one.href], self.stored[one.href] = one.etag, one.data
        for href in fetched.deleted:
            del self._etags[href], self.stored[href]
        self._state = fetched.state.to_json()
        return fetched.deleted

    def lose_the_state(self) -> None:
        """As where the ledger comes from a version that knew less: all is listed and compared."""
        if self._state:
            found = SourceState.from_json(self._state)
            self._state = replace(found, sync_token="").to_json()

    def assert_right(self) -> None:
        assert self.stored.keys() == self.there.keys()
        wrong = [href for href, summary in self.there.items() if summary.encode() not in self.stored[href]]
        assert wrong == []


# In `make test` a calendar on one server and an address book on the other; in `make test-system` the rest too.
ONE_OF_EACH = ["radicale_world", "xandikos_book"]
WORLDS = [
    *ONE_OF_EACH,
    *(pytest.param(name, marks=pytest.mark.system) for name in ("xandikos_world", "radicale_book")),
]


@pytest.fixture(params=WORLDS)
def sync(request: pytest.FixtureRequest) -> Iterator[Sync]:
    world: DavWorld = request.getfixturevalue(request.param)
    with FaultyProxy(world.client.url) as proxy:
        yield Sync(world, proxy)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_stored_outlasts_a_fault_and_comes_right_after_it(sync: Sync, fault: str) -> None:
    for uid in ("a", "b", "c"):
        sync.write(uid, f"Call {uid}")
    sync.fetch_with(fault, 1)  # the first fetch of all, its discovery
    sync.fetch()
    sync.assert_right()
    sync.write("b", "Call Bob Example")
    sync.write("d", "Call Dan Example")
    sync.remove("c")
    for nth in (2, 1):  # the objects, and the list of changes
        sync.fetch_with(fault, nth)
    sync.fetch()
    sync.assert_right()
    sync.remove("d")
    sync.lose_the_state()
    sync.fetch_with(fault, 1)  # the list of everything
    sync.fetch()
    sync.assert_right()


class AnyEditsAndFaults(RuleBasedStateMachine):
    """Edits, and fetches that are spoiled or not, in any order."""

    def __init__(self, sync: Sync) -> None:
        super().__init__()
        self._sync = sync
        self._edits = 0

    @rule(uid=UIDS)
    def write(self, uid: str) -> None:
        self._edits += 1
        self._sync.write(uid, f"Call number {self._edits} Example")

    @rule(uid=UIDS)
    def remove(self, uid: str) -> None:
        self._sync.remove(uid)

    @rule(fault=st.sampled_from([name for name in FAULTS if name not in SLOW]), nth=st.integers(1, 3))
    def fetch_with_a_fault(self, fault: str, nth: int) -> None:
        self._sync.fetch_with(fault, nth)

    @rule()
    def lose_the_state(self) -> None:
        self._sync.lose_the_state()

    @rule()
    def fetch(self) -> None:
        self._sync.fetch()
        self._sync.assert_right()

    def teardown(self) -> None:
        self._sync.fetch()
        self._sync.assert_right()
        self._sync.clear()


def run_machine(world: DavWorld, *, examples: int, steps: int) -> None:
    with FaultyProxy(world.client.url) as proxy:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            lambda: AnyEditsAndFaults(Sync(world, proxy)),
            settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None),
        )


@pytest.mark.parametrize("world_name", ONE_OF_EACH)
def test_any_edits_and_faults_come_right(request: pytest.FixtureRequest, world_name: str) -> None:
    run_machine(request.getfixturevalue(world_name), examples=6, steps=12)


@pytest.mark.system
def test_many_edits_and_faults_come_right(dav_world: DavWorld) -> None:
    run_machine(dav_world, examples=60, steps=20)
