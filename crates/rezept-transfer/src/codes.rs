//! The permanent codes of what this crate reports through the journal. What each means to a person stands in
//! `docs/errors.md`; a test of the command line compares the lists.

use rezept_parcel::TextError;

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
