"""One call's whole story: its event and the rules, its attempts and their records, its history; and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.calendars.appointment import Derivation
from scheduler.calls.call import Attempt, Call, Outcome
from scheduler.database import LARGEST_INTEGER, Connection, write_instant
from scheduler.ledger.attempts import select_attempts_of_call
from scheduler.ledger.calls import select_call, select_call_again
from scheduler.ledger.decisions import DECIDABLE, RUNG_AGAIN
from scheduler.ledger.events import Event, select_events
from scheduler.ledger.stories import (
    Meaning,
    StoredCdr,
    select_answer_details,
    select_cdrs_of_call,
    select_meanings,
)
from scheduler.web.commands import ask_daemon
from scheduler.web.frame import Frame, Press
from scheduler.web.office import Explain, Office
from scheduler.web.rows import CallRow, read_rows
from scheduler.web.tellings import NotDone, Told

_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAttempt:
    """One request to the provider and all that came of it."""

    attempt: Attempt
    detail: str  # what the provider or the network said of the request
    cdrs: tuple[StoredCdr, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvent:
    """An appointment of the call; ``derivations`` is what the rules say of it now."""

    meaning: Meaning
    derivations: tuple[Derivation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One look at the ledger."""

    row: CallRow
    meanings: tuple[Meaning, ...]
    attempts: tuple[ToldAttempt, ...]
    history: tuple[Event, ...]
    again: int | None  # the call that rings this one again

    @property
    def call(self) -> Call:
        return self.row.call

    @property
    def is_open(self) -> bool:
        return self.call.outcome is None or any(one.attempt.open for one in self.attempts)

    @property
    def may_be_decided(self) -> bool:
        return self.call.outcome is Outcome.UNKNOWN and not self.is_open

    @property
    def may_ring_again(self) -> bool:
        return self.call.outcome in RUNG_AGAIN and not self.is_open and self.again is None


def routes(frame: Frame) -> list[Route]:
    return [
        frame.page("/calls/{id:int}", _show),
        frame.button("/calls/{id:int}/outcome", _decide),
        frame.button("/calls/{id:int}/again", _ring_again),
    ]


def _show(frame: Frame, request: Request) -> Response:
    office, call_id = frame.office, request.path_params["id"]
    story = office.ledger.read(_read_story, call_id, office)
    if story is None:
        return frame.view.refusal(request, 404, "No such call", f"There is no call {call_id}.")
    events = _told_events(story.meanings, office.explain)
    return frame.view.show(request, "call.html", story=story, events=events, outcomes=DECIDABLE)


def _read_story(connection: Connection, call_id: int, office: Office) -> Story | None:
    call = select_call(connection, call_id) if call_id <= LARGEST_INTEGER else None
    if call is None:
        return None
    (row,) = read_rows(connection, (call,), office.facts, office.clock.now())
    return Story(
        row=row,
        meanings=select_meanings(connection, call_id),
        attempts=_told_attempts(connection, call_id),
        history=select_events(connection, call_id),
        again=select_call_again(connection, call_id),
    )


def _told_attempts(connection: Connection, call_id: int) -> tuple[ToldAttempt, ...]:
    details, cdrs = select_answer_details(connection, call_id), select_cdrs_of_call(connection, call_id)
    return tuple(
        ToldAttempt(
            attempt=attempt,
            detail=details.get(attempt.id, ""),
            cdrs=tuple(one for one in cdrs if one.attempt_id == attempt.id),
        )
        for attempt in select_attempts_of_call(connection, call_id)
    )


def _told_events(meanings: tuple[Meaning, ...], explain: Explain) -> tuple[ToldEvent, ...]:
    return tuple(
        ToldEvent(meaning=meaning, derivations=tuple(explain(meaning.key, meaning.asked_at)))
        for meaning in meanings
    )


def _call_of(press: Press) -> int:
    call_id = int(press.params["id"])
    if call_id > LARGEST_INTEGER:
        raise NotDone(f"there is no call {call_id}")
    return call_id


def _decide(press: Press) -> Told:
    """Somebody has found out how an unknown call ended."""
    call_id, outcome = _call_of(press), press.form.text("outcome")
    if outcome not in DECIDABLE:
        raise NotDone("say how the call ended")
    note = press.form.text("note")[:_LONGEST_NOTE]
    arguments = {"call": str(call_id), "outcome": outcome, "note": note, "who": press.visitor.name}
    ask_daemon(press.office, "resolve", arguments)
    return Told(text=f"Decided: call {call_id} ended as {Outcome(outcome).words}.")


def _ring_again(press: Press) -> Told:
    call_id, office = _call_of(press), press.office
    at = press.form.moment("at", office.facts.zone)
    arguments = {"call": str(call_id), "at": write_instant(at) if at else "", "who": press.visitor.name}
    new_id = ask_daemon(office, "resolve", arguments)["call"]
    return Told(text=f"Call {call_id} is rung again, as this call.", at=f"/calls/{new_id}")
