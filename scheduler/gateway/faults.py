"""Which of the faults that are switched on strikes now."""

from __future__ import annotations

from scheduler.gateway.settings import Fault, FaultKind
from scheduler.phone import PhoneNumber


class Faults:
    """The configured faults, each with what is left of its count."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._struck = [0] * len(faults)

    def strike(self, kind: FaultKind, destination: PhoneNumber) -> Fault | None:
        """The first fault of this kind that hits a call to ``destination``; it is counted as used."""
        for index, fault in enumerate(self._faults):
            if (
                fault.kind is kind
                and destination.e164.startswith(fault.destination_prefix)
                and (fault.first is None or self._struck[index] < fault.first)
            ):
                self._struck[index] += 1
                return fault
        return None
