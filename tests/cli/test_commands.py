"""The commands, as an admin or a script uses them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scheduler.calls.call import Outcome, State
from scheduler.cli import cli
from scheduler.clock import SystemClock
from scheduler.config import read_config
from scheduler.daemon import running_daemon
from scheduler.errors import ConfigError
from scheduler.gateway.records import Records
from scheduler.gateway.settings import Behaviour, LineScript
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import record_failed
from scheduler.serving import base_url, listen
from tests.calls.weeks import BRUSSELS
from tests.servers import Client, radicale
from tests.sources.worlds import card
from tests.world import World, await_true, small_world, soon, whole_world

BUSY = "+32468373903"
TALKATIVE = "+32468373905"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Files alone: nothing listens, no daemon has ever run."""
    return small_world(tmp_path)


@pytest.fixture
def open_world(tmp_path: Path) -> Iterator[World]:
    busy = LineScript(number_prefix=BUSY, does=Behaviour.BUSY, after=timedelta(milliseconds=10))
    with whole_world(tmp_path, busy) as found:
        yield found


@contextmanager
def daemon_running(world: World) -> Iterator[None]:
    with running_daemon(read_config(world.config), SystemClock()):
        yield


def command(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [arguments[0], "--config", str(world.config), *arguments[1:]])


def rows(world: World, *arguments: str) -> Any:
    result = command(world, *arguments, "--json")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return json.loads(result.stdout)


def test_plan_shows_the_calls_to_come_before_any_daemon_ran(world: World) -> None:
    at = soon(3600)
    world.put("one", at)
    (row,) = rows(world, "plan")
    assert row == {
        "due_at": at.isoformat().replace("+00:00", "Z"),
        "asked_at": at.isoformat().replace("+00:00", "Z"),
        "starts_at": at.isoformat().replace("+00:00", "Z"),
        "origin": "+3228160258",
        "destination": "+32468373901",
        "cli": "+3228160257",
        "presentation": "ALLOWED",
        "summary": "Call Anna Janssens",
        "calendar": "sales",
        "uid": "one",
        "recurrence_id": "",
        "asks": True,
        "state": "planned",
        "reason": "",
        "stale": "",
        "call": None,
    }
    assert not (world.folder / "ledger.db").exists()


@pytest.mark.parametrize(
    ("lines", "summary", "reason"),
    [
        ((), "Lunch", "call"),
        ((), "Call Nobody Known", "no contact"),
        (("TRANSP:TRANSPARENT",), "Call Anna Janssens", "free"),
        (("STATUS:CANCELLED",), "Call Anna Janssens", "cancelled"),
        (("LOCATION:0900 12 345",), "Call", "barred: premium"),
        (("LOCATION:112",), "Call", "emergency"),
    ],
)
def test_plan_says_why_an_event_wont_ring(world: World, lines: tuple[str, ...], summary: str, reason: str) -> None:
    world.put("one", soon(3600), *lines, summary=summary)
    (row,) = rows(world, "plan")
    assert row["state"] == "not_ringing"
    assert reason in row["reason"]


def test_plan_looks_at_past_windows_without_touching_the_ledger(world: World) -> None:
    at = soon(-86400)
    world.put("one", at)
    (row,) = rows(world, "plan", "--from", "-2 d", "--to", "now")
    assert (row["state"], row["reason"]) == ("not_ringing", "already past when it appeared")
    assert not (world.folder / "ledger.db").exists()


def test_plan_as_a_table_names_both_numbers_and_the_events_that_stay_silent(world: World) -> None:
    world.put("one", soon(3600))
    world.put("two", soon(3700), summary="Lunch")
    result = command(world, "plan")
    assert result.exit_code == 0
    for text in ("+3228160258", "+32468373901", "Lunch", "Events that don't ring"):
        assert text in result.stdout


def test_a_calendar_that_cant_be_read_is_a_problem_and_exit_1(world: World) -> None:
    (world.folder / "sales.ics").unlink()
    result = command(world, "plan")
    assert result.exit_code == 1
    assert "calendar sales" in result.stderr


def test_a_window_that_ends_before_it_begins_is_wrong_usage(world: World) -> None:
    assert command(world, "plan", "--from", "+2 d", "--to", "now").exit_code == 2
    assert command(world, "plan", "--from", "gibberish").exit_code == 2


