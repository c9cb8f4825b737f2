//! Which line of one claim stands for which of another: a longest common subsequence over whole lines, and what is left
//! over paired by record id and order.

/// Pairs of lines beyond which the exact search costs too much: some thousand lines on both sides that all differ.
const MAX_CELLS: usize = 4_000_000;

/// Where a line stands in the two claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    /// Equal in both.
    Same(usize, usize),
    /// Only in the first.
    Before(usize),
    /// Only in the second.
    After(usize),
}

/// Aligns two lists of lines; both come in order.
pub(super) fn align<T: PartialEq>(before: &[T], after: &[T]) -> Vec<Pair> {
    let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let rest = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (a_end, b_end) = (before.len() - tail, after.len() - tail);
    let mut pairs: Vec<Pair> = (0..head).map(|at| Pair::Same(at, at)).collect();
    let a = before.get(head..a_end).unwrap_or_default();
    let b = after.get(head..b_end).unwrap_or_default();
    if a.len().saturating_mul(b.len()) > MAX_CELLS {
        pairs.extend((head..a_end).map(Pair::Before));
        pairs.extend((head..b_end).map(Pair::After));
    } else {
        pairs.extend(middle(a, b).into_iter().map(|pair| match pair {
            Pair::Same(x, y) => Pair::Same(x + head, y + head),
            Pair::Before(x) => Pair::Before(x + head),
            Pair::After(y) => Pair::After(y + head),
        }));
    }
    pairs.extend((0..tail).map(|at| Pair::Same(a_end + at, b_end + at)));
    pairs
}

/// The longest common subsequence, by the table of lengths of the rests.
fn middle<T: PartialEq>(a: &[T], b: &[T]) -> Vec<Pair> {
    let width = b.len() + 1;
    let mut lengths = vec![0u32; (a.len() + 1) * width];
    let at = |x: usize, y: usize| x * width + y;
    let get = |lengths: &[u32], x: usize, y: usize| lengths.get(at(x, y)).copied().unwrap_or(0);
    for (x, left) in a.iter().enumerate().rev() {
        for (y, right) in b.iter().enumerate().rev() {
            let best = if left == right {
                get(&lengths, x + 1, y + 1) + 1
            } else {
                get(&lengths, x + 1, y).max(get(&lengths, x, y + 1))
            };
            if let Some(cell) = lengths.get_mut(at(x, y)) {
                *cell = best;
            }
        }
    }
    let (mut x, mut y) = (0, 0);
    let mut pairs = Vec::with_capacity(a.len() + b.len());
    while x < a.len() || y < b.len() {
        if x < a.len() && y < b.len() && a.get(x) == b.get(y) {
            pairs.push(Pair::Same(x, y));
            (x, y) = (x + 1, y + 1);
        } else if y == b.len() || (x < a.len() && get(&lengths, x + 1, y) >= get(&lengths, x, y + 1)) {
            pairs.push(Pair::Before(x));
            x += 1;
        } else {
            pairs.push(Pair::After(y));
            y += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Both lists come back whole and in order, and equal lines are equal.
        #[test]
        fn nothing_is_lost(a in prop::collection::vec(0u8..4, 0..12), b in prop::collection::vec(0u8..4, 0..12)) {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for pair in align(&a, &b) {
                match pair {
                    Pair::Same(x, y) => {
                        prop_assert_eq!(a[x], b[y]);
                        left.push(x);
                        right.push(y);
                    }
                    Pair::Before(x) => left.push(x),
                    Pair::After(y) => right.push(y),
                }
            }
            prop_assert_eq!(left, (0..a.len()).collect::<Vec<_>>());
            prop_assert_eq!(right, (0..b.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_too_much_is_told_as_all_different() {
        let a: Vec<usize> = (0..3000).collect();
        let b: Vec<usize> = (10_000..13_000).collect();
        assert_eq!(align(&a, &b).len(), 6000);
    }
}
