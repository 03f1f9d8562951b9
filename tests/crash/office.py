"""An office whose daemon is killed: one account at the provider, one calendar, one ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from scheduler.calls.call import Call
from scheduler.errors import DatabaseError
from scheduler.ledger import open_ledger
from scheduler.ledger.collections import select_collections
from tests.crash.daemons import Daemon, daemon
from tests.crash.provider import SECRET, Account, Happening, Pair, Provider
from tests.crash.sabotage import Sabotage, struck_file
from tests.world import World, await_true, event, soon

_CONFIG = """
[company]
owned = {owned}

[barring]
countries = ["GB"]

[[calendar]]
name = "sales"
file = "sales.ics"
every = "200 ms"
origin = "{first}"

[provider]
url = "{url}/vca/1.0.0"
token_url = "{url}/token"
client_id = "{client_id}"
client_secret = {{ file = "secret" }}
cdr_every = "200 ms"
timeout = "5 s"

[callback]
listen = "127.0.0.1:0"

[calling]
longest_call = "1 s"
cdr_lag = "3 s"
retries = {{ origin = 2, after = "300 ms" }}
requests_per_second = 20
calls_at_once = 5
rings_a_day = 1000

[page]
enabled = false

[ledger]
path = "ledger.db"
"""
_MANAGER = """
[[manager]]
name = "Manager {number}"
emails = ["{number}@example.com"]
origin = "+{number}"
"""


@dataclass(frozen=True, kw_only=True)
class Office:
    """Its files; each appointment is of another manager and another customer, so that none waits for another."""

    provider: Provider
    account: Account
    world: World
    wanted: dict[Pair, str] = field(default_factory=dict)  # what was put into the calendar, and its uid
    publish: Callable[[World], None] = World.write_calendar  # as people save their calendar
    _numbers: Iterator[int] = field(default_factory=count)
    _away: Iterator[int] = field(default_factory=count)

    @property
    def armed(self) -> Path:
        """Made when the sabotage may begin."""
        return self.world.folder / "armed"

    @property
    def struck(self) -> bool:
        return struck_file(self.armed).exists()

    def arm(self) -> None:
        struck_file(self.armed).unlink(missing_ok=True)
        self.armed.touch()

    def disarm(self) -> None:
        self.armed.unlink()

    def daemon(self, sabotage: Sabotage | None = None) -> AbstractContextManager[Daemon]:
        return daemon(self.world.config, self.world.folder / "log", self.armed, sabotage)

    def put(self, at: datetime, *happenings: Happening) -> list[Pair]:
        """Write one appointment for each, all at once and all at ``at``."""
        pairs = [self._next_pair(happening) for happening in happenings]
        for pair in pairs:
            self.wanted[pair] = uid = f"appointment-{pair[0][1:]}-{pair[1][1:]}"
            lines = (f"ORGANIZER:mailto:{pair[0][1:]}@example.com", f"LOCATION:{pair[1]}")
            self.world.events[uid] = event(uid, at, *lines, summary="Review")
        self.publish(self.world)
        return pairs

    def _next_pair(self, happening: Happening) -> Pair:
        """The next manager's phone, and the customer to whom it happens."""
        away = happening is Happening.MANAGER_AWAY
        managers = self.account.away if away else self.account.origins
        turn, manager = divmod(next(self._away if away else self._numbers), len(managers))
        return (managers[manager], happening.destination(self.account.number + turn))

    def await_fetched(self) -> None:
        """Until the calendar has been read and planned: what is put into it from then on is never too late."""
        await_true(self._fetched)

    def _fetched(self) -> bool:
        try:
            with closing(open_ledger(self.world.folder / "ledger.db", read_only=True)) as ledger:
                return any(row.planned_at for row in ledger.read(select_collections))
        except DatabaseError:  # it is just being made
            return False

    def calls(self) -> dict[Pair, list[Call]]:
        """What the ledger tells, by whose phones rang."""
        found: dict[Pair, list[Call]] = {}
        for call in self.world.calls():
            found.setdefault(_pair(call), []).append(call)
        return found

    def withdraw(self, pair: Pair) -> None:
        """Take its appointment out of the calendar again: from now on nobody asks for it."""
        del self.world.events[self.wanted.pop(pair)]
        self.publish(self.world)

    def await_recorded(self) -> None:
        """Until the ledger has a call of each appointment."""
        await_true(lambda: self.wanted.keys() <= self.calls().keys())

    def await_ended(self) -> None:
        """Until every appointment has its outcome; unknown ones take as long as a record may."""
        await_true(lambda: self.wanted.keys() <= set(map(_pair, self.world.ended())), 60)


def _pair(call: Call) -> Pair:
    return (call.origin.e164, call.destination.e164)


def open_office(folder: Path, provider: Provider, account: Account) -> Office:
    """Nothing runs yet, and its calendar has nothing to call about."""
    folder.mkdir(parents=True)
    world = World(folder, gateway=provider.url)
    (folder / "secret").write_text(SECRET + "\n")
    text = _CONFIG.format(
        owned=json.dumps(account.origins + account.away),
        first=account.origins[0],
        url=provider.url,
        client_id=account.client_id,
    )
    managers = (_MANAGER.format(number=own[1:]) for own in account.origins + account.away)
    world.config.write_text("".join((text, *managers)))
    # An empty calendar is no news: it would be planned with the next round only.
    world.put("lunch", soon(3600), summary="Lunch")
    return Office(provider=provider, account=account, world=world)
