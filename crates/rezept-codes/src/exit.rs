//! Exit codes of the command line.

/// Exit codes are an API. Scripts at customers depend on them: add, never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Something needs a person: findings, held items.
    Findings = 1,
    /// The command line or the configuration.
    Usage = 2,
    /// Not a file that we can read.
    BadInput = 3,
    /// Some done, some not.
    Partial = 4,
    /// The target is missing, full or read-only: mend it and try again.
    TargetUnavailable = 5,
    /// What was read back differs, or something is not authentic.
    VerifyFailed = 6,
    /// A bug of `rezept`.
    Internal = 70,
}

impl Exit {
    /// The number for the operating system.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The graver of two: 70, 6, 5, 4, 3, 2, 1, 0.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self.number() >= other.number() { self } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_exit_wins() {
        use Exit::{BadInput, Findings, Internal, Ok, Partial, TargetUnavailable, VerifyFailed};
        let order = [Ok, Findings, BadInput, Partial, TargetUnavailable, VerifyFailed, Internal];
        for (at, graver) in order.iter().enumerate() {
            for lesser in order.iter().take(at + 1) {
                assert_eq!((graver.and(*lesser), lesser.and(*graver)), (*graver, *graver));
            }
        }
    }
}
