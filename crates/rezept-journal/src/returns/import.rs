//! Importing a return file: one transaction for each, with all of its claims or none. Known contents and known claims are
//! recognised; another content of a known key waits for a person.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::files::move_file;
use super::link;
use super::rows::{ReturnedReason, Stretch};
use crate::error::JournalResult;
use crate::files::{Reason, word};
use crate::history::{self, Event, Subject};
use crate::state::{ReturnFileState, ReturnState};
use crate::store::Journal;

/// A return file about to be imported. Payer, kind of file, month, facility, volume and family
/// are its key: a hospital gets 医科 and DPC returns apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewReturnFile {
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub size_bytes: u64,
    /// As it is called where it was found.
    pub name: String,
    /// `hen` or `sah`.
    pub return_file: String,
    /// Payer body.
    pub payer: String,
    /// `YYYY-MM`.
    pub processed_month: String,
    /// The facility it was made for.
    pub facility: String,
    /// Volume of the header.
    pub volume: String,
    /// `ika`, `dpc`, ...
    pub family: String,
}

/// A claim of a return file; see [`crate::ReturnedClaimRow`] for the words. Empty words are words the claim has not.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct NewReturnedClaim {
    /// Where its bytes are.
    pub stretch: Stretch,
    /// 検索番号.
    pub search_no: String,
    /// `YYYY-MM`.
    pub processed_month: String,
    /// Number in the claim file as it was billed.
    pub receipt_no: Option<String>,
    /// Claim type.
    pub claim_type: Option<String>,
    /// Inpatient or outpatient.
    pub in_out: String,
    /// `YYYY-MM`.
    pub service_month: String,
    /// The facility's number of the patient.
    pub chart_no: String,
    /// Free text of the facility.
    pub billing_info: Option<String>,
    /// Insurer number.
    pub insurer_no: Option<String>,
    /// Clinical department code.
    pub department: Option<String>,
    /// The patient's name, as bytes of the file.
    pub name: Option<Vec<u8>>,
    /// The patient's birth date.
    pub birth_date: Option<String>,
    /// Total points.
    pub points: Option<u64>,
    /// Payers of the claim.
    pub payers: Option<u64>,
    /// Billing month of the file it was first sent in.
    pub original_month: Option<String>,
    /// 返戻区分.
    pub return_kind: Option<String>,
    /// Its reason lines, in order.
    pub reasons: Vec<ReturnedReason>,
    /// Codes of its faults.
    pub faults: Vec<String>,
    /// Whether a fault forbids to resubmit it.
    pub blocked: bool,
    /// By when it is to be sent again, `YYYY-MM-DD`.
    pub due: Option<String>,
}

impl fmt::Debug for NewReturnedClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewReturnedClaim")
            .field("stretch", &self.stretch)
            .field("reasons", &self.reasons)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// What becomes of a return file that is offered.
#[derive(Debug)]
pub enum ImportStart<'j> {
    /// Not known, or released by a person: add its claims.
    New(Box<ReturnImport<'j>>),
    /// Imported before, byte for byte.
    Known {
        /// Its row.
        file: i64,
    },
    /// Another content of its key was imported; this one waits for a person.
    Held {
        /// Its row.
        file: i64,
    },
    /// A person decided earlier that this content does not count.
    Refused {
        /// Its row.
        file: i64,
    },
}

/// What became of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// It has a row now.
    New(i64),
    /// The same bytes came back in the same month before.
    Known(i64),
}

/// What an import brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Imported {
    /// The row of the return file.
    pub file: i64,
    /// Claims in it.
    pub claims: u64,
    /// Those that have a row now.
    pub new: u64,
    /// Those that were known.
    pub known: u64,
}

impl Imported {
    /// What the history tells of the import; the audit counts again.
    fn note(&self) -> String {
        format!("{} claims, {} new, {} known", self.claims, self.new, self.known)
    }
}

/// An import under way. Nothing of it is stored before [`ReturnImport::finish`]; dropping it leaves no trace.
pub struct ReturnImport<'j> {
    journal: &'j Journal,
    tx: Transaction<'j>,
    now: jiff::Timestamp,
    new_file: NewReturnFile,
    released: bool,
    /// Its first new row. No other writer comes in between, so the rows of a file follow one another.
    first: Option<i64>,
    imported: Imported,
}

