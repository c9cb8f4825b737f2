//! From the medium into the inbox's staging folder: the bag is proved by its manifests before and while it is copied.
//! Nothing outside the staging folder is touched here.

use rezept_codes::Code;
use std::io::{BufReader, Read};

use rezept_journal::{ParcelChange, ParcelFile, ParcelState, Reason, VerifyLevel, Waits};
use rezept_parcel::sealed::{SealedStream, UnsealError, Unsealed};
use rezept_parcel::{
    Content, Digest, Envelope, Header, PayloadFile, ReceivedBag, ReceivedError, TagFiles, names, received,
};

use crate::codes;
use crate::content::{Copies, Item, compare_looking, copy_items};
use crate::engine::{Engine, Known, Progress, entry, make_folders, path, place, read_small, remove_tree};
use crate::error::{TransferError, TransferResult};
use crate::incoming::parcel_place;
use crate::intake::{Intake, SaidOf, Staged};
use crate::lane::{PassError, with_lane};
use crate::outgoing::folders;
use crate::recovery::Inside;
use crate::spool::{SegmentReader, in_folder, segments};
use crate::volume::{EntryKind, FailureKind, RelPath, Verb, Volume, VolumeError};

/// The staging folder of an inbox. Its name begins with a dot so that people and billing software leave it alone.
pub const STAGING: &str = ".rezept-staging";
/// Room that the inbox should keep besides what is delivered.
const SPARE_BYTES: u64 = 4 << 20;

/// Where a file of a parcel waits in its inbox.
pub(crate) fn staged_path(known: &Known, ordinal: u32) -> TransferResult<RelPath> {
    path(&format!("{STAGING}/{}-{}/{ordinal:05}", known.row.sender, known.id))
}

pub(crate) fn staging_folder(known: &Known) -> TransferResult<RelPath> {
    path(&format!("{STAGING}/{}-{}", known.row.sender, known.id))
}

