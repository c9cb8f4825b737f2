//! Who sent what for which month: the parts of a file's identity, read from its header, never from its name. Each type
//! holds valid values only.

use crate::month::Month;
use std::fmt;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// 請求ファイル: `*.UKE`, `*.CYO`.
    Claim,
    /// 返戻ファイル: `*.HEN`, `*.SAH`.
    Return,
    /// 帳票CSV of a review body.
    Notice,
    /// Something else, or a file that lost its header.
    Unknown,
}

impl Kind {
    /// `claim`, `return`, `notice` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Return => "return",
            Self::Notice => "notice",
            Self::Unknown => "unknown",
        }
    }
}

/// Which returns a return file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReturnKind {
    /// HEN: first and repeat claims (返戻区分 1 to 3).
    First,
    /// SAH: after re-review (返戻区分 4 to 9).
    Review,
}

impl ReturnKind {
    /// The extension of the official name: `hen` or `sah`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "hen",
            Self::Review => "sah",
        }
    }
}

/// The five families of claim files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// 医科
    Ika,
    /// DPC
    Dpc,
    /// 歯科
    Shika,
    /// 調剤
    Chozai,
    /// 訪問看護
    Houkan,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 5] = [Self::Ika, Self::Dpc, Self::Shika, Self::Chozai, Self::Houkan];

    /// `ika`, `dpc`, `shika`, `chozai` or `houkan`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ika => "ika",
            Self::Dpc => "dpc",
            Self::Shika => "shika",
            Self::Chozai => "chozai",
            Self::Houkan => "houkan",
        }
    }

    /// The 点数表 of its headers.
    pub fn point_table(self) -> PointTable {
        PointTable(match self {
            Self::Ika | Self::Dpc => b'1',
            Self::Shika => b'3',
            Self::Chozai => b'4',
            Self::Houkan => b'6',
        })
    }

    /// Place of 検索番号 in RE, the record id being item 1.
    pub fn search_no_item(self) -> usize {
        match self {
            Self::Ika => 19,
            Self::Dpc => 21,
            Self::Shika => 20,
            Self::Chozai => 38,
            Self::Houkan => 15,
        }
    }

    /// The name under which the review bodies take or give such a file. Names of returns other than 医科 are an
    /// inference \[C\].
    pub fn official_name(self, returned: Option<ReturnKind>) -> &'static str {
        match (self, returned) {
            (Self::Ika, None) => "RECEIPTC.UKE",
            (Self::Dpc, None) => "RECEIPTD.UKE",
            (Self::Shika, None) => "RECEIPTS.UKE",
            (Self::Chozai, None) => "RECEIPTY.CYO",
            (Self::Houkan, None) => "RECEIPTH.UKE",
            (Self::Ika, Some(ReturnKind::First)) => "RECEIPTC.HEN",
            (Self::Dpc, Some(ReturnKind::First)) => "RECEIPTD.HEN",
            (Self::Shika, Some(ReturnKind::First)) => "RECEIPTS.HEN",
            (Self::Chozai, Some(ReturnKind::First)) => "RECEIPTY.HEN",
            (Self::Houkan, Some(ReturnKind::First)) => "RECEIPTH.HEN",
            (Self::Ika, Some(ReturnKind::Review)) => "RECEIPTC.SAH",
            (Self::Dpc, Some(ReturnKind::Review)) => "RECEIPTD.SAH",
            (Self::Shika, Some(ReturnKind::Review)) => "RECEIPTS.SAH",
            (Self::Chozai, Some(ReturnKind::Review)) => "RECEIPTY.SAH",
            (Self::Houkan, Some(ReturnKind::Review)) => "RECEIPTH.SAH",
        }
    }
}

/// 審査支払機関: the body that pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Payer {
    /// 1: 社会保険診療報酬支払基金
    Shaho,
    /// 2: 国民健康保険団体連合会
    Kokuho,
}

impl Payer {
    /// Reads the item: `1` or `2`.
    pub fn parse(item: &[u8]) -> Option<Self> {
        match item {
            b"1" => Some(Self::Shaho),
            b"2" => Some(Self::Kokuho),
            _ => None,
        }
    }

    /// The code, `1` or `2`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Shaho => "1",
            Self::Kokuho => "2",
        }
    }

    /// The name of its folder: `shaho` or `kokuho`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shaho => "shaho",
            Self::Kokuho => "kokuho",
        }
    }
}

/// A two-digit prefecture code, `01` to `47`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefecture(u8);

