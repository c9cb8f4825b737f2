//! All durable state of a station in one SQLite database: states and legal moves, history, requests, audit chain.
//!
//! Copies nothing and knows no format: it stores what others did and refuses moves that the design does not allow.

mod alerts;
mod audit;
mod bound;
mod checkpoints;
mod clearance;
mod clock;
mod decisions;
mod disk;
mod ends;
mod error;
mod files;
mod folder;
mod history;
mod kept;
mod known;
mod lock;
mod mark;
mod media;
mod parcel_rows;
mod parcels;
mod peers;
mod people;
mod register;
mod requests;
mod resubmissions;
mod returns;
mod state;
mod store;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod windows;

pub use alerts::Alert;
pub use audit::{ChainReport, Unmet};
pub use bound::note_without_mark;
pub use checkpoints::{Held, Keeper};
pub use clearance::Clearance;
pub use clock::{Clock, SystemClock};
pub use decisions::{DecisionRow, ReasonOf, ReasonRow, Verdict};
pub use disk::{Disk, Fitness};
pub use error::{JournalError, JournalResult};
pub use files::{Content, FileRow, Place, Reason, Stamp};
pub use folder::make_data_folder;
pub use history::{Checkpoint, HistoryRow, Subject};
pub use jiff::Timestamp;
pub use known::{ArrivedContent, KnownContent};
pub use lock::EngineLock;
pub use media::{MediumRow, NewMedium, StoodOn, TakeOut};
pub use parcel_rows::{
    Delivery, Direction, Draft, Form, FoundParcel, NewParcel, ParcelChange, ParcelFile, ParcelRow, Waits,
};
pub use peers::{KeyKind, OwnKeyRow, PeerKeys, PeerRow, PeerState};
pub use people::{OperatorRole, OperatorRow, PeopleError, WAIT_MINUTES, WRONG_IN_A_ROW};
pub use register::{
    ClaimSighting, ContentPurpose, NewRegisterContent, Noted, PrintKeyId, RegisterClaim, RegisterContent,
    Shared,
};
pub use requests::{Request, WaitingRequest};
pub use resubmissions::{NewResubmission, PlannedClaim, ResubmissionClaim, ResubmissionRow, ResubmitError};
pub use returns::{
    Added, ImportStart, Imported, NewEdit, NewReturnFile, NewReturnedClaim, ReturnEdit, ReturnFileRow,
    ReturnFilter, ReturnImport, ReturnNote, ReturnedClaimRow, ReturnedReason, Stretch,
};
pub use state::{
    FileState, MediumClass, MediumState, ParcelState, ResubmissionState, ReturnFileState, ReturnState,
    UnknownWord, VerifyLevel,
};
pub use store::Journal;