def test_why_tells_the_decision_rule_by_rule(world: World) -> None:
    world.put("one", soon(3600))
    result = command(world, "why", "anna")
    assert result.exit_code == 0
    for text in ("asking", "destination", "origin", "rings at", "uid           one"):
        assert text in result.stdout


def test_why_of_an_unknown_event_is_exit_1(world: World) -> None:
    assert command(world, "why", "nonsense").exit_code == 1


def test_check_tells_every_problem_with_its_remedy_and_exits_1(world: World) -> None:
    world.put("one", soon(3600), summary="Call Nobody Known")
    (world.folder / "customers.csv").write_text("name;mobile\nAnna Janssens;4.68E+10\n")
    result = command(world, "check")
    assert result.exit_code == 1
    assert "customers.csv, line 2" in result.stdout
    assert "no contact is named 'Nobody Known'" in result.stdout
    assert "PROBLEM provider" in result.stdout


def test_check_asks_the_api_itself_and_not_only_for_a_token(open_world: World) -> None:
    open_world.configure(lambda text: text.replace("/vca/1.0.0", "/vca/2.0.0"))
    result = command(open_world, "check")
    assert result.exit_code == 1
    assert "gave a token, but GET /cdr: status 404" in result.stdout
    assert "(see [provider]: url, and that it is up)" in result.stdout


def test_check_tells_where_the_daemon_could_not_make_its_ledger(world: World) -> None:
    world.configure(lambda text: text.replace('"ledger.db"', '"customers.csv/ledger.db"'))
    result = command(world, "check")
    assert "PROBLEM ledger" in result.stdout
    assert "customers.csv isn't a folder that this user can write in (see ledger.path)" in result.stdout


def test_check_is_content_where_everything_is_well(open_world: World) -> None:
    open_world.put("one", soon(3600))
    result = command(open_world, "check")
    assert (result.exit_code, "PROBLEM" in result.stdout) == (0, False), result.stdout


def test_a_broken_configuration_is_told_with_every_line(world: World) -> None:
    world.configure(lambda text: text.replace('every = "200 ms"', 'evry = "200 ms"\norigni = "x"'))
    result = command(world, "check")
    assert result.exit_code == 1
    assert "calendar[0].evry: there is no such option" in result.stdout
    assert "calendar[0].origni: there is no such option" in result.stdout


def test_place_without_a_daemon_rings_and_tells_the_outcome(open_world: World) -> None:
    result = command(open_world, "place", "--origin", "+3228160258", "--destination", "0468 37 39 01")
    assert result.exit_code == 0, result.output
    assert "answered" in result.stdout


def test_place_of_a_busy_number_is_exit_1_and_says_so(open_world: World) -> None:
    result = command(open_world, "place", "--origin", "+3228160258", "--destination", BUSY, "--json")
    assert result.exit_code == 1
    row = json.loads(result.stdout)
    assert (row["outcome"], len(row["attempts"])) == ("busy", 1)
    assert set(row["attempts"][0]) >= {"reference", "session_id", "requested_at"}


def test_place_beside_a_daemon_is_done_by_it(open_world: World) -> None:
    with daemon_running(open_world):
        result = command(open_world, "place", "--origin", "+3228160258", "--destination", "+32468373901")
        assert result.exit_code == 0, result.output
    assert [call.summary for call in open_world.ended()] == ["placed by hand"]


