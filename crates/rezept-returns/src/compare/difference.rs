//! The difference of two stretches of request data.

use super::align::{Pair, align};
use crate::lines::{IR, Line, RE, item_number, items, lines};
use crate::stored::CLAIM_NO_ITEM;
use rezept_claim::text::RawText;
use rezept_claim::{Family, Layout, RecordId, layout};
use std::collections::HashMap;

/// What counts as a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every byte of every item.
    Everything,
    /// Not what every file gives anew: レセプト番号, 検索番号, the reserved item behind it, and payer and month of a dental
    /// IR.
    Content,
}

/// A record in one of the two stretches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordAt {
    /// Which of its kind, from 1.
    pub nth: usize,
    /// Its line in the stretch, from 1.
    pub line: usize,
    /// Its bytes without line end.
    pub bytes: RawText,
}

/// One item that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemDifference {
    /// Its place, the record id being 1.
    pub number: usize,
    /// English name in the layout; `None` behind its end or of an unknown record.
    pub name: Option<&'static str>,
    /// Japanese name.
    pub ja: Option<&'static str>,
    /// What stood there; empty also when the record had no such item.
    pub before: RawText,
    /// What stands there now.
    pub after: RawText,
}

/// One record that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Only in the first stretch.
    Removed {
        /// Its id; `None` of a line without one.
        record: Option<RecordId>,
        /// Where.
        before: RecordAt,
    },
    /// Only in the second.
    Added {
        /// Its id; `None` of a line without one.
        record: Option<RecordId>,
        /// Where.
        after: RecordAt,
    },
    /// In both, with other items.
    Changed {
        /// Its id.
        record: Option<RecordId>,
        /// Where in the first.
        before: RecordAt,
        /// Where in the second.
        after: RecordAt,
        /// What differs.
        items: Vec<ItemDifference>,
    },
}

/// Tells what differs, in the order of the two claims. Line ends and blank lines do not count.
pub fn difference(family: Family, before: &[u8], after: &[u8], scope: Scope) -> Vec<Difference> {
    let (old, new) = (Side::new(family, before, scope), Side::new(family, after, scope));
    let mut out = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for pair in align(&old.compared, &new.compared) {
        match pair {
            Pair::Same(..) => flush(family, scope, (&old, &mut removed), (&new, &mut added), &mut out),
            Pair::Before(at) => removed.push(at),
            Pair::After(at) => added.push(at),
        }
    }
    flush(family, scope, (&old, &mut removed), (&new, &mut added), &mut out);
    out
}

/// One of the two stretches, taken apart.
struct Side<'a> {
    lines: Vec<Line<'a>>,
    /// Which of its kind each line is, from 1.
    nth: Vec<usize>,
    /// What is compared: the record, without what does not count.
    compared: Vec<Vec<u8>>,
}

impl<'a> Side<'a> {
    fn new(family: Family, stretch: &'a [u8], scope: Scope) -> Self {
        let lines: Vec<Line<'a>> = lines(stretch).filter(|line| !line.is_blank()).collect();
        let mut counts: HashMap<Option<RecordId>, usize> = HashMap::new();
        let nth = lines
            .iter()
            .map(|line| {
                let count = counts.entry(line.id()).or_default();
                *count += 1;
                *count
            })
            .collect();
        let compared = lines
            .iter()
            .map(|line| {
                let ignored = ignored(family, line.id(), scope);
                ignored.into_iter().fold(line.body.to_vec(), |record, item| {
                    crate::lines::with_item(&record, item, b"").unwrap_or(record)
                })
            })
            .collect();
        Self { lines, nth, compared }
    }

    fn record(&self, at: usize) -> Option<(Option<RecordId>, RecordAt)> {
        let line = self.lines.get(at)?;
        let nth = self.nth.get(at).copied()?;
        Some((line.id(), RecordAt { nth, line: line.index + 1, bytes: RawText(line.body.to_vec()) }))
    }
}

/// Items that do not count.
fn ignored(family: Family, record: Option<RecordId>, scope: Scope) -> Vec<usize> {
    let search_no = family.search_no_item();
    match record {
        _ if scope == Scope::Everything => Vec::new(),
        Some(RE) => vec![CLAIM_NO_ITEM, search_no, search_no + 1],
        Some(IR) => layout::layout(family, IR)
            .map(|l| ["payer", "claim_ym"].iter().filter_map(|name| item_number(l, name)).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Pairs what was removed with what was added between two equal lines: the same kind of record, in order.
fn flush(
    family: Family,
    scope: Scope,
    (old, removed): (&Side<'_>, &mut Vec<usize>),
    (new, added): (&Side<'_>, &mut Vec<usize>),
    out: &mut Vec<Difference>,
) {
    let mut rest: Vec<usize> = std::mem::take(added);
    for at in std::mem::take(removed) {
        let Some((record, before)) = old.record(at) else { continue };
        let partner = closest(old, at, new, &rest);
        match partner.and_then(|place| new.record(rest.remove(place))) {
            None => out.push(Difference::Removed { record, before }),
            Some((_, after)) => {
                let layout = record.and_then(|id| layout::layout(family, id));
                let skip = ignored(family, record, scope);
                let mut items = item_differences(layout, &before.bytes.0, &after.bytes.0);
                items.retain(|item| !skip.contains(&item.number));
                out.push(Difference::Changed { record, before, after, items });
            }
        }
    }
    for at in rest {
        if let Some((record, after)) = new.record(at) {
            out.push(Difference::Added { record, after });
        }
    }
}

/// Records compared for their likeness: beyond, the first of the kind is taken.
const MAX_LIKENESS: usize = 64;

/// The place in `rest` of the record of the same kind with most equal items; the first of those.
fn closest(old: &Side<'_>, at: usize, new: &Side<'_>, rest: &[usize]) -> Option<usize> {
    let line = old.lines.get(at)?;
    let same = rest.iter().enumerate().filter_map(|(place, other)| {
        let other = new.lines.get(*other).filter(|other| other.id() == line.id())?;
        Some((place, other))
    });
    let likeness = |other: &Line<'_>| items(line.body).zip(items(other.body)).filter(|(a, b)| a == b).count();
    same.take(MAX_LIKENESS)
        .map(|(place, other)| (likeness(other), std::cmp::Reverse(place)))
        .max()
        .map(|m| m.1.0)
}

/// The items that differ between two records of one kind.
pub(super) fn item_differences(layout: Option<&Layout>, before: &[u8], after: &[u8]) -> Vec<ItemDifference> {
    let (old, new): (Vec<&[u8]>, Vec<&[u8]>) = (items(before).collect(), items(after).collect());
    (0..old.len().max(new.len()))
        .filter_map(|at| {
            let (a, b) = (old.get(at).copied(), new.get(at).copied());
            if a == b {
                return None;
            }
            let item = layout.and_then(|l| l.item(at + 1));
            Some(ItemDifference {
                number: at + 1,
                name: item.map(|i| i.name),
                ja: item.map(|i| i.ja),
                before: RawText(a.unwrap_or_default().to_vec()),
                after: RawText(b.unwrap_or_default().to_vec()),
            })
        })
        .collect()
}
