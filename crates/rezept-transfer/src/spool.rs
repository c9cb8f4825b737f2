//! The spool: parcels are sealed from the kept copies of their contents into ciphertext on the local disk, and opened from a
//! copy of the ciphertext. The only plaintext here are the kept copies (`keep.rs`).

use rezept_codes::Code;
use std::io::{self, Read, Seek, SeekFrom, Write};

use rezept_journal::{Form, ParcelState, VerifyLevel};
use rezept_parcel::sealed::{SealError, Sealer};
use rezept_parcel::{
    AuditCheckpoint, Content, Digest, Envelope, Header, Recipient, SEGMENT_BYTES, Segment, names,
};

use crate::content::{Copies, Item, copy_items};
use crate::engine::{Engine, Known, Progress, entry, make_folders, path, place, remove_tree};
use crate::error::{TransferError, TransferResult};
use crate::lane::{BLOCK_BYTES, Lane, with_lane};
use crate::trust::Trust;
use crate::volume::{EntryKind, NewFile, ReadSeek, RelPath, Verb, Volume, VolumeError, VolumeResult};

/// Room that the local disk should keep besides the spool.
pub(crate) const SPARE_BYTES: u64 = 16 << 20;
/// What sealing adds, at most: names and sizes of each file twice, an authentication tag for each 64 KiB, and the rest.
const SEALED_MORE_A_FILE_BYTES: u64 = 1024;

/// Where the ciphertext of a parcel of ours lies.
pub(crate) fn out_folder(known: &Known) -> TransferResult<RelPath> {
    path(&known.id.to_string())
}

/// Where the copied ciphertext of a parcel for us lies.
pub(crate) fn in_folder(known: &Known) -> TransferResult<RelPath> {
    path(&format!("in-{}-{}", known.row.sender, known.id))
}

/// The segments of an envelope below a folder, with sizes and digests.
pub(crate) fn segments(folder: &RelPath, envelope: &Envelope) -> TransferResult<Vec<(RelPath, u64, Digest)>> {
    let numbered = envelope.segments().iter().enumerate();
    numbered
        .map(|(number, segment)| {
            Ok((entry(folder, &names::segment_name(number))?, segment.size, segment.sha256))
        })
        .collect()
}

/// Writes a stream as segments into a folder of a volume, hashing on a second thread.
struct SegmentWriter<'a, 'l> {
    volume: &'a dyn Volume,
    folder: &'a RelPath,
    lane: &'l mut Lane,
    file: Option<Box<dyn NewFile>>,
    in_file: u64,
    sizes: Vec<u64>,
    made: Vec<RelPath>,
    failure: Option<VolumeError>,
}

impl<'a, 'l> SegmentWriter<'a, 'l> {
    fn new(volume: &'a dyn Volume, folder: &'a RelPath, lane: &'l mut Lane) -> Self {
        Self {
            volume,
            folder,
            lane,
            file: None,
            in_file: 0,
            sizes: Vec::new(),
            made: Vec::new(),
            failure: None,
        }
    }

    /// Writes what is gathered. A segment is a whole number of blocks, so that none is cut within one.
    fn write_block(&mut self) -> VolumeResult<()> {
        if self.lane.at_hand().is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            let file =
                entry(self.folder, &names::segment_name(self.sizes.len())).map_err(|_| VolumeError {
                    verb: Verb::Create,
                    place: place(self.volume, self.folder),
                    source: io::ErrorKind::InvalidFilename.into(),
                })?;
            self.file = Some(self.volume.create_new(&file)?);
            self.made.push(file);
        }
        let data = self.lane.at_hand();
        if let Some(file) = &mut self.file {
            file.write_all(data).map_err(|source| VolumeError {
                verb: Verb::Write,
                place: place(self.volume, self.folder),
                source,
            })?;
        }
        self.in_file += data.len() as u64;
        if self.in_file >= SEGMENT_BYTES {
            self.end_segment()?;
        }
        self.lane.send();
        Ok(())
    }

    fn end_segment(&mut self) -> VolumeResult<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        self.sizes.push(std::mem::replace(&mut self.in_file, 0));
        self.lane.end_of_file();
        file.close().map_err(|source| VolumeError {
            verb: Verb::Write,
            place: place(self.volume, self.folder),
            source,
        })
    }

    /// Ends the last segment. The sizes of all, and what was made.
    fn finish(mut self) -> VolumeResult<(Vec<u64>, Vec<RelPath>)> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.write_block()?;
        self.end_segment()?;
        Ok((self.sizes, self.made))
    }

    /// A failure with its place; the stream above sees only that there was one.
    fn keep(&mut self, error: VolumeError) -> io::Error {
        let kind = error.source.kind();
        self.failure = Some(error);
        kind.into()
    }
}