def test_a_place_that_is_killed_once_its_request_has_left_rings_nobody_again(tmp_path: Path) -> None:
    def die(*_arguments: object, **_more: object) -> None:
        raise SystemExit(9)

    talkative = LineScript(number_prefix=TALKATIVE, after=timedelta(milliseconds=10), talk=timedelta(minutes=5))
    with whole_world(tmp_path, talkative) as world:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("scheduler.callout.client.read_answer", die)
            command(world, "place", "--origin", "+3228160258", "--destination", TALKATIVE)
        with daemon_running(world):
            command(world, "place", "--origin", "+3228160259", "--destination", "+32468373901")
        with closing(Records(tmp_path / "gateway.db")) as records:
            assert [call.destination.e164 for call in records.unfinished()] == [TALKATIVE]
        killed, after = world.calls()
        assert (killed.state, killed.attempts) == (State.REQUESTED, 1)
        assert after.outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("origin", "destination", "reason"),
    [
        ("+3228160250", "+32468373901", "isn't one of the company's own numbers"),
        ("+3228160258", "112", "emergency or short number"),
        ("+3228160258", "0900 12 345", "barred: premium"),
        ("+3228160258", "+12025550143", "barred: country US"),
        ("+3228160258", "+3228160259", "barred: one of the company's own numbers"),
        ("+3228160258", "0468 37 39 O1", "not a phone number"),
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_place_refuses_before_anything_is_requested(
    open_world: World, origin: str, destination: str, reason: str, beside: bool
) -> None:
    arguments = ("place", "--origin", origin, "--destination", destination)
    if beside:
        with daemon_running(open_world):
            result = command(open_world, *arguments)
    else:
        result = command(open_world, *arguments)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert open_world.calls() == []


def test_sync_reads_every_calendar_and_plans(world: World) -> None:
    world.put("one", soon(3600))
    assert rows(world, "sync") == [{"calendar": "sales", "changed": 1, "deleted": 0, "problem": ""}]
    assert [str(call.destination) for call in world.calls()] == ["+32468373901"]


def test_sync_beside_a_daemon_is_done_by_it(open_world: World) -> None:
    with daemon_running(open_world):
        open_world.put("one", soon(3600))
        assert command(open_world, "sync").exit_code == 0
    assert len(open_world.calls()) == 1


def test_sync_of_a_broken_calendar_is_exit_1(world: World) -> None:
    (world.folder / "sales.ics").write_text("<html>")
    result = command(world, "sync")
    assert result.exit_code == 1
    assert result.stdout.startswith("sales: ")


def test_calls_tells_outcome_attempts_and_duration(open_world: World) -> None:
    at = soon()
    open_world.put("one", at)
    with daemon_running(open_world):
        await_true(lambda: len(open_world.ended()) == 1)
    (row,) = rows(open_world, "calls")
    assert (row["outcome"], row["uid"], row["calendar"], row["recurrence_id"]) == ("answered", "one", "sales", "")
    assert row["duration"] == 1  # the gateway counts whole seconds, begun ones too
    (attempt,) = row["attempts"]
    assert attempt["session_id"].isdigit()
    assert datetime.fromisoformat(attempt["requested_at"]) - at < timedelta(seconds=5)
    assert row["maybe_voicemail"]
    assert "talked 1 s, maybe voicemail" in " ".join(command(open_world, "calls").stdout.split())


def test_calls_leaves_what_is_still_to_come_to_plan(world: World) -> None:
    world.put("one", soon(3600))
    rows(world, "sync")
    assert rows(world, "calls") == []
    assert [row["state"] for row in rows(world, "calls", "--planned")] == ["planned"]
    (planned,) = rows(world, "plan")
    assert (planned["state"], planned["call"]) == ("planned", 1)


def test_calls_names_the_calendars_that_fail(world: World) -> None:
    rows(world, "sync")
    (world.folder / "sales.ics").write_text("<html>")
    command(world, "sync")
    assert "calendar sales" in command(world, "calls").stderr


def test_a_missing_configuration_is_told_in_a_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["plan", "--config", str(tmp_path / "none.toml")])
    assert "none.toml: No such file or directory (name the file with --config)" in str(result.exception)


def test_secrets_are_needed_only_by_commands_that_use_them(world: World) -> None:
    (world.folder / "secret").unlink()
    world.put("one", datetime.now(UTC) + timedelta(hours=1))
    assert command(world, "plan").exit_code == 0
    assert command(world, "check").exit_code == 1


def test_a_calendar_whose_password_cant_be_read_is_never_tried_without_it(world: World) -> None:
    with listen("127.0.0.1", 0, "test") as server:
        url = f"{base_url(server)}/calendar.ics"
        world.configure(
            lambda text: text.replace(
                'file = "sales.ics"', f'url = "{url}"\nusername = "ann"\npassword = {{ env = "NOT_SET_HERE" }}'
            )
        )
        result = command(world, "plan")
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has called
            server.accept()
    assert result.exit_code == 1
    assert "the secrets of its login can't be read by this user" in result.stderr


def test_a_title_with_brackets_is_shown_as_it_is(world: World) -> None:
    world.put("one", soon(3600), summary="Call [/red] Anna [bold]")
    result = command(world, "plan")
    assert result.exit_code == 0
    assert "Call [/red] Anna [bold]" in result.stdout


