//! A station that does both: its parcels need no medium. They go into its own inbox by the same write rules, verify levels
//! and states; the acknowledgement is its own reading of the bytes, before they got their names.

use rezept_journal::{ParcelChange, ParcelFile, ParcelRow, ParcelState, VerifyLevel};
use rezept_parcel::Digest;

use crate::content::{Copies, Item, compare, copy_items};
use crate::deliver::inbox_of;
use crate::engine::{Engine, Known, Progress, make_folders, place, remove_tree};
use crate::error::{TransferError, TransferResult};
use crate::intake::Intake;
use crate::staging::{inboxes, staged_path, staging_folder};
use crate::volume::{RelPath, Volume};

/// Steps after which a turn gives up; a parcel needs six.
const STEPS_LIMIT: u32 = 20;

impl<'a> Engine<'a> {
    /// Carries a parcel of this station to itself as far as it can go.
    ///
    /// # Errors
    /// As [`Engine::carry`].
    pub fn carry_here(&mut self, row: i64, intake: &mut dyn Intake) -> TransferResult<ParcelRow> {
        self.journal.close_interrupted(row)?;
        for _ in 0..STEPS_LIMIT {
            let mut known = self.known(row)?;
            for file in &mut known.files {
                file.inbox = Some(inbox_of(file, intake)?);
            }
            match known.row.state {
                ParcelState::Spooled => self.stage_here(&known)?,
                ParcelState::Written => self.prove_staging(&known)?,
                ParcelState::ReadBack => {
                    self.plan_delivery(&known, intake)?;
                    self.journal.move_parcel(row, ParcelState::Committed, &ParcelChange::default())?;
                }
                ParcelState::Committed => self.place_here(&known)?,
                ParcelState::Acknowledged => self.put_away(&known)?,
                _ => break,
            }
        }
        Ok(self.journal.parcel(row)?)
    }

    fn stage_here(&mut self, known: &Known) -> TransferResult<()> {
        let row = known.row.row;
        for inbox in inboxes(&known.files) {
            let target = self.volume(&inbox)?;
            let folder = staging_folder(known)?;
            remove_tree(target, &folder)?;
            let of_inbox: Vec<&ParcelFile> =
                known.files.iter().filter(|file| file.inbox.as_deref() == Some(&inbox)).collect();
            let items = self.items_here(known, &of_inbox)?;
            let staged = self.effect(row, "copy into staging", &inbox, |progress| {
                let mut made = make_folders(target, &folder)?;
                made.extend(items.iter().map(|item| item.target_path.clone()));
                let mut report = |done, total| progress(Progress::Written { done, total });
                copy_items(target, &items, Copies::ToKeep, &mut report)?;
                Ok(target.flush(&made)?)
            });
            if let Err(TransferError::SourceChanged { path }) = staged {
                remove_tree(target, &folder)?;
                return Err(self.abandon(known, path)?);
            }
            if staged.is_err() {
                // Best effort: what stays is removed before the next attempt.
                let _ = remove_tree(target, &folder);
            }
            staged?;
        }
        Ok(self.journal.move_parcel(row, ParcelState::Written, &ParcelChange::default())?)
    }

    fn items_here(&self, known: &Known, files: &[&ParcelFile]) -> TransferResult<Vec<Item<'a>>> {
        files
            .iter()
            .map(|file| {
                let id = file.file.ok_or(TransferError::Stored { what: "a parcel file without source" })?;
                let (source, source_path) = self.source_of(&self.journal.file(id)?)?;
                Ok(Item {
                    source,
                    source_path,
                    target_path: staged_path(known, file.ordinal)?,
                    sha256: Digest(file.sha256),
                    size_bytes: file.size_bytes,
                })
            })
            .collect()
    }

    fn prove_staging(&mut self, known: &Known) -> TransferResult<()> {
        let mut level = VerifyLevel::L3;
        for inbox in inboxes(&known.files) {
            let volume = self.volume(&inbox)?;
            match self.compare_places(volume, known, &inbox, |file| staged_path(known, file.ordinal))? {
                Ok(proved) => level = level.min(proved),
                Err(file) => {
                    tracing::warn!(place = place(volume, &file), "staging differs or is missing");
                    let note = "staging differs or is missing: written again".to_owned();
                    let change = ParcelChange { note, ..ParcelChange::default() };
                    return Ok(self.journal.move_parcel(known.row.row, ParcelState::Spooled, &change)?);
                }
            }
        }
        let change = ParcelChange { verify_level: Some(level), ..ParcelChange::default() };
        Ok(self.journal.move_parcel(known.row.row, ParcelState::ReadBack, &change)?)
    }

    fn place_here(&mut self, known: &Known) -> TransferResult<()> {
        if !self.place_files(known)? {
            return Ok(());
        }
        let change = ParcelChange { verify_level: Some(VerifyLevel::L4), ..ParcelChange::default() };
        Ok(self.journal.move_parcel(known.row.row, ParcelState::Acknowledged, &change)?)
    }

    fn compare_places(
        &self,
        volume: &dyn Volume,
        known: &Known,
        inbox: &str,
        place_of: impl Fn(&ParcelFile) -> TransferResult<RelPath>,
    ) -> TransferResult<Result<VerifyLevel, RelPath>> {
        let mut files = Vec::new();
        for file in known.files.iter().filter(|file| file.inbox.as_deref() == Some(inbox)) {
            let at = place_of(file)?;
            if volume.stat(&at)?.is_none() {
                return Ok(Err(at));
            }
            files.push((at, file.size_bytes, Digest(file.sha256)));
        }
        compare(volume, &files, &mut |_, _| {})
    }
}
