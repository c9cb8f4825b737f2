//! Putting sources away after the acknowledgement: a verified copy in the archive first, then the source leaves its
//! folder. The same way for every disk, so there is one way to prove.

use rezept_journal::{FileRow, FileState, ParcelChange, ParcelFile, ParcelState};
use rezept_parcel::{Digest, PayloadPath};

use crate::content::{Copies, Item, compare, copy_items};
use crate::engine::{Engine, Known, entry, make_folders, path, place, way_to};
use crate::error::{TransferError, TransferResult};
use crate::volume::{FailureKind, RelPath, Volume};

/// What became of a source.
enum Away {
    Archived,
    Kept,
    Gone(&'static str),
}

impl Engine<'_> {
    /// Puts every source of an acknowledged parcel away and ends the parcel: ARCHIVED.
    pub(crate) fn put_away(&mut self, known: &Known) -> TransferResult<()> {
        for file in &known.files {
            let Some(id) = file.file else { continue };
            let source = self.journal.file(id)?;
            if source.state != FileState::InParcel {
                continue;
            }
            let (to, note) = match self.put_one_away(known, file, &source)? {
                Away::Archived => (FileState::Archived, ""),
                Away::Kept => (FileState::Kept, ""),
                Away::Gone(why) => (FileState::Gone, why),
            };
            self.journal.move_file(id, to, None, note)?;
        }
        Ok(self.journal.move_parcel(known.row.row, ParcelState::Archived, &ParcelChange::default())?)
    }

    fn put_one_away(&mut self, known: &Known, file: &ParcelFile, source: &FileRow) -> TransferResult<Away> {
        if self.keep_sources || !source.place.watched {
            return Ok(Away::Kept);
        }
        let archive = self.volume(&self.archive)?;
        let folder = self.volume(&source.place.root)?;
        let source_path = path(&source.place.path)?;
        let target = archive_path(known, file)?;
        let row = known.row.row;
        if archive.stat(&target)?.is_some() {
            // It stands there since an interruption: the source may not go before the copy is sure to stay.
            archive.flush(&[std::slice::from_ref(&target), &way_to(&target.parent())].concat())?;
        } else {
            let there = folder.stat(&source_path)?;
            if there.is_none() {
                return Ok(Away::Gone("it left its folder before it could be archived"));
            }
            let detail = target.as_str().to_owned();
            let size_bytes = file.size_bytes;
            let item = Item {
                source: folder,
                source_path: source_path.clone(),
                target_path: entry(&target.parent(), &format!("{}.part", target.file_name()))?,
                sha256: Digest(file.sha256),
                size_bytes,
            };
            match self.effect(row, "archive", &detail, |_| copy_to_archive(archive, &item, &target)) {
                Ok(()) => {}
                Err(TransferError::SourceChanged { .. }) => {
                    return Ok(Away::Gone("it changed after it was sent"));
                }
                Err(error) => return Err(error),
            }
        }
        // The archive has the acknowledged bytes. The source may go only if it still has them too.
        let in_archive = [(target.clone(), file.size_bytes, Digest(file.sha256))];
        if compare(archive, &in_archive, &mut |_, _| {})?.is_err() {
            return Err(TransferError::ReadBackDiffers { place: place(archive, &target) });
        }
        if folder.stat(&source_path)?.is_none() {
            // An interrupted run may have removed it: it must not come back and be sent anew.
            match folder.flush_folder(&source_path.parent()) {
                Err(error) if error.kind() != FailureKind::Missing => return Err(error.into()),
                _ => return Ok(Away::Archived),
            }
        }
        let in_folder = [(source_path.clone(), file.size_bytes, Digest(file.sha256))];
        if compare(folder, &in_folder, &mut |_, _| {})?.is_err() {
            return Ok(Away::Gone("it changed after it was sent"));
        }
        self.effect(row, "remove source", &source.place.path, |_| match folder.remove_file(&source_path) {
            Err(error) if error.kind() == FailureKind::Missing => Ok(()),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(folder.flush_folder(&source_path.parent())?),
        })?;
        Ok(Away::Archived)
    }
}

/// `<yyyymm>/<payer>/<parcel id>-<number>/<official name>` below the archive's root.
fn archive_path(known: &Known, file: &ParcelFile) -> TransferResult<RelPath> {
    let payload: PayloadPath =
        file.payload_path.parse().map_err(|_| TransferError::Stored { what: "a payload path" })?;
    let number = payload.folder().rsplit('-').next().unwrap_or_default();
    path(&format!("{}/{}/{}-{number}/{}", payload.month(), payload.payer(), known.id, payload.file_name()))
}

fn copy_to_archive(archive: &dyn Volume, item: &Item<'_>, target: &RelPath) -> TransferResult<()> {
    let mut made = make_folders(archive, &target.parent())?;
    match archive.remove_file(&item.target_path) {
        Err(error) if error.kind() != FailureKind::Missing => return Err(error.into()),
        _ => {}
    }
    made.push(item.target_path.clone());
    let copied = copy_items(archive, std::slice::from_ref(item), Copies::ToKeep, &mut |_, _| {});
    if copied.is_err() {
        let _ = archive.remove_file(&item.target_path);
    }
    copied?;
    archive.flush(&made)?;
    archive.rename_new(&item.target_path, target)?;
    let flushed = archive.flush_folder(&target.parent());
    if flushed.is_err() {
        // What a failed flush left is not taken, but written again.
        let _ = archive.remove_file(target);
    }
    Ok(flushed?)
}
