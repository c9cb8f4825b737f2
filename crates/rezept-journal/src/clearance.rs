//! What a file that passed the gate still needs before it leaves: another person's approval, a scanner's word. Decides
//! nothing; a release by way of these does not hide what a person let pass at the gate.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{JournalError, JournalResult};
use crate::files::{move_file, word};
use crate::history::{self, Event, Subject};
use crate::state::FileState;
use crate::store::Journal;

/// Who sent a file, who approved it, and what was said of it after scanning.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Clearance {
    /// The person who sent it or had it made; `None`: the service found it.
    pub submitted_by: Option<String>,
    /// The other person who approved it.
    pub approved_by: Option<String>,
    /// What the scanner said of this content, or a person after it.
    pub scan: Option<String>,
}

/// HELD becomes GATED by a person's word. `release_file` would put its reason in the place of what was let pass before.
fn pass_on(
    conn: &Connection,
    who: (&str, jiff::Timestamp),
    file: i64,
    set: &str,
    value: &str,
    note: &str,
) -> JournalResult<()> {
    let changed = conn.execute(
        &format!("UPDATE file SET {set} = ?2 WHERE id = ?1 AND state = 'HELD'"),
        params![file, value],
    )?;
    if changed == 0 {
        let subject = Subject::File(file).to_string();
        let state: Option<FileState> =
            conn.query_row("SELECT state FROM file WHERE id = ?1", [file], |row| word(row, 0)).optional()?;
        let Some(from) = state else { return Err(JournalError::NotFound { subject }) };
        return Err(JournalError::IllegalMove { subject, from: from.word(), to: FileState::Gated.word() });
    }
    move_file(conn, who, file, FileState::Gated, None, note)
}

impl Journal {
    /// Who sent and approved a file, and what was said of it after scanning.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn clearance(&self, file: i64) -> JournalResult<Clearance> {
        self.conn
            .prepare_cached("SELECT submitted_by, approved_by, scan FROM file WHERE id = ?1")?
            .query_row([file], |row| {
                Ok(Clearance { submitted_by: row.get(0)?, approved_by: row.get(1)?, scan: row.get(2)? })
            })
            .optional()?
            .ok_or_else(|| JournalError::NotFound { subject: Subject::File(file).to_string() })
    }

    /// Notes who sent a file; the first one stays.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn submitted_by(&mut self, file: i64, name: &str) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let noted = tx.execute(
                "UPDATE file SET submitted_by = ?2 WHERE id = ?1 AND submitted_by IS NULL",
                params![file, name],
            )?;
            if noted == 1 {
                let subject = Subject::File(file);
                history::append(tx, &Event { at, actor, subject, from: "", to: "SUBMITTED_BY", note: name })?;
            }
            Ok(())
        })
    }

    /// The acting person approves a file that is held: it goes back to GATED.
    ///
    /// # Errors
    /// `IllegalMove` when it is not held, `NotFound`.
    pub fn approve_file(&mut self, file: i64, why: &str) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            pass_on(tx, (actor, at), file, "approved_by", actor, &format!("approved: {why}"))
        })
    }

    /// The acting person lets a file pass that a scanner stopped, or could not scan: it goes back to GATED.
    ///
    /// # Errors
    /// `IllegalMove` when it is not held, `NotFound`.
    pub fn release_scan(&mut self, file: i64, why: &str) -> JournalResult<()> {
        self.change(|tx, who| pass_on(tx, who, file, "scan", "released", &format!("released: {why}")))
    }

    /// Notes what a scanner said of a file that may go: `clean`, or `passed`, with why it was not scanned.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn note_scan(&mut self, file: i64, what: &str, note: &str) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let subject = Subject::File(file);
            let changed =
                tx.prepare_cached("UPDATE file SET scan = ?2 WHERE id = ?1")?.execute(params![file, what])?;
            crate::files::one_changed(changed, subject)?;
            let to = format!("SCAN_{}", what.to_uppercase());
            history::append(tx, &Event { at, actor, subject, from: "", to: &to, note })?;
            Ok(())
        })
    }
}
