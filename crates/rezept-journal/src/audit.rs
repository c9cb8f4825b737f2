//! The audit: whether the history is whole, and whether it still tells what the rows say. Finds and reports; mends nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::bound::Bound;
use crate::checkpoints::{self, Held, Keeper};
use crate::error::{JournalError, JournalResult};
use crate::history::{Checkpoint, HistoryRow, hash_of, read_row};
use crate::store::Journal;

/// A checkpoint of this station's chain that is known to be elsewhere, and is not in the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet {
    /// The checkpoint.
    pub point: Checkpoint,
    /// Where it is kept.
    pub keepers: BTreeSet<Keeper>,
    /// What the chain has instead.
    pub held: Held,
}

/// What was found by following the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainReport {
    /// Entries followed.
    pub entries: u64,
    /// The end of the chain, or of its sound part.
    pub head: Checkpoint,
    /// The first broken entry, if one is: edited, removed, or put in.
    pub broken_at: Option<u64>,
    /// How many checkpoints of the chain are known to be elsewhere.
    pub elsewhere: u64,
    /// Those of them that the chain does not contain, by number.
    pub unmet: Vec<Unmet>,
    /// Files, parcels, return files, returned claims and resubmissions (`F1`, `P2`, `I3`, `R4`, `B5`) whose row and whose
    /// history tell different states, contents of the register (`C6`) with another purpose than the history tells, and
    /// return files that have not the claims they brought. Stations (by name), persons (`O7`), decisions (`D8`) and accepted
    /// files whose keys, roles, password hash, words or bytes are not those that the history tells.
    pub astray: Vec<String>,
}

impl ChainReport {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.broken_at.is_none() && self.unmet.is_empty() && self.astray.is_empty()
    }

    /// The number of the first entry with which something is wrong.
    #[must_use]
    pub fn first_wrong(&self) -> Option<u64> {
        self.broken_at.into_iter().chain(self.unmet.iter().map(|unmet| unmet.point.seq)).min()
    }
}

/// The last state of each row that has one, as the history tells it.
#[derive(Default)]
struct Told(HashMap<String, String>);

impl Told {
    fn note(&mut self, entry: HistoryRow) {
        // Entries without a state before are births and decisions; only the first of a subject is its birth. A returned
        // claim has no birth of its own: the entry of its file tells of all.
        let is_row = entry.subject.starts_with(['F', 'P', 'I', 'B', 'C']);
        let is_claim = entry.subject.starts_with('R');
        let is_move = !entry.from.is_empty();
        if (is_row && (is_move || !self.0.contains_key(&entry.subject))) || (is_claim && is_move) {
            self.0.insert(entry.subject, entry.to);
        }
    }

    /// Compares with the rows: what differs, what the history does not know, what has no row.
    fn compare(mut self, conn: &Connection) -> JournalResult<Vec<String>> {
        let mut astray = Vec::new();
        let mut rows = conn.prepare(
            "SELECT 'F' || id, state FROM file UNION ALL SELECT 'P' || row, state FROM parcel \
             UNION ALL SELECT 'I' || id, state FROM return_file UNION ALL SELECT 'B' || id, state FROM resubmission \
             UNION ALL SELECT 'R' || id, state FROM returned_claim WHERE state <> 'new' \
             UNION ALL SELECT 'C' || id, purpose FROM register_content",
        )?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let (subject, state): (String, String) = (row.get(0)?, row.get(1)?);
            if self.0.remove(&subject) != Some(state) {
                astray.push(subject);
            }
        }
        astray.extend(self.0.into_keys());
        let mut short = conn.prepare(
            "SELECT 'I' || f.id FROM return_file f \
             WHERE f.new_claims <> (SELECT count(*) FROM returned_claim c WHERE c.id >= f.first_claim AND \
             c.id < f.first_claim + f.new_claims AND c.file = f.id)",
        )?;
        astray.extend(short.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?);
        astray.sort();
        Ok(astray)
    }
}

impl Journal {
    /// Follows the chain from the first entry to the last, looks for every checkpoint that was handed out (`in_headers`: those
    /// in kept headers, which the journal cannot read) or that another station says it holds, and compares the rows with
    /// what the history tells of them.
    ///
    /// # Errors
    /// When SQLite does not answer. A broken chain is a result, not an error.
    pub fn verify_chain(&self, in_headers: &[Checkpoint]) -> JournalResult<ChainReport> {
        // One moment of the journal, while a service beside this process goes on.
        let moment = Transaction::new_unchecked(&self.conn, TransactionBehavior::Deferred)?;
        let mut head = Checkpoint { seq: 0, hash: [0; 32] };
        let mut entries = 0;
        let mut broken_at = None;
        let (mut told, mut bound) = (Told::default(), Bound::default());
        let mut statement = moment.prepare("SELECT * FROM history ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            entries += 1;
            let expected = head.seq + 1;
            let entry = match read_row(row).map_err(JournalError::from) {
                Ok(entry) => entry,
                Err(JournalError::Damaged { .. }) => {
                    // Not readable as an entry: somebody put other values into it.
                    broken_at.get_or_insert(expected);
                    continue;
                }
                Err(other) => return Err(other),
            };
            if entry.seq != expected || hash_of(&head.hash, &entry) != entry.hash {
                broken_at.get_or_insert(expected.min(entry.seq));
            }
            if broken_at.is_none() {
                head = Checkpoint { seq: entry.seq, hash: entry.hash };
            }
            bound.note(&entry);
            told.note(entry);
        }
        if broken_at.is_none() && issued(&moment)? > head.seq {
            broken_at = Some(head.seq + 1);
        }
        let (elsewhere, unmet) = unmet(&moment, in_headers)?;
        let mut astray = told.compare(&moment)?;
        astray.extend(bound.compare(&moment)?);
        astray.sort();
        astray.dedup();
        Ok(ChainReport { entries, head, broken_at, elsewhere, unmet, astray })
    }
}

/// How many checkpoints are elsewhere, and which of them are not in the chain.
fn unmet(conn: &Connection, in_headers: &[Checkpoint]) -> JournalResult<(u64, Vec<Unmet>)> {
    let mut elsewhere: BTreeMap<(u64, [u8; 32]), BTreeSet<Keeper>> = BTreeMap::new();
    let in_headers = in_headers.iter().map(|point| (*point, Keeper::Header));
    for (point, keeper) in checkpoints::elsewhere(conn)?.into_iter().chain(in_headers) {
        elsewhere.entry((point.seq, point.hash)).or_default().insert(keeper);
    }
    elsewhere.retain(|(seq, _), _| *seq > 0);
    let count = elsewhere.len() as u64;
    let mut unmet = Vec::new();
    for ((seq, hash), keepers) in elsewhere {
        let point = Checkpoint { seq, hash };
        match checkpoints::compare(conn, point)? {
            Held::Same => {}
            held => unmet.push(Unmet { point, keepers, held }),
        }
    }
    Ok((count, unmet))
}

/// The highest number an entry ever had: SQLite counts on where the last ones were removed.
fn issued(conn: &Connection) -> JournalResult<u64> {
    let issued: Option<u64> = conn
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'history'", [], |row| row.get(0))
        .optional()?;
    Ok(issued.unwrap_or(0))
}
