"""What the provider's answers make of their calls: recorded together, as many as have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.callout.answer import (
    Accepted,
    NotSent,
    PerhapsSent,
    PlaceAnswer,
    Refused,
    RefusedForNow,
    Unauthorized,
    Withheld,
)
from scheduler.calls.call import Answer
from scheduler.calls.policy import Policy
from scheduler.calls.timing import Decision
from scheduler.database import Connection
from scheduler.ledger.attempts import Acceptance
from scheduler.ledger.life import accept, lose_answer, refuse, unplaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An attempt's answer, and when it came."""

    attempt_id: int
    answer: PlaceAnswer
    at: datetime


def record(connection: Connection, answered: Sequence[Answered], policy: Policy) -> list[Decision | None]:
    """:return: for each what follows it, where it is a request that certainly placed nothing."""
    accept(connection, [acceptance for one in answered for acceptance in _acceptance(one)])
    return [_record_other(connection, one, policy) for one in answered]


def _acceptance(answered: Answered) -> tuple[Acceptance, ...]:
    if not isinstance(answered.answer, Accepted):
        return ()
    return (Acceptance(attempt_id=answered.attempt_id, session_id=answered.answer.session_id, at=answered.at),)


def _record_other(connection: Connection, answered: Answered, policy: Policy) -> Decision | None:
    attempt_id, answer, at = answered.attempt_id, answered.answer, answered.at
    match answer:
        case PerhapsSent():
            lose_answer(connection, attempt_id, answer.reason, at)
        case Refused():
            refuse(connection, attempt_id, answer.reason, at)
        case RefusedForNow():
            return unplaced(
                connection, attempt_id, Answer.REFUSED_FOR_NOW, answer.reason, at, policy,
                delay=answer.retry_after,
            )  # fmt: skip
        case Unauthorized():
            return unplaced(connection, attempt_id, Answer.UNAUTHORIZED, answer.reason, at, policy)
        case NotSent():
            return unplaced(connection, attempt_id, Answer.NOT_SENT, answer.reason, at, policy)
        case Withheld(reason=why):
            return unplaced(
                connection, attempt_id, Answer.NOT_SENT, f"not sent: {why}", at, policy, why=why
            )  # fmt: skip
        case Accepted():
            pass  # recorded with the others
    return None
