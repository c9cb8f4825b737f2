//! The permanent codes of what this crate reports through the journal. What each means to a person stands in
//! `docs/errors.md`; a test of the command line compares the lists.

use rezept_parcel::sealed::UnsealError;
use rezept_parcel::{ReceivedError, TextError};

/// What was read back differs from what was written.
pub const READ_BACK_DIFFERS: &str = "RZ-T101";
/// A source changed while it was copied.
pub const SOURCE_CHANGED: &str = "RZ-T102";
/// The header is damaged.
pub const HEADER_DAMAGED: &str = "RZ-P101";
/// A newer `rezept` made it.
pub const NEWER_VERSION: &str = "RZ-P102";
/// The header stands where another should.
pub const HEADER_MISPLACED: &str = "RZ-P103";
/// It is meant for another station.
pub const NOT_FOR_US: &str = "RZ-P104";
/// No route names its sender.
pub const UNKNOWN_SENDER: &str = "RZ-P105";
/// It belongs to another facility.
pub const FOREIGN_FACILITY: &str = "RZ-P106";
/// Its content is damaged, incomplete, or holds something more.
pub const BAG_DAMAGED: &str = "RZ-P107";
/// The same id came with other contents.
pub const SAME_ID_OTHER_HASH: &str = "RZ-P108";
/// No inbox takes what it holds.
pub const NO_INBOX: &str = "RZ-P109";
/// An acknowledgement is damaged or does not fit what was sent.
pub const ACK_BAD: &str = "RZ-P110";
/// An acknowledgement belongs to no parcel of this station.
pub const ACK_UNKNOWN: &str = "RZ-P111";
/// The other station's history is not the one it showed before.
pub const PEER_HISTORY: &str = "RZ-P112";
/// A paired station's header or acknowledgement without its signature.
pub const UNSIGNED: &str = "RZ-P113";
/// The signature is not that of the station that it names.
pub const SIGNATURE_BAD: &str = "RZ-P114";
/// It is sealed, and its sender is not paired with this station.
pub const NOT_PAIRED: &str = "RZ-P115";
/// A person took the trust in its sender back.
pub const REVOKED: &str = "RZ-P116";
/// None of this station's keys opens it.
pub const NO_KEY: &str = "RZ-P117";
/// The parcel that its sender made before it has not arrived.
pub const PREVIOUS_UNKNOWN: &str = "RZ-P118";
/// Its sender gave the same number to another parcel.
pub const SEQUENCE_TWICE: &str = "RZ-P119";
/// A published parcel is to be written again, and its ciphertext is no longer in the spool.
pub const SPOOL_LOST: &str = "RZ-P120";
/// Signed and whole, and yet not what a parcel holds inside.
pub const CONTENT_BAD: &str = "RZ-P124";
/// The ciphertext in the spool is not what was sealed.
pub const SPOOL_DAMAGED: &str = "RZ-P121";
/// This station's keys are missing.
pub const NO_KEYS: &str = "RZ-P122";
/// The receiver is not paired, or no longer.
pub const RECEIVER_NOT_PAIRED: &str = "RZ-P123";
/// In the history: an acknowledgement was written once more.
pub const ACK_AGAIN: &str = "ACK_AGAIN";

/// The code for a header that cannot be read.
#[must_use]
pub(crate) const fn of_header(error: &TextError) -> &'static str {
    match error {
        TextError::NewerVersion { .. } | TextError::NewerForm { .. } => NEWER_VERSION,
        _ => HEADER_DAMAGED,
    }
}

/// The code for a sealed parcel whose segments are those that were signed, and that is nevertheless not opened.
#[must_use]
pub(crate) const fn of_sealed(error: &UnsealError) -> &'static str {
    match error {
        UnsealError::WrongKey => NO_KEY,
        UnsealError::UnknownFormat | UnsealError::Bag(ReceivedError::NewerVersion { .. }) => NEWER_VERSION,
        UnsealError::Inner(TextError::NewerVersion { .. } | TextError::NewerForm { .. }) => NEWER_VERSION,
        _ => CONTENT_BAD,
    }
}
