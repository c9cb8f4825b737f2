//! A history block told as data: who made each entry, and what it changed (docs/formats.md 5). Order is that of the
//! lines; what belongs together is found by line numbers, never by neighbourhood.

use super::difference::{ItemDifference, item_differences};
use crate::lines::{Line, lines, number};
use rezept_claim::text::RawText;
use rezept_claim::{Family, Layout, RecordId, layout};
use std::collections::HashMap;

/// 行番号 and 枝番号 of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineRef {
    /// 行番号
    pub line: u64,
    /// 枝番号
    pub branch: u64,
}

/// One line of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// First byte, counted from the start of the block.
    pub offset: usize,
    /// データ識別: who made it; see the code table `data_id`. `None` when it is no number.
    pub data_id: Option<u64>,
    /// Its numbers; `None` when they are none.
    pub at: Option<LineRef>,
    /// The record id.
    pub record: Option<RecordId>,
    /// The record's Japanese name, where it is known.
    pub ja: Option<&'static str>,
    /// What it is.
    pub kind: EntryKind,
    /// The record without the prefix, as it stands there.
    pub raw: RawText,
}

/// What an entry is. Items that a kind does not name stand in `raw`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// MN: opens the block.
    Management {
        /// 検索番号
        search_no: RawText,
    },
    /// A record of the claim as it was sent (data id 1, 11).
    Claim,
    /// A record of 資格確認 (data id 5, 6, 7, 9, 15, 16, 86), ON among them.
    Eligibility,
    /// A record that a correction put in the place of another; the JY lines that say so, by their numbers.
    Corrected {
        /// Where the corrections stand.
        by: Vec<LineRef>,
    },
    /// JY: a correction.
    Correction {
        /// 補正区分: 1 add, 2 change, 3 delete.
        action: RawText,
        /// The record that was corrected, where it is in the block.
        target: Option<LineRef>,
        /// The record that took its place; none after a deletion.
        new: Option<LineRef>,
        /// Positions of the items the reason is about, the record id being 1.
        items: Vec<u64>,
        /// Letters of the code table `cut_reason`.
        reasons: Vec<RawText>,
        /// Record id of target or new record.
        record: Option<RecordId>,
        /// What differs between the two; empty when one of them is not there.
        differences: Vec<ItemDifference>,
    },
    /// EX: notes of the review body; mostly opaque.
    BodyNote,
    /// MD: what an insurer asked in a re-review.
    Request {
        /// 申し出一連番号, which RT and MK share.
        apply_no: RawText,
        /// 理由番号, of the code table `appeal_reason`.
        reason: RawText,
    },
    /// RT: the record that a request is about.
    Target {
        /// 申し出一連番号 of the request.
        apply_no: RawText,
        /// The record.
        target: Option<LineRef>,
        /// Its id.
        record: Option<RecordId>,
    },
    /// JR: another claim that was inspected together.
    Inspection,
    /// MK: the outcome of a re-review.
    Result {
        /// 申し出一連番号 of the request.
        apply_no: RawText,
        /// 審査結果, of the code table `appeal_result`.
        result: RawText,
    },
    /// HR: the reason of this or an earlier return.
    Reason {
        /// 返戻区分
        return_kind: RawText,
        /// 返戻事由コード
        code: RawText,
        /// 返戻理由
        text: RawText,
        /// 補足事項
        note: RawText,
    },
    /// RC: check value of the body; never to be touched.
    CheckValue,
    /// A record of a body that no correction names, or an unknown one: see `raw`.
    Other,
}

/// Tells a block.
pub fn tell(family: Family, history: &[u8]) -> Vec<Entry> {
    let all: Vec<Line<'_>> = lines(history).filter(|line| !line.is_blank()).collect();
    let mut places: HashMap<LineRef, usize> = HashMap::new();
    for (place, line) in all.iter().enumerate() {
        if let Some(at) = numbers(line) {
            places.entry(at).or_insert(place);
        }
    }
    let block = Block { family, lines: &all, places };
    let mut corrected: HashMap<usize, Vec<LineRef>> = HashMap::new();
    for line in &all {
        if is(line, *b"JY")
            && let Some(place) = block.place(line, "new_line", "new_branch")
        {
            corrected.entry(place).or_default().extend(numbers(line));
        }
    }
    all.iter()
        .enumerate()
        .map(|(place, line)| {
            let kind = match corrected.remove(&place) {
                Some(by) => EntryKind::Corrected { by },
                None => block.kind(line),
            };
            block.entry(line, kind)
        })
        .collect()
}

