//! The sender: carries a parcel on a medium from SPOOLED to COMMITTED, takes the acknowledgement, clears the medium.
//! Every step is chosen by `recovery::next_out` from what the journal and the medium say at that moment.

use rezept_codes::Code;
use rezept_journal::{
    Direction, FileState, Form, ParcelChange, ParcelFile, ParcelRow, ParcelState, Reason, VerifyLevel, Waits,
};
use rezept_parcel::ack::AckedFile;
use rezept_parcel::sealed::open_small;
use rezept_parcel::{Ack, Content, ParcelId, ack, header, names};

use crate::content::{Item, compare, write_content, write_small};
use crate::engine::{Engine, Known, Progress, entry, path, place, read_small, remove_tree};
use crate::error::{TransferError, TransferResult};
use crate::recovery::{AckThere, HeaderThere, OutStep, Outside, next_out};
use crate::spool::{out_folder, segments};
use crate::trust::{Trust, read_signature, remove_if_there, signature_path};
use crate::volume::{EntryKind, FailureKind, RelPath, Renamed, Volume};

/// Steps after which a turn gives up: a parcel needs about ten; more means that two rules undo each other.
const STEPS_LIMIT: u32 = 40;
/// The largest acknowledgement file that is looked at: sealing adds its header and 16 bytes for each 64 KiB.
pub(crate) const ACK_FILE_MAX_BYTES: usize = ack::ACK_MAX_BYTES + ack::ACK_MAX_BYTES / 1024 + 64 * 1024;

