//! All durable state of a station in one SQLite database: states and legal moves, history, requests, audit chain.
//!
//! Copies nothing and knows no format: it stores what others did and refuses moves that the design does not allow.

mod alerts;
mod clock;
mod disk;
mod error;
mod files;
mod history;
mod parcels;
mod requests;
mod state;
mod store;

pub use alerts::Alert;
pub use clock::{Clock, SystemClock};
pub use disk::{Disk, Fitness};
pub use error::{JournalError, JournalResult};
pub use files::{Content, FileRow, Place, Reason, Stamp};
pub use history::{ChainReport, Checkpoint, HistoryRow, Subject};
pub use jiff::Timestamp;
pub use parcels::{Delivery, Direction, Draft, FoundParcel, NewParcel, ParcelChange, ParcelFile, ParcelRow};
pub use requests::Request;
pub use state::{FileState, ParcelState, UnknownWord, VerifyLevel};
pub use store::{EngineLock, Journal, make_data_folder};
