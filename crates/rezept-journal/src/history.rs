//! The history: every change of state and every decision, chained by hash so that no past entry can be edited, removed
//! or added without breaking all later ones.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::error::JournalResult;
use crate::store::Journal;

/// A place in the chain: the entry's number and its hash. Handed to the other station, which thereby witnesses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Number of the entry; 0 before the first.
    pub seq: u64,
    /// Its hash; zeros before the first.
    pub hash: [u8; 32],
}

/// What an entry is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A row of `file`.
    File(i64),
    /// A row of `parcel`.
    Parcel(i64),
    /// A row of `alert`.
    Alert(i64),
    /// A row of `return_file`: an import.
    ReturnFile(i64),
    /// A row of `returned_claim`.
    Returned(i64),
    /// A row of `resubmission`.
    Resubmission(i64),
    /// A row of `operator`: a person.
    Operator(i64),
    /// A row of `medium`.
    Medium(i64),
    /// A row of `register_content`.
    Content(i64),
    /// The station itself.
    Station,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(id) => write!(f, "F{id}"),
            Self::Parcel(row) => write!(f, "P{row}"),
            Self::Alert(id) => write!(f, "A{id}"),
            Self::ReturnFile(id) => write!(f, "I{id}"),
            Self::Returned(id) => write!(f, "R{id}"),
            Self::Resubmission(id) => write!(f, "B{id}"),
            Self::Operator(id) => write!(f, "O{id}"),
            Self::Medium(row) => write!(f, "M{row}"),
            Self::Content(id) => write!(f, "C{id}"),
            Self::Station => f.write_str("S"),
        }
    }
}

impl std::str::FromStr for Subject {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |digits: &str| digits.parse::<i64>().map_err(|_| ());
        match text.split_at_checked(1) {
            Some(("F" | "f", digits)) => Ok(Self::File(number(digits)?)),
            Some(("P" | "p", digits)) => Ok(Self::Parcel(number(digits)?)),
            Some(("A" | "a", digits)) => Ok(Self::Alert(number(digits)?)),
            Some(("I" | "i", digits)) => Ok(Self::ReturnFile(number(digits)?)),
            Some(("R" | "r", digits)) => Ok(Self::Returned(number(digits)?)),
            Some(("B" | "b", digits)) => Ok(Self::Resubmission(number(digits)?)),
            Some(("O" | "o", digits)) => Ok(Self::Operator(number(digits)?)),
            Some(("M" | "m", digits)) => Ok(Self::Medium(number(digits)?)),
            Some(("C" | "c", digits)) => Ok(Self::Content(number(digits)?)),
            Some(("S" | "s", "")) => Ok(Self::Station),
            _ => Err(()),
        }
    }
}

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryRow {
    /// Number, from 1 without gaps.
    pub seq: u64,
    /// When.
    pub at: String,
    /// Who: `service`, a command, or, where operators exist, a person.
    pub actor: String,
    /// About what (`F1`, `P2`, `R3`, `S`).
    pub subject: String,
    /// State before; empty at birth and for decisions.
    pub from: String,
    /// State after, or the decision.
    pub to: String,
    /// Details. Never a patient's data.
    pub note: String,
    /// Hash over the entry and the hash before.
    pub hash: [u8; 32],
}

impl HistoryRow {
    /// The hash that the entry must have behind one with the hash `before`. The rule is public: `docs/audit.md`.
    #[must_use]
    pub fn hash_behind(&self, before: &[u8; 32]) -> [u8; 32] {
        hash_of(before, self)
    }
}

/// What goes into one entry.
pub(crate) struct Event<'a> {
    pub at: Timestamp,
    pub actor: &'a str,
    pub subject: Subject,
    pub from: &'a str,
    pub to: &'a str,
    pub note: &'a str,
}

/// Appends an entry. Call within the transaction of the change itself.
pub(crate) fn append(conn: &Connection, event: &Event<'_>) -> JournalResult<Checkpoint> {
    let before = head(conn)?;
    let seq = before.seq + 1;
    let row = HistoryRow {
        seq,
        at: event.at.to_string(),
        actor: event.actor.to_owned(),
        subject: event.subject.to_string(),
        from: event.from.to_owned(),
        to: event.to.to_owned(),
        note: event.note.to_owned(),
        hash: [0; 32],
    };
    let hash = hash_of(&before.hash, &row);
    conn.prepare_cached("INSERT INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(params![
        seq,
        row.at,
        row.actor,
        row.subject,
        row.from,
        row.to,
        row.note,
        hash
    ])?;
    Ok(Checkpoint { seq, hash })
}

pub(crate) fn head(conn: &Connection) -> JournalResult<Checkpoint> {
    let head = conn
        .prepare_cached("SELECT seq, hash FROM history ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok(Checkpoint { seq: row.get(0)?, hash: row.get(1)? }))
        .optional()?;
    Ok(head.unwrap_or(Checkpoint { seq: 0, hash: [0; 32] }))
}

/// The hash of one entry.
pub(crate) fn hash_at(conn: &Connection, seq: u64) -> JournalResult<Option<[u8; 32]>> {
    Ok(conn
        .prepare_cached("SELECT hash FROM history WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()?)
}

/// SHA-256 over the hash before and every field, each preceded by its length, so that no two entries read the same.
pub(crate) fn hash_of(before: &[u8; 32], row: &HistoryRow) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(row.seq.to_le_bytes());
    for field in [&row.at, &row.actor, &row.subject, &row.from, &row.to, &row.note] {
        hasher.update((field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().into()
}

pub(crate) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<HistoryRow> {
    Ok(HistoryRow {
        seq: row.get(0)?,
        at: row.get(1)?,
        actor: row.get(2)?,
        subject: row.get(3)?,
        from: row.get(4)?,
        to: row.get(5)?,
        note: row.get(6)?,
        hash: row.get(7)?,
    })
}

impl Journal {
    /// The end of the chain.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn checkpoint(&self) -> JournalResult<Checkpoint> {
        head(&self.conn)
    }

    /// The entries about one subject, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn history(&self, subject: Subject) -> JournalResult<Vec<HistoryRow>> {
        let mut rows = self.conn.prepare_cached("SELECT * FROM history WHERE subject = ?1 ORDER BY seq")?;
        let found = rows.query_map([subject.to_string()], read_row)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Up to `limit` entries from number `first` on, in their order.
    ///
    /// # Errors
    /// `Damaged` when one of them cannot be read, and when SQLite does not answer.
    pub fn history_from(&self, first: u64, limit: u32) -> JournalResult<Vec<HistoryRow>> {
        let mut rows =
            self.conn.prepare_cached("SELECT * FROM history WHERE seq >= ?1 ORDER BY seq LIMIT ?2")?;
        let found = rows.query_map(params![first, limit], read_row)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// The hash of one entry; zeros for number 0, before the first. `None` when there is no such entry.
    ///
    /// # Errors
    /// As [`Journal::history_from`].
    pub fn entry_hash(&self, seq: u64) -> JournalResult<Option<[u8; 32]>> {
        if seq == 0 { Ok(Some([0; 32])) } else { hash_at(&self.conn, seq) }
    }

    /// The last `limit` entries of the whole history, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn latest_history(&self, limit: u32) -> JournalResult<Vec<HistoryRow>> {
        let mut rows = self.conn.prepare_cached(
            "SELECT * FROM (SELECT * FROM history ORDER BY seq DESC LIMIT ?1) ORDER BY seq",
        )?;
        let found = rows.query_map([limit], read_row)?.collect::<Result<_, _>>()?;
        Ok(found)
    }
}
