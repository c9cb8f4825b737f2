//! Alerts: what a person must look at and that belongs to no file and no parcel. The same cause at the same place is one
//! alert until it is settled.

use rezept_codes::StoredCode;
use rusqlite::{Connection, params};

use crate::error::{JournalError, JournalResult};
use crate::files::Reason;
use crate::history::{self, Event, Subject};
use crate::store::Journal;

/// An alert that is not settled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    /// Row number.
    pub id: i64,
    /// Since when.
    pub at: String,
    /// Where: a medium, a path, a parcel id.
    pub place: String,
    /// What it is.
    pub reason: Reason,
}

/// Raises an alert within the transaction of what it tells of. `false` if the same one is open already.
pub(crate) fn raise(
    tx: &Connection,
    (actor, at): (&str, jiff::Timestamp),
    reason: &Reason,
    place: &str,
) -> JournalResult<bool> {
    let new = tx.execute(
        "INSERT OR IGNORE INTO alert (at, code, place, detail) VALUES (?1, ?2, ?3, ?4)",
        params![at.to_string(), reason.code.as_str(), place, reason.detail],
    )?;
    if new == 0 {
        return Ok(false);
    }
    let subject = Subject::Alert(tx.last_insert_rowid());
    let note = format!("{place} {}", reason.detail);
    history::append(
        tx,
        &Event { at, actor, subject, from: "", to: reason.code.as_str(), note: note.trim() },
    )?;
    Ok(true)
}

impl Journal {
    /// Raises an alert. `false` if the same one is open already: nothing is written then.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn raise(&mut self, reason: &Reason, place: &str) -> JournalResult<bool> {
        let open: i64 = self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM alert WHERE code = ?1 AND place = ?2 AND settled_at IS NULL",
            )?
            .query_row(params![reason.code.as_str(), place], |row| row.get(0))?;
        if open > 0 {
            return Ok(false);
        }
        // Another process may have raised it since the look above.
        self.change(|tx, who| raise(tx, who, reason, place))
    }

    /// Settles every open alert of this code and place: the cause is gone. `false` if there was none.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn settle(&mut self, code: impl Into<StoredCode>, place: &str, note: &str) -> JournalResult<bool> {
        let code = code.into();
        let open: Vec<i64> = self
            .alerts()?
            .into_iter()
            .filter(|a| a.reason.code == code && a.place == place)
            .map(|a| a.id)
            .collect();
        for id in &open {
            self.settle_alert(*id, note)?;
        }
        Ok(!open.is_empty())
    }

    /// Settles one alert.
    ///
    /// # Errors
    /// `NotFound` when it is not open.
    pub fn settle_alert(&mut self, id: i64, note: &str) -> JournalResult<()> {
        let subject = Subject::Alert(id);
        self.change(|tx, (actor, at)| {
            let changed = tx.execute(
                "UPDATE alert SET settled_at = ?2 WHERE id = ?1 AND settled_at IS NULL",
                params![id, at.to_string()],
            )?;
            if changed == 0 {
                return Err(JournalError::NotFound { subject: subject.to_string() });
            }
            history::append(tx, &Event { at, actor, subject, from: "", to: "SETTLED", note })?;
            Ok(())
        })
    }

    /// The open alerts, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn alerts(&self) -> JournalResult<Vec<Alert>> {
        let mut rows = self.conn.prepare_cached(
            "SELECT id, at, place, code, detail FROM alert WHERE settled_at IS NULL ORDER BY id",
        )?;
        let found = rows
            .query_map([], |row| {
                let reason = Reason::new(row.get::<_, String>(3)?, row.get::<_, String>(4)?);
                Ok(Alert { id: row.get(0)?, at: row.get(1)?, place: row.get(2)?, reason })
            })?
            .collect::<Result<_, _>>()?;
        Ok(found)
    }
}
