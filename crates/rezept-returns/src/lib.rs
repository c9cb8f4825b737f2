//! What a return means: its claims and their reasons, what is wrong with the file that brought them, and the resubmission
//! that answers them. Over bytes, `Read` and `Write` only: no paths, no clock, no database; the day and the own facility
//! are arguments.

pub mod build;
pub mod check;
pub mod compare;
pub mod damage;
pub mod due;
pub mod edit;
mod encode;
pub mod fault;
mod lines;
pub mod merge;
pub mod read;
pub mod sources;
mod stored;
pub mod walk;

pub use damage::{Damage, OwnFacility};
pub use encode::EncodeError;
pub use fault::{Fault, FaultCode};
pub use read::{Reason, ReturnReader, ReturnedClaim};
pub use stored::{ClaimFacts, Stored, content, content_sha256};
