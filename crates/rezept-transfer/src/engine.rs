//! What every turn of the engine works with: the journal, the volumes at hand, who this station is, and progress.

use std::collections::BTreeMap;
use std::fmt;

use rezept_journal::{Journal, ParcelFile, ParcelRow};
use rezept_parcel::vault::Vault;
use rezept_parcel::{
    BagPlan, Content, Digest, Facility, Header, Identity, ParcelId, PayloadFile, StationName, names,
};

use crate::content::bag_files;
use crate::error::{TransferError, TransferResult};
use crate::medium::MediaRules;
use crate::spool;
use crate::volume::{FailureKind, RelPath, Volume, VolumeResult};

/// The volumes at hand, each under its root as configuration and journal name it.
#[derive(Default)]
pub struct Volumes {
    by_root: BTreeMap<String, Box<dyn Volume>>,
}

impl fmt::Debug for Volumes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_root.keys()).finish()
    }
}

impl Volumes {
    /// Adds a volume under a root, in place of an earlier one.
    pub fn insert(&mut self, root: impl Into<String>, volume: Box<dyn Volume>) {
        self.by_root.insert(root.into(), volume);
    }

    /// Takes a volume away: the medium is gone.
    pub fn remove(&mut self, root: &str) {
        self.by_root.remove(root);
    }

    /// Whether there is a volume under this root.
    #[must_use]
    pub fn contains(&self, root: &str) -> bool {
        self.by_root.contains_key(root)
    }

    /// The volume under a root.
    ///
    /// # Errors
    /// `NotPresent`.
    pub fn get(&self, root: &str) -> TransferResult<&dyn Volume> {
        self.by_root
            .get(root)
            .map(|volume| &**volume)
            .ok_or_else(|| TransferError::NotPresent { root: root.to_owned() })
    }

    /// Every volume, in no particular order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &dyn Volume> {
        self.by_root.values().map(|volume| &**volume)
    }
}

/// How far long work has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// So many bytes of so many were written to the medium.
    Written {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// So many bytes of so many were read again.
    ReadBack {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// So many bytes of so many were copied from the medium.
    Received {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
}

/// One turn's tools. Whoever holds it holds the engine lock.
pub struct Engine<'a> {
    /// The journal.
    pub journal: &'a mut Journal,
    /// This station.
    pub me: StationName,
    /// The facility it works for.
    pub facility: Facility,
    /// The volumes at hand.
    pub volumes: &'a Volumes,
    /// Root of the archive among `volumes`.
    pub archive: String,
    /// Root of the spool among `volumes`: ciphertext only.
    pub spool: String,
    /// This station's private keys, once it has some.
    pub vault: Option<&'a Vault>,
    /// Sources stay in their folders after the acknowledgement (`after_ack = "keep"`).
    pub keep_sources: bool,
    /// Which media nothing is written to, and which one is expected where.
    pub media: MediaRules,
    /// Draws 16 random bytes for an id.
    pub random: &'a mut dyn FnMut() -> [u8; 16],
    /// Told how far long work has come.
    pub progress: &'a mut dyn FnMut(Progress),
}

impl fmt::Debug for Engine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("me", &self.me).field("volumes", &self.volumes).finish_non_exhaustive()
    }
}

/// A path that the journal or our own names give; it cannot fail unless there is a bug.
pub(crate) fn path(text: &str) -> TransferResult<RelPath> {
    RelPath::new(text).ok_or_else(|| TransferError::BadPath { path: text.to_owned() })
}

/// An entry of a folder; as [`path`].
pub(crate) fn entry(folder: &RelPath, name: &str) -> TransferResult<RelPath> {
    folder.join(name).ok_or_else(|| TransferError::BadPath { path: format!("{folder}/{name}") })
}

/// Makes every missing folder on the way to `folder`, and names the whole way: a folder that stands there already may have
/// been made by a run that was interrupted before it flushed.
pub(crate) fn make_folders(volume: &dyn Volume, folder: &RelPath) -> VolumeResult<Vec<RelPath>> {
    make_new_folders(volume, folder)?;
    Ok(way_to(folder))
}

/// As [`make_folders`], below a folder that this run made itself: names only those it made.
pub(crate) fn make_new_folders(volume: &dyn Volume, folder: &RelPath) -> VolumeResult<Vec<RelPath>> {
    let mut made = Vec::new();
    make_folder_and_way(volume, folder, &mut made)?;
    Ok(made)
}

/// A folder and every folder above it up to the root: each keeps the name of the one below.
pub(crate) fn way_to(folder: &RelPath) -> Vec<RelPath> {
    let above = |folder: &RelPath| (*folder != RelPath::ROOT).then(|| folder.parent());
    std::iter::successors(Some(folder.clone()), above).collect()
}

