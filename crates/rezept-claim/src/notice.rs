//! The CSV notices of the review bodies: which kind a file is by its content, and what an official name says. This is
//! real CSV with quoting, unlike claim files; rows are not interpreted here.

use crate::identity::{FacilityCode, Payer, PointTable, Prefecture};
use crate::month::Month;
use crate::text;

/// The kinds of notice (docs/formats.md, other CSVs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// hasp, uasp: 受付・事務点検ASP結果
    AspResult,
    /// fixf: 請求確定状況
    Confirmation,
    /// fmei: 振込額明細
    Payment,
    /// henr: 返戻内訳書
    ReturnList,
    /// zogn: 増減点連絡書
    PointChange,
    /// A key met in programs whose meaning is not established: kept, unread.
    Other,
}

impl NoticeKind {
    /// The key of official names; `other` for those not established.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AspResult => "hasp",
            Self::Confirmation => "fixf",
            Self::Payment => "fmei",
            Self::ReturnList => "henr",
            Self::PointChange => "zogn",
            Self::Other => "other",
        }
    }

    fn from_key(key: &[u8]) -> Option<Self> {
        match key {
            b"hasp" | b"uasp" => Some(Self::AspResult),
            b"fixf" => Some(Self::Confirmation),
            b"fmei" => Some(Self::Payment),
            b"henr" => Some(Self::ReturnList),
            b"zogn" => Some(Self::PointChange),
            b"pjry" | b"kasp" | b"hjry" | b"edbn" | b"skkg" | b"skks" | b"chng" | b"fggk" | b"tgft"
            | b"sast" | b"shst" | b"sakr" | b"tttr" => Some(Self::Other),
            _ => None,
        }
    }
}

/// What an official notice name says: `<prefix 2><kind 4><body 1><prefecture 2><table 1><facility 7><suffix>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfficialName {
    /// Kind, from positions 3 to 6; the prefix differs by family and is not tested.
    pub kind: NoticeKind,
    /// Body that pays.
    pub payer: Payer,
    /// 都道府県 of the facility.
    pub prefecture: Prefecture,
    /// 点数表 of the facility.
    pub point_table: PointTable,
    /// Code of the facility.
    pub facility: FacilityCode,
    /// From the suffix: GYYMM of payments and lists, the month of a timestamp otherwise; `None` where it has neither.
    pub month: Option<Month>,
}

impl OfficialName {
    /// Reads a file name without its folder; upper and lower case alike.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let stem = name.strip_suffix(".csv").unwrap_or(&name).as_bytes();
        if !stem.is_ascii() {
            return None;
        }
        let suffix = stem.get(17..)?;
        let month = match suffix.len() {
            5 => Month::parse(suffix),
            14 if suffix.iter().all(u8::is_ascii_digit) => Month::parse(suffix.get(..6)?),
            _ => None,
        };
        Some(Self {
            kind: NoticeKind::from_key(stem.get(2..6)?)?,
            payer: Payer::parse(stem.get(6..7)?)?,
            prefecture: Prefecture::parse(stem.get(7..9)?)?,
            point_table: PointTable::parse(stem.get(9..10)?)?,
            facility: FacilityCode::parse(stem.get(10..17)?)?,
            month,
        })
    }
}

/// What the content of a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Which kind it is.
    pub kind: NoticeKind,
    /// Facility code, where the content has it.
    pub facility: Option<FacilityCode>,
    /// Month of the notice, where the content has it.
    pub month: Option<Month>,
}

/// Rows that are enough to recognise a notice.
const ROWS: usize = 4;

/// Recognises a notice by its first rows, given the start of the file. All rules are those of one or two programs \[B\];
/// of 返戻内訳書 only the number of columns and the words of its heading are known \[C\].
pub fn recognise(start: &[u8]) -> Option<Recognised> {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(start);
    let mut rows = Vec::new();
    let mut row = csv::ByteRecord::new();
    // An error of the CSV reader ends the rows: what was read so far decides.
    while rows.len() < ROWS && reader.read_byte_record(&mut row).unwrap_or(false) {
        rows.push(row.clone());
    }
    point_change(&rows)
        .or_else(|| confirmation(&rows))
        .or_else(|| asp_result(&rows))
        .or_else(|| payment(&rows))
        .or_else(|| return_list(&rows))
}

fn item(row: &csv::ByteRecord, number: usize) -> &[u8] {
    row.get(number - 1).unwrap_or_default()
}

/// Row 1 holds the month and the facility, row 2 the titles, rows 3 to 6 the claims. The pharmacy variant has 28 columns.
fn point_change(rows: &[csv::ByteRecord]) -> Option<Recognised> {
    let (head, second) = (rows.first()?, rows.get(1)?);
    let wide = (28..=31).contains(&head.len()) && (28..=31).contains(&second.len());
    if !wide || item(head, 1) != b"1" || item(second, 1) != b"2" {
        return None;
    }
    Some(Recognised {
        kind: NoticeKind::PointChange,
        facility: Some(FacilityCode::parse(item(head, 5))?),
        month: Month::parse(item(head, 2)),
    })
}

/// A kind-1 row of 10 columns (pharmacy 11), then kind-2 rows of 31 (pharmacy 32).
fn confirmation(rows: &[csv::ByteRecord]) -> Option<Recognised> {
    let head = rows.first()?;
    let details = rows.get(1..)?;
    let shaped = details.iter().all(|r| item(r, 1) == b"2" && (31..=32).contains(&r.len()));
    if item(head, 1) != b"1" || !(10..=11).contains(&head.len()) || !shaped {
        return None;
    }
    Some(Recognised {
        kind: NoticeKind::Confirmation,
        facility: Some(FacilityCode::parse(item(head, 7))?),
        month: Month::parse(item(head, 2)),
    })
}

