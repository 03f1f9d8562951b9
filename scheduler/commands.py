"""What a person may ask of a running daemon (rule 15), and what does it there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from scheduler.clock import Clock
from scheduler.config import Config
from scheduler.database import Database
from scheduler.duties.accept import accept_losses
from scheduler.duties.by_hand import give_up, place_by_hand
from scheduler.duties.command import Handler
from scheduler.duties.erase import erase
from scheduler.duties.resolve import resolve
from scheduler.duties.sync import SyncDuty
from scheduler.ledger.alerts import acknowledge_alerts
from scheduler.phone import PhoneNumber


class Commands:
    """Each takes the arguments of its row, and answers in JSON.

    :param config: the configuration at this moment.
    :param wake: called when there may be a new call that is due.
    """

    def __init__(
        self,
        ledger: Database,
        clock: Clock,
        sync: SyncDuty,
        *,
        config: Callable[[], Config],
        wake: Callable[[], None],
        reload_contacts: Callable[[], None],
        replan: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._sync = sync
        self._config = config
        self._wake = wake
        self._reload_contacts = reload_contacts
        self._replan = replan

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By the names that command rows have."""
        return {
            "place": self._place,
            "withdraw": self._withdraw,
            "sync": self._sync_all,
            "accept": self._accept,
            "resolve": self._resolve,
            "acknowledge": self._acknowledge,
            "erase": self._erase,
        }

    def _place(self, arguments: Mapping[str, str]) -> str:
        config = self._config()
        call_id = place_by_hand(
            self._ledger, arguments, self._clock.now(), config.company, config.policy, config.barring
        )
        self._wake()
        return json.dumps({"call": call_id})

    def _withdraw(self, arguments: Mapping[str, str]) -> str:
        return json.dumps({"withdrawn": give_up(self._ledger, int(arguments["call"]), self._clock.now())})

    def _sync_all(self, _arguments: Mapping[str, str]) -> str:
        self._reload_contacts()
        return json.dumps({"calendars": [one.to_json() for one in self._sync.sync_all()]})

    def _accept(self, arguments: Mapping[str, str]) -> str:
        synced = self._sync.sync_one(arguments["calendar"])
        cancelled = accept_losses(self._ledger, synced.name, self._replan)
        return json.dumps({"calendars": [synced.to_json()], "cancelled": cancelled})

    def _resolve(self, arguments: Mapping[str, str]) -> str:
        config = self._config()
        call_id = resolve(self._ledger, arguments, self._clock.now(), config.policy, config.barring)
        self._wake()
        return json.dumps({"call": call_id})

    def _acknowledge(self, arguments: Mapping[str, str]) -> str:
        self._ledger.write(acknowledge_alerts, self._clock.now(), arguments["who"])
        return json.dumps({})

    def _erase(self, arguments: Mapping[str, str]) -> str:
        number = PhoneNumber(arguments["number"])
        erased = erase(self._ledger, number, self._config().barring.owned, self._clock.now())
        self._reload_contacts()
        self._replan()
        return json.dumps(erased.to_json())
