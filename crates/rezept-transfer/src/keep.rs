//! The station's own copies of accepted contents: plain, below the spool, proved by their hash. From acceptance on a parcel
//! and the archive are filled from them, whatever becomes of the original.

use rezept_codes::Code;
use rezept_journal::{FileRow, FileState, ParcelChange, ParcelState, Reason};
use rezept_parcel::Digest;

use crate::content::{Copies, Item, compare, copy_items};
use crate::engine::{Engine, Known, entry, make_folders, path, place};
use crate::error::{TransferError, TransferResult};
use crate::spool::SPARE_BYTES;
use crate::volume::{EntryKind, FailureKind, RelPath, Volume, VolumeResult};

/// The folder of the kept copies below the spool.
pub(crate) const KEPT: &str = "kept";

/// The name of a kept copy below the spool. The hash is in it so that the row numbers of a journal that was restored never
/// name the copy of another content.
fn kept_name(id: i64, sha256: &[u8; 32]) -> String {
    let hash = Digest(*sha256).to_string();
    format!("{KEPT}/{id}-{}", hash.get(..16).unwrap_or(&hash))
}

/// Removes a file if there is one.
pub(crate) fn remove_if_left(volume: &dyn Volume, file: &RelPath) -> VolumeResult<()> {
    match volume.remove_file(file) {
        Err(error) if error.kind() == FailureKind::Missing => Ok(()),
        other => other,
    }
}

impl<'a> Engine<'a> {
    /// The kept copy of a file, if it has one and something of the right size lies there.
    pub(crate) fn kept_copy(&self, row: &FileRow) -> TransferResult<Option<(&'a dyn Volume, RelPath)>> {
        let Some(kept) = &row.kept else { return Ok(None) };
        let (spool, kept) = (self.volume(&self.spool)?, path(kept)?);
        let is_there = spool.stat(&kept)?.is_some_and(|meta| {
            meta.size_bytes == row.stamp.size_bytes
                && matches!(meta.kind, EntryKind::File | EntryKind::LinkedFile)
        });
        Ok(is_there.then_some((spool, kept)))
    }

    /// Where the bytes of a file are read for a parcel: its kept copy, or its original where it has none.
    pub(crate) fn source_of(&self, row: &FileRow) -> TransferResult<(&'a dyn Volume, RelPath)> {
        match self.kept_copy(row)? {
            Some(copy) => Ok(copy),
            None => Ok((self.volume(&row.place.root)?, path(&row.place.path)?)),
        }
    }
}

