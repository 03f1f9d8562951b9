"""The daemon as a whole, on a real gateway, a real ledger and real files."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler.calendars.contact import Contacts
from scheduler.calls.call import Outcome, State
from scheduler.calls.calling_hours import CallingHours
from scheduler.calls.do_not_call import DoNotCall
from scheduler.calls.week import Span, Week
from scheduler.cli import cli
from scheduler.clock import SystemClock
from scheduler.config import Config, read_config
from scheduler.daemon import Daemon, running_daemon
from scheduler.database import Connection, write_instant
from scheduler.duties.do_not_call import DoNotCallDuty
from scheduler.errors import ConfigError, DatabaseBusy
from scheduler.gateway.settings import Behaviour, Fault, FaultKind, LineScript
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import select_attempts_of_call
from scheduler.ledger.collections import select_collections
from scheduler.ledger.events import select_events
from scheduler.logs import LogSettings, set_up
from scheduler.parts import with_do_not_call
from scheduler.phone import PhoneNumber
from scheduler.service import reload_config
from scheduler.serving import listen
from scheduler.timetable import Timetable
from tests.logging_state import logging_as_before
from tests.servers import Client, radicale
from tests.sources.worlds import card
from tests.world import World, await_true, soon, whole_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with whole_world(tmp_path) as found:
        yield found


def daemon_of(world: World) -> Iterator[Daemon]:
    with running_daemon(read_config(world.config), SystemClock()) as daemon:
        yield daemon


@pytest.fixture
def daemon(world: World) -> Iterator[Daemon]:
    yield from daemon_of(world)


def test_an_event_in_a_file_rings_at_its_second_and_ends_with_its_outcome(world: World, daemon: Daemon) -> None:
    at = soon()
    world.put("one", at)
    await_true(lambda: len(world.ended()) == 1)
    (call,) = world.ended()
    assert (call.outcome, call.due_at, call.attempts) == (Outcome.ANSWERED, at, 1)
    assert daemon.alive()


@pytest.mark.parametrize("part", ["a loop", "the ledger's writer"])
def test_the_watchdog_is_fed_no_more_once_a_part_has_died(daemon: Daemon, part: str) -> None:
    assert daemon.alive()
    if part == "a loop":
        daemon._loops[-1].stop()
    else:
        daemon._ledger.close()
    assert not daemon.alive()


@pytest.mark.usefixtures("daemon")
def test_a_moved_event_rings_at_its_new_time_only(world: World) -> None:
    world.put("one", soon(3600))
    await_true(lambda: len(world.calls()) == 1)
    at = soon()
    world.put("one", at)
    await_true(lambda: len(world.ended()) == 1)
    assert [(call.due_at, call.outcome) for call in world.calls()] == [(at, Outcome.ANSWERED)]


@pytest.mark.usefixtures("daemon")
def test_a_deleted_event_never_rings(world: World) -> None:
    world.put("one", soon(3600))
    await_true(lambda: len(world.calls()) == 1)
    world.delete("one")
    await_true(lambda: len(world.ended()) == 1)
    assert [(call.outcome, call.attempts) for call in world.calls()] == [(Outcome.CANCELLED, 0)]


@pytest.mark.usefixtures("daemon")
def test_a_broken_feed_changes_nothing_and_the_next_good_one_goes_on(world: World) -> None:
    world.put("one", soon(3600))
    await_true(lambda: len(world.calls()) == 1)
    (world.folder / "sales.ics").write_text("<html>please log in</html>")
    await_true(lambda: _problem(world) != "")
    assert [call.state for call in world.calls()] == [State.PLANNED]
    world.put("two", soon(7200))
    await_true(lambda: len(world.calls()) == 2)


def _problem(world: World) -> str:
    with closing(open_ledger(world.folder / "ledger.db", read_only=True)) as ledger:
        rows = ledger.read(select_collections)
    return rows[0].problem if rows else ""


def test_an_empty_calendar_counts_as_read_from_its_first_good_fetch_on(world: World) -> None:
    def is_planned() -> bool:
        with closing(open_ledger(world.folder / "ledger.db", read_only=True)) as ledger:
            return any(row.planned_at for row in ledger.read(select_collections))

    (world.folder / "sales.ics").unlink()
    with running_daemon(read_config(world.config), SystemClock()):
        await_true(lambda: _problem(world) != "")
        world.write_calendar()
        await_true(is_planned)


def _as_if_due(connection: Connection, due_at: datetime, now: datetime) -> None:
    """The call that was planned for ``due_at``, and its event, were for ``now`` from the start."""
    at = {"at": write_instant(now)}
    connection.execute("UPDATE call SET asked_at = :at, due_at = :at, wake_at = :at, starts_at = :at", at)
    connection.execute("UPDATE appointment SET asked_at = :at", at)
    connection.execute("UPDATE collection SET good_at = :at, planned_at = :at", at)
    dates = (f"{due_at:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%dT%H%M%SZ}")
    connection.execute("UPDATE object SET data = CAST(replace(CAST(data AS TEXT), ?, ?) AS BLOB)", dates)


def test_what_came_due_while_no_daemon_ran_is_looked_at_before_it_rings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("one", soon(3600))
    CliRunner().invoke(cli, ["sync", "--config", str(world.config)])
    (call,) = world.calls()
    world.delete("one")
    with closing(open_ledger(world.folder / "ledger.db")) as ledger:
        ledger.write(_as_if_due, call.due_at, soon(-20))
    known_at_start: list[Outcome | None] = []
    start = Timetable.start

    def note_and_start(timetable: Timetable[object]) -> None:
        known_at_start.extend(one.outcome for one in world.calls())
        start(timetable)

    monkeypatch.setattr(Timetable, "start", note_and_start)
    with running_daemon(read_config(world.config), SystemClock()):
        assert known_at_start == [Outcome.CANCELLED]


@pytest.mark.usefixtures("daemon")
def test_contacts_are_read_again_when_their_file_changes(world: World) -> None:
    world.put("one", soon(3600), summary="Call Bea Maes")
    (world.folder / "customers.csv").write_text("name;mobile\nBea Maes;0468 37 39 02\n")
    await_true(lambda: [str(call.destination) for call in world.calls()] == ["+32468373902"])


@pytest.mark.usefixtures("daemon")
def test_a_second_daemon_on_the_ledger_is_refused_and_told_who_holds_it(world: World) -> None:
    with (
        pytest.raises(DatabaseBusy, match="in use by process"),
        running_daemon(read_config(world.config), SystemClock()),
    ):
        pass


def test_a_callback_address_in_use_is_told_before_anything_starts(world: World) -> None:
    with listen("127.0.0.1", 0, "test") as taken:
        port = taken.getsockname()[1]
        world.configure(lambda text: text.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        with (
            pytest.raises(ConfigError, match="can't be listened on"),
            running_daemon(read_config(world.config), SystemClock()),
        ):
            pass


def test_another_configuration_is_taken_over_while_running(
    world: World, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    world.put("one", soon(3600))
    await_true(lambda: len(world.calls()) == 1)
    world.configure(
        lambda text: (
            text.replace('origin = "+3228160258"\n\n[[contacts', 'origin = "+3228160259"\n\n[[contacts')
            + "\n[calling]\nworkers = 3\n"
        )
    )
    with caplog.at_level(logging.WARNING):
        daemon.use(read_config(world.config))
    await_true(lambda: [str(call.origin) for call in world.calls()] == ["+3228160259"])
    assert "calling.workers changes at the next restart" in caplog.text


def test_a_call_in_flight_at_the_stop_is_finished_and_found_again_at_the_next_start(tmp_path: Path) -> None:
    slow = Fault(kind=FaultKind.SLOW, delay=timedelta(milliseconds=500))
    with whole_world(tmp_path, faults=(slow,)) as world:
        daemon = daemon_of(world)
        next(daemon)
        world.put("one", soon())
        await_true(lambda: any(call.state is State.REQUESTED for call in world.calls()))
        next(daemon, None)  # stops it
        assert [call.state for call in world.calls()] in ([State.PLACED], [State.ENDED])
        again = daemon_of(world)
        next(again)
        await_true(lambda: len(world.ended()) == 1)
        next(again, None)
        (call,) = world.calls()
        assert (call.outcome, call.attempts) == (Outcome.ANSWERED, 1)


@pytest.mark.parametrize(
    ("does", "outcome"),
    [
        (Behaviour.BUSY, Outcome.BUSY),
        (Behaviour.NO_ANSWER, Outcome.NO_ANSWER),
        (Behaviour.NOT_FOUND, Outcome.FAILED),
        (Behaviour.REFUSED, Outcome.FAILED),
    ],
)
def test_what_the_line_does_becomes_the_outcome(tmp_path: Path, does: Behaviour, outcome: Outcome) -> None:
    script = LineScript(number_prefix="+32468373901", does=does, after=timedelta(milliseconds=10))
    with whole_world(tmp_path, script) as world:
        daemon = daemon_of(world)
        next(daemon)
        world.put("one", soon())
        await_true(lambda: len(world.ended()) == 1)
        next(daemon, None)
        assert [call.outcome for call in world.calls()] == [outcome]


@pytest.mark.parametrize("kind", [FaultKind.LOSE_ANSWER, FaultKind.SERVER_ERROR_AFTER_ACCEPT])
def test_a_lost_answer_is_settled_from_the_records_without_a_second_ring(tmp_path: Path, kind: FaultKind) -> None:
    with whole_world(tmp_path, faults=(Fault(kind=kind), Fault(kind=FaultKind.NO_CALLBACK))) as world:
        daemon = daemon_of(world)
        next(daemon)
        world.put("one", soon())
        await_true(lambda: len(world.ended()) == 1)
        next(daemon, None)
        assert [(call.outcome, call.attempts) for call in world.calls()] == [(Outcome.ANSWERED, 1)]


def test_a_token_that_expired_costs_one_attempt_and_no_ring(tmp_path: Path) -> None:
    with whole_world(tmp_path, faults=(Fault(kind=FaultKind.EXPIRED_TOKEN, first=1),)) as world:
        daemon = daemon_of(world)
        next(daemon)
        world.put("one", soon())
        await_true(lambda: len(world.ended()) == 1)
        next(daemon, None)
        assert [(call.outcome, call.attempts) for call in world.calls()] == [(Outcome.ANSWERED, 2)]


def with_book(world: World, url: str, password: str = "book-password") -> None:
    """The company's contacts come from an address book at ``url`` alone."""
    (world.folder / "book-password").write_text(password)
    book = f"""
name = "customers"
carddav = "{url}"
username = "ann"
password = {{ file = "book-password" }}
every = "200 ms"
"""
    world.configure(lambda text: text.replace('file = "customers.csv"\n', book))


