//! The bytes of a parcel: BagIt bag, header and acknowledgement, sealing, signatures and keys, and the judgement of any
//! BagIt bag.
//!
//! Pure functions over bytes and strings. This crate knows no medium, no journal and no claim content: it
//! never decides where a file goes, and never opens a path that it was not handed.

pub mod ack;
pub mod bag;
pub mod decisions;
mod digest;
pub mod envelope;
pub mod header;
pub mod id;
pub mod keys;
pub mod medium_id;
pub mod names;
pub mod pairing;
pub mod paths;
pub mod payload;
pub mod received;
pub mod sealed;
pub mod short_code;
pub mod text;
pub mod vault;
pub mod verify;
pub mod words;

pub use ack::{Ack, AckedFile};
pub use bag::{BagPlan, PayloadFile, PlanError};
pub use digest::{Digest, HashingReader, HashingWriter};
pub use envelope::{Envelope, EnvelopeError, MAX_SEGMENTS, SEGMENT_BYTES, Segment};
pub use header::{BagSummary, Content, Header, Release};
pub use id::{ParcelId, StationName};
pub use keys::{KeyError, OpeningKey, PublicKeys, Recipient, SignatureError, SigningKey, VerifyingKey};
pub use medium_id::MediumId;
pub use pairing::{Card, CardError};
pub use payload::{PayerFolder, PayloadPath};
pub use received::{ReceivedBag, ReceivedError, TagFiles};
pub use short_code::{ShortCode, ShortCodeError};
pub use text::TextError;
pub use vault::{DatedOpeningKey, Vault, VaultError};
pub use words::{AuditCheckpoint, Facility, Identity, ReleaseCode, Timestamp, WordError};

/// The name of this crate's own layout on the medium, and the version that this build writes.
pub const PARCEL_VERSION: u32 = 1;

/// The most payload files in one parcel: a month of a big hospital is a few dozen, and an unbounded list
/// would let a damaged or hostile medium fill the receiver's memory.
pub const MAX_PAYLOAD_FILES: usize = 10_000;
