//! Compares two contents that claim to be the same file, claim by claim, so that a person can be asked one question with
//! numbers in it. Knows prints only: neither what claims say nor what became of the contents.

use rezept_claim::ClaimPrint;

/// What is compared of a claim: two digests made under one key. See [`ClaimPrint`] for what goes into them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Print {
    /// Whose claim of which month.
    pub key: [u8; 16],
    /// What it says.
    pub request: [u8; 16],
}

impl std::fmt::Debug for Print {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Print(<hidden>)")
    }
}

impl From<&ClaimPrint> for Print {
    fn from(print: &ClaimPrint) -> Self {
        Self { key: print.key, request: print.request }
    }
}

/// How the claims of a later content stand to those of an earlier one, in numbers of claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// In both, and equal.
    pub same: u64,
    /// In both under one key, with other request data.
    pub changed: u64,
    /// In the later one only.
    pub added: u64,
    /// In the earlier one only.
    pub removed: u64,
}

/// What two contents of one identity are to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// All claims are equal, whatever their order and numbers: the same month made once more.
    Same,
    /// No claim is in both: the later one is another part of the month.
    Part,
    /// Some claims are in both: the later one corrects the earlier one.
    Correction,
}

impl Verdict {
    /// A permanent name for machines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Part => "part",
            Self::Correction => "correction",
        }
    }
}

impl Comparison {
    /// Says what the numbers mean. Two contents without any claim are the same.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        if self.changed == 0 && self.added == 0 && self.removed == 0 {
            Verdict::Same
        } else if self.same == 0 && self.changed == 0 {
            Verdict::Part
        } else {
            Verdict::Correction
        }
    }
}

/// Compares the claims of two contents, in any order. Both must have been printed under one key: prints of two keys have
/// nothing in common and would be called another part.
///
/// A key may occur several times (two claims of a patient that differ in what the key does not hold). Of such claims those
/// with equal request data are matched first; of the rest, as many as both sides have count as changed.
///
/// ```
/// use rezept_rules::register::{Print, Verdict, compare};
///
/// let claim = |patient, points| Print { key: [patient; 16], request: [points; 16] };
/// let earlier = [claim(1, 10), claim(2, 20)];
/// let later = [claim(2, 25), claim(1, 10), claim(3, 30)];
/// let found = compare(&earlier, &later);
/// assert_eq!((found.same, found.changed, found.added, found.removed), (1, 1, 1, 0));
/// assert_eq!(found.verdict(), Verdict::Correction);
/// ```
#[must_use]
pub fn compare(earlier: &[Print], later: &[Print]) -> Comparison {
    let (earlier, later) = (sorted(earlier), sorted(later));
    let (mut earlier, mut later) = (earlier.as_slice(), later.as_slice());
    let mut found = Comparison::default();
    while let Some(key) = first_key(earlier, later) {
        let (of_earlier, of_later);
        (of_earlier, earlier) = split_key(earlier, key);
        (of_later, later) = split_key(later, key);
        let same = in_both(of_earlier, of_later);
        let (only_earlier, only_later) = (of_earlier.len() as u64 - same, of_later.len() as u64 - same);
        let changed = only_earlier.min(only_later);
        found.same += same;
        found.changed += changed;
        found.removed += only_earlier - changed;
        found.added += only_later - changed;
    }
    found
}

fn sorted(prints: &[Print]) -> Vec<Print> {
    let mut prints = prints.to_vec();
    prints.sort_unstable();
    prints
}

/// The least key that either side still has.
fn first_key(a: &[Print], b: &[Print]) -> Option<[u8; 16]> {
    a.first().into_iter().chain(b.first()).map(|print| print.key).min()
}

/// Splits sorted prints, all keys of which are at least `key`, behind those that have it.
fn split_key(prints: &[Print], key: [u8; 16]) -> (&[Print], &[Print]) {
    prints.split_at(prints.iter().take_while(|print| print.key == key).count())
}