impl Engine<'_> {
    pub(crate) fn look_in(&self, known: &Known, medium: Option<&dyn Volume>) -> TransferResult<Inside> {
        let mut staged = !known.files.is_empty();
        for file in known.files.iter().filter(|file| !file.delivered && file.waits != Waits::Refused) {
            let there = match file.inbox.as_deref() {
                Some(inbox) => {
                    let volume = self.volume(inbox)?;
                    let path = staged_path(known, file.ordinal)?;
                    volume.stat(&path)?.is_some_and(|meta| meta.size_bytes == file.size_bytes)
                }
                None => false,
            };
            staged &= there;
        }
        let mut goes = known.files.iter().filter(|file| file.waits == Waits::No);
        let planned = !known.files.is_empty() && goes.all(|file| file.destination.is_some());
        let (mut on_medium, mut ack_missing, mut ack_there) = (false, false, false);
        if let Some(volume) = medium {
            // Where it was found, not where its header would have it: that is what authentication compares.
            let folder = path(&format!("{}/{}/{}", names::ROOT, self.me, known.row.peer))?;
            let there = volume.stat(&entry(&folder, &names::header_name(known.id))?)?;
            on_medium = there.is_some_and(|meta| meta.kind == EntryKind::File);
            ack_missing = self.ack_is_missing(known, volume)?;
            ack_there = !ack_missing;
        }
        Ok(Inside { on_medium, staged, planned, ack_missing, ack_there })
    }

    /// Removes from staging what belongs to parcels that need it no more: a power cut may have undone its removal. What
    /// the journal does not know is not touched. Best effort: what stays is removed another time.
    pub(crate) fn sweep_staging(&self) -> TransferResult<()> {
        let staging = path(STAGING)?;
        for volume in self.volumes.all() {
            let Ok(Some(found)) = volume.list(&staging) else { continue };
            let mut left = false;
            for name in found.into_iter().map(|found| found.name.unwrap_or_default()) {
                let needed = match name.rsplit_once('-') {
                    Some((sender, id)) => {
                        self.journal.parcel_by_id(sender, id)?.is_none_or(|row| !row.state.is_past_staging())
                    }
                    None => true,
                };
                left |= needed || remove_tree(volume, &entry(&staging, &name)?).is_err();
            }
            if !left {
                let _ = volume.remove_folder(&staging);
            }
        }
        Ok(())
    }

    /// Removes what a held parcel left in staging: a person refused it, and claims must not lie about.
    ///
    /// # Errors
    /// When an inbox does not answer.
    pub fn clear_staging(&mut self, row: i64) -> TransferResult<()> {
        let known = self.known(row)?;
        for inbox in inboxes(&known.files) {
            remove_tree(self.volume(&inbox)?, &staging_folder(&known)?)?;
        }
        Ok(())
    }

    /// Copies a parcel into staging and proves every byte: COPIED. Damage: QUARANTINED.
    pub(crate) fn copy_in(
        &mut self,
        known: &Known,
        medium: &dyn Volume,
        intake: &mut dyn Intake,
    ) -> TransferResult<()> {
        match &known.header.content {
            Content::Bag(_) => {
                let bag = match self.read_bag(&known.header, medium)? {
                    Ok(bag) => bag,
                    Err(reason) => return self.quarantine(known.row.row, reason),
                };
                self.stage(known, bag.files(), Origin::Bag(medium), intake)
            }
            Content::Sealed(envelope) => self.copy_in_sealed(known, &envelope.clone(), medium, intake),
        }
    }

    /// Fetches the ciphertext, opens it, and stages what is inside.
    fn copy_in_sealed(
        &mut self,
        known: &Known,
        envelope: &Envelope,
        medium: &dyn Volume,
        intake: &mut dyn Intake,
    ) -> TransferResult<()> {
        let row = known.row.row;
        if let Err(detail) = self.fetch(known, envelope, medium)? {
            return self.quarantine(row, Reason::new(Code::ParcelDamaged, detail));
        }
        let spool = self.volume(&self.spool)?;
        let folder = in_folder(known)?;
        let stream = BufReader::with_capacity(
            CIPHER_BUFFER_BYTES,
            SegmentReader::new(spool, &segments(&folder, envelope)?),
        );
        let keys = self.opening_keys()?;
        let unsealed = match Unsealed::open(stream, &known.header, &keys) {
            Ok(unsealed) => unsealed,
            Err(UnsealError::Io(source)) => {
                return Err(VolumeError { verb: Verb::Read, place: place(spool, &folder), source }.into());
            }
            Err(error) => {
                // The segments are those that were signed: what is wrong now is wrong inside.
                let code = codes::of_sealed(&error);
                let detail = match code {
                    Code::NoKeyOpens => self.keys_tried()?,
                    Code::NewerParcel => format!("{error} ({BUILD})"),
                    _ => error.to_string(),
                };
                return self.quarantine(row, Reason::new(code, detail));
            }
        };
        if unsealed.header().facility.as_ref() != Some(&self.facility) {
            let facility = unsealed.header().facility.as_ref().map(ToString::to_string);
            return self.quarantine(row, Reason::new(Code::ForeignParcel, facility.unwrap_or_default()));
        }
        self.journal.opened(row, unsealed.header_bytes())?;
        let files = unsealed.bag().files().to_vec();
        self.stage(known, &files, Origin::Sealed { unsealed: Box::new(unsealed), spool, folder }, intake)
    }

    /// Copies every file into staging and proves it: COPIED. Damage: QUARANTINED.
    fn stage(
        &mut self,
        known: &Known,
        held: &[PayloadFile],
        mut from: Origin<'_>,
        intake: &mut dyn Intake,
    ) -> TransferResult<()> {
        let row = known.row.row;
        let mut files = Vec::with_capacity(held.len());
        for (ordinal, file) in (0u32..).zip(held) {
            let Some(inbox) = intake.inbox_for(file.identity.kind()) else {
                return self.hold(row, Reason::new(Code::NoInbox, file.identity.kind()));
            };
            files.push(parcel_file(ordinal, file, inbox));
        }
        let mut written = Vec::new();
        for inbox in inboxes(&files) {
            let volume = self.volume(&inbox)?;
            remove_tree(volume, &staging_folder(known)?)?;
            let of_inbox: Vec<&ParcelFile> =
                files.iter().filter(|file| file.inbox.as_deref() == Some(&inbox)).collect();
            match self.copy_to_inbox(known, &mut from, volume, &of_inbox) {
                Ok(made) => written.push((volume, of_inbox, made)),
                Err(TransferError::SourceChanged { path }) => {
                    remove_tree(volume, &staging_folder(known)?)?;
                    return self.quarantine(row, Reason::new(from.damage_code(), path));
                }
                Err(error) => {
                    // Best effort: what stays is removed before the next attempt.
                    let _ = remove_tree(volume, &staging_folder(known)?);
                    return Err(error);
                }
            }
        }
        from.finish();
        let mut level = VerifyLevel::L3;
        for (volume, of_inbox, made) in written {
            volume.flush(&made)?;
            match self.prove_staged(known, volume, &of_inbox, intake)? {
                Ok(proved) => level = level.min(proved),
                Err(file) => return Err(TransferError::ReadBackDiffers { place: place(volume, &file) }),
            }
        }
        let change = ParcelChange { verify_level: Some(level), ..ParcelChange::default() };
        Ok(self.journal.set_incoming_files(row, ParcelState::Copied, &files, &change)?)
    }

    /// Reads staged files again, and shows them to the intake on the way. `Err(path)` inside names one that differs.
    fn prove_staged(
        &self,
        known: &Known,
        inbox: &dyn Volume,
        files: &[&ParcelFile],
        intake: &mut dyn Intake,
    ) -> TransferResult<Result<VerifyLevel, RelPath>> {
        let staged: Vec<_> = files
            .iter()
            .map(|file| Ok((staged_path(known, file.ordinal)?, file.size_bytes, Digest(file.sha256))))
            .collect::<TransferResult<_>>()?;
        let mut look = |number: usize, from: &mut dyn Read| {
            if let (Some(file), Some((path, ..))) = (files.get(number), staged.get(number)) {
                intake.look(&Staged::new(inbox, path, file, &SaidOf::default()), from);
            }
        };
        compare_looking(inbox, &staged, Some(&mut look), &mut |_, _| {})
    }

    /// Writes files into staging. What was made, nothing of it flushed.
    fn copy_to_inbox(
        &mut self,
        known: &Known,
        from: &mut Origin<'_>,
        inbox: &dyn Volume,
        files: &[&ParcelFile],
    ) -> TransferResult<Vec<RelPath>> {
        let needed_bytes = files.iter().map(|file| file.size_bytes).sum::<u64>() + SPARE_BYTES;
        if let Some(free_bytes) = inbox.free_bytes()?
            && free_bytes < needed_bytes
        {
            return Err(TransferError::NoRoom { root: inbox.root(), needed_bytes, free_bytes });
        }
        let bag = entry(&known.folder()?, &names::bag_name(known.id))?;
        let folder = staging_folder(known)?;
        self.effect(known.row.row, "copy into staging", &inbox.root(), |progress| {
            let mut made = make_folders(inbox, &folder)?;
            let mut report = |done, total| progress(Progress::Received { done, total });
            match from {
                Origin::Bag(medium) => {
                    let mut items = Vec::with_capacity(files.len());
                    for file in files {
                        items.push(Item {
                            source: *medium,
                            source_path: path(&format!("{bag}/{}", file.payload_path))?,
                            target_path: staged_path(known, file.ordinal)?,
                            sha256: Digest(file.sha256),
                            size_bytes: file.size_bytes,
                        });
                    }
                    copy_items(inbox, &items, Copies::ToKeep, &mut report)?;
                }
                Origin::Sealed { unsealed, .. } => write_opened(inbox, known, unsealed, files, &mut report)?,
            }
            for file in files {
                made.push(staged_path(known, file.ordinal)?);
            }
            Ok(made)
        })
    }

    /// Reads what a bag says it holds, and proves that exactly this stands on the medium. The inner `Err` is the reason
    /// for setting it aside; a medium that fails is the outer one.
    pub(crate) fn read_bag(
        &self,
        header: &Header,
        medium: &dyn Volume,
    ) -> TransferResult<Result<ReceivedBag, Reason>> {
        let folder =
            entry(&path(&names::parcel_dir(&header.to, &header.from))?, &names::bag_name(header.id))?;
        let damaged = |detail: String| Ok(Err(Reason::new(Code::ParcelDamaged, detail)));
        let Some(listed) = medium.list(&folder)? else { return damaged("the content is missing".to_owned()) };
        for found in &listed {
            let ours = match (&found.name, found.meta.kind) {
                (Ok(name), EntryKind::Folder) => name == "data",
                (Ok(name), EntryKind::File) => received::is_tag_file(name),
                _ => false,
            };
            if !ours {
                return damaged("something stands in the parcel that does not belong there".to_owned());
            }
        }
        let read = |name: &str| -> TransferResult<Option<Vec<u8>>> {
            match read_small(medium, &entry(&folder, name)?, received::TAG_FILE_MAX_BYTES) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == FailureKind::Missing => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        let (Some(bagit), Some(bag_info), Some(manifest), Some(tagmanifest)) = (
            read("bagit.txt")?,
            read("bag-info.txt")?,
            read("manifest-sha256.txt")?,
            read("tagmanifest-sha256.txt")?,
        ) else {
            return damaged("a tag file is missing".to_owned());
        };
        let tags =
            TagFiles { bagit: &bagit, bag_info: &bag_info, manifest: &manifest, tagmanifest: &tagmanifest };
        let bag = match ReceivedBag::parse_with_header(tags, header) {
            Ok(bag) => bag,
            Err(ReceivedError::NewerVersion { found, .. }) => {
                return Ok(Err(Reason::new(Code::NewerParcel, found.to_string())));
            }
            Err(error) => return damaged(error.to_string()),
        };
        Ok(match payload_problem(medium, &folder, bag.files())? {
            None => Ok(bag),
            Some(detail) => Err(Reason::new(Code::ParcelDamaged, detail)),
        })
    }

    pub(crate) fn describe_place(&self, known: &Known, volume: &dyn Volume) -> String {
        parcel_place(known, volume).unwrap_or_default()
    }
}

