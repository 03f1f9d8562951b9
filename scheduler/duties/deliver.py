"""Handing over what waits to be told: one message a recipient with all that is due, not too often, until taken."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol

from scheduler.database import Connection, Database
from scheduler.duties.alert import MAIL, WEBHOOK
from scheduler.errors import DeliveryFailed, HttpError, Problem
from scheduler.http import Http
from scheduler.ledger.letters import (
    Letter,
    give_up,
    put_off,
    record_sent,
    select_due_letters,
    select_last_sent,
    select_recipients,
    select_undelivered,
)
from scheduler.mail import MailSettings, send_mail

log = logging.getLogger(__name__)

_AT_ONCE = 100  # letters in one message
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)  # after failures, doubling
_GIVEN_UP_AFTER = timedelta(days=3)
_TOLD_FOR = timedelta(days=7)
_TITLE_LENGTH = 150
_SECONDS = 10.0


class Channel(Protocol):
    """A way to tell somebody."""

    def send(self, recipient: str, letters: Sequence[Letter]) -> None:
        """:raises DeliveryFailed: they weren't taken, or perhaps weren't."""
        ...


class DeliverDuty:
    """Sends what is due; a crash right after a server took a message may send it twice, under the same id."""

    def __init__(self, ledger: Database, channels: Mapping[str, Channel], pause: timedelta) -> None:
        """:param channels: by how the recipient begins.
        :param pause: between two messages to one recipient; what comes meanwhile goes with the second.
        """
        self._ledger = ledger
        self.channels = channels
        self.pause = pause

    def run_once(self, now: datetime) -> int:
        """How many messages were taken."""
        return sum(self._deliver(recipient, now) for recipient in self._ledger.read(select_recipients, now))

    def _deliver(self, recipient: str, now: datetime) -> bool:
        channel = self._channel(recipient)
        last = self._ledger.read(select_last_sent, recipient)
        # A clock that was set back holds nobody's mail up for long.
        if channel is None or (last is not None and timedelta() <= now - last < self.pause):
            return False
        letters = self._ledger.read(select_due_letters, recipient, now, _AT_ONCE)
        try:
            channel.send(recipient, letters)
        except DeliveryFailed as error:
            self._put_off(letters, str(error), now)
            return False
        self._ledger.write(record_sent, [one.id for one in letters], now)
        return True

    def _put_off(self, letters: Sequence[Letter], problem: str, now: datetime) -> None:
        log.warning("%d messages wait: %s; trying again", len(letters), problem)
        self._ledger.write(put_off, [one.id for one in letters], now + _back_off(letters), problem)
        given_up = self._ledger.write(give_up, now - _GIVEN_UP_AFTER, now)
        if given_up:
            log.error("%d messages were given up: nobody took them for %d days", given_up, _GIVEN_UP_AFTER.days)

    def _channel(self, recipient: str) -> Channel | None:
        return next((one for start, one in self.channels.items() if recipient.startswith(start)), None)


def _back_off(letters: Sequence[Letter]) -> timedelta:
    doublings = min(10, *(one.tries for one in letters))
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)


class MailChannel:
    """By SMTP; the recipient's address follows ``mail:``."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def send(self, recipient: str, letters: Sequence[Letter]) -> None:
        send_mail(self._settings, compose(self._settings.sender, recipient.removeprefix(MAIL), letters))


def compose(sender: str, address: str, letters: Sequence[Letter]) -> EmailMessage:
    """One letter as it is; several in one, with their titles first."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, address
    message["Subject"] = one_line(letters[0].title if len(letters) == 1 else _heading(letters))
    message["Date"] = max(one.made_at for one in letters)
    message["Message-ID"] = f"<{_digest(letters)}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice answers it
    message.set_content("\n\n".join(_told(one) for one in letters) + "\n")
    return message


def _heading(letters: Sequence[Letter]) -> str:
    return f"{letters[0].title}, and {len(letters) - 1} more"


def _told(letter: Letter) -> str:
    return f"{letter.made_at:%Y-%m-%d %H:%M} UTC: {letter.title}\n{letter.body}".rstrip()


def one_line(text: str) -> str:
    """Fit for a header: a stranger's title can't begin another one."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _TITLE_LENGTH else line[: _TITLE_LENGTH - 1] + "…"


def _digest(letters: Sequence[Letter]) -> str:
    """The same for the same letters: who gets a message twice sees that it is one."""
    return hashlib.sha256("\n".join(f"{one.made_at} {one.key}" for one in letters).encode()).hexdigest()[:32]


class WebhookChannel:
    """A JSON POST; ``text`` is what chat programs show."""

    def __init__(self, url: str, http: Http) -> None:
        self._url = url
        self._http = http

    def send(self, recipient: str, letters: Sequence[Letter]) -> None:  # noqa: ARG002
        body = {"text": "\n".join(f"{one.title}. {one.body}" for one in letters), "alerts": [*map(_json, letters)]}
        try:
            status = self._http.post_json(self._url, body, timeout=_SECONDS).status
        except HttpError as error:
            raise DeliveryFailed(f"the webhook of alerts: {error}") from None
        if not 200 <= status < 300:
            raise DeliveryFailed(f"the webhook of alerts answered with status {status}")


def _json(letter: Letter) -> dict[str, object]:
    return {
        "id": letter.key,
        "kind": letter.kind,
        "at": letter.made_at.isoformat(),
        "over": letter.key.endswith(" is over"),
        "title": letter.title,
        "text": letter.body,
    }


def delivery_problems(connection: Connection, now: datetime) -> tuple[Problem, ...]:
    """What nobody took, for ``check``."""
    return tuple(
        Problem(
            where=_where(one.recipient),
            what=f"{one.letters} {'were given up' if one.given_up else 'wait'} since "
            f"{one.since:%Y-%m-%d %H:%M} UTC: {one.problem}",
            remedy="see [mail]" if one.recipient != WEBHOOK else "see alerts.webhook",
        )
        for one in select_undelivered(connection, now - _TOLD_FOR)
    )


def _where(recipient: str) -> str:
    return "alerts to the webhook" if recipient == WEBHOOK else f"mail to {recipient.removeprefix(MAIL)}"
