"""Keeping the do-not-call list current: its file is read when it changes; a broken one leaves the last list."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from scheduler.calls.do_not_call import DoNotCall, read_do_not_call
from scheduler.errors import ConfigError, Problem, SourceError
from scheduler.sources.files import FileStamp, read_if_changed

log = logging.getLogger(__name__)

_STEADY = 10  # looks in a row, of a second each in the daemon


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCallFile:
    """Where the list stands, and the region of its national numbers."""

    path: Path
    region: str


class DoNotCallDuty:
    """Holds the list as last read well; empty where no file is configured.

    Who is new in it is barred at once. Who is missing from it, unless it was put there whole, stays barred until
    it has been as it is for a while: it may be half of one that is just being written.

    :param before: what held the list until now; of the same file it is what was read last.
    :raises ConfigError: the file can't be read at first: without it nobody knows whom not to call.
    """

    def __init__(self, file: DoNotCallFile | None, *, before: DoNotCallDuty | None = None) -> None:
        self._file = file
        self._stamp: FileStamp | None = None
        self._failure = ""
        self.list: DoNotCall = before.list if before and before._file == file else DoNotCall()
        self._written: DoNotCall | None = None  # the file alone, until it is believed
        self._steady = 0
        self.run_once()
        if self._failure:
            raise ConfigError(self.problems)

    def run_once(self) -> bool:
        """Read the file if it changed; True when the list is another one now."""
        if self._file is None:
            return False
        try:
            found = read_if_changed(self._file.path, self._stamp)
        except SourceError as error:
            self._stamp = None
            self._fail(error.reason)
            return False
        return self._take(self._file, *found) if found is not None else self._believe()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the file, and with single lines of it."""
        if not self._failure or self._file is None:
            return self.list.problems
        whole = Problem(
            where=f"do-not-call list {self._file.path}",
            what=self._failure,
            remedy="mend the file, or barring.do_not_call, which names it",
        )
        return (whole, *self.list.problems)

    def _take(self, file: DoNotCallFile, data: bytes, stamp: FileStamp) -> bool:
        self._stamp = stamp
        read = read_do_not_call(data, name=str(file.path), region=file.region)
        if not read.numbers and (read.problems or self.list.numbers):
            # As a file that is just being written, or isn't a list at all: taking it would bar nobody.
            self._fail("no number can be read in it")
            return False
        barred = read.numbers if stamp.renamed else read.numbers | self.list.numbers
        self._written, self._steady = read, 0
        changed = barred != self.list.numbers
        self.list, self._failure = replace(read, numbers=barred), ""
        for problem in read.problems:
            log.warning("%s", problem.where + ": no number to bar in it")  # what stands there may be somebody's
        return changed

    def _believe(self) -> bool:
        """The file is as it was: who isn't in it is barred no longer, once that was so often enough."""
        if self._written is None:
            return False
        self._steady += 1
        if self._steady < _STEADY:
            return False
        changed = self._written.numbers != self.list.numbers
        self.list, self._written = self._written, None
        return changed

    def _fail(self, reason: str) -> None:
        if reason != self._failure:
            log.error("the do-not-call list can't be taken over: %s; the last one stays in use", reason)
        self._failure = reason