/// Which program could not read a version: a later one looks again.
pub(crate) const BUILD: &str = concat!("rezept ", env!("CARGO_PKG_VERSION"));

/// What is read of the ciphertext at once: two chunks of an age stream.
const CIPHER_BUFFER_BYTES: usize = 128 * 1024;

/// A parcel opened from the spool.
type Opened<'v> = Unsealed<SealedStream<BufReader<SegmentReader<'v>>>>;

/// Where the files of a parcel come from.
enum Origin<'v> {
    /// From a bag on a medium.
    Bag(&'v dyn Volume),
    /// From its opened ciphertext, which lies in a folder of the spool.
    Sealed { unsealed: Box<Opened<'v>>, spool: &'v dyn Volume, folder: RelPath },
}

impl Origin<'_> {
    const fn damage_code(&self) -> Code {
        match self {
            Self::Bag(_) => Code::ParcelDamaged,
            Self::Sealed { .. } => Code::SealedContentBad,
        }
    }

    /// Everything was read. The ciphertext goes before anything is flushed, so that no disk need ever write it; a copy that
    /// stays is swept another time.
    fn finish(self) {
        if let Self::Sealed { unsealed, spool, folder } = self {
            drop(unsealed);
            let _ = remove_tree(spool, &folder);
        }
    }
}

