//! The content of a bag on a volume: written in one pass of the sources, flushed once, read again past the cache.

use std::io::Read;

use rezept_journal::VerifyLevel;
use rezept_parcel::{BagPlan, Digest};

use crate::ahead::read_ahead;
use crate::engine::{Progress, entry, make_folders, make_new_folders, path, place};
use crate::error::{TransferError, TransferResult};
use crate::lane::{Lane, PassError, with_lane};
use crate::volume::{RelPath, Verb, Volume, VolumeError};

/// After so many bytes the platform is asked to begin writing: a slow medium then works while we still read.
const FLUSH_HINT_BYTES: u64 = 64 << 20;

/// One payload file to be written: where its bytes come from, where they go, what they must be.
pub(crate) struct Item<'a> {
    pub source: &'a dyn Volume,
    pub source_path: RelPath,
    pub target_path: RelPath,
    pub sha256: Digest,
    pub size_bytes: u64,
}

/// What a pass over some files failed with.
enum CopyError {
    Transfer(TransferError),
    Changed(String),
}

impl<E: Into<TransferError>> From<E> for CopyError {
    fn from(error: E) -> Self {
        Self::Transfer(error.into())
    }
}

/// What becomes of the files of a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copies {
    /// They will be flushed.
    ToKeep,
    /// They are read soon, and removed.
    Scratch,
}

