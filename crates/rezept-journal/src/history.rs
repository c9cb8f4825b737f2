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
    /// The station itself.
    Station,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(id) => write!(f, "F{id}"),
            Self::Parcel(row) => write!(f, "P{row}"),
            Self::Alert(id) => write!(f, "A{id}"),
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
    /// Who: `service`, a command, later a person.
    pub actor: String,
    /// About what (`F1`, `P2`, `S`).
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

/// What was found by following the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainReport {
    /// Entries followed.
    pub entries: u64,
    /// The end of the chain.
    pub head: Checkpoint,
    /// The first broken entry, if one is.
    pub broken_at: Option<u64>,
    /// Checkpoints handed out in headers that the chain does not contain any more.
    pub unmet: Vec<Checkpoint>,
}

impl ChainReport {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.broken_at.is_none() && self.unmet.is_empty()
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

/// SHA-256 over the hash before and every field, each preceded by its length, so that no two entries read the same.
fn hash_of(before: &[u8; 32], row: &HistoryRow) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(row.seq.to_le_bytes());
    for field in [&row.at, &row.actor, &row.subject, &row.from, &row.to, &row.note] {
        hasher.update((field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().into()
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<HistoryRow> {
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

    /// Follows the chain from the first entry to the last, and looks for every checkpoint in `handed_out`.
    ///
    /// # Errors
    /// When SQLite does not answer. A broken chain is a result, not an error.
    pub fn verify_chain(&self, handed_out: &[Checkpoint]) -> JournalResult<ChainReport> {
        let mut report = ChainReport {
            entries: 0,
            head: Checkpoint { seq: 0, hash: [0; 32] },
            broken_at: None,
            unmet: Vec::new(),
        };
        let mut wanted = handed_out.to_vec();
        wanted.retain(|point| point.seq > 0);
        let mut statement = self.conn.prepare("SELECT * FROM history ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let row = read_row(row)?;
            let expected = report.head.seq + 1;
            if report.broken_at.is_none()
                && (row.seq != expected || hash_of(&report.head.hash, &row) != row.hash)
            {
                report.broken_at = Some(expected.min(row.seq));
            }
            wanted.retain(|point| !(point.seq == row.seq && point.hash == row.hash));
            report.head = Checkpoint { seq: row.seq, hash: row.hash };
            report.entries += 1;
        }
        let issued: Option<i64> = self
            .conn
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'history'", [], |row| row.get(0))
            .optional()?;
        let issued = issued.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        if report.broken_at.is_none() && issued > report.head.seq {
            report.broken_at = Some(report.head.seq + 1);
        }
        report.unmet = wanted;
        Ok(report)
    }

    /// Stores a checkpoint that another station showed of its own chain. `false` if it contradicts a stored one: the
    /// same number with another hash, which means that the other station's history was rewritten.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn witness(&mut self, peer: &str, point: Checkpoint) -> JournalResult<bool> {
        let at = self.clock.now().to_string();
        let known: Option<[u8; 32]> = self
            .conn
            .prepare_cached("SELECT hash FROM witness WHERE peer = ?1 AND seq = ?2")?
            .query_row(params![peer, point.seq], |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            return Ok(known == point.hash);
        }
        self.conn.execute(
            "INSERT INTO witness VALUES (?1, ?2, ?3, ?4)",
            params![peer, point.seq, point.hash, at],
        )?;
        Ok(true)
    }
}
