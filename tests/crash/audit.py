"""The provider's list of accepted calls against the ledger: what rang twice, what was lost, what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.calls.call import Call, Outcome
from tests.crash.office import Office
from tests.crash.provider import Pair
from tests.world import await_true


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Counts; ``complaints`` say which appointment, and what is wrong with it."""

    duplicates: int
    lost: int
    unknown: int  # told as such, with a reason, and nothing rang
    complaints: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        return {"duplicates": self.duplicates, "lost": self.lost, "unknown": self.unknown}


def audit(office: Office) -> Audit:
    """Compare once every appointment has ended."""
    accepted = office.provider.accepted(office.account)
    # The list holds calls that are over; one whose daemon died first may still be talking.
    await_true(lambda: office.provider.recorded(office.account) == office.provider.accepted(office.account))
    calls = office.calls()
    unknown = [pair for pair in office.wanted if accepted[pair] == 0 and _is_unknown(calls.get(pair, []))]
    lost = {pair: what for pair in office.wanted for what in _losses(accepted[pair], calls.get(pair, []))}
    twice = {pair: f"rang {times} times" for pair, times in accepted.items() if times > 1}
    unasked = {pair: "rang, and nobody asked for it" for pair in accepted if pair not in office.wanted}
    return Audit(
        duplicates=sum(accepted[pair] - 1 for pair in twice) + len(unasked),
        lost=len(lost),
        unknown=len(unknown),
        complaints=tuple(_complaints(office, {**lost, **twice, **unasked})),
    )


def _losses(rings: int, calls: list[Call]) -> Iterator[str]:
    """An appointment ends in one call that tells what the provider knows."""
    if len(calls) != 1:
        yield f"the ledger has {len(calls)} calls of it"
    elif rings and calls[0].outcome is not Outcome.ANSWERED:
        yield f"it was answered, and the ledger says {calls[0].outcome}: {calls[0].reason}"
    elif not rings and not _is_unknown(calls):
        yield f"it never rang, and the ledger says {calls[0].outcome}: {calls[0].reason}"


def _is_unknown(calls: list[Call]) -> bool:
    """Ended as unknown, and the ledger doesn't claim to know that the provider took it."""
    return [(call.outcome, call.attempts > 0) for call in calls] == [(Outcome.UNKNOWN, True)] and all(
        call.reason.startswith("perhaps accepted") for call in calls
    )


def _complaints(office: Office, wrong: dict[Pair, str]) -> Iterator[str]:
    for pair, what in wrong.items():
        yield f"{office.wanted.get(pair, 'no appointment')}, {pair[0]} to {pair[1]}: {what}"
