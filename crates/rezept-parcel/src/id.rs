//! Who and what: parcel ids and station names, the two words of which every name on a medium is made.

use std::fmt;
use std::str::FromStr;

use crate::digest::{parse_hex, write_hex};
use crate::paths;
use crate::words::WordError;

/// A parcel's random id. Text form: 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParcelId([u8; 16]);

impl ParcelId {
    /// Makes an id of 16 random bytes, which the caller draws: this crate has no source of chance.
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The first 8 hex digits, which people use to name a parcel and delivery uses for a second folder.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(8);
        text
    }
}

impl fmt::Display for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParcelId({self})")
    }
}

impl FromStr for ParcelId {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        parse_hex(text).map(Self).ok_or(WordError::ParcelId)
    }
}

/// The longest station name: the name is one folder on the medium.
const STATION_NAME_MAX: usize = 32;

/// A station's name, `[a-z0-9-]{1,32}`: no hyphen first or last, and no name that Windows reserves for a
/// device (`con`, `nul`, `com1`), because it becomes a folder on a medium that Windows must open.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationName(String);

impl StationName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StationName({self})")
    }
}

impl FromStr for StationName {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = (1..=STATION_NAME_MAX).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !paths::is_reserved_device(text);
        if good { Ok(Self(text.to_owned())) } else { Err(WordError::StationName) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling() {
        let id = ParcelId::from_random([0xA0; 16]);
        assert_eq!(id.to_string(), "a0".repeat(16));
        assert_eq!(id.short(), "a0a0a0a0");
        assert_eq!("a0".repeat(16).parse(), Ok(id));
        for bad in ["A0".repeat(16), "a0".repeat(15), "a0".repeat(17), format!("{}\n", "a0".repeat(16))] {
            assert_eq!(bad.parse::<ParcelId>(), Err(WordError::ParcelId), "{bad:?}");
        }
    }

    #[test]
    fn station_names_are_safe_folder_names() {
        for good in ["a", "recekon-1", "terminal-1", "0", "console", "com10", &"a".repeat(32)] {
            assert_eq!(good.parse::<StationName>().unwrap().as_str(), good);
        }
        let long = "a".repeat(33);
        let bad =
            ["", "-a", "a-", "A", "a.b", "a/b", "a b", "ａ", "con", "nul", "com1", "lpt9", "aux", &long];
        for bad in bad {
            assert_eq!(bad.parse::<StationName>(), Err(WordError::StationName), "{bad:?}");
        }
    }
}
