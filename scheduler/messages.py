"""What the daemon tells by itself, to people and to a dead man's switch, in threads that no call waits for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.config import Config, MessagesConfig
from scheduler.database import Database
from scheduler.duties.alert import MAIL, WEBHOOK, AlertDuty
from scheduler.duties.deliver import Channel, DeliverDuty, MailChannel, WebhookChannel
from scheduler.duties.people import People, PeopleSettings, Silent
from scheduler.duties.ping import PingDuty
from scheduler.duties.troubles import TokenWatch
from scheduler.http import Http, HttpSettings
from scheduler.loop import Loop

_LOOK_EVERY = timedelta(seconds=2)
_NO_PING = timedelta(minutes=1)  # how often nothing is done where nobody is to hear from us


class Messages:
    """The duties that tell, each with its loop."""

    def __init__(
        self,
        config: Config,
        ledger: Database,
        clock: Clock,
        tokens: TokenWatch,
        *,
        silent: Silent,
        alive: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._http = Http(HttpSettings())
        self._people = People(settings=people_of(config), silent=silent)
        self._alerts = AlertDuty(ledger, config.messages.alerts, tokens.troubles, self._people)
        self._deliver = DeliverDuty(ledger, channels_of(config.messages, self._http), config.messages.pause)
        self._ping = PingDuty(config.messages.ping, alive, self._http)
        self._pinging = Loop("ping", self._ping.run_once, _every(config.messages))
        # Apart: while a mail server keeps its answer back, what happens is noted all the same.
        self._delivering = Loop("messages", lambda: self._deliver.run_once(clock.now()), _LOOK_EVERY)
        self.loops = (
            Loop("alerts", lambda: self._look(clock.now()), _LOOK_EVERY),
            self._delivering,
            self._pinging,
        )

    def _look(self, now: datetime) -> None:
        if self._alerts.run_once(now) + self._people.run_once(self._ledger, now):
            self._delivering.wake()

    def use(self, config: Config) -> None:
        """Take over another configuration."""
        self._people.settings = people_of(config)
        self._alerts.settings = config.messages.alerts
        self._deliver.channels = channels_of(config.messages, self._http)
        self._deliver.pause = config.messages.pause
        self._ping.settings, self._pinging.every = config.messages.ping, _every(config.messages)
        self._pinging.wake()

    def close(self) -> None:
        self._http.close()


def channels_of(config: MessagesConfig, http: Http) -> dict[str, Channel]:
    """By how the recipients begin; what waits for one that isn't configured any more waits on."""
    channels: dict[str, Channel] = {}
    if config.mail is not None:
        channels[MAIL] = MailChannel(config.mail)
    if config.webhook:
        channels[WEBHOOK] = WebhookChannel(config.webhook, http)
    return channels


def people_of(config: Config) -> PeopleSettings:
    return PeopleSettings(
        tell=config.messages.people,
        digest_at=config.messages.digest_at,
        zone=config.company_zone,
        company=config.company,
        rules={rules.collection: rules for rules in config.rules},
        zones=config.zones,
    )


def _every(config: MessagesConfig) -> timedelta:
    return config.ping.every if config.ping else _NO_PING
