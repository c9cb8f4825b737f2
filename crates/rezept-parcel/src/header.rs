//! The header of a parcel, `<id>.hdr`: the commit record, written last. Only its bytes are made and judged here;
//! whether what it names is really there is for `rezept-transfer`.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::id::{ParcelId, StationName};
use crate::payload::PayloadPath;
use crate::text::{TextError, TextReader, TextWriter};
use crate::words::{AuditCheckpoint, Facility, ReleaseCode, Timestamp};
use crate::{MAX_PAYLOAD_FILES, PARCEL_VERSION};

/// The key of the version line.
const KIND: &str = "rezept-parcel";

const KEYS: &[&str] = &[
    "id",
    "from",
    "to",
    "sequence",
    "created",
    "form",
    "facility",
    "bag-tagmanifest-sha256",
    "bag-files",
    "bag-bytes",
    "released",
    "audit",
];

/// The largest header that is looked at: 64 KiB for everything but releases, and 136 bytes (the longest line) for
/// one release of each file a parcel may have.
pub const HEADER_MAX_BYTES: usize = 64 * 1024 + MAX_PAYLOAD_FILES * 136;

/// Everything a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The parcel's id.
    pub id: ParcelId,
    /// The station that made the parcel.
    pub from: StationName,
    /// The station it is for.
    pub to: StationName,
    /// The sender's running number for this receiver: a gap tells of a lost parcel, a repeat of a replay.
    pub sequence: u64,
    /// When the sender planned the parcel, by its own clock; shown, never compared.
    pub created: Timestamp,
    /// Whose claims these are.
    pub facility: Facility,
    /// What the header commits.
    pub content: Content,
    /// What a person at the sender released; the receiver shows it and does not hold the file for it again.
    pub released: Vec<Release>,
    /// The head of the sender's audit chain, which the receiver thereby witnesses.
    pub audit: AuditCheckpoint,
}

/// What a header commits, by the parcel's form. Sealed parcels will be a second variant; a form that this build
/// does not know is [`TextError::NewerForm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `form: bag`: a plain bag folder.
    Bag(BagSummary),
}

/// What a header says of a plain bag; everything else follows from the tag manifest's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BagSummary {
    /// SHA-256 of `tagmanifest-sha256.txt`.
    pub tagmanifest: Digest,
    /// Number of payload files.
    pub files: u32,
    /// Bytes of all payload files together (the first half of Payload-Oxum).
    pub bytes: u64,
}

/// One hold that a person released. Text `RZ-G004 data/202604-shaho-01/RECEIPTC.UKE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The code of what held the file.
    pub code: ReleaseCode,
    /// The file.
    pub path: PayloadPath,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.path)
    }
}

impl Header {
    /// The bytes of the header file.
    ///
    /// # Errors
    /// [`TextError::TooLarge`] if there are so many releases that a receiver would refuse the header.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TextError> {
        let mut text = TextWriter::new(KIND, PARCEL_VERSION);
        text.line("id", self.id);
        text.line("from", &self.from);
        text.line("to", &self.to);
        text.line("sequence", self.sequence);
        text.line("created", &self.created);
        match self.content {
            Content::Bag(bag) => {
                text.line("form", "bag");
                text.line("facility", &self.facility);
                text.line("bag-tagmanifest-sha256", bag.tagmanifest);
                text.line("bag-files", bag.files);
                text.line("bag-bytes", bag.bytes);
            }
        }
        for release in &self.released {
            text.line("released", release);
        }
        text.line("audit", self.audit);
        text.finish(HEADER_MAX_BYTES)
    }

    /// Reads the bytes of a header file, all of them; [`HEADER_MAX_BYTES`] + 1 bytes are enough to be refused.
    ///
    /// # Errors
    /// [`TextError`] tells damage, a newer format and a malformed header apart.
    pub fn parse(bytes: &[u8]) -> Result<Self, TextError> {
        let mut text = TextReader::open(bytes, KIND, PARCEL_VERSION, KEYS, HEADER_MAX_BYTES)?;
        let id = text.value("id")?;
        let from = text.value("from")?;
        let to = text.value("to")?;
        let sequence = text.number("sequence")?;
        let created = text.value("created")?;
        let form = text.value_with("form", |form| Some(form.to_owned()))?;
        if form != "bag" {
            return Err(TextError::NewerForm { form });
        }
        let facility = text.value("facility")?;
        let content = Content::Bag(BagSummary {
            tagmanifest: text.value("bag-tagmanifest-sha256")?,
            files: text.number("bag-files")?,
            bytes: text.number("bag-bytes")?,
        });
        let mut released = Vec::new();
        while text.next_is("released") {
            released.push(text.value_with("released", parse_release)?);
        }
        let audit = text.value("audit")?;
        text.finish()?;
        Ok(Self { id, from, to, sequence, created, facility, content, released, audit })
    }
}

fn parse_release(text: &str) -> Option<Release> {
    let (code, path) = text.split_once(' ')?;
    Some(Release { code: ReleaseCode::from_str(code).ok()?, path: path.parse().ok()? })
}
