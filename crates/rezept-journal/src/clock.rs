//! Where time comes from. Only the journal stamps rows; nothing is ever decided by comparing two stamps except what is
//! shown to people (an overdue acknowledgement).

use jiff::Timestamp;

/// A source of time; tests put a fixed one in its place.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
