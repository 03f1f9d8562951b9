"""What else happens to a daemon than a death at one step: a whole story each, and what came of its calls."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from scheduler.calls.call import Outcome
from scheduler.calls.pause import PAUSED
from scheduler.duties.command import PATIENCE, leave_command
from scheduler.ledger import open_ledger
from scheduler.ledger.waiting import await_result
from tests.crash.audit import Audit, audit
from tests.crash.labels import STOPPED, after, before
from tests.crash.office import Office, open_office
from tests.crash.provider import SECRET, Account, Happening, Provider, provider
from tests.processes import command
from tests.servers import Client, radicale
from tests.world import World, await_true, soon

_LAST_LOOK = "scheduler.duties.last_look:"
_LOOKS = (
    before(_LAST_LOOK + "LastLookDuty._look"),
    after(_LAST_LOOK + "store_fetched"),
    before(_LAST_LOOK + "LastLookDuty._replan"),
    before(_LAST_LOOK + "record_looked"),
)
_CALDAV = """
[[calendar]]
name = "sales"
caldav = "{url}alice/sales/"
username = "alice"
password = {{ file = "secret" }}
every = "1 h"
"""
_A_BURST = (
    *[Happening.ALL_WELL] * 5, Happening.SLOW_ANSWER, Happening.LOST_ANSWER, Happening.MANAGER_AWAY,
)  # fmt: skip


def paused_and_killed(folder: Path, served: Provider, account: Account) -> Audit:
    """What fell due in a pause rings once it is lifted, whichever daemon runs then."""
    office = open_office(folder, served, account)
    with office.daemon():
        office.await_fetched()
        _obey(office, "pause", "--reason", "lunch")
        office.put(soon(1), Happening.ALL_WELL)
        _await_waiting(office)
    with office.daemon():
        office.put(soon(1), Happening.ALL_WELL)
        _await_waiting(office)
        assert not served.accepted(account)
    _obey(office, "resume")
    with office.daemon():
        office.await_ended()
    assert {call.outcome for (call,) in office.calls().values()} == {Outcome.ANSWERED}
    return audit(office)


def _await_waiting(office: Office) -> None:
    """Until every call has been tried and waits for the pause."""
    office.await_recorded()
    await_true(lambda: all(call.reason.startswith(PAUSED) for (call,) in office.calls().values()))


def _obey(office: Office, *arguments: str) -> None:
    done = command(office.world.config, *arguments)
    assert done.returncode == 0, done.stderr


def stopped_and_followed(folder: Path, served: Provider, account: Account) -> Audit:
    """A daemon that stands still keeps the ledger; when it is killed the next one sends what never left."""
    office = open_office(folder, served, account)
    with office.daemon(STOPPED):
        office.await_fetched()
        office.arm()
        office.put(soon(1), Happening.ALL_WELL)
        await_true(lambda: office.struck)
        late = command(office.world.config, "run")
        assert (late.returncode, "is in use by process" in late.stderr) == (1, True)
    with office.daemon():
        office.await_ended()
    ((call,),) = office.calls().values()
    assert (call.outcome, call.attempts) == (Outcome.ANSWERED, 2)
    return audit(office)


def killed_while_looking(folder: Path, served: Provider, account: Account) -> Audit:
    """Deaths around the last look at a CalDAV server; what was deleted before it never rings."""
    with radicale(folder / "radicale", {"alice": SECRET}) as url:
        client = Client(url=url, user="alice", password=SECRET)
        office = _office_with_caldav(folder / "office", served, account, client)
        for death in _LOOKS:
            with office.daemon(death) as daemon:
                office.await_fetched()
                office.put(soon(5), Happening.ALL_WELL, Happening.ALL_WELL)
                _sync(office)
                office.await_recorded()
                office.arm()
                office.withdraw(list(office.wanted)[-1])
                daemon.await_death()
            assert office.struck
            office.disarm()
        with office.daemon():
            office.await_ended()
    return audit(office)


def _sync(office: Office) -> None:
    """As the command does, without the second that it takes to start."""
    with closing(open_ledger(office.world.folder / "ledger.db")) as ledger:
        number = leave_command(ledger, "sync", {}, datetime.now(UTC))
        assert await_result(ledger, number, PATIENCE) is not None


def _office_with_caldav(folder: Path, served: Provider, account: Account, client: Client) -> Office:
    """Its calendar is fetched once an hour: that anything is seen in time is left to the last look."""
    office = open_office(folder, served, account)
    text = office.world.config.read_text()
    file = text[text.index("[[calendar]]") : text.index("origin =")]
    calling = '[calling]\nlast_look = "2 s"\n'
    text = text.replace(file, _CALDAV.format(url=client.url)).replace("[calling]\n", calling)
    office.world.config.write_text(text)
    client.make_calendar("/alice/sales/")
    stored: dict[str, str] = {}

    def publish(world: World) -> None:
        """Each event that changed, and no other."""
        for uid in world.events.keys() - stored.keys():
            whole = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests\r\n{world.events[uid]}END:VCALENDAR\r\n"
            client.put(f"/alice/sales/{uid}.ics", whole.encode())
        for uid in stored.keys() - world.events.keys():
            client.delete(f"/alice/sales/{uid}.ics")
        stored.clear()
        stored.update(world.events)

    publish(office.world)
    return replace(office, publish=publish)


def gateway_killed(folder: Path, *, kills: int = 1) -> Audit:
    """The provider dies amid bursts of calls, and comes back without a memory of tokens."""
    with provider(folder / "provider", accounts=1, origins=len(_A_BURST) * kills) as own:
        (account,) = own.accounts
        office = open_office(folder / "office", own, account)
        with office.daemon():
            office.await_fetched()
            for _ in range(kills):
                before = own.accepted(account).total()
                office.put(soon(1), *_A_BURST)
                await_true(lambda: own.accepted(account).total() >= before + 3)  # noqa: B023 (this round's)
                own.server.kill()
                own.server.start()
            office.await_ended()
        return audit(office)
