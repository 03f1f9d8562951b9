"""What a fetch brought, looked at beside what is stored: events under new names, and objects that broke.

Some feeds give every event another UID at each fetch. An event that vanished and one that appeared with the
same content are one: the new address gets the old data, so that its calls stay what they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from scheduler.calendars.annotation import unannotated
from scheduler.calendars.blocks import uid_of, unfolded
from scheduler.calendars.content import content_key, damage
from scheduler.database import Connection
from scheduler.ledger.collections import StoredObject, select_some_objects
from scheduler.sources.source import Fetched, FetchedObject

_HELD = "the event can't be read any more ({}): what was last read of it counts until it can be, or is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A fetch as it is stored."""

    fetched: Fetched  # without what broke
    renamed: int = 0  # of its changed and of its deleted objects: those that are one under another address
    ours: int = 0  # of its changed objects: those that differ by what we wrote into them alone
    broken: tuple[StoredObject, ...] = ()  # their last good data, their etag of now, and their problem


def take_in(connection: Connection, collection: str, fetched: Fetched, stored: Mapping[str, str]) -> Intake:
    """:param stored: href → etag of what the calendar holds so far."""
    again = {one.href for one in fetched.changed if one.href in stored}
    fresh = len(fetched.changed) > len(again)
    gone = set(fetched.deleted) & stored.keys() if fresh else set[str]()
    before = {one.href: one for one in select_some_objects(connection, collection, again | gone)}
    broken = [_held(before[one.href], one) for one in fetched.changed if one.href in again and _broke(before, one)]
    held = {one.href for one in broken}
    whole = [one for one in fetched.changed if one.href not in held]
    changed = _recognised(whole, [before[href] for href in gone], again)
    renamed = sum(one is not other for one, other in zip(whole, changed, strict=True))
    ours = sum(_is_ours(before[one.href], one) for one in whole if one.href in before)
    return Intake(
        fetched=replace(fetched, changed=tuple(changed)), renamed=renamed, ours=ours, broken=tuple(broken)
    )


def _is_ours(before: StoredObject, now: FetchedObject) -> bool:
    """Whether we wrote it, and nobody else changed it: however a server folds it."""
    return unannotated(now.data) != now.data and _said(before.data) == _said(now.data)


def _said(data: bytes) -> bytes:
    return unfolded(unannotated(data))


def _broke(before: Mapping[str, StoredObject], now: FetchedObject) -> bool:
    """Whether it was whole before: what always was as it is now keeps its place."""
    return bool(damage(now.data)) and not damage(before[now.href].data)


def _held(before: StoredObject, now: FetchedObject) -> StoredObject:
    return replace(before, etag=now.etag, problem=_HELD.format(damage(now.data)))


def _recognised(
    changed: Iterable[FetchedObject], vanished: Iterable[StoredObject], known: Collection[str]
) -> list[FetchedObject]:
    """``changed``, each new object that says what a vanished one said with that one's data.

    What goes on at another address under its own UID stands in for nothing else: two would have that UID.
    """
    by_content: dict[str, list[StoredObject]] = defaultdict(list)
    for one in vanished:
        by_content[content_key(one.data)].append(one)
    if not by_content:
        return list(changed)
    changed = list(changed)
    fresh = {uid_of(one.data) for one in changed if one.href not in known}
    return [one if one.href in known else _as_before(one, by_content, fresh) for one in changed]


def _as_before(
    now: FetchedObject, by_content: Mapping[str, list[StoredObject]], fresh: Collection[str]
) -> FetchedObject:
    """With the data of a vanished object that said the same; each of those stands in once."""
    twins = by_content.get(content_key(now.data), [])
    for number, twin in enumerate(twins):
        uid = uid_of(twin.data)
        if uid not in fresh or uid == uid_of(now.data):
            return replace(now, data=twins.pop(number).data)
    return now