impl fmt::Debug for ReturnImport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnImport").field("imported", &self.imported).finish_non_exhaustive()
    }
}

impl Journal {
    /// Begins the import of a return file. A content whose key was imported with other bytes is stored as held for the
    /// reason `if_other`.
    ///
    /// Other processes that want to write wait until the import is finished or dropped. Not to be used within a batch.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn start_import(&mut self, new: &NewReturnFile, if_other: &Reason) -> JournalResult<ImportStart<'_>> {
        // The import lends the journal out as a whole: no other change can be begun beside it.
        let journal = &*self;
        let actor = journal.actor.as_str();
        let tx = Transaction::new_unchecked(&journal.conn, TransactionBehavior::Immediate)?;
        let now = journal.clock.now();
        let known = tx
            .prepare_cached("SELECT id, state FROM return_file WHERE sha256 = ?1")?
            .query_row([new.sha256], |row| Ok((row.get(0)?, word::<ReturnFileState>(row, 1)?)))
            .optional()?;
        let (file, released) = match known {
            Some((file, ReturnFileState::Imported)) => return Ok(ImportStart::Known { file }),
            Some((file, ReturnFileState::Held)) => return Ok(ImportStart::Held { file }),
            Some((file, ReturnFileState::Refused)) => return Ok(ImportStart::Refused { file }),
            Some((file, ReturnFileState::Released)) => (file, true),
            None if other_content(&tx, new)? => {
                let file = insert_file(&tx, (actor, now), new, ReturnFileState::Held, Some(if_other))?;
                tx.commit()?;
                return Ok(ImportStart::Held { file });
            }
            None => (insert_file(&tx, (actor, now), new, ReturnFileState::Imported, None)?, false),
        };
        Ok(ImportStart::New(Box::new(ReturnImport {
            journal,
            tx,
            now,
            new_file: new.clone(),
            released,
            first: None,
            imported: Imported { file, claims: 0, new: 0, known: 0 },
        })))
    }
}

fn other_content(tx: &Connection, new: &NewReturnFile) -> JournalResult<bool> {
    Ok(tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM return_file WHERE payer = ?1 AND kind = ?2 AND processed_month = ?3 AND \
             facility = ?4 AND volume = ?5 AND family = ?6 AND state IN ('imported', 'released'))",
        )?
        .query_row(
            params![
                new.payer,
                new.return_file,
                new.processed_month,
                new.facility,
                new.volume,
                new.family
            ],
            |row| row.get(0),
        )?)
}

/// A held file gets its history entry now; an imported one when its counts are known.
fn insert_file(
    tx: &Connection,
    (actor, at): (&str, jiff::Timestamp),
    new: &NewReturnFile,
    state: ReturnFileState,
    reason: Option<&Reason>,
) -> JournalResult<i64> {
    tx.prepare_cached(
        "INSERT INTO return_file (sha256, size_bytes, name, kind, payer, processed_month, facility, volume, family, state, \
         state_at, reason_code, reason_detail, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?11)",
    )?
    .execute(params![
        new.sha256,
        new.size_bytes,
        new.name,
        new.return_file,
        new.payer,
        new.processed_month,
        new.facility,
        new.volume,
        new.family,
        state.word(),
        at.to_string(),
        reason.map(|r| r.code.as_str()),
        reason.map(|r| &r.detail)
    ])?;
    let id = tx.last_insert_rowid();
    if let Some(reason) = reason {
        let note = format!("{} {}", reason.code, reason.detail);
        let subject = Subject::ReturnFile(id);
        history::append(tx, &Event { at, actor, subject, from: "", to: state.word(), note: note.trim() })?;
    }
    Ok(id)
}

