"""The ledger's tables as its first version made them. Never changed: what came since stands in ``schema.py``."""

from __future__ import annotations

from scheduler.database import MigrationDatabase


def e164(column: str) -> str:
    return f"{column} GLOB '+[0-9]*' AND {column} NOT GLOB '+*[^0-9]*'"


_CALL = f"""
CREATE TABLE call (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'claimed', 'requested', 'placed', 'ended')),
    outcome TEXT CHECK (outcome IN ('answered', 'no_answer', 'busy', 'origin_no_answer', 'origin_busy',
        'failed', 'barred', 'missed', 'cancelled', 'unknown')),
    reason TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL CHECK ({e164("origin")}),
    destination TEXT NOT NULL CHECK ({e164("destination")} AND destination <> origin),
    cli TEXT CHECK ({e164("cli")}),
    presentation TEXT NOT NULL CHECK (presentation IN ('ALLOWED', 'RESTRICTED')),
    summary TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    due_at TEXT NOT NULL CHECK (due_at >= asked_at),
    deadline_at TEXT NOT NULL CHECK (deadline_at >= due_at),
    wake_at TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    claim_token TEXT CHECK ((claim_token IS NOT NULL) = (state = 'claimed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    again_of INTEGER REFERENCES call,
    created_at TEXT NOT NULL,
    ended_at TEXT CHECK ((ended_at IS NOT NULL) = (state = 'ended')),
    starts_at TEXT,
    CHECK ((outcome IS NOT NULL) = (state = 'ended'))
) STRICT
"""

# Promise 1: between two numbers at one instant there is one call that is open or was ever attempted.
_ONE_CALL_A_SLOT = """
CREATE UNIQUE INDEX call_slot ON call (origin, destination, asked_at)
WHERE again_of IS NULL AND (state <> 'ended' OR attempts > 0)
"""

# The table in calls/call.py, as it was when this was written.
_CALL_GOES_ITS_WAY = """
CREATE TRIGGER call_goes_its_way BEFORE UPDATE OF state ON call
WHEN OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (VALUES
    ('planned', 'claimed'), ('planned', 'ended'),
    ('claimed', 'planned'), ('claimed', 'requested'), ('claimed', 'ended'),
    ('requested', 'planned'), ('requested', 'placed'), ('requested', 'ended'),
    ('placed', 'planned'), ('placed', 'ended'))
BEGIN SELECT RAISE(ABORT, 'a call does not go from this state to that one'); END
"""

CALL_IS_FINAL = """
CREATE TRIGGER call_ended_is_final
BEFORE UPDATE OF state, outcome, attempts, asked_at, due_at, deadline_at, ended_at ON call
WHEN OLD.state = 'ended' AND NOT (OLD.outcome = 'unknown' AND NEW.state = 'ended')
BEGIN SELECT RAISE(ABORT, 'an ended call never changes, unless its outcome is unknown'); END
"""

_ATTEMPT = """
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    call_id INTEGER NOT NULL REFERENCES call,
    number INTEGER NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    requested_at TEXT NOT NULL,
    answer TEXT CHECK (answer IN ('accepted', 'not_sent', 'refused', 'refused_for_now', 'unauthorized',
        'perhaps_sent')),
    detail TEXT NOT NULL DEFAULT '',
    session_id TEXT NOT NULL DEFAULT '',
    duration_seconds INTEGER,
    closed_at TEXT,
    UNIQUE (call_id, number)
) STRICT
"""

_CDR = """
CREATE TABLE cdr (
    id INTEGER PRIMARY KEY,
    attempt_id INTEGER NOT NULL REFERENCES attempt,
    source TEXT NOT NULL CHECK (source IN ('callback', 'list')),
    received_at TEXT NOT NULL,
    raw TEXT NOT NULL,
    UNIQUE (attempt_id, source, raw)
) STRICT
"""

_APPOINTMENT = """
CREATE TABLE appointment (
    collection TEXT NOT NULL,
    uid TEXT NOT NULL,
    recurrence_id TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    call_id INTEGER NOT NULL REFERENCES call,
    gone_at TEXT,
    PRIMARY KEY (collection, uid, recurrence_id, asked_at, call_id)
) STRICT, WITHOUT ROWID
"""

# Rule 5: many appointments mean one call, and each, at one time, means one only.
_ONE_MEANING = """
CREATE UNIQUE INDEX appointment_means ON appointment (collection, uid, recurrence_id, asked_at)
WHERE gone_at IS NULL
"""

_EVENT = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    call_id INTEGER REFERENCES call,
    attempt_id INTEGER REFERENCES attempt,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT ''
) STRICT
"""

_COLLECTION = """
CREATE TABLE collection (
    name TEXT PRIMARY KEY,
    settings TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    good_at TEXT,
    planned_at TEXT,
    tried_with TEXT NOT NULL,
    tried_at TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '',
    forbidden INTEGER NOT NULL DEFAULT 0 CHECK (forbidden IN (0, 1))
) STRICT
"""

_OBJECT = """
CREATE TABLE object (
    collection TEXT NOT NULL REFERENCES collection,
    href TEXT NOT NULL,
    etag TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (collection, href)
) STRICT, WITHOUT ROWID
"""

_COMMAND = """
CREATE TABLE command (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    arguments TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    taken_at TEXT,
    done_at TEXT,
    result TEXT NOT NULL DEFAULT ''
) STRICT
"""


def create_first_version(database: MigrationDatabase) -> None:
    for table in (_CALL, _ATTEMPT, _CDR, _APPOINTMENT, _EVENT, _COLLECTION, _OBJECT, _COMMAND):
        database.execute(table)
    for promise in (_ONE_CALL_A_SLOT, _CALL_GOES_ITS_WAY, CALL_IS_FINAL, _ONE_MEANING):
        database.execute(promise)
    # What the timetable reads and indexes.
    database.execute("CREATE INDEX call_wake ON call (wake_at) WHERE state = 'planned'")
    # Open calls are few: an index on all calls by state would be as large as the table. SQLite uses it only
    # for queries that repeat its condition word for word.
    database.execute(
        "CREATE INDEX call_going_on ON call (origin) WHERE state IN ('claimed', 'requested', 'placed')"
    )
    # Who waits for an origin that has just become free.
    database.execute("CREATE INDEX call_origin ON call (origin, due_at) WHERE state = 'planned'")
    database.execute("CREATE INDEX call_asked ON call (asked_at)")
    database.execute("CREATE INDEX call_unknown ON call (ended_at) WHERE outcome = 'unknown'")
    database.execute("CREATE UNIQUE INDEX attempt_open ON attempt (call_id) WHERE closed_at IS NULL")
    database.execute("CREATE INDEX attempt_waiting ON attempt (requested_at) WHERE closed_at IS NULL")
    database.execute("CREATE INDEX attempt_requested ON attempt (requested_at)")
    database.execute("CREATE INDEX appointment_call ON appointment (call_id)")
    database.execute("CREATE INDEX appointment_asked ON appointment (asked_at)")
    database.execute("CREATE INDEX event_call ON event (call_id)")
    database.execute("CREATE INDEX command_open ON command (id) WHERE taken_at IS NULL")
    for change in ("UPDATE", "DELETE"):
        database.execute(
            f"CREATE TRIGGER event_never_{change.lower()} BEFORE {change} ON event "
            "BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END"
        )
