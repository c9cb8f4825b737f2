//! What went wrong in a turn, in a form that can cross to another process: a permanent code and details without a
//! patient's data. What a code means to a person is the text's business.

use rezept_journal::JournalError;
use rezept_transfer::TransferError;
use rezept_transfer::codes;
use rezept_transfer::volume::{FailureKind, VolumeError};
use serde::{Deserialize, Serialize};

/// One thing that went wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {place} {detail}")]
pub struct Problem {
    /// `RZ-...`
    pub code: String,
    /// Where: a path, a medium, a parcel. May be empty.
    pub place: String,
    /// The cause, as the system tells it. May be empty.
    pub detail: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(code: &str, place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), place: place.into(), detail: detail.into() }
    }
}

/// No route takes the file.
pub const NO_ROUTE: &str = "RZ-G115";
/// A file does not come to rest.
pub const NEVER_SETTLES: &str = "RZ-G109";
/// A link or device in a watched folder.
pub const LINK: &str = "RZ-G110";
/// Readable parcels may not stand on this medium.
pub const PLAIN_REFUSED: &str = "RZ-G111";
/// The same content arrived before.
pub const ARRIVED_BEFORE: &str = "RZ-G112";
/// Another content of this identity arrived before.
pub const OTHER_ARRIVED: &str = "RZ-G113";
/// A watched folder or an inbox does not answer.
pub const FOLDER_UNAVAILABLE: &str = "RZ-T112";
/// No such file.
pub const NO_SUCH_FILE: &str = "RZ-F101";
/// It cannot be opened.
pub const CANNOT_OPEN: &str = "RZ-F102";
/// Not a file.
pub const NOT_A_FILE: &str = "RZ-F103";
/// A link was named.
pub const IS_A_LINK: &str = "RZ-F104";
/// Nothing known.
pub const NOT_RECOGNISED: &str = "RZ-F113";
/// There is no medium that could take it.
pub const MEDIUM_MISSING: &str = "RZ-T103";
/// No acknowledgement in time.
pub const OVERDUE: &str = "RZ-T115";
/// Something that cannot happen: a fault of the program.
pub const CANNOT_HAPPEN: &str = "RZ-X902";
/// No such id.
pub const UNKNOWN_ID: &str = "RZ-U209";

/// The causes of an error, each once, from the outside in.
fn causes(error: &dyn std::error::Error) -> String {
    let mut parts: Vec<String> = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        next = cause.source();
    }
    parts.join(": ")
}

impl From<&VolumeError> for Problem {
    fn from(error: &VolumeError) -> Self {
        let code = match error.kind() {
            FailureKind::Gone if error.verb == rezept_transfer::volume::Verb::OpenVolume => MEDIUM_MISSING,
            FailureKind::Gone => "RZ-T104",
            FailureKind::Full => "RZ-T105",
            FailureKind::ReadOnly => "RZ-T106",
            FailureKind::Exists | FailureKind::Missing | FailureKind::Device => "RZ-T109",
        };
        Self::new(code, error.place.clone(), causes(error))
    }
}

impl From<&JournalError> for Problem {
    fn from(error: &JournalError) -> Self {
        let code = match error {
            JournalError::NewerSchema { .. } => "RZ-J101",
            JournalError::Damaged { .. } | JournalError::Word(_) => "RZ-J102",
            JournalError::Lost => "RZ-J103",
            JournalError::Behind { .. } => "RZ-J104",
            JournalError::UnfitDisk { .. } => "RZ-J106",
            JournalError::EngineBusy => "RZ-J107",
            JournalError::Locked => "RZ-J108",
            JournalError::Full => "RZ-J109",
            JournalError::Io { .. } => "RZ-J110",
            JournalError::NotFound { .. } => UNKNOWN_ID,
            JournalError::IllegalMove { .. } => "RZ-X902",
            JournalError::Sqlite(_) => "RZ-J113",
        };
        Self::new(code, "", causes(error))
    }
}

impl From<&TransferError> for Problem {
    fn from(error: &TransferError) -> Self {
        match error {
            TransferError::Journal(error) => error.into(),
            TransferError::Volume(error) => error.into(),
            TransferError::NotPresent { root } => Self::new(MEDIUM_MISSING, root.clone(), ""),
            TransferError::NoRoom { root, needed_bytes, free_bytes } => {
                Self::new("RZ-T105", root.clone(), format!("{needed_bytes} > {free_bytes}"))
            }
            TransferError::MediumSwapped { root } => Self::new("RZ-T108", root.clone(), ""),
            TransferError::SourceChanged { path } => Self::new(codes::SOURCE_CHANGED, path.clone(), ""),
            TransferError::ReadBackDiffers { place } => {
                Self::new(codes::READ_BACK_DIFFERS, place.clone(), "")
            }
            TransferError::Contradiction { place } => Self::new("RZ-T114", place.clone(), ""),
            TransferError::JournalBehind { place } => Self::new("RZ-J105", place.clone(), ""),
            TransferError::SpoolDamaged { path } => Self::new(codes::SPOOL_DAMAGED, path.clone(), ""),
            TransferError::NoKeys => Self::new(codes::NO_KEYS, "", ""),
            TransferError::NotPaired { peer } => Self::new(codes::RECEIVER_NOT_PAIRED, peer.clone(), ""),
            TransferError::Stored { .. } => Self::new("RZ-J102", "", causes(error)),
            other => Self::new("RZ-X902", "", causes(other)),
        }
    }
}

impl From<TransferError> for Problem {
    fn from(error: TransferError) -> Self {
        (&error).into()
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        (&error).into()
    }
}

impl From<VolumeError> for Problem {
    fn from(error: VolumeError) -> Self {
        (&error).into()
    }
}