impl Engine<'_> {
    /// Copies the content of a file that passed the gate into the station's own keeping, proved by its hash, and accepts the
    /// file: GATED. A copy that is there already is not made again. Flushes nothing where the caller flushes many together
    /// (`later`): then the place to be flushed is put there, and the journal must not be made durable before.
    ///
    /// # Errors
    /// `SourceChanged` when the original is not what the gate read any more, `NoRoom` when the local disk is full. The file
    /// is not accepted then.
    pub fn keep(&mut self, row: &FileRow, later: Option<&mut Vec<RelPath>>) -> TransferResult<()> {
        let content = row.content.as_ref().ok_or(TransferError::Stored { what: "a file without content" })?;
        if self.kept_copy(row)?.is_some() {
            return Ok(self.journal.accept_file(row.id, row.kept.as_deref().unwrap_or_default())?);
        }
        let name = kept_name(row.id, &content.sha256);
        let (spool, target) = (self.volume(&self.spool)?, path(&name)?);
        let needed_bytes = row.stamp.size_bytes.saturating_add(SPARE_BYTES);
        if let Some(free_bytes) = spool.free_bytes()?
            && free_bytes < needed_bytes
        {
            return Err(TransferError::NoRoom { root: spool.root(), needed_bytes, free_bytes });
        }
        let item = Item {
            source: self.volume(&row.place.root)?,
            source_path: path(&row.place.path)?,
            target_path: target.clone(),
            sha256: Digest(content.sha256),
            size_bytes: row.stamp.size_bytes,
        };
        let mut made = make_folders(spool, &target.parent())?;
        // What an interrupted run left under this name belongs to no row.
        remove_if_left(spool, &target)?;
        made.insert(0, target.clone());
        let copied = copy_items(spool, std::slice::from_ref(&item), Copies::ToKeep, &mut |_, _| {});
        let kept = copied.and_then(|()| match later {
            Some(later) => {
                later.extend(made);
                Ok(())
            }
            None => Ok(spool.flush(&made)?),
        });
        if kept.is_err() {
            // Best effort: no row names it, so it is swept later.
            let _ = spool.remove_file(&target);
        }
        kept?;
        Ok(self.journal.accept_file(row.id, &name)?)
    }

    /// Makes kept copies durable that were not flushed one by one.
    ///
    /// # Errors
    /// When the local disk does not take them: what the journal says of them must be undone.
    pub fn flush_kept(&self, mut made: Vec<RelPath>) -> TransferResult<()> {
        if made.is_empty() {
            return Ok(());
        }
        made.sort_by(|a, b| b.as_str().cmp(a.as_str()));
        made.dedup();
        Ok(self.volume(&self.spool)?.flush(&made)?)
    }

    /// Ends a parcel that was never published because a content at `changed` could not be read as it was accepted. Contents
    /// that are whole are free to go again. One whose kept copy is damaged is kept anew from its original, where that still
    /// has its bytes; else a person hears of it. Returns what to say of the parcel.
    pub(crate) fn abandon(&mut self, known: &Known, changed: String) -> TransferResult<TransferError> {
        let mut said = TransferError::SourceChanged { path: changed.clone() };
        for file in self.journal.files_of_parcel(known.row.row)? {
            let note = "the parcel was abandoned: a content changed";
            if self.is_whole(&file, &changed)? {
                self.journal.move_file(file.id, FileState::Gated, None, note)?;
            } else if file.kept.is_none() {
                self.journal.move_file(file.id, FileState::Gone, None, note)?;
            } else {
                self.journal.forget_kept(file.id)?;
                let original = (self.volume(&file.place.root), path(&file.place.path)?);
                if let (Ok(folder), at) = original
                    && self.has_bytes(folder, at, &file)?
                {
                    self.journal.move_file(file.id, FileState::Gated, None, note)?;
                } else {
                    let at = format!("{}/{}", file.place.root, file.place.path);
                    let reason = Reason::new(Code::KeptLost, "");
                    self.journal.move_file(file.id, FileState::Held, Some(&reason), "")?;
                    said = TransferError::KeptLost { path: at };
                }
            }
        }
        let code =
            if matches!(said, TransferError::KeptLost { .. }) { Code::KeptLost } else { Code::SourceChanged };
        let reason = Some(Reason::new(code, ""));
        let change = ParcelChange { reason, ..ParcelChange::default() };
        self.journal.move_parcel(known.row.row, ParcelState::Cancelled, &change)?;
        Ok(said)
    }

    /// Whether the bytes that were accepted can still be read. A kept copy is proved; an original of an older program's file
    /// is believed its stamp, except at the place where a difference was found.
    fn is_whole(&self, file: &FileRow, changed: &str) -> TransferResult<bool> {
        if file.kept.is_some() {
            return match self.kept_copy(file)? {
                Some((spool, at)) => self.has_bytes(spool, at, file),
                None => Ok(false),
            };
        }
        let Ok(volume) = self.volume(&file.place.root) else { return Ok(false) };
        let at = path(&file.place.path)?;
        if place(volume, &at) == changed {
            return Ok(false);
        }
        Ok(volume.stat(&at)?.is_some_and(|meta| {
            meta.size_bytes == file.stamp.size_bytes && meta.modified_ns == file.stamp.modified_ns
        }))
    }

    /// Whether exactly the content of a file lies at a place.
    pub(crate) fn has_bytes(&self, volume: &dyn Volume, at: RelPath, file: &FileRow) -> TransferResult<bool> {
        let Some(content) = &file.content else { return Ok(false) };
        if volume.stat(&at)?.is_none() {
            return Ok(false);
        }
        let wanted = [(at, file.stamp.size_bytes, Digest(content.sha256))];
        Ok(compare(volume, &wanted, &mut |_, _| {})?.is_ok())
    }

    /// Removes kept copies that no file needs any more. One whose row this journal does not know is not touched: the journal
    /// may be a restored one. Best effort.
    pub(crate) fn sweep_kept(&self) -> TransferResult<()> {
        let Ok(spool) = self.volume(&self.spool) else { return Ok(()) };
        let folder = path(KEPT)?;
        for found in spool.list(&folder)?.unwrap_or_default() {
            let Ok(name) = found.name else { continue };
            let Some(id) = name.split('-').next().and_then(|digits| digits.parse().ok()) else { continue };
            let Ok(row) = self.journal.file(id) else { continue };
            let is_named = row.kept.as_deref() == Some(&format!("{KEPT}/{name}"));
            let needed = match row.state {
                FileState::Seen
                | FileState::Stable
                | FileState::Gated
                | FileState::InParcel
                | FileState::Held => is_named,
                FileState::Kept | FileState::Archived | FileState::Cancelled | FileState::Gone => false,
            };
            if !needed {
                let _ = spool.remove_file(&entry(&folder, &name)?);
            }
        }
        Ok(())
    }
}