/// Writes files out of an opened parcel as new files, hashing what comes out. Flushes nothing.
fn write_opened(
    inbox: &dyn Volume,
    known: &Known,
    unsealed: &mut Opened<'_>,
    files: &[&ParcelFile],
    report: &mut dyn FnMut(u64, u64),
) -> TransferResult<()> {
    let total = files.iter().map(|file| file.size_bytes).sum();
    let mut done = 0;
    let changed = |file: &ParcelFile| TransferError::SourceChanged { path: file.payload_path.clone() };
    let ((), digests) = with_lane(|lane| {
        for file in files {
            let at = staged_path(known, file.ordinal)?;
            let payload = file.payload_path.parse().map_err(|_| changed(file))?;
            let mut from = unsealed.file(&payload).map_err(|_| changed(file))?;
            let mut to = inbox.create_new(&at)?;
            let failed = |source| VolumeError { verb: Verb::Write, place: place(inbox, &at), source };
            let passed = lane.pass(&mut from, |data| {
                to.write_all(data)?;
                done += data.len() as u64;
                report(done, total);
                Ok(())
            });
            match passed {
                Ok(bytes) if bytes == file.size_bytes => {}
                // What does not decrypt to what the manifest names is damage, whichever way it shows.
                Ok(_) | Err(PassError::Read(_)) => return Err(changed(file)),
                Err(PassError::Write(source)) => return Err(failed(source).into()),
            }
            to.close().map_err(failed)?;
        }
        Ok::<_, TransferError>(())
    })?;
    match files.iter().zip(digests).find(|(file, digest)| digest.0 != file.sha256) {
        Some((file, _)) => Err(changed(file)),
        None => Ok(()),
    }
}

