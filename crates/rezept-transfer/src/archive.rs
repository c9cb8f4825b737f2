//! Putting away after the acknowledgement: the archive gets the kept copy, proved by its hash; then the original leaves its
//! folder if it still has exactly these bytes. The same way for every disk, so there is one way to prove. What cannot be put
//! away never takes back that the parcel arrived.

use rezept_codes::Code;
use rezept_journal::{FileRow, FileState, ParcelChange, ParcelFile, ParcelState, Reason};
use rezept_parcel::{Digest, PayloadPath};

use crate::content::{Copies, Item, compare, copy_items};
use crate::engine::{Engine, Known, entry, make_folders, path, place, way_to};
use crate::error::{TransferError, TransferResult};
use crate::keep::remove_if_left;
use crate::volume::{FailureKind, RelPath, Volume};

/// What is made for a moment where an original could not be removed, to see whether it can now. Hidden and empty.
const TRIED: &str = ".rezept-put-away.part";

/// What became of an original.
enum Original {
    /// It left its folder, or other bytes lie there: they are a file of their own.
    Away,
    /// It lies there with its bytes, as it should.
    Stays,
    /// It may lie there and could not be removed or looked at.
    Stuck(String),
}

impl Engine<'_> {
    /// Puts every content of an acknowledged parcel away and ends the parcel: ARCHIVED.
    pub(crate) fn put_away(&mut self, known: &Known) -> TransferResult<()> {
        for file in &known.files {
            let Some(id) = file.file else { continue };
            let source = self.journal.file(id)?;
            if source.state == FileState::InParcel {
                self.put_one_away(known, file, &source)?;
            }
        }
        Ok(self.journal.move_parcel(known.row.row, ParcelState::Archived, &ParcelChange::default())?)
    }

    /// 1. An original that stays by policy and still has its bytes: KEPT, nothing more. Else 2. the archive gets the content,
    ///    3. the original goes, 4. the journal says so, 5. the kept copy goes. A crash between two of them finds each done and
    ///    goes on; a kept copy that is left is swept.
    fn put_one_away(&mut self, known: &Known, file: &ParcelFile, source: &FileRow) -> TransferResult<()> {
        let by_policy = self.stays_by_policy(source)?;
        if by_policy && matches!(self.look_at_original(source), Ok(Original::Stays)) {
            self.journal.put_away(source.id, FileState::Kept, None, "")?;
            return self.drop_kept(source);
        }
        let target = archive_path(known, file)?;
        match self.fill_archive(known, file, source, &target) {
            Ok(()) => {}
            Err(error) if error.is_lost() => {
                // It arrived, and this station has nothing of it any more.
                self.journal.raise(&Reason::new(Code::ArchiveFailed, ""), &original_place(source))?;
                self.journal.move_file(source.id, FileState::Gone, None, "lost before it was archived")?;
                return Ok(());
            }
            Err(error @ TransferError::Journal(_)) => return Err(error),
            Err(cause) => {
                let place = self.archive.clone();
                return Err(TransferError::NotArchived { place, cause: Box::new(cause) });
            }
        }
        let original = match by_policy {
            true => self.look_at_original(source)?,
            false => self.remove_original(known.row.row, source)?,
        };
        let to = match &original {
            Original::Away => FileState::Archived,
            Original::Stays | Original::Stuck(_) => FileState::Kept,
        };
        if let (Original::Stuck(why), false) = (&original, by_policy) {
            self.journal.raise(&Reason::new(Code::OriginalStays, why.clone()), &original_place(source))?;
        }
        self.journal.put_away(source.id, to, Some(target.as_str()), "")?;
        self.drop_kept(source)
    }

    /// Tries again to put the originals away that could not be. What cannot be done now stays for another time. Reads each of
    /// them to its end: the caller asks for it now and then, not in every turn.
    ///
    /// # Errors
    /// When the journal fails.
    pub fn finish_originals(&mut self) -> TransferResult<()> {
        for row in self.journal.originals_that_stay()? {
            let Some(parcel) = row.parcel else { continue };
            let original = match self.stays_by_policy(&row)? {
                true => Original::Stays,
                // Nothing is read to its end where nothing can be removed.
                false if !self.may_be_gone_or_go(&row) => continue,
                false => self.remove_original(parcel, &row)?,
            };
            match original {
                Original::Stuck(_) => continue,
                Original::Stays => {}
                Original::Away => self.journal.put_away(row.id, FileState::Archived, None, "put away now")?,
            }
            self.journal.settle(
                Code::OriginalStays,
                &original_place(&row),
                "it need not be put away any more",
            )?;
        }
        Ok(())
    }

    /// Whether an original is gone, or its folder can be written to: a file is made there and removed. Only for originals that
    /// could not be removed before.
    fn may_be_gone_or_go(&self, source: &FileRow) -> bool {
        let look = || -> TransferResult<bool> {
            let (folder, at) = (self.volume(&source.place.root)?, path(&source.place.path)?);
            if folder.stat(&at)?.is_none() {
                return Ok(true);
            }
            let tried = entry(&at.parent(), TRIED)?;
            remove_if_left(folder, &tried)?;
            drop(folder.create_new(&tried)?);
            folder.remove_file(&tried)?;
            Ok(true)
        };
        look().unwrap_or(false)
    }

    /// The original of a trial (確認試験) stays too: the month's file is yet to be sent.
    fn stays_by_policy(&self, source: &FileRow) -> TransferResult<bool> {
        let is_trial =
            || Ok::<_, TransferError>(self.journal.file_purpose(source.id)?.as_deref() == Some("trial"));
        Ok(self.keep_sources || !source.place.watched || is_trial()?)
    }

    /// What lies at the original's place. Only a failing journal is an error.
    fn look_at_original(&self, source: &FileRow) -> TransferResult<Original> {
        Ok(self.has_its_bytes(source).map_or_else(
            |error| Original::Stuck(error.to_string()),
            |same| if same { Original::Stays } else { Original::Away },
        ))
    }

    fn has_its_bytes(&self, source: &FileRow) -> TransferResult<bool> {
        let (folder, at) = (self.volume(&source.place.root)?, path(&source.place.path)?);
        self.has_bytes(folder, at, source)
    }

    /// Removes the original if it still has exactly the bytes that arrived. Only a failing journal is an error.
    fn remove_original(&mut self, row: i64, source: &FileRow) -> TransferResult<Original> {
        match self.try_remove_original(row, source) {
            Ok(()) => Ok(Original::Away),
            Err(error @ TransferError::Journal(_)) => Err(error),
            Err(error) => {
                tracing::warn!(file = source.id, %error, "an original cannot be put away now");
                Ok(Original::Stuck(causes(&error)))
            }
        }
    }

    fn try_remove_original(&mut self, row: i64, source: &FileRow) -> TransferResult<()> {
        let (folder, at) = (self.volume(&source.place.root)?, path(&source.place.path)?);
        if folder.stat(&at)?.is_none() {
            // An interrupted run may have removed it: it must not come back and be sent anew.
            return match folder.flush_folder(&at.parent()) {
                Err(error) if error.kind() != FailureKind::Missing => Err(error.into()),
                _ => Ok(()),
            };
        }
        if !self.has_its_bytes(source)? {
            return Ok(());
        }
        self.effect(row, "remove source", &source.place.path, |_| {
            remove_if_left(folder, &at)?;
            Ok(folder.flush_folder(&at.parent())?)
        })
    }

    /// Gets a content into the archive, proved there by its hash: from the kept copy, or from the original where there is none.
    fn fill_archive(
        &mut self,
        known: &Known,
        file: &ParcelFile,
        source: &FileRow,
        target: &RelPath,
    ) -> TransferResult<()> {
        let archive = self.volume(&self.archive)?;
        if archive.stat(target)?.is_some() {
            // It stands there since an interruption: nothing may go before it is sure to stay.
            archive.flush(&[std::slice::from_ref(target), &way_to(&target.parent())].concat())?;
        } else {
            let copied = match self.kept_copy(source)? {
                Some(copy) => self.copy_into_archive(known, file, copy, target),
                None => Err(TransferError::SourceChanged { path: original_place(source) }),
            };
            match copied {
                Err(error) if error.is_lost() => {
                    let from = (self.volume(&source.place.root)?, path(&source.place.path)?);
                    self.copy_into_archive(known, file, from, target)?;
                }
                other => other?,
            }
        }
        let in_archive = [(target.clone(), file.size_bytes, Digest(file.sha256))];
        match compare(archive, &in_archive, &mut |_, _| {})? {
            Ok(_) => Ok(()),
            Err(_) => Err(TransferError::ReadBackDiffers { place: place(archive, target) }),
        }
    }

    fn copy_into_archive(
        &mut self,
        known: &Known,
        file: &ParcelFile,
        (source, source_path): (&dyn Volume, RelPath),
        target: &RelPath,
    ) -> TransferResult<()> {
        let archive = self.volume(&self.archive)?;
        let item = Item {
            source,
            source_path,
            target_path: entry(&target.parent(), &format!("{}.part", target.file_name()))?,
            sha256: Digest(file.sha256),
            size_bytes: file.size_bytes,
        };
        let detail = target.as_str().to_owned();
        self.effect(known.row.row, "archive", &detail, |_| copy_to_archive(archive, &item, target))
    }

    /// Removes the kept copy of a file that needs none any more. What stays is swept later.
    fn drop_kept(&self, source: &FileRow) -> TransferResult<()> {
        if let (Some(kept), Ok(spool)) = (&source.kept, self.volume(&self.spool)) {
            let _ = spool.remove_file(&path(kept)?);
        }
        Ok(())
    }
}

/// An original's place, as people see it.
fn original_place(source: &FileRow) -> String {
    format!("{}/{}", source.place.root, source.place.path)
}

/// An error and its causes, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut parts: Vec<String> = chain.map(ToString::to_string).collect();
    parts.dedup();
    parts.join(": ")
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
    remove_if_left(archive, &item.target_path)?;
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
