//! Returned claims: what was imported, the worklist, and the work on it. Stores words and numbers that others read out of
//! the files; their bytes stay in the data folder.

mod files;
mod import;
mod link;
mod list;
mod rows;
mod work;

pub use import::{Added, ImportStart, Imported, NewReturnFile, NewReturnedClaim, ReturnImport};
pub use list::ReturnFilter;
pub use rows::{NewEdit, ReturnEdit, ReturnFileRow, ReturnNote, ReturnedClaimRow, ReturnedReason, Stretch};
pub(crate) use work::{claim_at, move_claim, note_in_history};
