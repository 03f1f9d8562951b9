"""A refresh token that its provider may replace at every use: the newest one survives a restart.

The admin's own stands where the service can't write, so that what replaces it is kept in a file of ours.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """``given`` is the admin's token; once another is given, what was kept in its place counts no more."""

    path: Path
    given: str = field(repr=False)

    @contextmanager
    def held(self) -> Iterator[None]:
        """While nobody else uses it: a command beside the daemon would spend it for both.

        :raises OSError: the folder can't be written.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _hand_to_owner(self.path.parent)
        with _private(self.path.with_suffix(".lock")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def newest(self) -> str:
        """The token to use now.

        :raises OSError: what is kept can't be read.
        """
        try:
            kept = json.loads(self.path.read_bytes())
            return str(kept["token"]) if kept["instead_of"] == self._digest else self.given
        except (FileNotFoundError, ValueError, KeyError, TypeError):  # nothing of ours
            return self.given

    def keep(self, token: str) -> None:
        """Use ``token`` from now on; it is on the disk when this returns, whole or not at all.

        :raises OSError: it can't be written.
        """
        fresh = self.path.with_suffix(".new")
        with _private(fresh) as file:
            file.truncate()
            file.write(json.dumps({"instead_of": self._digest, "token": token}).encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        _sync_folder(self.path.parent)

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.given.encode()).hexdigest()


def _private(path: Path) -> BinaryIO:
    """Opened to write, readable by its owner alone from the moment that it is there."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
    _hand_to_owner(path)
    return file


def _hand_to_owner(path: Path) -> None:
    """What root makes, as in a command beside the daemon, belongs to the service all the same."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
