//! Rows on which trust rests, bound to the history: the entry that tells of a change ends with a digest of the row as it was
//! left. `audit verify` compares it with the row: keys, roles, password hashes and decisions that were changed behind the
//! history are found.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest as _, Sha256};

use crate::error::JournalResult;
use crate::history::HistoryRow;

/// Stands before the digest at the end of a note.
const MARK: &str = " row:";

/// So much of a SHA-256 is written: enough against whoever looks for another row with the same.
const DIGEST_BYTES: usize = 16;

/// What a note says, without the digest at its end.
#[must_use]
pub fn note_without_mark(note: &str) -> &str {
    note.rsplit_once(MARK).map_or(note, |(said, _)| said)
}

/// Appends the digest of a row to the note that tells of its change.
pub(crate) fn with_mark(note: &str, digest: &str) -> String {
    format!("{}{MARK}{digest}", note.trim_end())
}

/// A digest of values, each with its length, so that no two lists of values are alike.
fn digest(values: &[Option<String>]) -> String {
    let mut hasher = Sha256::new();
    for value in values {
        match value {
            None => hasher.update([0]),
            Some(text) => {
                hasher.update([1]);
                hasher.update((text.len() as u64).to_be_bytes());
                hasher.update(text.as_bytes());
            }
        }
    }
    hasher.finalize().iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of what is trusted of another station: its keys, and whether it is paired.
pub(crate) fn of_peer(conn: &Connection, name: &str) -> JournalResult<Option<String>> {
    let sql = "SELECT name, signing_key, opening_key, recovery_key, state FROM peer WHERE name = ?1";
    let found = conn.prepare_cached(sql)?.query_row([name], |row| {
        Ok(digest(&[Some(row.get(0)?), Some(row.get(1)?), Some(row.get(2)?), row.get(3)?, Some(row.get(4)?)]))
    });
    Ok(found.optional()?)
}

/// The digest of a person: name, password hash, roles, and whether they still work here.
pub(crate) fn of_operator(conn: &Connection, id: i64) -> JournalResult<Option<String>> {
    let sql = "SELECT name, secret, retired_at, (SELECT group_concat(role, ',') FROM (SELECT role FROM operator_role \
         WHERE operator = ?1 ORDER BY role)) FROM operator WHERE id = ?1";
    let found = conn
        .prepare_cached(sql)?
        .query_row([id], |row| Ok(digest(&[Some(row.get(0)?), Some(row.get(1)?), row.get(2)?, row.get(3)?])));
    Ok(found.optional()?)
}

/// The digest of a decision.
pub(crate) fn of_decision(conn: &Connection, id: i64) -> JournalResult<Option<String>> {
    let sql = "SELECT at, actor, subject, lower(hex(sha256)), code, evidence, verdict, why FROM decision WHERE id = ?1";
    let found = conn.prepare_cached(sql)?.query_row([id], |row| {
        let values: Result<Vec<Option<String>>, _> = (0..8).map(|column| row.get(column)).collect();
        Ok(digest(&values?))
    });
    Ok(found.optional()?)
}

/// What the history tells of the rows that are bound to it.
#[derive(Default)]
pub(crate) struct Bound {
    /// By name. `None`: the last entry is that of an older program, which bound nothing.
    peers: BTreeMap<String, Option<String>>,
    /// By subject.
    operators: BTreeMap<String, Option<String>>,
    decisions: BTreeSet<String>,
    /// Digests of accepted contents, by subject of their file.
    contents: BTreeMap<String, String>,
}

impl Bound {
    pub(crate) fn note(&mut self, entry: &HistoryRow) {
        let mark = entry.note.rsplit_once(MARK).map(|(_, digest)| digest.to_owned());
        match entry.to.as_str() {
            "PAIRED" | "KEY_ANNOUNCED" | "REVOKED" if entry.subject == "S" => {
                let name = entry.note.split(' ').next().unwrap_or_default();
                self.peers.insert(name.to_owned(), mark);
            }
            "OPERATOR_ADDED" | "ROLES_CHANGED" | "PASSWORD_CHANGED" | "OPERATOR_RETIRED" => {
                self.operators.insert(entry.subject.clone(), mark);
            }
            "DECIDED_RELEASE" | "DECIDED_REFUSE" => self.decisions.extend(mark),
            "GATED" if mark.is_some() => {
                self.contents.extend(mark.map(|digest| (entry.subject.clone(), digest)));
            }
            // Read anew: another content may stand there.
            "SEEN" => drop(self.contents.remove(&entry.subject)),
            _ => {}
        }
    }

    /// The rows that are not what the history tells of them: stations by name, persons as `O3`, decisions as `D4`, files
    /// as `F5`.
    pub(crate) fn compare(mut self, conn: &Connection) -> JournalResult<Vec<String>> {
        let mut astray = Vec::new();
        for name in texts(conn, "SELECT name FROM peer")? {
            match self.peers.remove(&name) {
                Some(None) => {}
                told => {
                    if told.flatten() != of_peer(conn, &name)? {
                        astray.push(name);
                    }
                }
            }
        }
        astray.extend(self.peers.into_iter().filter_map(|(name, mark)| mark.map(|_| name)));
        for id in ids(conn, "SELECT id FROM operator")? {
            let subject = format!("O{id}");
            match self.operators.remove(&subject) {
                Some(None) => {}
                told => {
                    if told.flatten() != of_operator(conn, id)? {
                        astray.push(subject);
                    }
                }
            }
        }
        astray.extend(self.operators.into_iter().filter_map(|(subject, mark)| mark.map(|_| subject)));
        for id in ids(conn, "SELECT id FROM decision")? {
            if of_decision(conn, id)?.is_none_or(|digest| !self.decisions.contains(&digest)) {
                astray.push(format!("D{id}"));
            }
        }
        for (subject, told) in self.contents {
            let id: i64 = subject.trim_start_matches('F').parse().unwrap_or_default();
            let sql = "SELECT lower(hex(sha256)) FROM file WHERE id = ?1";
            let now: Option<Option<String>> =
                conn.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
            if now.flatten().as_ref() != Some(&told) {
                astray.push(subject);
            }
        }
        Ok(astray)
    }
}

fn texts(conn: &Connection, sql: &str) -> JournalResult<Vec<String>> {
    Ok(conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn ids(conn: &Connection, sql: &str) -> JournalResult<Vec<i64>> {
    Ok(conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}