/// Titles begin with 受 or 項, the row of the facility with an era's sign; its code is full-width.
fn asp_result(rows: &[csv::ByteRecord]) -> Option<Recognised> {
    let begins = |row: &csv::ByteRecord, signs: &[char]| {
        text::decode(item(row, 1)).chars().next().is_some_and(|c| signs.contains(&c))
    };
    let head = rows.iter().find(|row| begins(row, &['平', '令']) && row.len() >= 9)?;
    if !rows.iter().any(|row| begins(row, &['受', '項'])) {
        return None;
    }
    let code: Option<Vec<u8>> = text::decode(item(head, 6))
        .chars()
        .map(|c| match c {
            '０'..='９' => u8::try_from(u32::from(c) - u32::from('０')).ok().map(|d| d + b'0'),
            '0'..='9' => u8::try_from(u32::from(c)).ok(),
            _ => None,
        })
        .collect();
    Some(Recognised {
        kind: NoticeKind::AspResult,
        facility: Some(FacilityCode::parse(&code?)?),
        month: None,
    })
}

/// One heading, then rows of 82 columns or more with a month in the second.
fn payment(rows: &[csv::ByteRecord]) -> Option<Recognised> {
    let (head, first) = (rows.first()?, rows.get(1)?);
    let shaped = head.len() >= 82 && first.len() >= 82 && Month::parse(item(first, 2)).is_some();
    (shaped && !item(head, 2).iter().all(u8::is_ascii_digit)).then_some(Recognised {
        kind: NoticeKind::Payment,
        facility: None,
        month: None,
    })
}

/// One heading that speaks of returns, then rows of at least 14 columns with a month in the second.
fn return_list(rows: &[csv::ByteRecord]) -> Option<Recognised> {
    let (head, first) = (rows.first()?, rows.get(1)?);
    let speaks = head.iter().any(|cell| {
        let cell = text::decode(cell);
        cell.contains("返戻") || cell.contains("事由")
    });
    let shaped = (14..82).contains(&first.len()) && Month::parse(item(first, 2)).is_some();
    (speaks && shaped).then_some(Recognised { kind: NoticeKind::ReturnList, facility: None, month: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let name = OfficialName::parse("RIzogn1131999901550612.csv").unwrap();
        assert_eq!(name.kind, NoticeKind::PointChange);
        assert_eq!((name.payer, name.prefecture.to_string()), (Payer::Shaho, "13".to_owned()));
        assert_eq!((name.facility.to_string(), name.point_table.to_string()), ("9999015".into(), "1".into()));
        assert_eq!(name.month, Month::new(2024, 12));
        let stamped = OfficialName::parse("MIHASP2134999903520241206093000.CSV").unwrap();
        assert_eq!((stamped.kind, stamped.payer), (NoticeKind::AspResult, Payer::Kokuho));
        assert_eq!(stamped.month, Month::new(2024, 12));
        let counted = OfficialName::parse("RIfixf11319999015xx001.csv").unwrap();
        assert_eq!((counted.kind, counted.month), (NoticeKind::Confirmation, None));
        assert_eq!(OfficialName::parse("RIpjry1131999901550612.csv").unwrap().kind, NoticeKind::Other);
    }

    #[test]
    fn what_is_no_official_name() {
        for name in [
            "",
            "RECEIPTC.UKE",
            "RIzogn9131999901550612.csv",
            "RIzogn148199990155061.csv",
            "RIzogn1131.csv",
            "請求zogn1131999901550612.csv",
        ] {
            assert_eq!(OfficialName::parse(name), None, "{name}");
        }
    }

    fn cp932(text: &str) -> Vec<u8> {
        encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
    }

    #[test]
    fn kinds_by_content() {
        let fixf = format!("1,202411,20241210,1,,,9999015,,1,1\r\n2,{}\r\n", ",".repeat(29));
        let found = recognise(&cp932(&fixf)).unwrap();
        assert_eq!((found.kind, found.month), (NoticeKind::Confirmation, Month::new(2024, 11)));
        let asp = "受付・事務点検ＡＳＰ結果リスト\r\n令和６年１１月,1,,,,９９９９０１５,,,1\r\n";
        let found = recognise(&cp932(asp)).unwrap();
        assert_eq!(found.kind, NoticeKind::AspResult);
        assert_eq!(found.facility.unwrap().to_string(), "9999015");
        let fmei = format!("種別,診療年月{}\r\n1,50610{}\r\n", ",".repeat(80), ",".repeat(80));
        assert_eq!(recognise(&cp932(&fmei)).unwrap().kind, NoticeKind::Payment);
        let henr = format!("種別,\"診療年月\",返戻事由{}\r\n1,50610{}\r\n", ",".repeat(12), ",".repeat(13));
        assert_eq!(recognise(&cp932(&henr)).unwrap().kind, NoticeKind::ReturnList);
    }

    #[test]
    fn other_csv_is_no_notice() {
        for text in ["", "a,b,c\r\n1,2,3\r\n", "1,2\r\n2,3\r\n", "\"", "氏名,住所\r\n見本,東京\r\n"] {
            assert_eq!(recognise(&cp932(text)), None, "{text}");
        }
    }
}
