"""An admin is told what stops or spoils calls: each thing once, once more when it is over, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from scheduler.callout.answer import NotSent
from scheduler.calls.alert import AlertKind, Notice, Trouble
from scheduler.calls.call import Outcome
from scheduler.duties.alert import MAIL, WEBHOOK, AlertDuty, AlertSettings
from scheduler.duties.troubles import TokenWatch
from scheduler.errors import CredentialsRefused, ProviderError
from scheduler.ledger.alerts import append_alert
from scheduler.ledger.collections import record_failed, record_fetched
from scheduler.ledger.life import stop
from tests.clocks import NOON
from tests.duties.support import DESTINATION, Bench

ADMIN = f"{MAIL}admin@example.com"
SETTINGS = AlertSettings(recipients=(ADMIN,), collections=frozenset({"sales"}))
HOUR = timedelta(hours=1)


def alerts(duties: Bench, settings: AlertSettings = SETTINGS, *troubles: Trouble) -> AlertDuty:
    """One that has looked once: what is told are news."""
    duty = AlertDuty(duties.ledger, settings, lambda _now: troubles)
    duty.run_once(duties.clock.now())
    return duty


def told(duties: Bench, recipient: str = ADMIN) -> list[str]:
    sql = "SELECT title || '. ' || body AS text FROM letter WHERE recipient = ? ORDER BY id"
    return duties.ledger.read(lambda c: [row["text"] for row in c.execute(sql, (recipient,))])


def fail(duties: Bench, *, forbidden: bool, problem: str = "no answer") -> None:
    duties.ledger.write(record_failed, "sales", "digest", problem, duties.clock.now(), forbidden=forbidden)


def fetch(duties: Bench) -> None:
    duties.ledger.write(record_fetched, "sales", "digest", "", duties.clock.now(), news=False)


@pytest.mark.parametrize("outcome", [Outcome.MISSED, Outcome.BARRED, Outcome.FAILED, Outcome.UNKNOWN])
def test_a_call_that_ends_badly_is_told_once_with_what_to_do(duties: Bench, outcome: Outcome) -> None:
    duty = alerts(duties)
    call_id = duties.add()
    duties.ledger.write(stop, call_id, outcome, "some reason", NOON)
    assert duty.run_once(NOON) == 1
    assert duty.run_once(NOON) == 0
    (text,) = told(duties)
    assert text.startswith(f"Call {call_id} ")
    assert "What to do: " in text


def test_a_call_that_ends_well_is_nobodys_alert(duties: Bench) -> None:
    duty = alerts(duties)
    duties.ledger.write(stop, duties.add(), Outcome.CANCELLED, "", NOON)
    assert duty.run_once(NOON) == 0


def test_a_silent_call_is_told_once_though_it_is_two_events(duties: Bench) -> None:
    duty = alerts(duties)
    duties.add()
    duties.place_due()
    duties.clock.advance(timedelta(hours=5))
    duties.collect()
    duty.run_once(duties.clock.now())
    (text,) = told(duties)
    assert "ended as unknown" in text


def test_what_the_ledger_holds_as_an_alert_is_told(duties: Bench) -> None:
    duty = alerts(duties)
    duties.ledger.write(append_alert, NOON, "the clock is in doubt")
    duty.run_once(NOON)
    assert told(duties)[0].startswith("the clock is in doubt. What to do: `call-scheduler check`")


def test_nobody_is_told_of_the_past_by_the_first_look(duties: Bench) -> None:
    duties.ledger.write(append_alert, NOON, "long ago")
    alerts(duties)
    assert told(duties) == []


def test_what_happened_while_nobody_looked_is_told_unless_it_is_older_than_a_day(duties: Bench) -> None:
    duty = alerts(duties)
    duties.ledger.write(append_alert, NOON - timedelta(days=2), "the day before yesterday")
    duties.ledger.write(append_alert, NOON - HOUR, "an hour ago")
    duty.run_once(NOON)
    assert [text.partition(". ")[0] for text in told(duties)] == ["an hour ago"]


def test_a_refused_login_is_told_once_and_once_more_when_it_is_over(duties: Bench) -> None:
    duty = alerts(duties)
    fetch(duties)
    for _ in range(3):
        fail(duties, forbidden=True, problem="the server refused the login")
        duty.run_once(duties.clock.now())
    fetch(duties)
    duty.run_once(duties.clock.now())
    begun, over = told(duties)
    assert begun.startswith("Calendar sales refuses our login. the server refused the login")
    assert "systemctl reload" in begun
    assert over.startswith("Over: Calendar sales refuses our login")


def test_the_same_trouble_is_told_again_when_it_comes_back(duties: Bench) -> None:
    duty = alerts(duties)
    for _ in range(2):
        fetch(duties)
        duty.run_once(NOON)
        fail(duties, forbidden=True)
        duty.run_once(NOON)
    assert len(told(duties)) == 3


def test_a_restart_repeats_nothing(duties: Bench) -> None:
    fetch(duties)
    fail(duties, forbidden=True)
    alerts(duties)
    alerts(duties)
    assert len(told(duties)) == 1


def test_a_calendar_grows_stale_after_its_time_not_before(duties: Bench) -> None:
    duty = alerts(duties)
    fetch(duties)
    for passed in (30, 31):
        duties.clock.advance(timedelta(minutes=passed))
        fail(duties, forbidden=False)
        duty.run_once(duties.clock.now())
        if passed == 30:
            assert told(duties) == []
    (text,) = told(duties)
    assert text.startswith(
        "Calendar sales could not be read for more than 1 h. no answer; last read well 1 h 1 min"
    )


def test_a_calendar_that_is_configured_no_more_is_nobodys_trouble(duties: Bench) -> None:
    fail(duties, forbidden=True)
    alerts(duties, AlertSettings(recipients=(ADMIN,)))
    assert told(duties) == []


def test_only_the_wanted_kinds_are_told(duties: Bench) -> None:
    duty = alerts(duties, AlertSettings(recipients=(ADMIN,), tell=frozenset({AlertKind.MISSED})))
    for outcome in (Outcome.MISSED, Outcome.BARRED):
        duties.ledger.write(stop, duties.add(), outcome, "", NOON)
    duty.run_once(NOON)
    (text,) = told(duties)
    assert "was missed" in text


def test_a_webhook_is_told_nothing_that_may_name_somebody(duties: Bench) -> None:
    fetch(duties)
    fail(duties, forbidden=True, problem="/users/anna.janssens/ refused the login")
    duty = alerts(duties, AlertSettings(recipients=(ADMIN, WEBHOOK), collections=frozenset({"sales"})))
    duties.ledger.write(stop, duties.add(), Outcome.MISSED, f"Anna of {DESTINATION.e164} was away", NOON)
    duty.run_once(NOON)
    posted = " ".join(told(duties, WEBHOOK))
    assert "Calendar sales refuses our login" in posted
    assert "was missed" in posted
    assert not any(word in posted.lower() for word in ("anna", DESTINATION.e164[-6:]))
    assert "anna" in told(duties)[0]


def test_a_provider_that_takes_no_request_any_more_is_told(duties: Bench) -> None:
    duty = alerts(duties)
    duties.provider.answers = [NotSent(reason="refused")] * 3
    duties.add()
    for _ in range(3):
        duties.place_due()
        duties.clock.advance(timedelta(minutes=1))
    duty.run_once(duties.clock.now())
    assert any(text.startswith("The provider took none of the last 3 requests") for text in told(duties))


def failing(error: ProviderError | None) -> object:
    if error is not None:
        raise error
    return None


def watched(duties: Bench, errors: Sequence[ProviderError | None], each: timedelta) -> list[list[str]]:
    """The troubles after each try."""
    errors = list(errors)
    watch = TokenWatch(lambda: failing(errors.pop(0)), duties.clock)
    found = []
    while errors:
        with suppress(ProviderError):
            watch.run_once()
        found.append([one.notice.kind.value for one in watch.troubles(duties.clock.now())])
        duties.clock.advance(each)
    return found


def test_a_refused_client_is_told_at_once_and_is_over_with_the_next_token(duties: Bench) -> None:
    refused = CredentialsRefused("the client secret is wrong")
    assert watched(duties, [None, refused, refused, None], timedelta(seconds=5)) == [[], ["auth"], ["auth"], []]


def test_a_provider_without_tokens_is_told_once_that_has_lasted(duties: Bench) -> None:
    down = ProviderError("no answer")
    assert watched(duties, [down, down, down, None], timedelta(seconds=40)) == [[], [], ["provider"], []]


def test_what_nobody_is_told_of_is_remembered_all_the_same(duties: Bench) -> None:
    trouble = Trouble(name="one", notice=Notice(kind=AlertKind.PROVIDER, title="It is down", remedy="wait"))
    alerts(duties, AlertSettings(), trouble)
    alerts(duties, SETTINGS, trouble)
    assert told(duties) == []
