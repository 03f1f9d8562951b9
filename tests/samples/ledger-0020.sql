BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'ledger','m0001_first_ledger','2026-11-23 05:35:29.289822+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'ledger','m0002_vanished_calls','2026-11-23 08:39:37.538286+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'ledger','m0003_broken_objects','2026-11-23 08:39:37.563161+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'ledger','m0004_provenance','2026-11-23 08:39:37.576860+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'ledger','m0005_last_look','2026-11-23 08:39:37.596784+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'ledger','m0006_evidence','2026-11-23 08:39:37.639556+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'ledger','m0007_moved_calls','2026-11-23 08:52:14.506429+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'ledger','m0008_pauses','2026-11-23 08:52:14.514326+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'ledger','m0009_outcome_of_attempts','2026-11-23 09:25:57.931722+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'ledger','m0010_limits','2026-11-23 09:25:57.937866+00:00');
INSERT INTO "_sqlite_migrations" VALUES(11,'ledger','m0011_clock','2026-11-23 12:34:49.120541+00:00');
INSERT INTO "_sqlite_migrations" VALUES(12,'ledger','m0012_objects_in_rows','2026-11-23 12:43:19.776972+00:00');
INSERT INTO "_sqlite_migrations" VALUES(13,'ledger','m0013_departures','2026-11-23 12:58:44.187536+00:00');
INSERT INTO "_sqlite_migrations" VALUES(14,'ledger','m0014_quicker_trigger','2026-11-23 13:14:48.110190+00:00');
INSERT INTO "_sqlite_migrations" VALUES(15,'ledger','m0015_tallies','2026-11-23 13:31:45.133078+00:00');
INSERT INTO "_sqlite_migrations" VALUES(16,'ledger','m0016_letters','2026-11-23 16:04:54.738427+00:00');
INSERT INTO "_sqlite_migrations" VALUES(17,'ledger','m0017_slots','2026-11-23 16:23:44.931712+00:00');
INSERT INTO "_sqlite_migrations" VALUES(18,'ledger','m0018_privacy','2026-11-23 16:30:54.770042+00:00');
INSERT INTO "_sqlite_migrations" VALUES(19,'ledger','m0019_looking_back','2026-11-23 16:38:41.156810+00:00');
INSERT INTO "_sqlite_migrations" VALUES(20,'ledger','m0020_annotations','2026-11-23 17:53:02.028454+00:00');
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
;
CREATE TABLE appointment (
    collection TEXT NOT NULL,
    uid TEXT NOT NULL,
    recurrence_id TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    call_id INTEGER NOT NULL REFERENCES call,
    gone_at TEXT,
    PRIMARY KEY (collection, uid, recurrence_id, asked_at, call_id)
) STRICT, WITHOUT ROWID
;
INSERT INTO "appointment" VALUES('sales','uid-0@example.com','','2026-11-23T12:00:00.000000Z',1,NULL);
INSERT INTO "appointment" VALUES('sales','uid-1@example.com','','2026-11-23T12:00:00.000000Z',2,NULL);
INSERT INTO "appointment" VALUES('sales','uid-2@example.com','','2026-11-23T12:00:00.000000Z',3,NULL);
INSERT INTO "appointment" VALUES('sales','uid-3@example.com','','2026-11-23T12:00:00.000000Z',4,NULL);
INSERT INTO "appointment" VALUES('sales','uid-4@example.com','','2026-11-23T12:00:00.000000Z',5,NULL);
INSERT INTO "appointment" VALUES('sales','uid-5@example.com','','2026-11-23T12:00:00.000000Z',6,'2026-11-23T11:59:00.000000Z');
INSERT INTO "appointment" VALUES('team','uid-1@example.com','','2026-11-23T12:00:00.000000Z',2,NULL);
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
    closed_at TEXT, outcome TEXT CHECK (outcome IN ('answered', 'no_answer', 'busy',
               'origin_no_answer', 'origin_busy', 'failed')), reason TEXT NOT NULL DEFAULT '',
    UNIQUE (call_id, number)
) STRICT
;
INSERT INTO "attempt" VALUES(1,1,1,'reference-1','2026-11-23T12:00:00.000000Z','accepted','','1',65,'2026-11-23T12:02:00.000000Z','answered','talked 1 min 5 s');
INSERT INTO "attempt" VALUES(2,2,1,'reference-2','2026-11-23T12:00:00.000000Z','accepted','','2',NULL,NULL,NULL,'');
INSERT INTO "attempt" VALUES(3,3,1,'reference-3','2026-11-23T12:00:00.000000Z','perhaps_sent','no answer within 10 s','',NULL,NULL,NULL,'');
INSERT INTO "attempt" VALUES(4,5,1,'reference-4','2026-11-23T12:00:00.000000Z','not_sent','no route','',NULL,'2026-11-23T12:00:00.000000Z',NULL,'');
CREATE TABLE backup (path TEXT PRIMARY KEY, made_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE call (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'claimed', 'requested', 'placed', 'ended')),
    outcome TEXT CHECK (outcome IN ('answered', 'no_answer', 'busy', 'origin_no_answer', 'origin_busy',
        'failed', 'barred', 'missed', 'cancelled', 'unknown')),
    reason TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL CHECK (origin GLOB '+[0-9]*' AND origin NOT GLOB '+*[^0-9]*'),
    destination TEXT NOT NULL CHECK (destination GLOB '+[0-9]*' AND destination NOT GLOB '+*[^0-9]*' AND destination <> origin),
    cli TEXT CHECK (cli GLOB '+[0-9]*' AND cli NOT GLOB '+*[^0-9]*'),
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
    starts_at TEXT, slot_free INTEGER NOT NULL DEFAULT 0 CHECK (slot_free IN (0, 1)),
    CHECK ((outcome IS NOT NULL) = (state = 'ended'))
) STRICT
;
INSERT INTO "call" VALUES(1,'ended','answered','talked 1 min 5 s','+442079460100','+32468373901',NULL,'ALLOWED','Call Ben','2026-11-23T12:00:00.000000Z','2026-11-23T12:00:00.000000Z','2026-11-23T12:05:00.000000Z','2026-11-23T12:00:00.000000Z',0,NULL,1,NULL,'2026-11-23T11:00:00.000000Z','2026-11-23T12:02:00.000000Z',NULL,0);
INSERT INTO "call" VALUES(2,'placed',NULL,'','+442079460101','+32468373901',NULL,'ALLOWED','Call Zoë','2026-11-23T12:00:00.000000Z','2026-11-23T12:00:00.000000Z','2026-11-23T12:05:00.000000Z','2026-11-23T12:00:00.000000Z',0,NULL,1,NULL,'2026-11-23T11:00:00.000000Z',NULL,NULL,0);
INSERT INTO "call" VALUES(3,'requested',NULL,'','+442079460102','+32468373901',NULL,'ALLOWED','Call Ben','2026-11-23T12:00:00.000000Z','2026-11-23T12:00:00.000000Z','2026-11-23T12:05:00.000000Z','2026-11-23T12:00:00.000000Z',0,NULL,1,NULL,'2026-11-23T11:00:00.000000Z',NULL,NULL,0);
INSERT INTO "call" VALUES(4,'claimed',NULL,'','+442079460103','+32468373901',NULL,'ALLOWED','Call Ben','2026-11-23T12:00:00.000000Z','2026-11-23T12:00:00.000000Z','2026-11-23T12:05:00.000000Z','2026-11-23T12:00:00.000000Z',0,'token-0',0,NULL,'2026-11-23T11:00:00.000000Z',NULL,NULL,0);
INSERT INTO "call" VALUES(5,'planned',NULL,'the provider could not be reached','+442079460104','+32468373901',NULL,'ALLOWED','Call Ben','2026-11-23T12:00:00.000000Z','2026-11-23T12:00:00.000000Z','2026-11-23T12:05:00.000000Z','2026-11-23T12:00:05.000000Z',0,NULL,1,NULL,'2026-11-23T11:00:00.000000Z',NULL,NULL,0);
INSERT INTO "call" VALUES(6,'ended','cancelled','the appointment is no longer in the calendar','+442079460105','+32468373901',NULL,'ALLOWED','Call Ben','2026-11-23T12:00:00.000000Z','2026-11-23T12:00:00.000000Z','2026-11-23T12:05:00.000000Z','2026-11-23T12:00:00.000000Z',0,NULL,0,NULL,'2026-11-23T11:00:00.000000Z','2026-11-23T11:59:00.000000Z',NULL,1);
CREATE TABLE "cdr" (
    id INTEGER PRIMARY KEY,
    attempt_id INTEGER REFERENCES attempt,
    source TEXT NOT NULL CHECK (source IN ('callback', 'list')),
    received_at TEXT NOT NULL,
    raw TEXT NOT NULL,
    weighed_at TEXT,
    CHECK (attempt_id IS NOT NULL OR (source = 'list' AND weighed_at IS NOT NULL))
) STRICT
;
INSERT INTO "cdr" VALUES(1,1,'callback','2026-11-23T12:01:00.000000Z','{"callDuration": 65, "callReleaseInfo": "", "destination": "32468373901", "origin": "442079460100", "sessionId": "1"}','2026-11-23T12:01:00.000000Z');
INSERT INTO "cdr" VALUES(2,1,'list','2026-11-23T12:01:00.000000Z','{"callDuration": 65, "callReleaseInfo": "", "destination": "32468373901", "origin": "442079460100", "sessionId": "1"}','2026-11-23T12:01:00.000000Z');
INSERT INTO "cdr" VALUES(3,2,'callback','2026-11-23T12:01:00.000000Z','not readable',NULL);
INSERT INTO "cdr" VALUES(4,NULL,'list','2026-11-23T12:01:00.000000Z','{"destination": "442079460199", "origin": "442079460100", "sessionId": "9"}','2026-11-23T12:01:00.000000Z');
INSERT INTO "cdr" VALUES(5,NULL,'list','2026-11-23T12:01:00.000000Z','"nonsense"','2026-11-23T12:01:00.000000Z');
CREATE TABLE clock (
               id INTEGER PRIMARY KEY CHECK (id = 1),
               boot_id TEXT NOT NULL,
               wall TEXT NOT NULL,
               boot REAL NOT NULL,
               monotonic REAL NOT NULL,
               stopped INTEGER NOT NULL CHECK (stopped IN (0, 1))
           ) STRICT;
