"""The ledger's tables, as numbered migrations that only go forward.

Instants are text as :func:`scheduler.database.write_instant` writes them: UTC, fixed width, so that they sort.
The promises that a program could break by mistake are kept here: UNIQUE, CHECK and triggers.
"""

from __future__ import annotations

from scheduler.database import MigrationDatabase, Migrations
from scheduler.ledger.first_schema import CALL_IS_FINAL, create_first_version, e164
from scheduler.ledger.people_schema import create_annotations, create_letters, create_privacy

MIGRATIONS = Migrations("ledger")


_PROVENANCE = """
CREATE TABLE provenance (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    tzdata TEXT NOT NULL,
    parser TEXT NOT NULL,
    configuration TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT
"""

# Rule 9: the calls that a calendar has lost; those that were let go are remembered for a while.
_VANISHED = """
CREATE TABLE vanished (
    collection TEXT NOT NULL REFERENCES collection,
    call_id INTEGER NOT NULL REFERENCES call,
    since TEXT NOT NULL,
    missed_at TEXT NOT NULL CHECK (missed_at >= since),
    held INTEGER NOT NULL CHECK (held IN (0, 1)),
    accepted INTEGER NOT NULL DEFAULT 0 CHECK (accepted IN (0, 1) AND accepted <= held),
    PRIMARY KEY (collection, call_id)
) STRICT, WITHOUT ROWID
"""

# Without calendar and origin it is everything that is paused.
_PAUSE = f"""
CREATE TABLE pause (
    id INTEGER PRIMARY KEY,
    calendar TEXT,
    origin TEXT CHECK ({e164("origin")}),
    since TEXT NOT NULL,
    until TEXT CHECK (until > since),
    reason TEXT NOT NULL,
    resumed_at TEXT,
    CHECK (calendar IS NULL OR origin IS NULL)
) STRICT
"""


@MIGRATIONS()
def m0001_first_ledger(database: MigrationDatabase) -> None:
    create_first_version(database)


@MIGRATIONS()
def m0002_vanished_calls(database: MigrationDatabase) -> None:
    database.execute(_VANISHED)


@MIGRATIONS()
def m0003_broken_objects(database: MigrationDatabase) -> None:
    """What an address holds now may be unreadable; its last good data stays."""
    database.execute("ALTER TABLE object ADD COLUMN problem TEXT NOT NULL DEFAULT ''")


@MIGRATIONS()
def m0004_provenance(database: MigrationDatabase) -> None:
    """What the plan was made with."""
    database.execute(_PROVENANCE)


@MIGRATIONS()
def m0005_last_look(database: MigrationDatabase) -> None:
    """When a last look was made, and what it needs to find an event's object."""
    database.execute("ALTER TABLE collection ADD COLUMN looked_at TEXT")
    database.execute("ALTER TABLE collection ADD COLUMN look_problem TEXT NOT NULL DEFAULT ''")
    # '' for a feed's objects, and for those stored before: looking for them means a fetch of the whole calendar.
    database.execute("ALTER TABLE object ADD COLUMN uid TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE INDEX object_uid ON object (collection, uid) WHERE uid <> ''")


# What the provider lists and fits none of our attempts, or several, or can't be read, has no attempt: there is
# nothing to weigh then.
_EVERY_CDR = """
CREATE TABLE every_cdr (
    id INTEGER PRIMARY KEY,
    attempt_id INTEGER REFERENCES attempt,
    source TEXT NOT NULL CHECK (source IN ('callback', 'list')),
    received_at TEXT NOT NULL,
    raw TEXT NOT NULL,
    weighed_at TEXT,
    CHECK (attempt_id IS NOT NULL OR (source = 'list' AND weighed_at IS NOT NULL))
) STRICT
"""

# What had settled its call was weighed; what a call still waits for wasn't.
_KEEP_CDRS = """
INSERT OR IGNORE INTO every_cdr (id, attempt_id, source, received_at, raw, weighed_at)
SELECT cdr.id, attempt_id, source, received_at, raw,
    CASE WHEN state = 'ended' AND outcome <> 'unknown' THEN received_at END
FROM cdr JOIN attempt ON attempt.id = attempt_id JOIN call ON call.id = call_id ORDER BY cdr.id
"""