/// Compares what stands below `data` with the list: nothing missing, nothing more, sizes equal, no links.
fn payload_problem(
    medium: &dyn Volume,
    bag: &RelPath,
    files: &[PayloadFile],
) -> TransferResult<Option<String>> {
    let mut expected: std::collections::HashMap<&str, u64> =
        files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    let data = entry(bag, "data")?;
    let outer = medium.list(&data)?.unwrap_or_default();
    if outer.iter().any(|found| found.meta.kind != EntryKind::Folder || found.name.is_err()) {
        return Ok(Some("something stands in the parcel that does not belong there".to_owned()));
    }
    for folder in folders(medium, &data)? {
        for found in medium.list(&entry(&data, &folder)?)?.unwrap_or_default() {
            let Ok(name) = &found.name else { return Ok(Some("an unreadable name".to_owned())) };
            let payload_path = format!("data/{folder}/{name}");
            match (found.meta.kind, expected.remove(payload_path.as_str())) {
                (EntryKind::File, Some(size)) if size == found.meta.size_bytes => {}
                (EntryKind::File, Some(_)) => return Ok(Some(format!("{payload_path} has another size"))),
                _ => return Ok(Some(format!("{payload_path} does not belong there"))),
            }
        }
    }
    Ok(expected.keys().min().map(|missing| format!("{missing} is missing")))
}

fn parcel_file(ordinal: u32, file: &PayloadFile, inbox: String) -> ParcelFile {
    let word = |text: &str| (text != "-").then(|| text.to_owned());
    ParcelFile {
        ordinal,
        payload_path: file.path.as_str().to_owned(),
        sha256: file.sha256.0,
        size_bytes: file.size,
        kind: word(file.identity.kind()),
        family: word(file.identity.family()),
        payer: word(file.identity.payer()),
        month: word(file.identity.month()),
        volume: word(file.identity.volume()),
        inbox: Some(inbox),
        ..ParcelFile::default()
    }
}

/// The inboxes of a list of files, each once.
pub(crate) fn inboxes(files: &[ParcelFile]) -> std::collections::BTreeSet<String> {
    files.iter().filter_map(|file| file.inbox.clone()).collect()
}
