"""What waits to be told reaches people once, together rather than often, and is tried until it is taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.database import Database
from scheduler.duties.alert import MAIL, WEBHOOK
from scheduler.duties.deliver import DeliverDuty, MailChannel, WebhookChannel, delivery_problems, one_line
from scheduler.http import Http, HttpSettings
from scheduler.ledger import open_ledger
from scheduler.ledger.letters import NewLetter, insert_letter
from tests.clocks import NOON
from tests.hostile import Hostile, answer
from tests.mailbox import Mailbox, mail_server

PAUSE, MINUTE = timedelta(minutes=5), timedelta(minutes=1)
ADMIN = f"{MAIL}admin@example.com"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with closing(open_ledger(tmp_path / "ledger.db")) as found:
        yield found


@contextmanager
def mailing(ledger: Database) -> Iterator[tuple[DeliverDuty, Mailbox]]:
    with mail_server() as mailbox:
        yield DeliverDuty(ledger, {MAIL: MailChannel(mailbox.settings)}, PAUSE), mailbox


def write(ledger: Database, key: str, title: str = "Call 1 was missed", recipient: str = ADMIN) -> bool:
    letter = NewLetter(
        recipient=recipient, key=key, kind="missed", title=title, body="What to do: ring.", due_at=NOON
    )
    return ledger.write(insert_letter, letter, NOON)


def problems(ledger: Database, now: datetime = NOON) -> list[str]:
    return [str(one) for one in ledger.read(delivery_problems, now)]


def test_what_was_told_is_never_told_again(ledger: Database) -> None:
    with mailing(ledger) as (duty, mailbox):
        assert write(ledger, "event 1")
        assert duty.run_once(NOON) == 1
        assert not write(ledger, "event 1")
        assert duty.run_once(NOON + timedelta(days=1)) == 0
    (message,) = mailbox.messages
    assert message["Subject"] == "Call 1 was missed"
    assert "What to do: ring." in message.get_content()


def test_the_ledger_forgets_the_words_of_what_was_taken(ledger: Database) -> None:
    with mailing(ledger) as (duty, _):
        write(ledger, "event 1", "Anna wasn't called")
        duty.run_once(NOON)
    rows = ledger.read(lambda c: [tuple(row) for row in c.execute("SELECT title, body FROM letter")])
    assert rows == [("", "")]


def test_a_burst_is_one_message_and_what_comes_soon_after_waits_for_the_next(ledger: Database) -> None:
    with mailing(ledger) as (duty, mailbox):
        for number in range(3):
            write(ledger, f"event {number}", f"Call {number} was missed")
        duty.run_once(NOON)
        write(ledger, "event 4", "Call 4 was missed")
        assert duty.run_once(NOON + PAUSE - MINUTE) == 0
        assert duty.run_once(NOON + PAUSE) == 1
    assert [one["Subject"] for one in mailbox.messages] == ["Call 0 was missed, and 2 more", "Call 4 was missed"]
    assert "Call 2 was missed" in mailbox.messages[0].get_content()


def test_what_is_refused_is_told_in_check_and_tried_ever_more_rarely_until_it_is_taken(ledger: Database) -> None:
    with mailing(ledger) as (duty, mailbox):
        mailbox.refusals = ["451 later", "451 later"]
        write(ledger, "event 1")
        sent = [duty.run_once(NOON + passed * MINUTE) for passed in range(5)]
        assert problems(ledger) == []
    assert sent == [0, 0, 0, 1, 0]  # after one minute, and two more


def test_check_tells_whom_nothing_reaches_and_why(ledger: Database) -> None:
    with mailing(ledger) as (duty, mailbox):
        mailbox.refusals = ["550 nobody here"]
        write(ledger, "event 1")
        duty.run_once(NOON)
    (problem,) = problems(ledger)
    assert problem.startswith("mail to admin@example.com: 1 wait since 2026-11-23 12:00 UTC")
    assert "refused with status 550" in problem


def test_what_nobody_takes_for_days_is_given_up_and_told(ledger: Database) -> None:
    late = NOON + timedelta(days=4)
    with mailing(ledger) as (duty, mailbox):
        mailbox.refusals = ["550 nobody here"] * 2
        write(ledger, "event 1")
        duty.run_once(NOON)
        duty.run_once(late)
        assert duty.run_once(late + timedelta(hours=2)) == 0
    assert mailbox.messages == []
    assert "1 were given up" in problems(ledger, late)[0]


def test_a_message_that_is_sent_twice_has_the_same_id(ledger: Database) -> None:
    with mailing(ledger) as (duty, mailbox):
        write(ledger, "event 1")
        duty.run_once(NOON)
        # As after a crash between the server's answer and the ledger.
        ledger.write(lambda c: c.execute("UPDATE letter SET sent_at = NULL, title = 'Call 1 was missed'").close())
        duty.run_once(NOON)
    assert len({one["Message-ID"] for one in mailbox.messages}) == 1
    assert len(mailbox.messages) == 2


def test_a_title_adds_no_header(ledger: Database) -> None:
    with mailing(ledger) as (duty, mailbox):
        write(ledger, "event 1", "Call\r\nBcc: everybody@example.com\r\n\r\nAnna")
        duty.run_once(NOON)
    (message,) = mailbox.messages
    assert message["Bcc"] is None
    assert message["Subject"] == "Call Bcc: everybody@example.com Anna"


def test_a_long_title_is_cut_where_it_is_a_header() -> None:
    assert one_line("x" * 1000) == "x" * 149 + "…"


def test_a_webhook_gets_the_alerts_as_json_and_its_refusal_is_tried_again(ledger: Database) -> None:
    with Hostile(answer(500), answer(204)) as server, closing(Http(HttpSettings())) as http:
        duty = DeliverDuty(ledger, {WEBHOOK: WebhookChannel(f"{server.url}/secret", http)}, PAUSE)
        write(ledger, "trouble 1 is over", "Over: it was down", WEBHOOK)
        assert duty.run_once(NOON) == 0
        (problem,) = problems(ledger)
        assert problem.startswith("alerts to the webhook: 1 wait")
        assert "secret" not in problem
        assert duty.run_once(NOON + MINUTE) == 1
    body = json.loads(server.requests[-1].body)
    assert body["text"] == "Over: it was down. What to do: ring."
    assert body["alerts"] == [
        {
            "id": "trouble 1 is over",
            "kind": "missed",
            "at": "2026-11-23T12:00:00+00:00",
            "over": True,
            "title": "Over: it was down",
            "text": "What to do: ring.",
        }
    ]


def test_one_recipient_who_gets_nothing_keeps_no_other_waiting(ledger: Database) -> None:
    with mailing(ledger) as (duty, mailbox):
        mailbox.refusals = ["550 nobody here"]
        write(ledger, "event 1")
        write(ledger, "event 1", recipient=f"{MAIL}boss@example.com")
        assert duty.run_once(NOON) == 1
    assert [one["To"] for one in mailbox.messages] == ["boss@example.com"]
