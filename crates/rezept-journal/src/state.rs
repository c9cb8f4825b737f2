//! The states of files, parcels, returned claims and resubmissions, and the moves between them. The only place that says which moves are legal.

use std::fmt;
use std::str::FromStr;

/// A word that is not one of the names of a state or level: the journal was written by something else.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{word:?} is not a known {what}")]
pub struct UnknownWord {
    /// What was expected.
    pub what: &'static str,
    /// What stood there.
    pub word: String,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every variant, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The permanent name, as stored and as printed in JSON.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.word()) }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|v| v.word() == word)
                    .ok_or_else(|| UnknownWord { what: $what, word: word.to_owned() })
            }
        }
    };
}

pub(crate) use words;

words! {
    /// How far down a reading looked. Stored and shown, never overstated.
    #[derive(PartialOrd, Ord)]
    VerifyLevel, "verify level" {
        /// Nothing was read again.
        L0 = "L0",
        /// Read again, perhaps from a cache.
        L1 = "L1",
        /// Read past the cache of the operating system, or device reads were measured.
        L2 = "L2",
        /// Read after the cache of the device was dropped or the medium was mounted anew.
        L3 = "L3",
        /// The receiver acknowledged the bytes.
        L4 = "L4",
    }
}

words! {
    /// Where a source file of this station is. `HELD` waits for a person; `GONE` left its folder by another hand.
    FileState, "file state" {
        /// Found in a watched folder.
        Seen = "SEEN",
        /// Did not change over the quiet time, and is structurally complete.
        Stable = "STABLE",
        /// The gate let it pass.
        Gated = "GATED",
        /// Belongs to a parcel, whose state tells the rest.
        InParcel = "IN_PARCEL",
        /// Acknowledged, and stays in its folder: by policy, because it lies outside every watched folder, or because it
        /// could not be removed.
        Kept = "KEPT",
        /// In the archive; no longer in its folder.
        Archived = "ARCHIVED",
        /// Waits for a person.
        Held = "HELD",
        /// A person decided that it is not to be sent.
        Cancelled = "CANCELLED",
        /// Changed or vanished before it was sent; the new content is seen anew under another row.
        Gone = "GONE",
    }
}

words! {
    /// Where a parcel is: the sender's states, the receiver's, and the side exits.
    ParcelState, "parcel state" {
        /// Sender: planned; contents and hashes are journalled.
        Spooled = "SPOOLED",
        /// Sender: the content has its final name on the medium.
        Written = "WRITTEN",
        /// Sender: the content was read again and is the same.
        ReadBack = "READ_BACK",
        /// Sender: the header is on the medium: the parcel exists.
        Committed = "COMMITTED",
        /// Sender: the receiver's acknowledgement came back.
        Acknowledged = "ACKNOWLEDGED",
        /// Sender: removed from the medium, sources put away: nothing is left to do.
        Archived = "ARCHIVED",
        /// Receiver: the header was read.
        Found = "FOUND",
        /// Receiver: it is for this station, from a known one.
        Authentic = "AUTHENTIC",
        /// Receiver: every byte is in the inbox's staging folder and has the right hash.
        Copied = "COPIED",
        /// Receiver: the bag is valid and may be delivered.
        Valid = "VALID",
        /// Receiver: every file has its place in the inbox.
        Delivered = "DELIVERED",
        /// Receiver: the acknowledgement is on the medium.
        AckWritten = "ACK_WRITTEN",
        /// Receiver: damaged or contradictory; set aside.
        Quarantined = "QUARANTINED",
        /// Waits for a person.
        Held = "HELD",
        /// Sender: no acknowledgement in time. Shown, never dropped.
        Expired = "EXPIRED",
        /// A person ended it.
        Cancelled = "CANCELLED",
    }
}

words! {
    /// Where the content of a return file is.
    ReturnFileState, "state of a return file" {
        /// Its claims are in the journal.
        Imported = "imported",
        /// Another content of the same key was imported: a person decides.
        Held = "held",
        /// A person let it pass; it is imported when its bytes are read again.
        Released = "released",
        /// A person decided that it does not count.
        Refused = "refused-by-person",
    }
}

