"""The provider's list of accepted calls against the ledger: what rang twice, what was lost, what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scheduler.calls.call import Call, Outcome
from scheduler.calls.policy import Retries
from tests.crash.office import Office
from tests.crash.provider import Pair, Ring
from tests.world import await_true

_AWAY = "Leg1-480-TemporarilyUnavailable received"
# What becomes of a call by how the provider released it; answered by any other.
_ENDS = {_AWAY: Outcome.ORIGIN_NO_ANSWER, "Leg1-500-GatewayRestarted": Outcome.FAILED}


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
    # The list holds calls that are over; one whose daemon died first may still be talking.
    await_true(lambda: office.provider.recorded(office.account) == office.provider.accepted(office.account))
    rings = _by_pair(office.provider.rings(office.account))
    calls = office.calls()
    unknown = [pair for pair in office.wanted if _nobody_knows(rings.get(pair, []), calls.get(pair, []))]
    lost = {pair: what for pair in office.wanted for what in _losses(rings.get(pair, []), calls.get(pair, []))}
    twice = {pair: f"rang {len(of_it)} times" for pair, of_it in rings.items() if _too_many(of_it)}
    unasked = {pair: "rang, and nobody asked for it" for pair in rings if pair not in office.wanted}
    return Audit(
        duplicates=sum(map(_too_many, rings.values())) + len(unasked),
        lost=len(lost),
        unknown=len(unknown),
        complaints=tuple(_complaints(office, {**lost, **twice, **unasked})),
    )


def _by_pair(rings: Sequence[Ring]) -> dict[Pair, list[Ring]]:
    return {pair: [one for one in rings if one.pair == pair] for pair in {one.pair for one in rings}}


def _too_many(rings: Sequence[Ring]) -> int:
    """Rings that mustn't have been: another one follows only where the manager didn't answer, and not for ever."""
    unasked = sum(before.release != _AWAY for before, _ in pairwise(rings))
    return max(unasked, len(rings) - 1 - Retries().origin)


def _losses(rings: Sequence[Ring], calls: Sequence[Call]) -> Iterator[str]:
    """An appointment ends in one call that tells what the provider knows."""
    if len(calls) != 1:
        yield f"the ledger has {len(calls)} calls of it"
    elif _nobody_knows(rings, calls):
        return
    elif not rings:
        yield f"it never rang, and the ledger says {calls[0].outcome}: {calls[0].reason}"
    elif calls[0].outcome is not _ENDS.get(rings[-1].release or "", Outcome.ANSWERED):
        yield f"it ended by {rings[-1].release}, and the ledger says {calls[0].outcome}: {calls[0].reason}"


def _nobody_knows(rings: Sequence[Ring], calls: Sequence[Call]) -> bool:
    """Ended as unknown, by an attempt that never rang; and the ledger doesn't claim that the provider took it."""
    return (
        [call.outcome for call in calls] == [Outcome.UNKNOWN]
        and all(call.attempts > len(rings) and call.reason.startswith("perhaps accepted") for call in calls)
        and all(ring.release == _AWAY for ring in rings)
    )


def _complaints(office: Office, wrong: dict[Pair, str]) -> Iterator[str]:
    for pair, what in wrong.items():
        yield f"{office.wanted.get(pair, 'no appointment')}, {pair[0]} to {pair[1]}: {what}"
