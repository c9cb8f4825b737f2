//! The path of a payload file inside one of our bags: `data/<yyyymm>-<shaho|kokuho>-<nn>/<official name>`.

use std::fmt;
use std::str::FromStr;

use crate::paths;
use crate::words::parse_number;

/// The longest official name. The official ones have 12 characters; users' own variants a few more.
pub const OFFICIAL_NAME_MAX: usize = 64;

/// The payer side, as it stands in folder names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayerFolder {
    /// 社保, the social insurance fund.
    Shaho,
    /// 国保, the national health insurance federations.
    Kokuho,
}

impl PayerFolder {
    /// `shaho` or `kokuho`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shaho => "shaho",
            Self::Kokuho => "kokuho",
        }
    }
}

impl fmt::Display for PayerFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a path or its parts are no payload path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPayloadPath {
    /// Not a month of the calendar from 1900 to 9999.
    #[error("the month of a payload path is yyyymm")]
    Month,
    /// The number is 0, or not written with two digits or more.
    #[error("the number of a payload path is 01 or more")]
    Number,
    /// Not `[A-Za-z0-9._()-]{1,64}`, or a name that some operating system cannot hold.
    #[error("the file name of a payload path is not a portable name")]
    Name,
    /// Not `data/<yyyymm>-<shaho|kokuho>-<nn>/<official name>`.
    #[error("not of the form data/<yyyymm>-<shaho|kokuho>-<nn>/<name>")]
    Shape,
}

/// A checked payload path. Ordered as its text is, byte by byte: the order of the manifest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadPath {
    text: String,
    /// Byte length of `data/<yyyymm>-<payer>-<nn>`.
    folder_len: usize,
}

impl PayloadPath {
    /// Puts a path together: year and month, payer side, the number of the folder among those of its month and
    /// payer (from 1), and the official name.
    ///
    /// # Errors
    /// [`BadPayloadPath`] names the part that does not fit.
    pub fn new(
        year: u16,
        month: u8,
        payer: PayerFolder,
        number: u16,
        official_name: &str,
    ) -> Result<Self, BadPayloadPath> {
        if !(1900..=9999).contains(&year) || !(1..=12).contains(&month) {
            return Err(BadPayloadPath::Month);
        }
        if number == 0 {
            return Err(BadPayloadPath::Number);
        }
        if !is_official_name(official_name) {
            return Err(BadPayloadPath::Name);
        }
        let folder = format!("data/{year:04}{month:02}-{payer}-{number:02}");
        Ok(Self { folder_len: folder.len(), text: format!("{folder}/{official_name}") })
    }

    /// The whole path from the bag's root, with `/`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The folder below `data/`: `<yyyymm>-<payer>-<nn>`.
    pub fn folder(&self) -> &str {
        self.text.get("data/".len()..self.folder_len).unwrap_or_default()
    }

    /// The official name.
    pub fn file_name(&self) -> &str {
        self.text.get(self.folder_len + 1..).unwrap_or_default()
    }

    /// `yyyymm`.
    pub fn month(&self) -> &str {
        self.folder().get(..6).unwrap_or_default()
    }

    /// The payer side.
    pub fn payer(&self) -> PayerFolder {
        if self.folder().contains("-shaho-") { PayerFolder::Shaho } else { PayerFolder::Kokuho }
    }
}

impl fmt::Display for PayloadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PayloadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayloadPath({})", self.text)
    }
}

impl FromStr for PayloadPath {
    type Err = BadPayloadPath;

    fn from_str(text: &str) -> Result<Self, BadPayloadPath> {
        let (folder, name) =
            text.strip_prefix("data/").and_then(|rest| rest.split_once('/')).ok_or(BadPayloadPath::Shape)?;
        let mut parts = folder.split('-');
        let (Some(month), Some(payer), Some(number), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadPayloadPath::Shape);
        };
        let payer = match payer {
            "shaho" => PayerFolder::Shaho,
            "kokuho" => PayerFolder::Kokuho,
            _ => return Err(BadPayloadPath::Shape),
        };
        let (year, month) =
            month.split_at_checked(4).filter(|(_, month)| month.len() == 2).ok_or(BadPayloadPath::Month)?;
        let year = parse_number(year).ok_or(BadPayloadPath::Month)?;
        let month = two_digits(month).ok_or(BadPayloadPath::Month)?;
        let number = two_digits(number).ok_or(BadPayloadPath::Number)?;
        Self::new(year, month, payer, number, name)
    }
}

/// Reads what `{:02}` writes: two digits, or more without a leading zero.
fn two_digits<T: FromStr>(text: &str) -> Option<T> {
    match text.strip_prefix('0') {
        Some(digit) if digit.len() == 1 => parse_number(digit),
        Some(_) => None,
        None if text.len() >= 2 => parse_number(text),
        None => None,
    }
}

/// Names are compared and opened on FAT, NTFS and others alike, so only the letters common to all are taken;
/// a leading dot would hide the file and a leading hyphen reads as an option to a stock tool.
fn is_official_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._()-".contains(&byte);
    (1..=OFFICIAL_NAME_MAX).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with(['.', '-'])
        && paths::check_component(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_and_parses_the_same_text() {
        let path = PayloadPath::new(2026, 4, PayerFolder::Kokuho, 1, "RECEIPTC.UKE").unwrap();
        assert_eq!(path.as_str(), "data/202604-kokuho-01/RECEIPTC.UKE");
        assert_eq!((path.folder(), path.file_name()), ("202604-kokuho-01", "RECEIPTC.UKE"));
        assert_eq!((path.month(), path.payer()), ("202604", PayerFolder::Kokuho));
        for text in [path.as_str(), "data/199912-shaho-99/a", "data/202601-shaho-100/RECEIPTC(2).UKE"] {
            assert_eq!(text.parse::<PayloadPath>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_every_other_shape() {
        use BadPayloadPath::{Month, Name, Number, Shape};
        let cases = [
            ("", Shape),
            ("RECEIPTC.UKE", Shape),
            ("data/RECEIPTC.UKE", Shape),
            ("/data/202604-shaho-01/A", Shape),
            ("Data/202604-shaho-01/A", Shape),
            ("data/202604-SHAHO-01/A", Shape),
            ("data/202604-shaho-01-1/A", Shape),
            ("data/202604-shaho/A", Shape),
            ("data/20264-shaho-01/A", Month),
            ("data/202613-shaho-01/A", Month),
            ("data/202600-shaho-01/A", Month),
            ("data/+02604-shaho-01/A", Month),
            ("data/０-shaho-01/A", Month),
            ("data/202604-shaho-1/A", Number),
            ("data/202604-shaho-00/A", Number),
            ("data/202604-shaho-001/A", Number),
            ("data/202604-shaho-65536/A", Number),
            ("data/202604-shaho-01/", Name),
            ("data/202604-shaho-01/A/B", Name),
            ("data/202604-shaho-01/..", Name),
            ("data/202604-shaho-01/.hidden", Name),
            ("data/202604-shaho-01/-rf", Name),
            ("data/202604-shaho-01/A.", Name),
            ("data/202604-shaho-01/A B", Name),
            ("data/202604-shaho-01/A:B", Name),
            ("data/202604-shaho-01/nul.uke", Name),
            ("data/202604-shaho-01/COM1", Name),
            ("data/202604-shaho-01/請求.UKE", Name),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<PayloadPath>(), Err(error), "{text}");
        }
        let long = format!("data/202604-shaho-01/{}", "A".repeat(65));
        assert_eq!(long.parse::<PayloadPath>(), Err(Name));
    }
}
