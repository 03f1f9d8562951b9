"""Tables for people, as the migrations of schema.py make them: what they are told, and what is forgotten of them.

What a released version made stays here as it is; a change is a migration of its own.
"""

from __future__ import annotations

from scheduler.database import MigrationDatabase

# What lasts for a while, as a calendar that refuses our login, until it is over.
_TROUBLE = """
CREATE TABLE trouble (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    since TEXT NOT NULL,
    over_at TEXT CHECK (over_at >= since)
) STRICT
"""

# What somebody is to be told, once: the key says what of. Its words are forgotten once they were handed over.
_LETTER = """
CREATE TABLE letter (
    id INTEGER PRIMARY KEY,
    recipient TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    made_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '',
    sent_at TEXT,
    given_up_at TEXT,
    UNIQUE (recipient, key),
    CHECK (sent_at IS NULL OR given_up_at IS NULL),
    CHECK ((sent_at IS NULL AND given_up_at IS NULL) OR (title = '' AND body = ''))
) STRICT
"""

LETTER_WAITS = "sent_at IS NULL AND given_up_at IS NULL"


def create_letters(database: MigrationDatabase) -> None:
    database.execute(_TROUBLE)
    database.execute(_LETTER)
    database.execute("CREATE UNIQUE INDEX trouble_lasts ON trouble (name) WHERE over_at IS NULL")
    database.execute(f"CREATE INDEX letter_waits ON letter (recipient, due_at) WHERE {LETTER_WAITS}")
    database.execute("CREATE INDEX letter_sent ON letter (recipient, sent_at) WHERE sent_at IS NOT NULL")
    database.execute("CREATE TABLE told (id INTEGER PRIMARY KEY CHECK (id = 1), event_id INTEGER NOT NULL) STRICT")


# Rule 14: what isn't rung, though a calendar still asks for it. A digest tells nobody whose number it was.
_TOMBSTONE = """
CREATE TABLE tombstone (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    until TEXT NOT NULL
) STRICT, WITHOUT ROWID
"""

# What may be deleted of the history: all of one call, or what belongs to none and is older. Empty between
# transactions.
_FORGETTING = """
CREATE TABLE forgetting (
    call_id INTEGER UNIQUE,
    before TEXT,
    CHECK ((call_id IS NULL) <> (before IS NULL))
) STRICT
"""

_HISTORY_IS_KEPT = """
CREATE TRIGGER event_never_delete BEFORE DELETE ON event
WHEN NOT EXISTS (SELECT 1 FROM forgetting WHERE call_id = OLD.call_id)
    AND (OLD.call_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM forgetting WHERE OLD.at < before))
BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END
"""


def create_privacy(database: MigrationDatabase) -> None:
    database.execute("CREATE TABLE backup (path TEXT PRIMARY KEY, made_at TEXT NOT NULL) STRICT, WITHOUT ROWID")
    database.execute(
        "CREATE TABLE restoration (id INTEGER PRIMARY KEY CHECK (id = 1), restored_at TEXT NOT NULL) STRICT"
    )
    for table in (_TOMBSTONE, _FORGETTING):
        database.execute(table)
    database.execute("DROP TRIGGER event_never_delete")
    database.execute(_HISTORY_IS_KEPT)
    # To delete an attempt, SQLite looks for what names it.
    database.execute("CREATE INDEX event_attempt ON event (attempt_id) WHERE attempt_id IS NOT NULL")


# What of ours stands in whose calendar's events: a digest, since the line itself may name people.
_ANNOTATION = """
CREATE TABLE annotation (
    collection TEXT NOT NULL,
    uid TEXT NOT NULL,
    recurrence_id TEXT NOT NULL,
    told TEXT NOT NULL,
    problem TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    silent_until TEXT,
    PRIMARY KEY (collection, uid, recurrence_id)
) STRICT, WITHOUT ROWID
"""


def create_annotations(database: MigrationDatabase) -> None:
    database.execute(_ANNOTATION)
    # Until when an event may say that nothing will ring: it says so still when its start is past.
    database.execute("CREATE INDEX annotation_silent ON annotation (silent_until) WHERE silent_until IS NOT NULL")
