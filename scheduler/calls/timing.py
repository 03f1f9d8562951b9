"""When a call is placed, waits or ends: lateness, a held origin, and what follows an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from scheduler.calls.call import Answer, Attempt, Call, Outcome
from scheduler.calls.policy import Policy
from scheduler.duration import spell_duration

ORIGIN_HELD = "its origin is in another call"
DESTINATION_HELD = "its destination is in a call of another origin"
PACED = "as many requests leave a second as may"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Send the request now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Look again at ``until``."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """It won't be placed."""

    outcome: Outcome
    reason: str


Decision = Place | Wait | End


def due(
    call: Call,
    now: datetime,
    policy: Policy,
    *,
    barred: str = "",
    closed: str = "",
    obstacle: str = "",
    origin_held: bool = False,
    destination_held: bool = False,
    paced: timedelta = timedelta(),
) -> Decision:
    """Whether ``call`` may be placed at ``now``.

    :param barred: the rule that bars its destination, if one does.
    :param closed: why calling hours let nothing ring at ``now``. Its deadline is their end, unless they were
        changed: then it waits for its new times.
    :param obstacle: what keeps every call from being placed just now, as a provider that gives no token.
    :param origin_held: whether another call of its origin is going on. Just before the deadline the call is
        tried all the same: busy is a harmless answer.
    :param destination_held: whether another manager's call to its destination is going on. Two never ring one
        customer at once, so that it waits to the very end.
    :param paced: how long until a request may leave.
    """
    if now < call.due_at:
        return Wait(until=call.due_at, reason="not due yet")
    if barred:
        return End(outcome=Outcome.BARRED, reason=barred)
    if now > call.deadline_at or (closed and now == call.deadline_at):
        return End(outcome=Outcome.MISSED, reason=_missed(call, now, closed))
    if closed:
        return Wait(until=call.deadline_at, reason=closed)
    if obstacle:
        return Wait(until=now + policy.unsent_retry, reason=obstacle)
    last_try = call.deadline_at - policy.origin_retry
    if origin_held and now < last_try:
        return Wait(until=min(now + policy.origin_retry, last_try), reason=ORIGIN_HELD)
    if destination_held:
        return Wait(until=now + policy.origin_retry, reason=DESTINATION_HELD)
    return Wait(until=now + paced, reason=PACED) if paced else Place()


def day_of(now: datetime, policy: Policy) -> datetime:
    """When the company's day began that ``now`` lies in."""
    return datetime.combine(now.astimezone(policy.zone).date(), time(), policy.zone).astimezone(UTC)


def rung_enough(rings: int, policy: Policy) -> str:
    """Why a customer that was rung so often today isn't rung again; "" where that is allowed."""
    most = policy.limits.rings_a_day
    if not most or rings < most:
        return ""
    return f"the customer was rung {'once' if rings == 1 else f'{rings} times'} today (calling.rings_a_day)"


def after_unplaced(
    call: Call, answer: Answer, now: datetime, policy: Policy, *, delay: timedelta | None, why: str = ""
) -> Decision:
    """What follows a request that certainly placed nothing: again after a while, or missed at the deadline.

    :param delay: what the provider asked for (Retry-After); None where it asked for nothing.
    :param why: where that is known better than by the kind of answer.
    """
    if delay is None:
        first_refusal = answer is Answer.UNAUTHORIZED and call.attempts <= 1
        later = policy.unauthorized_retry if answer is Answer.UNAUTHORIZED else policy.unsent_retry
        delay = timedelta() if first_refusal else later
    again_at = now + delay
    if again_at > call.deadline_at:
        return End(
            outcome=Outcome.MISSED,
            reason=f"could not be placed before {call.deadline_at:%H:%M:%S} UTC: {why or _WORDS[answer]}",
        )
    return Wait(until=again_at, reason=why or _WORDS[answer])


_WORDS = {
    Answer.NOT_SENT: "the provider could not be reached",
    Answer.REFUSED_FOR_NOW: "the provider refused it for now",
    Answer.UNAUTHORIZED: "the provider refused our credentials",
}


def silent_until(attempt: Attempt, policy: Policy, *, unread: bool = False) -> datetime:
    """Until when a CDR of ``attempt`` may still come.

    :param unread: the provider's records can't be read just now, which is given some time to pass.
    """
    return attempt.requested_at + policy.silence + (policy.cdr_lag if unread else timedelta())


def after_silence(attempt: Attempt, *, unread: bool = False) -> End:
    """The outcome of an attempt of which nobody ever heard.

    :param unread: nobody could: its record may be there, and is looked for further on.
    """
    known = "accepted, but" if attempt.answer is Answer.ACCEPTED else "perhaps accepted: the answer was lost, and"
    lacking = "the provider's records can't be read" if unread else "the provider has no record of it"
    return End(outcome=Outcome.UNKNOWN, reason=f"{known} {lacking}")


def _missed(call: Call, now: datetime, closed: str) -> str:
    late = spell_duration(now - call.due_at)
    grace = spell_duration(call.deadline_at - call.due_at)
    why = call.reason or closed or "it could not be placed in time"
    return f"{late} late, past its grace of {grace}: {why}"
