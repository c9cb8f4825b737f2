//! The header of a parcel, `<id>.hdr`: the commit record, written last. Only its bytes are made and judged here;
//! whether what it names is really there is for `rezept-transfer`.

use std::fmt;
use std::str::FromStr;

use crate::decisions::{SentDecision, SentPurpose};
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::id::{ParcelId, StationName};
use crate::keys::Recipient;
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
    "decision",
    "purpose",
    "segment",
    "audit",
    "previous",
    "opening-key",
    "witness",
];

/// The largest header that is looked at: 64 KiB for everything but releases, and 136 bytes (the longest line) for
/// one release of each file a parcel may have.
pub const HEADER_MAX_BYTES: usize = 64 * 1024 + MAX_PAYLOAD_FILES * 136;

/// Everything a header says. Of a sealed parcel it names neither facility nor file: those stand in a second header, of
/// form `bag`, inside the ciphertext.
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
    /// Whose claims these are: always there in form `bag`, never in form `sealed`.
    pub facility: Option<Facility>,
    /// What the header commits.
    pub content: Content,
    /// What a person at the sender released, as older programs wrote it: a code without what it rested on. The receiver shows
    /// it and believes it for reasons that rest on the content alone. Empty in form `sealed`.
    pub released: Vec<Release>,
    /// What people at the sender decided, with what each decision rested on. Empty in form `sealed`.
    pub decisions: Vec<SentDecision>,
    /// What files are for that are not the month's own. Empty in form `sealed`.
    pub purposes: Vec<SentPurpose>,
    /// The head of the sender's audit chain, which the receiver thereby witnesses.
    pub audit: AuditCheckpoint,
    /// SHA-256 of the header that the sender committed before this one for the same receiver: a parcel that went
    /// missing on the way is noticed at the next one.
    pub previous: Option<Digest>,
    /// The key to which parcels and acknowledgements for the sender are sealed from now on.
    pub opening_key: Option<Recipient>,
    /// The latest checkpoint of the receiver's chain that the sender holds: the receiver sees whether its own chain
    /// still has that entry.
    pub witness: Option<AuditCheckpoint>,
}

/// What a header commits, by the parcel's form. A form that this build does not know is [`TextError::NewerForm`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// `form: bag`: a plain bag folder.
    Bag(BagSummary),
    /// `form: sealed`: one age stream in segments.
    Sealed(Envelope),
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
    /// [`TextError::TooLarge`] if there are so many releases that a receiver would refuse the header, and
    /// [`TextError::WrongForm`] for a bag without facility or a sealed parcel that names facility or releases.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TextError> {
        let mut text = TextWriter::new(KIND, PARCEL_VERSION);
        text.line("id", self.id);
        text.line("from", &self.from);
        text.line("to", &self.to);
        text.line("sequence", self.sequence);
        text.line("created", &self.created);
        match (&self.content, &self.facility) {
            (Content::Bag(bag), Some(facility)) => {
                text.line("form", "bag");
                text.line("facility", facility);
                text.line("bag-tagmanifest-sha256", bag.tagmanifest);
                text.line("bag-files", bag.files);
                text.line("bag-bytes", bag.bytes);
                for release in &self.released {
                    text.line("released", release);
                }
                self.decisions.iter().for_each(|decision| text.line("decision", decision));
                self.purposes.iter().for_each(|purpose| text.line("purpose", purpose));
            }
            (Content::Sealed(envelope), None) if self.names_no_file() => {
                text.line("form", "sealed");
                for segment in envelope.segments() {
                    text.line("segment", segment);
                }
            }
            _ => return Err(TextError::WrongForm),
        }
        text.line("audit", self.audit);
        text.line_if("previous", self.previous);
        text.line_if("opening-key", self.opening_key.as_ref());
        text.line_if("witness", self.witness);
        text.finish(HEADER_MAX_BYTES)
    }

    fn names_no_file(&self) -> bool {
        self.released.is_empty() && self.decisions.is_empty() && self.purposes.is_empty()
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
        let (facility, content, said) = match form.as_str() {
            "bag" => parse_bag(&mut text)?,
            "sealed" => (None, Content::Sealed(Envelope::parse(&mut text)?), Said::default()),
            _ => return Err(TextError::NewerForm { form }),
        };
        let audit = text.value("audit")?;
        let previous = text.value_if("previous")?;
        let opening_key = text.value_if("opening-key")?;
        let witness = text.value_if("witness")?;
        text.finish()?;
        Ok(Self {
            id,
            from,
            to,
            sequence,
            created,
            facility,
            content,
            released: said.released,
            decisions: said.decisions,
            purposes: said.purposes,
            audit,
            previous,
            opening_key,
            witness,
        })
    }
}

/// What people at the sender said about files.
#[derive(Default)]
struct Said {
    released: Vec<Release>,
    decisions: Vec<SentDecision>,
    purposes: Vec<SentPurpose>,
}

/// The lines that only a header of form `bag` has.
fn parse_bag(text: &mut TextReader<'_>) -> Result<(Option<Facility>, Content, Said), TextError> {
    let facility = text.value("facility")?;
    let content = Content::Bag(BagSummary {
        tagmanifest: text.value("bag-tagmanifest-sha256")?,
        files: text.number("bag-files")?,
        bytes: text.number("bag-bytes")?,
    });
    let mut said = Said::default();
    while text.next_is("released") {
        said.released.push(text.value_with("released", parse_release)?);
    }
    while text.next_is("decision") {
        said.decisions.push(text.value("decision")?);
    }
    while text.next_is("purpose") {
        said.purposes.push(text.value("purpose")?);
    }
    Ok((Some(facility), content, said))
}

fn parse_release(text: &str) -> Option<Release> {
    let (code, path) = text.split_once(' ')?;
    Some(Release { code: ReleaseCode::from_str(code).ok()?, path: path.parse().ok()? })
}
