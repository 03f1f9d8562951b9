"""An office whose daemon is killed: one account at the provider, one calendar, one ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
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

[ledger]
path = "ledger.db"
"""
_MANAGER = """
[[manager]]
name = "Manager {number}"
emails = ["manager-{number}@example.com"]
origin = "{origin}"
"""


@dataclass(frozen=True, kw_only=True)
class Office:
    """Its files; each appointment is of another manager and another customer, so that none waits for another."""

    provider: Provider
    account: Account
    world: World
    wanted: dict[Pair, str] = field(default_factory=dict)  # what was put into the calendar, and its uid
    _numbers: Iterator[int] = field(default_factory=count)

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

    def put(self, at: datetime, *happenings: Happening) -> None:
        """Write one appointment for each, all at once and all at ``at``."""
        for happening in happenings:
            number = next(self._numbers)
            turn, manager = divmod(number, len(self.account.origins))
            pair = (self.account.origins[manager], happening.destination(self.account.number + turn))
            self.wanted[pair] = uid = f"appointment-{number}"
            lines = (f"ORGANIZER:mailto:manager-{manager}@example.com", f"LOCATION:{pair[1]}")
            self.world.events[uid] = event(uid, at, *lines, summary="Review")
        self.world.write_calendar()

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
            found.setdefault((call.origin.e164, call.destination.e164), []).append(call)
        return found

    def await_ended(self) -> None:
        """Until every appointment has its outcome; unknown ones take as long as a record may."""
        await_true(lambda: len(self.world.ended()) >= len(self.wanted), 60)


def open_office(folder: Path, provider: Provider, account: Account) -> Office:
    """Nothing runs yet, and its calendar has nothing to call about."""
    folder.mkdir(parents=True)
    world = World(folder, gateway=provider.url)
    (folder / "secret").write_text(SECRET + "\n")
    text = _CONFIG.format(
        owned=json.dumps(account.origins), first=account.origins[0], url=provider.url, client_id=account.client_id
    )
    managers = (_MANAGER.format(number=number, origin=own) for number, own in enumerate(account.origins))
    world.config.write_text("".join((text, *managers)))
    # An empty calendar is no news: it would be planned with the next round only.
    world.put("lunch", soon(3600), summary="Lunch")
    return Office(provider=provider, account=account, world=world)
