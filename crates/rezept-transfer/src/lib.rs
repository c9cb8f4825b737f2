//! The protocol on a medium: write, flush, read back, publish, acknowledge, recover.
//!
//! Knows parcels and the journal; knows nothing of claims, flags or texts.

pub mod os;
pub mod volume;
