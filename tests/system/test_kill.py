"""A daemon that dies at the worst moment: the provider has the call, and nobody was told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from scheduler.calls.call import Attempt
from scheduler.gateway.records import Records
from scheduler.ledger import open_ledger
from scheduler.ledger.attempts import select_open_attempts
from tests.processes import daemon, gateway
from tests.system.company import Company, await_true, found_company, soon

pytestmark = pytest.mark.system

# The call is accepted, and its POST is held until long after its end. It goes on for longer than a daemon waits
# that believes its request was never sent: one that sends again is seen.
ANSWER_IS_LOST = """
[[gateway.script]]
number = "+"
after = "50 ms"
talk = "8 s"

[[gateway.fault]]
kind = "lose_answer"
first = 1
delay = "60 s"
"""


def test_a_daemon_killed_between_the_accepted_post_and_its_answer_rings_once(tmp_path: Path) -> None:
    company = found_company(tmp_path, line=ANSWER_IS_LOST)
    with gateway(company.config):
        with daemon(company.config) as first:
            company.write_event(soon())
            await_true(lambda: _accepted(company) == 1)
            first.kill()
        assert company.cdrs() == []
        (attempt,) = _open_attempts(company)
        assert (attempt.answer, attempt.session_id) == (None, "")
        with daemon(company.config):
            await_true(lambda: company.calls()[0]["state"] == "ended")
        (cdr,) = company.cdrs()
    (call,) = company.calls()
    assert (call["state"], call["outcome"]) == ("ended", "answered")
    assert call["duration"] == cdr["callDuration"] == 8
    (told,) = call["attempts"]
    assert (told["reference"], told["session_id"]) == (attempt.reference, cdr["sessionId"])


def _accepted(company: Company) -> int:
    """How many calls go on, read beside the gateway: its API tells of calls only once they are over."""
    with closing(Records(company.folder / "gateway.db")) as records:
        return len(records.unfinished())


def _open_attempts(company: Company) -> tuple[Attempt, ...]:
    with closing(open_ledger(company.folder / "ledger.db", read_only=True)) as ledger:
        return tuple(ledger.read(select_open_attempts))