@pytest.mark.parametrize("arguments", [("plan",), ("why", "one")])
def test_a_title_gives_the_terminal_no_orders(world: World, arguments: tuple[str, ...]) -> None:
    world.put("one", soon(3600), summary="Call \x1b]0;gone\x07\x9b2J Anna")
    result = command(world, *arguments)
    assert "Call" in result.stdout
    assert not set(result.stdout) & {"\x1b", "\x07", "\x9b"}


def test_what_is_written_is_for_our_own_user_alone(world: World) -> None:
    rows(world, "sync")
    for path in world.folder.glob("ledger.db*"):
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_why_without_words_is_wrong_usage(world: World) -> None:
    assert command(world, "why", " ").exit_code == 2


def test_the_event_that_decides_a_shared_call_is_the_one_that_plan_shows(world: World) -> None:
    at = soon(3600)
    world.put("a-restricted", at, "DESCRIPTION:Call-Presentation: restricted")
    world.put("b-allowed", at, summary="Call 0468 37 39 01")
    ringing, silent = sorted(rows(world, "plan"), key=lambda row: row["state"], reverse=True)
    assert (ringing["uid"], ringing["summary"], ringing["presentation"]) == (
        "b-allowed",
        "Call 0468 37 39 01",
        "RESTRICTED",
    )
    assert (silent["uid"], silent["state"]) == ("a-restricted", "not_ringing")


def test_a_call_that_is_given_up_is_never_placed_later(world: World) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", interrupt)
        result = command(world, "place", "--origin", "+3228160258", "--destination", "+32468373901")
    assert "waits: no token" in result.stderr
    assert "call 1 is withdrawn" in result.stderr
    assert [(call.outcome, call.attempts) for call in world.calls()] == [(Outcome.CANCELLED, 0)]


def test_a_call_that_is_given_up_beside_the_daemon_is_withdrawn_by_it(open_world: World) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with daemon_running(open_world), pytest.MonkeyPatch.context() as patch:
        command(open_world, "pause")
        patch.setattr(sys.modules["scheduler.cli.place"], "time", SimpleNamespace(sleep=interrupt))
        result = command(open_world, "place", "--origin", "+3228160258", "--destination", "+32468373901")
    assert "call 1 is withdrawn" in result.stderr
    assert [(call.outcome, call.attempts) for call in open_world.calls()] == [(Outcome.CANCELLED, 0)]
    with closing(open_ledger(open_world.folder / "ledger.db", read_only=True)) as ledger:
        kinds = ledger.read(lambda c: c.execute("SELECT kind FROM command ORDER BY id").fetchall())
    assert [row["kind"] for row in kinds] == ["place", "withdraw"]


def test_check_lists_who_has_no_number_without_calling_that_a_problem(world: World) -> None:
    with (world.folder / "customers.csv").open("a") as file:
        file.write("Cy Example;cy@example.org;\n")
    result = command(world, "check")
    assert (
        "ok      contacts customers.csv: 2 contacts read; 1 without a number that can be called: "
        "Cy Example (customers.csv, line 3)"
    ) in result.stdout


def test_check_and_sync_reach_an_address_book(open_world: World, tmp_path: Path) -> None:
    with radicale(tmp_path / "radicale") as url:
        client = Client(url=url, user="ann", password="any")
        client.make_address_book("/ann/customers/")
        client.put("/ann/customers/anna.vcf", card("anna", "Anna Janssens", "0468 37 39 01"))
        login = 'username = "ann"\npassword = { file = "secret" }'
        book = f'name = "customers"\ncarddav = "{url}ann/customers/"\n{login}'
        open_world.configure(lambda text: text.replace('file = "customers.csv"', book))
        open_world.put("one", soon(3600))
        assert "contacts customers: 1 contact read" in command(open_world, "check").stdout
        assert "address book customers: 1 object new or changed" in command(open_world, "sync").stdout
    assert [call.summary for call in open_world.calls()] == ["Call Anna Janssens"]
    assert "PROBLEM contacts customers" in command(open_world, "check").stdout


def test_a_refused_login_is_told_with_why_it_is_tried_rarely(world: World) -> None:
    with closing(open_ledger(world.folder / "ledger.db")) as ledger:
        now = datetime.now(UTC)
        ledger.write(record_failed, "sales", "a", "the login was refused", now, forbidden=True)
    assert "ever more rarely, so that the account isn't locked" in command(world, "calls").stderr