def test_a_card_that_is_written_makes_a_waiting_event_ring_without_a_restart(world: World, tmp_path: Path) -> None:
    with radicale(tmp_path / "radicale", {"ann": "book-password"}) as url:
        client = Client(url=url, user="ann", password="book-password")
        client.make_address_book("/ann/customers/")
        client.put("/ann/customers/bea.vcf", card("bea", "Bea Maes"))
        with_book(world, url)
        at = soon(3600)
        world.put("one", at, summary="Call Anna Janssens")
        for _ in daemon_of(world):
            await_true(lambda: _problem(world) == "" and not world.calls())
            client.put("/ann/customers/anna.vcf", card("anna", "Anna Janssens", "0468 37 39 01"))
            await_true(lambda: len(world.calls()) == 1)
    for _ in daemon_of(world):  # the server is away by now
        await_true(lambda: "address book customers" in _problems(world))
        assert [(call.state, call.due_at) for call in world.calls()] == [(State.PLANNED, at)]


def test_a_login_that_was_corrected_is_tried_at_once(world: World, tmp_path: Path) -> None:
    with radicale(tmp_path / "radicale", {"ann": "book-password"}) as url:
        client = Client(url=url, user="ann", password="book-password")
        client.make_address_book("/ann/customers/")
        client.put("/ann/customers/anna.vcf", card("anna", "Anna Janssens", "0468 37 39 01"))
        with_book(world, url, password="wrong")
        world.put("one", soon(3600))
        # At this interval the next try after a refusal would be hours away.
        text = world.config.read_text().replace('password" }\nevery = "200 ms"', 'password" }\nevery = "1 h"')
        world.config.write_text(text)
        for daemon in daemon_of(world):
            await_true(lambda: "address book customers" in _problems(world))
            (world.folder / "book-password").write_text("book-password")
            daemon.use(read_config(world.config))
            await_true(lambda: len(world.calls()) == 1)


