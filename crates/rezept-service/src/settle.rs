//! Whether a file stands still. Only a monotonic clock counts: a wrong or jumping wall clock can neither hasten nor starve
//! a file.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use rezept_journal::Stamp;

/// A file that changes for so long raises an alert.
pub const RESTLESS_AFTER: Duration = Duration::from_secs(15 * 60);
/// A file that stands still but is cut off is held after so long: its writer may only be pausing.
pub const CUT_OFF_AFTER: Duration = Duration::from_secs(60);

/// How still a file stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stillness {
    /// It changed within the quiet time.
    Moving,
    /// It has been changing for too long.
    Restless,
    /// It stands still for this long.
    Still(Duration),
}

#[derive(Clone, Copy)]
struct Watched {
    stamp: Stamp,
    since: Duration,
    first_seen: Duration,
}

/// Remembers when each file was last seen to change.
pub struct Settle<K> {
    files: HashMap<K, Watched>,
}

impl<K> Default for Settle<K> {
    fn default() -> Self {
        Self { files: HashMap::new() }
    }
}

impl<K: Eq + Hash + Clone> Settle<K> {
    /// Notes a stamp at a time of the monotonic clock and says how still the file stands.
    pub fn note(&mut self, key: &K, stamp: Stamp, now: Duration, quiet: Duration) -> Stillness {
        let fresh = Watched { stamp, since: now, first_seen: now };
        let watched = self.files.entry(key.clone()).or_insert(fresh);
        if watched.stamp != stamp {
            watched.stamp = stamp;
            watched.since = now;
        }
        let still = now.saturating_sub(watched.since);
        if still >= quiet {
            Stillness::Still(still)
        } else if now.saturating_sub(watched.first_seen) >= RESTLESS_AFTER {
            Stillness::Restless
        } else {
            Stillness::Moving
        }
    }

    /// Forgets a file: it is decided, or gone.
    pub fn forget(&mut self, key: &K) {
        self.files.remove(key);
    }

    /// Forgets every file that `keep` does not want.
    pub fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.files.retain(|key, _| keep(key));
    }

    /// When the next file may have come to rest, seen from `now`; `None` if none is being watched.
    #[must_use]
    pub fn next_rest(&self, now: Duration, quiet: Duration) -> Option<Duration> {
        self.files.values().map(|watched| (watched.since + quiet).saturating_sub(now)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_secs(5);

    fn stamp(size_bytes: u64) -> Stamp {
        Stamp { size_bytes, modified_ns: 0, file_id: 1 }
    }

    #[test]
    fn a_growing_file_is_never_still_and_raises_an_alert_in_the_end() {
        let mut settle = Settle::default();
        for second in 0..900 {
            let at = Duration::from_secs(second);
            assert_eq!(settle.note(&"f", stamp(second), at, QUIET), Stillness::Moving, "{second}");
        }
        assert_eq!(settle.note(&"f", stamp(900), RESTLESS_AFTER, QUIET), Stillness::Restless);
    }

    #[test]
    fn quiet_time_counts_from_the_last_change() {
        let mut settle = Settle::default();
        let at = Duration::from_secs;
        assert_eq!(settle.note(&"f", stamp(1), at(0), QUIET), Stillness::Moving);
        assert_eq!(settle.note(&"f", stamp(2), at(4), QUIET), Stillness::Moving);
        assert_eq!(settle.note(&"f", stamp(2), at(8), QUIET), Stillness::Moving);
        assert_eq!(settle.next_rest(at(8), QUIET), Some(at(1)));
        assert_eq!(settle.note(&"f", stamp(2), at(9), QUIET), Stillness::Still(at(5)));
        assert_eq!(settle.note(&"g", stamp(2), at(9), Duration::ZERO), Stillness::Still(at(0)));
    }
}