impl ReturnImport<'_> {
    /// Adds the next claim of the file. A claim is known when the same bytes came back under the same number in the same
    /// month; its work goes on as it is.
    ///
    /// # Errors
    /// When SQLite does not answer. The import can only be dropped then.
    pub fn add(&mut self, claim: &NewReturnedClaim) -> JournalResult<Added> {
        let ordinal = self.imported.claims;
        self.imported.claims += 1;
        let relatives = link::of_number(&self.tx, self.imported.file, claim)?;
        if let Some(known) = relatives.known {
            self.imported.known += 1;
            return Ok(Added::Known(known));
        }
        self.imported.new += 1;
        self.insert(ordinal, claim)?;
        let id = self.tx.last_insert_rowid();
        self.first.get_or_insert(id);
        self.insert_reasons(id, claim)?;
        link::tie(&self.tx, self.who(), id, &self.new_file.payer, claim, &relatives)?;
        Ok(Added::New(id))
    }

    fn who(&self) -> (&str, jiff::Timestamp) {
        (&self.journal.actor, self.now)
    }

    fn insert(&self, ordinal: u64, c: &NewReturnedClaim) -> JournalResult<()> {
        let codes: Vec<&str> = codes(c).collect();
        self.tx
            .prepare_cached(
                "INSERT INTO returned_claim (file, ordinal, state, payer, kind, family, processed_month, service_month, \
                 in_out, chart_no, search_no, blocked, due, department, state_at, offset, request_bytes, reason_bytes, \
                 history_bytes, history_lines, request_sha256, history_sha256, receipt_no, claim_type, billing_info, \
                 insurer_no, name, birth_date, points, payers, original_month, return_kind, reason_codes, faults) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, \
                 ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34)",
            )?
            .execute(params![
                self.imported.file,
                ordinal,
                ReturnState::New.word(),
                self.new_file.payer,
                self.new_file.return_file,
                self.new_file.family,
                c.processed_month,
                c.service_month,
                c.in_out,
                c.chart_no,
                c.search_no,
                c.blocked,
                c.due,
                c.department,
                self.now.to_string(),
                c.stretch.offset,
                c.stretch.request_bytes,
                c.stretch.reason_bytes,
                c.stretch.history_bytes,
                c.stretch.history_lines,
                c.stretch.request_sha256,
                c.stretch.history_sha256,
                c.receipt_no,
                c.claim_type,
                c.billing_info,
                c.insurer_no,
                c.name,
                c.birth_date,
                c.points,
                c.payers,
                c.original_month,
                c.return_kind,
                codes.join(" "),
                c.faults.join(" ")
            ])?;
        Ok(())
    }

    fn insert_reasons(&self, id: i64, claim: &NewReturnedClaim) -> JournalResult<()> {
        let mut reasons = self
            .tx
            .prepare_cached("INSERT INTO returned_reason VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
        for (ordinal, reason) in (0_i64..).zip(&claim.reasons) {
            reasons.execute(params![
                id,
                ordinal,
                reason.processed_month,
                reason.return_kind,
                reason.service_class,
                reason.code,
                reason.text,
                reason.note,
                reason.correction,
                reason.cut_notice_month
            ])?;
        }
        let mut by_code = self.tx.prepare_cached("INSERT OR IGNORE INTO returned_code VALUES (?1, ?2)")?;
        for code in codes(claim) {
            by_code.execute(params![code, id])?;
        }
        Ok(())
    }

    /// Makes the import durable, all of it at once.
    ///
    /// # Errors
    /// When it cannot be made durable: nothing was stored then.
    pub fn finish(self) -> JournalResult<Imported> {
        let (actor, at) = self.who();
        let imported = self.imported;
        self.tx.execute(
            "UPDATE return_file SET claims = ?2, new_claims = ?3, first_claim = ?4 WHERE id = ?1",
            params![imported.file, imported.claims, imported.new, self.first],
        )?;
        let note = imported.note();
        if self.released {
            move_file(&self.tx, (actor, at), imported.file, ReturnFileState::Imported, &note)?;
        } else {
            let (subject, to) = (Subject::ReturnFile(imported.file), ReturnFileState::Imported.word());
            history::append(&self.tx, &Event { at, actor, subject, from: "", to, note: &note })?;
        }
        self.tx.commit()?;
        // A journal restored from before this would show none of these claims.
        self.journal.remember();
        Ok(imported)
    }
}

/// The codes of a claim's reasons, in order, repeated ones included.
fn codes(claim: &NewReturnedClaim) -> impl Iterator<Item = &str> {
    claim.reasons.iter().filter_map(|reason| reason.code.as_deref()).filter(|code| !code.is_empty())
}