@MIGRATIONS()
def m0006_evidence(database: MigrationDatabase) -> None:
    database.execute(_EVERY_CDR)
    # Made before the rows come: a list's record is about one call, so that it is kept once.
    database.execute("CREATE UNIQUE INDEX cdr_listed ON every_cdr (raw) WHERE source = 'list'")
    database.execute(
        "CREATE UNIQUE INDEX cdr_called_back ON every_cdr (attempt_id, raw) WHERE source = 'callback'"
    )
    database.execute(_KEEP_CDRS)
    database.execute("DROP TABLE cdr")
    database.execute("ALTER TABLE every_cdr RENAME TO cdr")
    database.execute("CREATE INDEX cdr_attempt ON cdr (attempt_id) WHERE attempt_id IS NOT NULL")
    # In the order in which they are weighed.
    database.execute("CREATE INDEX cdr_unweighed ON cdr (id) WHERE weighed_at IS NULL")
    database.execute("CREATE UNIQUE INDEX call_again ON call (again_of) WHERE again_of IS NOT NULL")
    database.execute("CREATE INDEX event_alert ON event (at) WHERE kind IN ('alert', 'missed')")
    database.execute("CREATE INDEX event_acknowledged ON event (id) WHERE kind = 'acknowledged'")


@MIGRATIONS()
def m0007_moved_calls(database: MigrationDatabase) -> None:
    # What calling hours moved: few calls, and replanning asks how far back they reach.
    database.execute("CREATE INDEX call_moved ON call (due_at, asked_at) WHERE due_at > asked_at")


@MIGRATIONS()
def m0008_pauses(database: MigrationDatabase) -> None:
    database.execute(_PAUSE)
    # Those that wait past their time are few; a resume looks for them.
    database.execute("CREATE INDEX call_waiting ON call (wake_at) WHERE state = 'planned' AND wake_at > due_at")


@MIGRATIONS()
def m0009_outcome_of_attempts(database: MigrationDatabase) -> None:
    """How an attempt ended: its call may go on, and ends as the last of them did."""
    database.execute(
        """ALTER TABLE attempt ADD COLUMN outcome TEXT CHECK (outcome IN ('answered', 'no_answer', 'busy',
               'origin_no_answer', 'origin_busy', 'failed'))"""
    )
    database.execute("ALTER TABLE attempt ADD COLUMN reason TEXT NOT NULL DEFAULT ''")


@MIGRATIONS()
def m0010_limits(database: MigrationDatabase) -> None:
    """What requests ask: who else talks to the customer, and how often their phone rang today."""
    database.execute(
        "CREATE INDEX call_going_to ON call (destination) WHERE state IN ('claimed', 'requested', 'placed')"
    )
    database.execute("CREATE INDEX call_tried ON call (destination, deadline_at) WHERE attempts > 0")
    # Who waits for a customer that has just become free.
    database.execute(
        "CREATE INDEX call_destination ON call (destination) WHERE state = 'planned' AND reason <> ''"
    )


@MIGRATIONS()
def m0011_clock(database: MigrationDatabase) -> None:
    """What the clock was believed by, so that a step right before a crash is noticed after it."""
    database.execute(
        """CREATE TABLE clock (
               id INTEGER PRIMARY KEY CHECK (id = 1),
               boot_id TEXT NOT NULL,
               wall TEXT NOT NULL,
               boot REAL NOT NULL,
               monotonic REAL NOT NULL,
               stopped INTEGER NOT NULL CHECK (stopped IN (0, 1))
           ) STRICT"""
    )


# Not WITHOUT ROWID: there each row of more than a quarter of a page takes a page of its own beside, and the usual
# event is of that size: 100 MB of them took 300.
_OBJECT_IN_ROWS = """
CREATE TABLE object (
    collection TEXT NOT NULL REFERENCES collection,
    href TEXT NOT NULL,
    etag TEXT NOT NULL,
    data BLOB NOT NULL,
    problem TEXT NOT NULL DEFAULT '',
    uid TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (collection, href)
) STRICT
"""


@MIGRATIONS()
def m0012_objects_in_rows(database: MigrationDatabase) -> None:
    """Another layout of the same table, which takes a third of the room and of the time to write it."""
    columns = "collection, href, etag, data, problem, uid"
    database.execute("ALTER TABLE object RENAME TO wide_object")
    database.execute(_OBJECT_IN_ROWS)
    database.execute(f"INSERT INTO object ({columns}) SELECT {columns} FROM wide_object")
    database.execute("DROP TABLE wide_object")
    database.execute("CREATE INDEX object_uid ON object (collection, uid) WHERE uid <> ''")


@MIGRATIONS()
def m0013_departures(database: MigrationDatabase) -> None:
    """From which attempt on a process notes what leaves."""
    database.execute(
        """CREATE TABLE run (
               id INTEGER PRIMARY KEY CHECK (id = 1),
               run TEXT NOT NULL,
               boot_id TEXT NOT NULL,
               first_attempt INTEGER NOT NULL
           ) STRICT"""
    )


