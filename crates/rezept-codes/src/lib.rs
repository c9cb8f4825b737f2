//! The one list of permanent codes, of the exit code each leads to, and of who may decide what each holds.
//!
//! Knows nothing else of `rezept`: no files, no journal, no sentences.

mod code;
mod decider;
mod exit;
mod stored;

pub use code::{Code, UnknownCode};
pub use decider::Decider;
pub use exit::Exit;
pub use stored::StoredCode;

/// Opens the text of every code.
pub const PREFIX: &str = "RZ-";
