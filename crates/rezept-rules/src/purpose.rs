//! What a content is for. Part of its identity, so that a resubmission never stands in the way of the month's own file.

use std::fmt;
use std::str::FromStr;

/// Says what a content is for; stored and sent as a word.
///
/// ```
/// use rezept_rules::Purpose;
///
/// let purpose: Purpose = "resubmission".parse().unwrap();
/// assert_eq!((purpose.clone(), purpose.to_string().as_str()), (Purpose::Resubmission, "resubmission"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Purpose {
    /// The month's file.
    #[default]
    Month,
    /// Another part of the month, beside what went before.
    Part,
    /// Returned claims, billed again.
    Resubmission,
    /// It counts instead of the content with this SHA-256.
    Correction([u8; 32]),
    /// 確認試験: it counts for nothing.
    Trial,
}

/// Reports that a text is no purpose this build knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownPurpose;

impl fmt::Display for UnknownPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a purpose of this program")
    }
}

impl std::error::Error for UnknownPurpose {}

impl Purpose {
    /// Returns whether contents of this purpose share the identity of the month: of two of them a person says which counts.
    #[must_use]
    pub const fn is_of_the_month(&self) -> bool {
        matches!(self, Self::Month | Self::Part | Self::Correction(_))
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month => f.write_str("month"),
            Self::Part => f.write_str("part"),
            Self::Resubmission => f.write_str("resubmission"),
            Self::Trial => f.write_str("trial"),
            Self::Correction(sha256) => {
                f.write_str("correction:")?;
                sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        match text {
            "month" => return Ok(Self::Month),
            "part" => return Ok(Self::Part),
            "resubmission" => return Ok(Self::Resubmission),
            "trial" => return Ok(Self::Trial),
            _ => {}
        }
        let digits =
            text.strip_prefix("correction:").filter(|digits| digits.len() == 64 && digits.is_ascii());
        let digits = digits.ok_or(UnknownPurpose)?;
        let mut sha256 = [0; 32];
        for (byte, at) in sha256.iter_mut().zip((0..64).step_by(2)) {
            let pair = digits.get(at..at + 2).ok_or(UnknownPurpose)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| UnknownPurpose)?;
        }
        Ok(Self::Correction(sha256))
    }
}