def test_a_sync_with_another_configuration_moves_what_is_planned_and_why_tells_it(world: World) -> None:
    world.put("one", soon(3600))
    assert command(world, "sync").exit_code == 0
    world.configure(lambda text: text.replace("[company]\n", "[company]\nlead = '5 min'\n"))
    assert command(world, "sync").exit_code == 0
    assert "moved: the configuration changed" in command(world, "why", "one").stdout


def test_check_tells_that_the_plan_was_made_with_another_configuration(world: World) -> None:
    command(world, "sync")
    assert "plan: is derived anew" not in command(world, "check").stdout
    world.configure(lambda text: text.replace("[company]\n", "[company]\nlead = '5 min'\n"))
    told = "plan: is derived anew when the daemon starts or reloads: the configuration changed"
    assert told in command(world, "check").stdout


@pytest.fixture
def closed_world(world: World) -> World:
    """Nothing may ring before the day after tomorrow."""
    today = datetime.now(BRUSSELS).date()
    days = f"{today}..{today + timedelta(days=1)} closed"
    world.configure(lambda text: f'{text}\n[hours]\ndays = ["{days}"]\n')
    return world


def test_a_call_outside_calling_hours_is_told_wherever_calls_are_told(closed_world: World) -> None:
    at = soon(60)
    closed_world.put("one", at)
    assert "It is moved from" in command(closed_world, "why", "anna").stdout
    rows(closed_world, "sync")
    (planned,) = rows(closed_world, "plan")
    (call,) = rows(closed_world, "calls", "--planned")
    opens_at = datetime.fromisoformat(planned["due_at"]).astimezone(BRUSSELS)
    assert (f"{opens_at:%H:%M:%S}", opens_at - at > timedelta(hours=22)) == ("00:00:00", True)
    assert (planned["state"], planned["asked_at"]) == ("planned", at.isoformat().replace("+00:00", "Z"))
    assert planned["reason"].startswith("moved from ")
    assert (call["due_at"], call["asked_at"]) == (planned["due_at"], planned["asked_at"])
    assert "outside calling hours" in command(closed_world, "why", "anna").stdout
    assert "moved" in command(closed_world, "calls", "--planned").stdout


def test_check_says_when_calling_hours_open_and_what_never_opens(closed_world: World) -> None:
    assert "calling hours: closed now, open again at" in command(closed_world, "check").stdout
    today = datetime.now(BRUSSELS).date()
    closed_world.configure(
        lambda text: f'{text}\n[hours]\ndays = ["{today}..{today + timedelta(days=60)} closed"]\n'
    )
    assert "PROBLEM calling hours: closed for the next 30 days" in command(closed_world, "check").stdout


def test_place_outside_calling_hours_is_refused_and_says_when_they_open(closed_world: World) -> None:
    result = command(closed_world, "place", "--origin", "+3228160258", "--destination", "0468 37 39 01")
    assert result.exit_code == 1
    assert "not called now: outside calling hours" in result.stderr
    assert closed_world.calls() == []


def test_check_and_plan_tell_of_the_do_not_call_list(world: World) -> None:
    world.put("one", soon(3600))
    world.configure(lambda text: text + '\n[barring]\ndo_not_call = "list.txt"\n')
    listed = world.folder / "list.txt"
    assert "the daemon doesn't start without it" in command(world, "check").stdout
    assert isinstance(command(world, "plan").exception, ConfigError)
    listed.write_text("number\n0468 37 39 01\nnobody\n")
    (row,) = rows(world, "plan")
    assert row["reason"] == "it will be barred: on the do-not-call list"
    assert "1 number barred; 1 line without a number, as line 3" in command(world, "check").stdout


def test_plan_tells_which_coming_calls_will_wait_for_each_other(world: World) -> None:
    at = soon(3600)
    world.put("one", at)
    world.put("two", at + timedelta(minutes=2), "LOCATION:0468 37 39 02", summary="Call")
    first, second = rows(world, "plan")
    assert first["reason"] == ""
    assert second["reason"].startswith("+3228160258 also calls +32468373901 at ")
    assert "waits until that one is over" in command(world, "why", "two").stdout.replace("\n  ", " ")