/// Names and bytes of tag files.
type TagBytes = Vec<(&'static str, Vec<u8>)>;

/// Room that tag files, folders and the header need besides the payload, and that a full stick should keep.
const SPARE_BYTES: u64 = 1 << 20;

impl<'a> Engine<'a> {
    /// What goes to the medium for a parcel: the sources with the tag files of their bag, or the segments in the spool.
    fn what_to_write(&self, known: &Known) -> TransferResult<(Vec<Item<'a>>, TagBytes)> {
        let Content::Sealed(envelope) = &known.header.content else {
            return Ok((self.sources(known)?, known.plan()?.tag_files()));
        };
        let spool = self.volume(&self.spool)?;
        let mut items = Vec::with_capacity(envelope.segments().len());
        for (file, size_bytes, sha256) in segments(&out_folder(known)?, envelope)? {
            let target_path = path(file.file_name())?;
            items.push(Item { source: spool, source_path: file, target_path, sha256, size_bytes });
        }
        Ok((items, Vec::new()))
    }
}

impl Engine<'_> {
    /// Carries a parcel of this station on a medium as far as it can go, and returns where it stands.
    ///
    /// # Errors
    /// `ReadBackDiffers` (the parcel is HELD then), `SourceChanged` (it is CANCELLED), `NoRoom`, and what journal and
    /// volumes fail with: the next call goes on from there.
    pub fn carry(&mut self, row: i64, medium: &str) -> TransferResult<ParcelRow> {
        self.journal.close_interrupted(row)?;
        self.catch_up_with_pairing(row)?;
        let mut header_flushed = false;
        for _ in 0..STEPS_LIMIT {
            let known = self.known(row)?;
            let volume = self.volume(medium)?;
            let there = self.look(&known, volume)?;
            let step = next_out(known.row.state, &there);
            tracing::debug!(parcel = %known.id, state = %known.row.state, ?step, "next step");
            if step == OutStep::Commit && !header_flushed {
                // It stands there since an interruption: seen by every process, and perhaps not yet on the medium.
                volume.flush_folder(&known.folder()?)?;
            }
            header_flushed = step == OutStep::WriteHeader;
            if !self.perform(&known, medium, volume, step)? {
                break;
            }
        }
        Ok(self.journal.parcel(row)?)
    }

    /// A parcel that was planned before its receiver was paired would be refused now: one that was never on a medium is sealed
    /// instead, another is signed as it is.
    fn catch_up_with_pairing(&mut self, row: i64) -> TransferResult<()> {
        let parcel = self.journal.parcel(row)?;
        if parcel.state == ParcelState::Spooled
            && parcel.committed_at.is_none()
            && self.journal.is_sealed_for_other_keys(row)?
        {
            // Never published: sealed anew it stays the same parcel.
            return Ok(remove_tree(self.volume(&self.spool)?, &out_folder(&self.known(row)?)?)?);
        }
        let unsigned = parcel.form == Form::Bag && parcel.signature.is_none();
        if parcel.state != ParcelState::Spooled || !unsigned || !self.trust(&parcel.peer)?.is_paired() {
            return Ok(());
        }
        if parcel.committed_at.is_none() {
            return Ok(self.journal.seal_instead(row)?);
        }
        let signature = self.sign(&parcel.header)?;
        Ok(self.journal.signed(row, &signature)?)
    }

    /// Does one step. `false` when there is nothing more to do now.
    fn perform(
        &mut self,
        known: &Known,
        medium: &str,
        volume: &dyn Volume,
        step: OutStep,
    ) -> TransferResult<bool> {
        let row = known.row.row;
        if matches!(step, OutStep::Seal | OutStep::WriteBag | OutStep::WriteHeader)
            && (!self.may_write(medium, volume)? || matches!(self.trust(&known.row.peer)?, Trust::Revoked))
        {
            return Ok(false);
        }
        match step {
            OutStep::Sweep => self.sweep_parts(known, volume)?,
            OutStep::Seal => self.seal(known)?,
            OutStep::WriteBag => self.write_bag(known, medium, volume)?,
            OutStep::ReadBack => self.read_back(known, volume)?,
            OutStep::WriteHeader => self.write_header(known, volume)?,
            OutStep::Commit => {
                self.journal.move_parcel(row, ParcelState::Committed, &ParcelChange::default())?
            }
            OutStep::Rewrite => {
                let note = "the content is no longer on the medium".to_owned();
                self.journal.move_parcel(
                    row,
                    ParcelState::Spooled,
                    &ParcelChange { note, ..ParcelChange::default() },
                )?;
            }
            OutStep::Acknowledge => self.acknowledge(known, volume)?,
            OutStep::ReportAck(why) => {
                let at = place(volume, &ack_path(known)?);
                self.journal.raise(&Reason::new(Code::AckBad, why), &at)?;
                return Ok(false);
            }
            OutStep::RemoveHeader => {
                let folder = known.folder()?;
                let header = entry(&folder, &names::header_name(known.id))?;
                self.effect(row, "remove header", medium, |_| {
                    volume.remove_file(&header)?;
                    remove_if_there(volume, &signature_path(&header)?)?;
                    Ok(volume.flush_folder(&folder)?)
                })?;
            }
            OutStep::RemoveBag => {
                let folder = known.folder()?;
                self.effect(row, "remove content", medium, |_| {
                    remove_tree(volume, &entry(&folder, &names::bag_name(known.id))?)?;
                    Ok(volume.flush_folder(&folder)?)
                })?;
            }
            OutStep::RemoveAck => self.remove_ack(known, medium, volume)?,
            OutStep::ReportArrived => {
                self.journal.arrived_after_all(row)?;
                let detail = known.row.peer.clone();
                self.journal.raise(&Reason::new(Code::AckOfCancelled, detail), &format!("P{row}"))?;
                self.remove_ack(known, medium, volume)?;
            }
            OutStep::PutAway => self.put_away(known)?,
            OutStep::Contradiction => {
                let header = entry(&known.folder()?, &names::header_name(known.id))?;
                return Err(TransferError::Contradiction { place: place(volume, &header) });
            }
            OutStep::Wait | OutStep::Rest => return Ok(false),
        }
        Ok(true)
    }

    fn remove_ack(&mut self, known: &Known, medium: &str, volume: &dyn Volume) -> TransferResult<()> {
        let file = ack_path(known)?;
        self.effect(known.row.row, "remove acknowledgement", medium, |_| {
            remove_if_there(volume, &file)?;
            remove_if_there(volume, &signature_path(&file)?)?;
            Ok(volume.flush_folder(&file.parent())?)
        })
    }

    /// Journals an intent, does it, journals the outcome.
    pub(crate) fn effect<T>(
        &mut self,
        row: i64,
        action: &str,
        detail: &str,
        work: impl FnOnce(&mut dyn FnMut(Progress)) -> TransferResult<T>,
    ) -> TransferResult<T> {
        let intent = self.journal.intend(row, action, detail)?;
        let result = work(self.progress);
        let outcome = match &result {
            Ok(_) => "done".to_owned(),
            Err(error) => format!("failed: {error}"),
        };
        let closed = self.journal.outcome(intent, &outcome);
        // The failure of the work is the cause; a failing journal would only hide it.
        let value = result?;
        closed?;
        Ok(value)
    }

    fn look(&mut self, known: &Known, volume: &dyn Volume) -> TransferResult<Outside> {
        let folder = known.folder()?;
        let mut there = Outside {
            parts: false,
            bag: false,
            ready: self.is_ready(known)?,
            header: HeaderThere::Absent,
            ack: AckThere::Absent,
            ack_rest: false,
        };
        let mut signed = false;
        for found in volume.list(&folder)?.unwrap_or_default() {
            let Ok(name) = found.name else { continue };
            match names::parse_entry(&name) {
                names::Entry::Part { id, .. }
                | names::Entry::HeaderPart { id, .. }
                | names::Entry::HeaderSignaturePart { id, .. }
                    if id == known.id =>
                {
                    there.parts = true
                }
                names::Entry::HeaderSignature(id) if id == known.id => signed = true,
                names::Entry::Bag(id) if id == known.id => there.bag = found.meta.kind == EntryKind::Folder,
                names::Entry::Header(id) if id == known.id => {
                    there.header = match found.meta.kind {
                        EntryKind::File | EntryKind::LinkedFile => {
                            self.judge_header(known, volume, &entry(&folder, &name)?)?
                        }
                        EntryKind::Folder => HeaderThere::Other,
                        EntryKind::Other => HeaderThere::Damaged,
                    };
                }
                names::Entry::Header(id) if known.row.state == ParcelState::Spooled => {
                    self.check_known(id, &known.row.peer, volume, &folder)?
                }
                _ => {}
            }
        }
        // A signature alone says nothing: it is removed and written again with its header.
        there.parts |= signed && there.header == HeaderThere::Absent;
        there.ack = self.read_ack(known, volume)?.map_or(AckThere::Absent, |read| match read {
            Ok(_) => AckThere::Good,
            Err(why) => AckThere::Bad(why),
        });
        there.ack_rest =
            there.ack == AckThere::Absent && volume.stat(&signature_path(&ack_path(known)?)?)?.is_some();
        Ok(there)
    }

    /// What stands under the header's name, compared with what was planned. Only a header that can be read speaks for
    /// somebody: anything else is our own, which the medium did not keep. Without its signature it is damaged.
    fn judge_header(
        &self,
        known: &Known,
        volume: &dyn Volume,
        file: &RelPath,
    ) -> TransferResult<HeaderThere> {
        let bytes = read_small(volume, file, header::HEADER_MAX_BYTES)?;
        if bytes != known.row.header {
            let speaks = rezept_parcel::Header::parse(&bytes).is_ok();
            return Ok(if speaks { HeaderThere::Other } else { HeaderThere::Damaged });
        }
        let Some(signature) = &known.row.signature else { return Ok(HeaderThere::Same) };
        let there = read_signature(volume, &signature_path(file)?)?;
        Ok(if there.as_ref() == Some(signature) { HeaderThere::Same } else { HeaderThere::Damaged })
    }

    /// A well-formed header of ours that the journal does not know means that the journal was lost or restored: writing
    /// on would send claims twice. To a paired station everything goes signed: there a header without this station's own
    /// signature was made by another hand, which must not be able to stop the claims.
    fn check_known(
        &mut self,
        id: ParcelId,
        peer: &str,
        volume: &dyn Volume,
        folder: &RelPath,
    ) -> TransferResult<()> {
        if self.journal.parcel_by_id(self.me.as_str(), &id.to_string())?.is_some() {
            return Ok(());
        }
        let file = entry(folder, &names::header_name(id))?;
        let bytes = read_small(volume, &file, header::HEADER_MAX_BYTES)?;
        match rezept_parcel::Header::parse(&bytes) {
            Ok(header) if header.from == self.me => {}
            _ => return Ok(()),
        }
        let at = place(volume, &file);
        match self.vault {
            Some(vault) if self.trust(peer)?.is_paired() => {
                let signature = read_signature(volume, &signature_path(&file)?)?;
                let own = vault.signing().public()?;
                if signature.is_some_and(|signature| own.verify(&bytes, &signature).is_ok()) {
                    return Err(TransferError::JournalBehind { place: at });
                }
                self.journal.raise(&Reason::new(Code::OwnHeaderForged, peer), &at)?;
                Ok(())
            }
            _ => Err(TransferError::JournalBehind { place: at }),
        }
    }

    /// Ends the alerts about headers in this station's name that no longer stand on the medium.
    fn settle_forged(&mut self, volume: &dyn Volume) -> TransferResult<()> {
        let root = format!("{}/", volume.root());
        for alert in self.journal.alerts()? {
            let file = alert.place.strip_prefix(&root).and_then(RelPath::new);
            if alert.reason.code == Code::OwnHeaderForged
                && let Some(file) = file
                && volume.stat(&file)?.is_none()
            {
                self.journal.settle_alert(alert.id, "it is gone")?;
            }
        }
        Ok(())
    }

    fn sweep_parts(&mut self, known: &Known, volume: &dyn Volume) -> TransferResult<()> {
        let folder = known.folder()?;
        for found in volume.list(&folder)?.unwrap_or_default() {
            let Ok(name) = found.name else { continue };
            match names::parse_entry(&name) {
                // The signature too: parts are swept only where no header stands.
                names::Entry::Part { id, .. }
                | names::Entry::HeaderPart { id, .. }
                | names::Entry::HeaderSignaturePart { id, .. }
                | names::Entry::HeaderSignature(id)
                    if id == known.id =>
                {
                    let part = entry(&folder, &name)?;
                    if found.meta.kind == EntryKind::Folder {
                        remove_tree(volume, &part)?;
                    } else {
                        volume.remove_file(&part)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn write_bag(&mut self, known: &Known, medium: &str, volume: &dyn Volume) -> TransferResult<()> {
        let row = known.row.row;
        let (items, tags) = self.what_to_write(known)?;
        let total = items.iter().map(|item| item.size_bytes).sum();
        if let Some(free_bytes) = volume.free_bytes()? {
            let needed_bytes = total + SPARE_BYTES;
            if free_bytes < needed_bytes {
                return Err(TransferError::NoRoom { root: volume.root(), needed_bytes, free_bytes });
            }
        }
        let attempt = self.journal.next_attempt(row, medium)?;
        self.note_medium(row, medium)?;
        let folder = known.folder()?;
        let part = entry(&folder, &names::part_name(known.id, attempt))?;
        let bag = entry(&folder, &names::bag_name(known.id))?;
        let written = self.effect(row, "write content", medium, |progress| {
            write_content(volume, &part, items, &tags, progress)?;
            let renamed = volume.rename_new(&part, &bag)?;
            volume.flush_folder(&folder)?;
            Ok(renamed)
        });
        match written {
            Ok(renamed) => {
                let note = if renamed == Renamed::CheckedFirst {
                    "renamed after a check, not atomically"
                } else {
                    ""
                };
                let change = ParcelChange { note: note.to_owned(), ..ParcelChange::default() };
                Ok(self.journal.move_parcel(row, ParcelState::Written, &change)?)
            }
            Err(TransferError::SourceChanged { path }) if known.row.form == Form::Sealed => {
                // The local disk did not keep the ciphertext: the sources are sealed anew, where that may still be.
                remove_tree(volume, &part)?;
                remove_tree(self.volume(&self.spool)?, &out_folder(known)?)?;
                Err(TransferError::SpoolDamaged { path })
            }
            Err(TransferError::SourceChanged { path }) => {
                remove_tree(volume, &part)?;
                Err(self.abandon(known, path)?)
            }
            Err(TransferError::Volume(error)) => {
                // Best effort: the medium may be gone. What stays is swept next time.
                let _ = remove_tree(volume, &part);
                if error.kind() != FailureKind::Exists {
                    // Its name may be lost although it is seen: a flush that failed is not tried again, the content is
                    // written again.
                    let _ = remove_tree(volume, &bag);
                }
                Err(self.name_full(volume, total, error))
            }
            Err(error) => Err(error),
        }
    }

    /// A full FAT medium may answer EPERM or EIO: says so when there is indeed no room.
    fn name_full(
        &self,
        volume: &dyn Volume,
        needed_bytes: u64,
        error: crate::volume::VolumeError,
    ) -> TransferError {
        match volume.free_bytes() {
            Ok(Some(free_bytes)) if error.kind() == FailureKind::Full || free_bytes < SPARE_BYTES => {
                TransferError::NoRoom { root: volume.root(), needed_bytes, free_bytes }
            }
            _ => error.into(),
        }
    }

    fn read_back(&mut self, known: &Known, volume: &dyn Volume) -> TransferResult<()> {
        let bag = entry(&known.folder()?, &names::bag_name(known.id))?;
        let files = known.content(&bag)?;
        let progress = &mut *self.progress;
        let compared =
            compare(volume, &files, &mut |done, total| progress(Progress::ReadBack { done, total }));
        let differs = match compared {
            Ok(Ok(level)) => {
                let change = ParcelChange { verify_level: Some(level), ..ParcelChange::default() };
                return Ok(self.journal.move_parcel(known.row.row, ParcelState::ReadBack, &change)?);
            }
            Ok(Err(file)) => place(volume, &file),
            Err(TransferError::Volume(error)) if error.kind() == FailureKind::Missing => error.place,
            Err(error) => return Err(error),
        };
        // The medium (or the way to it) is bad. Nothing was published; a person decides where it goes next.
        let header = entry(&known.folder()?, &names::header_name(known.id))?;
        self.effect(known.row.row, "remove damaged content", &differs, |_| {
            // A parcel that is sent again may have its header there: nothing names what is not there.
            remove_if_there(volume, &header)?;
            remove_if_there(volume, &signature_path(&header)?)?;
            Ok(remove_tree(volume, &bag)?)
        })?;
        let change = ParcelChange { verify_level: Some(VerifyLevel::L0), ..ParcelChange::default() };
        self.journal.move_parcel(known.row.row, ParcelState::Spooled, &change)?;
        let reason = Some(Reason::new(Code::ReadBackDiffers, differs.clone()));
        self.journal.move_parcel(
            known.row.row,
            ParcelState::Held,
            &ParcelChange { reason, ..ParcelChange::default() },
        )?;
        Err(TransferError::ReadBackDiffers { place: differs })
    }

    fn write_header(&mut self, known: &Known, volume: &dyn Volume) -> TransferResult<()> {
        let folder = known.folder()?;
        let part = entry(&folder, &names::header_part_name(known.id, known.row.attempt))?;
        let header = entry(&folder, &names::header_name(known.id))?;
        let signature = match &known.row.signature {
            Some(bytes) => {
                let part = names::header_signature_part_name(known.id, known.row.attempt);
                Some((entry(&folder, &part)?, signature_path(&header)?, bytes))
            }
            None => None,
        };
        self.effect(known.row.row, "write header", header.as_str(), |_| {
            let mut parts = vec![part.clone()];
            write_small(volume, &part, &known.row.header)?;
            if let Some((part, _, bytes)) = &signature {
                write_small(volume, part, bytes)?;
                parts.push(part.clone());
            }
            volume.flush(&parts)?;
            if let Some((part, name, _)) = &signature {
                // Before the header, and sure to stay: a header without its signature would be refused.
                volume.rename_new(part, name)?;
                volume.flush_folder(&folder)?;
            }
            volume.rename_new(&part, &header)?;
            let flushed = volume.flush_folder(&folder);
            if flushed.is_err() {
                // As with the content: what a failed flush left is not taken, but written again.
                let _ = volume.remove_file(&header);
            }
            Ok(flushed?)
        })
    }

    fn acknowledge(&mut self, known: &Known, volume: &dyn Volume) -> TransferResult<()> {
        let Some(Ok(ack)) = self.read_ack(known, volume)? else { return Ok(()) };
        self.take_witness(&known.row.peer, &ack.audit, ack.witness.as_ref())?;
        if let (Some(key), true) = (&ack.opening_key, known.row.signature.is_some()) {
            self.journal.announced_key(&known.row.peer, &key.to_string(), ack.audit.sequence)?;
        }
        self.journal.settle(Code::AckBad, &place(volume, &ack_path(known)?), "a good one came")?;
        let change = ParcelChange {
            verify_level: Some(VerifyLevel::L4),
            note: format!("delivered {}", ack.delivered),
            ..ParcelChange::default()
        };
        self.note_refused(known, &ack)?;
        Ok(self.journal.move_parcel(known.row.row, ParcelState::Acknowledged, &change)?)
    }

    /// Takes over what a person at the receiver refused: those files were not delivered, and a person here must know.
    fn note_refused(&mut self, known: &Known, ack: &Ack) -> TransferResult<()> {
        for refused in &ack.refused {
            let sent = known.files.iter().find(|file| file.payload_path == refused.path.as_str());
            let Some(sent) = sent else { continue };
            self.journal.set_waits(known.row.row, &[(sent.ordinal, Waits::Refused)])?;
            let Some(id) = sent.file else { continue };
            if self.journal.file(id)?.state == FileState::InParcel {
                let reason = Reason::new(Code::RefusedByReceiver, "");
                self.journal.move_file(id, FileState::Held, Some(&reason), "")?;
            }
        }
        Ok(())
    }

    /// Looks after everything of this station on a medium: takes acknowledgements, clears what is done, sweeps what an
    /// interrupted run left. Returns the parcels whose state changed.
    ///
    /// # Errors
    /// The first failure; the others of this medium were still looked at.
    pub fn tend(&mut self, medium: &str) -> TransferResult<Vec<ParcelRow>> {
        let volume = self.volume(medium)?;
        self.settle_forged(volume)?;
        let mut changed = Vec::new();
        let mut failure = None;
        for row in self.own_on(volume)? {
            let before = self.journal.parcel(row)?;
            let unfinished =
                matches!(before.state, ParcelState::Spooled | ParcelState::Written | ParcelState::ReadBack);
            let result = match unfinished && before.medium.as_deref() != Some(medium) {
                true => self.sweep_elsewhere(row, medium, volume),
                false if unfinished => Ok(()),
                false => self.carry(row, medium).map(|_| ()),
            };
            if let Err(error) = result {
                tracing::warn!(parcel = row, %error, "cannot look after a parcel");
                failure.get_or_insert(error);
            }
            let after = self.journal.parcel(row)?;
            if after.state != before.state {
                changed.push(after);
            }
        }
        failure.map_or(Ok(changed), Err)
    }

    /// Parcels that are acknowledged while their medium is away: their sources can be put away all the same.
    ///
    /// # Errors
    /// The first failure; the others were still put away.
    pub fn finish_acknowledged(&mut self) -> TransferResult<()> {
        let mut failure = None;
        for parcel in self.journal.parcels_in(Direction::Out, &[ParcelState::Acknowledged])? {
            let put = self.known(parcel.row).and_then(|known| self.put_away(&known));
            failure = failure.or(put.err());
        }
        failure.map_or(Ok(()), Err)
    }

    /// Rows of this station's parcels of which something stands on the medium, acknowledgements included.
    fn own_on(&mut self, volume: &dyn Volume) -> TransferResult<Vec<i64>> {
        let me = self.me.as_str().to_owned();
        let mut rows = std::collections::BTreeSet::new();
        for peer in folders(volume, &path(names::ROOT)?)? {
            for found in volume.list(&path(&format!("{}/{peer}/{me}", names::ROOT))?)?.unwrap_or_default() {
                let Ok(name) = found.name else { continue };
                if let Some(id) = id_of(names::parse_entry(&name))
                    && let Some(parcel) = self.journal.parcel_by_id(&me, &id.to_string())?
                {
                    rows.insert(parcel.row);
                }
            }
        }
        for peer in folders(volume, &path(&format!("{}/{me}", names::ROOT))?)? {
            let folder = path(&format!("{}/{me}/{peer}", names::ROOT))?;
            for found in volume.list(&folder)?.unwrap_or_default() {
                let Ok(name) = found.name else { continue };
                let (id, alone) = match names::parse_entry(&name) {
                    names::Entry::Ack(id) => (id, false),
                    names::Entry::AckSignature(id) => (id, true),
                    _ => continue,
                };
                match self.journal.parcel_by_id(&me, &id.to_string())? {
                    Some(parcel) => {
                        rows.insert(parcel.row);
                    }
                    None if alone => {}
                    None => {
                        let at = place(volume, &entry(&folder, &name)?);
                        self.journal.raise(&Reason::new(Code::AckUnknown, peer.clone()), &at)?;
                    }
                }
            }
        }
        Ok(rows.into_iter().collect())
    }

    /// The acknowledgement, if there is one: judged against what was sent. That of a paired station counts only with its
    /// signature.
    fn read_ack(&self, known: &Known, volume: &dyn Volume) -> TransferResult<Option<Result<Ack, String>>> {
        let file = ack_path(known)?;
        match volume.stat(&file)? {
            Some(meta) if meta.kind == EntryKind::File => {}
            Some(_) => return Ok(Some(Err("not a file".to_owned()))),
            None => return Ok(None),
        }
        let bytes = match read_small(volume, &file, ACK_FILE_MAX_BYTES) {
            // On a share, the receiver may just be writing a damaged one again.
            Err(error) if error.kind() == FailureKind::Missing => return Ok(None),
            read => read?,
        };
        let bytes = match self.trust(&known.row.peer)? {
            Trust::Unpaired => bytes,
            Trust::Revoked => return Ok(Some(Err("the trust in its writer was taken back".to_owned()))),
            Trust::Paired(peer) => {
                let Some(signature) = read_signature(volume, &signature_path(&file)?)? else {
                    return Ok(Some(Err("it is not signed".to_owned())));
                };
                if peer.verifying.verify(&bytes, &signature).is_err() {
                    return Ok(Some(Err("it is not signed by the other station".to_owned())));
                }
                match open_small(&bytes, &self.opening_keys()?, ack::ACK_MAX_BYTES) {
                    Ok(text) => text,
                    Err(error) => return Ok(Some(Err(error.to_string()))),
                }
            }
        };
        Ok(Some(Ack::parse(&bytes).map_err(|error| error.to_string()).and_then(|ack| judge_ack(known, ack))))
    }

    /// Removes what an unpublished attempt left on a medium that the parcel has moved away from.
    fn sweep_elsewhere(&mut self, row: i64, medium: &str, volume: &dyn Volume) -> TransferResult<()> {
        let known = self.known(row)?;
        let there = self.look(&known, volume)?;
        if there.header != HeaderThere::Absent {
            return Ok(());
        }
        self.sweep_parts(&known, volume)?;
        if there.bag {
            let bag = entry(&known.folder()?, &names::bag_name(known.id))?;
            self.effect(row, "remove content left behind", medium, |_| Ok(remove_tree(volume, &bag)?))?;
        }
        Ok(())
    }

    /// A person says that the medium with this parcel is lost: it may be written again, under the same id.
    ///
    /// # Errors
    /// `IllegalMove` (in the journal's error) when it was acknowledged or never written.
    pub fn send_again(&mut self, row: i64, why: &str) -> TransferResult<()> {
        let change = ParcelChange { note: format!("again: {why}"), ..ParcelChange::default() };
        Ok(self.journal.move_parcel(row, ParcelState::Spooled, &change)?)
    }
}

/// The acknowledgement's place: `REZEPT/<sender>/<receiver>/<id>.ack`.
fn ack_path(known: &Known) -> TransferResult<RelPath> {
    entry(&path(&names::ack_dir(&known.header.from, &known.header.to))?, &names::ack_name(known.id))
}

fn judge_ack(known: &Known, ack: Ack) -> Result<Ack, String> {
    let h = &known.header;
    let same_parcel =
        ack.id == known.id && ack.from == h.to && ack.to == h.from && ack.sequence == h.sequence;
    if !same_parcel {
        return Err("it belongs to another parcel".to_owned());
    }
    if ack.header.0 != known.row.header_sha256 {
        return Err("it acknowledges another header".to_owned());
    }
    // Every file is either delivered or refused, in the order of the manifest in both lists.
    let (mut delivered, mut refused) = (ack.files.iter().peekable(), ack.refused.iter().peekable());
    let is = |acked: &&AckedFile, sent: &ParcelFile| {
        acked.path.as_str() == sent.payload_path
            && acked.sha256.0 == sent.sha256
            && acked.size == sent.size_bytes
    };
    let each = known.files.iter().all(|sent| {
        delivered
            .next_if(|acked| is(acked, sent))
            .or_else(|| refused.next_if(|acked| is(acked, sent)))
            .is_some()
    });
    let same_files = each && delivered.next().is_none() && refused.next().is_none();
    if same_files { Ok(ack) } else { Err("it acknowledges other contents".to_owned()) }
}

/// The folders directly below a folder, by name.
pub(crate) fn folders(volume: &dyn Volume, folder: &RelPath) -> TransferResult<Vec<String>> {
    let mut found: Vec<String> = volume
        .list(folder)?
        .unwrap_or_default()
        .into_iter()
        .filter(|found| found.meta.kind == EntryKind::Folder)
        .filter_map(|found| found.name.ok())
        .collect();
    found.sort();
    Ok(found)
}

pub(crate) fn id_of(found: names::Entry) -> Option<ParcelId> {
    match found {
        names::Entry::Bag(id)
        | names::Entry::Header(id)
        | names::Entry::Part { id, .. }
        | names::Entry::HeaderPart { id, .. }
        | names::Entry::HeaderSignature(id)
        | names::Entry::HeaderSignaturePart { id, .. } => Some(id),
        _ => None,
    }
}
