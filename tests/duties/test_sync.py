"""Syncing: what a fetch stores, what a failure costs, and when the next one is due."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.database import Database
from scheduler.duties.storing import StoredEtags
from scheduler.duties.sync import SyncDuty
from scheduler.duties.synced import Synced, SyncedCalendar
from scheduler.duties.turns import next_fetch_at
from scheduler.errors import SourceError, SourceForbidden, SourceUnreachable
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import (
    Collection,
    StoredObject,
    record_fetched,
    record_planned,
    select_collection,
    select_collections,
    select_etags,
    upsert_objects,
)
from scheduler.sources.source import Fetched, FetchedObject, SourceState
from tests.clocks import NOON, SetClock
from tests.world import await_true

MINUTE = timedelta(minutes=1)


@dataclass
class ScriptedSource:
    """Gives one prepared reply a fetch, and keeps what it was asked."""

    replies: list[Fetched | Exception]
    name: str = "sales"
    asked: list[tuple[SourceState | None, dict[str, str]]] = field(default_factory=list)

    def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
        self.asked.append((state, dict(known)))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


@dataclass
class SlowSource(ScriptedSource):
    """Its fetches wait until they are released."""

    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
        self.entered.set()
        assert self.release.wait(10)
        return super().fetch(state, known)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with closing(open_ledger(tmp_path / "ledger.db")) as found:
        yield found


def fetched(*hrefs: str, deleted: tuple[str, ...] = (), token: str = "t1") -> Fetched:
    objects = tuple(FetchedObject(href=href, etag=f"etag-{href}", data=b"x") for href in hrefs)
    return Fetched(state=SourceState(sync_token=token), changed=objects, deleted=deleted)


def synced(
    ledger: Database, source: ScriptedSource, *, settings: str = "a", clock: SetClock | None = None
) -> Synced:
    calendar = SyncedCalendar(source=source, every=MINUTE, settings=settings)
    with closing(SyncDuty(ledger, [calendar], clock or SetClock(), lambda _: None)) as duty:
        return duty.sync_all()[0]


def stored(ledger: Database) -> dict[str, str]:
    return ledger.read(select_etags, "sales")


def test_of_what_is_stored_one_etag_is_looked_up_without_reading_all(ledger: Database) -> None:
    synced(ledger, ScriptedSource([fetched("1.ics", "2.ics")]))
    etags = StoredEtags(ledger, "sales")
    assert (etags["1.ics"], "3.ics" in etags, bool(etags)) == ("etag-1.ics", False, True)
    assert "_all" not in vars(etags)
    assert dict(etags) == stored(ledger)


def test_of_a_calendar_that_was_never_stored_there_are_no_etags(ledger: Database) -> None:
    assert not StoredEtags(ledger, "sales")


def test_a_fetch_tells_which_objects_it_touched(ledger: Database) -> None:
    source = ScriptedSource([fetched("1.ics", "2.ics"), fetched("1.ics", "3.ics", deleted=("2.ics",))])
    assert set(synced(ledger, source).hrefs) == {"1.ics", "2.ics"}
    assert set(synced(ledger, source).hrefs) == {"1.ics", "2.ics", "3.ics"}


def test_a_fetch_tells_whether_the_calendar_was_known_before_also_of_an_empty_one(ledger: Database) -> None:
    source = ScriptedSource([fetched(), fetched(token="t2"), fetched(token="t3")])
    assert [synced(ledger, source).anew for _ in range(2)] == [True, False]
    assert synced(ledger, source, settings="b").anew


def test_other_settings_touch_what_was_stored_before_as_well(ledger: Database) -> None:
    synced(ledger, ScriptedSource([fetched("old.ics")]))
    hrefs = synced(ledger, ScriptedSource([fetched("new.ics")]), settings="b").hrefs
    assert set(hrefs) == {"old.ics", "new.ics"}


def row(ledger: Database) -> Collection:
    found = ledger.read(select_collection, "sales")
    assert found is not None
    return found


def test_a_fetch_stores_what_changed_and_its_state(ledger: Database) -> None:
    first = synced(ledger, ScriptedSource([fetched("1.ics", "2.ics")]))
    assert first.changed == 2
    assert stored(ledger) == {"1.ics": "etag-1.ics", "2.ics": "etag-2.ics"}
    assert SourceState.from_json(row(ledger).state).sync_token == "t1"


def test_the_next_fetch_is_given_the_stored_state_and_etags(ledger: Database) -> None:
    source = ScriptedSource([fetched("1.ics"), fetched(deleted=("1.ics",), token="t2")])
    synced(ledger, source)
    second = synced(ledger, source)
    state, known = source.asked[1]
    assert state is not None
    assert (state.sync_token, known) == ("t1", {"1.ics": "etag-1.ics"})
    assert (second.deleted, stored(ledger)) == (1, {})


def test_a_fetch_is_as_good_as_its_beginning(ledger: Database) -> None:
    clock = SetClock()

    class Slow(ScriptedSource):
        def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
            clock.advance(timedelta(seconds=20))
            return super().fetch(state, known)

    synced(ledger, Slow([fetched("1.ics")]), clock=clock)
    assert row(ledger).good_at == NOON


def test_a_fetch_that_a_look_overtook_changes_nothing_and_is_made_again(ledger: Database) -> None:
    synced(ledger, ScriptedSource([fetched("1.ics")]))
    looked_at = [StoredObject(href="1.ics", etag="newer", data=b"y")]

    class Overtaken(ScriptedSource):
        def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
            ledger.write(upsert_objects, "sales", looked_at)
            return super().fetch(state, known)

    clock = SetClock(NOON + MINUTE)
    result = synced(ledger, Overtaken([fetched("1.ics", "2.ics", token="t2")]), clock=clock)
    assert (result.news, stored(ledger)) == (False, {"1.ics": "newer"})
    assert SourceState.from_json(row(ledger).state).sync_token == "t1"
    again = SyncedCalendar(source=ScriptedSource([]), every=MINUTE, settings="a")
    assert next_fetch_at(again, row(ledger)) <= clock.now()


def test_a_poll_that_brought_nothing_never_sets_back_what_a_look_stored(ledger: Database) -> None:
    synced(ledger, ScriptedSource([fetched("1.ics")]))
    newer = SourceState(sync_token="t9").to_json()

    class Overtaken(ScriptedSource):
        def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
            ledger.write(record_fetched, "sales", "a", newer, NOON + MINUTE, news=False)
            return super().fetch(state, known)

    synced(ledger, Overtaken([Fetched(state=SourceState(sync_token="t1"), unchanged=True)]))
    assert row(ledger).state == newer


def test_a_look_at_other_objects_overtakes_no_fetch(ledger: Database) -> None:
    synced(ledger, ScriptedSource([fetched("1.ics", "2.ics")]))

    class Beside(ScriptedSource):
        def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
            ledger.write(upsert_objects, "sales", [StoredObject(href="1.ics", etag="newer", data=b"y")])
            return super().fetch(state, known)

    synced(ledger, Beside([fetched(deleted=("2.ics",), token="t2")]))
    assert stored(ledger) == {"1.ics": "newer"}


def test_a_failed_fetch_keeps_the_last_good_objects_and_says_why(ledger: Database) -> None:
    source = ScriptedSource([fetched("1.ics"), SourceUnreachable("sales", "no answer", remedy="look at it")])
    synced(ledger, source)
    assert synced(ledger, source).problem == "no answer (look at it)"
    assert stored(ledger) == {"1.ics": "etag-1.ics"}
    assert (row(ledger).failures, row(ledger).problem) == (1, "no answer (look at it)")


def test_other_settings_start_anew_and_replace_what_was_stored(ledger: Database) -> None:
    synced(ledger, ScriptedSource([fetched("old.ics")]))
    source = ScriptedSource([fetched("new.ics")])
    result = synced(ledger, source, settings="b")
    assert source.asked == [(None, {})]
    assert (result.changed, stored(ledger)) == (1, {"new.ics": "etag-new.ics"})
    assert row(ledger).planned_at is None


def test_other_settings_that_fail_keep_the_old_objects(ledger: Database) -> None:
    synced(ledger, ScriptedSource([fetched("old.ics")]))
    synced(ledger, ScriptedSource([SourceUnreachable("sales", "no answer")]), settings="b")
    assert stored(ledger) == {"old.ics": "etag-old.ics"}
    calendar = SyncedCalendar(source=ScriptedSource([]), every=MINUTE, settings="b")
    assert next_fetch_at(calendar, row(ledger)) == NOON + MINUTE


def test_one_calendars_failure_costs_no_other(ledger: Database) -> None:
    bad = ScriptedSource([RuntimeError("a defect")], name="bad")
    good = ScriptedSource([fetched("1.ics")])
    calendars = [SyncedCalendar(source=one, every=MINUTE, settings="a") for one in (bad, good)]
    with closing(SyncDuty(ledger, calendars, SetClock(), lambda _: None)) as duty:
        results = duty.sync_all()
    assert [bool(one.problem) for one in results] == [True, False]


def test_a_slow_calendar_is_not_fetched_twice_at_once(ledger: Database) -> None:
    source = SlowSource([fetched()])
    calendar = SyncedCalendar(source=source, every=MINUTE, settings="a")
    done = threading.Event()
    with closing(SyncDuty(ledger, [calendar], SetClock(), lambda _: done.set())) as duty:
        assert duty.run_once(NOON) == 1
        assert source.entered.wait(10)
        assert duty.run_once(NOON) == 0
        source.release.set()
        assert done.wait(10)


def test_a_calendar_that_is_fetched_on_demand_is_not_polled_beside_it(ledger: Database) -> None:
    source = SlowSource([fetched(), fetched()])
    calendar = SyncedCalendar(source=source, every=MINUTE, settings="a")
    with closing(SyncDuty(ledger, [calendar], SetClock(), lambda _: None)) as duty:
        asking = threading.Thread(target=duty.sync_all)
        asking.start()
        assert source.entered.wait(10)
        assert duty.run_once(NOON) == 0
        source.release.set()
        asking.join(10)
        assert duty.run_once(NOON) == 0
        assert duty.run_once(NOON + MINUTE) == 1


def test_what_is_asked_for_while_a_calendar_is_fetched_is_fetched_once_more(ledger: Database) -> None:
    source = SlowSource([fetched(), fetched("new.ics")])
    calendar = SyncedCalendar(source=source, every=MINUTE, settings="a")
    with closing(SyncDuty(ledger, [calendar], SetClock(), lambda _: None)) as duty:
        assert duty.run_once(NOON) == 1
        assert source.entered.wait(10)
        answers: list[Synced] = []
        asking = threading.Thread(target=lambda: answers.append(duty.sync_one("sales")))
        asking.start()
        source.release.set()
        asking.join(10)
    assert ([one.changed for one in answers], len(source.asked)) == ([1], 2)


def test_a_defect_is_tried_again_after_the_interval_and_not_at_every_tick(ledger: Database) -> None:
    calendar = SyncedCalendar(source=ScriptedSource([RuntimeError("a defect")]), every=MINUTE, settings="a")
    with closing(SyncDuty(ledger, [calendar], SetClock(), lambda _: None)) as duty:
        assert duty.sync_one("sales").problem
        assert duty.run_once(NOON + MINUTE / 2) == 0
        assert duty.run_once(NOON + MINUTE) == 1


def test_what_is_fetched_while_something_is_taken_over_is_taken_over_together(ledger: Database) -> None:
    sources = [ScriptedSource([fetched("1.ics")], name=str(number)) for number in range(8)]
    calendars = [SyncedCalendar(source=one, every=MINUTE, settings="a") for one in sources]
    batches: list[set[str]] = []

    def take_over(batch: Sequence[Synced]) -> None:
        batches.append({one.name for one in batch})
        if len(batches) == 1:
            await_true(lambda: duty._fetched.qsize() == 8 - len(batch))

    with closing(SyncDuty(ledger, calendars, SetClock(), take_over)) as duty:
        assert len(duty.sync_all()) == 8
    assert set.union(*batches) == {str(number) for number in range(8)}
    assert len(batches) == 2


def test_a_calendar_of_an_unknown_name_cant_be_fetched(ledger: Database) -> None:
    with (
        closing(SyncDuty(ledger, [], SetClock(), lambda _: None)) as duty,
        pytest.raises(ValueError, match="no calendar is called 'sale'"),
    ):
        duty.sync_one("sale")


@pytest.mark.parametrize(
    ("failures", "forbidden", "minutes"),
    [(1, False, 1), (2, False, 2), (3, False, 4), (20, False, 10), (1, True, 5), (20, True, 360)],
)
def test_failures_back_off_and_refused_logins_further(failures: int, forbidden: bool, minutes: int) -> None:
    collection = Collection(
        name="sales",
        settings="a",
        state="",
        good_at=None,
        planned_at=None,
        tried_with="a",
        tried_at=NOON,
        failures=failures,
        problem="",
        forbidden=forbidden,
    )
    calendar = SyncedCalendar(source=ScriptedSource([]), every=MINUTE, settings="a")
    assert next_fetch_at(calendar, collection) == NOON + minutes * MINUTE


def test_calendars_are_spread_over_their_interval_and_each_keeps_its_moment(ledger: Database) -> None:
    moments = set()
    for name in ("sales", "support", "team", "office"):
        calendar = SyncedCalendar(source=ScriptedSource([fetched()], name=name), every=MINUTE, settings="a")
        with closing(SyncDuty(ledger, [calendar], SetClock(), lambda _: None)) as duty:
            duty.sync_all()
        first = next_fetch_at(calendar, ledger.read(select_collection, name))
        assert NOON < first <= NOON + MINUTE
        ledger.write(record_fetched, name, "a", "", first + MINUTE / 4, news=False)
        assert next_fetch_at(calendar, ledger.read(select_collection, name)) == first + MINUTE
        moments.add(first)
    assert len(moments) == 4


def test_a_calendar_never_tried_is_due_at_once() -> None:
    calendar = SyncedCalendar(source=ScriptedSource([]), every=MINUTE, settings="a")
    assert next_fetch_at(calendar, None) == datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize("error", [SourceForbidden, SourceUnreachable])
def test_a_refused_login_is_remembered_as_one(ledger: Database, error: type[SourceError]) -> None:
    synced(ledger, ScriptedSource([error("sales", "no")]))
    assert row(ledger).forbidden is (error is SourceForbidden)


def test_what_the_plan_held_it_holds_of_an_unchanged_fetch_too(ledger: Database) -> None:
    clock = SetClock()
    synced(ledger, ScriptedSource([fetched("1.ics")]), clock=clock)
    ledger.write(record_planned, "sales", NOON)
    clock.advance(MINUTE)
    synced(ledger, ScriptedSource([Fetched(state=SourceState(), unchanged=True)]), clock=clock)
    assert row(ledger).planned_at == NOON + MINUTE


UNCHANGED = Fetched(state=SourceState(), unchanged=True)


def test_polls_that_bring_nothing_are_recorded_together_in_one_write(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [ScriptedSource([fetched("1.ics"), UNCHANGED], name=str(number)) for number in range(20)]
    calendars = [SyncedCalendar(source=one, every=MINUTE, settings="a") for one in sources]
    clock, writes, done = SetClock(), [], threading.Semaphore(0)
    with closing(SyncDuty(ledger, calendars, clock, lambda batch: done.release(len(batch)))) as duty:
        duty.sync_all()
        clock.advance(MINUTE)
        write = ledger.write
        monkeypatch.setattr(ledger, "write", lambda *args, **named: (writes.append(args), write(*args, **named)))
        assert duty.run_once(clock.now()) == 20
        for _ in range(40):
            assert done.acquire(timeout=10)
        assert duty.run_once(clock.now()) == 0
    assert len(writes) == 1
    assert {row.good_at for row in ledger.read(select_collections)} == {NOON + MINUTE}


@pytest.mark.parametrize(
    ("second", "failures", "token"),
    [(SourceUnreachable("sales", "no answer"), 1, ""), (fetched("2.ics", token="t2"), 0, "t2")],
    ids=["failure", "news"],
)
def test_what_comes_right_after_a_poll_that_brought_nothing_is_the_last_word(
    ledger: Database, second: Fetched | Exception, failures: int, token: str
) -> None:
    source = SlowSource([UNCHANGED, second])
    synced(ledger, ScriptedSource([fetched("1.ics")]))
    calendar = SyncedCalendar(source=source, every=MINUTE, settings="a")
    clock = SetClock(NOON + MINUTE)
    with closing(SyncDuty(ledger, [calendar], clock, lambda _: None)) as duty:
        assert duty.run_once(clock.now()) == 1
        assert source.entered.wait(10)
        asking = threading.Thread(target=duty.sync_one, args=("sales",))
        asking.start()
        source.release.set()
        asking.join(10)
    found = row(ledger)
    assert (found.failures, SourceState.from_json(found.state).sync_token) == (failures, token)


def test_news_are_not_in_the_plan_until_it_says_so(ledger: Database) -> None:
    clock = SetClock()
    synced(ledger, ScriptedSource([fetched("1.ics")]), clock=clock)
    ledger.write(record_planned, "sales", NOON)
    clock.advance(MINUTE)
    synced(ledger, ScriptedSource([fetched("2.ics")]), clock=clock)
    clock.advance(MINUTE)
    synced(ledger, ScriptedSource([Fetched(state=SourceState(), unchanged=True)]), clock=clock)
    assert (row(ledger).good_at, row(ledger).planned_at) == (NOON + 2 * MINUTE, NOON)
