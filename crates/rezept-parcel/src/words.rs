//! The small words that headers, acknowledgements and bag-info carry, each checked once where it is made.
//! They are opaque here: what a payer or a release means is for other crates.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// A word that does not have the shape its field demands. The offending text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// Not 32 lower-case hex digits.
    #[error("a parcel id is 32 lower-case hex digits")]
    ParcelId,
    /// Not 32 lower-case hex digits.
    #[error("the id of a medium is 32 lower-case hex digits")]
    MediumId,
    /// Not `[a-z0-9-]{1,32}`, or a name that an operating system reserves.
    #[error("a station name is 1 to 32 of a-z, 0-9 and hyphen, no hyphen at either end, no device name")]
    StationName,
    /// Not `pp-t-ccccccc`.
    #[error("a facility is 2 digits of prefecture, 1 of point table and 7 of code")]
    Facility,
    /// Not an RFC 3339 date and time.
    #[error("not an RFC 3339 date and time")]
    Timestamp,
    /// An identity field is not `[a-z0-9-]{1,32}`.
    #[error("an identity field is 1 to 32 of a-z, 0-9 and hyphen")]
    Identity,
    /// Not `RZ-...`.
    #[error("a release names a code of the form RZ-...")]
    ReleaseCode,
    /// Not `<number> <sha256>`.
    #[error("an audit checkpoint is a number and a SHA-256 digest")]
    AuditCheckpoint,
    /// Not the line of a decision or a purpose.
    #[error("not the line of a decision or a purpose")]
    Decision,
    /// Not `<sha256> <size>`.
    #[error("a segment is a SHA-256 digest and a size")]
    Segment,
}

/// A facility: prefecture, point table and code, as on the claim file's header (docs/formats.md).
/// Text form `13-1-9999015`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facility {
    prefecture: String,
    point_table: String,
    code: String,
}

impl Facility {
    /// Checks the three parts: 2, 1 and 7 ASCII digits.
    ///
    /// # Errors
    /// [`WordError::Facility`] for any other shape. The code's check digit is not looked at.
    pub fn new(prefecture: &str, point_table: &str, code: &str) -> Result<Self, WordError> {
        if !(is_digits(prefecture, 2) && is_digits(point_table, 1) && is_digits(code, 7)) {
            return Err(WordError::Facility);
        }
        Ok(Self {
            prefecture: prefecture.to_owned(),
            point_table: point_table.to_owned(),
            code: code.to_owned(),
        })
    }

    /// Prefecture, 2 digits.
    pub fn prefecture(&self) -> &str {
        &self.prefecture
    }

    /// Point table, 1 digit.
    pub fn point_table(&self) -> &str {
        &self.point_table
    }

    /// Facility code, 7 digits.
    pub fn code(&self) -> &str {
        &self.code
    }
}

impl fmt::Display for Facility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.prefecture, self.point_table, self.code)
    }
}

impl FromStr for Facility {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let (prefecture, rest) = text.split_once('-').ok_or(WordError::Facility)?;
        let (point_table, code) = rest.split_once('-').ok_or(WordError::Facility)?;
        Self::new(prefecture, point_table, code)
    }
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The longest RFC 3339 text: nine decimals of a second and a numeric offset.
const TIMESTAMP_MAX: usize = 35;

/// A date and time as RFC 3339 text (`2026-05-01T09:30:00+09:00`), kept exactly as the clock's owner wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp(String);

impl Timestamp {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The date part, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Timestamp {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        if text.len() <= TIMESTAMP_MAX && is_rfc3339(text).is_some() {
            Ok(Self(text.to_owned()))
        } else {
            Err(WordError::Timestamp)
        }
    }
}