/// Copies files to a volume as new files, hashing what is read. Flushes nothing.
///
/// # Errors
/// `SourceChanged` when a source is not what was planned; the caller removes what was written.
pub(crate) fn copy_items(
    target: &dyn Volume,
    items: &[Item<'_>],
    copies: Copies,
    report: &mut dyn FnMut(u64, u64),
) -> TransferResult<()> {
    copy_each(target, items, copies, &mut |_| Ok(()), report)
}

/// As [`copy_items`], with something to be done right before each file is made.
fn copy_each(
    target: &dyn Volume,
    items: &[Item<'_>],
    copies: Copies,
    prepare: &mut dyn FnMut(&Item<'_>) -> Result<(), VolumeError>,
    report: &mut dyn FnMut(u64, u64),
) -> TransferResult<()> {
    let total = items.iter().map(|item| item.size_bytes).sum();
    let mut done = 0;
    let mut hinted = 0;
    let copied = with_lane(|lane| {
        for item in items {
            prepare(item)?;
            copy_one(lane, target, item, copies, &mut |bytes| {
                done += bytes;
                report(done, total);
                if copies == Copies::ToKeep && done - hinted >= FLUSH_HINT_BYTES {
                    hinted = done;
                    target.start_flush();
                }
            })?;
        }
        Ok(())
    });
    let digests = match copied {
        Ok(((), digests)) => digests,
        Err(CopyError::Transfer(error)) => return Err(error),
        Err(CopyError::Changed(path)) => return Err(TransferError::SourceChanged { path }),
    };
    for (item, digest) in items.iter().zip(digests) {
        if digest != item.sha256 {
            return Err(TransferError::SourceChanged { path: place(item.source, &item.source_path) });
        }
    }
    Ok(())
}

fn copy_one(
    lane: &mut Lane,
    target: &dyn Volume,
    item: &Item<'_>,
    copies: Copies,
    written: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let changed = || CopyError::Changed(place(item.source, &item.source_path));
    let before = item.source.stat(&item.source_path)?.ok_or_else(changed)?;
    if before.size_bytes != item.size_bytes {
        return Err(changed());
    }
    let mut from = item.source.open(&item.source_path)?;
    let mut to = match copies {
        Copies::ToKeep => target.create_new(&item.target_path)?,
        Copies::Scratch => target.create_scratch(&item.target_path)?,
    };
    // A source that grows while it is read must not fill the medium.
    let mut limited = (&mut from).take(item.size_bytes + 1);
    let mut pass = |from: &mut dyn Read| {
        lane.pass(from, |data| {
            to.write_all(data)?;
            written(data.len() as u64);
            Ok(())
        })
    };
    let passed = match copies {
        Copies::ToKeep => pass(&mut limited),
        // Writing into the cache takes this thread's time, which a medium that is read must not wait for.
        Copies::Scratch => read_ahead(&mut limited, item.size_bytes, pass),
    };
    let bytes = passed.map_err(|error| match error {
        PassError::Read(source) => {
            VolumeError { verb: Verb::Read, place: place(item.source, &item.source_path), source }
        }
        PassError::Write(source) => {
            VolumeError { verb: Verb::Write, place: place(target, &item.target_path), source }
        }
    })?;
    to.close().map_err(|source| VolumeError {
        verb: Verb::Write,
        place: place(target, &item.target_path),
        source,
    })?;
    let after = item.source.stat(&item.source_path)?.ok_or_else(changed)?;
    // Not the file id: FUSE drivers may give one file another with every look.
    if bytes != item.size_bytes
        || (after.size_bytes, after.modified_ns) != (before.size_bytes, before.modified_ns)
    {
        return Err(changed());
    }
    Ok(())
}

/// Writes a small new file whole. Flushes nothing.
pub(crate) fn write_small(target: &dyn Volume, file: &RelPath, bytes: &[u8]) -> Result<(), VolumeError> {
    let failed = |source| VolumeError { verb: Verb::Write, place: place(target, file), source };
    let mut to = target.create_new(file)?;
    to.write_all(bytes).map_err(failed)?;
    to.close().map_err(failed)
}

/// Writes files, and the tag files beside them, below `folder`, which must not exist, and flushes all of it. The targets of
/// `items` are paths below `folder`.
pub(crate) fn write_content(
    target: &dyn Volume,
    folder: &RelPath,
    mut items: Vec<Item<'_>>,
    tags: &[(&'static str, Vec<u8>)],
    progress: &mut dyn FnMut(Progress),
) -> TransferResult<()> {
    let mut made = make_folders(target, folder)?;
    for item in &mut items {
        item.target_path = path(&format!("{folder}/{}", item.target_path))?;
    }
    // Each folder is made with its file, not all of them first: a flush in between would write both a second time.
    let mut prepare = |item: &Item<'_>| {
        made.extend(make_new_folders(target, &item.target_path.parent())?);
        made.push(item.target_path.clone());
        Ok(())
    };
    let mut report = |done, total| progress(Progress::Written { done, total });
    copy_each(target, &items, Copies::ToKeep, &mut prepare, &mut report)?;
    for (name, bytes) in tags {
        let file = entry(folder, name)?;
        write_small(target, &file, bytes)?;
        made.push(file);
    }
    target.flush(&made)?;
    Ok(())
}

/// Reads files again and compares; says how far down the reading looked. `Err(path)` inside names the first file that
/// differs.
pub(crate) fn compare(
    volume: &dyn Volume,
    files: &[(RelPath, u64, Digest)],
    report: &mut dyn FnMut(u64, u64),
) -> TransferResult<Result<VerifyLevel, RelPath>> {
    compare_looking(volume, files, None, report)
}

/// Is shown the files of a comparison, each by its number.
pub(crate) type Look<'a> = &'a mut dyn FnMut(usize, &mut dyn Read);

/// As [`compare`]. On the way each file, by its number, is shown to `look`, which may read as much of it as it likes, and
/// must not believe it before the comparison has succeeded.
pub(crate) fn compare_looking(
    volume: &dyn Volume,
    files: &[(RelPath, u64, Digest)],
    mut look: Option<Look<'_>>,
    report: &mut dyn FnMut(u64, u64),
) -> TransferResult<Result<VerifyLevel, RelPath>> {
    let total = files.iter().map(|(_, size, _)| *size).sum();
    let paths: Vec<RelPath> = files.iter().map(|(path, _, _)| path.clone()).collect();
    let mut back = volume.read_back(&paths)?;
    let mut done = 0u64;
    let read = with_lane(|lane| {
        let mut sizes = Vec::with_capacity(files.len());
        for (number, (file, size, _)) in files.iter().enumerate() {
            let mut from = back.open(file)?.take(*size + 1);
            let mut looked = 0;
            let mut pass = |lane: &mut Lane, from: &mut dyn Read| {
                lane.pass(from, |data| {
                    done += data.len() as u64;
                    report(done, total);
                    Ok(())
                })
            };
            let passed = match &mut look {
                None => pass(lane, &mut from),
                Some(look) => read_ahead(&mut from, *size, |mut from| {
                    let mut tee = lane.reader(&mut from);
                    look(number, &mut tee);
                    looked = tee.read_so_far();
                    tee.failure().map_or_else(|| pass(lane, from), |error| Err(PassError::Read(error)))
                }),
            };
            let bytes = passed.map_err(|error| {
                let (PassError::Read(source) | PassError::Write(source)) = error;
                VolumeError { verb: Verb::Read, place: place(volume, file), source }
            })?;
            done += looked;
            sizes.push(looked + bytes);
        }
        Ok::<_, VolumeError>(sizes)
    })?;
    let level = back.finish(done);
    let (sizes, digests) = read;
    for (((file, size, sha256), bytes), digest) in files.iter().zip(sizes).zip(digests) {
        if bytes != *size || digest != *sha256 {
            return Ok(Err(file.clone()));
        }
    }
    Ok(Ok(level))
}

/// Every file of a bag below `folder`, tag files included, with size and digest as planned.
pub(crate) fn bag_files(folder: &RelPath, plan: &BagPlan) -> TransferResult<Vec<(RelPath, u64, Digest)>> {
    let mut files = Vec::new();
    for file in plan.files() {
        files.push((path(&format!("{folder}/{}", file.path.as_str()))?, file.size, file.sha256));
    }
    for (name, bytes) in plan.tag_files() {
        files.push((entry(folder, name)?, bytes.len() as u64, Digest::of(&bytes)));
    }
    Ok(files)
}
