"""Today: what rings, what comes, what ended, and what is wrong; and the buttons that mend it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.calls.call import Call, Outcome
from scheduler.database import Connection
from scheduler.ledger.day import count_ended, count_planned, select_ended, select_planned, select_ringing
from scheduler.web.commands import ask_daemon
from scheduler.web.frame import Frame, Press
from scheduler.web.office import Facts
from scheduler.web.rows import DONE, PROBLEMS, Listed, read_rows
from scheduler.web.tellings import Told
from scheduler.web.times import day_of
from scheduler.web.troubles import Troubles, read_troubles

_MOST = 100  # calls of a list; more would slow down a page that is fetched every few seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """One look at the ledger."""

    troubles: Troubles
    problems: Listed
    ringing: Listed
    planned: Listed
    done: Listed
    ended: dict[Outcome, int]


def routes(frame: Frame) -> list[Route]:
    return [
        frame.page("/", _show),
        frame.button("/holds/accept", _accept),
        frame.button("/alerts/acknowledge", _acknowledge),
    ]


def _show(frame: Frame, request: Request) -> Response:
    office = frame.office
    now = office.clock.now()
    today = office.ledger.read(read_today, office.facts, now)
    silent = office.silent(*day_of(now, office.facts.zone))
    return frame.view.show(
        request, "today.html", today=today, silent=silent[:_MOST], more_silent=len(silent[_MOST:])
    )


def read_today(connection: Connection, facts: Facts, now: datetime) -> Today:
    since, until = day_of(now, facts.zone)
    ended = count_ended(connection, since, until)
    planned = count_planned(connection, since, until)

    def listed(calls: tuple[Call, ...], number: int) -> Listed:
        return Listed(rows=read_rows(connection, calls, facts, now), more=max(0, number - len(calls)))

    def listed_ended(outcomes: frozenset[Outcome]) -> Listed:
        calls = select_ended(connection, since, until, outcomes, _MOST)
        return listed(calls, sum(number for outcome, number in ended.items() if outcome in outcomes))

    ringing = select_ringing(connection, _MOST)
    return Today(
        troubles=read_troubles(connection, now),
        problems=listed_ended(PROBLEMS),
        ringing=listed(ringing, len(ringing)),
        planned=listed(select_planned(connection, since, until, _MOST), planned),
        done=listed_ended(DONE),
        ended=ended,
    )


def _accept(press: Press) -> Told:
    """Believe that what vanished from a calendar was deleted on purpose."""
    calendar = press.form.text("calendar")
    answer = ask_daemon(press.office, "accept", {"calendar": calendar, "who": press.visitor.name})
    number = len(answer["cancelled"])
    if not number:
        return Told(text=f"Nothing of calendar {calendar} was held any more: no call is cancelled.")
    calls = "1 call is" if number == 1 else f"{number} calls are"
    return Told(text=f"Accepted: {calls} cancelled that vanished from calendar {calendar}.")


def _acknowledge(press: Press) -> Told:
    ask_daemon(press.office, "acknowledge", {"who": press.visitor.name})
    return Told(text="Acknowledged: the alerts up to now aren't shown any more.")