impl Write for SegmentWriter<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = self.lane.take(rest);
            rest = rest.get(taken..).unwrap_or_default();
            if self.lane.at_hand().len() == BLOCK_BYTES {
                self.write_block().map_err(|error| self.keep(error))?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Segments on a volume, read as the one stream they were cut from.
pub(crate) struct SegmentReader<'a> {
    volume: &'a dyn Volume,
    /// Each with the place in the stream at which it begins.
    segments: Vec<(u64, RelPath)>,
    length: u64,
    position: u64,
    open: Option<Open>,
}

/// The segment at hand.
struct Open {
    number: usize,
    /// Where in the stream it is read next.
    position: u64,
    file: Box<dyn ReadSeek>,
}

impl<'a> SegmentReader<'a> {
    pub(crate) fn new(volume: &'a dyn Volume, files: &[(RelPath, u64, Digest)]) -> Self {
        let mut length = 0;
        let mut segments = Vec::with_capacity(files.len());
        for (file, size, _) in files {
            segments.push((length, file.clone()));
            length += size;
        }
        Self { volume, segments, length, position: 0, open: None }
    }
}

impl Read for SegmentReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.length || out.is_empty() {
            return Ok(0);
        }
        let number = self.segments.partition_point(|(begin, _)| *begin <= self.position).saturating_sub(1);
        let Some((begin, file)) = self.segments.get(number) else { return Ok(0) };
        let mut open = match self.open.take() {
            Some(open) if open.number == number => open,
            _ => {
                let file = self.volume.open_seek(file).map_err(|error| error.source)?;
                Open { number, position: *begin, file }
            }
        };
        if open.position != self.position {
            open.file.seek(SeekFrom::Start(self.position - begin))?;
            open.position = self.position;
        }
        let read = open.file.read(out)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += read as u64;
        open.position = self.position;
        self.open = Some(open);
        Ok(read)
    }
}

impl Seek for SegmentReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.position = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl<'a> Engine<'a> {
    /// The contents of a parcel of this station, each from its kept copy or its original, as what is to be copied.
    pub(crate) fn sources(&self, known: &Known) -> TransferResult<Vec<Item<'a>>> {
        let plan = known.plan()?;
        let mut items = Vec::with_capacity(known.files.len());
        for (file, planned) in known.files.iter().zip(plan.files()) {
            let id = file.file.ok_or(TransferError::Stored { what: "a parcel file without source" })?;
            let (source, source_path) = self.source_of(&self.journal.file(id)?)?;
            items.push(Item {
                source,
                source_path,
                target_path: path(planned.path.as_str())?,
                sha256: planned.sha256,
                size_bytes: planned.size,
            });
        }
        Ok(items)
    }
}

