//! Resubmissions: the claim files that answer returned claims, and what becomes of them. No number of a returned claim goes
//! into two files that count, unless a person says why.

mod rows;

use rusqlite::{Connection, OptionalExtension, params};

use rows::{COLUMNS, read_claim, read_row};
pub use rows::{NewResubmission, PlannedClaim, ResubmissionClaim, ResubmissionRow};

use crate::error::{JournalError, JournalResult};
use crate::files::word;
use crate::folder::{from_stored, to_stored};
use crate::history::{self, Event, Subject};
use crate::returns::{claim_at, move_claim, note_in_history};
use crate::state::{ResubmissionState, ReturnState};
use crate::store::Journal;

type Who<'a> = (&'a str, jiff::Timestamp);

/// Why a resubmission is not planned. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResubmitError {
    /// The number was used in a resubmission that counts.
    #[error("number {search_no} is in resubmission B{resubmission} already")]
    AlreadyUsed {
        /// 検索番号.
        search_no: String,
        /// Row of the other resubmission.
        resubmission: i64,
    },
    /// The number is listed twice for one file.
    #[error("number {search_no} is listed twice")]
    ListedTwice {
        /// 検索番号.
        search_no: String,
    },
    /// The claim has a fault that forbids it.
    #[error("R{claim} has a fault and cannot be resubmitted")]
    Blocked {
        /// Row of the claim.
        claim: i64,
    },
    /// A later return of the claim counts instead.
    #[error("R{claim} came back once more as R{by}")]
    Superseded {
        /// Row of the claim.
        claim: i64,
        /// Row of the later return.
        by: i64,
    },
    /// The claim in the journal has another number than the one to be written, or none.
    #[error("R{claim} has another number, or none")]
    OtherNumber {
        /// Row of the claim.
        claim: i64,
    },
    /// The journal failed, or does not allow it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<rusqlite::Error> for ResubmitError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Journal(error.into())
    }
}

/// Moves a resubmission and writes its history entry, within the caller's transaction.
fn move_resubmission(
    tx: &Connection,
    (actor, at): Who<'_>,
    id: i64,
    to: ResubmissionState,
    note: &str,
) -> JournalResult<()> {
    let subject = Subject::Resubmission(id);
    let from = state_of(tx, id)?;
    if !from.may_become(to) {
        let subject = subject.to_string();
        return Err(JournalError::IllegalMove { subject, from: from.word(), to: to.word() });
    }
    tx.prepare_cached("UPDATE resubmission SET state = ?2, state_at = ?3 WHERE id = ?1")?
        .execute(params![id, to.word(), at.to_string()])?;
    history::append(tx, &Event { at, actor, subject, from: from.word(), to: to.word(), note })?;
    Ok(())
}

fn state_of(tx: &Connection, id: i64) -> JournalResult<ResubmissionState> {
    tx.prepare_cached("SELECT state FROM resubmission WHERE id = ?1")?
        .query_row([id], |row| word(row, 0))
        .optional()?
        .ok_or_else(|| JournalError::NotFound { subject: Subject::Resubmission(id).to_string() })
}

