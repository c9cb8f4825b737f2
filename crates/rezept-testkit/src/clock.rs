//! Clocks that tests can trust: one stands still, one ticks. Neither ever asks the machine.

use std::sync::atomic::{AtomicI64, Ordering};

use rezept_journal::{Clock, Timestamp};

/// A noon in the week in which clinics send their claims.
const NOON: i64 = 1_794_020_400;

/// A clock that stands still until a test moves it. Shared between all clones of its `Arc`.
#[derive(Debug)]
pub struct TestClock {
    seconds: AtomicI64,
    step: i64,
}

impl TestClock {
    /// Always the same second.
    #[must_use]
    pub fn fixed() -> Self {
        Self { seconds: AtomicI64::new(NOON), step: 0 }
    }

    /// One second later at each look.
    #[must_use]
    pub fn ticking() -> Self {
        Self { seconds: AtomicI64::new(NOON), step: 1 }
    }

    /// Moves the clock, forwards or backwards.
    pub fn jump(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let seconds = self.seconds.fetch_add(self.step, Ordering::Relaxed);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }
}
