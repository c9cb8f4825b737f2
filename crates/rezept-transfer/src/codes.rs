//! From what is wrong with the bytes of a parcel to its permanent code.

use rezept_codes::Code;
use rezept_parcel::sealed::UnsealError;
use rezept_parcel::{ReceivedError, TextError};

/// In the history: a file in an inbox was set aside, since a corrected one counts instead.
pub const SET_ASIDE: &str = "SET_ASIDE";
/// In the history: an acknowledgement was written once more.
pub const ACK_AGAIN: &str = "ACK_AGAIN";

/// The code for a header that cannot be read.
#[must_use]
pub(crate) const fn of_header(error: &TextError) -> Code {
    match error {
        TextError::NewerVersion { .. } | TextError::NewerForm { .. } => Code::NewerParcel,
        _ => Code::HeaderDamaged,
    }
}

/// The code for a sealed parcel whose segments are those that were signed, and that is nevertheless not opened.
#[must_use]
pub(crate) const fn of_sealed(error: &UnsealError) -> Code {
    match error {
        UnsealError::WrongKey => Code::NoKeyOpens,
        UnsealError::UnknownFormat | UnsealError::Bag(ReceivedError::NewerVersion { .. }) => {
            Code::NewerParcel
        }
        UnsealError::Inner(TextError::NewerVersion { .. } | TextError::NewerForm { .. }) => Code::NewerParcel,
        _ => Code::SealedContentBad,
    }
}
