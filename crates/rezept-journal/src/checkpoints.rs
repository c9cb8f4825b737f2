//! Checkpoints of chains at the other station: what it showed of its own, what was handed out of this one, and what it says
//! it holds of this one. Blocks nothing: a contradiction becomes an alert, and a finding of the audit.

use rezept_codes::Code;
use rusqlite::{Connection, OptionalExtension, params};

use crate::alerts;
use crate::error::{JournalError, JournalResult};
use crate::files::Reason;
use crate::history::{self, Checkpoint, hash_at};
use crate::store::Journal;

/// The highest number that SQLite can hold; no chain comes near it.
const HIGHEST_SEQ: u64 = i64::MAX.unsigned_abs();

/// What another station holds of this station's chain, compared with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// The entry is here, and the same.
    Same,
    /// The chain here ends before that entry.
    Shorter {
        /// Number of the last entry here.
        last: u64,
    },
    /// Another entry has that number here, or none that can be read.
    Other,
}

/// Where a checkpoint of this station's chain is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Keeper {
    /// Handed out to this station.
    GivenTo(String),
    /// This station says that it holds it.
    HeldBy(String),
    /// In the header of a parcel that is kept here.
    Header,
}

/// Compares an entry with the chain.
pub(crate) fn compare(conn: &Connection, point: Checkpoint) -> JournalResult<Held> {
    if point.seq == 0 {
        return Ok(Held::Same);
    }
    let last = history::head(conn)?.seq;
    if point.seq > last {
        return Ok(Held::Shorter { last });
    }
    let here = match hash_at(conn, point.seq) {
        // Somebody put another value there.
        Err(JournalError::Damaged { .. }) => None,
        read => read?,
    };
    Ok(if here == Some(point.hash) { Held::Same } else { Held::Other })
}

/// Notes that a checkpoint goes out. Call within the transaction that plans what carries it.
pub(crate) fn give(
    tx: &Connection,
    peer: &str,
    point: Checkpoint,
    at: jiff::Timestamp,
    via: &str,
) -> JournalResult<()> {
    if point.seq > 0 {
        tx.prepare_cached("INSERT OR IGNORE INTO checkpoint_given VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![peer, point.seq, point.hash, at.to_string(), via])?;
    }
    Ok(())
}

/// Every checkpoint of this station's chain that is known to be elsewhere.
pub(crate) fn elsewhere(conn: &Connection) -> JournalResult<Vec<(Checkpoint, Keeper)>> {
    let mut rows = conn.prepare(
        "SELECT seq, hash, peer, 0 FROM checkpoint_given UNION ALL SELECT seq, hash, peer, 1 FROM checkpoint_held",
    )?;
    let found = rows.query_map([], |row| {
        let point = Checkpoint { seq: row.get(0)?, hash: row.get(1)? };
        let (peer, held): (String, bool) = (row.get(2)?, row.get(3)?);
        Ok((point, if held { Keeper::HeldBy(peer) } else { Keeper::GivenTo(peer) }))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The key that proves what another station shows: its pinned one while it is paired.
fn key_of(conn: &Connection, peer: &str) -> JournalResult<String> {
    let key = conn
        .prepare_cached("SELECT signing_key FROM peer WHERE name = ?1 AND state = 'paired'")?
        .query_row([peer], |row| row.get(0))
        .optional()?;
    Ok(key.unwrap_or_default())
}

impl Journal {
    /// Notes that a checkpoint of the own chain goes to another station in an acknowledgement of the parcel `via`. Call before
    /// those bytes leave. For headers, planning and sealing a parcel do it by themselves.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn note_given(&mut self, peer: &str, point: Checkpoint, via: &str) -> JournalResult<()> {
        self.change(|tx, (_, at)| give(tx, peer, point, at, via))
    }

    /// Compares what another station says, under its signature, that it holds of the own chain, and remembers it. What
    /// contradicts the chain raises an alert the first time that it is said.
    ///
    /// # Errors
    /// When SQLite does not answer. A contradiction is a result, not an error.
    pub fn peer_holds(&mut self, peer: &str, point: Checkpoint) -> JournalResult<Held> {
        let point = Checkpoint { seq: point.seq.min(HIGHEST_SEQ), ..point };
        if point.seq == 0 {
            return Ok(Held::Same);
        }
        self.change(|tx, who| {
            let held = compare(tx, point)?;
            let new = tx
                .prepare_cached("INSERT OR IGNORE INTO checkpoint_held VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![peer, point.seq, point.hash, who.1.to_string()])?
                == 1;
            let reason = match held {
                Held::Same => return Ok(held),
                Held::Shorter { last } => Reason::new(
                    Code::OwnHistoryShort,
                    format!("entry {}, the last one here is {last}", point.seq),
                ),
                Held::Other => Reason::new(Code::OwnHistoryOther, format!("entry {}", point.seq)),
            };
            if new {
                alerts::raise(tx, who, &reason, peer)?;
            }
            Ok(held)
        })
    }

    /// Stores a checkpoint that another station showed of its own chain. `false` if it contradicts one that the same key
    /// proved before: the same number with another hash, which means that the other station's history was rewritten.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn witness(&mut self, peer: &str, point: Checkpoint) -> JournalResult<bool> {
        if point.seq > HIGHEST_SEQ {
            return Ok(false);
        }
        self.change(|tx, (_, at)| {
            let key = key_of(tx, peer)?;
            tx.prepare_cached(
                "INSERT OR IGNORE INTO witness VALUES (?1, ?2, ?3, ?4, ?5, \
                 (SELECT coalesce(max(ordinal), 0) + 1 FROM witness WHERE peer = ?1))",
            )?
            .execute(params![peer, key, point.seq, point.hash, at.to_string()])?;
            let first: [u8; 32] = tx
                .prepare_cached(
                    "SELECT hash FROM witness WHERE peer = ?1 AND key = ?2 AND seq = ?3 ORDER BY ordinal LIMIT 1",
                )?
                .query_row(params![peer, key, point.seq], |row| row.get(0))?;
            Ok(first == point.hash)
        })
    }

    /// What to tell a paired station that this one holds of its chain: the highest entry besides the one that it showed last,
    /// or besides `shown`, the one in the header that is answered. To repeat what it has just shown would tell it little:
    /// a chain that was set back and then grew past the old entries agrees with that. Only what the key proved with which it
    /// is paired now: anything else may be invented, or of a computer that was replaced.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn witness_for(&self, peer: &str, shown: Option<Checkpoint>) -> JournalResult<Option<Checkpoint>> {
        let key = key_of(&self.conn, peer)?;
        if key.is_empty() {
            return Ok(None);
        }
        let mut rows = self.conn.prepare_cached(
            "SELECT seq, hash FROM witness WHERE peer = ?1 AND key = ?2 AND seq > 0 \
             ORDER BY CASE WHEN ?3 IS NULL \
               THEN ordinal = (SELECT max(ordinal) FROM witness WHERE peer = ?1 AND key = ?2) \
               ELSE seq = ?3 AND hash = ?4 END, seq DESC, ordinal LIMIT 1",
        )?;
        let (seq, hash) = (shown.map(|point| point.seq.min(HIGHEST_SEQ)), shown.map(|point| point.hash));
        Ok(rows
            .query_row(params![peer, key, seq, hash], |row| {
                Ok(Checkpoint { seq: row.get(0)?, hash: row.get(1)? })
            })
            .optional()?)
    }
}
