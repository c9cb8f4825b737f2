-- Schema 1. A released file of this folder is never edited: later versions add files.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- One row for each content that was seen under a name. The same name with new bytes is a new row.
CREATE TABLE file (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  route         TEXT,                 -- NULL: named by a person, outside every watched folder
  root          TEXT NOT NULL,        -- the folder below which `path` lies
  path          TEXT NOT NULL,        -- components joined by '/'
  watched       INTEGER NOT NULL,     -- 1: may be moved to the archive
  size_bytes    INTEGER NOT NULL,
  modified_ns   TEXT NOT NULL,
  file_id       TEXT NOT NULL,
  state         TEXT NOT NULL,
  state_at      TEXT NOT NULL,
  reason_code   TEXT,
  reason_detail TEXT,
  released_code TEXT,                 -- what a person let pass
  sha256        BLOB,
  kind          TEXT, family TEXT, payer TEXT, month TEXT, volume TEXT,
  identity      TEXT,
  official_name TEXT,
  claims        INTEGER, payers INTEGER, points INTEGER,
  parcel        INTEGER REFERENCES parcel(row),
  seen_at       TEXT NOT NULL
) STRICT;
-- What a scan compares with: put away and vanished files, in time nearly all, are not in it.
CREATE INDEX file_live ON file(root, path, id) WHERE state NOT IN ('GONE', 'ARCHIVED');
CREATE INDEX file_parcel ON file(parcel) WHERE parcel IS NOT NULL;
CREATE INDEX file_state ON file(state);
CREATE INDEX file_sha256 ON file(sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX file_identity ON file(identity) WHERE identity IS NOT NULL;

CREATE TABLE parcel (
  row           INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL,
  sender        TEXT NOT NULL,
  direction     TEXT NOT NULL CHECK (direction IN ('out', 'in')),
  peer          TEXT NOT NULL,
  route         TEXT,                 -- out: the route it belongs to
  medium        TEXT,                 -- root of the medium it was last written to or found on
  sequence      INTEGER NOT NULL,
  attempt       INTEGER NOT NULL DEFAULT 0,
  state         TEXT NOT NULL,
  state_at      TEXT NOT NULL,
  verify_level  TEXT NOT NULL,
  reason_code   TEXT,
  reason_detail TEXT,
  released_code TEXT,
  header        BLOB NOT NULL,        -- the bytes of the header file, planned or found
  header_sha256 BLOB NOT NULL,
  created_at    TEXT NOT NULL,
  committed_at  TEXT,
  UNIQUE (sender, id)
) STRICT;
CREATE INDEX parcel_state ON parcel(direction, state);
CREATE INDEX parcel_created ON parcel(created_at);
CREATE INDEX parcel_open ON parcel(row) WHERE state NOT IN ('ARCHIVED', 'ACK_WRITTEN', 'CANCELLED');
-- A number is given to one parcel only.
CREATE UNIQUE INDEX parcel_sequence ON parcel(sequence) WHERE direction = 'out';

CREATE TABLE parcel_file (
  parcel        INTEGER NOT NULL REFERENCES parcel(row),
  ordinal       INTEGER NOT NULL,
  payload_path  TEXT NOT NULL,
  sha256        BLOB NOT NULL,
  size_bytes    INTEGER NOT NULL,
  kind          TEXT, family TEXT, payer TEXT, month TEXT, volume TEXT,
  identity      TEXT,
  file          INTEGER REFERENCES file(id),   -- out: the source
  inbox         TEXT,                          -- in: root of the inbox
  destination   TEXT,                          -- in: planned place below it
  delivered     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (parcel, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX parcel_file_sha256 ON parcel_file(sha256);
CREATE INDEX parcel_file_identity ON parcel_file(identity) WHERE identity IS NOT NULL;
CREATE INDEX parcel_file_source ON parcel_file(file) WHERE file IS NOT NULL;

-- What was about to be done outside the journal, and what came of it.
CREATE TABLE intent (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  parcel  INTEGER REFERENCES parcel(row),
  action  TEXT NOT NULL,
  detail  TEXT NOT NULL,
  done_at TEXT,
  outcome TEXT
) STRICT;
CREATE INDEX intent_open ON intent(parcel) WHERE done_at IS NULL;

-- What another process asks the running service to do.
CREATE TABLE request (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  kind    TEXT NOT NULL,
  args    TEXT NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('new', 'running', 'done')),
  outcome TEXT,
  done_at TEXT
) STRICT;
CREATE INDEX request_state ON request(state) WHERE state <> 'done';

-- Every change of state and every decision, each entry hashing the one before.
CREATE TABLE history (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  at         TEXT NOT NULL,
  actor      TEXT NOT NULL,
  subject    TEXT NOT NULL,           -- 'F<id>' a file, 'P<row>' a parcel, 'A<id>' an alert, 'S' the station
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  note       TEXT NOT NULL,
  hash       BLOB NOT NULL
) STRICT;
CREATE INDEX history_subject ON history(subject, seq);
CREATE TRIGGER history_no_update BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER history_no_delete BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

-- What waits for a person and belongs to no file or parcel: an acknowledgement that nobody knows, a file that never settles.
CREATE TABLE alert (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         TEXT NOT NULL,
  code       TEXT NOT NULL,
  place      TEXT NOT NULL,
  detail     TEXT NOT NULL,
  settled_at TEXT
) STRICT;
CREATE UNIQUE INDEX alert_open ON alert(code, place) WHERE settled_at IS NULL;

-- The latest checkpoint that another station showed us of its own chain.
CREATE TABLE witness (
  peer TEXT NOT NULL,
  seq  INTEGER NOT NULL,
  hash BLOB NOT NULL,
  at   TEXT NOT NULL,
  PRIMARY KEY (peer, seq)
) STRICT, WITHOUT ROWID;
