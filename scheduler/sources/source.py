"""What every source of calendars takes and gives, whatever it speaks to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What a source wants to see again at its next fetch; opaque to everybody else.

    To be stored together with what was fetched, or not at all: a server tells a deletion only once.
    """

    asked: str = ""  # a hash of the settings that it holds for
    collection_url: str = ""  # what discovery found
    lists_only: bool = False  # the server has no sync-collection
    sync_token: str = ""
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    stamp: str = ""  # of a file: what changes when it is written

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> SourceState:
        """Read what ``to_json`` wrote, maybe in another version; what can't be read costs one full fetch."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(found, dict):
            return cls()
        usable = {f.name: found[f.name] for f in fields(cls) if type(found.get(f.name)) is type(f.default)}
        return cls(**usable)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedObject:
    """What one href holds: for CalDAV the object as the server has it, for a feed the events of one UID."""

    href: str
    etag: str  # for a feed a digest
    data: bytes
    uid: str = ""  # of its first event, for a source that can look at this object alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What has changed since the ``known`` that fetch was given."""

    state: SourceState
    changed: tuple[FetchedObject, ...] = ()
    deleted: tuple[str, ...] = ()  # known hrefs that are gone
    complete: bool = False  # the whole collection was listed: ``deleted`` comes of a comparison
    unchanged: bool = False  # all is as at the last fetch, its faults included
    faults: tuple[tuple[str, str], ...] = ()  # (href, reason): these keep their last good data
    sought: tuple[str, ...] = ()  # of ``deleted``: asked for by name, and the server said that they are gone
    whole: bool = True  # False: only some objects were looked at, and nothing is known of the others


class Source(Protocol):
    """One calendar somewhere."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""

    def fetch(self, state: SourceState | None, known: Mapping[str, str]) -> Fetched:
        """Look what has changed; ``known`` is href → etag of the stored objects.

        :raises SourceError: SourceUnreachable, SourceForbidden or SourceUnreadable, and nothing else; a
            reply that is empty, truncated or not what was asked for never becomes a deletion.
        """


class LookSource(Source, Protocol):
    """A calendar that can be looked at within seconds, before a call is placed."""

    @property
    def server(self) -> str:
        """Whom it asks, so that a slow one delays its own looks alone; "" for a file."""

    @property
    def fresh_for(self) -> timedelta:
        """How long after a fetch nothing is gained, or it is too much to ask, by looking again."""

    def look(
        self, state: SourceState | None, known: Mapping[str, str], hrefs: Collection[str], seconds: float
    ) -> Fetched:
        """Fetch the objects ``hrefs`` again, or the whole calendar where that is less work or they are none.

        :param seconds: until when it is over.
        :raises SourceError: as ``fetch`` does.
        """


class Edit(Enum):
    """What came of changing an object."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"  # it was as it should be
    GONE = "gone"


class EditableSource(LookSource, Protocol):
    """A calendar whose objects can be written."""

    def edit(self, state: SourceState | None, href: str, change: Callable[[bytes], bytes]) -> Edit:
        """Let ``change`` work on the object as the server has it, and store what it makes of it.

        Where somebody else writes in between it is read and changed anew.

        :param change: called once or more often; never raises.
        :raises SourceError: SourceReadOnly where it may be read and not written.
        """


def hash_of(*settings: str) -> str:
    """The ``asked`` of a state: changed settings begin afresh, and URLs that are secrets aren't stored."""
    return hashlib.sha256("\0".join(settings).encode()).hexdigest()


def usable(state: SourceState | None, asked: str, known: Mapping[str, str]) -> SourceState:
    """What of a stored state a fetch may build on."""
    if state is None or state.asked != asked:
        return SourceState(asked=asked)
    if not known:  # nothing is stored that changes could be added to
        return replace(state, sync_token="", etag="", last_modified="", digest="", stamp="")
    return state
