//! What tests stand on: a volume in memory that can lose power, faults at a chosen operation, clocks that stand still.
//! Development only: nothing here is part of the shipped program.

pub mod claims;
pub mod clock;
pub mod faults;
#[cfg(target_os = "linux")]
pub mod media;
pub mod model;
pub mod rng;