/// `Some` exactly for the RFC 3339 grammar with upper-case `T` and `Z` and a day that exists.
fn is_rfc3339(text: &str) -> Option<()> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (time, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (1..=9).contains(&(fraction.len() - zone.len())).then_some(zone)?
        }
        None => rest,
    };
    if zone != "Z" {
        let [hour, minute] = numbers(zone.strip_prefix(['+', '-'])?, ':', [2, 2])?;
        (hour < 24 && minute < 60).then_some(())?;
    }
    let day_exists = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    (day_exists && hour < 24 && minute < 60 && second <= 60).then_some(())
}

/// Splits at `separator` into exactly `N` numbers of the given widths.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut found = [0; N];
    for (slot, width) in found.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| is_digits(part, width))?;
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

const fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The longest field of an identity.
const IDENTITY_FIELD_MAX: usize = 32;

/// What a payload file says it is, for a person or a stock tool that opens the bag: kind, family, payer body,
/// month and volume, as the sender read them. It proves nothing: only the file's own content does.
///
/// Every field is `[a-z0-9-]{1,32}`; a field that does not apply is `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    kind: String,
    family: String,
    payer: String,
    month: String,
    volume: String,
}

impl Identity {
    /// Checks the five fields: kind (`claim`), family (`ika`), payer body (`1`), month (`2026-04`), volume (`00`).
    ///
    /// # Errors
    /// [`WordError::Identity`] if one of them is not `[a-z0-9-]{1,32}`.
    pub fn new(kind: &str, family: &str, payer: &str, month: &str, volume: &str) -> Result<Self, WordError> {
        let field = |text: &str| {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let good = (1..=IDENTITY_FIELD_MAX).contains(&text.len()) && text.bytes().all(allowed);
            good.then(|| text.to_owned()).ok_or(WordError::Identity)
        };
        Ok(Self {
            kind: field(kind)?,
            family: field(family)?,
            payer: field(payer)?,
            month: field(month)?,
            volume: field(volume)?,
        })
    }

    /// `claim`, `return`, `notice`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// `ika`, `dpc`, `shika`, ... or `-`.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// The payer body's code.
    pub fn payer(&self) -> &str {
        &self.payer
    }

    /// `YYYY-MM`.
    pub fn month(&self) -> &str {
        &self.month
    }

    /// The volume, `00` for an undivided file.
    pub fn volume(&self) -> &str {
        &self.volume
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, family, payer, month, volume } = self;
        write!(f, "kind={kind} family={family} payer={payer} month={month} volume={volume}")
    }
}

impl FromStr for Identity {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let mut fields = text.split(' ');
        let mut next = |key: &str| {
            let value = fields.next().and_then(|field| field.strip_prefix(key)?.strip_prefix('='));
            value.ok_or(WordError::Identity)
        };
        let identity =
            Self::new(next("kind")?, next("family")?, next("payer")?, next("month")?, next("volume")?)?;
        if fields.next().is_some() { Err(WordError::Identity) } else { Ok(identity) }
    }
}

/// The longest release code.
const RELEASE_CODE_MAX: usize = 32;

/// The permanent code of what held a file, e.g. `RZ-G004`, that a person at the sender released.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseCode(String);

impl ReleaseCode {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ReleaseCode {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        let rest = text.strip_prefix(rezept_codes::PREFIX).unwrap_or_default();
        let good = !rest.is_empty() && text.len() <= RELEASE_CODE_MAX && rest.bytes().all(allowed);
        if good { Ok(Self(text.to_owned())) } else { Err(WordError::ReleaseCode) }
    }
}

/// The head of a station's audit chain: how many entries, and the hash of the last one. Text `<n> <sha256>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuditCheckpoint {
    /// Sequence number of the last entry.
    pub sequence: u64,
    /// Its hash.
    pub hash: Digest,
}

impl fmt::Display for AuditCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sequence, self.hash)
    }
}

impl FromStr for AuditCheckpoint {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let parse = || {
            let (sequence, hash) = text.split_once(' ')?;
            Some(Self { sequence: parse_number(sequence)?, hash: hash.parse().ok()? })
        };
        parse().ok_or(WordError::AuditCheckpoint)
    }
}

