//! Rules about contents, without I/O: what a file is to the protocol, and whether it may leave this facility.

pub mod describe;
pub mod gate;
mod purpose;
pub mod register;

pub use describe::{Described, FacilityKey, RouteKind, describe, is_claim_like};
pub use gate::{
    Approval, ContentQuestion, Evidence, GateQuestion, GateReason, Known, Relation, Shown, Side,
    content_reasons, gate,
};
pub use purpose::{Purpose, UnknownPurpose};
pub use register::{Comparison, Print, Verdict, compare};
