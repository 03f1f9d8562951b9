"""What placing tells whoever measures: when requests left, what came of them, and after how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from scheduler.callout.answer import NotSent, PerhapsSent, PlaceAnswer
from scheduler.duties.meter import ANSWER_KINDS
from scheduler.duties.place import PlaceDuty
from tests.duties.support import BARRING, POLICY, Bench, bench, unnoted

SECOND = timedelta(seconds=1)


class Noted:
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.late: list[timedelta] = []
        self.answers: list[tuple[str, timedelta | None]] = []

    def departed(self, late: timedelta) -> None:
        self.late.append(late)

    def answered(self, kind: str, took: timedelta | None) -> None:
        self.answers.append((kind, took))


@pytest.fixture
def duties(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        yield found


@pytest.fixture
def noted(duties: Bench) -> Noted:
    meter = Noted()
    duties.placing = PlaceDuty(
        duties.ledger,
        duties.provider,
        duties.guard,
        POLICY,
        BARRING,
        callback_url="",
        note_departure=unnoted,
        meter=meter,
    )
    duties.store._prepare = duties.placing.prepare
    return meter


def test_lateness_counts_from_due_to_the_first_byte_and_latency_from_there_to_the_answer(
    duties: Bench, noted: Noted
) -> None:
    duties.add()
    duties.clock.advance(2 * SECOND)
    duties.provider.connect = lambda: duties.clock.advance(SECOND)
    duties.provider.before_answer = lambda: duties.clock.advance(4 * SECOND)
    duties.place_due()
    assert noted.late == [3 * SECOND]
    assert noted.answers == [("accepted", 4 * SECOND)]


def test_a_request_that_is_held_back_was_answered_by_nobody(duties: Bench, noted: Noted) -> None:
    duties.add()
    duties.provider.connect = lambda: duties.clock.advance(POLICY.stall + SECOND)
    duties.place_due()
    assert noted.late == []
    assert noted.answers == [("withheld", None)]


def test_a_call_is_late_by_its_first_request_alone(duties: Bench, noted: Noted) -> None:
    duties.add()
    duties.provider.answers = [NotSent(reason="refused"), PerhapsSent(reason="broke")]
    duties.place_due()
    duties.clock.advance(POLICY.unsent_retry)
    duties.place_due()
    assert noted.late == [timedelta()]
    assert [kind for kind, _ in noted.answers] == ["not_sent", "perhaps_sent"]


def test_every_answer_has_its_kind() -> None:
    assert set(ANSWER_KINDS) == set(get_args(PlaceAnswer))
    assert len(set(ANSWER_KINDS.values())) == len(ANSWER_KINDS)
