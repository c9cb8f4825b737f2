//! The register: every content that passed, left, arrived or was resubmitted, with prints of its claims, so that a claim is
//! known again whatever file it comes in. It stores and finds; what a second appearance means is decided elsewhere, and what
//! became of a content is told by the rows of files, parcels and resubmissions.

mod rows;

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use rows::{COLUMNS, hex, read_claim, read_content, read_sighting};
pub use rows::{
    ClaimSighting, ContentPurpose, NewRegisterContent, Noted, PrintKeyId, RegisterClaim, RegisterContent,
};

use crate::error::{JournalError, JournalResult};
use crate::history::{self, Event, Subject};
use crate::store::Journal;

type Who<'a> = (&'a str, jiff::Timestamp);

/// How many claims of a content another registered content shares with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shared {
    /// SHA-256 of the other content.
    pub sha256: [u8; 32],
    /// Returned claims (検索番号) that both answer.
    pub numbers: usize,
    /// Ordinary claims that both hold, to the letter.
    pub claims: usize,
}

/// Claims of one content beside those of every other one that is no trial. `IS` lets a claim without a month meet its like.
const SHARED: &str = "SELECT c.sha256, count(DISTINCT mine.number) FROM register_claim AS mine JOIN register_claim AS other \
    ON {} JOIN register_content AS c ON c.id = other.content WHERE mine.content = ?1 AND other.content <> ?1 AND \
    c.purpose <> 'trial' GROUP BY c.id ORDER BY c.id";

