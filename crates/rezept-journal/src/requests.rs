//! Requests: how a command asks the running service to work, and learns the outcome. A request lives as long as somebody
//! waits for its answer, and what it said goes with the answer.

use jiff::{SignedDuration, Timestamp};
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

/// A request that is not answered yet, as a person may see it: without its arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingRequest {
    /// Row number.
    pub id: i64,
    /// The command that asked.
    pub kind: String,
    /// Since when it waits.
    pub at: String,
    /// Whether the service has begun with it.
    pub begun: bool,
}

impl Journal {
    /// Asks for something.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn ask(&mut self, kind: &str, args: &str) -> JournalResult<i64> {
        self.change(|tx, (_, at)| {
            tx.execute(
                "INSERT INTO request (at, alive_at, kind, args, state) VALUES (?1, ?1, ?2, ?3, 'new')",
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

    /// Says that somebody still waits for the answer.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn still_waiting(&mut self, id: i64) -> JournalResult<()> {
        self.change(|tx, (_, at)| {
            tx.execute(
                "UPDATE request SET alive_at = ?2 WHERE id = ?1 AND state <> 'done'",
                params![id, at.to_string()],
            )?;
            Ok(())
        })
    }

    /// Answers every request for which nobody has waited for longer than `limit`, without carrying it out. How many there
    /// were.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn expire_requests(&mut self, limit: SignedDuration, outcome: &str) -> JournalResult<usize> {
        // Asked often and mostly in vain: look without the write lock first.
        if forsaken(&self.conn, self.clock.now(), limit)?.is_empty() {
            return Ok(0);
        }
        self.change(|tx, (_, at)| {
            let forsaken = forsaken(tx, at, limit)?;
            for id in &forsaken {
                finish(tx, *id, outcome, at)?;
            }
            Ok(forsaken.len())
        })
    }

    /// The requests that are not answered yet, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn waiting_requests(&self) -> JournalResult<Vec<WaitingRequest>> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT id, kind, at, state FROM request WHERE state <> 'done' ORDER BY id")?;
        let found = rows
            .query_map([], |row| {
                let begun = row.get::<_, String>(3)? == "running";
                Ok(WaitingRequest { id: row.get(0)?, kind: row.get(1)?, at: row.get(2)?, begun })
            })?
            .collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Finishes a request. What it said is kept no longer: it may hold a value of a patient.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn answer(&mut self, id: i64, outcome: &str) -> JournalResult<()> {
        self.change(|tx, (_, at)| finish(tx, id, outcome, at))
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

fn finish(tx: &Connection, id: i64, outcome: &str, at: Timestamp) -> JournalResult<()> {
    tx.execute(
        "UPDATE request SET state = 'done', args = '', outcome = ?2, done_at = ?3 WHERE id = ?1",
        params![id, outcome, at.to_string()],
    )?;
    Ok(())
}

/// The requests whose asker has not been heard of for longer than `limit`.
fn forsaken(conn: &Connection, now: Timestamp, limit: SignedDuration) -> JournalResult<Vec<i64>> {
    let mut rows = conn
        .prepare_cached("SELECT id, coalesce(alive_at, at) FROM request WHERE state <> 'done' ORDER BY id")?;
    let waiting: Vec<(i64, String)> =
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let is_old =
        |heard: &str| heard.parse::<Timestamp>().is_ok_and(|heard| now.duration_since(heard) > limit);
    Ok(waiting.into_iter().filter(|(_, heard)| is_old(heard)).map(|(id, _)| id).collect())
}