INSERT INTO "clock" VALUES(1,'11111111-2222-4333-8444-555555555555','2026-11-23T12:00:00.000000Z',1000.0,900.0,0);
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
, looked_at TEXT, look_problem TEXT NOT NULL DEFAULT '') STRICT
;
INSERT INTO "collection" VALUES('sales','digest','{}','2026-11-23T12:00:00.000000Z','2026-11-23T12:00:00.000000Z','digest','2026-11-23T12:00:00.000000Z',0,'',0,NULL,'');
CREATE TABLE command (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    arguments TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    taken_at TEXT,
    done_at TEXT,
    result TEXT NOT NULL DEFAULT ''
) STRICT
;
INSERT INTO "command" VALUES(1,'sync','{}','2026-11-23T12:00:00.000000Z',NULL,NULL,'');
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    call_id INTEGER REFERENCES call,
    attempt_id INTEGER REFERENCES attempt,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT ''
) STRICT
;
INSERT INTO "event" VALUES(1,'2026-11-23T11:00:00.000000Z',1,NULL,'planned','');
INSERT INTO "event" VALUES(2,'2026-11-23T11:00:00.000000Z',2,NULL,'planned','');
INSERT INTO "event" VALUES(3,'2026-11-23T11:00:00.000000Z',3,NULL,'planned','');
INSERT INTO "event" VALUES(4,'2026-11-23T11:00:00.000000Z',4,NULL,'planned','');
INSERT INTO "event" VALUES(5,'2026-11-23T11:00:00.000000Z',5,NULL,'planned','');
INSERT INTO "event" VALUES(6,'2026-11-23T11:00:00.000000Z',6,NULL,'planned','');
INSERT INTO "event" VALUES(7,'2026-11-23T11:59:00.000000Z',6,NULL,'cancelled','');
INSERT INTO "event" VALUES(8,'2026-11-23T12:00:00.000000Z',1,1,'requested','');
INSERT INTO "event" VALUES(9,'2026-11-23T12:00:00.000000Z',1,1,'accepted','');
INSERT INTO "event" VALUES(10,'2026-11-23T12:02:00.000000Z',1,1,'answered','');
INSERT INTO "event" VALUES(11,'2026-11-23T12:00:00.000000Z',2,2,'requested','');
INSERT INTO "event" VALUES(12,'2026-11-23T12:00:00.000000Z',2,2,'accepted','');
INSERT INTO "event" VALUES(13,'2026-11-23T12:00:00.000000Z',3,3,'requested','');
INSERT INTO "event" VALUES(14,'2026-11-23T12:00:00.000000Z',3,3,'perhaps_sent','');
INSERT INTO "event" VALUES(15,'2026-11-23T12:00:00.000000Z',5,4,'requested','');
INSERT INTO "event" VALUES(16,'2026-11-23T12:00:00.000000Z',5,4,'not_sent','');
INSERT INTO "event" VALUES(17,'2026-11-23T12:03:00.000000Z',1,1,'contradicted','busy');
INSERT INTO "event" VALUES(18,'2026-11-23T12:03:00.000000Z',1,NULL,'alert','call 1: the provider''s record of attempt 1 says busy, where answered (1 min 5 s) was recorded before; that stays');
INSERT INTO "event" VALUES(19,'2026-11-23T12:04:00.000000Z',NULL,NULL,'acknowledged','ann');
CREATE TABLE forgetting (
    call_id INTEGER UNIQUE,
    before TEXT,
    CHECK ((call_id IS NULL) <> (before IS NULL))
) STRICT
;
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
;
INSERT INTO "letter" VALUES(1,'mail:admin@example.com','event 1','missed','','','2026-11-23T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,'','2026-11-23T09:00:02.000000Z',NULL);
CREATE TABLE object (
    collection TEXT NOT NULL REFERENCES collection,
    href TEXT NOT NULL,
    etag TEXT NOT NULL,
    data BLOB NOT NULL,
    problem TEXT NOT NULL DEFAULT '',
    uid TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (collection, href)
) STRICT
;
INSERT INTO "object" VALUES('sales','uid-1.ics','"1"',X'424547494E3A5643414C454E4441520D0A454E443A5643414C454E4441520D0A','not an iCalendar object','uid-1@example.com');
CREATE TABLE pause (
    id INTEGER PRIMARY KEY,
    calendar TEXT,
    origin TEXT CHECK (origin GLOB '+[0-9]*' AND origin NOT GLOB '+*[^0-9]*'),
    since TEXT NOT NULL,
    until TEXT CHECK (until > since),
    reason TEXT NOT NULL,
    resumed_at TEXT,
    CHECK (calendar IS NULL OR origin IS NULL)
) STRICT
;
CREATE TABLE provenance (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    tzdata TEXT NOT NULL,
    parser TEXT NOT NULL,
    configuration TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT
;
INSERT INTO "provenance" VALUES(1,'2026a','1','digest','2026-11-23T11:00:00.000000Z');
CREATE TABLE restoration (id INTEGER PRIMARY KEY CHECK (id = 1), restored_at TEXT NOT NULL) STRICT;
CREATE TABLE run (
               id INTEGER PRIMARY KEY CHECK (id = 1),
               run TEXT NOT NULL,
               boot_id TEXT NOT NULL,
               first_attempt INTEGER NOT NULL
           ) STRICT;
INSERT INTO "run" VALUES(1,'0123456789abcd','11111111-2222-4333-8444-555555555555',1);
CREATE TABLE tally (outcome TEXT PRIMARY KEY, calls INTEGER NOT NULL) STRICT;
INSERT INTO "tally" VALUES('answered',1);
INSERT INTO "tally" VALUES('cancelled',1);
CREATE TABLE told (id INTEGER PRIMARY KEY CHECK (id = 1), event_id INTEGER NOT NULL) STRICT;
INSERT INTO "told" VALUES(1,1);
CREATE TABLE tombstone (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    until TEXT NOT NULL
) STRICT, WITHOUT ROWID
;
CREATE TABLE trouble (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    since TEXT NOT NULL,
    over_at TEXT CHECK (over_at >= since)
) STRICT
;
INSERT INTO "trouble" VALUES(1,'auth sales','auth','Calendar sales refuses our login','2026-11-23T09:00:00.000000Z',NULL);
CREATE TABLE vanished (
    collection TEXT NOT NULL REFERENCES collection,
    call_id INTEGER NOT NULL REFERENCES call,
    since TEXT NOT NULL,
    missed_at TEXT NOT NULL CHECK (missed_at >= since),
    held INTEGER NOT NULL CHECK (held IN (0, 1)),
    accepted INTEGER NOT NULL DEFAULT 0 CHECK (accepted IN (0, 1) AND accepted <= held),
    PRIMARY KEY (collection, call_id)
) STRICT, WITHOUT ROWID
;
INSERT INTO "vanished" VALUES('sales',5,'2026-11-23T11:58:00.000000Z','2026-11-23T11:59:00.000000Z',1,0);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX appointment_means ON appointment (collection, uid, recurrence_id, asked_at)
WHERE gone_at IS NULL
;
CREATE INDEX call_wake ON call (wake_at) WHERE state = 'planned';
CREATE INDEX call_going_on ON call (origin) WHERE state IN ('claimed', 'requested', 'placed');
CREATE INDEX call_origin ON call (origin, due_at) WHERE state = 'planned';
CREATE INDEX call_asked ON call (asked_at);
CREATE INDEX call_unknown ON call (ended_at) WHERE outcome = 'unknown';
CREATE UNIQUE INDEX attempt_open ON attempt (call_id) WHERE closed_at IS NULL;
CREATE INDEX attempt_waiting ON attempt (requested_at) WHERE closed_at IS NULL;
CREATE INDEX attempt_requested ON attempt (requested_at);
CREATE INDEX appointment_call ON appointment (call_id);
CREATE INDEX appointment_asked ON appointment (asked_at);
CREATE INDEX event_call ON event (call_id);
CREATE INDEX command_open ON command (id) WHERE taken_at IS NULL;
CREATE TRIGGER event_never_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
CREATE UNIQUE INDEX cdr_listed ON "cdr" (raw) WHERE source = 'list';
CREATE UNIQUE INDEX cdr_called_back ON "cdr" (attempt_id, raw) WHERE source = 'callback';
CREATE INDEX cdr_attempt ON cdr (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX cdr_unweighed ON cdr (id) WHERE weighed_at IS NULL;
CREATE UNIQUE INDEX call_again ON call (again_of) WHERE again_of IS NOT NULL;
CREATE INDEX event_alert ON event (at) WHERE kind IN ('alert', 'missed');
CREATE INDEX event_acknowledged ON event (id) WHERE kind = 'acknowledged';
CREATE INDEX call_moved ON call (due_at, asked_at) WHERE due_at > asked_at;
CREATE INDEX call_waiting ON call (wake_at) WHERE state = 'planned' AND wake_at > due_at;
CREATE INDEX call_going_to ON call (destination) WHERE state IN ('claimed', 'requested', 'placed');
CREATE INDEX call_tried ON call (destination, deadline_at) WHERE attempts > 0;
CREATE INDEX call_destination ON call (destination) WHERE state = 'planned' AND reason <> '';
CREATE INDEX object_uid ON object (collection, uid) WHERE uid <> '';
CREATE TRIGGER call_goes_its_way BEFORE UPDATE OF state ON call
WHEN OLD.state <> NEW.state AND NOT CASE OLD.state
    WHEN 'planned' THEN NEW.state = 'claimed' OR NEW.state = 'ended'
    WHEN 'claimed' THEN NEW.state = 'planned' OR NEW.state = 'requested' OR NEW.state = 'ended'
    WHEN 'requested' THEN NEW.state = 'planned' OR NEW.state = 'placed' OR NEW.state = 'ended'
    WHEN 'placed' THEN NEW.state = 'planned' OR NEW.state = 'ended'
    ELSE 0 END
BEGIN SELECT RAISE(ABORT, 'a call does not go from this state to that one'); END;
CREATE TRIGGER call_is_tallied AFTER UPDATE OF outcome ON call
           WHEN NEW.outcome IS NOT NULL AND NEW.outcome IS NOT OLD.outcome
           BEGIN INSERT INTO tally (outcome, calls) VALUES (NEW.outcome, 1)
               ON CONFLICT DO UPDATE SET calls = calls + 1; END;
CREATE UNIQUE INDEX trouble_lasts ON trouble (name) WHERE over_at IS NULL;
CREATE INDEX letter_waits ON letter (recipient, due_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX letter_sent ON letter (recipient, sent_at) WHERE sent_at IS NOT NULL;
CREATE UNIQUE INDEX call_slot ON call (origin, destination, asked_at)
           WHERE again_of IS NULL AND slot_free = 0;
CREATE TRIGGER call_frees_its_slot BEFORE UPDATE OF state, attempts, slot_free ON call
WHEN NEW.slot_free IS NOT (NEW.state = 'ended' AND NEW.attempts = 0)
BEGIN SELECT RAISE(ABORT, 'a call frees its slot where it ends untried, and only there'); END;
CREATE TRIGGER call_ended_is_final
BEFORE UPDATE OF state, outcome, attempts, asked_at, due_at, deadline_at, ended_at ON call
WHEN OLD.state = 'ended' AND NOT (OLD.outcome = 'unknown' AND NEW.state = 'ended')
BEGIN SELECT RAISE(ABORT, 'an ended call never changes, unless its outcome is unknown'); END;
CREATE TRIGGER event_never_delete BEFORE DELETE ON event
WHEN NOT EXISTS (SELECT 1 FROM forgetting WHERE call_id = OLD.call_id)
    AND (OLD.call_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM forgetting WHERE OLD.at < before))
BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
CREATE INDEX event_attempt ON event (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX call_due ON call (due_at) WHERE id > 0;
CREATE INDEX call_of_origin ON call (origin, due_at) WHERE id > 0;
CREATE INDEX call_to_destination ON call (destination, due_at) WHERE id > 0;
CREATE INDEX annotation_silent ON annotation (silent_until) WHERE silent_until IS NOT NULL;
INSERT INTO "annotation" VALUES('sales','one','','0123456789abcdef','','2026-11-23T09:00:00.000000Z',NULL);
COMMIT;
