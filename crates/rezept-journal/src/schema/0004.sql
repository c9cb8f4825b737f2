-- Schema 4.

-- ==== Reasons and decisions ==========================================================================================
-- What a content is for; NULL: written by an older program.
ALTER TABLE file ADD COLUMN purpose TEXT;
ALTER TABLE parcel_file ADD COLUMN purpose TEXT;
-- in: 1 while the file waits for a person, though others of its parcel were delivered.
ALTER TABLE parcel_file ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- Why a content waits now, as it was last judged. Replaced with every judgement.
CREATE TABLE reason (
  subject  TEXT NOT NULL,             -- 'F12' a file of this station, 'P3/0' a file of a parcel that arrived
  ordinal  INTEGER NOT NULL,
  code     TEXT NOT NULL,
  evidence TEXT NOT NULL,             -- words, separated by spaces
  detail   TEXT NOT NULL,
  alone    INTEGER NOT NULL,          -- 1: the content gives it by itself, whatever else is known
  covered  INTEGER NOT NULL,          -- 1: a decision answers it
  PRIMARY KEY (subject, ordinal)
) STRICT, WITHOUT ROWID;

-- One row for each reason of one content that a person decided. Never changed, never removed.
CREATE TABLE decision (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  at       TEXT NOT NULL,
  actor    TEXT NOT NULL,
  subject  TEXT NOT NULL,
  sha256   BLOB NOT NULL,
  code     TEXT NOT NULL,
  evidence TEXT NOT NULL,
  verdict  TEXT NOT NULL CHECK (verdict IN ('release', 'refuse')),
  why      TEXT NOT NULL              -- in the person's own words
) STRICT;
CREATE INDEX decision_content ON decision(sha256);
-- ==== End of reasons and decisions ===================================================================================
