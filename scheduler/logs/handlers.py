"""Where lines go: standard error, or the fields of systemd's journal (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from scheduler.errors import ConfigError, Problem
from scheduler.logs.formats import HumanFormatter, tell

JOURNAL = Path("/run/systemd/journal/socket")
_LONGEST_FIELD = 100_000  # bytes; a datagram of more than about 200 000 is refused
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


class StderrHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """A line a record; one that can't be written is told without its words, which may name somebody."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        _tell_lost(record)


class JournalHandler(logging.Handler):
    """Fields to the journal; while it doesn't take them, lines to standard error.

    :raises ConfigError: there is no journal here.
    """

    def __init__(self, *, personal: bool, path: Path = JOURNAL) -> None:
        super().__init__()
        self._personal = personal
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._beside = StderrHandler(HumanFormatter(personal=personal))
        if not path.is_socket():
            self._socket.close()
            what = f"systemd's journal isn't there ({path})"
            raise ConfigError((Problem(where="log.format", what=what, remedy='write "human" or "json"'),))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # To its name each time: the journal may be started anew.
            self._socket.sendto(b"".join(_fields(record, personal=self._personal)), self._path)
        except OSError:
            self._beside.handle(record)
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        _tell_lost(record)

    def close(self) -> None:
        self._socket.close()
        super().close()


def _fields(record: logging.LogRecord, *, personal: bool) -> Iterator[bytes]:
    told = tell(record, personal=personal)
    yield _field("MESSAGE", told.text)
    yield _field("PRIORITY", str(next((found for level, found in _PRIORITIES if record.levelno >= level), _DEBUG)))
    yield _field("SYSLOG_IDENTIFIER", "call-scheduler")
    yield _field("LOGGER", record.name)
    yield _field("THREAD_NAME", record.threadName or "")
    yield _field("CODE_FILE", record.pathname)
    yield _field("CODE_LINE", str(record.lineno))
    yield _field("CODE_FUNC", record.funcName)
    if told.call is not None:
        yield _field("CALL", str(told.call))


def _field(name: str, value: str) -> bytes:
    """With its length before it, so that it may hold line breaks."""
    data = value.encode("utf-8", "backslashreplace")[:_LONGEST_FIELD]
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"


def _tell_lost(record: logging.LogRecord) -> None:
    """The standard library would print the line's arguments beside the traceback."""
    if sys.stderr is not None:
        error = sys.exc_info()[0]
        name = error.__name__ if error else "an error"
        sys.stderr.write(f"a line of {record.name} ({record.lineno}) could not be logged: {name}\n")