/// How many of the sorted prints have an equal one on the other side, each counted once.
fn in_both(mut a: &[Print], mut b: &[Print]) -> u64 {
    let mut both = 0;
    while let ([first, rest_of_a @ ..], [other, rest_of_b @ ..]) = (a, b) {
        let order = first.cmp(other);
        both += u64::from(order.is_eq());
        if order.is_le() {
            a = rest_of_a;
        }
        if order.is_ge() {
            b = rest_of_b;
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Claims of few patients and few contents, so that everything occurs several times.
    fn claims() -> impl Strategy<Value = Vec<Print>> {
        let claim =
            (0u8..6, 0u8..4).prop_map(|(key, request)| Print { key: [key; 16], request: [request; 16] });
        proptest::collection::vec(claim, 0..24)
    }

    /// The rule word for word, by crossing out: equal claims first, then those of one key.
    fn naive(earlier: &[Print], later: &[Print]) -> Comparison {
        let (mut earlier, mut later) = (earlier.to_vec(), later.to_vec());
        let mut cross_out = |fits: fn(&Print, &Print) -> bool| {
            let mut count = 0;
            earlier.retain(|one| match later.iter().position(|other| fits(one, other)) {
                Some(at) => {
                    later.remove(at);
                    count += 1;
                    false
                }
                None => true,
            });
            count
        };
        let same = cross_out(|one, other| one == other);
        let changed = cross_out(|one, other| one.key == other.key);
        Comparison { same, changed, added: later.len() as u64, removed: earlier.len() as u64 }
    }

    proptest! {
        #[test]
        fn equals_crossing_out(earlier in claims(), later in claims()) {
            prop_assert_eq!(compare(&earlier, &later), naive(&earlier, &later));
        }

        #[test]
        fn every_claim_is_counted_once(earlier in claims(), later in claims()) {
            let found = compare(&earlier, &later);
            prop_assert_eq!(found.same + found.changed + found.removed, earlier.len() as u64);
            prop_assert_eq!(found.same + found.changed + found.added, later.len() as u64);
        }

        #[test]
        fn the_other_way_round_added_and_removed_change_places(earlier in claims(), later in claims()) {
            let (there, back) = (compare(&earlier, &later), compare(&later, &earlier));
            prop_assert_eq!(back, Comparison { added: there.removed, removed: there.added, ..there });
            prop_assert_eq!(there.verdict(), back.verdict());
        }

        #[test]
        fn a_content_is_the_same_as_itself_in_any_order(
            (claims, shuffled) in claims().prop_flat_map(|c| (Just(c.clone()), Just(c).prop_shuffle())),
            other in claims(),
        ) {
            let itself = compare(&claims, &shuffled);
            prop_assert_eq!(itself, Comparison { same: claims.len() as u64, ..Comparison::default() });
            prop_assert_eq!(itself.verdict(), Verdict::Same);
            prop_assert_eq!(compare(&claims, &other), compare(&shuffled, &other));
        }

        #[test]
        fn verdicts_follow_from_the_keys(earlier in claims(), later in claims()) {
            let common = earlier.iter().any(|one| later.iter().any(|other| one.key == other.key));
            let expected = match (sorted(&earlier) == sorted(&later), common) {
                (true, _) => Verdict::Same,
                (false, false) => Verdict::Part,
                (false, true) => Verdict::Correction,
            };
            prop_assert_eq!(compare(&earlier, &later).verdict(), expected);
        }
    }

    #[test]
    fn a_key_that_occurs_several_times_is_matched_by_equal_requests_first() {
        let claim = |request| Print { key: [1; 16], request: [request; 16] };
        let found = compare(&[claim(1), claim(2)], &[claim(2), claim(3), claim(4)]);
        assert_eq!(found, Comparison { same: 1, changed: 1, added: 1, removed: 0 });
    }

    #[test]
    fn debug_shows_no_digest() {
        assert_eq!(format!("{:?}", Print { key: [7; 16], request: [8; 16] }), "Print(<hidden>)");
    }
}
