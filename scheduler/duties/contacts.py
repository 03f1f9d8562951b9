"""Keeping the contacts current: each file is read when it changes, and a failure costs that file alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scheduler.calendars.contact import Contact, Contacts
from scheduler.errors import Problem, SourceError
from scheduler.sources.files import FileStamp, read_if_changed

log = logging.getLogger(__name__)

Reader = Callable[[bytes], tuple[tuple[Contact, ...], tuple[Problem, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSource:
    """A contacts file and how its bytes are read."""

    name: str
    path: Path
    read: Reader


@dataclass(slots=True)
class _Loaded:
    stamp: FileStamp | None = None
    contacts: tuple[Contact, ...] = ()
    problems: tuple[Problem, ...] = ()
    failure: str = ""


class ContactsDuty:
    """Holds the contacts as last read well; ``contacts`` is replaced whole when a file changes."""

    def __init__(self, sources: tuple[ContactSource, ...], type_order: tuple[str, ...]) -> None:
        self._sources = sources
        self._type_order = type_order
        self._loaded = {source.name: _Loaded() for source in sources}
        self.contacts = Contacts((), type_order=type_order)

    def run_once(self) -> bool:
        """Read what changed; True when the contacts are other ones now."""
        changed = [self._load(source) for source in self._sources]
        if any(changed):
            everybody = [contact for loaded in self._loaded.values() for contact in loaded.contacts]
            self.contacts = Contacts(everybody, type_order=self._type_order)
        return any(changed)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files, or with single rows and cards of them."""
        failures = [
            Problem(where=f"contacts {name}", what=loaded.failure, remedy="the contacts last read stay in use")
            for name, loaded in self._loaded.items()
            if loaded.failure
        ]
        return (*failures, *(problem for loaded in self._loaded.values() for problem in loaded.problems))

    def count(self, name: str) -> int:
        return len(self._loaded[name].contacts)

    def _load(self, source: ContactSource) -> bool:
        loaded = self._loaded[source.name]
        try:
            found = read_if_changed(source.path, loaded.stamp)
        except SourceError as error:
            if loaded.failure != error.reason:
                log.warning("contacts %s: %s", source.name, error.reason)
            loaded.failure = error.reason
            return False
        loaded.failure = ""
        if found is None:
            return False
        data, stamp = found
        contacts, problems = source.read(data)
        self._loaded[source.name] = _Loaded(stamp=stamp, contacts=contacts, problems=problems)
        log.info("contacts %s: %d read, %d problems", source.name, len(contacts), len(problems))
        return True
