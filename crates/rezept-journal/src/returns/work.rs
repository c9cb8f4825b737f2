//! The work on returned claims: moves, owners, due dates, notes and corrections. What people write stays out of the history,
//! which tells the number of the note instead.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{
    CLAIM_COLUMNS, NewEdit, ReturnEdit, ReturnNote, ReturnedClaimRow, ReturnedReason, read_claim, read_reason,
};
use crate::error::{JournalError, JournalResult};
use crate::files::{one_changed, word};
use crate::history::{self, Event, Subject};
use crate::state::ReturnState;
use crate::store::Journal;

type Who<'a> = (&'a str, jiff::Timestamp);

/// Moves a returned claim and writes its history entry, within the caller's transaction.
pub(crate) fn move_claim(
    tx: &Connection,
    (actor, at): Who<'_>,
    id: i64,
    to: ReturnState,
    note: &str,
) -> JournalResult<()> {
    let from = state_of(tx, id)?;
    if !from.may_become(to) {
        return Err(illegal(id, from, to));
    }
    tx.prepare_cached("UPDATE returned_claim SET state = ?2, state_at = ?3 WHERE id = ?1")?
        .execute(params![id, to.word(), at.to_string()])?;
    let subject = Subject::Returned(id);
    history::append(tx, &Event { at, actor, subject, from: from.word(), to: to.word(), note })?;
    Ok(())
}

fn state_of(tx: &Connection, id: i64) -> JournalResult<ReturnState> {
    tx.prepare_cached("SELECT state FROM returned_claim WHERE id = ?1")?
        .query_row([id], |row| word(row, 0))
        .optional()?
        .ok_or_else(|| JournalError::NotFound { subject: Subject::Returned(id).to_string() })
}

fn illegal(id: i64, from: ReturnState, to: ReturnState) -> JournalError {
    let subject = Subject::Returned(id).to_string();
    JournalError::IllegalMove { subject, from: from.word(), to: to.word() }
}

/// Writes an entry about a claim that is no change of state, within the caller's transaction.
pub(crate) fn note_in_history(
    tx: &Connection,
    (actor, at): Who<'_>,
    id: i64,
    what: &str,
    note: &str,
) -> JournalResult<()> {
    let subject = Subject::Returned(id);
    history::append(tx, &Event { at, actor, subject, from: "", to: what, note })?;
    Ok(())
}

/// One claim, read within the caller's transaction.
pub(crate) fn claim_at(conn: &Connection, id: i64) -> JournalResult<ReturnedClaimRow> {
    conn.prepare_cached(&format!("SELECT {CLAIM_COLUMNS} FROM returned_claim c WHERE c.id = ?1"))?
        .query_row([id], read_claim)
        .optional()?
        .ok_or_else(|| JournalError::NotFound { subject: Subject::Returned(id).to_string() })
}

