//! Rules about contents, without I/O: what a file is to the protocol, and whether it may leave this facility.

pub mod describe;
pub mod gate;
pub mod register;

pub use describe::{Described, FacilityKey, RouteKind, describe, is_claim_like};
pub use gate::{GateQuestion, Refusal, Refused, gate};
pub use register::{Comparison, Print, Verdict, compare};
