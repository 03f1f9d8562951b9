"""The gateway's own database: every accepted call, its end, and the callbacks still to be delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scheduler.database import (
    Connection,
    Database,
    MigrationDatabase,
    Migrations,
    Row,
    read_instant,
    read_optional_instant,
    write_instant,
)
from scheduler.gateway.line import AcceptedCall, CallEnd
from scheduler.phone import PhoneNumber
from scheduler.vca import Presentation

MIGRATIONS = Migrations("gateway")


@MIGRATIONS(name="001 calls and callbacks")
def _calls_and_callbacks(database: MigrationDatabase) -> None:
    database.execute(
        """
        CREATE TABLE call (
            session_id INTEGER PRIMARY KEY,
            client_id TEXT NOT NULL,
            origin TEXT NOT NULL,
            destination TEXT NOT NULL,
            cli TEXT,
            presentation TEXT NOT NULL CHECK (presentation IN ('ALLOWED', 'RESTRICTED')),
            callback TEXT NOT NULL,
            requested_at TEXT NOT NULL,
            -- all of the end, or nothing of it
            call_one_setup_at TEXT CHECK ((call_one_setup_at IS NULL) = (ended_at IS NULL)),
            call_one_release_at TEXT CHECK ((call_one_release_at IS NULL) = (ended_at IS NULL)),
            call_two_setup_at TEXT CHECK (call_two_setup_at IS NULL OR ended_at IS NOT NULL),
            call_two_release_at TEXT CHECK ((call_two_release_at IS NULL) = (call_two_setup_at IS NULL)),
            release_info TEXT CHECK ((release_info IS NULL) = (ended_at IS NULL)),
            ended_at TEXT,
            visible_at TEXT CHECK ((visible_at IS NULL) = (ended_at IS NULL))  -- when its CDR may be seen
        ) STRICT
        """
    )
    database.execute("CREATE INDEX call_of_client ON call (client_id, requested_at, session_id)")
    database.execute("CREATE INDEX call_unfinished ON call (session_id) WHERE ended_at IS NULL")
    database.execute(
        """
        CREATE TABLE callback (
            id INTEGER PRIMARY KEY,
            session_id INTEGER NOT NULL REFERENCES call (session_id),
            state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up')),
            attempts INTEGER NOT NULL,
            due_at TEXT NOT NULL,
            problem TEXT NOT NULL  -- of the last attempt
        ) STRICT
        """
    )
    database.execute("CREATE INDEX callback_pending ON callback (due_at) WHERE state = 'pending'")


_CALL = "call.session_id, client_id, origin, destination, cli, presentation, callback, requested_at"
_END = "call_one_setup_at, call_one_release_at, call_two_setup_at, call_two_release_at, release_info, ended_at"
_IN_WINDOW = """
    client_id = :client_id AND visible_at <= :now AND requested_at >= :since AND requested_at < :till
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCall:
    """What a CDR is made of."""

    call: AcceptedCall
    end: CallEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrWindow:
    """Which CDRs are asked for: ``since`` is included, ``till`` isn't, None is no bound."""

    client_id: str
    since: datetime | None = None
    till: datetime | None = None
    now: datetime

    @property
    def parameters(self) -> dict[str, str]:
        # Instants are compared as text: '' comes before and ':' after everything that starts with a digit.
        return {
            "client_id": self.client_id,
            "since": write_instant(self.since) if self.since else "",
            "till": write_instant(self.till) if self.till else ":",
            "now": write_instant(self.now),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCallback:
    """A CDR that is still to be delivered."""

    callback_id: int
    attempts: int
    due_at: datetime
    ended: EndedCall


class Records:
    """The calls and their ends, one SQL statement a function.

    :raises DatabaseError: from everything here.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)

    def close(self) -> None:
        self._database.close()

    def accept(self, call: AcceptedCall) -> None:
        """Keep a call before it rings; a session id that is taken is refused by the primary key."""
        self._database.write(lambda connection: _insert_call(connection, call))

    def unfinished(self) -> tuple[AcceptedCall, ...]:
        """The calls without an end."""
        rows = self._database.read(
            lambda connection: connection.execute(
                f"SELECT {_CALL} FROM call WHERE ended_at IS NULL ORDER BY call.session_id"
            ).fetchall()
        )
        return tuple(_call(row) for row in rows)

    def end(
        self, call: AcceptedCall, end: CallEnd, *, visible_at: datetime, callbacks: int
    ) -> tuple[PendingCallback, ...]:
        """Write the end, once, and with it the callbacks that it asks for; none where it had ended before."""

        def work(connection: Connection) -> tuple[PendingCallback, ...]:
            if not _update_end(connection, call.session_id, end, visible_at):
                return ()
            ended = EndedCall(call=call, end=end)
            return tuple(_insert_callback(connection, ended, visible_at) for _ in range(callbacks))

        return self._database.write(work)

    def count(self, window: CdrWindow) -> int:
        """How many CDRs the window holds."""
        row: Row = self._database.read(
            lambda connection: connection.execute(
                f"SELECT count(*) FROM call WHERE {_IN_WINDOW}", window.parameters
            ).fetchone()
        )
        return int(row[0])

    def page(self, window: CdrWindow, *, page: int, limit: int) -> tuple[EndedCall, ...]:
        """One page of the window, in the order of the requests."""
        rows = self._database.read(
            lambda connection: connection.execute(
                f"SELECT {_CALL}, {_END} FROM call WHERE {_IN_WINDOW} "
                "ORDER BY requested_at, call.session_id LIMIT :limit OFFSET :offset",
                {**window.parameters, "limit": limit, "offset": page * limit},
            ).fetchall()
        )
        return tuple(_ended(row) for row in rows)

    def pending_callbacks(self) -> tuple[PendingCallback, ...]:
        """The callbacks that are neither delivered nor given up."""
        rows = self._database.read(
            lambda connection: connection.execute(
                f"SELECT callback.id, attempts, due_at, {_CALL}, {_END} FROM callback "
                "JOIN call ON call.session_id = callback.session_id WHERE state = 'pending' ORDER BY due_at"
            ).fetchall()
        )
        return tuple(_pending(row) for row in rows)

    def settle_callback(self, callback_id: int, *, state: str, due_at: datetime, problem: str) -> None:
        """Count an attempt and keep how it went: ``pending`` again, ``delivered`` or ``given_up``."""
        parameters = {
            "id": callback_id,
            "state": state,
            "due_at": write_instant(due_at),
            "problem": problem,
        }
        self._database.write(
            lambda connection: connection.execute(
                "UPDATE callback SET state = :state, attempts = attempts + 1, due_at = :due_at, "
                "problem = :problem WHERE id = :id AND state = 'pending'",
                parameters,
            )
        )


def _insert_call(connection: Connection, call: AcceptedCall) -> None:
    connection.execute(
        "INSERT INTO call "
        "(session_id, client_id, origin, destination, cli, presentation, callback, requested_at) VALUES "
        "(:session_id, :client_id, :origin, :destination, :cli, :presentation, :callback, :requested_at)",
        {
            "session_id": call.session_id,
            "client_id": call.client_id,
            "origin": call.origin.e164,
            "destination": call.destination.e164,
            "cli": call.cli.e164 if call.cli else None,
            "presentation": call.presentation.value,
            "callback": call.callback,
            "requested_at": write_instant(call.requested_at),
        },
    )


def _update_end(connection: Connection, session_id: int, end: CallEnd, visible_at: datetime) -> bool:
    updated = connection.execute(
        "UPDATE call SET call_one_setup_at = :one_setup, call_one_release_at = :one_release, "
        "call_two_setup_at = :two_setup, call_two_release_at = :two_release, release_info = :release_info, "
        "ended_at = :ended_at, visible_at = :visible_at WHERE session_id = :session_id AND ended_at IS NULL",
        {
            "session_id": session_id,
            "one_setup": write_instant(end.call_one_setup_at),
            "one_release": write_instant(end.call_one_release_at),
            "two_setup": _optional(end.call_two_setup_at),
            "two_release": _optional(end.call_two_release_at),
            "release_info": end.release_info,
            "ended_at": write_instant(end.ended_at),
            "visible_at": write_instant(visible_at),
        },
    )
    return updated.rowcount == 1


def _insert_callback(connection: Connection, ended: EndedCall, due_at: datetime) -> PendingCallback:
    inserted = connection.execute(
        "INSERT INTO callback (session_id, state, attempts, due_at, problem) "
        "VALUES (:session_id, 'pending', 0, :due_at, '') RETURNING id",
        {"session_id": ended.call.session_id, "due_at": write_instant(due_at)},
    ).fetchone()
    return PendingCallback(callback_id=inserted["id"], attempts=0, due_at=due_at, ended=ended)


def _call(row: Row) -> AcceptedCall:
    return AcceptedCall(
        session_id=row["session_id"],
        client_id=row["client_id"],
        origin=PhoneNumber(row["origin"]),
        destination=PhoneNumber(row["destination"]),
        cli=PhoneNumber(row["cli"]) if row["cli"] else None,
        presentation=Presentation(row["presentation"]),
        callback=row["callback"],
        requested_at=read_instant(row["requested_at"]),
    )


def _ended(row: Row) -> EndedCall:
    end = CallEnd(
        call_one_setup_at=read_instant(row["call_one_setup_at"]),
        call_one_release_at=read_instant(row["call_one_release_at"]),
        call_two_setup_at=read_optional_instant(row["call_two_setup_at"]),
        call_two_release_at=read_optional_instant(row["call_two_release_at"]),
        release_info=row["release_info"],
        ended_at=read_instant(row["ended_at"]),
    )
    return EndedCall(call=_call(row), end=end)


def _pending(row: Row) -> PendingCallback:
    return PendingCallback(
        callback_id=row["id"],
        attempts=row["attempts"],
        due_at=read_instant(row["due_at"]),
        ended=_ended(row),
    )


def _optional(instant: datetime | None) -> str | None:
    return None if instant is None else write_instant(instant)
