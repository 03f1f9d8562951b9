"""What happens while the connection is made: the request is looked at once more, right before its first byte."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.callout.client import CalloutClient, CalloutSettings
from scheduler.calls.call import Answer, Outcome, State
from scheduler.calls.calling_hours import CallingHours, Clocks
from scheduler.calls.pause import PauseScope
from scheduler.calls.policy import Policy
from scheduler.errors import DatabaseUnusable
from scheduler.http import Http, HttpSettings
from scheduler.ledger.pauses import begin_pause
from scheduler.oauth import TokenSettings, TokenSource
from tests.calls.weeks import BRUSSELS, office
from tests.duties.support import BARRING, DESTINATION, POLICY, SECOND_ORIGIN, Bench
from tests.hostile import Hostile, make_certificates
from tests.hostile_provider import accepted, token

SECOND = timedelta(seconds=1)
CLOSED = CallingHours(week=office("09:00-12:59"), clocks=Clocks(company=BRUSSELS))


def pause(duties: Bench) -> None:
    duties.clock.advance(0.3 * SECOND)
    duties.ledger.write(begin_pause, PauseScope(), None, "strike", duties.clock.now())


def bar(duties: Bench) -> None:
    duties.placing.barring = replace(BARRING, do_not_call=frozenset({DESTINATION}))


def disown(duties: Bench) -> None:
    duties.placing.barring = replace(BARRING, owned=frozenset())


def close_the_hours(duties: Bench) -> None:
    duties.placing.policy = Policy(hours=CLOSED)


@pytest.mark.parametrize("has_token", [True, False])
@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (lambda duties: duties.clock.advance(3 * SECOND), "3.0 s passed before it could leave"),
        (pause, "paused: “strike”"),
        (bar, "on the do-not-call list"),
        (disown, "its origin isn't one of the company's own numbers"),
        (close_the_hours, "hours"),
        (lambda duties: duties.clock.step(timedelta(hours=1)), "the clock jumped ahead by 1 h"),
        (lambda duties: duties.clock.step(3 * SECOND), "the clock jumped ahead by 3 s"),
    ],
    ids=["3 s pass", "a pause", "barred", "disowned", "closed", "the clock steps far", "the clock steps a little"],
)
def test_nothing_is_sent_of_what_may_ring_no_more_once_the_connection_stands_and_the_call_says_why(
    duties: Bench, meanwhile: Callable[[Bench], None], reason: str, has_token: bool
) -> None:
    duties.provider.has_token = has_token
    call_id = duties.add()
    duties.provider.connect = lambda: meanwhile(duties)
    duties.place_due()
    (attempt,) = duties.attempts(call_id)
    call = duties.call(call_id)
    assert (duties.provider.requests, attempt.answer, call.state) == ([], Answer.NOT_SENT, State.PLANNED)
    assert reason in call.reason


def test_nothing_is_sent_past_the_deadline_because_the_connection_took_its_time(duties: Bench) -> None:
    call_id = duties.add()
    duties.clock.advance(POLICY.grace)
    duties.provider.connect = lambda: duties.clock.advance(SECOND)
    duties.place_due()
    call = duties.call(call_id)
    assert (call.outcome, duties.provider.requests) == (Outcome.MISSED, [])
    assert "its time was over" in call.reason


def test_a_connection_that_took_less_than_the_stall_sends(duties: Bench) -> None:
    duties.add()
    duties.provider.connect = lambda: duties.clock.advance(SECOND)
    duties.place_due()
    assert len(duties.provider.requests) == 1


def test_a_pause_right_after_the_intention_keeps_the_next_call_from_ringing(duties: Bench) -> None:
    """It takes effect within a second; in a burst a look for each call alone would make all the others late."""
    duties.add()
    duties.provider.connect = lambda: duties.ledger.write(begin_pause, PauseScope(), None, "", duties.clock.now())
    duties.place_due()
    after = duties.add(origin=SECOND_ORIGIN)
    duties.place_due()
    assert (len(duties.provider.requests), duties.call(after).state) == (1, State.PLANNED)


def test_a_call_whose_pauses_cant_be_read_is_not_sent(duties: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    call_id = duties.add()

    def unreadable(*_: object) -> str:
        raise DatabaseUnusable("the disk is gone")

    def connect() -> None:
        duties.clock.advance(SECOND)
        monkeypatch.setattr(duties.ledger, "peek", unreadable)

    duties.provider.connect = connect
    duties.place_due()
    monkeypatch.undo()
    assert duties.provider.requests == []
    assert "the disk is gone" in duties.call(call_id).reason


def test_a_handshake_that_takes_three_seconds_sends_nothing_and_the_next_one_does(
    duties: Bench, tmp_path: Path
) -> None:
    call_id = duties.add()
    certificates = make_certificates(tmp_path)
    delays = [3 * SECOND]
    certificates.context.sni_callback = lambda *_: duties.clock.advance(delays.pop()) if delays else None
    http = Http(HttpSettings(ca_bundle=certificates.bundle))
    with Hostile(token) as tokens, Hostile(accepted("one"), tls=certificates.context) as api, closing(http):
        settings = TokenSettings(url=tokens.url, client_id="acme", client_secret="s3cret")
        source = TokenSource(settings, http, duties.clock)
        duties.placing.provider = CalloutClient(CalloutSettings(url=api.url), http, source)
        duties.place_due()
        assert (api.requests, duties.attempts(call_id)[0].answer) == ([], Answer.NOT_SENT)
        duties.clock.advance(POLICY.unsent_retry)
        duties.place_due()
        assert (len(api.requests), duties.call(call_id).state) == (1, State.PLACED)
