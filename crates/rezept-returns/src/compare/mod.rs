//! What differs, told record by record and item by item: sent against returned, returned against corrected, the block of
//! a file against the block received, and what a block says was changed. Data for others to show; no sentences.

mod align;
pub mod difference;
pub mod history;
pub mod verify;

pub use difference::{Difference, ItemDifference, RecordAt, Scope, difference};
pub use history::{Entry, EntryKind, LineRef, tell};
pub use verify::{Answer, Block, Verdict, Verified, verify};
