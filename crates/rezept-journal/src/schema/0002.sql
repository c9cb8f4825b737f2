-- Schema 2: returned claims, the work on them, and the files that answer them.

-- One row for each content of a return file. Its bytes lie in the data folder, as they came.
CREATE TABLE return_file (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  sha256          BLOB NOT NULL UNIQUE,
  size_bytes      INTEGER NOT NULL,
  name            TEXT NOT NULL,        -- as it was called where it was found
  kind            TEXT NOT NULL,        -- 'hen' or 'sah'
  payer           TEXT NOT NULL,
  processed_month TEXT NOT NULL,
  facility        TEXT NOT NULL,
  volume          TEXT NOT NULL,
  family          TEXT NOT NULL,
  state           TEXT NOT NULL,
  state_at        TEXT NOT NULL,
  reason_code     TEXT,
  reason_detail   TEXT,
  claims          INTEGER NOT NULL DEFAULT 0,   -- claims in it
  first_claim     INTEGER,              -- those that got a row have consecutive ones: this one and the next
  new_claims      INTEGER NOT NULL DEFAULT 0,
  seen_at         TEXT NOT NULL
) STRICT;
-- Not unique: a second content under a key waits for a person, and may count in the end.
CREATE INDEX return_file_key ON return_file(payer, kind, processed_month, facility, volume);
CREATE INDEX return_file_waiting ON return_file(id) WHERE state IN ('held', 'released');

-- One row for each returned claim. Rows are never removed, so numbers are never used twice.
CREATE TABLE returned_claim (
  id              INTEGER PRIMARY KEY,
  file            INTEGER NOT NULL REFERENCES return_file(id),
  ordinal         INTEGER NOT NULL,
  state           TEXT NOT NULL,
  payer           TEXT NOT NULL,
  kind            TEXT NOT NULL,
  family          TEXT NOT NULL,
  processed_month TEXT NOT NULL,
  service_month   TEXT NOT NULL,
  in_out          TEXT NOT NULL,
  chart_no        TEXT NOT NULL,        -- '' where the claim has none, here and in the other words that are searched
  search_no       TEXT NOT NULL,
  blocked         INTEGER NOT NULL,     -- 1: shown, but not to be resubmitted
  owner           TEXT,
  due             TEXT,
  department      TEXT,
  previous        INTEGER REFERENCES returned_claim(id),   -- an earlier return of the same claim
  superseded_by   INTEGER REFERENCES returned_claim(id),   -- a later one, which counts instead
  state_at        TEXT NOT NULL,
  offset          INTEGER NOT NULL,     -- where its request data begin in the file; reasons and history follow at once
  request_bytes   INTEGER NOT NULL,
  reason_bytes    INTEGER NOT NULL,
  history_bytes   INTEGER NOT NULL,
  history_lines   INTEGER NOT NULL,
  request_sha256  BLOB NOT NULL,
  history_sha256  BLOB NOT NULL,
  receipt_no      TEXT,
  claim_type      TEXT,
  billing_info    TEXT,
  insurer_no      TEXT,
  name            BLOB,
  birth_date      TEXT,
  points          INTEGER,
  payers          INTEGER,
  original_month  TEXT,
  return_kind     TEXT,
  reason_codes    TEXT NOT NULL,        -- separated by spaces
  faults          TEXT NOT NULL
) STRICT;
-- Each index serves one way of asking. What a new file adds stands close together in all of them: months, numbers and
-- states that come at one time, so importing does not grow slower with the years.
CREATE INDEX returned_month ON returned_claim(processed_month, payer, state);
CREATE INDEX returned_service ON returned_claim(service_month, payer, in_out, chart_no);
CREATE INDEX returned_search ON returned_claim(search_no);
CREATE INDEX returned_state ON returned_claim(state);
CREATE INDEX returned_superseded ON returned_claim(state) WHERE superseded_by IS NOT NULL;
CREATE INDEX returned_owner ON returned_claim(owner) WHERE owner IS NOT NULL;
CREATE INDEX returned_department ON returned_claim(department) WHERE department IS NOT NULL;
CREATE INDEX returned_due ON returned_claim(due) WHERE due IS NOT NULL AND state IN ('new', 'in-work', 'corrected', 'in-file');

