-- Schema 3: sealed parcels, keys and pairing, registered media, people, checkpoints that were handed out.

-- `header` stays what it was: the bytes of the header on the medium, planned or found.
ALTER TABLE parcel ADD COLUMN form TEXT NOT NULL DEFAULT 'bag' CHECK (form IN ('bag', 'sealed'));
ALTER TABLE parcel ADD COLUMN inner BLOB;       -- sealed: the plain header inside
ALTER TABLE parcel ADD COLUMN signature BLOB;   -- the bytes of the signature file of `header`; NULL: unsigned

-- Another station, as this one knows it. Its row appears when a person has compared the code on both screens.
CREATE TABLE peer (
  name         TEXT PRIMARY KEY,
  signing_key  TEXT NOT NULL,         -- minisign public key, base64
  opening_key  TEXT NOT NULL,         -- age recipient that it reads with now
  opening_at   TEXT NOT NULL,         -- since when this station knows of that one
  recovery_key TEXT,                  -- age recipient of its facility's paper key
  state        TEXT NOT NULL CHECK (state IN ('paired', 'revoked')),
  state_at     TEXT NOT NULL,
  paired_at    TEXT NOT NULL
) STRICT;

-- The public halves of this station's own keys; the private ones are in its vault.
CREATE TABLE own_key (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  kind          TEXT NOT NULL CHECK (kind IN ('signing', 'opening', 'recovery')),
  public        TEXT NOT NULL UNIQUE,
  made_at       TEXT NOT NULL,
  superseded_at TEXT,
  destroyed_at  TEXT
) STRICT;

-- Registered media. The id stands in a file on the medium; everything else is only here.
CREATE TABLE medium (
  row           INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL UNIQUE,
  label         TEXT NOT NULL,
  owner         TEXT NOT NULL,
  class         TEXT NOT NULL CHECK (class IN ('genpi', 'hi', 'kokai')),
  volume_label  TEXT,
  serial        TEXT,
  state         TEXT NOT NULL CHECK (state IN ('here', 'out', 'lost', 'retired')),
  state_at      TEXT NOT NULL,
  registered_at TEXT NOT NULL,
  out_by        TEXT, out_for TEXT, out_due TEXT
) STRICT;

-- Which parcel stood on which registered medium, and until when.
CREATE TABLE parcel_medium (
  parcel     INTEGER NOT NULL REFERENCES parcel(row),
  medium     INTEGER NOT NULL REFERENCES medium(row),
  written_at TEXT NOT NULL,
  removed_at TEXT,
  PRIMARY KEY (parcel, medium)
) STRICT, WITHOUT ROWID;
CREATE INDEX parcel_medium_medium ON parcel_medium(medium);

-- People. Nobody is ever deleted: what they did stays theirs.
CREATE TABLE operator (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  name         TEXT NOT NULL UNIQUE,
  secret       TEXT NOT NULL,         -- argon2, as a PHC string
  made_at      TEXT NOT NULL,
  retired_at   TEXT,
  failures     INTEGER NOT NULL DEFAULT 0,
  locked_until TEXT
) STRICT;
CREATE TABLE operator_role (
  operator INTEGER NOT NULL REFERENCES operator(id),
  role     TEXT NOT NULL CHECK (role IN ('system-admin', 'information-manager', 'operations-manager', 'user')),
  PRIMARY KEY (operator, role)
) STRICT, WITHOUT ROWID;
-- Who sent it, who else approved it, and what the scanner or a person said of it: all of this content only.
ALTER TABLE file ADD COLUMN submitted_by TEXT;
ALTER TABLE file ADD COLUMN approved_by TEXT;
ALTER TABLE file ADD COLUMN scan TEXT;

-- Checkpoints of this station's own chain that went out in a header or an acknowledgement. The first one given under a
-- number stays: a restored or rewritten chain gives another one, and is found by it.
CREATE TABLE checkpoint_given (
  peer TEXT NOT NULL,
  seq  INTEGER NOT NULL,
  hash BLOB NOT NULL,
  at   TEXT NOT NULL,
  via  TEXT NOT NULL,                 -- id of the parcel whose header or acknowledgement carried it
  PRIMARY KEY (peer, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER checkpoint_given_no_update BEFORE UPDATE ON checkpoint_given
  BEGIN SELECT RAISE(ABORT, 'checkpoint_given is append-only'); END;
CREATE TRIGGER checkpoint_given_no_delete BEFORE DELETE ON checkpoint_given
  BEGIN SELECT RAISE(ABORT, 'checkpoint_given is append-only'); END;

-- What other stations said they hold of this station's chain.
CREATE TABLE checkpoint_held (
  peer TEXT NOT NULL,
  seq  INTEGER NOT NULL,
  hash BLOB NOT NULL,
  at   TEXT NOT NULL,
  PRIMARY KEY (peer, seq, hash)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER checkpoint_held_no_update BEFORE UPDATE ON checkpoint_held
  BEGIN SELECT RAISE(ABORT, 'checkpoint_held is append-only'); END;
CREATE TRIGGER checkpoint_held_no_delete BEFORE DELETE ON checkpoint_held
  BEGIN SELECT RAISE(ABORT, 'checkpoint_held is append-only'); END;

-- Checkpoints that other stations showed of their own chains, in the order in which they came: what came first under a number
-- stays. One that no signature proved (key '') never contradicts one that a paired station's key did.
CREATE TABLE witness_of_keys (
  peer    TEXT NOT NULL,
  key     TEXT NOT NULL,              -- the signing key that proved it; '': none
  seq     INTEGER NOT NULL,
  hash    BLOB NOT NULL,
  at      TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  PRIMARY KEY (peer, key, seq, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO witness_of_keys SELECT peer, '', seq, hash, at, row_number() OVER (PARTITION BY peer ORDER BY seq) FROM witness;
DROP TABLE witness;
ALTER TABLE witness_of_keys RENAME TO witness;
