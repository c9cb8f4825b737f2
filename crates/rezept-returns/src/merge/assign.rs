//! Who gets which fresh claim: newest 処理年月 first, and nobody gets one that another return has a like right to.

use super::{FreshClaim, Match, Outcome, ReturnFacts, Score};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The state of the handing out.
struct Hall<'a> {
    candidates: &'a [Vec<(usize, Score)>],
    /// Fresh claim -> the return that got it.
    taken: HashMap<usize, usize>,
    /// Fresh claims that stand in a list a person chooses from.
    contested: HashSet<usize>,
    given: Vec<Option<usize>>,
}

pub(super) fn assign(
    returns: &[ReturnFacts],
    fresh: &[FreshClaim],
    mut candidates: Vec<Vec<(usize, Score)>>,
) -> Vec<Match> {
    for list in &mut candidates {
        list.sort_by_key(|(_, score)| Reverse(*score));
    }
    let mut by_month: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (item, facts) in returns.iter().enumerate() {
        by_month.entry(Reverse(facts.processed)).or_default().push(item);
    }
    let mut hall = Hall {
        candidates: &candidates,
        taken: HashMap::new(),
        contested: HashSet::new(),
        given: vec![None; returns.len()],
    };
    for batch in by_month.values() {
        hall.hand_out(batch);
    }
    (0..returns.len()).map(|item| hall.outcome(item, fresh)).collect()
}

impl Hall<'_> {
    /// The fresh claims that a return may still have, best first.
    fn live(&self, item: usize) -> impl Iterator<Item = (usize, Score)> + '_ {
        let list = self.candidates.get(item).map(Vec::as_slice).unwrap_or_default();
        list.iter().copied().filter(|(fresh, _)| !self.taken.contains_key(fresh))
    }

    /// Hands out to returns of one month until nothing more is clear.
    fn hand_out(&mut self, batch: &[usize]) {
        let mut waiting = batch.to_vec();
        loop {
            let rights = self.rights(&waiting);
            let clear: Vec<(usize, usize)> = waiting
                .iter()
                .filter_map(|item| self.clear_choice(*item, &rights).map(|fresh| (*item, fresh)))
                .collect();
            if clear.is_empty() {
                break;
            }
            for (item, fresh) in clear {
                self.taken.insert(fresh, item);
                if let Some(place) = self.given.get_mut(item) {
                    *place = Some(fresh);
                }
            }
            waiting.retain(|item| self.given.get(*item).is_some_and(Option::is_none));
        }
        for item in waiting {
            let open: Vec<usize> = self.live(item).map(|(fresh, _)| fresh).collect();
            self.contested.extend(open);
        }
    }

    /// For each fresh claim the best right among those waiting, and how many have it.
    fn rights(&self, waiting: &[usize]) -> HashMap<usize, (Score, usize)> {
        let mut rights: HashMap<usize, (Score, usize)> = HashMap::new();
        for (fresh, score) in waiting.iter().flat_map(|item| self.live(*item)) {
            let entry = rights.entry(fresh).or_insert((score, 0));
            match score.cmp(&entry.0) {
                std::cmp::Ordering::Greater => *entry = (score, 1),
                std::cmp::Ordering::Equal => entry.1 += 1,
                std::cmp::Ordering::Less => {}
            }
        }
        rights
    }

    /// The one fresh claim that fits a return best, when nobody has a like right to it and nothing speaks against it.
    fn clear_choice(&self, item: usize, rights: &HashMap<usize, (Score, usize)>) -> Option<usize> {
        let mut live = self.live(item);
        let (fresh, score) = live.next()?;
        let alone = live.next().is_none_or(|(_, next)| next < score);
        let first = rights.get(&fresh) == Some(&(score, 1));
        let sound = score.answered || (score.keyed && score.person > 0);
        (alone && first && sound && !self.contested.contains(&fresh)).then_some(fresh)
    }

    fn outcome(&self, item: usize, fresh: &[FreshClaim]) -> Match {
        if let Some(given) = self.given.get(item).copied().flatten().and_then(|place| fresh.get(place)) {
            return Match { outcome: Outcome::Unambiguous(Box::new(given.clone())), newer: None };
        }
        let open: Vec<FreshClaim> =
            self.live(item).filter_map(|(place, _)| fresh.get(place)).cloned().collect();
        if !open.is_empty() {
            return Match { outcome: Outcome::Ambiguous(open), newer: None };
        }
        let lost = self.candidates.get(item).and_then(|list| list.first()).map(|(fresh, _)| fresh);
        Match { outcome: Outcome::None, newer: lost.and_then(|fresh| self.taken.get(fresh)).copied() }
    }
}
