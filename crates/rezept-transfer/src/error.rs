//! Why the protocol could not go on. Contents that are wrong are not errors: they end in HELD or QUARANTINED.

use rezept_journal::JournalError;
use rezept_parcel::sealed::SealError;
use rezept_parcel::{KeyError, PlanError, TextError};

use crate::volume::VolumeError;

/// A failure of one turn of the engine. The journal tells how far it came; the next turn goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A medium, inbox, source or archive failed.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A volume that the journal names is not among those present.
    #[error("{root} is not present")]
    NotPresent {
        /// Root of the volume.
        root: String,
    },
    /// Another medium answers under the root of the one that was being written to.
    #[error("another medium took the place of the one at {root}")]
    MediumSwapped {
        /// Root of the volume.
        root: String,
    },
    /// Too little room.
    #[error("{root} has no room: {needed_bytes} bytes needed, {free_bytes} free")]
    NoRoom {
        /// Root of the volume.
        root: String,
        /// Bytes needed.
        needed_bytes: u64,
        /// Bytes free.
        free_bytes: u64,
    },
    /// A parcel arrived, and a content of it cannot be put into the archive now.
    #[error("a file that arrived cannot be put into the archive at {place}")]
    NotArchived {
        /// The archive.
        place: String,
        /// Why.
        #[source]
        cause: Box<TransferError>,
    },
    /// The station's own copy of an accepted content is damaged, and its original is gone. Its parcel was abandoned, the file
    /// waits for a person.
    #[error("the kept copy of {path} is lost")]
    KeptLost {
        /// Place of the original.
        path: String,
    },
    /// A source is not what the gate read any more. Its parcel was abandoned; nothing was published.
    #[error("a source changed or vanished while it was copied: {path}")]
    SourceChanged {
        /// Place of the source.
        path: String,
    },
    /// What was read back is not what was written. The parcel waits for a person.
    #[error("what was read back from {place} differs from what was written")]
    ReadBackDiffers {
        /// Place of the first file that differs.
        place: String,
    },
    /// The medium holds a header under our id with other bytes.
    #[error("{place} holds another header under the same id")]
    Contradiction {
        /// Place of the header.
        place: String,
    },
    /// The medium holds a parcel of ours that the journal does not know: the journal was lost or restored.
    #[error("{place} holds a parcel of this station that its journal does not know")]
    JournalBehind {
        /// Place of the header.
        place: String,
    },
    /// A path that no volume takes: a bug, since every path was checked before.
    #[error("{path} is no path below a volume")]
    BadPath {
        /// The path.
        path: String,
    },
    /// This station has no keys, or they cannot be opened: nothing can be signed or read.
    #[error("the keys of this station are missing")]
    NoKeys,
    /// What the spool holds is not what was sealed.
    #[error("the ciphertext at {path} is not what was sealed")]
    SpoolDamaged {
        /// Place of the segment.
        path: String,
    },
    /// Keys were never compared with this station, or the trust was taken back.
    #[error("{peer} is not paired with this station")]
    NotPaired {
        /// The other station.
        peer: String,
    },
    /// Signing failed.
    #[error("a header or acknowledgement cannot be signed")]
    Sign(#[from] KeyError),
    /// Sealing failed, for another reason than source or spool.
    #[error("the parcel cannot be sealed")]
    Seal(#[from] SealError),
    /// The parcel cannot be described.
    #[error("the parcel cannot be planned")]
    Plan(#[from] PlanError),
    /// The header or acknowledgement cannot be written or read.
    #[error("a header or acknowledgement is not well-formed")]
    Text(#[from] TextError),
    /// A stored word cannot be read: the journal was written by something else.
    #[error("the journal holds {what} that cannot be read")]
    Stored {
        /// What it is.
        what: &'static str,
    },
}

/// Short for the result of a turn.
pub type TransferResult<T> = Result<T, TransferError>;

impl TransferError {
    /// Whether it says that bytes that were known do not lie there any more.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match self {
            Self::SourceChanged { .. } | Self::NotPresent { .. } => true,
            Self::Volume(error) => {
                matches!(error.kind(), crate::volume::FailureKind::Missing | crate::volume::FailureKind::Gone)
            }
            _ => false,
        }
    }
}