fn insert_note(tx: &Connection, (actor, at): Who<'_>, id: i64, text: &str) -> JournalResult<i64> {
    tx.prepare_cached("INSERT INTO returned_note (claim, at, actor, text) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, at.to_string(), actor, text])?;
    Ok(tx.last_insert_rowid())
}

impl Journal {
    /// Moves a returned claim by a person's decision; `note` (may be empty) is stored beside it, not in the history.
    ///
    /// # Errors
    /// `IllegalMove` when the design does not allow it, and always into and out of `in-file` and into `sent`: only the
    /// resubmission file of a claim tells that. `NotFound`.
    pub fn move_returned(&mut self, id: i64, to: ReturnState, note: &str) -> JournalResult<()> {
        self.change(|tx, who| {
            let from = state_of(tx, id)?;
            if from == ReturnState::InFile || matches!(to, ReturnState::InFile | ReturnState::Sent) {
                return Err(illegal(id, from, to));
            }
            let told = match note {
                "" => String::new(),
                text => format!("note {}", insert_note(tx, who, id, text)?),
            };
            move_claim(tx, who, id, to, &told)
        })
    }

    /// Says who works on a claim; `None` takes it from everybody. No change of state.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn assign_returned(&mut self, id: i64, owner: Option<&str>) -> JournalResult<()> {
        self.change(|tx, who| {
            let changed = tx
                .prepare_cached("UPDATE returned_claim SET owner = ?2 WHERE id = ?1")?
                .execute(params![id, owner])?;
            one_changed(changed, Subject::Returned(id))?;
            note_in_history(tx, who, id, "ASSIGNED", owner.unwrap_or_default())
        })
    }

    /// Says by when a claim is to be sent again (`YYYY-MM-DD`); `None` if by no day.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn set_returned_due(&mut self, id: i64, due: Option<&str>) -> JournalResult<()> {
        self.change(|tx, who| {
            let changed = tx
                .prepare_cached("UPDATE returned_claim SET due = ?2 WHERE id = ?1")?
                .execute(params![id, due])?;
            one_changed(changed, Subject::Returned(id))?;
            note_in_history(tx, who, id, "DUE", due.unwrap_or_default())
        })
    }

    /// Stores what a person writes about a claim. No change of state.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn add_return_note(&mut self, id: i64, text: &str) -> JournalResult<i64> {
        self.change(|tx, who| {
            state_of(tx, id)?;
            let note = insert_note(tx, who, id, text)?;
            note_in_history(tx, who, id, "NOTE", &format!("note {note}"))?;
            Ok(note)
        })
    }

    /// Stores corrections of a claim, which is `corrected` by them.
    ///
    /// # Errors
    /// `IllegalMove` when it is in none of the states `new`, `in-work` and `corrected`; `NotFound`.
    pub fn add_edits(&mut self, id: i64, edits: &[NewEdit]) -> JournalResult<()> {
        self.change(|tx, who| {
            let (actor, at) = who;
            let from = state_of(tx, id)?;
            if !matches!(from, ReturnState::New | ReturnState::InWork | ReturnState::Corrected) {
                return Err(illegal(id, from, ReturnState::Corrected));
            }
            let mut insert = tx.prepare_cached(
                "INSERT INTO returned_edit (claim, at, actor, what, before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for edit in edits {
                insert.execute(params![id, at.to_string(), actor, edit.what, edit.before, edit.after])?;
            }
            let told = format!("{} corrections", edits.len());
            match from {
                _ if edits.is_empty() => Ok(()),
                ReturnState::Corrected => note_in_history(tx, who, id, "EDITED", &told),
                _ => move_claim(tx, who, id, ReturnState::Corrected, &told),
            }
        })
    }

    /// Takes every correction of a claim back; it is `in-work` again. The corrections stay in the journal, marked.
    ///
    /// # Errors
    /// `IllegalMove` when it is not `corrected`; `NotFound`.
    pub fn undo_edits(&mut self, id: i64, note: &str) -> JournalResult<()> {
        self.change(|tx, who| {
            let from = state_of(tx, id)?;
            if from != ReturnState::Corrected {
                return Err(illegal(id, from, ReturnState::InWork));
            }
            tx.execute(
                "UPDATE returned_edit SET undone_at = ?2 WHERE claim = ?1 AND undone_at IS NULL",
                params![id, who.1.to_string()],
            )?;
            let told = match note {
                "" => "corrections taken back".to_owned(),
                text => format!("corrections taken back, note {}", insert_note(tx, who, id, text)?),
            };
            move_claim(tx, who, id, ReturnState::InWork, &told)
        })
    }

    /// One returned claim.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn returned_claim(&self, id: i64) -> JournalResult<ReturnedClaimRow> {
        claim_at(&self.conn, id)
    }

    /// Every return under a number, the newest month first; several where the claim came back more than once.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn find_returned(&self, search_no: &str) -> JournalResult<Vec<ReturnedClaimRow>> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {CLAIM_COLUMNS} FROM returned_claim c WHERE c.search_no = ?1 ORDER BY c.processed_month DESC, c.id DESC"
        ))?;
        let rows = statement.query_map([search_no], read_claim)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Every return of a claim of one patient and service month, the newest first: candidates when fresh claims are matched.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn returned_of_patient(
        &self,
        service_month: &str,
        payer: &str,
        in_out: &str,
        chart_no: &str,
    ) -> JournalResult<Vec<ReturnedClaimRow>> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {CLAIM_COLUMNS} FROM returned_claim c INDEXED BY returned_service WHERE c.service_month = ?1 AND \
             c.payer = ?2 AND c.in_out = ?3 AND c.chart_no = ?4 ORDER BY c.processed_month DESC, c.id DESC"
        ))?;
        let rows = statement
            .query_map([service_month, payer, in_out, chart_no], read_claim)?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The reason lines of a claim, in order.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn return_reasons(&self, id: i64) -> JournalResult<Vec<ReturnedReason>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT processed_month, return_kind, service_class, code, text, note, correction, cut_notice_month \
             FROM returned_reason WHERE claim = ?1 ORDER BY ordinal",
        )?;
        let rows = statement.query_map([id], read_reason)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// What people wrote about a claim, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn return_notes(&self, id: i64) -> JournalResult<Vec<ReturnNote>> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT id, at, actor, text FROM returned_note WHERE claim = ?1 ORDER BY id")?;
        let rows = statement
            .query_map([id], |row| {
                Ok(ReturnNote { id: row.get(0)?, at: row.get(1)?, actor: row.get(2)?, text: row.get(3)? })
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The corrections of a claim that hold, in the order in which they are to be made.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn return_edits(&self, id: i64) -> JournalResult<Vec<ReturnEdit>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, at, actor, what, before, after FROM returned_edit WHERE claim = ?1 AND undone_at IS NULL ORDER BY id",
        )?;
        let rows = statement
            .query_map([id], |row| {
                let edit = NewEdit { what: row.get(3)?, before: row.get(4)?, after: row.get(5)? };
                Ok(ReturnEdit { id: row.get(0)?, at: row.get(1)?, actor: row.get(2)?, edit })
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// How many returned claims are in each state. Superseded ones do not count among the open: a later return stands for
    /// them.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn return_counts(&self) -> JournalResult<Vec<(ReturnState, u64)>> {
        let mut all = self.conn.prepare_cached(
            "SELECT count(*) FROM returned_claim INDEXED BY returned_state WHERE state = ?1",
        )?;
        let mut superseded = self.conn.prepare_cached(
            "SELECT count(*) FROM returned_claim INDEXED BY returned_superseded WHERE state = ?1 AND \
             superseded_by IS NOT NULL",
        )?;
        let mut counts = Vec::new();
        for state in ReturnState::ALL {
            let mut count: u64 = all.query_row([state.word()], |row| row.get(0))?;
            if state.is_open() {
                count -= superseded.query_row([state.word()], |row| row.get::<_, u64>(0))?;
            }
            counts.push((*state, count));
        }
        Ok(counts)
    }
}
