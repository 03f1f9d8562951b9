"""Every step of a call's life at which a daemon is killed, in the order of that life, and what must come of it."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from typing import Any

from scheduler.calls.call import Outcome
from tests.crash.provider import Happening
from tests.crash.sabotage import Moment, Sabotage

_POST = b"POST /vca"
_BODY = b'"destination"'
_PLACE = "scheduler.duties.place:"
_ANSWERED = "scheduler.duties.answered:"
_CLIENT = "scheduler.callout.client:"
_COLLECT = "scheduler.duties.collect:"
_CALLBACK = "scheduler.web.callback:"


@dataclass(frozen=True, kw_only=True)
class Label:
    """One death or several, each in a new process, while one appointment is on its way."""

    name: str
    deaths: tuple[Sabotage, ...]
    happening: Happening = Happening.ALL_WELL
    ends: Outcome | None = Outcome.ANSWERED  # None: either of answered and unknown, as the provider has it
    attempts: int = 1  # that the ledger tells of, where it is certain
    at_start: bool = False  # struck while the process starts, before there is an appointment
    for_all: bool = False  # the step is taken once, however many appointments there are

    @property
    def for_each(self) -> bool:
        """Whether several appointments at once lead to the step as many times."""
        return not (self.at_start or self.for_all or self.deaths[1:]) and self.happening is Happening.ALL_WELL

    def nth(self, number: int) -> Label:
        """Struck at the n-th of several appointments, which end each in its own way."""
        (death,) = self.deaths
        return replace(self, deaths=(replace(death, nth=number),), ends=None)


def before(where: str, **more: Any) -> Sabotage:
    return Sabotage(where=where, moment=Moment.BEFORE, **more)


def after(where: str) -> Sabotage:
    return Sabotage(where=where, moment=Moment.AFTER)


def _sending(moment: Moment, carrying: bytes) -> Sabotage:
    return Sabotage(where="socket:socket.sendall", moment=moment, carrying=carrying)


_UNSENT = before(_PLACE + "PlaceDuty._place")  # the intention is committed
_SENT_HALF = _sending(Moment.HALFWAY, _POST)
_CLAIMED = before(_PLACE + "PlaceDuty._prepared_alone", tokenless=True)  # the claim is, without an intention

LABELS = (
    Label(name="making the ledger", deaths=(before("scheduler.database.database:migrate"),), at_start=True),
    Label(name="the ledger is made", deaths=(after("scheduler.database.database:migrate"),), at_start=True),
    Label(name="storing a first fetch", deaths=(after("scheduler.duties.sync:store_fetched"),), at_start=True),
    Label(name="fetched, not stored", deaths=(before("scheduler.duties.sync:store_fetched"),), for_all=True),
    Label(name="storing a fetch", deaths=(after("scheduler.duties.sync:store_fetched"),), for_all=True),
    Label(name="stored, not planned", deaths=(before("scheduler.duties.sync:SyncDuty._hand_on"),), for_all=True),
    Label(name="planning", deaths=(before("scheduler.ledger.changes:apply_change"),)),
    Label(name="planning, not committed", deaths=(after("scheduler.ledger.changes:apply_change"),)),
    Label(
        name="planned, not noted",
        deaths=(before("scheduler.duties.replan:ReplanDuty._record_planned"),), for_all=True,
    ),
    Label(name="claiming", deaths=(after("scheduler.ledger.store:claim_due"),), for_all=True),
    Label(name="intention not committed", deaths=(after(_PLACE + "request"),), for_all=True),
    Label(name="intention committed", deaths=(_UNSENT,), attempts=2),
    Label(name="connecting", deaths=(before(_CLIENT + "CalloutClient.place"),), attempts=2),
    Label(name="connected", deaths=(before("scheduler.ledger.departures:Departures.note"),), attempts=2),
    Label(
        name="departure noted",
        deaths=(after("scheduler.ledger.departures:Departures.note"),), ends=Outcome.UNKNOWN,
    ),
    Label(
        name="never left, not committed",
        deaths=(_UNSENT, after("scheduler.duties.take_over:unplaced")), attempts=2,
    ),
    Label(
        name="never left, planned again",
        deaths=(_UNSENT, before("scheduler.duties.take_over:begin_run")), attempts=2,
    ),
    Label(
        name="notes begun, run not recorded",
        deaths=(before("scheduler.ledger.departures:_record_run"),), at_start=True,
    ),
    Label(name="half sent", deaths=(_SENT_HALF,), ends=Outcome.UNKNOWN),
    Label(name="sent", deaths=(_sending(Moment.AFTER, _BODY),), ends=None),
    Label(name="answer read", deaths=(before(_CLIENT + "read_answer"),)),
    Label(name="answer not recorded", deaths=(before(_PLACE + "PlaceDuty._record"),), for_all=True),
    Label(name="answer not committed", deaths=(after(_ANSWERED + "accept"),), for_all=True),
    Label(name="answer recorded", deaths=(before(_PLACE + "PlaceDuty._look_at"),)),
    Label(name="claim committed", deaths=(_CLAIMED,)),
    Label(
        name="giving claims back",
        deaths=(_CLAIMED, after("scheduler.duties.take_over:recover"), before("scheduler.daemon:Daemon.start")),
    ),
    Label(name="lost answer", deaths=(after(_ANSWERED + "lose_answer"),), happening=Happening.LOST_ANSWER),
    Label(
        name="lost answer recorded",
        deaths=(before(_PLACE + "PlaceDuty._look_at"),), happening=Happening.SERVER_ERROR_AFTER_ACCEPT,
    ),
    Label(
        name="refusal not committed",
        deaths=(after(_ANSWERED + "unplaced"),), happening=Happening.REFUSED_ONCE, ends=Outcome.UNKNOWN,
    ),
    Label(
        name="refusal recorded",
        deaths=(before(_PLACE + "PlaceDuty._look_at"),), happening=Happening.REFUSED_ONCE, attempts=2,
    ),
    Label(
        name="expired token recorded",
        deaths=(before(_PLACE + "PlaceDuty._look_at"),), happening=Happening.TOKEN_EXPIRED_ONCE, attempts=2,
    ),
    Label(name="callback came", deaths=(before(_CALLBACK + "_keep"),)),
    Label(name="callback not committed", deaths=(after(_CALLBACK + "prove"),)),
    Label(name="callback not answered", deaths=(after(_CALLBACK + "_keep"),)),
    Label(
        name="callback before the answer", deaths=(after(_CALLBACK + "_keep"),), happening=Happening.SLOW_ANSWER
    ),
    Label(name="keeping a record", deaths=(after(_COLLECT + "insert_cdr"),)),
    Label(name="settling", deaths=(before(_COLLECT + "weigh"),)),
    Label(name="settled, not committed", deaths=(after(_COLLECT + "weigh"),)),
    Label(name="settled", deaths=(after(_COLLECT + "CollectDuty._tell"),)),
    Label(
        name="another attempt not committed",
        deaths=(after("scheduler.ledger.settling:plan_again"),), happening=Happening.MANAGER_AWAY,
        ends=Outcome.ORIGIN_NO_ANSWER, attempts=3,
    ),
    Label(
        name="another attempt planned",
        deaths=(after(_COLLECT + "CollectDuty._tell"),), happening=Happening.MANAGER_AWAY,
        ends=Outcome.ORIGIN_NO_ANSWER, attempts=3,
    ),
    Label(
        name="intention of another attempt committed",
        deaths=(before(_PLACE + "PlaceDuty._place", nth=2),), happening=Happening.MANAGER_AWAY,
        ends=Outcome.ORIGIN_NO_ANSWER, attempts=4,
    ),
    Label(
        name="answer to another attempt not recorded",
        deaths=(before(_PLACE + "PlaceDuty._record", nth=2),), happening=Happening.MANAGER_AWAY,
        ends=Outcome.ORIGIN_NO_ANSWER, attempts=3,
    ),
    Label(
        name="last attempt settled, not committed",
        deaths=(after("scheduler.ledger.settling:end_call"),), happening=Happening.MANAGER_AWAY,
        ends=Outcome.ORIGIN_NO_ANSWER, attempts=3,
    ),
    Label(
        name="falling silent",
        deaths=(_SENT_HALF, after(_COLLECT + "end_silent")), ends=Outcome.UNKNOWN,
    ),
)  # fmt: skip

STOPPED = before(_PLACE + "PlaceDuty._place", strike_with=signal.SIGSTOP)
