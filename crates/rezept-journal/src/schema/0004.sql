-- Schema 4.

-- ==== Reasons and decisions ============================================================================
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
-- ==== End of reasons and decisions ============================================================================

-- ==== The register (控え) ==================================================================================
-- Every content that passed, left, arrived or was resubmitted, and a print of each claim in it. What became of a content is
-- not here: it follows from file, parcel_file and resubmission by sha256.

-- One row for each content.
CREATE TABLE register_content (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  sha256    BLOB NOT NULL UNIQUE,
  identity  TEXT NOT NULL,            -- without the purpose: equal for two contents that claim to be the same file
  kind      TEXT NOT NULL,
  family    TEXT NOT NULL,
  payer     TEXT NOT NULL,
  facility  TEXT NOT NULL,
  month     TEXT NOT NULL,
  volume    TEXT NOT NULL,
  purpose   TEXT NOT NULL CHECK (purpose IN ('month', 'part', 'resubmission', 'correction', 'trial')),
  corrects  BLOB,                     -- sha256 of the content that this one takes the place of
  claims    INTEGER NOT NULL,
  points    INTEGER NOT NULL,
  print_key BLOB NOT NULL,            -- id of the key under which its claims were printed
  noted_at  TEXT NOT NULL,
  CHECK ((purpose = 'correction') = (corrects IS NOT NULL))
) STRICT;
CREATE INDEX register_content_identity ON register_content(identity);

-- One row for each claim of each content. A content's rows stand together, newest last. Both indexes begin with what comes at
-- one time (a search number begins with its month), so that a new file touches few pages however many years lie before it.
CREATE TABLE register_claim (
  content       INTEGER NOT NULL REFERENCES register_content(id),
  number        INTEGER NOT NULL,     -- in the order of the file, from 1
  service_month INTEGER,              -- YYYYMM; NULL: none that is a month
  key           BLOB NOT NULL,        -- keyed digest of whose claim it is
  request       BLOB NOT NULL,        -- keyed digest of what it says
  search_no     TEXT,
  PRIMARY KEY (content, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX register_claim_key ON register_claim(service_month, key);
CREATE INDEX register_claim_search ON register_claim(search_no) WHERE search_no IS NOT NULL;
-- ==== End of the register =====================================================================================

-- ==== Requests ================================================================================================
-- When the process that asked was last known to wait for the answer; NULL: asked by an older program.
ALTER TABLE request ADD COLUMN alive_at TEXT;
-- What was asked is kept no longer than the question: it may hold a value of a patient.
UPDATE request SET args = '' WHERE state = 'done';
-- ==== End of requests =========================================================================================

-- ==== Accepted means kept =====================================================================================
-- Where the station's own copy of an accepted content lies below the spool; NULL: there is none (not accepted yet, accepted
-- by an older program, or no longer needed).
ALTER TABLE file ADD COLUMN kept TEXT;
-- Where an acknowledged content lies below the archive; NULL: not there. Of a KEPT file: its original could not be put away.
ALTER TABLE file ADD COLUMN archived TEXT;
CREATE INDEX file_original_stays ON file(id) WHERE state = 'KEPT' AND archived IS NOT NULL;
-- ==== End of accepted means kept ==============================================================================

-- ==== Parcels: keys and ends ==================================================================================
-- The end of the other station's history when it last announced the key that it reads with; NULL: it did not since it was paired.
ALTER TABLE peer ADD COLUMN announced_sequence INTEGER;
-- out: the key with which the receiver signed when the parcel was sealed for it; NULL: not sealed, or by an older program.
ALTER TABLE parcel ADD COLUMN sealed_for TEXT;
-- ==== End of parcels: keys and ends ===========================================================================
