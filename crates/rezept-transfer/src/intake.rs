//! What the receiver asks about contents, which this crate does not understand. The service answers.

use std::io::Read;

use rezept_journal::{Content, Journal, ParcelFile, ParcelRow, Reason};
use rezept_parcel::StationName;

use crate::volume::{RelPath, Volume};

/// A file in the staging folder, whole and with the right hash.
#[derive(Clone, Copy)]
pub struct Staged<'a> {
    /// The volume of its inbox.
    pub volume: &'a dyn Volume,
    /// Where it stands.
    pub path: &'a RelPath,
    /// What the sender calls it: `claim`, `return-hen`, ...
    pub claimed_kind: &'a str,
    /// Its official name in the bag.
    pub official_name: &'a str,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub size_bytes: u64,
    /// The code that a person at the sender let pass for this file.
    pub released: Option<&'a str>,
}

impl<'a> Staged<'a> {
    /// A file of a parcel at its place in staging.
    pub(crate) fn new(
        volume: &'a dyn Volume,
        path: &'a RelPath,
        file: &'a ParcelFile,
        released: Option<&'a str>,
    ) -> Self {
        Self {
            volume,
            path,
            claimed_kind: file.kind.as_deref().unwrap_or_default(),
            official_name: file.payload_path.rsplit('/').next().unwrap_or_default(),
            sha256: file.sha256,
            size_bytes: file.size_bytes,
            released,
        }
    }
}

/// What a staged file proved to be.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it is.
    pub content: Content,
    /// The folder below the inbox for it: `202411/shaho`, with `/vol-01` for a volume.
    pub folder: String,
    /// Why a person must decide before it is delivered.
    pub hold: Option<Reason>,
    /// Not everybody may let that pass: it goes before the reasons of the parcel's other files.
    pub grave: bool,
    /// What the history is to say of it besides.
    pub remark: Option<String>,
}

/// The service's side of receiving.
pub trait Intake {
    /// Whether a parcel may come from this station: it is the `to` of some route.
    fn knows(&self, sender: &StationName) -> bool;

    /// The root of the inbox that takes a kind; `None` if none does.
    fn inbox_for(&self, kind: &str) -> Option<String>;

    /// Is shown a file while it is proved, so that [`judge`](Self::judge) need not read it again. Nothing of it may be believed
    /// before `judge` is asked. The default does nothing.
    fn look(&mut self, file: &Staged<'_>, from: &mut dyn Read) {
        let _ = (file, from);
    }

    /// Looks into a file. Asked once more for a file whose parcel waited for a person.
    ///
    /// # Errors
    /// When it cannot be read or the journal fails.
    fn judge(
        &mut self,
        journal: &Journal,
        parcel: &ParcelRow,
        file: Staged<'_>,
    ) -> Result<Judged, crate::error::TransferError>;
}
