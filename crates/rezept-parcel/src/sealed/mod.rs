//! Sealed parcels: the bag as one STORED ZIP inside one age stream, cut into segments. Everything is streamed; nothing
//! readable is written anywhere by this module, and nothing is given out of a parcel before its whole frame was checked.

mod age_stream;
mod error;
mod small;

pub use error::{SealError, UnsealError};
pub use small::{open_small, seal_small};
