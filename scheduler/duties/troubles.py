"""What lasts: calendars that refuse the login or grow old, calls that the brake holds, a provider that is down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from scheduler.calls.alert import AlertKind, Notice, Trouble
from scheduler.calls.call import Answer
from scheduler.clock import Clock
from scheduler.database import Connection
from scheduler.duration import spell_duration
from scheduler.duties.brake import hold_problems
from scheduler.duties.staleness import last_read
from scheduler.errors import CredentialsRefused, ProviderError
from scheduler.ledger.collections import Collection as Calendar
from scheduler.ledger.collections import select_collections, title_of
from scheduler.ledger.troubles import select_last_answers

_NOT_TAKEN = frozenset({Answer.NOT_SENT, Answer.REFUSED_FOR_NOW, Answer.UNAUTHORIZED})
_IN_A_ROW = 3
_LATELY = timedelta(minutes=10)
_PATIENCE = timedelta(minutes=1)  # a provider that restarts is no trouble
_SEE_PROVIDER = "see [provider] in the configuration, and that its server is up; `call-scheduler check` asks it"


def calendar_troubles(
    connection: Connection, names: Collection[str], stale_after: timedelta, now: datetime
) -> Iterator[Trouble]:
    """:param names: the calendars and address books that are configured; the ledger keeps others as well."""
    for row in select_collections(connection):
        if row.name in names and row.problem:
            yield from _of_calendar(row, stale_after, now)
    for problem in hold_problems(connection, now):
        title = f"Calls of {problem.where} vanished at once, and are held"
        notice = Notice(kind=AlertKind.HELD, title=title, detail=problem.what, remedy=problem.remedy)
        yield Trouble(name=f"held {problem.where}", notice=notice)


def _of_calendar(row: Calendar, stale_after: timedelta, now: datetime) -> Iterator[Trouble]:
    title, detail = title_of(row.name), f"{row.problem}; {last_read(row.good_at, now)}."
    capital = title[0].upper() + title[1:]
    if row.forbidden:
        remedy = f"mend the login of {title} in the configuration, then `systemctl reload call-scheduler`"
        notice = Notice(kind=AlertKind.AUTH, title=f"{capital} refuses our login", detail=detail, remedy=remedy)
        yield Trouble(name=f"auth {row.name}", notice=notice)
    if row.good_at is None or now - row.good_at > stale_after:
        length = "yet" if row.good_at is None else f"for more than {spell_duration(stale_after)}"
        notice = Notice(
            kind=AlertKind.STALE,
            title=f"{capital} could not be read {length}",
            detail=detail,
            remedy="what changed in it since isn't known; `call-scheduler check` tells what its server says",
        )
        yield Trouble(name=f"stale {row.name}", notice=notice)


def provider_troubles(connection: Connection, now: datetime) -> Iterator[Trouble]:
    """What its answers to the last requests tell."""
    answers = select_last_answers(connection, now - _LATELY, _IN_A_ROW)
    if len(answers) == _IN_A_ROW and _NOT_TAKEN.issuperset(answers):
        title = f"The provider took none of the last {_IN_A_ROW} requests"
        yield Trouble(
            name="provider calls", notice=Notice(kind=AlertKind.PROVIDER, title=title, remedy=_SEE_PROVIDER)
        )


class TokenWatch:
    """Renews the provider's token ahead of time, and remembers whether that fails."""

    def __init__(self, renew: Callable[[], object], clock: Clock) -> None:
        self._renew = renew
        self._clock = clock
        self._error: ProviderError | None = None
        self._since: datetime | None = None

    def run_once(self) -> None:
        """:raises ProviderError: it fails."""
        try:
            self._renew()
        except ProviderError as error:
            self._error, self._since = error, self._since or self._clock.now()
            raise
        self._error = self._since = None

    def troubles(self, now: datetime) -> tuple[Trouble, ...]:
        error, since = self._error, self._since
        if error is None or since is None:
            return ()
        if isinstance(error, CredentialsRefused):
            notice = Notice(
                kind=AlertKind.AUTH,
                title="The provider refuses our client id or secret, and no call can be placed",
                remedy="mend client_id and client_secret in [provider], then `systemctl reload call-scheduler`",
            )
            return (Trouble(name="auth provider", notice=notice),)
        if now - since < _PATIENCE:
            return ()
        title = "The provider gives no token, and no call can be placed once the last is over"
        return (
            Trouble(
                name="provider token", notice=Notice(kind=AlertKind.PROVIDER, title=title, remedy=_SEE_PROVIDER)
            ),
        )
