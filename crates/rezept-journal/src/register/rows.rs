//! The rows of the register, and how they are read from the database. Changes nothing.

use std::fmt;

use rusqlite::Row;

use crate::state::UnknownWord;

/// What a content is for. It belongs to the identity: a resubmission never stands in the way of the month's file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ContentPurpose {
    /// The ordinary file of its month.
    Month,
    /// Another part of the month, beside the ordinary file.
    Part,
    /// Answers returned claims.
    Resubmission,
    /// Takes the place of another content of its identity.
    Correction {
        /// SHA-256 of the content whose place it takes.
        of: [u8; 32],
    },
    /// 確認試験: never counts for anything.
    Trial,
}

impl ContentPurpose {
    /// The permanent name, as stored and as printed in JSON.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Part => "part",
            Self::Resubmission => "resubmission",
            Self::Correction { .. } => "correction",
            Self::Trial => "trial",
        }
    }

    /// The content that this one corrects, if it corrects one.
    #[must_use]
    pub const fn corrects(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Correction { of } => Some(of),
            _ => None,
        }
    }

    /// Reads the two stored columns.
    fn stored(word: String, corrects: Option<[u8; 32]>) -> Result<Self, UnknownWord> {
        match (word.as_str(), corrects) {
            ("month", None) => Ok(Self::Month),
            ("part", None) => Ok(Self::Part),
            ("resubmission", None) => Ok(Self::Resubmission),
            ("correction", Some(of)) => Ok(Self::Correction { of }),
            ("trial", None) => Ok(Self::Trial),
            _ => Err(UnknownWord { what: "purpose", word }),
        }
    }
}

/// Tells under which key prints were made. Not secret: a part of a hash of the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PrintKeyId(pub [u8; 8]);

/// A content about to be noted. How many claims it has follows from the prints that come with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRegisterContent {
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// The identity as one word, without the purpose.
    pub identity: String,
    /// `claim` or `return`.
    pub kind: String,
    /// `ika`, `dpc`, ...
    pub family: String,
    /// Payer body.
    pub payer: String,
    /// Facility.
    pub facility: String,
    /// `YYYY-MM`.
    pub month: String,
    /// Volume of the header.
    pub volume: String,
    /// What it is for.
    pub purpose: ContentPurpose,
    /// Total points.
    pub points: u64,
    /// The key under which its claims were printed.
    pub print_key: PrintKeyId,
}

/// A content of the register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisterContent {
    /// Row number.
    pub id: i64,
    /// What was noted, with the purpose and the key that hold now.
    pub content: NewRegisterContent,
    /// Claims.
    pub claims: u64,
    /// When it was noted.
    pub noted_at: String,
}

/// What became of a content that was offered; each with its row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Noted {
    /// It is in the register now.
    New(i64),
    /// It was in the register, and nothing was changed.
    Known(i64),
    /// It was in the register with prints of another key, in whose place the new ones are now.
    Reprinted(i64),
}

impl Noted {
    /// The row of the content.
    #[must_use]
    pub const fn id(self) -> i64 {
        match self {
            Self::New(id) | Self::Known(id) | Self::Reprinted(id) => id,
        }
    }
}

/// The print of a claim. Digests and numbers of a patient's claim: nothing of it is shown in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RegisterClaim {
    /// 1-based, in the order of the file.
    pub number: u64,
    /// 診療年月 as YYYYMM, such as `202410`; `None` when the claim has none that is a month.
    pub service_month: Option<u32>,
    /// Keyed digest of whose claim it is.
    pub key: [u8; 16],
    /// Keyed digest of its request data.
    pub request: [u8; 16],
    /// 検索番号, digits.
    pub search_no: Option<String>,
}

impl fmt::Debug for RegisterClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterClaim").field("number", &self.number).finish_non_exhaustive()
    }
}

/// A claim that was found in the register, and the content in which it was seen.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimSighting {
    /// Row of the content.
    pub content: i64,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// What the content is for now; a trial counts for nothing.
    pub purpose: ContentPurpose,
    /// Number of the claim in the content.
    pub number: u64,
    /// Keyed digest of the claim's request data.
    pub request: [u8; 16],
}

impl fmt::Debug for ClaimSighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimSighting")
            .field("content", &self.content)
            .field("purpose", &self.purpose)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

pub(super) const COLUMNS: &str = "id, sha256, identity, kind, family, payer, facility, month, volume, purpose, corrects, \
    claims, points, print_key, noted_at";

pub(super) fn read_content(row: &Row<'_>) -> rusqlite::Result<RegisterContent> {
    Ok(RegisterContent {
        id: row.get(0)?,
        content: NewRegisterContent {
            sha256: row.get(1)?,
            identity: row.get(2)?,
            kind: row.get(3)?,
            family: row.get(4)?,
            payer: row.get(5)?,
            facility: row.get(6)?,
            month: row.get(7)?,
            volume: row.get(8)?,
            purpose: purpose(row, 9)?,
            points: row.get(12)?,
            print_key: PrintKeyId(row.get(13)?),
        },
        claims: row.get(11)?,
        noted_at: row.get(14)?,
    })
}

pub(super) fn read_claim(row: &Row<'_>) -> rusqlite::Result<RegisterClaim> {
    Ok(RegisterClaim {
        number: row.get(0)?,
        service_month: row.get(1)?,
        key: row.get(2)?,
        request: row.get(3)?,
        search_no: row.get(4)?,
    })
}

pub(super) fn read_sighting(row: &Row<'_>) -> rusqlite::Result<ClaimSighting> {
    Ok(ClaimSighting {
        number: row.get(0)?,
        request: row.get(1)?,
        purpose: purpose(row, 2)?,
        content: row.get(4)?,
        sha256: row.get(5)?,
    })
}

/// The purpose in column `i`, with what it corrects in the next one.
fn purpose(row: &Row<'_>, i: usize) -> rusqlite::Result<ContentPurpose> {
    ContentPurpose::stored(row.get(i)?, row.get(i + 1)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(i, rusqlite::types::Type::Text, Box::new(error))
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
