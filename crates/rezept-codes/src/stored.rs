//! A code as it is stored in a journal or sent by another program: one of ours, or one of a newer build, kept as it came.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::Code;

/// Holds a code that came from outside this program. A code of a newer build is kept and shown, never taken for another.
///
/// ```
/// use rezept_codes::{Code, StoredCode};
///
/// assert_eq!(StoredCode::from("RZ-G106"), Code::GateTotals);
/// let newer = StoredCode::from("RZ-G990");
/// assert_eq!((newer.known(), newer.as_str()), (None, "RZ-G990"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum StoredCode {
    /// A code of this build.
    Known(Code),
    /// A code that this build does not know.
    Newer(String),
}

impl StoredCode {
    /// Returns the code where this build knows it.
    #[must_use]
    pub const fn known(&self) -> Option<Code> {
        match self {
            Self::Known(code) => Some(*code),
            Self::Newer(_) => None,
        }
    }

    /// Returns the text as it is stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(code) => code.as_str(),
            Self::Newer(text) => text,
        }
    }
}

impl From<Code> for StoredCode {
    fn from(code: Code) -> Self {
        Self::Known(code)
    }
}

impl From<&Self> for StoredCode {
    fn from(code: &Self) -> Self {
        code.clone()
    }
}

impl From<String> for StoredCode {
    fn from(text: String) -> Self {
        text.parse().map_or(Self::Newer(text), Self::Known)
    }
}

impl From<&str> for StoredCode {
    fn from(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Newer(text.to_owned()), Self::Known)
    }
}

impl From<StoredCode> for String {
    fn from(code: StoredCode) -> Self {
        match code {
            StoredCode::Known(code) => code.as_str().to_owned(),
            StoredCode::Newer(text) => text,
        }
    }
}

impl PartialEq<Code> for StoredCode {
    fn eq(&self, code: &Code) -> bool {
        self.known() == Some(*code)
    }
}

impl fmt::Display for StoredCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