impl Prefecture {
    /// Reads the item.
    pub fn parse(item: &[u8]) -> Option<Self> {
        two_digits(item).filter(|n| (1..=47).contains(n)).map(Self)
    }
}

impl fmt::Display for Prefecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// 点数表 of a file: `1`, `3`, `4` or `6`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointTable(u8);

impl PointTable {
    /// Reads the item.
    pub fn parse(item: &[u8]) -> Option<Self> {
        match item {
            [code @ (b'1' | b'3' | b'4' | b'6')] => Some(Self(*code)),
            _ => None,
        }
    }

    /// The family of this table; 医科 stands for DPC too, which only the records tell apart.
    pub fn family(self) -> Family {
        match self.0 {
            b'3' => Family::Shika,
            b'4' => Family::Chozai,
            b'6' => Family::Houkan,
            _ => Family::Ika,
        }
    }
}

impl fmt::Display for PointTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(self.0))
    }
}

impl fmt::Debug for PointTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PointTable({self})")
    }
}

/// 医療機関コード: seven digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FacilityCode([u8; 7]);

impl FacilityCode {
    /// Reads the item. A wrong check digit is a finding, not an error.
    pub fn parse(item: &[u8]) -> Option<Self> {
        <[u8; 7]>::try_from(item).ok().filter(|code| code.iter().all(u8::is_ascii_digit)).map(Self)
    }
}

impl fmt::Display for FacilityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for FacilityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FacilityCode({self})")
    }
}

/// マルチボリューム識別情報: two digits; 00, 01, ... in headers, 01, 02, ... and 99 in trailers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Volume(u8);

impl Volume {
    /// The only or first volume in a header.
    pub const FIRST: Self = Self(0);
    /// The mark of the last volume in a trailer.
    pub const LAST: Self = Self(99);

    /// Reads the item: exactly two digits.
    pub fn parse(item: &[u8]) -> Option<Self> {
        two_digits(item).map(Self)
    }

    /// Whether a trailer's mark may follow this mark of the header.
    pub fn fits(self, trailer: Self) -> bool {
        trailer == Self::LAST || u16::from(trailer.0) == u16::from(self.0) + 1
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

fn two_digits(item: &[u8]) -> Option<u8> {
    match item {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some((a - b'0') * 10 + (b - b'0')),
        _ => None,
    }
}

/// 請求先・年月: what makes two files versions of the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Claim or return.
    pub kind: Kind,
    /// Which returns; `None` for claims.
    pub return_kind: Option<ReturnKind>,
    /// Family.
    pub family: Family,
    /// Body that pays.
    pub payer: Payer,
    /// 都道府県 of the facility.
    pub prefecture: Prefecture,
    /// 点数表 of the facility.
    pub point_table: PointTable,
    /// Code of the facility.
    pub facility: FacilityCode,
    /// 請求年月 of a claim file, 処理年月 of a return file.
    pub month: Month,
    /// Volume mark of the header.
    pub volume: Volume,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_exactly() {
        assert_eq!(Prefecture::parse(b"01").map(|p| p.to_string()).as_deref(), Some("01"));
        for bad in [&b""[..], b"1", b"00", b"48", b" 1", b"013", b"1a"] {
            assert_eq!(Prefecture::parse(bad), None, "{bad:?}");
        }
        for bad in [&b""[..], b"2", b"5", b"11"] {
            assert_eq!(PointTable::parse(bad), None, "{bad:?}");
        }
        for bad in [&b""[..], b"999901", b"99990155", b"999901x"] {
            assert_eq!(FacilityCode::parse(bad), None, "{bad:?}");
        }
        assert_eq!((Payer::parse(b"1"), Payer::parse(b"2")), (Some(Payer::Shaho), Some(Payer::Kokuho)));
        assert_eq!((Payer::parse(b"3"), Payer::parse(b"")), (None, None));
    }

    #[test]
    fn volume_marks_follow_each_other() {
        let volume = |n: &str| Volume::parse(n.as_bytes()).unwrap();
        assert!(Volume::FIRST.fits(Volume::LAST) && Volume::FIRST.fits(volume("01")));
        assert!(volume("07").fits(volume("08")) && volume("07").fits(volume("99")));
        assert!(!volume("07").fits(volume("07")) && !Volume::FIRST.fits(volume("02")));
        assert_eq!((Volume::parse(b"0"), Volume::parse(b"100")), (None, None));
    }

    #[test]
    fn every_family_has_the_table_that_leads_back_to_it() {
        for family in Family::ALL {
            let back = family.point_table().family();
            assert!(back == family || (family, back) == (Family::Dpc, Family::Ika));
        }
    }
}
