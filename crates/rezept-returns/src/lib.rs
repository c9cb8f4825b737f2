//! What a return means: its claims and their reasons, and the resubmission that answers them.

pub mod build;
pub mod check;
pub mod compare;
pub mod edit;
mod encode;
mod lines;
pub mod merge;
mod stored;
pub mod walk;

pub use encode::EncodeError;
pub use stored::{ClaimFacts, Stored, content, content_sha256};