fn is(line: &Line<'_>, id: [u8; 2]) -> bool {
    line.id() == Some(RecordId(id))
}

fn numbers(line: &Line<'_>) -> Option<LineRef> {
    let [_, line_no, branch_no] = line.prefix()?;
    Some(LineRef { line: number(line_no)?, branch: number(branch_no)? })
}

/// Joined by colons, as JY joins letters and positions.
fn parts(item: &[u8]) -> impl Iterator<Item = &[u8]> {
    item.split(|b| *b == b':').filter(|part| !part.is_empty())
}

struct Block<'a> {
    family: Family,
    lines: &'a [Line<'a>],
    places: HashMap<LineRef, usize>,
}

impl Block<'_> {
    fn layout(&self, line: &Line<'_>) -> Option<&'static Layout> {
        layout::history_layout(self.family, line.id()?)
    }

    fn item<'l>(&self, line: &Line<'l>, name: &str) -> &'l [u8] {
        self.layout(line)
            .and_then(|l| crate::lines::item_number(l, name))
            .and_then(|number| line.item(number))
            .unwrap_or_default()
    }

    fn text(&self, line: &Line<'_>, name: &str) -> RawText {
        RawText(self.item(line, name).to_vec())
    }

    fn reference(&self, line: &Line<'_>, line_no: &str, branch_no: &str) -> Option<LineRef> {
        Some(LineRef { line: number(self.item(line, line_no))?, branch: number(self.item(line, branch_no))? })
    }

    /// The line of the block that another one names.
    fn place(&self, line: &Line<'_>, line_no: &str, branch_no: &str) -> Option<usize> {
        self.places.get(&self.reference(line, line_no, branch_no)?).copied()
    }

    fn named(&self, line: &Line<'_>, line_no: &str, branch_no: &str) -> Option<&Line<'_>> {
        self.lines.get(self.place(line, line_no, branch_no)?)
    }

    fn kind(&self, line: &Line<'_>) -> EntryKind {
        let text = |name: &str| self.text(line, name);
        let Some(id) = line.id().filter(|_| line.is_history()) else { return EntryKind::Other };
        match &id.0 {
            b"MN" => EntryKind::Management { search_no: text("search_no") },
            b"JY" => self.correction(line),
            b"EX" => EntryKind::BodyNote,
            b"MD" => EntryKind::Request { apply_no: text("apply_no"), reason: text("reason_code") },
            b"RT" => EntryKind::Target {
                apply_no: text("apply_no"),
                target: self.reference(line, "target_line", "target_branch"),
                record: self.named(line, "target_line", "target_branch").and_then(Line::id),
            },
            b"JR" => EntryKind::Inspection,
            b"MK" => EntryKind::Result { apply_no: text("apply_no"), result: text("result_code") },
            b"HR" => EntryKind::Reason {
                return_kind: text("return_kind"),
                code: text("reason_code"),
                text: text("reason"),
                note: text("supplement"),
            },
            b"RC" => EntryKind::CheckValue,
            b"ON" => EntryKind::Eligibility,
            _ if self.layout(line).is_none() => EntryKind::Other,
            _ => match line.prefix().and_then(|[data_id, _, _]| number(data_id)) {
                Some(1 | 11) => EntryKind::Claim,
                Some(5..=7 | 9 | 15 | 16 | 86) => EntryKind::Eligibility,
                _ => EntryKind::Other,
            },
        }
    }

    fn correction(&self, line: &Line<'_>) -> EntryKind {
        let old = self.named(line, "target_line", "target_branch");
        let new = self.named(line, "new_line", "new_branch");
        let differences = match (old, new) {
            (Some(old), Some(new)) => item_differences(self.layout(old), old.record(), new.record()),
            _ => Vec::new(),
        };
        EntryKind::Correction {
            action: self.text(line, "action"),
            target: self.reference(line, "target_line", "target_branch"),
            new: self.reference(line, "new_line", "new_branch"),
            items: parts(self.item(line, "target_items")).filter_map(number).collect(),
            reasons: parts(self.item(line, "reason_codes")).map(|r| RawText(r.to_vec())).collect(),
            record: old.or(new).and_then(Line::id),
            differences,
        }
    }

    fn entry(&self, line: &Line<'_>, kind: EntryKind) -> Entry {
        let data_id = line.prefix().and_then(|[data_id, _, _]| number(data_id));
        Entry {
            offset: line.offset,
            data_id,
            at: numbers(line),
            record: line.id(),
            ja: self.layout(line).map(|l| l.ja),
            kind,
            raw: RawText(line.record().to_vec()),
        }
    }
}
