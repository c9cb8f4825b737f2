//! Requests: how a command asks the running service to work, and learns the outcome.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::JournalResult;
use crate::store::Journal;

/// A request taken by the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Row number.
    pub id: i64,
    /// What is asked.
    pub kind: String,
    /// Arguments, as the two sides agreed (JSON).
    pub args: String,
}

impl Journal {
    /// Asks for something.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn ask(&mut self, kind: &str, args: &str) -> JournalResult<i64> {
        self.change(|tx, (_, at)| {
            tx.execute(
                "INSERT INTO request (at, kind, args, state) VALUES (?1, ?2, ?3, 'new')",
                params![at.to_string(), kind, args],
            )?;
            Ok(tx.last_insert_rowid())
        })
    }

    /// Takes the oldest request. Requests that an earlier run took and never finished come again: each kind of request
    /// must be harmless when done twice.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn take_request(&mut self) -> JournalResult<Option<Request>> {
        // Asked often and mostly in vain: look without the write lock first.
        if oldest_waiting(&self.conn)?.is_none() {
            return Ok(None);
        }
        self.change(|tx, _| {
            // Its sender may have withdrawn it meanwhile.
            let Some(request) = oldest_waiting(tx)? else { return Ok(None) };
            tx.execute("UPDATE request SET state = 'running' WHERE id = ?1", [request.id])?;
            Ok(Some(request))
        })
    }

    /// Finishes a request.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn answer(&mut self, id: i64, outcome: &str) -> JournalResult<()> {
        self.change(|tx, (_, at)| {
            tx.execute(
                "UPDATE request SET state = 'done', outcome = ?2, done_at = ?3 WHERE id = ?1",
                params![id, outcome, at.to_string()],
            )?;
            Ok(())
        })
    }

    /// The outcome of a request, once it is finished.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn answered(&self, id: i64) -> JournalResult<Option<String>> {
        let outcome: Option<Option<String>> = self
            .conn
            .prepare_cached("SELECT outcome FROM request WHERE id = ?1 AND state = 'done'")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(outcome.flatten())
    }

    /// Takes a request back that nobody has begun. `false` if somebody has.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn withdraw(&mut self, id: i64) -> JournalResult<bool> {
        let gone = self
            .change(|tx, _| Ok(tx.execute("DELETE FROM request WHERE id = ?1 AND state = 'new'", [id])?))?;
        Ok(gone == 1)
    }
}

fn oldest_waiting(conn: &Connection) -> JournalResult<Option<Request>> {
    Ok(conn
        .prepare_cached("SELECT id, kind, args FROM request WHERE state <> 'done' ORDER BY id LIMIT 1")?
        .query_row([], |row| Ok(Request { id: row.get(0)?, kind: row.get(1)?, args: row.get(2)? }))
        .optional()?)
}
