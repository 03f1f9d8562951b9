"""Rule 14: events of which everything was erased aren't planned anew, and nobody can read whose number it was."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass

from scheduler.calls.call import PlannedCall
from scheduler.phone import PhoneNumber

FORGOTTEN = (
    "all that was known of the number it called was erased, so it doesn't ring; for a call make a new event"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstones:
    """What was erased, as keyed hashes: without the key, to try all numbers finds nothing."""

    key: bytes
    digests: frozenset[bytes]

    def cover(self, wanted: PlannedCall) -> bool:
        """Whether it is a call of an event whose call of that number was erased."""
        return bool(self.digests) and any(
            digest_of(self.key, key.uid, wanted.destination) in self.digests for key in wanted.keys
        )

    def name(self, uid: str) -> bool:
        """Whether something of this event was erased."""
        return bool(self.digests) and digest_of(self.key, uid) in self.digests


NONE_ERASED = Tombstones(key=b"", digests=frozenset())


def digest_of(key: bytes, uid: str, number: PhoneNumber | None = None) -> bytes:
    """HMAC-SHA256 over a UID, which is the same in every calendar that shows the event, and a number."""
    text = json.dumps([uid, number.e164 if number else ""])
    return hmac.digest(key, text.encode(), "sha256")
