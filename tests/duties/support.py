"""A real ledger, a set clock and a provider whose answers the test writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from scheduler.callout.answer import Accepted, PlaceAnswer, Withheld
from scheduler.calls.barring import Barring
from scheduler.calls.call import Attempt, Call, Key, PlannedCall
from scheduler.calls.policy import Policy
from scheduler.database import Database
from scheduler.duties.collect import CollectDuty
from scheduler.duties.guarded_clock import GuardedClock
from scheduler.duties.place import PlaceDuty
from scheduler.errors import ProviderError
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import select_attempts_of_call
from scheduler.ledger.calls import Claim, claim_due, insert_call, select_call
from scheduler.ledger.events import select_events
from scheduler.ledger.store import LedgerCallStore
from scheduler.phone import PhoneNumber
from scheduler.vca import CallRequest, Cdr, Presentation, UnreadableCdr, read_cdr, write_time
from tests.clocks import NOON, SetClock

ORIGIN = PhoneNumber("+3228160257")
DESTINATION = PhoneNumber("+32468373901")
POLICY = Policy()
SECOND_ORIGIN = PhoneNumber("+3228160258")
LONDON = frozenset(PhoneNumber(f"+4420794600{last:02}") for last in range(100)) | frozenset(
    PhoneNumber(f"+4420794601{last:02}") for last in range(100)
)
BARRING = Barring(region="BE", countries=frozenset({"BE"}), owned=LONDON | {ORIGIN, SECOND_ORIGIN})


def unnoted(_attempt_id: int) -> None:
    """Nobody takes over from this process."""


class ScriptedProvider:
    """The wire: each POST takes the next answer; every request is kept."""

    def __init__(self, *answers: PlaceAnswer) -> None:
        self.answers = list(answers)
        self.requests: list[CallRequest] = []
        self.records: list[Cdr | UnreadableCdr] = []
        self.asked_since: list[datetime] = []
        self.has_token = True  # else it is asked for, as after a start
        self.obstacle: str | None = None
        self.fault: ProviderError | None = None
        self.connect: Callable[[], None] = lambda: None
        self.before_answer: Callable[[], None] = lambda: None
        self.before_token: Callable[[], None] = lambda: None

    def token(self) -> str:
        self.before_token()
        if self.obstacle is not None:
            raise ProviderError(self.obstacle)
        return "token"

    def token_at_hand(self) -> str:
        return "token" if self.has_token and self.obstacle is None else ""

    def place(self, request: CallRequest, token: str, withhold: Callable[[], str]) -> PlaceAnswer:
        assert token == "token"
        self.connect()
        if why := withhold():
            return Withheld(reason=why)
        self.requests.append(request)
        self.before_answer()
        return self.answers.pop(0) if self.answers else Accepted(session_id=f"session-{len(self.requests)}")

    def cdrs(self, since: datetime) -> tuple[Cdr | UnreadableCdr, ...]:
        self.asked_since.append(since)
        if self.fault is not None:
            raise self.fault
        return tuple(self.records)


class Bench:
    """The duties around one ledger."""

    def __init__(self, ledger: Database, provider: ScriptedProvider) -> None:
        self.ledger = ledger
        self.provider = provider
        self.clock = SetClock()
        self.guard = GuardedClock(self.clock)
        self.placing = PlaceDuty(
            ledger,
            provider,
            self.guard,
            POLICY,
            BARRING,
            callback_url="http://127.0.0.1:8470/callback",
            note_departure=unnoted,
            doubt=self.guard.doubt,
        )
        self.store = LedgerCallStore(ledger, self.placing.prepare, self.placing.limiter)
        self.collecting = CollectDuty(ledger, provider, POLICY)

    def add(
        self,
        *,
        due_at: datetime = NOON,
        origin: PhoneNumber = ORIGIN,
        destination: PhoneNumber = DESTINATION,
        cli: PhoneNumber | None = None,
    ) -> int:
        wanted = PlannedCall(
            keys=frozenset({Key(collection="sales", uid="one", recurrence_id="")}),
            origin=origin,
            destination=destination,
            cli=cli,
            presentation=Presentation.ALLOWED,
            summary="Call Anna",
            asked_at=due_at,
            due_at=due_at,
            deadline_at=due_at + POLICY.grace,
        )
        return self.ledger.write(insert_call, wanted, self.clock.now())

    def claim(self) -> Claim:
        (claim,) = self.ledger.write(claim_due, self.clock.now(), 1, "token")
        return claim

    def place_due(self) -> int:
        """Claim and place whatever is due; how many."""
        due = self.store.claim_due(self.guard.now(), 100)
        for one in due:
            self.placing.place(one)
        self.ledger.write(lambda _connection: None)  # answers are recorded without anybody waiting for them
        return len(due)

    def call(self, call_id: int) -> Call:
        call = self.ledger.read(select_call, call_id)
        assert call is not None
        return call

    def attempts(self, call_id: int) -> tuple[Attempt, ...]:
        return self.ledger.read(select_attempts_of_call, call_id)

    def history(self, call_id: int) -> list[str]:
        return [event.kind for event in self.ledger.read(select_events, call_id)]

    def collect(self) -> int:
        return self.collecting.run_once(self.clock.now()).settled


@contextmanager
def bench(folder: Path, *answers: PlaceAnswer) -> Iterator[Bench]:
    ledger = open_ledger(folder / "ledger.db")
    try:
        yield Bench(ledger, ScriptedProvider(*answers))
    finally:
        ledger.close()


def cdr(
    at: datetime,
    *,
    session_id: str = "session-1",
    duration: int = 60,
    release: str = "Leg2-BYE received",
    destination: PhoneNumber = DESTINATION,
) -> Cdr:
    """A record as the operator writes it: numbers without plus, whole seconds."""
    return read_cdr(
        {
            "sessionId": session_id,
            "origin": ORIGIN.e164[1:],
            "destination": destination.e164[1:],
            "presentation": "allowed",
            "requestTime": write_time(at),
            "callOneSetup": write_time(at),
            "callOneRelease": write_time(at + timedelta(seconds=duration)),
            "callDuration": duration,
            "callReleaseInfo": release,
            "webRTC": False,
        }
    )
