//! Parcels that a person ends before the receiver took them.

use rusqlite::{OptionalExtension, params};

use crate::error::JournalResult;
use crate::files::move_file;
use crate::history::{self, Event, Subject};
use crate::parcel_rows::{COLUMNS, ParcelChange, ParcelRow, read_row};
use crate::parcels::move_parcel;
use crate::state::{FileState, ParcelState, VerifyLevel};
use crate::store::Journal;

impl Journal {
    /// Ends a parcel of this station, and moves the files that it was to carry to `files`: GATED to go with another parcel,
    /// CANCELLED to stay.
    ///
    /// # Errors
    /// `IllegalMove` when it arrived, `NotFound`.
    pub fn end_parcel(&mut self, row: i64, files: FileState, note: &str) -> JournalResult<()> {
        let carried = self.files_of_parcel(row)?;
        self.change(|tx, journal| {
            let change = ParcelChange { note: note.to_owned(), ..ParcelChange::default() };
            move_parcel(tx, journal, row, ParcelState::Cancelled, &change)?;
            for file in &carried {
                if file.state == FileState::InParcel {
                    move_file(tx, journal, file.id, files, None, "its parcel was ended")?;
                }
            }
            Ok(())
        })
    }

    /// Notes that a cancelled parcel arrived after all: its acknowledgement came. `false` if that was known.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn arrived_after_all(&mut self, row: i64) -> JournalResult<bool> {
        self.change(|tx, (actor, at)| {
            let changed = tx.execute(
                "UPDATE parcel SET verify_level = ?2 WHERE row = ?1 AND state = 'CANCELLED' AND verify_level <> ?2",
                params![row, VerifyLevel::L4.word()],
            )?;
            if changed > 0 {
                let (subject, state) = (Subject::Parcel(row), ParcelState::Cancelled.word());
                let note = "acknowledged after it was cancelled";
                history::append(tx, &Event { at, actor, subject, from: state, to: state, note })?;
            }
            Ok(changed > 0)
        })
    }

    /// Whether a parcel was sealed for a station that has other keys now: that it was paired anew shows in the key with which
    /// it signs.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn is_sealed_for_other_keys(&self, row: i64) -> JournalResult<bool> {
        let sql = "SELECT p.sealed_for <> peer.signing_key FROM parcel p JOIN peer ON peer.name = p.peer AND \
             peer.state = 'paired' WHERE p.row = ?1 AND p.form = 'sealed' AND p.sealed_for IS NOT NULL";
        Ok(self.conn.prepare_cached(sql)?.query_row([row], |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// Returns the parcels whose id begins with these hexadecimal digits, oldest first.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn parcels_beginning_with(&self, digits: &str) -> JournalResult<Vec<ParcelRow>> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT {COLUMNS} FROM parcel WHERE id LIKE ?1 || '%' ORDER BY row");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([digits.to_ascii_lowercase()], read_row)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }
}
