//! What this station knows of contents: those it sent or is about to send, those that wait, those that arrived. The register
//! tells contents apart; what became of each follows from the rows of files and parcels.

use rusqlite::{OptionalExtension, Row, params};

use crate::error::JournalResult;
use crate::store::Journal;

/// An occurrence of a content at this station.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownContent {
    /// The id of the parcel that carries or carried it; `None` before there is one.
    pub parcel_id: Option<String>,
    /// `F12`, `P3`.
    pub label: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// A file that arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArrivedContent {
    /// Row of its parcel.
    pub parcel: i64,
    /// The parcel's id.
    pub parcel_id: String,
    /// Its place in the parcel.
    pub ordinal: u32,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Root of the inbox where it was put; `None` before its place was chosen.
    pub inbox: Option<String>,
    /// Its place below the inbox.
    pub destination: Option<String>,
}

fn read_known(row: &Row<'_>) -> rusqlite::Result<KnownContent> {
    let id: i64 = row.get(0)?;
    Ok(KnownContent { parcel_id: row.get(1)?, label: format!("F{id}"), sha256: row.get(2)? })
}

fn read_arrived(row: &Row<'_>) -> rusqlite::Result<ArrivedContent> {
    Ok(ArrivedContent {
        parcel: row.get(0)?,
        parcel_id: row.get(1)?,
        ordinal: row.get(2)?,
        sha256: row.get(3)?,
        inbox: row.get(4)?,
        destination: row.get(5)?,
    })
}

const KNOWN: &str = "SELECT f.id, p.id, f.sha256 FROM file f LEFT JOIN parcel p ON p.row = f.parcel WHERE f.id <> ?2 AND \
     f.purpose IS NOT 'trial' AND ";

/// Was sent or is about to be, by a parcel that was not ended before it could arrive. The state alone does not tell: a source
/// that changed after its parcel was committed is GONE, and its claims are under way. A trial counts for nothing.
const GOES: &str = "f.purpose IS NOT 'trial' AND (f.state IN ('GATED', 'IN_PARCEL', 'KEPT', 'ARCHIVED') OR EXISTS (SELECT 1 FROM parcel_file s JOIN \
    parcel sp ON sp.row = s.parcel WHERE s.file = f.id AND s.held <> 2 AND sp.committed_at IS NOT NULL AND \
    (sp.state <> 'CANCELLED' OR sp.verify_level = 'L4')))";

