//! What a power cut leaves of a model volume: any state that a file system of its kind could have left, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Durability;
use super::state::{Change, FileNode, Id, Names, Node, ROOT, State};
use crate::rng::Rng;

/// Content reaches the medium in such pieces, in any order.
const SECTOR: usize = 512;

impl State {
    /// Loses what was not flushed, in one of the ways the file system allows.
    pub(super) fn power_cut(&mut self, rng: &mut Rng) {
        self.drop_cache();
        let pending = std::mem::take(&mut self.pending);
        let kept = match self.options.durability {
            Durability::Ordered => prefix(pending, rng),
            Durability::Unordered => any_of_each_name(pending, rng),
        };
        self.settle(&kept);
        self.rebuild(rng);
    }

    /// Makes the durable tree the one that is seen.
    fn rebuild(&mut self, rng: &mut Rng) {
        let old = std::mem::take(&mut self.nodes);
        let folders = std::mem::take(&mut self.durable);
        let mut used = BTreeSet::new();
        self.rebuild_folder(ROOT, ROOT, &old, &folders, &mut used, rng);
    }

    fn rebuild_folder(
        &mut self,
        old_id: Id,
        new_id: Id,
        old: &BTreeMap<Id, Node>,
        folders: &BTreeMap<Id, Names>,
        used: &mut BTreeSet<Id>,
        rng: &mut Rng,
    ) {
        used.insert(old_id);
        let mut names = Names::new();
        for (key, (name, id)) in folders.get(&old_id).into_iter().flatten() {
            let Some(node) = old.get(id) else { continue };
            // A torn rename can leave both names; without links these are two entries, not one thing twice.
            let again = used.contains(id);
            let linked = again && self.options.has_links && matches!(node, Node::File(_));
            let new = if again && !linked { self.fresh_id() } else { *id };
            names.insert(key.clone(), (name.clone(), new));
            if linked {
                continue;
            }
            used.insert(*id);
            match node {
                Node::Folder(_) => self.rebuild_folder(*id, new, old, folders, used, rng),
                Node::File(file) => {
                    let survived = surviving_content(file, rng);
                    self.nodes.insert(new, Node::File(survived));
                }
                other => {
                    self.nodes.insert(new, other.clone());
                }
            }
        }
        self.durable.insert(new_id, names.clone());
        self.nodes.insert(new_id, Node::Folder(names));
    }
}

/// A journal replays its operations in order, whole ones only, up to some point.
fn prefix(pending: Vec<Change>, rng: &mut Rng) -> Vec<Change> {
    let operations: BTreeSet<u64> = pending.iter().map(|change| change.operation).collect();
    let count = rng.below(operations.len() + 1);
    let kept: BTreeSet<u64> = operations.into_iter().take(count).collect();
    pending.into_iter().filter(|change| kept.contains(&change.operation)).collect()
}

/// Without a journal each name is on the medium as it was at any moment since the last flush, whatever the others are.
fn any_of_each_name(pending: Vec<Change>, rng: &mut Rng) -> Vec<Change> {
    let mut stories: BTreeMap<(Id, String), Vec<Change>> = BTreeMap::new();
    for change in pending {
        stories.entry((change.folder, change.key.clone())).or_default().push(change);
    }
    let pick = |mut story: Vec<Change>| {
        let reached = rng.below(story.len() + 1);
        (reached > 0).then(|| story.swap_remove(reached - 1))
    };
    stories.into_values().filter_map(pick).collect()
}

/// Flushed content stays. Of other content nothing, everything, a beginning, or some sectors are there.
fn surviving_content(file: &FileNode, rng: &mut Rng) -> FileNode {
    let mut survived = file.clone();
    if file.seen != file.durable {
        survived.seen = match rng.below(4) {
            0 => Arc::clone(&file.durable),
            1 => Arc::clone(&file.seen),
            2 => {
                let length =
                    file.durable.len() + rng.below(file.seen.len().saturating_sub(file.durable.len()) + 1);
                Arc::new(file.seen.iter().take(length).copied().collect())
            }
            _ => Arc::new(torn(&file.seen, &file.durable, rng)),
        };
    }
    survived.durable = Arc::clone(&survived.seen);
    survived
}

/// The full length, with sectors that never arrived.
fn torn(seen: &[u8], durable: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = seen.to_vec();
    for (index, sector) in bytes.chunks_mut(SECTOR).enumerate() {
        let flushed = (index + 1) * SECTOR <= durable.len();
        if !flushed && rng.coin() {
            let old = durable.iter().skip(index * SECTOR).copied().chain(std::iter::repeat(0));
            for (to, from) in sector.iter_mut().zip(old) {
                *to = from;
            }
        }
    }
    bytes
}
