//! Where the return files of a station lie: whole, byte for byte, in its data folder under their hash. A file stands there
//! before any row of the journal names it, and what is read back is compared with the journal's hashes.

use rezept_codes::Code;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rezept_claim::text::RawText;
use rezept_claim::{Family, Payer};
use rezept_journal::{Journal, ReturnedClaimRow};
use rezept_returns::Stored;
use rezept_returns::edit::{Change, Place, replay};
use rezept_transfer::Digest;

use super::of_journal;
use crate::problem::Problem;

/// The folder below the data folder.
pub(super) const FOLDER: &str = "returns";
/// A claim beyond this is not read into memory; the largest real ones have some hundred kilobytes.
const CLAIM_BYTES: u64 = 64 << 20;

/// The name of a return file in the store.
pub(super) fn name_of(sha256: &[u8; 32], kind: &str) -> String {
    format!("{}.{kind}", Digest(*sha256))
}

/// Reads returned claims back. Needs no engine lock.
#[derive(Debug)]
pub struct ReturnStore {
    folder: PathBuf,
    open: Option<(i64, File)>,
}

/// A returned claim with its bytes as they came.
#[derive(Clone)]
pub struct StoredClaim {
    /// Its row.
    pub row: ReturnedClaimRow,
    /// Family of its file.
    pub family: Family,
    /// The body that returned it.
    pub payer: Payer,
    /// Request data.
    pub request: Vec<u8>,
    /// HR lines.
    pub reasons: Vec<u8>,
    /// History block.
    pub history: Vec<u8>,
}

impl std::fmt::Debug for StoredClaim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredClaim").field("row", &self.row).finish_non_exhaustive()
    }
}

impl StoredClaim {
    /// As rezept-returns takes it.
    #[must_use]
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            family: self.family,
            payer: self.payer,
            search_no: &self.row.search_no,
            request: &self.request,
            reasons: &self.reasons,
            history: &self.history,
        }
    }

    /// The request data with the journalled corrections.
    ///
    /// # Errors
    /// When a correction does not fit the bytes it was made upon.
    pub fn corrected(&self, journal: &Journal) -> Result<Vec<u8>, Problem> {
        let label = || format!("R{}", self.row.id);
        let damaged = |detail: String| Problem::new(Code::RetStoreDamaged, label(), detail);
        let mut changes = Vec::new();
        for edit in journal.return_edits(self.row.id).map_err(|error| of_journal(&error))? {
            let place: Place = edit.edit.what.parse().map_err(|_| damaged("a correction".to_owned()))?;
            let (before, after) = (RawText(edit.edit.before), RawText(edit.edit.after));
            changes.push(Change { place, before, after });
        }
        let replayed = replay(self.family, &self.request, &changes);
        replayed.map(|request| request.0).map_err(|error| damaged(error.to_string()))
    }
}

impl ReturnStore {
    /// The store of a data folder.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { folder: data.join(FOLDER), open: None }
    }

    /// The bytes of a claim, each stretch proven by its hash.
    ///
    /// # Errors
    /// `RZ-R201` when they cannot be read or are not those that came.
    pub fn claim(&mut self, journal: &Journal, row: ReturnedClaimRow) -> Result<StoredClaim, Problem> {
        let label = format!("R{}", row.id);
        let damaged = |detail: &str| Problem::new(Code::RetStoreDamaged, label.clone(), detail);
        let (Some(family), Some(payer)) = (family_of(&row.family), Payer::parse(row.payer.as_bytes())) else {
            return Err(damaged("unknown words"));
        };
        let stretch = row.stretch;
        let lengths = [stretch.request_bytes, stretch.reason_bytes, stretch.history_bytes];
        if lengths.iter().sum::<u64>() > CLAIM_BYTES {
            return Err(damaged("too large"));
        }
        let file = self.file(journal, row.file)?;
        file.seek(SeekFrom::Start(stretch.offset)).map_err(|error| damaged(&error.to_string()))?;
        let mut parts = lengths.map(|length| Vec::with_capacity(usize::try_from(length).unwrap_or_default()));
        for (part, length) in parts.iter_mut().zip(lengths) {
            let read = file.take(length).read_to_end(part).map_err(|error| damaged(&error.to_string()))?;
            if read as u64 != length {
                return Err(damaged("the file in the store ends too early"));
            }
        }
        let [request, reasons, history] = parts;
        let same = Digest::of(&request).0 == stretch.request_sha256
            && Digest::of(&history).0 == stretch.history_sha256;
        if !same {
            return Err(damaged("the bytes in the store are not those that came"));
        }
        Ok(StoredClaim { row, family, payer, request, reasons, history })
    }

    fn file(&mut self, journal: &Journal, id: i64) -> Result<&mut File, Problem> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != id) {
            let row = journal.return_file(id).map_err(|error| of_journal(&error))?;
            let path = self.folder.join(name_of(&row.sha256, &row.return_file));
            let opened = File::open(&path);
            let file = opened.map_err(|error| {
                Problem::new(Code::RetStoreDamaged, path.display().to_string(), error.to_string())
            })?;
            self.open = Some((id, file));
        }
        let (_, file) = self.open.as_mut().ok_or_else(|| Problem::new(Code::RetStoreDamaged, "", ""))?;
        Ok(file)
    }
}

/// The family of a stored word.
pub(super) fn family_of(word: &str) -> Option<Family> {
    Family::ALL.iter().copied().find(|family| family.as_str() == word)
}
