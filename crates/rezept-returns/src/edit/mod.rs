//! Corrections to the request data of a returned claim: typed, checked against the layout, applied to the bytes so that
//! every other byte stays, and kept as before and after so that they can be journalled and done again. 検索番号, the item
//! behind it, レセプト番号 and the history can never be changed here.

mod parse;
mod place;
mod rules;

pub use parse::{Edit, EditSyntaxError, Which};
pub use place::{Change, Place, PlaceSyntaxError};
pub use rules::Problem;

use crate::lines::{LINE_END, Line, lines, with_item};
use crate::stored::CLAIM_NO_ITEM;
use rezept_claim::text::RawText;
use rezept_claim::{Family, Layout, RecordId, layout};

/// Why a correction cannot be made. Nothing of the claim is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The family has no such record.
    #[error("no record of that name")]
    UnknownRecord,
    /// The record has no such item.
    #[error("{record} has no item of that name")]
    UnknownItem {
        /// The record.
        record: RecordId,
    },
    /// Several items have this Japanese name; the English one is needed.
    #[error("{record} has several items of that name")]
    AmbiguousItem {
        /// The record.
        record: RecordId,
    },
    /// The claim has no such record.
    #[error("the claim has {found} records {record}, not {wanted}")]
    NoSuchRecord {
        /// The record.
        record: RecordId,
        /// How many there are.
        found: usize,
        /// Which was wanted.
        wanted: usize,
    },
    /// The claim has several such records and none was named.
    #[error("the claim has {found} records {record}: one must be named")]
    WhichRecord {
        /// The record.
        record: RecordId,
        /// How many there are.
        found: usize,
    },
    /// The record ends before the item: an edition older than the item.
    #[error("{record} of this claim ends before {item}")]
    ItemAbsent {
        /// The record.
        record: RecordId,
        /// The item's English name.
        item: &'static str,
    },
    /// The record or item is not for changing: it ties the claim to the return, or is given anew with every file.
    #[error("{record} or its item cannot be changed")]
    Fixed {
        /// The record.
        record: RecordId,
    },
    /// The value does not fit.
    #[error("{record}: the value of {item} does not fit")]
    Value {
        /// The record.
        record: RecordId,
        /// The item's English name.
        item: &'static str,
        /// Why.
        #[source]
        source: Problem,
    },
    /// A journalled change does not fit these bytes: what it replaced does not stand there.
    #[error("the change does not fit the claim")]
    NotAsBefore,
    /// The written place of a journalled change cannot be read.
    #[error(transparent)]
    Place(#[from] PlaceSyntaxError),
}

/// Something doubtful about a correction that was made all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Which of the corrections, from 0.
    pub edit: usize,
    /// The record.
    pub record: RecordId,
    /// The item's English name.
    pub item: &'static str,
    /// What is doubtful.
    pub problem: Problem,
}

/// What came of a list of corrections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The request data as it is now.
    pub request: RawText,
    /// What was changed, in order; values that were right already are left out.
    pub changes: Vec<Change>,
    /// What is doubtful.
    pub doubts: Vec<Doubt>,
}

/// Makes all corrections, each upon the outcome of those before, or none.
///
/// # Errors
/// With the first that cannot be made.
pub fn apply(family: Family, request: &[u8], edits: &[Edit]) -> Result<Edited, EditError> {
    let mut desk = Desk::new(family, request);
    let mut doubts = Vec::new();
    let mut changes = Vec::new();
    for (edit, wanted) in edits.iter().enumerate() {
        let (new, problems) = match wanted {
            Edit::Set { record, which, item, value } => desk.plan_set(record, *which, item, value)?,
            Edit::Remove { record, which } => (desk.plan_remove(record, *which)?, Vec::new()),
            Edit::Add { record, nth, items } => desk.plan_add(record, *nth, items)?,
        };
        doubts.extend(problems.into_iter().map(|(record, item, problem)| Doubt {
            edit,
            record,
            item,
            problem,
        }));
        for change in
            new.into_iter().filter(|change| change.before != change.after || !change.place.is_item())
        {
            desk.make(&change)?;
            changes.push(change);
        }
    }
    Ok(Edited { request: RawText(desk.bytes()), changes, doubts })
}

/// Makes journalled changes again, in their order, upon the request data that they were made upon.
///
/// # Errors
/// When what a change replaced does not stand at its place.
pub fn replay<'a>(
    family: Family,
    request: &[u8],
    changes: impl IntoIterator<Item = &'a Change>,
) -> Result<RawText, EditError> {
    let mut desk = Desk::new(family, request);
    for change in changes {
        desk.make(change)?;
    }
    Ok(RawText(desk.bytes()))
}

