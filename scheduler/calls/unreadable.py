"""What of the calendars says nothing just now, not even that it is gone: its calls are left as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from scheduler.calls.call import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """What can't be read, as narrow as that can be told; events are (collection, uid)."""

    events: Collection[tuple[str, str]] = ()  # nobody knows which instances they have, or when
    instances: Collection[Key] = ()  # of events that can be read otherwise
    # One of their instances is another one than their series says, and nobody knows which.
    in_part: Collection[tuple[str, str]] = ()

    def hidden(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Those that say nothing: their absence isn't believed."""
        return frozenset(key for key in keys if key in self.instances or _event(key) in self.events)

    def whole(self, keys: Iterable[Key]) -> frozenset[str]:
        """The uids of those whose event as a whole says nothing."""
        return frozenset(key.uid for key in keys if _event(key) in self.events)

    def doubtful(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Those that perhaps aren't when they seem to be: what is planned for another time stays."""
        return frozenset(
            key
            for key in keys
            if key in self.instances or _event(key) in self.events or _event(key) in self.in_part
        )


def _event(key: Key) -> tuple[str, str]:
    return key.collection, key.uid
