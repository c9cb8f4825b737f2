//! Why something could not be sealed, or is not what a sealer of ours wrote.

use std::io;

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nobody to seal for.
    #[error("no recipient")]
    NoRecipient,
    /// Reading a source or writing the ciphertext failed.
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
    /// The ciphertext could not be read.
    #[error("cannot read the sealed bytes")]
    Io(#[source] io::Error),
}