/// What a correction comes to: changes, and what is doubtful about which item.
type Plan = (Vec<Change>, Vec<(RecordId, &'static str, Problem)>);

/// A claim taken apart into lines, each with its terminator.
struct Desk {
    family: Family,
    lines: Vec<Vec<u8>>,
}

impl Desk {
    fn new(family: Family, request: &[u8]) -> Self {
        Self { family, lines: lines(request).map(|line| line.raw.to_vec()).collect() }
    }

    fn bytes(&self) -> Vec<u8> {
        self.lines.concat()
    }

    fn line(&self, at: usize) -> Option<Line<'_>> {
        lines(self.lines.get(at)?).next()
    }

    /// The lines, from 0, of the records of one kind.
    fn of_kind(&self, id: RecordId) -> Vec<usize> {
        (0..self.lines.len())
            .filter(|at| self.line(*at).is_some_and(|line| !line.is_history() && line.id() == Some(id)))
            .collect()
    }

    fn nth(&self, record: RecordId, nth: usize) -> Result<usize, EditError> {
        let all = self.of_kind(record);
        let no_such = EditError::NoSuchRecord { record, found: all.len(), wanted: nth };
        nth.checked_sub(1).and_then(|n| all.get(n)).copied().ok_or(no_such)
    }

    fn layout(&self, record: &str) -> Result<&'static Layout, EditError> {
        let by_id = RecordId::parse(record.as_bytes()).and_then(|id| layout::layout(self.family, id));
        let found = by_id.or_else(|| {
            let mut same = layout::all()
                .filter(|l| l.ja == record)
                .filter_map(|l| layout::layout(self.family, l.id))
                .filter(|l| l.ja == record);
            same.next()
        });
        let layout = found.ok_or(EditError::UnknownRecord)?;
        match &layout.id.0 {
            b"HI" | b"HR" | b"HG" | b"GO" | b"UK" | b"YK" | b"HM" => {
                Err(EditError::Fixed { record: layout.id })
            }
            b"HH" if self.family == Family::Houkan => Err(EditError::Fixed { record: layout.id }),
            b"IR" if self.family != Family::Shika => Err(EditError::Fixed { record: layout.id }),
            _ => Ok(layout),
        }
    }

    fn which(&self, record: RecordId, which: Which) -> Result<Vec<usize>, EditError> {
        let found = self.of_kind(record).len();
        match which {
            Which::Nth(n) if n <= found => Ok(vec![n]),
            Which::Every if found > 0 => Ok((1..=found).collect()),
            Which::Only if found == 1 => Ok(vec![1]),
            Which::Only if found > 1 => Err(EditError::WhichRecord { record, found }),
            Which::Nth(wanted) => Err(EditError::NoSuchRecord { record, found, wanted }),
            Which::Only | Which::Every => Err(EditError::NoSuchRecord { record, found, wanted: 1 }),
        }
    }

    fn plan_set(&self, record: &str, which: Which, item: &str, text: &str) -> Result<Plan, EditError> {
        let layout = self.layout(record)?;
        let number = item_by_name(layout, item)?;
        let id = layout.id;
        if is_fixed(self.family, layout, number) {
            return Err(EditError::Fixed { record: id });
        }
        let item = layout.item(number).ok_or(EditError::UnknownItem { record: id })?;
        let accepted = rules::accept(self.family, layout, item, text).map_err(|source| EditError::Value {
            record: id,
            item: item.name,
            source,
        })?;
        let mut changes = Vec::new();
        for nth in self.which(id, which)? {
            let line = self.line(self.nth(id, nth)?).ok_or(EditError::NotAsBefore)?;
            let before = line.item(number).ok_or(EditError::ItemAbsent { record: id, item: item.name })?;
            let place = Place::Item { record: id, nth, item: number };
            changes.push(Change {
                place,
                before: RawText(before.to_vec()),
                after: RawText(accepted.value.clone()),
            });
        }
        Ok((changes, accepted.doubts.into_iter().map(|doubt| (id, item.name, doubt)).collect()))
    }

    fn plan_remove(&self, record: &str, which: Which) -> Result<Vec<Change>, EditError> {
        let id = self.layout(record)?.id;
        if matches!(&id.0, b"RE" | b"IR") {
            return Err(EditError::Fixed { record: id });
        }
        let mut changes = Vec::new();
        // From behind, so that a place is still right when its turn comes.
        for nth in self.which(id, which)?.into_iter().rev() {
            let at = self.nth(id, nth)?;
            let before = RawText(self.lines.get(at).cloned().unwrap_or_default());
            changes.push(Change {
                place: Place::Removed { record: id, line: at + 1 },
                before,
                after: RawText::default(),
            });
        }
        Ok(changes)
    }

    fn plan_add(&self, record: &str, nth: Option<usize>, values: &[String]) -> Result<Plan, EditError> {
        let layout = self.layout(record)?;
        let id = layout.id;
        if matches!(&id.0, b"RE" | b"IR") {
            return Err(EditError::Fixed { record: id });
        }
        let mut doubts = Vec::new();
        let found = values.len() + 1;
        if found > layout.item_count {
            let source = Problem::ItemCount { found, expected: layout.item_count };
            if layout.certain && !layout.open_ended {
                return Err(EditError::Value { record: id, item: "record_id", source });
            }
            doubts.push((id, "record_id", source));
        }
        let mut after = id.0.to_vec();
        // Empty items at the end are written too (docs/formats.md 2).
        for number in 2..=found.max(layout.item_count) {
            let text = values.get(number - 2).map_or("", String::as_str);
            after.push(b',');
            let Some(item) = layout.item(number) else {
                let value = crate::encode::encode(text, layout::Mode::Unknown);
                let source = |problem: crate::encode::EncodeError| EditError::Value {
                    record: id,
                    item: "record_id",
                    source: problem.into(),
                };
                after.extend(value.map_err(source)?);
                continue;
            };
            let accepted = rules::accept(self.family, layout, item, text)
                .map_err(|source| EditError::Value { record: id, item: item.name, source })?;
            after.extend(accepted.value);
            doubts.extend(accepted.doubts.into_iter().map(|doubt| (id, item.name, doubt)));
        }
        after.extend_from_slice(LINE_END);
        let line = self.place_for(id, nth)? + 1;
        let change = Change {
            place: Place::Added { record: id, line },
            before: RawText::default(),
            after: RawText(after),
        };
        Ok((vec![change], doubts))
    }

    /// The line, from 0, that a new record is to become.
    fn place_for(&self, record: RecordId, nth: Option<usize>) -> Result<usize, EditError> {
        let same = self.of_kind(record);
        if let Some(wanted) = nth.filter(|n| *n <= same.len()) {
            return self.nth(record, wanted);
        }
        if let Some(wanted) = nth.filter(|n| *n > same.len() + 1) {
            return Err(EditError::NoSuchRecord { record, found: same.len(), wanted });
        }
        if let Some(last) = same.last() {
            return Ok(last + 1);
        }
        let rank = place::rank(self.family, record);
        let behind = (0..self.lines.len())
            // A DPC summary: into the summary itself, before its first detail.
            .take_while(|at| self.of_kind(crate::lines::RE).get(1).is_none_or(|detail| at < detail))
            .filter(|at| {
                let id = self.line(*at).and_then(|line| line.id());
                id.is_some_and(|id| place::rank(self.family, id) <= rank)
            })
            .last();
        Ok(behind.map_or(self.lines.len(), |at| at + 1))
    }

    fn make(&mut self, change: &Change) -> Result<(), EditError> {
        match change.place {
            Place::Item { record, nth, item } => {
                let at = self.nth(record, nth)?;
                let line = self.line(at).ok_or(EditError::NotAsBefore)?;
                if line.item(item) != Some(change.before.0.as_slice()) || self.is_fixed_place(record, item) {
                    return Err(EditError::NotAsBefore);
                }
                let changed = with_item(line.body, item, &change.after.0).ok_or(EditError::NotAsBefore)?;
                let end = line.raw.get(line.body.len()..).unwrap_or_default();
                let raw = [changed.as_slice(), end].concat();
                if let Some(place) = self.lines.get_mut(at) {
                    *place = raw;
                }
            }
            Place::Removed { line, .. } => {
                let at = line.checked_sub(1).ok_or(EditError::NotAsBefore)?;
                if self.lines.get(at) != Some(&change.before.0) {
                    return Err(EditError::NotAsBefore);
                }
                self.lines.remove(at);
            }
            Place::Added { line, .. } => {
                let at = line.checked_sub(1).ok_or(EditError::NotAsBefore)?;
                if at > self.lines.len() || self.last_is_open(at) {
                    return Err(EditError::NotAsBefore);
                }
                self.lines.insert(at, change.after.0.clone());
            }
        }
        Ok(())
    }

    /// Whether a line put in at `at` would run on from one that has no end.
    fn last_is_open(&self, at: usize) -> bool {
        at.checked_sub(1).and_then(|before| self.lines.get(before)).is_some_and(|line| !line.ends_with(b"\n"))
    }

    fn is_fixed_place(&self, record: RecordId, item: usize) -> bool {
        layout::layout(self.family, record).is_some_and(|layout| is_fixed(self.family, layout, item))
    }
}

/// Items that tie the claim to the return or are given anew with every file.
fn is_fixed(family: Family, layout: &Layout, item: usize) -> bool {
    let search_no = family.search_no_item();
    match &layout.id.0 {
        _ if item == 1 => true,
        b"RE" => item == CLAIM_NO_ITEM || item == search_no || item == search_no + 1,
        // The clinic itself; only its 届出 and telephone may be mended.
        b"IR" => layout.item(item).is_none_or(|i| !matches!(i.name, "phone" | "notifications")),
        _ => false,
    }
}

fn item_by_name(layout: &Layout, name: &str) -> Result<usize, EditError> {
    let record = layout.id;
    if let Some(at) = layout.items.iter().position(|item| item.name == name) {
        return Ok(at + 1);
    }
    let mut same = layout.items.iter().enumerate().filter(|(_, item)| item.ja == name);
    match (same.next(), same.next()) {
        (Some((at, _)), None) => Ok(at + 1),
        (Some(_), Some(_)) => Err(EditError::AmbiguousItem { record }),
        (None, _) => Err(EditError::UnknownItem { record }),
    }
}
