//! Why contents wait, and what people decided about it: one row for each reason of one content. Judges nothing: what holds
//! and what covers what is said by `rezept-rules`.

use rezept_codes::StoredCode;
use rusqlite::{Connection, Row, params};

use crate::bound::{of_decision, with_mark};
use crate::error::JournalResult;
use crate::files::{Reason, one_changed};
use crate::history::{self, Event, Subject};
use crate::store::Journal;

/// Names the content that a reason is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReasonOf {
    /// A row of `file`.
    File(i64),
    /// A file of a parcel that arrived: the parcel's row and the file's place in it.
    Arrived(i64, u32),
}

impl ReasonOf {
    /// The subject under which the history tells of it.
    #[must_use]
    pub const fn subject(self) -> Subject {
        match self {
            Self::File(id) => Subject::File(id),
            Self::Arrived(row, _) => Subject::Parcel(row),
        }
    }
}

impl std::fmt::Display for ReasonOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(id) => write!(f, "F{id}"),
            Self::Arrived(row, ordinal) => write!(f, "P{row}/{ordinal}"),
        }
    }
}

/// One reason for which a content waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReasonRow {
    /// The permanent code.
    pub code: StoredCode,
    /// What it rests on: words, separated by spaces.
    pub evidence: String,
    /// Details for people in permanent words.
    pub detail: String,
    /// Whether the content gives it by itself.
    pub alone: bool,
    /// Whether a decision answers it.
    pub covered: bool,
}

/// What a person decides about the reasons of a content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may pass.
    Release,
    /// It may not.
    Refuse,
}

impl Verdict {
    /// The word in the journal.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Refuse => "refuse",
        }
    }
}

/// A decision about one reason of one content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionRow {
    /// When.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What it was taken about: `F12`, `P3/0`.
    pub subject: String,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// The code of the reason.
    pub code: StoredCode,
    /// What the reason rested on then.
    pub evidence: String,
    /// Whether the content may pass.
    pub released: bool,
    /// Why, in the person's words.
    pub why: String,
}

fn read_decision(row: &Row<'_>) -> rusqlite::Result<DecisionRow> {
    Ok(DecisionRow {
        at: row.get(0)?,
        actor: row.get(1)?,
        sha256: row.get(2)?,
        code: row.get::<_, String>(3)?.into(),
        evidence: row.get(4)?,
        released: row.get::<_, String>(5)? == Verdict::Release.word(),
        why: row.get(6)?,
        subject: row.get(7)?,
    })
}

