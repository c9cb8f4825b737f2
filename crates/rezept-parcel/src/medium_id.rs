//! The id file of a registered medium, `REZEPT/medium.id`: a random number and nothing else, so that a stick tells its finder
//! nothing. What the number stands for is known only to the journals of the stations.

use std::fmt;
use std::str::FromStr;

use crate::digest::{parse_hex, write_hex};
use crate::names::ROOT;
use crate::text::{TextError, TextReader, TextWriter};
use crate::words::WordError;

/// The key of the version line.
const KIND: &str = "rezept-medium";
/// The version that this build writes.
const VERSION: u32 = 1;
const KEYS: &[&str] = &["id"];

/// The largest id file that is looked at. One of ours has 130 bytes.
pub const MEDIUM_ID_MAX_BYTES: usize = 512;

/// The name of the id file.
pub const MEDIUM_ID_NAME: &str = "medium.id";

/// The name of the id file while it is being written. A medium has one owner at a time, so one name is enough.
pub const MEDIUM_ID_PART_NAME: &str = "medium.id.part";

/// `REZEPT/medium.id`: where the id file stands.
#[must_use]
pub fn medium_id_path() -> String {
    format!("{ROOT}/{MEDIUM_ID_NAME}")
}

/// A medium's random id. Text form: 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediumId([u8; 16]);

impl MediumId {
    /// Makes an id of 16 random bytes, which the caller draws: this crate has no source of chance.
    #[must_use]
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id file.
    ///
    /// # Errors
    /// Never for an id; the writer's own check of the size is passed on.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TextError> {
        let mut writer = TextWriter::new(KIND, VERSION);
        writer.line("id", self);
        writer.finish(MEDIUM_ID_MAX_BYTES)
    }

    /// Reads the bytes of an id file.
    ///
    /// # Errors
    /// In which way they are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, TextError> {
        let mut reader = TextReader::open(bytes, KIND, VERSION, KEYS, MEDIUM_ID_MAX_BYTES)?;
        let id = reader.value("id")?;
        reader.finish()?;
        Ok(id)
    }
}

impl fmt::Display for MediumId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for MediumId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediumId({self})")
    }
}

impl FromStr for MediumId {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        parse_hex(text).map(Self).ok_or(WordError::MediumId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_file_holds_the_number_and_nothing_else() {
        let id = MediumId::from_random([0xA5; 16]);
        let bytes = id.to_bytes().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let keys: Vec<&str> = text.lines().filter_map(|line| line.split_once(": ")).map(|(k, _)| k).collect();
        assert_eq!(keys, ["rezept-medium", "id", "sha256"], "{text}");
        assert_eq!(text.lines().nth(1), Some(format!("id: {}", "a5".repeat(16)).as_str()));
        assert!(bytes.len() < MEDIUM_ID_MAX_BYTES / 2, "{} bytes", bytes.len());
        assert_eq!(MediumId::parse(&bytes), Ok(id));
        assert_eq!(medium_id_path(), "REZEPT/medium.id");
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let bytes = MediumId::from_random([7; 16]).to_bytes().unwrap();
        for at in 0..bytes.len() {
            assert!(MediumId::parse(&bytes[..at]).is_err(), "cut at {at}");
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(MediumId::parse(&changed).is_err(), "changed at {at}");
        }
        assert!(MediumId::parse(&[&bytes[..], b"x"].concat()).is_err());
        let newer = b"rezept-medium: 2\nid: x\nsomething: else\n";
        assert_eq!(MediumId::parse(newer), Err(TextError::NewerVersion { found: 2, supported: 1 }));
    }
}