# The same promise as above; a list of pairs is built anew as a table at each change, which costs a burst a tenth.
_CALL_GOES_ITS_WAY_QUICKLY = """
CREATE TRIGGER call_goes_its_way BEFORE UPDATE OF state ON call
WHEN OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'planned' THEN NEW.state = 'claimed' OR NEW.state = 'ended'
    WHEN 'claimed' THEN NEW.state = 'planned' OR NEW.state = 'requested' OR NEW.state = 'ended'
    WHEN 'requested' THEN NEW.state = 'planned' OR NEW.state = 'placed' OR NEW.state = 'ended'
    WHEN 'placed' THEN NEW.state = 'planned' OR NEW.state = 'ended'
    ELSE 0 END
BEGIN SELECT RAISE(ABORT, 'a call does not go from this state to that one'); END
"""


@MIGRATIONS()
def m0014_quicker_trigger(database: MigrationDatabase) -> None:
    # The last made is asked first, and what is said of an ended call says more.
    for name in ("call_goes_its_way", "call_ended_is_final"):
        database.execute(f"DROP TRIGGER {name}")
    for promise in (_CALL_GOES_ITS_WAY_QUICKLY, CALL_IS_FINAL):
        database.execute(promise)


@MIGRATIONS()
def m0015_tallies(database: MigrationDatabase) -> None:
    """How many calls ever ended how: to count them would walk them all, and some are pruned."""
    database.execute("CREATE TABLE tally (outcome TEXT PRIMARY KEY, calls INTEGER NOT NULL) STRICT")
    database.execute(
        "INSERT INTO tally (outcome, calls) SELECT outcome, count(*) FROM call "
        "WHERE outcome IS NOT NULL GROUP BY outcome"
    )
    database.execute(
        """CREATE TRIGGER call_is_tallied AFTER UPDATE OF outcome ON call
           WHEN NEW.outcome IS NOT NULL AND NEW.outcome IS NOT OLD.outcome
           BEGIN INSERT INTO tally (outcome, calls) VALUES (NEW.outcome, 1)
               ON CONFLICT DO UPDATE SET calls = calls + 1; END"""
    )


@MIGRATIONS()
def m0016_letters(database: MigrationDatabase) -> None:
    """What is told by mail and webhook, and how far the history has been told."""
    create_letters(database)


_SLOT_IS_FREED = """
CREATE TRIGGER call_frees_its_slot BEFORE UPDATE OF state, attempts, slot_free ON call
WHEN NEW.slot_free IS NOT (NEW.state = 'ended' AND NEW.attempts = 0)
BEGIN SELECT RAISE(ABORT, 'a call frees its slot where it ends untried, and only there'); END
"""


@MIGRATIONS()
def m0017_slots(database: MigrationDatabase) -> None:
    """Promise 1's index no longer asks for the state: it was written anew at every step of a call.

    Each time in a place of its own of a big index, so that a burst wrote two fifths more.
    """
    database.execute("DROP INDEX call_slot")
    database.execute(
        "ALTER TABLE call ADD COLUMN slot_free INTEGER NOT NULL DEFAULT 0 CHECK (slot_free IN (0, 1))"
    )
    database.execute("UPDATE call SET slot_free = 1 WHERE state = 'ended' AND attempts = 0")
    database.execute(
        """CREATE UNIQUE INDEX call_slot ON call (origin, destination, asked_at)
           WHERE again_of IS NULL AND slot_free = 0"""
    )
    # The last made is asked first, as before.
    database.execute("DROP TRIGGER call_ended_is_final")
    for promise in (_SLOT_IS_FREED, CALL_IS_FINAL):
        database.execute(promise)


@MIGRATIONS()
def m0018_privacy(database: MigrationDatabase) -> None:
    """Which copies there are, and what may be forgotten: of the history whole calls only."""
    create_privacy(database)


# True of every call. Only statements that repeat it use the indexes below: SQLite would else take them for those
# that have smaller ones of their own.
SEARCHED = "id > 0"


@MIGRATIONS()
def m0019_looking_back(database: MigrationDatabase) -> None:
    """By when calls are due, for people who search them: all, those of one phone, and those to one customer."""
    database.execute(f"CREATE INDEX call_due ON call (due_at) WHERE {SEARCHED}")
    database.execute(f"CREATE INDEX call_of_origin ON call (origin, due_at) WHERE {SEARCHED}")
    database.execute(f"CREATE INDEX call_to_destination ON call (destination, due_at) WHERE {SEARCHED}")


@MIGRATIONS()
def m0020_annotations(database: MigrationDatabase) -> None:
    """What was written into events, so that it is written once, and taken out again."""
    create_annotations(database)
