//! Sealed parcels: the bag as one STORED ZIP inside one age stream, cut into segments. Everything is streamed; nothing
//! readable is written anywhere by this module, and nothing is given out of a parcel before its whole frame was checked.

mod age_stream;
mod error;
mod frame;
mod layout;
mod seal;
mod segments;
mod small;
mod unseal;

pub use error::{SealError, Trick, UnsealError};
pub use seal::Sealer;
pub use segments::{SegmentReader, SegmentSink, SegmentWriter};
pub use small::{open_small, seal_small, sealed_max_bytes};
pub use unseal::{SealedFile, SealedStream, Unsealed};

/// The most entries of the ZIP inside: header, tag files, payload.
const MAX_ENTRIES: usize = crate::MAX_PAYLOAD_FILES + 5;

/// How much is copied at a time: two chunks of age.
const BUFFER_BYTES: usize = 128 * 1024;