/// The most digits of a number: every one of them fits into 63 bits, which databases can hold.
const NUMBER_DIGITS_MAX: usize = 18;

/// Reads a decimal number in its only spelling: no sign, no leading zero, at most 18 digits.
pub(crate) fn parse_number<T: FromStr>(text: &str) -> Option<T> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits =
        !text.is_empty() && text.len() <= NUMBER_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facility_needs_its_three_shapes() {
        let facility = Facility::new("13", "1", "9999015").unwrap();
        assert_eq!(facility.to_string(), "13-1-9999015");
        assert_eq!("13-1-9999015".parse(), Ok(facility));
        for bad in
            ["", "13-1", "1-1-9999015", "13-1-999901", "13-1-999901５", "13-1-9999015-", "+3-1-9999015"]
        {
            assert_eq!(bad.parse::<Facility>(), Err(WordError::Facility), "{bad}");
        }
    }

    #[test]
    fn timestamps_follow_rfc_3339() {
        let good = [
            "2026-05-01T09:30:00Z",
            "2026-05-01T09:30:00+09:00",
            "2026-05-01T09:30:00.123456789+09:00",
            "2024-02-29T23:59:60-00:30",
        ];
        for good in good {
            assert_eq!(good.parse::<Timestamp>().unwrap().as_str(), good);
        }
        assert_eq!(good[1].parse::<Timestamp>().unwrap().date(), "2026-05-01");
        let bad = [
            "",
            "2026-05-01",
            "2026-05-01T09:30:00",
            "2026-05-01t09:30:00z",
            "2026-05-01 09:30:00Z",
            "2026-13-01T09:30:00Z",
            "2025-02-29T09:30:00Z",
            "1900-02-29T09:30:00Z",
            "2026-05-00T09:30:00Z",
            "2026-05-01T24:30:00Z",
            "2026-05-01T09:60:00Z",
            "2026-05-01T09:30:00.Z",
            "2026-05-01T09:30:00.1234567890Z",
            "2026-05-01T09:30:00+9:00",
            "2026-05-01T09:30:00Z\n",
            "２０２６-05-01T09:30:00Z",
            "+026-05-01T09:30:00Z",
        ];
        for bad in bad {
            assert_eq!(bad.parse::<Timestamp>(), Err(WordError::Timestamp), "{bad}");
        }
    }

    #[test]
    fn identity_and_release_and_checkpoint_round_trip_strictly() {
        let identity = Identity::new("claim", "ika", "1", "2026-04", "00").unwrap();
        let text = "kind=claim family=ika payer=1 month=2026-04 volume=00";
        assert_eq!(identity.to_string(), text);
        assert_eq!(text.parse(), Ok(identity));
        for bad in
            ["", &text.replace(' ', "  "), &format!("{text} x=1"), &text.replace("ika", ""), &text[1..]]
        {
            assert_eq!(bad.parse::<Identity>(), Err(WordError::Identity), "{bad}");
        }
        assert_eq!("RZ-G004".parse::<ReleaseCode>().unwrap().as_str(), "RZ-G004");
        for bad in ["", "RZ-", "RZ", "G004", "RZ-g004", "RZ-G 4", &format!("RZ-{}", "A".repeat(30))] {
            assert_eq!(bad.parse::<ReleaseCode>(), Err(WordError::ReleaseCode), "{bad}");
        }
        let checkpoint = AuditCheckpoint { sequence: 7, hash: Digest([1; 32]) };
        assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
        for bad in ["", "7", "07 01", &format!("07 {}", checkpoint.hash), &format!("-7 {}", checkpoint.hash)]
        {
            assert_eq!(bad.parse::<AuditCheckpoint>(), Err(WordError::AuditCheckpoint), "{bad}");
        }
        assert_eq!(parse_number::<u8>("256"), None);
        assert_eq!(parse_number::<u8>("0"), Some(0));
    }
}
