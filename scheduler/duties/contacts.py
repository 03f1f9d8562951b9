"""Keeping the contacts current: each file or address book is read when it changes, and fails for itself alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from scheduler.calendars.contact import Contact, Contacts, NoNumber
from scheduler.errors import Problem, SourceError, SourceUnreachable
from scheduler.sources.files import read_if_changed

log = logging.getLogger(__name__)

_STAY = "the contacts last read stay in use"
_NOBODY = "nobody of it is known: mend it, or the [[contacts]] that names it"

Reader = Callable[[bytes], tuple[tuple[Contact, ...], tuple[Problem, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContacts:
    """What a source holds; ``stamp`` is what it wants to see again, to tell whether it has changed."""

    contacts: tuple[Contact, ...]
    problems: tuple[Problem, ...]
    stamp: Any
    whole: bool = True  # False: somebody may be writing it just now


class ContactSource(Protocol):
    """A file, or an address book."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def read(self, stamp: Any) -> ReadContacts | None:
        """Its contacts; None where nothing has changed since ``stamp``, which is None at first.

        :raises SourceError: it can't be read now.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsFile:
    """A contacts file and how its bytes are read."""

    name: str
    path: Path
    reader: Reader

    def read(self, stamp: Any) -> ReadContacts | None:
        """As ``ContactSource.read`` says."""
        try:
            found = read_if_changed(self.path, stamp)
        except SourceError as error:
            raise SourceUnreachable(self.name, f"{self.path}: {error.reason}") from None
        if found is None:
            return None
        data, stamp = found
        contacts, problems = self.reader(data)
        return ReadContacts(contacts=contacts, problems=problems, stamp=stamp, whole=stamp.renamed)


@dataclass(slots=True)
class _Loaded:
    stamp: Any = None
    contacts: tuple[Contact, ...] = ()
    problems: tuple[Problem, ...] = ()
    failure: str = ""
    read: bool = False  # well, at least once
    seen: Any = None  # the stamp of what is taken over if it is still there at the next look


class ContactsDuty:
    """Holds the contacts as last read well; ``contacts`` is replaced whole when a source changes."""

    def __init__(
        self,
        sources: tuple[ContactSource, ...],
        type_order: tuple[str, ...],
        *,
        before: ContactsDuty | None = None,
    ) -> None:
        """:param before: what held the contacts until now; where a source can't be read its contacts stay."""
        self._sources = sources
        self._type_order = type_order
        self._reading = Lock()
        known: dict[str, _Loaded] = before._loaded if before else {}
        self._loaded: dict[str, _Loaded] = {
            source.name: _Loaded(contacts=known[source.name].contacts, read=known[source.name].read)
            if source.name in known
            else _Loaded()
            for source in sources
        }
        self.contacts = self._all()

    def run_once(self) -> bool:
        """Read what changed; True when the contacts are other ones now."""
        with self._reading:
            changed = [self._load(source) for source in self._sources]
            if any(changed):
                self.contacts = self._all()
            return any(changed)

    @property
    def whole(self) -> bool:
        """Whether every source has been read well at least once."""
        return all(loaded.read for loaded in self._loaded.values())

    def _all(self) -> Contacts:
        everybody = [contact for loaded in self._loaded.values() for contact in loaded.contacts]
        return Contacts(everybody, type_order=self._type_order)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the sources, or with single rows and cards of them."""
        failures = [
            Problem(where=f"contacts {name}", what=loaded.failure, remedy=_STAY if loaded.read else _NOBODY)
            for name, loaded in self._loaded.items()
            if loaded.failure
        ]
        return (*failures, *(problem for loaded in self._loaded.values() for problem in loaded.problems))

    @property
    def names(self) -> tuple[str, ...]:
        """What messages call the sources."""
        return tuple(self._loaded)

    def failed(self, name: str) -> bool:
        """Whether it couldn't be read just now."""
        return bool(self._loaded[name].failure)

    def count(self, name: str) -> int:
        return len(self._loaded[name].contacts)

    def without_number(self, name: str) -> tuple[Contact, ...]:
        """Those of a source that an event may name in vain."""
        found = self._loaded[name].contacts
        return tuple(one for one in found if isinstance(self.contacts.number_of(one), NoNumber))

    def _load(self, source: ContactSource) -> bool:
        loaded = self._loaded[source.name]
        try:
            found = source.read(loaded.stamp)
        except SourceError as error:
            loaded.stamp = None  # it is read again, even if it comes back as it was
            self._fail(source, error.reason)
            return False
        if found is None:
            return False
        if found.contacts and loaded.read and not found.whole and loaded.seen != found.stamp:
            # Half of a file would call off the calls of the other half, and a number cut short is another's.
            loaded.seen = found.stamp
            return False
        loaded.stamp, loaded.problems = found.stamp, found.problems
        if not found.contacts:
            # As a file that is just being written: taking it would call off every call by name.
            self._fail(source, "no contact can be read in it")
            return False
        loaded.contacts, loaded.read, loaded.failure = found.contacts, True, ""
        log.info("contacts %s: %d read, %d problems", source.name, len(found.contacts), len(found.problems))
        return True

    def _fail(self, source: ContactSource, reason: str) -> None:
        loaded = self._loaded[source.name]
        if loaded.failure != reason:
            log.warning("contacts %s: %s", source.name, reason)
        loaded.failure = reason