impl Journal {
    /// Returns the other registered contents that answer some of the same returned claims, or hold some of the same ordinary
    /// claims to the letter. Holds none of the claims in memory.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn contents_sharing(&self, sha256: &[u8; 32]) -> JournalResult<Vec<Shared>> {
        let Some(content) = self.register_content(sha256)? else { return Ok(Vec::new()) };
        let mut found: std::collections::BTreeMap<[u8; 32], Shared> = std::collections::BTreeMap::new();
        let numbers = "other.search_no = mine.search_no";
        let claims = "mine.search_no IS NULL AND other.service_month IS mine.service_month AND other.key = mine.key AND \
                      other.request = mine.request AND other.search_no IS NULL";
        for (condition, of_numbers) in [(numbers, true), (claims, false)] {
            let mut rows = self.conn.prepare_cached(&SHARED.replace("{}", condition))?;
            let mut rows = rows.query([content.id])?;
            while let Some(row) = rows.next()? {
                let (other, count): ([u8; 32], usize) = (row.get(0)?, row.get(1)?);
                let shared = found.entry(other).or_insert(Shared { sha256: other, numbers: 0, claims: 0 });
                if of_numbers {
                    shared.numbers = count;
                } else {
                    shared.claims = count;
                }
            }
        }
        Ok(found.into_values().collect())
    }

    /// Notes a content with the prints of its claims, all of it or nothing. The prints are stored as they come from `claims`,
    /// which must number them in order. A content that is known stays as it was first noted, its purpose too; only where its
    /// prints were made under another key are they replaced by these.
    ///
    /// Other processes that want to write wait until `claims` ends: have the prints ready before.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn note_content(
        &mut self,
        new: &NewRegisterContent,
        claims: impl IntoIterator<Item = RegisterClaim>,
    ) -> JournalResult<Noted> {
        let alone = self.conn.is_autocommit();
        let noted = self.change(|tx, who| match content_at(tx, &new.sha256)? {
            Some(known) if known.content.print_key == new.print_key => {
                let trial = ContentPurpose::Trial;
                if known.content.purpose == trial && new.purpose != trial {
                    // What was only tried counts from now on.
                    tx.prepare_cached(
                        "UPDATE register_content SET purpose = ?2, corrects = ?3, identity = ?4 WHERE id = ?1",
                    )?
                    .execute(params![known.id, new.purpose.word(), new.purpose.corrects(), new.identity])?;
                    let moves = (trial.word(), new.purpose.word());
                    tell(tx, who, known.id, moves, &purpose_note(&new.purpose, ""))?;
                }
                Ok(Noted::Known(known.id))
            }
            Some(known) => {
                tx.prepare_cached("DELETE FROM register_claim WHERE content = ?1")?.execute([known.id])?;
                let count = insert_claims(tx, known.id, claims)?;
                tx.prepare_cached("UPDATE register_content SET print_key = ?2, claims = ?3 WHERE id = ?1")?
                    .execute(params![known.id, new.print_key.0, count])?;
                tell(tx, who, known.id, ("", "REPRINTED"), &hex(&new.print_key.0))?;
                Ok(Noted::Reprinted(known.id))
            }
            None => insert_content(tx, who, new, claims).map(Noted::New),
        })?;
        // A journal restored from before this would not know the claims again. Within a batch nothing is stored yet.
        if alone && matches!(noted, Noted::New(_)) {
            self.remember();
        }
        Ok(noted)
    }

    /// Whether a content is in the register.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn is_registered(&self, sha256: &[u8; 32]) -> JournalResult<bool> {
        Ok(self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM register_content WHERE sha256 = ?1)")?
            .query_row([sha256], |row| row.get(0))?)
    }

    /// A content of the register; `None` if it is not in it.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn register_content(&self, sha256: &[u8; 32]) -> JournalResult<Option<RegisterContent>> {
        content_at(&self.conn, sha256)
    }

    /// Every content of an identity, in the order in which they were noted.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn register_contents_of(&self, identity: &str) -> JournalResult<Vec<RegisterContent>> {
        contents_where(&self.conn, "identity = ?1 ORDER BY id", [identity])
    }

    /// Every content whose prints were made under another key than this one, oldest first: nothing is found again by them
    /// until they are made anew.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn register_contents_of_other_keys(&self, key: PrintKeyId) -> JournalResult<Vec<RegisterContent>> {
        contents_where(&self.conn, "print_key <> ?1 ORDER BY id", [key.0])
    }

    /// The prints of a content, in the order of the file; `None` if it is not in the register.
    ///
    /// # Errors
    /// `Damaged` when it has not as many prints as it had claims: an answer from fewer could let a claim go out twice.
    pub fn register_claims(&self, sha256: &[u8; 32]) -> JournalResult<Option<Vec<RegisterClaim>>> {
        let Some(content) = content_at(&self.conn, sha256)? else { return Ok(None) };
        let mut statement = self.conn.prepare_cached(
            "SELECT number, service_month, key, request, search_no FROM register_claim WHERE content = ?1 ORDER BY number",
        )?;
        let claims: Vec<_> = statement.query_map([content.id], read_claim)?.collect::<Result<_, _>>()?;
        if claims.len() as u64 != content.claims {
            let detail =
                format!("register of C{}: {} of {} claims", content.id, claims.len(), content.claims);
            return Err(JournalError::Damaged { detail });
        }
        Ok(Some(claims))
    }

    /// The 検索番号 of a content's claims; empty for a content that is not in the register.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn register_search_numbers(&self, sha256: &[u8; 32]) -> JournalResult<BTreeSet<String>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT r.search_no FROM register_content c JOIN register_claim r ON r.content = c.id \
             WHERE c.sha256 = ?1 AND r.search_no IS NOT NULL",
        )?;
        let numbers = statement.query_map([sha256], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(numbers)
    }

    /// Every claim of the register that has a 検索番号, in the order in which their contents were noted.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn sightings_of_search_no(&self, search_no: &str) -> JournalResult<Vec<ClaimSighting>> {
        self.sightings("r.search_no = ?1", [search_no])
    }

    /// Every claim of the register with a key in a month of service (YYYYMM, `None`: no month), in the order in which their
    /// contents were noted. Only prints made under one key are comparable: see [`Journal::register_contents_of_other_keys`].
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn sightings_of_claim(
        &self,
        service_month: Option<u32>,
        key: &[u8; 16],
    ) -> JournalResult<Vec<ClaimSighting>> {
        self.sightings("r.service_month IS ?1 AND r.key = ?2", params![service_month, key])
    }

    fn sightings(&self, condition: &str, args: impl rusqlite::Params) -> JournalResult<Vec<ClaimSighting>> {
        let sql = format!(
            "SELECT r.number, r.request, c.purpose, c.corrects, c.id, c.sha256 FROM register_claim r \
             CROSS JOIN register_content c ON c.id = r.content WHERE {condition} ORDER BY r.content, r.number"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let found = statement.query_map(args, read_sighting)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Says what a content is for, in place of what was said before. `why` is a person's reason, or empty.
    ///
    /// # Errors
    /// `NotFound` when the content is not in the register.
    pub fn set_purpose(
        &mut self,
        sha256: &[u8; 32],
        purpose: &ContentPurpose,
        why: &str,
    ) -> JournalResult<()> {
        self.change(|tx, who| {
            let known = content_at(tx, sha256)?
                .ok_or_else(|| JournalError::NotFound { subject: format!("content {}", hex(sha256)) })?;
            tx.prepare_cached("UPDATE register_content SET purpose = ?2, corrects = ?3 WHERE id = ?1")?
                .execute(params![known.id, purpose.word(), purpose.corrects()])?;
            let moves = (known.content.purpose.word(), purpose.word());
            tell(tx, who, known.id, moves, &purpose_note(purpose, why))
        })
    }
}

fn content_at(conn: &Connection, sha256: &[u8; 32]) -> JournalResult<Option<RegisterContent>> {
    Ok(contents_where(conn, "sha256 = ?1", [sha256])?.pop())
}

fn contents_where(
    conn: &Connection,
    condition: &str,
    args: impl rusqlite::Params,
) -> JournalResult<Vec<RegisterContent>> {
    let sql = format!("SELECT {COLUMNS} FROM register_content WHERE {condition}");
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map(args, read_content)?.collect::<Result<_, _>>()?;
    Ok(found)
}

fn insert_content(
    tx: &Connection,
    who: Who<'_>,
    new: &NewRegisterContent,
    claims: impl IntoIterator<Item = RegisterClaim>,
) -> JournalResult<i64> {
    tx.prepare_cached(
        "INSERT INTO register_content (sha256, identity, kind, family, payer, facility, month, volume, purpose, corrects, \
         claims, points, print_key, noted_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, ?12, ?13)",
    )?
    .execute(params![
        new.sha256,
        new.identity,
        new.kind,
        new.family,
        new.payer,
        new.facility,
        new.month,
        new.volume,
        new.purpose.word(),
        new.purpose.corrects(),
        new.points,
        new.print_key.0,
        who.1.to_string()
    ])?;
    let id = tx.last_insert_rowid();
    let count = insert_claims(tx, id, claims)?;
    tx.prepare_cached("UPDATE register_content SET claims = ?2 WHERE id = ?1")?
        .execute(params![id, count])?;
    let note = purpose_note(&new.purpose, &hex(&new.sha256));
    tell(tx, who, id, ("", new.purpose.word()), &note)?;
    Ok(id)
}

/// Stores the prints and returns their number.
fn insert_claims(
    tx: &Connection,
    content: i64,
    claims: impl IntoIterator<Item = RegisterClaim>,
) -> JournalResult<u64> {
    let mut insert = tx.prepare_cached("INSERT INTO register_claim VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut count = 0;
    for claim in claims {
        insert.execute(params![
            content,
            claim.number,
            claim.service_month,
            claim.key,
            claim.request,
            claim.search_no
        ])?;
        count += 1;
    }
    Ok(count)
}

/// Words and values for the history: which content is corrected, and what else is known.
fn purpose_note(purpose: &ContentPurpose, more: &str) -> String {
    match purpose.corrects() {
        Some(corrects) => format!("{} {more}", hex(corrects)).trim_end().to_owned(),
        None => more.to_owned(),
    }
}

fn tell(
    tx: &Connection,
    (actor, at): Who<'_>,
    content: i64,
    (from, to): (&str, &str),
    note: &str,
) -> JournalResult<()> {
    let subject = Subject::Content(content);
    history::append(tx, &Event { at, actor, subject, from, to, note })?;
    Ok(())
}
