//! The protocol on a medium: write, flush, read back, publish, acknowledge, recover.
//!
//! Knows parcels and the journal; knows nothing of claims, flags or texts.

mod ahead;
mod archive;
mod cards;
pub mod codes;
mod content;
mod deliver;
mod engine;
mod error;
mod incoming;
mod intake;
mod keep;
mod lane;
mod local;
mod medium;
pub mod os;
mod outgoing;
mod plan;
pub mod recovery;
mod spool;
mod staging;
mod stop;
mod trust;
pub mod volume;
mod witness;

pub use cards::{FoundCard, cards_on, put_card};
pub use deliver::{REPLACED, aside_places};
pub use engine::{Engine, Progress, Volumes};
pub use error::{TransferError, TransferResult};
pub use incoming::Received;
pub use intake::{Decided, Intake, Judged, Replaced, SaidOf, Staged, ToRegister};
pub use lane::read_hashed;
pub use medium::{MediaRules, MediumMark, parcels_on, read_medium_mark, write_medium_id};
pub use rezept_parcel::{Digest, Facility, MediumId, ParcelId, StationName};
pub use staging::STAGING;
pub use stop::{Stop, Stoppable, Stopped};

/// Keys and what is made of them, for those who must not depend on `rezept-parcel` themselves.
pub mod keys {
    pub use rezept_parcel::keys::{PublicKeys, Recipient};
    pub use rezept_parcel::pairing::{Card, CardError};
    pub use rezept_parcel::short_code::ShortCode;
    pub use rezept_parcel::text::TextError;
    pub use rezept_parcel::vault::{Vault, VaultError};
    pub use rezept_parcel::words::Timestamp;
}
