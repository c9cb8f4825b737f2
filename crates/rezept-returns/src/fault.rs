//! What can be wrong with a returned claim: permanent codes, how grave each is, and the place. A fault never holds a
//! value of a patient; the claim is kept as it came whatever its faults.

use std::fmt;

use rezept_claim::Position;

/// Faults of one code that are kept of one claim: a block of rubbish must not flood.
pub const FAULTS_PER_CODE: usize = 20;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $code:literal,)+) => {
        /// Which fault (docs/formats.md, faults of returned claims). `E`: the claim can be shown, and cannot be
        /// resubmitted. `W`: to be known. E01, E02, E10, E11, E99, W10, W20, W21 and W40 to W43 are codes of ORCA \[B\];
        /// which item each of the last four stands for there is not known, so theirs and the others are our own choice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FaultCode { $($(#[$meta])* $name,)+ }

        impl FaultCode {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The permanent code.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

codes! {
    /// 検索番号 of HR is missing or not digits.
    SearchNo = "E01",
    /// 管理情報 of RC is not 1 to 100 letters and digits, or RC has other than five columns.
    ControlInfo = "E02",
    /// No HR.
    NoReason = "E10",
    /// No RC at the end: the history block is missing or was cut.
    NoControl = "E11",
    /// The HR of one claim, or HR and RE, name different 検索番号.
    SearchNosDiffer = "E12",
    /// Request data or HR stand behind history lines, request data behind HR, a header inside the claim, or a blank line
    /// inside the history block.
    Order = "E13",
    /// A line is longer than the reader's limit; nobody looked into it.
    LineTooLong = "E14",
    /// A record of the request data that is not known; the line is kept.
    UnknownRecord = "E99",
    /// HR: fewer than ten items, or 処理年月, 返戻区分, 返戻事由コード or 増減点連絡書年月 has no valid value.
    ReasonItem = "W10",
    /// HR: 補正情報 or 増減点連絡書年月 in a return that has none, or a reason code other than `S....` in a re-review.
    ReasonUnusual = "W11",
    /// More HR than are kept.
    TooManyReasons = "W13",
    /// History: 行番号 is not 1 to 5 digits.
    LineNo = "W20",
    /// History: 枝番号 is not 1 to 3 digits.
    BranchNo = "W21",
    /// History: 行番号 do not rise by one from 1.
    LineNoOrder = "W22",
    /// History: データ識別 has more than two digits.
    DataId = "W23",
    /// A blank line inside the request data.
    BlankLine = "W24",
    /// History: the first line is no MN with data id 2, or an MN stands elsewhere.
    NoManagement = "W30",
    /// History: RE of a first return without 検索番号, or with another than that of HR.
    HistorySearchNo = "W31",
    /// History: RC is not on the last one or two lines with the branches 0 and 1.
    ControlUnusual = "W32",
    /// History: MN has another 検索番号 than HR.
    ManagementSearchNo = "W33",
    /// RE: レセプト番号 is not 1 to 6 digits.
    ClaimNo = "W40",
    /// RE: レセプト種別 is not four digits.
    ClaimType = "W41",
    /// RE: 診療年月 is no month.
    ServiceMonth = "W42",
    /// RE: 氏名 is blank.
    Name = "W43",
    /// RE: 男女区分 is neither 1 nor 2, or 生年月日 no date.
    Person = "W44",
    /// Bytes that are no CP932 character.
    NotCp932 = "W50",
    /// A record that is not known where that proves nothing: in the history block, which goes back byte for byte, and in
    /// families whose records are known in part only (調剤, 訪問看護).
    UnknownTolerated = "W99",
}

impl FaultCode {
    /// Whether it forbids to resubmit the claim. An unknown record does not make the request data wrong by itself, but
    /// nobody can say what it would mean to send it (docs/formats.md).
    pub fn blocks(self) -> bool {
        self.as_str().starts_with('E')
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something wrong with a returned claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub code: FaultCode,
    /// 1-based line of the file.
    pub line: u32,
    /// 1-based item of the line as written: of a history line the prefix counts as items 1 to 3.
    pub item: u16,
    /// First byte of the item, from the start of the file.
    pub byte: u64,
}

/// The faults of one claim.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, code: FaultCode, at: Position) {
        // The first of each code is always kept: it decides whether the claim is blocked.
        if self.0.iter().filter(|fault| fault.code == code).count() < FAULTS_PER_CODE {
            self.0.push(Fault { code, line: at.line, item: at.item, byte: at.byte });
        }
    }

    /// In the order of the file.
    pub(crate) fn into_vec(mut self) -> Vec<Fault> {
        self.0.sort_by_key(|fault| (fault.byte, fault.code));
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_and_errors_block() {
        let codes: Vec<&str> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert!(FaultCode::UnknownRecord.blocks() && !FaultCode::ClaimType.blocks());
    }

    #[test]
    fn each_code_is_kept_only_so_often() {
        let mut faults = Faults::default();
        for byte in (0..100).rev() {
            faults.add(FaultCode::LineNo, Position { byte, ..Position::default() });
        }
        faults.add(FaultCode::NoReason, Position { byte: 7, ..Position::default() });
        let kept = faults.into_vec();
        assert_eq!(kept.len(), FAULTS_PER_CODE + 1);
        assert!(kept.is_sorted_by_key(|fault| fault.byte) && kept[0].code == FaultCode::NoReason);
    }
}
