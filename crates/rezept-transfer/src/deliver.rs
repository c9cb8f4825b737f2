//! From staging to the inbox, and the acknowledgement. Nothing is ever overwritten; what a person must decide waits in
//! staging.

use std::collections::BTreeSet;

use rezept_codes::Code;
use rezept_journal::{
    Checkpoint, Delivery, Direction, ParcelChange, ParcelFile, ParcelState, Reason, ReasonOf, ReasonRow,
    Waits,
};
use rezept_parcel::sealed::{open_small, seal_small};
use rezept_parcel::{Ack, AckedFile, AuditCheckpoint, Digest, ack, names};

use crate::codes;
use crate::content::write_small;
use crate::engine::{Engine, Known, entry, make_folders, path, read_small, remove_tree};
use crate::error::{TransferError, TransferResult};
use crate::intake::{Intake, Judged, Replaced, SaidOf, Staged};
use crate::outgoing::{ACK_FILE_MAX_BYTES, folders};
use crate::staging::{STAGING, inboxes, staged_path, staging_folder};
use crate::trust::{Trust, read_signature, remove_if_there, signature_path};
use crate::volume::{EntryKind, FailureKind, RelPath, Volume};

impl Engine<'_> {
    /// Looks into every staged file and journals why each must wait, if it must. VALID when any can be delivered, else HELD.
    pub(crate) fn judge(&mut self, known: &Known, intake: &mut dyn Intake) -> TransferResult<()> {
        let row = known.row.row;
        let mut files = known.files.clone();
        let (mut hold, mut remarks) = (None, Vec::new());
        for file in &mut files {
            let judged = self.judge_one(known, file, intake)?;
            file.waits = if judged.holds().is_some() { Waits::ForPerson } else { Waits::No };
            hold = graver(hold, judged.holds());
            remarks.extend(judged.remark);
        }
        let all_wait = files.iter().all(|file| file.waits == Waits::ForPerson);
        match hold.filter(|_| all_wait) {
            None => {
                let change = ParcelChange { note: remarks.join("; "), ..ParcelChange::default() };
                Ok(self.journal.set_incoming_files(row, ParcelState::Valid, &files, &change)?)
            }
            Some(reason) => {
                // A note stands in the place of the reason's own words.
                let said = format!("{} {}", reason.code, reason.detail).trim().to_owned();
                let note = match remarks.is_empty() {
                    true => String::new(),
                    false => format!("{said}; {}", remarks.join("; ")),
                };
                let change = ParcelChange { reason: Some(reason), note, ..ParcelChange::default() };
                Ok(self.journal.set_incoming_files(row, ParcelState::Held, &files, &change)?)
            }
        }
    }

    /// Judges one file, stores in it what it proved to be, and journals its reasons.
    fn judge_one(
        &mut self,
        known: &Known,
        file: &mut ParcelFile,
        intake: &mut dyn Intake,
    ) -> TransferResult<Judged> {
        let inbox = inbox_of(file, intake)?;
        let staged_at = staged_path(known, file.ordinal)?;
        let said = SaidOf::about(known.plain(), &file.payload_path);
        let staged = Staged::new(self.volume(&inbox)?, &staged_at, file, &said);
        if !self.journal.is_registered(&file.sha256)?
            && let Some(register) = intake.register(&staged)?
        {
            self.journal.note_content(&register.content, register.claims)?;
        }
        let judged = intake.judge(self.journal, &known.row, file.ordinal, staged)?;
        if known.row.direction == Direction::In {
            self.journal.set_reasons(ReasonOf::Arrived(known.row.row, file.ordinal), &judged.reasons)?;
        }
        let content = &judged.content;
        file.kind.clone_from(&content.kind);
        file.family.clone_from(&content.family);
        file.payer.clone_from(&content.payer);
        file.month.clone_from(&content.month);
        file.volume.clone_from(&content.volume);
        file.identity.clone_from(&content.identity);
        file.purpose.clone_from(&judged.purpose);
        Ok(judged)
    }

    /// Chooses a free place for every file that may be delivered now, and journals it. A file that a corrected one takes the
    /// place of is set aside before that. What must wait after all is journalled as waiting.
    pub(crate) fn plan_delivery(&mut self, known: &Known, intake: &mut dyn Intake) -> TransferResult<()> {
        let mut taken = BTreeSet::new();
        let mut places = Vec::with_capacity(known.files.len());
        let mut waits = Vec::new();
        // What leaves by this very station was judged before it was planned.
        let asks = known.row.direction == Direction::In;
        for file in known.files.iter().filter(|file| !file.delivered && file.waits != Waits::Refused) {
            let judged = self.judge_one(known, &mut file.clone(), intake)?;
            if asks && judged.holds().is_some() {
                waits.push((file.ordinal, Waits::ForPerson));
                continue;
            }
            if file.waits != Waits::No {
                waits.push((file.ordinal, Waits::No));
            }
            let inbox = inbox_of(file, intake)?;
            if let Some(replaced) = &judged.replaces {
                self.set_aside(known, replaced)?;
            }
            let destination = self.free_place(file, &judged.folder, &inbox, &taken)?;
            taken.insert((inbox.clone(), destination.clone()));
            places.push(Delivery { ordinal: file.ordinal, inbox, destination });
        }
        self.journal.set_waits(known.row.row, &waits)?;
        Ok(self.journal.plan_delivery(known.row.row, &places)?)
    }

    /// Moves a file that no longer counts into the folder beside it whose name says so. Interrupted before the journal knows
    /// the new file's place, the next attempt finds the place free.
    fn set_aside(&mut self, known: &Known, replaced: &Replaced) -> TransferResult<()> {
        let volume = self.volume(&replaced.inbox)?;
        let place = path(&replaced.place)?;
        let target = aside_places(&replaced.place)
            .map(|candidate| path(&candidate))
            .find_map(|candidate| match candidate {
                Ok(free) => match volume.stat(&free) {
                    Ok(None) => Some(Ok(free)),
                    Ok(Some(_)) => None,
                    Err(error) => Some(Err(error.into())),
                },
                Err(error) => Some(Err(error)),
            })
            .unwrap_or_else(|| Err(TransferError::BadPath { path: replaced.place.clone() }))?;
        self.effect(known.row.row, "set aside", &replaced.place, |_| {
            let made = make_folders(volume, &target.parent())?;
            volume.rename_new(&place, &target)?;
            for folder in made.iter().map(RelPath::parent).chain([place.parent(), target.parent()]) {
                volume.flush_folder(&folder)?;
            }
            Ok(())
        })?;
        let subject = rezept_journal::Subject::Parcel(known.row.row);
        Ok(self.journal.remark(subject, codes::SET_ASIDE, &replaced.place)?)
    }

    /// `<folder>/<name>`, or, where that is taken, the same name in a folder with a number below the payer's.
    fn free_place(
        &self,
        file: &ParcelFile,
        folder: &str,
        inbox: &str,
        taken: &BTreeSet<(String, String)>,
    ) -> TransferResult<String> {
        let volume = self.volume(inbox)?;
        let name = file.payload_path.rsplit('/').next().unwrap_or_default();
        let (before, volume_folder) = match folder.rsplit_once("/vol-") {
            Some((before, number)) => (before, format!("vol-{number}/")),
            None => (folder, String::new()),
        };
        let first = format!("{folder}/{name}");
        let more = (2u32..1002).map(|number| format!("{before}/{number}/{volume_folder}{name}"));
        for candidate in [first].into_iter().chain(more) {
            if !taken.contains(&(inbox.to_owned(), candidate.clone()))
                && volume.stat(&path(&candidate)?)?.is_none()
            {
                return Ok(candidate);
            }
        }
        Err(TransferError::BadPath { path: folder.to_owned() })
    }

    /// Gives every file that may be delivered its journalled place: DELIVERED, or HELD while others wait for a person.
    pub(crate) fn deliver(&mut self, known: &Known) -> TransferResult<()> {
        if !self.place_files(known)? {
            return Ok(());
        }
        let row = known.row.row;
        let waiting = known.files.iter().find(|file| !file.delivered && file.waits == Waits::ForPerson);
        let Some(waiting) = waiting else {
            return Ok(self.journal.move_parcel(row, ParcelState::Delivered, &ParcelChange::default())?);
        };
        let reasons = self.journal.reasons(ReasonOf::Arrived(row, waiting.ordinal))?;
        let reason = reasons.into_iter().find(|reason| !reason.covered);
        let reason = reason.ok_or(TransferError::Stored { what: "a file that waits without a reason" })?;
        self.hold(row, Reason::new(reason.code, reason.detail))
    }

    /// Renames every staged file to its journalled place. A planned file that is no longer in staging was placed before
    /// an interruption. `false` when a place was taken meanwhile and another had to be planned: ask again.
    pub(crate) fn place_files(&mut self, known: &Known) -> TransferResult<bool> {
        let row = known.row.row;
        let waiting: Vec<&ParcelFile> =
            known.files.iter().filter(|file| !file.delivered && file.waits == Waits::No).collect();
        let mut touched = BTreeSet::new();
        for file in &waiting {
            let (Some(inbox), Some(destination)) = (&file.inbox, &file.destination) else { continue };
            let volume = self.volume(inbox)?;
            let staged = staged_path(known, file.ordinal)?;
            let target = path(destination)?;
            let made = make_folders(volume, &target.parent())?;
            touched.extend(made.iter().map(|folder| (inbox.clone(), folder.parent())));
            touched.insert((inbox.clone(), target.parent()));
            if volume.stat(&staged)?.is_none() {
                continue;
            }
            match volume.rename_new(&staged, &target) {
                Ok(_) => {}
                Err(error) if error.kind() == FailureKind::Exists => {
                    self.replan(known, file, &target)?;
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        for (inbox, folder) in touched {
            self.volume(&inbox)?.flush_folder(&folder)?;
        }
        let ordinals: Vec<u32> = waiting.iter().map(|file| file.ordinal).collect();
        self.journal.files_delivered(row, &ordinals)?;
        if known.files.iter().any(|file| file.waits == Waits::ForPerson) {
            return Ok(true);
        }
        for inbox in inboxes(&known.files) {
            let volume = self.volume(&inbox)?;
            remove_tree(volume, &staging_folder(known)?)?;
            // Goes when it is empty; another parcel may still be waiting in it.
            let _ = volume.remove_folder(&path(STAGING)?);
        }
        Ok(true)
    }

    /// Somebody took the place between plan and rename: choose another for this file.
    fn replan(&mut self, known: &Known, file: &ParcelFile, target: &RelPath) -> TransferResult<()> {
        let inbox = file.inbox.clone().unwrap_or_default();
        let others = known
            .files
            .iter()
            .filter_map(|other| Some((other.inbox.clone()?, other.destination.clone()?)))
            .collect();
        let destination = self.free_place(file, target.parent().as_str(), &inbox, &others)?;
        let place = Delivery { ordinal: file.ordinal, inbox, destination };
        Ok(self.journal.plan_delivery(known.row.row, &[place])?)
    }

    /// Whether the medium lacks a good acknowledgement of this parcel.
    pub(crate) fn ack_is_missing(&self, known: &Known, medium: &dyn Volume) -> TransferResult<bool> {
        Ok(!self.own_ack(known, medium)?.is_some_and(|ack| self.is_ours(known, &ack)))
    }

    /// Whether this station acknowledged a parcel whose delivery its journal does not know: the journal was restored from a
    /// backup, or there is a second station of this name. What a person let pass is asked about no more.
    pub(crate) fn was_acknowledged(&self, known: &Known, medium: &dyn Volume) -> TransferResult<bool> {
        if known.row.released_code.as_ref().is_some_and(|code| *code == Code::AcknowledgedBefore) {
            return Ok(false);
        }
        let own = self.own_ack(known, medium)?;
        Ok(own
            .is_some_and(|ack| ack.id == known.id && (&ack.from, &ack.to) == (&self.me, &known.header.from)))
    }

    /// The acknowledgement that stands beside a parcel, if it can be read; of a paired sender's parcel only with this station's
    /// own signature.
    fn own_ack(&self, known: &Known, medium: &dyn Volume) -> TransferResult<Option<Ack>> {
        let file =
            entry(&path(&names::ack_dir(&known.header.from, &known.header.to))?, &names::ack_name(known.id))?;
        match medium.stat(&file)? {
            Some(meta) if meta.kind == EntryKind::File => {}
            _ => return Ok(None),
        }
        let bytes = match read_small(medium, &file, ACK_FILE_MAX_BYTES) {
            // On a share, the sender may just have taken it.
            Err(error) if error.kind() == FailureKind::Missing => return Ok(None),
            read => read?,
        };
        let paired = self.trust(&known.row.sender)?.is_paired();
        let text = match self.vault.filter(|_| paired) {
            None => bytes,
            Some(vault) => {
                let signature = read_signature(medium, &signature_path(&file)?)?;
                let own = vault.signing().public()?;
                if signature.is_none_or(|signature| own.verify(&bytes, &signature).is_err()) {
                    return Ok(None);
                }
                // It is sealed to this station too, so that it is known again.
                open_small(&bytes, &vault.opening_keys(), ack::ACK_MAX_BYTES).unwrap_or_default()
            }
        };
        Ok(Ack::parse(&text).ok())
    }

    /// Whether this acknowledgement is the one that this station writes for this parcel, whenever it wrote it.
    fn is_ours(&self, known: &Known, ack: &Ack) -> bool {
        let h = &known.header;
        let names = |files: &'_ [AckedFile]| -> Vec<(String, [u8; 32])> {
            files.iter().map(|file| (file.path.as_str().to_owned(), file.sha256.0)).collect()
        };
        let said = |refused: bool| -> Vec<(String, [u8; 32])> {
            let files = known.files.iter().filter(|file| (file.waits == Waits::Refused) == refused);
            files.map(|file| (file.payload_path.clone(), file.sha256)).collect()
        };
        ack.id == known.id
            && (&ack.from, &ack.to) == (&self.me, &h.from)
            && ack.sequence == h.sequence
            && ack.header.0 == known.row.header_sha256
            && names(&ack.files) == said(false)
            && names(&ack.refused) == said(true)
    }

    /// The acknowledgement stands there since an interruption: ACK_WRITTEN, once its name is sure to stay.
    pub(crate) fn adopt_ack(&mut self, known: &Known, medium: &dyn Volume) -> TransferResult<()> {
        medium.flush_folder(&path(&names::ack_dir(&known.header.from, &known.header.to))?)?;
        let note = "found after an interruption".to_owned();
        let change = ParcelChange { note, ..ParcelChange::default() };
        Ok(self.journal.move_parcel(known.row.row, ParcelState::AckWritten, &change)?)
    }

    /// Removes what interrupted runs left of acknowledgements on a medium. Nobody but this station writes there, and it
    /// is not writing now. Best effort: a protected medium may keep them.
    pub(crate) fn sweep_acks(&self, medium: &dyn Volume) -> TransferResult<()> {
        for sender in folders(medium, &path(names::ROOT)?)? {
            let folder = path(&format!("{}/{sender}/{}", names::ROOT, self.me))?;
            for found in medium.list(&folder)?.unwrap_or_default() {
                let Ok(name) = found.name else { continue };
                if matches!(
                    names::parse_entry(&name),
                    names::Entry::AckPart { .. } | names::Entry::AckSignaturePart { .. }
                ) {
                    let _ = medium.remove_file(&entry(&folder, &name)?);
                }
            }
        }
        Ok(())
    }

    /// Writes the acknowledgement by the write rules: ACK_WRITTEN.
    pub(crate) fn write_ack(&mut self, known: &Known, root: &str, medium: &dyn Volume) -> TransferResult<()> {
        let row = known.row.row;
        let folder = path(&names::ack_dir(&known.header.from, &known.header.to))?;
        let file = entry(&folder, &names::ack_name(known.id))?;
        let head = self.journal.checkpoint()?;
        let (bytes, signature) = self.ack_bytes(known, head)?;
        self.journal.note_given(&known.row.sender, head, &known.row.id)?;
        let attempt = self.journal.next_attempt(row, root)?;
        let part = entry(&folder, &names::ack_part_name(known.id, attempt))?;
        let beside = signature_path(&file)?;
        let signature_part = entry(&folder, &names::ack_signature_part_name(known.id, attempt))?;
        self.effect(row, "write acknowledgement", root, |_| {
            let mut made = make_folders(medium, &folder)?;
            // Ours, and unreadable: the sender could not take it.
            remove_if_there(medium, &file)?;
            remove_if_there(medium, &beside)?;
            write_small(medium, &part, &bytes)?;
            made.push(part.clone());
            if let Some(signature) = &signature {
                write_small(medium, &signature_part, signature)?;
                made.push(signature_part.clone());
            }
            medium.flush(&made)?;
            if signature.is_some() {
                // Before the acknowledgement, and sure to stay, as with a header.
                medium.rename_new(&signature_part, &beside)?;
                medium.flush_folder(&folder)?;
            }
            medium.rename_new(&part, &file)?;
            let flushed = medium.flush_folder(&folder);
            if flushed.is_err() {
                // What a failed flush left is not taken, but written again.
                let _ = medium.remove_file(&file);
            }
            Ok(flushed?)
        })?;
        let kept = signature.as_ref().is_none_or(|signature| {
            read_signature(medium, &beside).is_ok_and(|there| there.as_ref() == Some(signature))
        });
        if !kept || read_small(medium, &file, ACK_FILE_MAX_BYTES)? != bytes {
            return Err(TransferError::ReadBackDiffers { place: self.describe_place(known, medium) });
        }
        if known.row.state == ParcelState::Delivered {
            self.journal.move_parcel(row, ParcelState::AckWritten, &ParcelChange::default())?;
        } else {
            self.journal.remark(rezept_journal::Subject::Parcel(row), codes::ACK_AGAIN, root)?;
        }
        Ok(())
    }

    /// The bytes of the acknowledgement file, and of its signature: a signed parcel is acknowledged sealed and signed.
    fn ack_bytes(&self, known: &Known, head: Checkpoint) -> TransferResult<(Vec<u8>, Option<Vec<u8>>)> {
        let text = self.ack(known, head)?.to_bytes()?;
        let Trust::Paired(peer) = self.trust(&known.row.sender)? else { return Ok((text, None)) };
        let mut to = self.recipients(&peer)?;
        to.extend(self.announced());
        let sealed = seal_small(&text, &to)?;
        let signature = self.sign(&sealed)?;
        Ok((sealed, Some(signature)))
    }

    fn ack(&self, known: &Known, head: Checkpoint) -> TransferResult<Ack> {
        let paired = self.trust(&known.row.sender)?.is_paired();
        let acked = |refused: bool| {
            let files = known.files.iter().filter(move |file| (file.waits == Waits::Refused) == refused);
            files
                .map(|file| {
                    Ok(AckedFile {
                        sha256: Digest(file.sha256),
                        size: file.size_bytes,
                        path: file
                            .payload_path
                            .parse()
                            .map_err(|_| TransferError::Stored { what: "a payload path" })?,
                    })
                })
                .collect::<TransferResult<_>>()
        };
        Ok(Ack {
            id: known.id,
            from: self.me.clone(),
            to: known.header.from.clone(),
            sequence: known.header.sequence,
            header: Digest(known.row.header_sha256),
            delivered: known.row.state_at.parse().map_err(|_| TransferError::Stored { what: "a time" })?,
            files: acked(false)?,
            refused: acked(true)?,
            opening_key: self.announced().filter(|_| paired),
            witness: self.witness_line(&known.row.sender, Some(&known.header.audit))?,
            audit: AuditCheckpoint { sequence: head.seq, hash: Digest(head.hash) },
        })
    }
}

/// The graver of two reasons: malware goes before every other one, else the first.
fn graver(first: Option<Reason>, second: Option<&ReasonRow>) -> Option<Reason> {
    let second = second.map(|row| Reason::new(row.code.clone(), row.detail.clone()));
    match (&first, &second) {
        (Some(one), Some(other)) if other.code == Code::Infected && one.code != Code::Infected => second,
        (Some(_), _) => first,
        (None, _) => second,
    }
}

/// The folder beside a file for what it takes the place of.
pub const REPLACED: &str = "差替え前";

/// Where a file may stand once it no longer counts: `<folder>/差替え前/<name>`, then with a number.
pub fn aside_places(place: &str) -> impl Iterator<Item = String> + use<> {
    let (folder, name) = place.rsplit_once('/').unwrap_or(("", place));
    let (folder, name) = (folder.to_owned(), name.to_owned());
    (1u32..1000).map(move |number| match number {
        1 => format!("{folder}/{REPLACED}/{name}"),
        more => format!("{folder}/{REPLACED}/{more}/{name}"),
    })
}

/// The inbox of a file: the journalled one, or the one that takes its kind.
pub(crate) fn inbox_of(file: &ParcelFile, intake: &dyn Intake) -> TransferResult<String> {
    let by_kind = || intake.inbox_for(file.kind.as_deref().unwrap_or_default());
    file.inbox.clone().or_else(by_kind).ok_or(TransferError::Stored { what: "a file without inbox" })
}