fn reasons_of(conn: &Connection, of: ReasonOf) -> JournalResult<Vec<ReasonRow>> {
    let mut rows = conn.prepare_cached(
        "SELECT code, evidence, detail, alone, covered FROM reason WHERE subject = ?1 ORDER BY ordinal",
    )?;
    let found = rows
        .query_map([of.to_string()], |row| {
            Ok(ReasonRow {
                code: row.get::<_, String>(0)?.into(),
                evidence: row.get(1)?,
                detail: row.get(2)?,
                alone: row.get(3)?,
                covered: row.get(4)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// Replaces the reasons of a content, within the caller's transaction.
fn set_reasons(tx: &Connection, of: ReasonOf, reasons: &[ReasonRow]) -> JournalResult<()> {
    tx.prepare_cached("DELETE FROM reason WHERE subject = ?1")?.execute([of.to_string()])?;
    for (ordinal, reason) in (0i64..).zip(reasons) {
        tx.prepare_cached("INSERT INTO reason VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
            of.to_string(),
            ordinal,
            reason.code.as_str(),
            reason.evidence,
            reason.detail,
            reason.alone,
            reason.covered
        ])?;
    }
    Ok(())
}

impl Journal {
    /// Returns why a content waits, as it was last judged, covered reasons included.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn reasons(&self, of: ReasonOf) -> JournalResult<Vec<ReasonRow>> {
        reasons_of(&self.conn, of)
    }

    /// Returns whether anything is stored about why a content waits.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn has_reasons(&self, of: ReasonOf) -> JournalResult<bool> {
        Ok(!reasons_of(&self.conn, of)?.is_empty())
    }

    /// Replaces the reason that a held file shows first.
    ///
    /// # Errors
    /// `NotFound` when it is not held.
    pub fn set_file_reason(&mut self, file: i64, reason: &Reason) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let changed = tx.execute(
                "UPDATE file SET reason_code = ?2, reason_detail = ?3 WHERE id = ?1 AND state = 'HELD'",
                params![file, reason.code.as_str(), reason.detail],
            )?;
            let subject = Subject::File(file);
            one_changed(changed, subject)?;
            let note = format!("{} {}", reason.code, reason.detail);
            history::append(tx, &Event { at, actor, subject, from: "HELD", to: "HELD", note: note.trim() })?;
            Ok(())
        })
    }

    /// Stores why a content waits. `false` if the same was stored already: nothing is written then.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn set_reasons(&mut self, of: ReasonOf, reasons: &[ReasonRow]) -> JournalResult<bool> {
        if reasons_of(&self.conn, of)? == reasons {
            return Ok(false);
        }
        self.change(|tx, _| set_reasons(tx, of, reasons))?;
        Ok(true)
    }

    /// Notes what the acting person decides about reasons of a content: a row for each, and an entry of the history for each,
    /// in one transaction.
    ///
    /// # Errors
    /// When SQLite does not answer: nothing was noted then.
    pub fn decide(
        &mut self,
        of: ReasonOf,
        sha256: &[u8; 32],
        reasons: &[ReasonRow],
        verdict: Verdict,
        why: &str,
    ) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            for reason in reasons {
                tx.prepare_cached(
                    "INSERT INTO decision (at, actor, subject, sha256, code, evidence, verdict, why) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    at.to_string(),
                    actor,
                    of.to_string(),
                    sha256,
                    reason.code.as_str(),
                    reason.evidence,
                    verdict.word(),
                    why
                ])?;
                let note = format!("{} {} | {why}", reason.code, reason.evidence);
                let digest = of_decision(tx, tx.last_insert_rowid())?.unwrap_or_default();
                let note = with_mark(&note, &digest);
                let to = format!("DECIDED_{}", verdict.word().to_uppercase());
                history::append(
                    tx,
                    &Event { at, actor, subject: of.subject(), from: "", to: &to, note: &note },
                )?;
            }
            Ok(())
        })?;
        // A journal restored from before this would ask again, and perhaps be told something else.
        self.remember();
        Ok(())
    }

    /// Returns every decision about a content, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn decisions_about(&self, sha256: &[u8; 32]) -> JournalResult<Vec<DecisionRow>> {
        let mut rows = self.conn.prepare_cached(
            "SELECT at, actor, sha256, code, evidence, verdict, why, subject FROM decision WHERE sha256 = ?1 ORDER BY id",
        )?;
        let found = rows.query_map([sha256], read_decision)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Sets what a file's content is for.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn set_file_purpose(&mut self, file: i64, purpose: &str) -> JournalResult<()> {
        let subject = Subject::File(file);
        self.change(|tx, (actor, at)| {
            let changed = tx.execute(
                "UPDATE file SET purpose = ?2 WHERE id = ?1 AND purpose IS NOT ?2",
                params![file, purpose],
            )?;
            if changed == 1 {
                history::append(tx, &Event { at, actor, subject, from: "", to: "PURPOSE", note: purpose })?;
            }
            Ok(())
        })
    }

    /// Returns what a file's content is for; `None` where nobody said.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn file_purpose(&self, file: i64) -> JournalResult<Option<String>> {
        Ok(self
            .conn
            .prepare_cached("SELECT purpose FROM file WHERE id = ?1")?
            .query_row([file], |row| row.get(0))?)
    }
}
