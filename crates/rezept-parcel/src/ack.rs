//! The acknowledgement, `<id>.ack`: the receiver's statement that the bytes arrived and were delivered. It names
//! the exact header and every file, so it cannot be mistaken for the acknowledgement of another parcel.

use crate::digest::Digest;
use crate::id::{ParcelId, StationName};
use crate::keys::Recipient;
use crate::payload::PayloadPath;
use crate::text::{TextError, TextReader, TextWriter};
use crate::words::{AuditCheckpoint, Timestamp, parse_number};
use crate::{MAX_PAYLOAD_FILES, PARCEL_VERSION};

/// The key of the version line.
const KIND: &str = "rezept-ack";

const KEYS: &[&str] = &[
    "id",
    "from",
    "to",
    "sequence",
    "header-sha256",
    "delivered",
    "files",
    "file",
    "refused",
    "audit",
    "opening-key",
    "witness",
];

/// The largest acknowledgement that is looked at: 64 KiB, and 192 bytes (the longest line) for each file.
pub const ACK_MAX_BYTES: usize = 64 * 1024 + MAX_PAYLOAD_FILES * 192;

/// Everything an acknowledgement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The parcel's id.
    pub id: ParcelId,
    /// The receiver, who writes the acknowledgement.
    pub from: StationName,
    /// The parcel's sender, for whom it is.
    pub to: StationName,
    /// The parcel's sequence number.
    pub sequence: u64,
    /// SHA-256 of the header file that was acted on.
    pub header: Digest,
    /// When delivery was complete, by the receiver's clock.
    pub delivered: Timestamp,
    /// What was delivered: every file of the parcel but the refused ones, in the order of its manifest.
    pub files: Vec<AckedFile>,
    /// What a person at the receiver refused: never delivered.
    pub refused: Vec<AckedFile>,
    /// The head of the receiver's audit chain, which the sender thereby witnesses.
    pub audit: AuditCheckpoint,
    /// The key to which parcels for the receiver (who writes this) are sealed from now on.
    pub opening_key: Option<Recipient>,
    /// The latest checkpoint of the sender's chain that the receiver holds.
    pub witness: Option<AuditCheckpoint>,
}

/// One delivered file. Text `<sha256> <size> <payload path>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckedFile {
    /// SHA-256 of the delivered bytes, as read back by the receiver.
    pub sha256: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Its path in the bag.
    pub path: PayloadPath,
}

impl Ack {
    /// The bytes of the acknowledgement file.
    ///
    /// # Errors
    /// [`TextError::TooLarge`] if there are so many files that the sender would refuse it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TextError> {
        let mut text = TextWriter::new(KIND, PARCEL_VERSION);
        text.line("id", self.id);
        text.line("from", &self.from);
        text.line("to", &self.to);
        text.line("sequence", self.sequence);
        text.line("header-sha256", self.header);
        text.line("delivered", &self.delivered);
        text.line("files", self.files.len());
        for AckedFile { sha256, size, path } in &self.files {
            text.line("file", format_args!("{sha256} {size} {path}"));
        }
        for AckedFile { sha256, size, path } in &self.refused {
            text.line("refused", format_args!("{sha256} {size} {path}"));
        }
        text.line("audit", self.audit);
        text.line_if("opening-key", self.opening_key.as_ref());
        text.line_if("witness", self.witness);
        text.finish(ACK_MAX_BYTES)
    }

    /// Reads the bytes of an acknowledgement file, all of them.
    ///
    /// # Errors
    /// [`TextError`] tells damage, a newer format and a malformed acknowledgement apart.
    pub fn parse(bytes: &[u8]) -> Result<Self, TextError> {
        let mut text = TextReader::open(bytes, KIND, PARCEL_VERSION, KEYS, ACK_MAX_BYTES)?;
        let id = text.value("id")?;
        let from = text.value("from")?;
        let to = text.value("to")?;
        let sequence = text.number("sequence")?;
        let header = text.value("header-sha256")?;
        let delivered = text.value("delivered")?;
        let count: usize =
            text.value_with("files", |count| parse_number(count).filter(|&n| n <= MAX_PAYLOAD_FILES))?;
        let mut files = Vec::new();
        for _ in 0..count {
            files.push(text.value_with("file", parse_file)?);
        }
        let mut refused = Vec::new();
        while text.next_is("refused") {
            refused.push(text.value_with("refused", parse_file)?);
        }
        let audit = text.value("audit")?;
        let opening_key = text.value_if("opening-key")?;
        let witness = text.value_if("witness")?;
        text.finish()?;
        Ok(Self { id, from, to, sequence, header, delivered, files, refused, audit, opening_key, witness })
    }
}

fn parse_file(text: &str) -> Option<AckedFile> {
    let (sha256, rest) = text.split_once(' ')?;
    let (size, path) = rest.split_once(' ')?;
    Some(AckedFile { sha256: sha256.parse().ok()?, size: parse_number(size)?, path: path.parse().ok()? })
}
