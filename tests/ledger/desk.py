"""What a daemon does with its ledger, step by step, at times that the test says."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from scheduler.calls.call import Answer, Attempt, Call, Outcome, PlannedCall, State
from scheduler.calls.cdr import Ending
from scheduler.calls.policy import Policy
from scheduler.calls.timing import End, Wait
from scheduler.database import Connection, Database
from scheduler.ledger import life, requesting
from scheduler.ledger.attempts import Acceptance, select_attempts_of_call
from scheduler.ledger.calls import Claim, claim_due, insert_call, select_call
from scheduler.ledger.events import select_events
from scheduler.ledger.life import unplaced
from scheduler.ledger.requesting import Ask, Requested
from scheduler.ledger.settling import settle
from tests.calls.builders import MINUTE, want
from tests.clocks import NOON

POLICY = Policy()
TALKED = Ending(outcome=Outcome.ANSWERED, reason="talked 1 min 5 s", duration=timedelta(seconds=65))
BUSY = Ending(outcome=Outcome.BUSY, reason="the customer was busy", duration=timedelta())
NOBODY = Ending(outcome=Outcome.ORIGIN_NO_ANSWER, reason="nobody there", duration=timedelta())
_REFERENCES = count()
_WATCH = """
CREATE TRIGGER watch AFTER UPDATE OF state ON call WHEN OLD.state <> NEW.state
BEGIN INSERT INTO transition VALUES (OLD.state, NEW.state); END
"""


def request(
    connection: Connection,
    claim: Claim,
    reference: str,
    now: datetime,
    policy: Policy,
    *,
    barred: str = "",
    obstacle: str = "",
) -> Requested | Wait | End | None:
    """Ask for a batch of one, which no pace keeps back."""
    ask = Ask(claim=claim, reference=reference, barred=barred, obstacle=obstacle)
    (decision,) = requesting.request(connection, [ask], now, policy, waits=[timedelta()])
    return decision


def accept(connection: Connection, attempt_id: int, session_id: str, now: datetime) -> None:
    """One answer that came alone."""
    life.accept(connection, [Acceptance(attempt_id=attempt_id, session_id=session_id, at=now)])


class Desk:
    """Short words for the steps; each is one write, as in the daemon."""

    def __init__(self, ledger: Database) -> None:
        self.ledger = ledger

    def plan(self, wanted: PlannedCall | None = None, *, again_of: int | None = None) -> int:
        planned = wanted or want()
        return self.ledger.write(insert_call, planned, planned.due_at - MINUTE, again_of=again_of)

    def claim(self, now: datetime = NOON, *, limit: int = 10) -> list[Claim]:
        return self.ledger.write(claim_due, now, limit, f"token-{next(_REFERENCES)}")

    def request(self, claim: Claim, now: datetime = NOON) -> int:
        """Returns the attempt's id."""
        requested = self.ledger.write(request, claim, f"reference-{next(_REFERENCES)}", now, POLICY)
        assert isinstance(requested, Requested)
        return requested.attempt_id

    def requested(self, now: datetime = NOON) -> int:
        """Claim the call that is due and request it; returns the attempt's id."""
        (claim,) = self.claim(now)
        return self.request(claim, now)

    def placed(self, now: datetime = NOON, session_id: str = "session") -> int:
        attempt_id = self.requested(now)
        self.ledger.write(accept, attempt_id, session_id, now)
        return attempt_id

    def unplaced(self, attempt_id: int, now: datetime = NOON, answer: Answer = Answer.NOT_SENT) -> None:
        self.ledger.write(unplaced, attempt_id, answer, "no route", now, POLICY)

    def settle(self, attempt_id: int, ending: Ending = TALKED, now: datetime = NOON) -> bool:
        return self.ledger.write(settle, attempt_id, "session", ending, now, POLICY)

    def call(self, call_id: int = 1) -> Call:
        found = self.ledger.read(select_call, call_id)
        assert found is not None
        return found

    def state(self, call_id: int = 1) -> tuple[State, Outcome | None]:
        call = self.call(call_id)
        return call.state, call.outcome

    def attempts(self, call_id: int = 1) -> tuple[Attempt, ...]:
        return self.ledger.read(select_attempts_of_call, call_id)

    def history(self, call_id: int = 1) -> list[str]:
        return [event.kind for event in self.ledger.read(select_events, call_id)]


def watch_transitions(connection: Connection) -> None:
    """From now on every change of a call's state is noted."""
    connection.execute("CREATE TABLE transition (before TEXT, after TEXT)")
    connection.execute(_WATCH)


def seen_transitions(connection: Connection) -> set[tuple[str, str]]:
    return {(row["before"], row["after"]) for row in connection.execute("SELECT before, after FROM transition")}