words! {
    /// Where the work on a returned claim is.
    ReturnState, "state of a returned claim" {
        /// Nobody has looked at it.
        New = "new",
        /// Somebody works on it.
        InWork = "in-work",
        /// Its corrections are in the journal.
        Corrected = "corrected",
        /// It is in a resubmission file that was not sent yet.
        InFile = "in-file",
        /// The resubmission file was sent.
        Sent = "sent",
        /// The review body took it.
        Accepted = "accepted",
        /// It came back once more; the later return counts.
        ReturnedAgain = "returned-again",
        /// It is not to be billed again.
        Withdrawn = "withdrawn",
        /// It is billed to the other payer body, as an ordinary claim.
        OtherBody = "other-body",
    }
}

words! {
    /// Where a resubmission file is.
    ResubmissionState, "state of a resubmission" {
        /// Its bytes are known and its claims are taken; whether the file stands in its place, the disk tells.
        Planned = "planned",
        /// It stands in its place, for people to carry.
        Written = "written",
        /// It stands in its place, and a file of this station carries it away.
        Queued = "queued",
        /// It arrived where it is handed in.
        Sent = "sent",
        /// The review body confirmed it.
        Confirmed = "confirmed",
        /// It does not count; its claims are free again.
        Cancelled = "cancelled",
    }
}

impl ReturnFileState {
    /// Says which moves are legal.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use ReturnFileState::{Held, Imported, Refused, Released};
        matches!(
            (self, next),
            (Held, Released | Refused) | (Released, Imported | Refused) | (Refused, Released)
        )
    }
}

impl ReturnState {
    /// The states in which a claim is not sent yet though it is to be: what has a due date.
    pub const OPEN: &[Self] = &[Self::New, Self::InWork, Self::Corrected, Self::InFile];

    /// Whether a claim in this state is not sent yet though it is to be.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::InWork | Self::Corrected | Self::InFile)
    }

    /// Says which moves are legal.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use ReturnState::{
            Accepted, Corrected, InFile, InWork, New, OtherBody, ReturnedAgain, Sent, Withdrawn,
        };
        matches!(
            (self, next),
            // Without corrections of ours when it is merged with a fresh claim, or goes as it is.
            (New, InWork | Corrected | InFile | Withdrawn | OtherBody)
                | (InWork, Corrected | InFile | Withdrawn | OtherBody)
                | (Corrected, InWork | InFile | Withdrawn | OtherBody)
                // Back again only where its file was cancelled.
                | (InFile, Sent | Corrected | InWork)
                | (Sent, Accepted | ReturnedAgain)
                | (Accepted, ReturnedAgain)
                | (Withdrawn | OtherBody, InWork)
        )
    }
}

impl ResubmissionState {
    /// Says which moves are legal.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use ResubmissionState::{Cancelled, Confirmed, Planned, Queued, Sent, Written};
        matches!(
            (self, next),
            (Planned, Written | Queued | Cancelled)
                | (Written, Queued | Sent | Cancelled)
                | (Queued, Sent | Cancelled)
                | (Sent, Confirmed)
        )
    }
}

words! {
    /// Where a registered medium is.
    MediumState, "medium state" {
        /// In the house.
        Here = "here",
        /// Taken out by a person, until a day.
        Out = "out",
        /// Nobody knows where it is: nothing is written to it if it turns up.
        Lost = "lost",
        /// Never used again.
        Retired = "retired",
    }
}

words! {
    /// How a medium is classified: 厳秘, 秘密, 公開.
    MediumClass, "class of medium" {
        /// 厳秘: what patients' data needs.
        Genpi = "genpi",
        /// 秘密.
        Hi = "hi",
        /// 公開.
        Kokai = "kokai",
    }
}

impl MediumState {
    /// Says which moves are legal.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use MediumState::{Here, Lost, Out, Retired};
        matches!(
            (self, next),
            (Here, Out | Lost | Retired) | (Out, Here | Lost | Retired) | (Lost, Here | Retired)
        )
    }
}

