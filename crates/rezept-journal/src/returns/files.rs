//! Return files: which contents were imported, which wait for a person, and the decisions about them.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{FILE_COLUMNS, ReturnFileRow, read_file};
use crate::error::{JournalError, JournalResult};
use crate::files::word;
use crate::history::{self, Event, Subject};
use crate::state::ReturnFileState;
use crate::store::Journal;

/// Moves a return file and writes its history entry, within the caller's transaction.
pub(crate) fn move_file(
    tx: &Connection,
    (actor, at): (&str, jiff::Timestamp),
    id: i64,
    to: ReturnFileState,
    note: &str,
) -> JournalResult<()> {
    let subject = Subject::ReturnFile(id);
    let from: ReturnFileState = tx
        .prepare_cached("SELECT state FROM return_file WHERE id = ?1")?
        .query_row([id], |row| word(row, 0))
        .optional()?
        .ok_or_else(|| JournalError::NotFound { subject: subject.to_string() })?;
    if !from.may_become(to) {
        let subject = subject.to_string();
        return Err(JournalError::IllegalMove { subject, from: from.word(), to: to.word() });
    }
    tx.prepare_cached("UPDATE return_file SET state = ?2, state_at = ?3 WHERE id = ?1")?.execute(params![
        id,
        to.word(),
        at.to_string()
    ])?;
    history::append(tx, &Event { at, actor, subject, from: from.word(), to: to.word(), note })?;
    Ok(())
}

impl Journal {
    /// A person lets a return file count beside the other content of its key: it waits in state `released` until
    /// [`Journal::start_import`] meets its bytes again.
    ///
    /// # Errors
    /// `IllegalMove` when it is neither held nor refused; `NotFound`.
    pub fn release_return_file(&mut self, id: i64, why: &str) -> JournalResult<()> {
        self.change(|tx, journal| {
            move_file(tx, journal, id, ReturnFileState::Released, &format!("released: {why}"))
        })
    }

    /// A person decides that a return file does not count.
    ///
    /// # Errors
    /// `IllegalMove` when it does not wait; `NotFound`.
    pub fn refuse_return_file(&mut self, id: i64, why: &str) -> JournalResult<()> {
        self.change(|tx, journal| {
            move_file(tx, journal, id, ReturnFileState::Refused, &format!("refused: {why}"))
        })
    }

    /// One return file.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn return_file(&self, id: i64) -> JournalResult<ReturnFileRow> {
        let subject = Subject::ReturnFile(id).to_string();
        self.return_files_where("id = ?1", [id])?.pop().ok_or(JournalError::NotFound { subject })
    }

    /// The return file with this content.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn return_file_by_sha256(&self, sha256: &[u8; 32]) -> JournalResult<Option<ReturnFileRow>> {
        Ok(self.return_files_where("sha256 = ?1", [sha256])?.pop())
    }

    /// The return files that wait for a person, or for the import that a person allowed; oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn waiting_return_files(&self) -> JournalResult<Vec<ReturnFileRow>> {
        self.return_files_where("state IN ('held', 'released') ORDER BY id", [])
    }

    /// Every return file, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn return_files(&self) -> JournalResult<Vec<ReturnFileRow>> {
        self.return_files_where("true ORDER BY id", [])
    }

    fn return_files_where(
        &self,
        condition: &str,
        args: impl rusqlite::Params,
    ) -> JournalResult<Vec<ReturnFileRow>> {
        let sql = format!("SELECT {FILE_COLUMNS} FROM return_file WHERE {condition}");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(args, read_file)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Return files that were delivered here and are in no import: root of the inbox and place below it. One that could not
    /// be imported raised an alert, settled or not, and does not come again.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn arrived_returns(&self) -> JournalResult<Vec<(String, String)>> {
        let mut rows = self.conn.prepare_cached(
            "SELECT f.inbox, f.destination FROM parcel_file f \
             WHERE f.kind = 'return' AND f.delivered = 1 AND f.destination IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM return_file r WHERE r.sha256 = f.sha256) \
             AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.place = f.inbox || '/' || f.destination) \
             ORDER BY f.parcel, f.ordinal",
        )?;
        let found = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok(found)
    }
}