impl Journal {
    /// Puts the parcels' ids in the place of this station's own row numbers, so that evidence means something to the receiver.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn for_others(&self, evidence: &str) -> JournalResult<String> {
        let mut words = Vec::new();
        for word in evidence.split_ascii_whitespace() {
            let row = word.strip_prefix('F').and_then(|digits| digits.parse::<i64>().ok());
            let id: Option<String> = match row {
                None => None,
                Some(row) => self
                    .conn
                    .prepare_cached(
                        "SELECT p.id FROM file f JOIN parcel p ON p.row = f.parcel WHERE f.id = ?1",
                    )?
                    .query_row([row], |found| found.get(0))
                    .optional()?,
            };
            words.push(id.unwrap_or_else(|| word.to_owned()));
        }
        Ok(words.join(" "))
    }
    /// Returns the ids of this station's parcels with which the receiver refused a content.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn refused_at_receiver(&self, sha256: &[u8; 32]) -> JournalResult<Vec<String>> {
        let mut rows = self.conn.prepare_cached(
            "SELECT p.id FROM parcel_file f JOIN parcel p ON p.row = f.parcel WHERE f.sha256 = ?1 AND f.held = 2 AND \
             p.direction = 'out' ORDER BY p.row",
        )?;
        let found = rows.query_map([sha256], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Returns the other files of this station with this content that were sent, are about to be, or were held before this
    /// one was seen. Of those that may leave but did not, only the ones seen before it.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn known_same(&self, sha256: &[u8; 32], file: i64) -> JournalResult<Vec<KnownContent>> {
        let sql = format!(
            "{KNOWN} f.sha256 = ?1 AND (({GOES} AND (f.state <> 'GATED' OR f.id < ?2)) OR (f.state = 'HELD' AND f.id < ?2)) \
             ORDER BY f.id"
        );
        let mut rows = self.conn.prepare_cached(&sql)?;
        let found = rows.query_map(params![sha256, file], read_known)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Returns the other files of this station with this identity and another content that were sent, are about to be, or
    /// wait. A file that was accepted already (`accepted`) is not held for what only came after it. One that waits for what its
    /// own content shows (cut off, saved anew) holds up no whole file: once it is let pass, it is asked about itself.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn known_of_identity(
        &self,
        identity: &str,
        sha256: &[u8; 32],
        file: i64,
        accepted: bool,
    ) -> JournalResult<Vec<KnownContent>> {
        let sql = format!(
            "{KNOWN} f.identity = ?1 AND f.sha256 <> ?3 AND (({GOES} AND (f.state <> 'GATED' OR f.id < ?2 OR NOT ?4)) OR \
             (f.state = 'HELD' AND (f.id < ?2 OR NOT ?4) AND NOT EXISTS (SELECT 1 FROM reason r WHERE \
             r.subject = 'F' || f.id AND r.alone = 1 AND r.covered = 0))) ORDER BY f.id"
        );
        let mut rows = self.conn.prepare_cached(&sql)?;
        let args = params![identity, file, sha256, accepted];
        let found = rows.query_map(args, read_known)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Returns what people call the way by which a content of this station left or is about to, by a file of it or by the hand of
    /// a person (`resubmit --out`); `None` where it stays.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn what_goes(&self, sha256: &[u8; 32]) -> JournalResult<Option<String>> {
        let sql = format!("SELECT f.id FROM file f WHERE f.sha256 = ?1 AND {GOES} ORDER BY f.id LIMIT 1");
        let file: Option<i64> =
            self.conn.prepare_cached(&sql)?.query_row([sha256], |row| row.get(0)).optional()?;
        if let Some(file) = file {
            return Ok(Some(format!("F{file}")));
        }
        let by_hand = "SELECT id FROM resubmission WHERE sha256 = ?1 AND state IN ('written', 'queued', 'sent', 'confirmed') \
             ORDER BY id LIMIT 1";
        let by_hand: Option<i64> =
            self.conn.prepare_cached(by_hand)?.query_row([sha256], |row| row.get(0)).optional()?;
        Ok(by_hand.map(|id| format!("B{id}")))
    }

    /// Returns what people call the file of this station with which a content left or is about to; `None` where none does.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn file_that_goes(&self, sha256: &[u8; 32]) -> JournalResult<Option<String>> {
        let sql = format!("SELECT f.id FROM file f WHERE f.sha256 = ?1 AND {GOES} ORDER BY f.id LIMIT 1");
        let file: Option<i64> =
            self.conn.prepare_cached(&sql)?.query_row([sha256], |row| row.get(0)).optional()?;
        Ok(file.map(|id| format!("F{id}")))
    }

    /// Returns what people call the parcel that delivered a content here, the oldest one; `None` where none did.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn what_arrived(&self, sha256: &[u8; 32]) -> JournalResult<Option<String>> {
        let parcel: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT parcel FROM parcel_file WHERE sha256 = ?1 AND delivered = 1 AND purpose IS NOT 'trial' \
                 ORDER BY parcel LIMIT 1",
            )?
            .query_row([sha256], |row| row.get(0))
            .optional()?;
        Ok(parcel.map(|row| format!("P{row}")))
    }

    /// Returns the files that were delivered here, or stand before this one in its own parcel, with this content or, if
    /// `identity` is given, this identity.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn arrived_before(
        &self,
        (parcel, ordinal): (i64, u32),
        sha256: &[u8; 32],
        identity: Option<&str>,
    ) -> JournalResult<Vec<ArrivedContent>> {
        let mut rows = self.conn.prepare_cached(
            // Two plain questions let SQLite use the two indexes.
            "SELECT f.parcel, p.id, f.ordinal, f.sha256, f.inbox, f.destination FROM parcel_file f JOIN parcel p ON \
             p.row = f.parcel WHERE (f.parcel, f.ordinal) IN (SELECT parcel, ordinal FROM \
             parcel_file WHERE sha256 = ?3 UNION SELECT parcel, ordinal FROM parcel_file WHERE identity = ?4) AND \
             f.purpose IS NOT 'trial' AND ((f.parcel <> ?1 AND f.delivered = 1) OR (f.parcel = ?1 AND f.ordinal < ?2)) ORDER BY f.parcel, f.ordinal",
        )?;
        let found = rows
            .query_map(params![parcel, ordinal, sha256, identity], read_arrived)?
            .collect::<Result<_, _>>()?;
        Ok(found)
    }
}
