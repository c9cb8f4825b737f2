//! The record layouts, compiled in from `layouts/*.toml` by `build.rs` (docs/formats.md). It describes; it must not
//! judge: what a deviation means is decided by the scan and by the checks.

use crate::identity::Family;
use crate::record::RecordId;

include!(concat!(env!("OUT_DIR"), "/layouts.rs"));

/// What one kind of record looks like in one family.
#[derive(Debug)]
pub struct Layout {
    /// The two letters that open the record.
    pub id: RecordId,
    /// Its Japanese name.
    pub ja: &'static str,
    /// Number of items of the current edition, the record id being the first.
    pub item_count: usize,
    /// Number of items at which older editions end; `min_items..=item_count` is a good number.
    pub min_items: usize,
    /// More or fewer items are possible: the layout is known in part only.
    pub open_ended: bool,
    /// `false`: reconstructed from partial sources, so a deviation is never a reason to refuse.
    pub certain: bool,
    /// Where the record stands.
    pub scope: Scope,
    /// All `item_count` items, repeats expanded.
    pub items: &'static [ItemLayout],
}

impl Layout {
    /// The item at a 1-based place, the record id being item 1.
    pub fn item(&self, number: usize) -> Option<&'static ItemLayout> {
        self.items.get(number.checked_sub(1)?)
    }
}

/// What one item of a record looks like.
#[derive(Debug)]
pub struct ItemLayout {
    /// English name in snake case; repeats carry `_1`, `_2` and so on.
    pub name: &'static str,
    /// Japanese name.
    pub ja: &'static str,
    /// Which characters it takes.
    pub mode: Mode,
    /// Largest size in CP932 bytes, where known.
    pub max: Option<u32>,
    /// Exactly `max` bytes when it is not empty.
    pub fixed: bool,
    /// Whether it must be there.
    pub req: Req,
    /// `false`: size, name or presence is an inference.
    pub certain: bool,
}

/// モード: the characters an item takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 数字
    Digits,
    /// 英数
    HalfWidth,
    /// 漢字: full-width only
    FullWidth,
    /// 英数又は漢字: all half-width or all full-width
    HalfOrFull,
    /// Not known
    Unknown,
}

/// Whether an item must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Req {
    /// Must not be empty.
    Yes,
    /// Depends on other items.
    Conditional,
    /// Optional.
    No,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Once in a file: header or trailer.
    File,
    /// Inside a claim.
    Claim,
    /// Only behind the three-item history prefix.
    History,
}

/// Looks up the layout of a record outside the history block: the family's own records, and those of return files: HI, HR,
/// HG (of 訪問看護 HH too).
pub fn layout(family: Family, id: RecordId) -> Option<&'static Layout> {
    find(&BY_FAMILY, family, id)
}

/// Looks up the layout of a record behind the history prefix: the family's own records, HR, and MN, RC, JY, EX, MD, RT,
/// JR, MK, ON.
pub fn history_layout(family: Family, id: RecordId) -> Option<&'static Layout> {
    find(&IN_HISTORY, family, id)
}

/// Every layout of every family, in no particular order.
pub fn all() -> impl Iterator<Item = &'static Layout> {
    LAYOUTS.iter().copied()
}

fn find(tables: &[[u8; 676]; 5], family: Family, id: RecordId) -> Option<&'static Layout> {
    let [a, b] = id.0;
    let (a, b) = (usize::from(a.wrapping_sub(b'A')), usize::from(b.wrapping_sub(b'A')));
    if a >= 26 || b >= 26 {
        return None;
    }
    let number = *tables.get(family as usize)?.get(a * 26 + b)?;
    LAYOUTS.get(usize::from(number).checked_sub(1)?).copied()
}
