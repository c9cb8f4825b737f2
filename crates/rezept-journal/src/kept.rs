//! The station's own copies of accepted contents, and where a content lies in the archive.

use rusqlite::params;

use crate::bound::with_mark;
use crate::error::JournalResult;
use crate::files::{FileRow, move_file, state_of};
use crate::state::FileState;
use crate::store::Journal;

impl Journal {
    /// Accepts a file whose content was copied to `kept` below the spool: it becomes GATED, if it is not, and is the station's
    /// to carry from now on.
    ///
    /// # Errors
    /// `IllegalMove` when it cannot become GATED, `NotFound`.
    pub fn accept_file(&mut self, id: i64, kept: &str) -> JournalResult<()> {
        self.change(|tx, journal| {
            tx.prepare_cached("UPDATE file SET kept = ?2 WHERE id = ?1")?.execute(params![id, kept])?;
            match state_of(tx, id)? {
                // Accepted by an older program, which kept no copies.
                FileState::Gated => Ok(()),
                _ => {
                    // With this the history tells which bytes were accepted.
                    let sql = "SELECT lower(hex(sha256)) FROM file WHERE id = ?1";
                    let sha256: Option<String> = tx.prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
                    let note = sha256.map(|sha256| with_mark("accepted", &sha256)).unwrap_or_default();
                    move_file(tx, journal, id, FileState::Gated, None, &note)
                }
            }
        })
    }

    /// Forgets the kept copy of a file: it is lost, or no longer needed.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn forget_kept(&mut self, id: i64) -> JournalResult<()> {
        self.conn.prepare_cached("UPDATE file SET kept = NULL WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Moves a file whose parcel arrived to where it stays: `archived` is its place below the archive, `None` keeps what is
    /// stored. The kept copy is needed no more.
    ///
    /// # Errors
    /// `IllegalMove`, `NotFound`.
    pub fn put_away(
        &mut self,
        id: i64,
        to: FileState,
        archived: Option<&str>,
        note: &str,
    ) -> JournalResult<()> {
        self.change(|tx, journal| {
            tx.prepare_cached(
                "UPDATE file SET kept = NULL, archived = coalesce(?2, archived) WHERE id = ?1",
            )?
            .execute(params![id, archived])?;
            move_file(tx, journal, id, to, None, note)
        })
    }

    /// Returns the files that lie in the archive and whose original could not be removed from its folder.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn originals_that_stay(&self) -> JournalResult<Vec<FileRow>> {
        self.files_where("state = 'KEPT' AND archived IS NOT NULL ORDER BY id", [])
    }
}
