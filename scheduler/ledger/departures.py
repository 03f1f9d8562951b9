"""Which requests may have left: noted right before the first byte, so that a crash makes as few unknown as can be.

Intentions are committed for a whole batch before any request of it leaves. A note isn't synced to the disk: it is
in the kernel's hands as soon as it is written, and outlives its process though not the machine. So after a reboot
nothing is concluded from what isn't noted; after a kill, what isn't noted never left.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from scheduler.calls.call import Attempt
from scheduler.database import Connection, Database, translated
from scheduler.ledger.attempts import select_open_attempts

# Bytes of a note. A whole number of them fills a page of the kernel's, so that a kill tears none. Each begins a
# line of its own all the same: a disk that is full may tear one, which mustn't spoil the next.
_NOTE = 16


def departures_path(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".departures")


class Departures:
    """The notes of the process that holds the ledger; for any number of threads."""

    def __init__(self, path: Path, run: str) -> None:
        """:raises DatabaseUnusable: the file can't be written."""
        self._path = path
        with translated(path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o640)
        self._write(run)

    def note(self, attempt_id: int) -> None:
        """Its request leaves now.

        :raises DatabaseUnusable: that can't be noted, and so it mustn't leave.
        """
        self._write(str(attempt_id))

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, text: str) -> None:
        note = f"\n{text:{_NOTE - 2}}\n".encode()
        with translated(self._path):
            if os.write(self._descriptor, note) < len(note):
                raise OSError("no room for a whole note")


def begin_run(ledger: Database, boot_id: str) -> Departures:
    """From now on what is requested is noted; what was requested before has been judged."""
    run = secrets.token_hex(7)
    departures = Departures(departures_path(ledger.path), run)
    ledger.write(_record_run, run, boot_id)
    return departures


def select_never_left(connection: Connection, ledger: Path, boot_id: str) -> tuple[Attempt, ...]:
    """The attempts of the process before whose requests certainly never left."""
    row = connection.execute("SELECT run, boot_id, first_attempt FROM run").fetchone()
    if row is None or not boot_id or row["boot_id"] != boot_id:
        return ()
    run, *notes = _notes(departures_path(ledger))
    noted = set(notes)
    if run != row["run"]:
        return ()  # another ledger's, or that of a back-up
    return tuple(
        attempt
        for attempt in select_open_attempts(connection)
        if attempt.id >= row["first_attempt"] and attempt.answer is None and str(attempt.id) not in noted
    )


def _notes(path: Path) -> list[str]:
    """The run's name and the attempts noted; an empty name where they can't be read."""
    try:
        return path.read_text(encoding="ascii").split() or [""]
    except (OSError, UnicodeDecodeError):
        return [""]


def _record_run(connection: Connection, run: str, boot_id: str) -> None:
    connection.execute(
        """INSERT INTO run (id, run, boot_id, first_attempt)
           SELECT 1, ?, ?, 1 + coalesce(max(id), 0) FROM attempt WHERE true
           ON CONFLICT DO UPDATE SET run = excluded.run, boot_id = excluded.boot_id,
               first_attempt = excluded.first_attempt""",
        (run, boot_id),
    )