def _problems(world: World) -> dict[str, str]:
    with closing(open_ledger(world.folder / "ledger.db", read_only=True)) as ledger:
        return {row.name: row.problem for row in ledger.read(select_collections) if row.problem}


def test_another_configuration_moves_what_is_planned_and_the_history_says_why(
    world: World, daemon: Daemon
) -> None:
    at = soon(3600)
    world.put("one", at)
    await_true(lambda: len(world.calls()) == 1)
    world.configure(lambda text: text.replace("[company]\n", "[company]\nlead = '5 min'\n"))
    daemon.use(read_config(world.config))
    await_true(lambda: world.calls()[0].due_at == at - timedelta(minutes=5))
    with closing(open_ledger(world.folder / "ledger.db", read_only=True)) as ledger:
        (call,) = world.calls()
        moved = ledger.read(select_events, call.id)[-1]
    assert (moved.kind, moved.detail) == ("moved", "the configuration changed")


def open_from(opens_at: datetime) -> CallingHours:
    """Open from this second until its day ends, by UTC, and never else."""
    midnight = opens_at.replace(hour=0, minute=0, second=0)
    window = Span(opens=opens_at - midnight, closes=timedelta(days=1))
    return CallingHours(week=Week(days=((),) * 7, own_days={opens_at.date(): (window,)}))