/// The claims of a resubmission that are in one of two states now, each once, in order of their rows.
fn claims_in(tx: &Connection, id: i64, state: ReturnState) -> JournalResult<Vec<i64>> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT c.id FROM resubmission_claim r JOIN returned_claim c ON c.id = r.claim \
         WHERE r.resubmission = ?1 AND c.state = ?2 ORDER BY c.id",
    )?;
    let claims =
        statement.query_map(params![id, state.word()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(claims)
}

/// Another resubmission that counts and has the number.
fn used_in(tx: &Connection, search_no: &str) -> JournalResult<Option<i64>> {
    Ok(tx
        .prepare_cached(
            "SELECT max(b.id) FROM resubmission_claim r JOIN resubmission b ON b.id = r.resubmission \
             WHERE r.search_no = ?1 AND b.state <> 'cancelled'",
        )?
        .query_row([search_no], |row| row.get(0))?)
}

fn check_number(tx: &Connection, planned: &PlannedClaim, forced: bool) -> Result<(), ResubmitError> {
    match used_in(tx, &planned.search_no)? {
        Some(resubmission) if !forced => {
            Err(ResubmitError::AlreadyUsed { search_no: planned.search_no.clone(), resubmission })
        }
        _ => Ok(()),
    }
}

/// Takes a claim for the file. One that was sent before and is sent again by force stays where it is.
fn take_claim(
    tx: &Connection,
    who: Who<'_>,
    id: i64,
    planned: &PlannedClaim,
    forced: bool,
) -> Result<(), ResubmitError> {
    let Some(claim) = planned.claim else { return Ok(()) };
    let row = claim_at(tx, claim)?;
    if row.blocked {
        return Err(ResubmitError::Blocked { claim });
    }
    if let Some(by) = row.superseded_by {
        return Err(ResubmitError::Superseded { claim, by });
    }
    if row.search_no.is_empty() || row.search_no != planned.search_no {
        return Err(ResubmitError::OtherNumber { claim });
    }
    let under_way = matches!(row.state, ReturnState::InFile | ReturnState::Sent | ReturnState::Accepted);
    if forced && under_way {
        note_in_history(tx, who, claim, "FORCED", &format!("B{id}"))?;
    } else {
        move_claim(tx, who, claim, ReturnState::InFile, &format!("B{id} {}", planned.way))?;
    }
    Ok(())
}

impl Journal {
    /// Plans a resubmission in one transaction: its claims are taken (`in-file`) before the file stands anywhere, so that no
    /// other file can answer them too. `forced` is a person's reason for using numbers again.
    ///
    /// # Errors
    /// See [`ResubmitError`]; `IllegalMove` for a claim that is not open or is in a file; `NotFound`.
    pub fn plan_resubmission(
        &mut self,
        new: &NewResubmission,
        claims: &[PlannedClaim],
        forced: Option<&str>,
    ) -> Result<i64, ResubmitError> {
        let new = &NewResubmission { place: to_stored(self.folder(), &new.place), ..new.clone() };
        let id = self.change_or(|tx, who| {
            let mut numbers: Vec<&str> = claims.iter().map(|c| c.search_no.as_str()).collect();
            numbers.sort_unstable();
            if let Some(twice) = numbers.array_windows().find(|[a, b]| a == b).map(|[a, _]| *a) {
                return Err(ResubmitError::ListedTwice { search_no: twice.to_owned() });
            }
            for planned in claims {
                check_number(tx, planned, forced.is_some())?;
            }
            let id = insert(tx, who, new, claims.len(), forced)?;
            for planned in claims {
                take_claim(tx, who, id, planned, forced.is_some())?;
                tx.prepare_cached("INSERT INTO resubmission_claim VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                    .execute(params![
                        id,
                        planned.number,
                        planned.claim,
                        planned.search_no,
                        planned.way,
                        planned.reason
                    ])?;
            }
            Ok(id)
        })?;
        // A journal restored from before this would let the same numbers go out once more.
        self.remember();
        Ok(id)
    }

    /// The file stands in its place.
    ///
    /// # Errors
    /// `IllegalMove` when it is not planned; `NotFound`.
    pub fn resubmission_written(&mut self, id: i64) -> JournalResult<()> {
        self.change(|tx, who| move_resubmission(tx, who, id, ResubmissionState::Written, ""))
    }

    /// A file of this station carries it away.
    ///
    /// # Errors
    /// `IllegalMove` when it is neither planned nor written; `NotFound`.
    pub fn queue_resubmission(&mut self, id: i64, file: i64) -> JournalResult<()> {
        self.change(|tx, who| {
            tx.execute("UPDATE resubmission SET file = ?2 WHERE id = ?1", params![id, file])?;
            move_resubmission(tx, who, id, ResubmissionState::Queued, &Subject::File(file).to_string())
        })
    }

    /// Ends a resubmission that was not sent: its claims are free again, `corrected` where corrections of them are in the
    /// journal, else `in-work`.
    ///
    /// # Errors
    /// `IllegalMove` when it was sent or cancelled; `NotFound`.
    pub fn cancel_resubmission(&mut self, id: i64, why: &str) -> JournalResult<()> {
        self.change(|tx, who| {
            move_resubmission(tx, who, id, ResubmissionState::Cancelled, why)?;
            for claim in claims_in(tx, id, ReturnState::InFile)? {
                let search_no: String =
                    tx.query_row("SELECT search_no FROM returned_claim WHERE id = ?1", [claim], |row| {
                        row.get(0)
                    })?;
                // By force it may be in another file too, which still counts.
                if used_in(tx, &search_no)?.is_some() {
                    continue;
                }
                let corrected: bool = tx
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM returned_edit WHERE claim = ?1 AND undone_at IS NULL)",
                    )?
                    .query_row([claim], |row| row.get(0))?;
                let to = if corrected { ReturnState::Corrected } else { ReturnState::InWork };
                move_claim(tx, who, claim, to, &format!("B{id} cancelled"))?;
            }
            Ok(())
        })
    }

    /// The file arrived where it is handed in: its claims are `sent`.
    ///
    /// # Errors
    /// `IllegalMove` when it is neither queued nor written; `NotFound`.
    pub fn resubmission_sent(&mut self, id: i64, note: &str) -> JournalResult<()> {
        self.advance(id, ResubmissionState::Sent, (ReturnState::InFile, ReturnState::Sent), note)?;
        self.remember();
        Ok(())
    }

    /// The review body confirmed the file: its claims are `accepted`.
    ///
    /// # Errors
    /// `IllegalMove` when it was not sent; `NotFound`.
    pub fn resubmission_confirmed(&mut self, id: i64, note: &str) -> JournalResult<()> {
        self.advance(id, ResubmissionState::Confirmed, (ReturnState::Sent, ReturnState::Accepted), note)
    }

    fn advance(
        &mut self,
        id: i64,
        to: ResubmissionState,
        claims: (ReturnState, ReturnState),
        note: &str,
    ) -> JournalResult<()> {
        self.change(|tx, who| {
            move_resubmission(tx, who, id, to, note)?;
            for claim in claims_in(tx, id, claims.0)? {
                move_claim(tx, who, claim, claims.1, &format!("B{id}"))?;
            }
            Ok(())
        })
    }

    /// One resubmission.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn resubmission(&self, id: i64) -> JournalResult<ResubmissionRow> {
        let subject = Subject::Resubmission(id).to_string();
        self.resubmissions_where("id = ?1", [id])?.pop().ok_or(JournalError::NotFound { subject })
    }

    /// The newest resubmission with this content that counts, if one does.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn resubmission_by_sha256(&self, sha256: &[u8; 32]) -> JournalResult<Option<ResubmissionRow>> {
        let mut rows =
            self.resubmissions_where("sha256 = ?1 AND state <> 'cancelled' ORDER BY id", [sha256])?;
        Ok(rows.pop())
    }

    /// The resubmission that a file of this station carries, if it counts.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn resubmission_of_file(&self, file: i64) -> JournalResult<Option<ResubmissionRow>> {
        let mut rows = self.resubmissions_where("file = ?1 AND state <> 'cancelled' ORDER BY id", [file])?;
        Ok(rows.pop())
    }

    /// Every resubmission in one of the states, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn resubmissions_in(&self, states: &[ResubmissionState]) -> JournalResult<Vec<ResubmissionRow>> {
        let mut found = Vec::new();
        for state in states {
            found.extend(self.resubmissions_where("state = ?1 ORDER BY id", [state.word()])?);
        }
        found.sort_by_key(|row| row.id);
        Ok(found)
    }

    /// Every resubmission that a returned claim was put into, cancelled ones included, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn resubmissions_of_claim(&self, claim: i64) -> JournalResult<Vec<ResubmissionRow>> {
        self.resubmissions_where(
            "id IN (SELECT resubmission FROM resubmission_claim WHERE claim = ?1) ORDER BY id",
            [claim],
        )
    }

    /// The returned claims in a resubmission, in the order of the file.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn resubmission_claims(&self, id: i64) -> JournalResult<Vec<ResubmissionClaim>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT claim, search_no, number, way, reason FROM resubmission_claim WHERE resubmission = ?1 ORDER BY number",
        )?;
        let rows = statement.query_map([id], read_claim)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The resubmission that counts and has this number, if there is one.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn resubmission_with(&self, search_no: &str) -> JournalResult<Option<i64>> {
        used_in(&self.conn, search_no)
    }

    fn resubmissions_where(
        &self,
        condition: &str,
        args: impl rusqlite::Params,
    ) -> JournalResult<Vec<ResubmissionRow>> {
        let sql = format!("SELECT {COLUMNS} FROM resubmission WHERE {condition}");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows: Vec<ResubmissionRow> =
            statement.query_map(args, read_row)?.collect::<Result<_, _>>()?;
        for row in &mut rows {
            row.content.place = from_stored(self.folder(), std::mem::take(&mut row.content.place));
        }
        Ok(rows)
    }
}

fn insert(
    tx: &Connection,
    (actor, at): Who<'_>,
    new: &NewResubmission,
    answers: usize,
    forced: Option<&str>,
) -> JournalResult<i64> {
    tx.prepare_cached(
        "INSERT INTO resubmission (month, payer, facility, family, sha256, size_bytes, claims, points, way, place, forced, \
         state, state_at, made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
    )?
    .execute(params![
        new.month,
        new.payer,
        new.facility,
        new.family,
        new.sha256,
        new.size_bytes,
        new.claims,
        new.points,
        new.way,
        new.place,
        forced,
        ResubmissionState::Planned.word(),
        at.to_string()
    ])?;
    let id = tx.last_insert_rowid();
    let mut note = format!("{answers} returned claims");
    if let Some(why) = forced {
        note = format!("{note}, forced: {why}");
    }
    let (subject, to) = (Subject::Resubmission(id), ResubmissionState::Planned.word());
    history::append(tx, &Event { at, actor, subject, from: "", to, note: &note })?;
    Ok(id)
}
