//! What went wrong in a turn, in a form that can cross to another process: a permanent code and details without a
//! patient's data. What a code means to a person is the text's business.

use rezept_codes::{Code, StoredCode};
use rezept_journal::JournalError;
use rezept_transfer::TransferError;
use rezept_transfer::volume::{FailureKind, VolumeError};
use serde::{Deserialize, Serialize};

/// One thing that went wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {place} {detail}")]
pub struct Problem {
    /// Its permanent code.
    pub code: StoredCode,
    /// Where: a path, a medium, a parcel. May be empty.
    pub place: String,
    /// The cause, as the system tells it. May be empty.
    pub detail: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(code: impl Into<StoredCode>, place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code: code.into(), place: place.into(), detail: detail.into() }
    }
}

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
            FailureKind::Gone if error.verb == rezept_transfer::volume::Verb::OpenVolume => {
                Code::MediumMissing
            }
            FailureKind::Gone => Code::MediumPulled,
            FailureKind::Full => Code::MediumFull,
            FailureKind::ReadOnly => Code::MediumReadOnly,
            FailureKind::Exists | FailureKind::Missing | FailureKind::Device => Code::MediumFailed,
            FailureKind::Stopped => Code::Stopped,
        };
        Self::new(code, error.place.clone(), causes(error))
    }
}

impl From<&JournalError> for Problem {
    fn from(error: &JournalError) -> Self {
        let code = match error {
            JournalError::NewerSchema { .. } => Code::JournalNewer,
            JournalError::Damaged { .. } | JournalError::Word(_) => Code::JournalDamaged,
            JournalError::Lost => Code::JournalLost,
            JournalError::Behind { .. } => Code::JournalBehind,
            JournalError::UnfitDisk { .. } => Code::UnfitDisk,
            JournalError::EngineBusy => Code::EngineBusy,
            JournalError::Locked => Code::JournalLocked,
            JournalError::Full => Code::JournalFull,
            JournalError::Io { .. } => Code::DataFolderFailed,
            JournalError::NotFound { .. } => Code::UnknownId,
            JournalError::IllegalMove { .. } => Code::CannotHappen,
            JournalError::Sqlite(_) => Code::JournalFailed,
        };
        Self::new(code, "", causes(error))
    }
}

impl From<&TransferError> for Problem {
    fn from(error: &TransferError) -> Self {
        match error {
            TransferError::Journal(error) => error.into(),
            TransferError::Volume(error) => error.into(),
            TransferError::NotPresent { root } => Self::new(Code::MediumMissing, root.clone(), ""),
            TransferError::NoRoom { root, needed_bytes, free_bytes } => {
                Self::new(Code::MediumFull, root.clone(), format!("{needed_bytes} > {free_bytes}"))
            }
            TransferError::MediumSwapped { root } => Self::new(Code::MediumSwapped, root.clone(), ""),
            TransferError::SourceChanged { path } => Self::new(Code::SourceChanged, path.clone(), ""),
            TransferError::KeptLost { path } => Self::new(Code::KeptLost, path.clone(), ""),
            TransferError::NotArchived { place, cause } => {
                Self::new(Code::ArchiveFailed, place.clone(), causes(&**cause))
            }
            TransferError::ReadBackDiffers { place } => Self::new(Code::ReadBackDiffers, place.clone(), ""),
            TransferError::Contradiction { place } => Self::new(Code::Contradiction, place.clone(), ""),
            TransferError::JournalBehind { place } => Self::new(Code::JournalBehindMedium, place.clone(), ""),
            TransferError::SpoolDamaged { path } => Self::new(Code::SpoolDamaged, path.clone(), ""),
            TransferError::NoKeys => Self::new(Code::KeysMissing, "", ""),
            TransferError::NotPaired { peer } => Self::new(Code::ReceiverNotPaired, peer.clone(), ""),
            TransferError::Stored { .. } => Self::new(Code::JournalDamaged, "", causes(error)),
            other => Self::new(Code::CannotHappen, "", causes(other)),
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
