"""Files that somebody else writes: feeds on disk, and contacts, read again when they change."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from scheduler.errors import SourceUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """What changes when a file is written, or replaced by another."""

    mtime_ns: int
    size: int
    inode: int
    renamed: bool = field(compare=False, default=False)  # since it was written: somebody put it there whole


def read_if_changed(path: Path, seen: FileStamp | None) -> tuple[bytes, FileStamp] | None:
    """The file's bytes and stamp, or None where it is as ``seen``.

    :raises SourceUnreachable: it is missing, unreadable or not a file.
    """
    try:
        stamp = _stamp(path.stat())
        if stamp == seen:
            return None
        return _read(path)
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None


def stamp_of(path: Path) -> str:
    """The file's stamp as text, to be kept; "" where there is no file to be seen."""
    try:
        return _told(_stamp(path.stat()))
    except OSError:
        return ""


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    """The file, to be read in pieces and more than once, and its stamp as :func:`stamp_of` gives it.

    :raises SourceUnreachable: as above; also, at the end, that somebody wrote to it meanwhile.
    """
    try:
        with _open(path) as file:
            before = _stamp(os.fstat(file.fileno()))
            yield file, _told(before)
            if _stamp(os.fstat(file.fileno())) != before:
                raise SourceUnreachable(
                    str(path), "it was written while it was read", remedy="it is tried again later"
                )
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None


def _told(stamp: FileStamp) -> str:
    return f"FileStamp(mtime_ns={stamp.mtime_ns}, size={stamp.size}, inode={stamp.inode})"


def _read(path: Path) -> tuple[bytes, FileStamp]:
    with _open(path) as file:
        # Before it is read: what is written meanwhile is then read at the next look.
        stamp = _stamp(os.fstat(file.fileno()))
        return file.read(), stamp


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    # A named pipe without a writer would hold the daemon for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _unreadable(path, "it isn't a file")
        yield file


def _unreadable(path: Path, reason: str) -> SourceUnreachable:
    return SourceUnreachable(str(path), reason, remedy="check the path and who may read it")


def _stamp(status: os.stat_result) -> FileStamp:
    return FileStamp(
        mtime_ns=status.st_mtime_ns,
        size=status.st_size,
        inode=status.st_ino,
        renamed=status.st_ctime_ns > status.st_mtime_ns,
    )