-- Why a claim came back, line for line.
CREATE TABLE returned_reason (
  claim            INTEGER NOT NULL REFERENCES returned_claim(id),
  ordinal          INTEGER NOT NULL,
  processed_month  TEXT,
  return_kind      TEXT,
  service_class    TEXT,
  code             TEXT,
  text             BLOB NOT NULL,
  note             BLOB NOT NULL,
  correction       TEXT,
  cut_notice_month TEXT,
  PRIMARY KEY (claim, ordinal)
) STRICT, WITHOUT ROWID;

-- The codes of a claim, each once, for those who ask by code: made of its reasons.
CREATE TABLE returned_code (
  code  TEXT NOT NULL,
  claim INTEGER NOT NULL,
  PRIMARY KEY (code, claim)
) STRICT, WITHOUT ROWID;

-- What people wrote about a claim. May name patients, so the history never repeats it.
CREATE TABLE returned_note (
  id    INTEGER PRIMARY KEY AUTOINCREMENT,
  claim INTEGER NOT NULL REFERENCES returned_claim(id),
  at    TEXT NOT NULL,
  actor TEXT NOT NULL,
  text  TEXT NOT NULL
) STRICT;
CREATE INDEX returned_note_claim ON returned_note(claim, id);

-- Corrections, in the order in which they are to be made on the request data as they came.
CREATE TABLE returned_edit (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  claim     INTEGER NOT NULL REFERENCES returned_claim(id),
  at        TEXT NOT NULL,
  actor     TEXT NOT NULL,
  what      TEXT NOT NULL,              -- the correction as it was asked for
  before    BLOB NOT NULL,
  after     BLOB NOT NULL,
  undone_at TEXT
) STRICT;
CREATE INDEX returned_edit_claim ON returned_edit(claim, id);

-- A claim file that answers returned claims.
CREATE TABLE resubmission (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  month       TEXT NOT NULL,
  payer       TEXT NOT NULL,
  facility    TEXT NOT NULL,
  family      TEXT NOT NULL,
  sha256      BLOB NOT NULL,
  size_bytes  INTEGER NOT NULL,
  claims      INTEGER NOT NULL,         -- all claims of the file, ordinary ones included
  points      INTEGER NOT NULL,
  way         TEXT NOT NULL,
  place       TEXT NOT NULL,
  file        INTEGER REFERENCES file(id),   -- the file of this station that carries it away, if one does
  forced      TEXT,                     -- why a number that was used before was used again
  state       TEXT NOT NULL,
  state_at    TEXT NOT NULL,
  made_at     TEXT NOT NULL
) STRICT;
CREATE INDEX resubmission_sha256 ON resubmission(sha256);
CREATE INDEX resubmission_state ON resubmission(state);
CREATE INDEX resubmission_file ON resubmission(file) WHERE file IS NOT NULL;

-- The returned claims in it. Ordinary claims of the same file are not listed.
CREATE TABLE resubmission_claim (
  resubmission INTEGER NOT NULL REFERENCES resubmission(id),
  number       INTEGER NOT NULL,        -- its number in the new file
  claim        INTEGER REFERENCES returned_claim(id),   -- NULL: its return is not in this journal
  search_no    TEXT NOT NULL,
  way          TEXT NOT NULL,
  reason       TEXT,
  PRIMARY KEY (resubmission, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX resubmission_claim_search ON resubmission_claim(search_no);
CREATE INDEX resubmission_claim_claim ON resubmission_claim(claim) WHERE claim IS NOT NULL;