impl Engine<'_> {
    /// Whether what is to be written to the medium is ready: always for a plain parcel, for a sealed one when its
    /// ciphertext lies whole in the spool.
    pub(crate) fn is_ready(&self, known: &Known) -> TransferResult<bool> {
        if known.row.form == Form::Bag {
            return Ok(true);
        }
        let Content::Sealed(envelope) = &known.header.content else { return Ok(false) };
        let spool = self.volume(&self.spool)?;
        for (file, size, _) in segments(&out_folder(known)?, envelope)? {
            if spool.stat(&file)?.is_none_or(|meta| meta.kind != EntryKind::File || meta.size_bytes != size) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Seals a planned parcel into the spool, and journals its header with signature.
    pub(crate) fn seal(&mut self, known: &Known) -> TransferResult<()> {
        let row = known.row.row;
        if known.row.committed_at.is_some() {
            // Sealed anew it would be another parcel under the same id, and the first may have arrived.
            return self.hold(row, rezept_journal::Reason::new(Code::SpoolLost, ""));
        }
        let Trust::Paired(peer) = self.trust(&known.row.peer)? else {
            return Err(TransferError::NotPaired { peer: known.row.peer.clone() });
        };
        let spool = self.volume(&self.spool)?;
        let folder = out_folder(known)?;
        self.check_spool_room(spool, known)?;
        let inner = known.row.inner.clone().unwrap_or_else(|| known.row.header.clone());
        let to = self.recipients(&peer)?;
        remove_tree(spool, &folder)?;
        let detail = place(spool, &folder);
        let items = self.sources(known)?;
        let sealed = self.effect(row, "seal", &detail, |progress| {
            let mut made = make_folders(spool, &folder)?;
            let segments = seal_into(spool, &folder, known, &inner, &to, &items, &mut made, progress)?;
            spool.flush(&made)?;
            Ok(segments)
        });
        match sealed {
            Ok(segments) => self.journal_sealed(known, segments),
            Err(error) => {
                // Best effort: what stays is removed before the next attempt.
                let _ = remove_tree(spool, &folder);
                match error {
                    TransferError::SourceChanged { path } => Err(self.abandon(known, path)?),
                    error => Err(error),
                }
            }
        }
    }

    fn check_spool_room(&self, spool: &dyn Volume, known: &Known) -> TransferResult<()> {
        let plan = known.plan()?;
        let more = SEALED_MORE_A_FILE_BYTES * (known.files.len() as u64 + 8) + plan.total_bytes() / 1024;
        let needed_bytes = plan.total_bytes() + more + SPARE_BYTES;
        match spool.free_bytes()? {
            Some(free_bytes) if free_bytes < needed_bytes => {
                Err(TransferError::NoRoom { root: spool.root(), needed_bytes, free_bytes })
            }
            _ => Ok(()),
        }
    }

    fn journal_sealed(&mut self, known: &Known, segments: Vec<Segment>) -> TransferResult<()> {
        let planned = known.plain();
        let head = self.journal.checkpoint()?;
        let header = Header {
            id: planned.id,
            from: planned.from.clone(),
            to: planned.to.clone(),
            sequence: planned.sequence,
            created: planned.created.clone(),
            facility: None,
            content: Content::Sealed(
                Envelope::new(segments).map_err(|_| TransferError::Stored { what: "segments" })?,
            ),
            released: Vec::new(),
            decisions: Vec::new(),
            purposes: Vec::new(),
            previous: self.journal.last_header_to(&known.row.peer)?.map(Digest),
            opening_key: self.announced(),
            witness: self.witness_line(&known.row.peer, None)?,
            audit: AuditCheckpoint { sequence: head.seq, hash: Digest(head.hash) },
        }
        .to_bytes()?;
        let signature = self.sign(&header)?;
        Ok(self.journal.sealed(known.row.row, &header, &Digest::of(&header).0, &signature, head)?)
    }

    /// Copies the segments of a parcel into the spool, each proved by its digest in the signed header. `Err` inside says
    /// what is wrong with them.
    pub(crate) fn fetch(
        &mut self,
        known: &Known,
        envelope: &Envelope,
        medium: &dyn Volume,
    ) -> TransferResult<Result<VerifyLevel, String>> {
        let from = entry(&known.folder()?, &names::bag_name(known.id))?;
        if let Some(problem) = segment_problem(medium, &from, envelope)? {
            return Ok(Err(problem));
        }
        let spool = self.volume(&self.spool)?;
        let folder = in_folder(known)?;
        remove_tree(spool, &folder)?;
        let total: u64 = envelope.segments().iter().map(|segment| segment.size).sum();
        if let Some(free_bytes) = spool.free_bytes()?
            && free_bytes < total + SPARE_BYTES
        {
            let needed_bytes = total + SPARE_BYTES;
            return Err(TransferError::NoRoom { root: spool.root(), needed_bytes, free_bytes });
        }
        let mut items = Vec::with_capacity(envelope.segments().len());
        for ((source_path, size_bytes, sha256), (target_path, ..)) in
            segments(&from, envelope)?.into_iter().zip(segments(&folder, envelope)?)
        {
            items.push(Item { source: medium, source_path, target_path, sha256, size_bytes });
        }
        let copied = self.effect(known.row.row, "copy into spool", &spool.root(), |progress| {
            make_folders(spool, &folder)?;
            // Opened at once, and fetched again if that is interrupted: nothing of it must last.
            let mut report = |done, total| progress(Progress::Received { done, total });
            copy_items(spool, &items, Copies::Scratch, &mut report)
        });
        match copied {
            Ok(()) => Ok(Ok(VerifyLevel::L3)),
            Err(TransferError::SourceChanged { path }) => {
                remove_tree(spool, &folder)?;
                Ok(Err(format!("{path} differs from the header")))
            }
            Err(error) => {
                let _ = remove_tree(spool, &folder);
                Err(error)
            }
        }
    }

    /// Removes from the spool what no parcel needs any more. What the journal does not know is not touched. Best effort.
    pub(crate) fn sweep_spool(&self) -> TransferResult<()> {
        let Ok(spool) = self.volume(&self.spool) else { return Ok(()) };
        for found in spool.list(&RelPath::ROOT)?.unwrap_or_default() {
            let Ok(name) = found.name else { continue };
            let parcel = match name.strip_prefix("in-") {
                Some(rest) => match rest.rsplit_once('-') {
                    Some((sender, id)) => self.journal.parcel_by_id(sender, id)?,
                    None => None,
                },
                None => self.journal.parcel_by_id(self.me.as_str(), &name)?,
            };
            let needed = parcel.is_none_or(|parcel| match parcel.state {
                ParcelState::Archived | ParcelState::Cancelled => false,
                ParcelState::Found | ParcelState::Authentic => true,
                state => !name.starts_with("in-") && state != ParcelState::Acknowledged,
            });
            if !needed {
                let _ = remove_tree(spool, &entry(&RelPath::ROOT, &name)?);
            }
        }
        self.sweep_kept()
    }
}

/// Seals the sources as one stream cut into segments. Flushes nothing.
#[expect(clippy::too_many_arguments, reason = "each is another thing: where to, what, for whom, from where")]
fn seal_into(
    spool: &dyn Volume,
    folder: &RelPath,
    known: &Known,
    inner: &[u8],
    to: &[Recipient],
    items: &[Item<'_>],
    made: &mut Vec<RelPath>,
    progress: &mut dyn FnMut(Progress),
) -> TransferResult<Vec<Segment>> {
    let plan = known.plan()?;
    let total = plan.total_bytes();
    let ((sizes, files), digests) = with_lane(|cipher_lane| {
        let mut out = SegmentWriter::new(spool, folder, cipher_lane);
        let sealed = with_lane(|plain_lane| {
            let mut sealer = Sealer::begin(&mut out, &plan, inner, to)?;
            let mut done = 0;
            for (file, item) in plan.files().iter().zip(items) {
                let changed = || TransferError::SourceChanged { path: place(item.source, &item.source_path) };
                let before = item.source.stat(&item.source_path)?.ok_or_else(changed)?;
                if before.size_bytes != item.size_bytes {
                    return Err(changed());
                }
                let mut source = item.source.open(&item.source_path)?;
                let mut tee = plain_lane.reader(&mut source);
                let added = sealer.add(file, &mut tee);
                if let Some(source) = tee.failure() {
                    let place = place(item.source, &item.source_path);
                    return Err(VolumeError { verb: Verb::Read, place, source }.into());
                }
                tee.finish();
                match added {
                    Err(SealError::SizeDiffers { .. }) => return Err(changed()),
                    other => other?,
                }
                let after = item.source.stat(&item.source_path)?.ok_or_else(changed)?;
                if (after.size_bytes, after.modified_ns) != (before.size_bytes, before.modified_ns) {
                    return Err(changed());
                }
                done += item.size_bytes;
                progress(Progress::Written { done, total });
            }
            sealer.finish()?;
            Ok(())
        });
        match sealed {
            Ok(((), digests)) => {
                for (item, digest) in items.iter().zip(digests) {
                    if digest != item.sha256 {
                        let path = place(item.source, &item.source_path);
                        return Err(TransferError::SourceChanged { path });
                    }
                }
                Ok(out.finish()?)
            }
            Err(error) => match out.failure.take() {
                // The spool's own failure is the cause of what the stream above reports.
                Some(failure) => Err(failure.into()),
                None => Err(error),
            },
        }
    })?;
    made.extend(files);
    Ok(sizes.into_iter().zip(digests).map(|(size, sha256)| Segment { sha256, size }).collect())
}

/// Compares what stands in the folder of a sealed parcel with its header: nothing missing, nothing more, no links.
pub(crate) fn segment_problem(
    medium: &dyn Volume,
    folder: &RelPath,
    envelope: &Envelope,
) -> TransferResult<Option<String>> {
    let Some(listed) = medium.list(folder)? else { return Ok(Some("the content is missing".to_owned())) };
    let mut expected: std::collections::BTreeMap<String, u64> = envelope
        .segments()
        .iter()
        .enumerate()
        .map(|(number, segment)| (names::segment_name(number), segment.size))
        .collect();
    for found in listed {
        let Ok(name) = found.name else { return Ok(Some("an unreadable name".to_owned())) };
        match (found.meta.kind, expected.remove(&name)) {
            (EntryKind::File, Some(size)) if size == found.meta.size_bytes => {}
            (EntryKind::File, Some(_)) => return Ok(Some(format!("{name} has another size"))),
            _ => return Ok(Some("something stands in the parcel that does not belong there".to_owned())),
        }
    }
    Ok(expected.keys().next().map(|missing| format!("{missing} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_of_segments_reads_and_seeks_like_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let volume = crate::os::OsVolume::open(folder.path()).unwrap();
        let whole: Vec<u8> = (0..100u8).collect();
        let mut files = Vec::new();
        let mut begin = 0;
        for (number, size) in [10usize, 1, 50, 39].into_iter().enumerate() {
            let file = path(&names::segment_name(number)).unwrap();
            crate::content::write_small(&volume, &file, &whole[begin..begin + size]).unwrap();
            files.push((file, size as u64, Digest::of(b"")));
            begin += size;
        }
        let mut reader = SegmentReader::new(&volume, &files);
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all, whole);
        for at in 0..=100u64 {
            assert_eq!(reader.seek(SeekFrom::End(-(100 - i64::try_from(at).unwrap()))).unwrap(), at);
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, whole[usize::try_from(at).unwrap()..]);
        }
        assert!(reader.seek(SeekFrom::Current(-101)).is_err());
    }
}