/// Looks at the way only when the folder cannot be made without: of thousands of folders most have their parent.
fn make_folder_and_way(volume: &dyn Volume, folder: &RelPath, made: &mut Vec<RelPath>) -> VolumeResult<()> {
    if *folder == RelPath::ROOT {
        return Ok(());
    }
    let result = match volume.make_folder(folder) {
        Err(error) if error.kind() == FailureKind::Missing && folder.parent() != RelPath::ROOT => {
            make_folder_and_way(volume, &folder.parent(), made)?;
            volume.make_folder(folder)
        }
        other => other,
    };
    match result {
        Ok(()) => made.push(folder.clone()),
        Err(error) if error.kind() == FailureKind::Exists => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Removes a folder and everything in it. Links are removed, never followed. Missing things are no failure.
pub(crate) fn remove_tree(volume: &dyn Volume, folder: &RelPath) -> VolumeResult<()> {
    use crate::volume::EntryKind;
    let gone = |result: VolumeResult<()>| match result {
        Err(error) if error.kind() == FailureKind::Missing => Ok(()),
        other => other,
    };
    for found in volume.list(folder)?.unwrap_or_default() {
        let Some(child) = found.name.ok().and_then(|name| folder.join(&name)) else { continue };
        if found.meta.kind == EntryKind::Folder {
            remove_tree(volume, &child)?;
        } else {
            gone(volume.remove_file(&child))?;
        }
    }
    gone(volume.remove_folder(folder))
}

/// Reads a small file whole, past the cache where the volume can, up to one byte over `limit`.
pub(crate) fn read_small(volume: &dyn Volume, file: &RelPath, limit: usize) -> VolumeResult<Vec<u8>> {
    use std::io::Read;
    let mut back = volume.read_back(std::slice::from_ref(file))?;
    let reader = back.open(file)?;
    // Room for what these files usually are: one look at the medium instead of many small ones.
    let mut bytes = Vec::with_capacity(limit.min(16 * 1024) + 1);
    reader.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|source| crate::volume::VolumeError {
        verb: crate::volume::Verb::Read,
        place: place(volume, file),
        source,
    })?;
    Ok(bytes)
}

/// A path as people see it.
pub(crate) fn place(volume: &dyn Volume, file: &RelPath) -> String {
    format!("{}/{file}", volume.root())
}

/// An outgoing or incoming parcel as the journal describes it, ready to work with.
pub(crate) struct Known {
    pub row: ParcelRow,
    pub id: ParcelId,
    /// The header on the medium; of a sealed parcel that is not sealed yet, the one inside.
    pub header: Header,
    /// The header inside a sealed parcel, once it is known.
    pub inner: Option<Header>,
    pub files: Vec<ParcelFile>,
}

impl Known {
    /// The bag, exactly as it was planned: every tag file follows from header and journal.
    pub(crate) fn plan(&self) -> TransferResult<BagPlan> {
        let files = self.files.iter().map(payload_file).collect::<TransferResult<Vec<_>>>()?;
        let h = self.plain();
        let facility =
            h.facility.clone().ok_or(TransferError::Stored { what: "a plain header without facility" })?;
        Ok(BagPlan::new(h.id, h.from.clone(), h.to.clone(), facility, h.created.clone(), files)?)
    }

    /// The header that describes the bag: that of a plain parcel, the one inside a sealed one.
    pub(crate) fn plain(&self) -> &Header {
        self.inner.as_ref().unwrap_or(&self.header)
    }

    /// What the medium holds of the parcel below `folder`, with sizes and digests: the bag, or the segments.
    pub(crate) fn content(&self, folder: &RelPath) -> TransferResult<Vec<(RelPath, u64, Digest)>> {
        match &self.header.content {
            Content::Sealed(envelope) => spool::segments(folder, envelope),
            Content::Bag(_) => bag_files(folder, &self.plan()?),
        }
    }

    /// `REZEPT/<to>/<from>` of this parcel.
    pub(crate) fn folder(&self) -> TransferResult<RelPath> {
        path(&names::parcel_dir(&self.header.to, &self.header.from))
    }
}

fn payload_file(file: &ParcelFile) -> TransferResult<PayloadFile> {
    let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let stored = |what| TransferError::Stored { what };
    Ok(PayloadFile {
        path: file.payload_path.parse().map_err(|_| stored("a payload path"))?,
        size: file.size_bytes,
        sha256: Digest(file.sha256),
        identity: Identity::new(
            &word(&file.kind),
            &word(&file.family),
            &word(&file.payer),
            &word(&file.month),
            &word(&file.volume),
        )
        .map_err(|_| stored("an identity"))?,
    })
}

impl<'a> Engine<'a> {
    /// A volume; the borrow is that of the volumes, not of the engine.
    pub(crate) fn volume(&self, root: &str) -> TransferResult<&'a dyn Volume> {
        self.volumes.get(root)
    }

    /// Loads a parcel whose header is well-formed: every one of ours, and every received one after FOUND.
    pub(crate) fn known(&self, row: i64) -> TransferResult<Known> {
        let row = self.journal.parcel(row)?;
        let header = Header::parse(&row.header)?;
        let id = row.id.parse().map_err(|_| TransferError::Stored { what: "a parcel id" })?;
        let inner = row.inner.as_deref().map(Header::parse).transpose()?;
        let files = self.journal.parcel_files(row.row)?;
        Ok(Known { row, id, header, inner, files })
    }
}
