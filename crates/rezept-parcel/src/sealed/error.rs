//! Why something could not be sealed, or is not what a sealer of ours wrote.

use std::io;

use crate::paths::{PathProblem, TwinKind};
use crate::payload::PayloadPath;
use crate::received::ReceivedError;
use crate::text::TextError;

/// Why nothing was sealed. The bytes that were written so far are worthless.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nobody to seal for.
    #[error("no recipient")]
    NoRecipient,
    /// A file has not the size that the plan gives: it changed since it was hashed.
    #[error("{path} has not the planned {planned} bytes")]
    SizeDiffers {
        /// The file.
        path: PayloadPath,
        /// Its size by the plan.
        planned: u64,
    },
    /// The files did not come in the order of the manifest, or not all of them.
    #[error("the files do not come in the order of the manifest")]
    WrongOrder,
    /// An earlier error has spoilt the ciphertext; it cannot be gone on with.
    #[error("given up after an earlier error")]
    Abandoned,
    /// Reading the source of a file failed.
    #[error("cannot read {path}")]
    Source {
        /// The file.
        path: PayloadPath,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Writing the ciphertext failed.
    #[error("cannot write the sealed bytes")]
    Io(#[from] io::Error),
}

/// Why a sealed thing is not opened, or not further.
#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    /// Whole as far as one can see, but sealed for none of the keys at hand.
    #[error("sealed for another key")]
    WrongKey,
    /// The ciphertext is not what was written: changed, cut, extended, or its parts exchanged.
    #[error("the ciphertext is damaged")]
    Damaged,
    /// Not an age file of a version that this build knows.
    #[error("not an age file, or one of a newer version")]
    UnknownFormat,
    /// More than any sealed thing of its kind has.
    #[error("larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// Properly sealed, but the ZIP inside is not one that a sealer of ours writes.
    #[error("entry {entry} of the sealed parcel: {what}")]
    Trick {
        /// Where: 0-based; the number of entries for what concerns the whole.
        entry: usize,
        /// What.
        #[source]
        what: Trick,
    },
    /// The header inside cannot be read, or is itself one of a sealed parcel.
    #[error("the header inside the sealed parcel cannot be read")]
    Inner(#[source] TextError),
    /// The header inside belongs to another parcel than the one outside.
    #[error("{field} differs between the headers outside and inside")]
    HeaderDiffers {
        /// The header's key.
        field: &'static str,
    },
    /// The tag files inside are not those of a bag of ours.
    #[error("the bag inside the sealed parcel is not whole")]
    Bag(#[source] ReceivedError),
    /// The parcel has no such file.
    #[error("no such file in the sealed parcel")]
    NoSuchFile,
    /// The ciphertext could not be read.
    #[error("cannot read the sealed bytes")]
    Io(#[source] io::Error),
}

impl UnsealError {
    /// Tells damage from a failed medium in an error that came while reading a [`SealedFile`](super::SealedFile).
    pub fn from_read(source: io::Error) -> Self {
        super::age_stream::of_io(source)
    }
}

/// What is wrong with the ZIP inside a sealed parcel. A sealer of ours writes none of these, so each is a program of
/// another make or an attempt to make two programs see two contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trick {
    /// The end of the directory is not where it must be, or something stands behind it.
    #[error("no directory of entries at the end")]
    NoDirectory,
    /// The directory itself is malformed.
    #[error("a malformed directory of entries")]
    BadDirectory,
    /// More entries than a parcel can have.
    #[error("too many entries")]
    TooManyEntries,
    /// Compressed: only stored entries have a known size.
    #[error("a compressed entry")]
    Compressed,
    /// Encrypted inside the ZIP.
    #[error("an encrypted entry")]
    Encrypted,
    /// A folder.
    #[error("a folder")]
    Folder,
    /// A symbolic link, device or other special file.
    #[error("a link or special file")]
    Special,
    /// A name that some system would not create under exactly this name in exactly this place.
    #[error("a forbidden name")]
    Name(#[source] PathProblem),
    /// Two names that some file system takes for one.
    #[error("a name that another entry has already")]
    Twin(TwinKind),
    /// An entry begins before the end of the one before it.
    #[error("overlapping entries")]
    Overlap,
    /// Bytes that belong to no entry.
    #[error("bytes outside of all entries")]
    Gap,
    /// Sizes that do not fit into what there is.
    #[error("sizes beyond the end")]
    Sizes,
    /// The directory and the entry itself, or the directory and the form that a sealer writes, disagree.
    #[error("not written as a sealer writes it")]
    NotCanonical,
    /// An entry that the bag does not name, or one in the place of another.
    #[error("an entry that the bag does not name there")]
    Unexpected,
    /// An entry has not the size that the bag gives.
    #[error("a size that differs from the bag's")]
    SizeDiffers,
    /// Fewer entries than the bag names.
    #[error("an entry is missing")]
    Missing,
}
