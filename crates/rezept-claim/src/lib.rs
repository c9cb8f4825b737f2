//! Bytes <-> records <-> claims and returns: what a file of the Japanese claim formats is, read once, in constant
//! memory, and given back byte for byte. This crate knows no paths, no clocks and no database.

pub mod check_digit;
pub mod claims;
pub mod codes;
pub mod copy;
pub mod finding;
pub mod identity;
mod index;
pub mod layout;
pub mod month;
pub mod notice;
pub mod reader;
pub mod record;
pub mod scan;
pub mod text;

pub use claims::{ClaimSpan, ClaimSpans};
pub use copy::copy_through;
pub use finding::{Finding, Note, Severity};
pub use identity::{FacilityCode, Family, Identity, Kind, Payer, PointTable, Prefecture, ReturnKind, Volume};
pub use layout::{ItemLayout, Layout};
pub use month::{Date, Month};
pub use notice::{NoticeKind, OfficialName};
pub use reader::{ReadError, RecordReader};
pub use record::{Position, RawRecord, RecordId};
pub use scan::{
    ClaimPrint, Depth, FileFacts, Incomplete, Oddity, PrintKey, Scan, SearchNo, scan, scan_with_prints,
};