def with_hours(config: Config, hours: CallingHours) -> Config:
    return replace(config, policy=replace(config.policy, hours=hours))


def test_a_call_outside_calling_hours_rings_in_the_second_that_they_open(world: World) -> None:
    opens_at = soon(3)
    config = with_hours(read_config(world.config), open_from(opens_at))
    with running_daemon(config, SystemClock()):
        world.put("one", opens_at - timedelta(seconds=1))
        await_true(lambda: len(world.ended()) == 1)
    (call,) = world.ended()
    assert (call.outcome, call.due_at, call.attempts) == (Outcome.ANSWERED, opens_at, 1)
    with closing(open_ledger(world.folder / "ledger.db", read_only=True)) as ledger:
        (attempt,) = ledger.read(select_attempts_of_call, call.id)
    assert attempt.requested_at >= opens_at


def test_other_calling_hours_are_taken_over_while_running_and_nothing_rings_outside_them(
    world: World, daemon: Daemon
) -> None:
    at = soon(3)
    world.put("one", at)
    await_true(lambda: len(world.calls()) == 1)
    opens_at = at + timedelta(days=1)
    daemon.use(with_hours(read_config(world.config), open_from(opens_at)))
    await_true(lambda: [call.due_at for call in world.calls()] == [opens_at])
    await_true(lambda: datetime.now(UTC) > at + timedelta(seconds=0.5))
    assert [(call.state, call.asked_at, call.attempts) for call in world.calls()] == [(State.PLANNED, at, 0)]


def test_a_number_that_is_put_on_the_do_not_call_list_is_barred_without_a_restart(world: World) -> None:
    listed = world.folder / "do-not-call.txt"
    listed.write_text("# nobody yet\n")
    world.configure(lambda text: text + '\n[barring]\ndo_not_call = "do-not-call.txt"\n')
    for _ in daemon_of(world):
        listed.write_text("0468 37 39 01\n")
        world.put("one", soon(4))
        await_true(lambda: len(world.ended()) == 1)
    (call,) = world.ended()
    assert (call.outcome, call.reason, call.attempts) == (Outcome.BARRED, "on the do-not-call list", 0)


