//! What can be wrong *in* a file: a code, how grave it is, and the place. A finding never holds a value of a patient.

use crate::record::{Position, RecordId};

/// Findings of one code and note that are handed out one by one; more are only counted, so that rubbish cannot flood.
pub const REPORTED_PER_CODE: u64 = 20;

/// Takes findings as they are met.
pub type Sink<'a> = &'a mut dyn FnMut(&Finding);

/// How grave a finding is (docs/formats.md, severities).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// I: information.
    Info,
    /// Q: needs confirmation (要確認).
    Confirm,
    /// C: the claim would be refused (受付不能).
    Claim,
    /// F: the whole file would be refused (受付不能).
    File,
}

impl Severity {
    /// The letter of the check list: `F`, `C`, `Q` or `I`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "I",
            Self::Confirm => "Q",
            Self::Claim => "C",
            Self::File => "F",
        }
    }
}

/// What exactly a finding is about, where its code alone does not say it. Numbers are counts and totals of the file,
/// never values of one patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The code says it all.
    None,
    /// The file is empty.
    Empty,
    /// A line ends with LF alone, or without a line end.
    LineEnd,
    /// A CR stands inside a line.
    LoneCr,
    /// A blank line stands between records.
    BlankLine,
    /// A line has more than 16 kB.
    LongLine,
    /// A line is longer than the reader's limit and was not looked into.
    TooLong,
    /// Bytes that are no CP932 character.
    NotCp932,
    /// No 0x1A at the end.
    NoEndMark,
    /// More than one 0x1A.
    ExtraEndMark,
    /// The item is missing or has no valid value.
    BadValue,
    /// Only the check digit is wrong.
    CheckDigit,
    /// Something should be there and is not.
    Missing,
    /// Something is there more than once.
    Repeated,
    /// Something stands where it should not.
    Misplaced,
    /// A number of items, records or payers other than expected.
    Count {
        /// What is there.
        found: u64,
        /// What should be there.
        expected: u64,
    },
    /// A total of the trailer other than the recomputed one.
    Total {
        /// What the trailer says.
        declared: u64,
        /// What the records add up to.
        counted: u64,
    },
}

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A permanent id of the check list, for example `R-001` or `25420`.
    pub code: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What exactly.
    pub note: Note,
    /// Where.
    pub position: Position,
    /// In which kind of record.
    pub record: Option<RecordId>,
    /// In which item, by its English name.
    pub item: Option<&'static str>,
}

/// How often something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingCount {
    /// As in [`Finding`].
    pub code: &'static str,
    /// As in [`Finding`].
    pub severity: Severity,
    /// As in the first [`Finding`] of its kind.
    pub note: Note,
    /// How often, those not handed out included.
    pub count: u64,
}

/// Counts findings and hands out the first of each kind.
#[derive(Debug, Default)]
pub(crate) struct Log {
    counts: Vec<FindingCount>,
}

impl Log {
    pub(crate) fn add(&mut self, finding: &Finding, sink: Sink<'_>) {
        let same = |c: &&mut FindingCount| {
            c.code == finding.code
                && c.severity == finding.severity
                && std::mem::discriminant(&c.note) == std::mem::discriminant(&finding.note)
        };
        let count = match self.counts.iter_mut().find(same) {
            Some(entry) => {
                entry.count += 1;
                entry.count
            }
            None => {
                let Finding { code, severity, note, .. } = *finding;
                self.counts.push(FindingCount { code, severity, note, count: 1 });
                1
            }
        };
        if count <= REPORTED_PER_CODE {
            sink(finding);
        }
    }

    pub(crate) fn into_counts(self) -> Vec<FindingCount> {
        self.counts
    }
}
