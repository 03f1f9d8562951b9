"""Telling in the event itself what is planned for it, how its call ended, and why nothing will ring.

What is written is made for the text that the server has at that moment, never for ours; and what is known of the
call is read again right before, since a slow server may have kept it waiting. Nothing here plans or places.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import RLock

from scheduler.calendars.agenda import Zones
from scheduler.calendars.annotation import Note, annotated
from scheduler.calendars.diary import Silence
from scheduler.calendars.instance import NotAnnotated, Place
from scheduler.calendars.language import Language, language_of
from scheduler.calls.call import Call, Key
from scheduler.calls.note import Story, Voice, decide_note, is_too_late
from scheduler.clock import Clock
from scheduler.database import Connection, Database
from scheduler.errors import SourceError, SourceForbidden, SourceReadOnly
from scheduler.lanes import Lanes
from scheduler.ledger.annotations import (
    Annotation,
    last_event_id,
    record_annotation,
    select_annotation,
    select_appointments_since,
    select_appointments_with_news,
    select_meant,
    select_silent,
)
from scheduler.ledger.collections import select_collection
from scheduler.ledger.looks import select_hrefs
from scheduler.sources.source import Edit, EditableSource, SourceState

log = logging.getLogger(__name__)

Silent = Callable[[datetime, datetime], Sequence[tuple[str, Silence]]]

_PAST = timedelta(days=7)  # how far back is looked at a start what was told of calls
_AHEAD = timedelta(days=31)  # how far ahead it is told what will not ring
_PATIENCE = timedelta(minutes=1)  # somebody may still be writing the event, whose program ours would disturb
_AFTER_FAILURE = timedelta(minutes=5)
_AFTER_REFUSAL = timedelta(hours=1)  # each refused login may count towards locking the account
_AT_ONCE = 8
_SEVERAL = "its UID stands in several objects of the calendar"
_UNKNOWN = "its calendar doesn't tell in which object it stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedCalendar:
    """A calendar whose events are written into, and how."""

    source: EditableSource
    settings: str  # as of its fetches
    zones: Zones
    language: Language  # where a title doesn't tell


@dataclass(slots=True, kw_only=True)
class _Change:
    """Puts the note into an event's text; ``problem`` is why it can't be there."""

    place: Place
    note: Note | None
    problem: str = field(default="", init=False)

    def __call__(self, data: bytes) -> bytes:
        try:
            return annotated(data, self.place, self.note)
        except NotAnnotated as reason:
            self.problem = str(reason)
            return data


class AnnotateDuty:
    """Finds whose event says something else than it should, and writes it, each server's one after another."""

    def __init__(
        self,
        ledger: Database,
        clock: Clock,
        silent: Silent,
        barred: Callable[[Call], str],
    ) -> None:
        """:param silent: what starts in a stretch of time, asks for a call and won't ring.
        :param barred: why a planned call will be barred; "" where nothing is known.
        """
        self._ledger = ledger
        self._clock = clock
        self._silent = silent
        self._barred = barred
        self._lanes = Lanes("annotate", at_once=_AT_ONCE, in_a_lane=1)
        self._lock = RLock()  # of what follows
        self._going_on: set[Key] = set()
        self.use(())

    def use(self, calendars: Iterable[AnnotatedCalendar]) -> None:
        """Other calendars from now on; everything is compared with what should be told."""
        with self._lock:
            self._calendars = {one.source.name: one for one in calendars}
            self._event_id: int | None = None
            self._silences: dict[Key, Silence] = {}
            self._later: dict[Key, datetime] = {}
            self._since: dict[Key, tuple[str, datetime]] = {}  # what waits out our patience, and since when

    def run_once(self, now: datetime) -> int:
        """Begin to write what is news, and don't wait for it; how many events."""
        with self._lock:
            if not self._calendars:
                return 0
            return sum(self._begin(key, now) for key in sorted(self._news(now)))

    def settle(self, seconds: float) -> bool:
        """Wait until everything that was begun is over, but no longer; whether it is."""
        return self._lanes.wait(seconds)

    def close(self) -> None:
        self._lanes.close()

    def _news(self, now: datetime) -> set[Key]:
        """Whose story may have changed since the last round, and whose turn it is again."""
        keys = {*self._told_by_history(now), *self._told_by_calendars(now)}
        keys |= {key for key, at in self._later.items() if at <= now}
        self._later = {key: at for key, at in self._later.items() if at > now}
        return {key for key in keys if key.collection in self._calendars}

    def _told_by_history(self, now: datetime) -> frozenset[Key]:
        # Read first: what is told in between is looked at twice, and not missed.
        before, self._event_id = self._event_id, self._ledger.read(last_event_id)
        if before is None:
            silent = self._ledger.read(select_silent, now)
            return silent | self._ledger.read(select_appointments_since, now - _PAST)
        if before == self._event_id:
            return frozenset()
        return self._ledger.read(select_appointments_with_news, before)

    def _told_by_calendars(self, now: datetime) -> set[Key]:
        # What has begun keeps what it says: only what is still to come can be mended.
        before = {key: one for key, one in self._silences.items() if one.starts_at >= now}
        self._silences = {_key(name, one): one for name, one in self._silent(now, now + _AHEAD)}
        both = before.keys() | self._silences.keys()
        return {key for key in both if before.get(key) != self._silences.get(key)}

    def _begin(self, key: Key, now: datetime) -> bool:
        """Whether there is something to write now."""
        calendar = self._calendars[key.collection]
        if key in self._going_on:
            self._later[key] = now
            return False
        story = self._ledger.read(self._story, key)
        note, told = self._note(story, key, calendar), self._ledger.read(select_annotation, key)
        if _digest(note) == told.told:
            self._since.pop(key, None)
            return False
        if again_at := self._waits_until(story, key, note, now):
            self._later[key] = again_at
            return False
        self._going_on.add(key)
        self._lanes.add(calendar.source.server, partial(self._follow, key, calendar))
        return True

    def _waits_until(self, story: Story, key: Key, note: Note | None, now: datetime) -> datetime | None:
        """When it is tried, where that isn't now."""
        if note is not None and note.final:
            return None
        if is_too_late(story, now):
            return now + _PATIENCE  # by then the call has told more
        digest = _digest(note)
        if key not in self._since or self._since[key][0] != digest:
            self._since[key] = (digest, now)
        # Nor is anything taken out at once: right after a start the calendars haven't been read again yet.
        ripe_at = self._since[key][1] + _PATIENCE
        return ripe_at if now < ripe_at and not story.attempts else None

    def _story(self, connection: Connection, key: Key) -> Story:
        meant, silence = select_meant(connection, key), self._silences.get(key)
        reason = silence.reason if silence else ""
        if meant is None:
            return Story(silence=reason)
        call = meant.call
        return Story(
            call=call, live=meant.live, attempts=meant.attempts, silence=reason, barred=self._barred(call)
        )

    def _note(self, story: Story, key: Key, calendar: AnnotatedCalendar) -> Note | None:
        silence = self._silences.get(key)
        title = story.call.summary if story.call else silence.summary if silence else ""
        voice = Voice(language=language_of(title, calendar.language), zone=calendar.zones.floating)
        return decide_note(story, voice)

    def _follow(self, key: Key, calendar: AnnotatedCalendar) -> None:
        now = self._clock.now()
        try:
            self._write(key, calendar, now)
        except SourceError as error:
            refused = isinstance(error, SourceForbidden | SourceReadOnly)
            log.warning("calendar %s: an outcome wasn't written into its event: %s", key.collection, error.reason)
            self._failed(key, error, now + (_AFTER_REFUSAL if refused else _AFTER_FAILURE))
        except Exception:
            log.exception("calendar %s: an outcome wasn't written into its event", key.collection)
            self._put_off(key, now + _AFTER_FAILURE)
        finally:
            with self._lock:
                self._going_on.discard(key)

    def _failed(self, key: Key, error: SourceError, again_at: datetime) -> None:
        problem = error.reason + (f" ({error.remedy})" if error.remedy else "")
        told = self._ledger.read(select_annotation, key).told
        annotation = Annotation(told=told, problem=problem)
        self._ledger.write(record_annotation, key, annotation, self._clock.now())
        self._put_off(key, again_at)

    def _put_off(self, key: Key, at: datetime) -> None:
        with self._lock:
            self._later[key] = at

    def _write(self, key: Key, calendar: AnnotatedCalendar, now: datetime) -> None:
        note = self._note(self._ledger.read(self._story, key), key, calendar)
        row = self._ledger.read(select_collection, key.collection)
        if row is None or row.settings != calendar.settings:
            self._put_off(key, now + _PATIENCE)  # it has never been fetched with its present settings
            return
        if row.forbidden:
            raise SourceForbidden(key.collection, row.problem)
        hrefs = self._ledger.read(select_hrefs, key.collection, [key.uid]).get(key.uid, set())
        if len(hrefs) != 1:
            self._record(key, note, _SEVERAL if hrefs else _UNKNOWN)
            return
        place = Place(uid=key.uid, recurrence_id=key.recurrence_id, zones=calendar.zones)
        change = _Change(place=place, note=note)
        edit = calendar.source.edit(SourceState.from_json(row.state), min(hrefs), change)
        self._record(key, None if edit is Edit.GONE else note, change.problem)

    def _record(self, key: Key, note: Note | None, problem: str) -> None:
        """What isn't written is tried again only when there is something else to tell."""
        if problem:
            log.info("calendar %s: an outcome isn't written into its event: %s", key.collection, problem)
        annotation = Annotation(told=_digest(note), problem=problem if note else "")
        silence = self._silences.get(key)
        until = silence.starts_at if silence and note and not note.final else None
        self._ledger.write(record_annotation, key, annotation, self._clock.now(), silent_until=until)


def _key(collection: str, silence: Silence) -> Key:
    return Key(collection=collection, uid=silence.uid, recurrence_id=silence.recurrence_id)


def _digest(note: Note | None) -> str:
    """By which what is told is known again; "" for nothing."""
    if note is None:
        return ""
    return hashlib.sha256(f"{note.status}\n{note.text}".encode()).hexdigest()[:16]
