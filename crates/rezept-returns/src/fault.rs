//! What can be wrong with a returned claim: permanent codes, how grave each is, and the place. A fault never holds a
//! value of a patient; the claim is kept as it came whatever its faults.

use std::fmt;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $code:literal,)+) => {
        /// Which fault (docs/formats.md, faults of returned claims). `E`: the claim can be shown, and cannot be
        /// resubmitted. `W`: to be known.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// No RC: the history block is missing or was cut.
    NoControl = "E11",
    /// The HR of one claim name different 検索番号.
    SearchNosDiffer = "E12",
    /// Request data or HR stand behind history lines.
    Order = "E13",
    /// A record that is not known; the line is kept.
    UnknownRecord = "E99",
    /// HR: 処理年月 or 返戻区分 is missing or has no valid value.
    ReasonItem = "W10",
    /// HR: 補正情報 or 増減点連絡書年月 in a return that has none, or a reason code other than `S....` in a re-review.
    ReasonUnusual = "W11",
    /// 検索番号 of RE is filled with another number than that of HR.
    RequestSearchNo = "W12",
    /// History: 行番号 is not 1 to 5 digits.
    LineNo = "W20",
    /// History: 枝番号 is not 1 to 3 digits.
    BranchNo = "W21",
    /// History: 行番号 do not rise by one from 1.
    LineNoOrder = "W22",
    /// History: the first line is no MN with data id 2.
    NoManagement = "W30",
    /// History: RE of a first return without 検索番号, or with another than that of HR.
    HistorySearchNo = "W31",
    /// History: RC is not on the last one or two lines with the branches 0 and 1.
    ControlUnusual = "W32",
    /// RE: レセプト番号 is not 1 to 6 digits.
    ClaimNo = "W40",
    /// RE: レセプト種別 is not four digits.
    ClaimType = "W41",
    /// RE: 診療年月 is no month.
    ServiceMonth = "W42",
    /// RE: 氏名 is blank.
    Name = "W43",
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
    /// First byte of the line, from the start of the file.
    pub byte: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_and_errors_block() {
        let mut codes: Vec<&str> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
        codes.dedup();
        assert_eq!(codes.len(), FaultCode::ALL.len());
        assert!(FaultCode::UnknownRecord.blocks() && !FaultCode::ClaimType.blocks());
    }
}