impl FileState {
    /// Says which moves are legal.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use FileState::{Archived, Cancelled, Gated, Gone, Held, InParcel, Kept, Seen, Stable};
        matches!(
            (self, next),
            (Seen, Stable | Held | Gone)
                | (Stable, Gated | Held | Seen | Gone)
                | (Gated, InParcel | Held | Seen | Gone | Cancelled)
                | (InParcel, Archived | Kept | Gone | Gated | Seen | Cancelled | Held)
                | (Held, Gated | Cancelled | Gone | Seen)
                // A source that could not be put away at first.
                | (Kept, Archived)
                | (Kept | Cancelled, Gone)
        )
    }
}

impl ParcelState {
    /// Whether a parcel in this state has nothing waiting in a staging folder any more. `COMMITTED` has, where a station
    /// delivers into its own inbox.
    #[must_use]
    pub const fn is_past_staging(self) -> bool {
        use ParcelState::{AckWritten, Acknowledged, Archived, Cancelled, Delivered, Quarantined};
        matches!(self, Delivered | AckWritten | Quarantined | Acknowledged | Archived | Cancelled)
    }

    /// Says which moves are legal.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use ParcelState::{
            AckWritten, Acknowledged, Archived, Authentic, Cancelled, Committed, Copied, Delivered, Expired,
            Found, Held, Quarantined, ReadBack, Spooled, Valid, Written,
        };
        matches!(
            (self, next),
            // A sender whose medium vanished or proved bad writes the same parcel again.
            (Spooled, Written | Cancelled | Held)
                | (Written, ReadBack | Spooled | Cancelled)
                | (ReadBack, Committed | Spooled | Cancelled)
                | (Committed, Acknowledged | Expired | Spooled | Cancelled)
                | (Expired, Acknowledged | Spooled | Cancelled)
                | (Acknowledged, Archived)
                // A receiver starts over from FOUND whenever staging was lost.
                | (Found, Authentic | Quarantined | Held)
                | (Authentic, Copied | Quarantined | Held | Found)
                | (Copied, Valid | Quarantined | Held | Found)
                | (Valid, Delivered | Held | Found | Quarantined)
                | (Delivered, AckWritten)
                | (Held, Spooled | Valid | Found | Cancelled | Quarantined)
                | (Quarantined, Found | Cancelled)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for state in ParcelState::ALL {
            assert_eq!(state.word().parse::<ParcelState>().unwrap(), *state);
        }
        for state in FileState::ALL {
            assert_eq!(state.word().parse::<FileState>().unwrap(), *state);
        }
        for state in ReturnState::ALL {
            assert_eq!(state.word().parse::<ReturnState>().unwrap(), *state);
            assert_eq!(ReturnState::OPEN.contains(state), state.is_open());
        }
        assert!("PUBLISHED".parse::<ParcelState>().is_err());
        assert!(VerifyLevel::L2 > VerifyLevel::L1);
    }

    #[test]
    fn only_a_read_back_parcel_is_committed_and_only_a_committed_one_acknowledged() {
        for from in ParcelState::ALL {
            assert_eq!(from.may_become(ParcelState::Committed), *from == ParcelState::ReadBack, "{from}");
            let waiting = matches!(from, ParcelState::Committed | ParcelState::Expired);
            assert_eq!(from.may_become(ParcelState::Acknowledged), waiting, "{from}");
            assert_eq!(from.may_become(ParcelState::AckWritten), *from == ParcelState::Delivered, "{from}");
            assert!(!ParcelState::Archived.may_become(*from) && !ParcelState::AckWritten.may_become(*from));
        }
    }

    #[test]
    fn a_source_is_archived_only_after_its_parcel_arrived() {
        for from in FileState::ALL {
            let sent = matches!(from, FileState::InParcel | FileState::Kept);
            assert_eq!(from.may_become(FileState::Archived), sent, "{from}");
            assert!(!FileState::Archived.may_become(*from) && !FileState::Gone.may_become(*from));
        }
    }
}