def test_a_configuration_whose_do_not_call_list_cant_be_read_isnt_taken_over(world: World, daemon: Daemon) -> None:
    world.put("one", soon(3600))
    await_true(lambda: len(world.calls()) == 1)
    world.configure(
        lambda text: (
            text.replace("[company]\n", "[company]\nlead = '5 min'\n")
            + '\n[barring]\ndo_not_call = "nowhere.txt"\n'
        )
    )
    with pytest.raises(ConfigError, match=r"nowhere\.txt"):
        daemon.use(read_config(world.config))
    due_at = world.calls()[0].due_at
    daemon._replan_now()
    assert world.calls()[0].due_at == due_at


def test_what_only_a_restart_changes_is_compared_with_what_the_daemon_started_with(
    world: World, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    world.configure(lambda text: text + "\n[calling]\nworkers = 3\n")
    daemon.use(read_config(world.config))
    daemon.use(read_config(world.config))
    assert caplog.text.count("calling.workers changes at the next restart") == 2
    caplog.clear()
    world.configure()
    daemon.use(read_config(world.config))
    assert "changes at the next restart" not in caplog.text


def test_a_reload_takes_over_the_level_of_the_log(world: World, daemon: Daemon) -> None:
    with logging_as_before():
        set_up(LogSettings())
        reload_config(daemon, world.configure(lambda text: text + '\n[log]\nlevel = "ERROR"\n'))
        assert logging.getLogger("scheduler").level == logging.ERROR


def _contacts(world: World, number: str) -> None:
    part = world.folder / "customers.part"
    part.write_text(f"name;mobile\nAnna Janssens;{number}\n")
    os.utime(part, ns=(0, time.time_ns() - 1_000_000_000))
    part.replace(world.folder / "customers.csv")


def test_contacts_that_were_read_first_never_replace_those_that_were_read_later(
    world: World, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("one", soon(3600))
    await_true(lambda: len(world.calls()) == 1)
    use_contacts = daemon._replan.use_contacts
    first, later, done = (threading.Event() for _ in range(3))

    def use(contacts: Contacts, *, whole: bool) -> None:
        is_first = not first.is_set()
        if is_first:  # it waits for a long round of replanning, and others do as well
            first.set()
            later.wait(2)
        use_contacts(contacts, whole=whole)
        if is_first:
            done.set()

    monkeypatch.setattr(daemon._replan, "use_contacts", use)
    _contacts(world, "0468 37 39 02")
    assert first.wait(20)
    _contacts(world, "0468 37 39 03")
    daemon._reload_contacts()
    later.set()
    assert done.wait(20)
    await_true(lambda: [str(call.destination) for call in world.calls()] == ["+32468373903"])
    assert daemon._replan._contacts is daemon._contacts.contacts


def test_a_do_not_call_list_that_changes_during_a_reload_undoes_nothing_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.folder / "list.txt").write_text("+32468373909\n")
    world.configure(lambda text: text + '\n[barring]\ndo_not_call = "list.txt"\n')
    reading, used, next_round = (threading.Event() for _ in range(3))
    run_once = DoNotCallDuty.run_once

    def begin(duty: DoNotCallDuty) -> bool:
        if used.is_set():
            next_round.set()
        return run_once(duty)

    def slow(config: Config, listed: DoNotCall) -> Config:
        if threading.current_thread() is not threading.main_thread():
            reading.set()
            used.wait(2)
        return with_do_not_call(config, listed)

    with running_daemon(read_config(world.config), SystemClock()) as daemon:
        monkeypatch.setattr("scheduler.daemon.with_do_not_call", slow)
        monkeypatch.setattr(DoNotCallDuty, "run_once", begin)
        (world.folder / "list.txt").write_text("+32468373909\n+32468373908\n")
        assert reading.wait(20)
        world.configure(lambda text: text + '\n[barring]\ndo_not_call = "list.txt"\nnumbers = ["+32468373901"]\n')
        daemon.use(read_config(world.config))
        used.set()
        assert next_round.wait(20)  # the round before would have undone it
        assert PhoneNumber("+32468373901") in daemon._place.barring.numbers
        assert PhoneNumber("+32468373908") in daemon._place.barring.do_not_call
