//! The rules of a history block, followed line by line (docs/formats.md 5). The block goes back byte for byte: only what
//! holds it together is judged, never what its records say.

use crate::fault::{FaultCode, Faults};
use crate::lines::{IR, MN, RC, RE, number};
use rezept_claim::text::RawText;
use rezept_claim::{Family, Month, Position, RawRecord, RecordId, layout};

/// Largest number of RC records that is usual.
const CHECK_VALUES: u32 = 2;
/// Largest size of 管理情報.
const CHECK_INFO_BYTES: usize = 100;

/// What was met of the block so far.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) lines: u64,
    pub(super) original_month: Option<Month>,
    /// 行番号 of the line before, where it was a number.
    line_no: Option<u64>,
    /// 検索番号 of MN and where it stands.
    management: Option<(RawText, Position)>,
    /// 検索番号 of the first RE and where it stands.
    re: Option<(RawText, Position)>,
    check_values: u32,
    last: Option<(RecordId, Position)>,
    unusual_check_values: bool,
}

impl Block {
    /// Takes the next line of the block.
    #[inline]
    pub(super) fn line(&mut self, record: &RawRecord<'_>, id: RecordId, family: Family, faults: &mut Faults) {
        self.lines = self.lines.saturating_add(1);
        let branch = self.prefix(record, faults);
        if layout::history_layout(family, id).is_none() {
            faults.add(FaultCode::UnknownTolerated, record.position());
        }
        if self.lines == 1 && id != MN {
            faults.add(FaultCode::NoManagement, record.position());
        }
        match id {
            RC => self.check_value(record, branch, faults),
            _ if self.check_values > 0 => self.unusual_check_values = true,
            MN => self.management(record, faults),
            RE if self.re.is_none() => {
                let place = family.search_no_item();
                let search_no = RawText(record.item(place).unwrap_or_default().to_vec());
                self.re = Some((search_no, record.position_of(place)));
            }
            IR | RecordId([b'U' | b'Y', b'K'] | [b'H', b'M']) => self.header(record, id, family),
            _ => {}
        }
        self.last = Some((id, record.position()));
    }

    /// データ識別, 行番号, 枝番号; the branch is given back where it is a number.
    #[inline]
    fn prefix(&mut self, record: &RawRecord<'_>, faults: &mut Faults) -> Option<u64> {
        let Some([data_id, line_no, branch_no]) = record.history_prefix() else {
            faults.add(FaultCode::LineNo, record.position());
            return None;
        };
        if data_id.len() > 2 {
            faults.add(FaultCode::DataId, record.position());
        }
        let line = number(line_no).filter(|_| line_no.len() <= 5);
        if line.is_none() {
            faults.add(FaultCode::LineNo, prefix_position(record, data_id.len() + 1, 2));
        } else {
            let expected = match self.line_no {
                Some(before) => before.checked_add(1),
                None if self.lines == 1 => Some(1),
                // The line before had no number: nothing to compare with.
                None => line,
            };
            // A branch may share the number of the line that it belongs to.
            if line != expected && !(line == self.line_no && branch_no != b"0") {
                faults.add(FaultCode::LineNoOrder, prefix_position(record, data_id.len() + 1, 2));
            }
        }
        self.line_no = line;
        let branch = number(branch_no).filter(|_| branch_no.len() <= 3);
        if branch.is_none() {
            let column = data_id.len() + line_no.len() + 2;
            faults.add(FaultCode::BranchNo, prefix_position(record, column, 3));
        }
        branch
    }

    fn check_value(&mut self, record: &RawRecord<'_>, branch: Option<u64>, faults: &mut Faults) {
        let info = record.item(2).unwrap_or_default();
        let good = record.item_count() == 2
            && (1..=CHECK_INFO_BYTES).contains(&info.len())
            && info.iter().all(u8::is_ascii_alphanumeric);
        if !good {
            faults.add(FaultCode::ControlInfo, record.position_of(2));
        }
        self.unusual_check_values |= branch != Some(u64::from(self.check_values));
        self.check_values = self.check_values.saturating_add(1);
        self.unusual_check_values |= self.check_values > CHECK_VALUES;
    }

    fn management(&mut self, record: &RawRecord<'_>, faults: &mut Faults) {
        let data_id = record.history_prefix().map(|[data_id, ..]| data_id);
        if self.lines > 1 || data_id != Some(b"2") {
            faults.add(FaultCode::NoManagement, record.position());
        }
        if self.management.is_none() {
            let search_no = RawText(record.item(4).unwrap_or_default().to_vec());
            self.management = Some((search_no, record.position_of(4)));
        }
    }

    /// 請求年月 of the header under which the claim was sent.
    fn header(&mut self, record: &RawRecord<'_>, id: RecordId, family: Family) {
        if self.original_month.is_none() {
            let place = match (family, &id.0) {
                (Family::Shika, b"IR") | (_, b"YK" | b"HM") => 7,
                _ => 8,
            };
            self.original_month = record.item(place).and_then(Month::parse);
        }
    }

    /// Judges the block as a whole; `first` is where the claim begins, `hen` whether it came in a HEN.
    pub(super) fn finish(&self, search_no: &[u8], hen: bool, first: Position, faults: &mut Faults) {
        match self.last {
            Some((RC, place)) => {
                if self.unusual_check_values {
                    faults.add(FaultCode::ControlUnusual, place);
                }
            }
            Some((_, place)) => faults.add(FaultCode::NoControl, place),
            None => faults.add(FaultCode::NoControl, first),
        }
        if let Some((management, place)) = &self.management
            && !management.0.is_empty()
            && management.0 != search_no
        {
            faults.add(FaultCode::ManagementSearchNo, *place);
        }
        if hen
            && let Some((re, place)) = &self.re
            && re.0 != search_no
        {
            faults.add(FaultCode::HistorySearchNo, *place);
        }
    }
}

/// The place of an item of the prefix, which lies before the record itself.
fn prefix_position(record: &RawRecord<'_>, column: usize, item: u16) -> Position {
    Position { item, ..record.position_at(column) }
}
