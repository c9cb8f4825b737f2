//! The id file of a medium, and the media that nothing may be written to. Whether a medium may be used is decided by the
//! service; here it is only obeyed.

use std::collections::{BTreeMap, BTreeSet};

use rezept_parcel::MediumId;
use rezept_parcel::medium_id::{MEDIUM_ID_MAX_BYTES, MEDIUM_ID_PART_NAME, medium_id_path};
use rezept_parcel::names;

use crate::content::write_small;
use crate::engine::{Engine, entry, make_folders, path, read_small};
use crate::error::{TransferError, TransferResult};
use crate::volume::{EntryKind, FailureKind, Volume};

/// What a medium says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MediumMark {
    /// It has no id file.
    None,
    /// Its id.
    Id(MediumId),
    /// Something stands there that is no id file; why.
    Unreadable(String),
}

/// What holds for the media of one turn. Without entries everything is allowed.
#[derive(Clone, Default, Debug)]
pub struct MediaRules {
    refused: BTreeSet<String>,
    registered: BTreeMap<String, (MediumId, i64)>,
}

impl MediaRules {
    /// Nothing is written to this medium: neither a parcel nor an acknowledgement.
    pub fn refuse(&mut self, root: impl Into<String>) {
        self.refused.insert(root.into());
    }

    /// What is written to this root belongs to the medium with this id and this row of the journal: another one in its
    /// place is left alone.
    pub fn expect(&mut self, root: impl Into<String>, id: MediumId, row: i64) {
        self.registered.insert(root.into(), (id, row));
    }

    /// What was said of this root does not hold any more.
    pub fn forget(&mut self, root: &str) {
        self.refused.remove(root);
        self.registered.remove(root);
    }

    /// The row and id of the registered medium at this root.
    #[must_use]
    pub fn registered(&self, root: &str) -> Option<(MediumId, i64)> {
        self.registered.get(root).copied()
    }

    /// Whether nothing is written to this medium.
    #[must_use]
    pub fn refuses(&self, root: &str) -> bool {
        self.refused.contains(root)
    }
}

impl Engine<'_> {
    /// Whether something may be written to this medium. Asked before content, header and acknowledgement: a stick can be
    /// swapped while a large file is being written.
    pub(crate) fn may_write(&self, root: &str, volume: &dyn Volume) -> TransferResult<bool> {
        if self.media.refuses(root) {
            return Ok(false);
        }
        match self.media.registered(root) {
            Some((id, _)) if read_medium_mark(volume)? != MediumMark::Id(id) => {
                Err(TransferError::MediumSwapped { root: volume.root() })
            }
            _ => Ok(true),
        }
    }

    /// Journals that a parcel is about to stand on a medium, if that is a registered one. Before the first byte: a medium
    /// that is lost in the next second is known to hold it.
    pub(crate) fn note_medium(&mut self, parcel: i64, root: &str) -> TransferResult<()> {
        match self.media.registered(root) {
            Some((_, medium)) => Ok(self.journal.parcel_goes_on_medium(parcel, medium)?),
            None => Ok(()),
        }
    }
}

/// Reads the id file of a medium.
///
/// # Errors
/// When the medium does not answer.
pub fn read_medium_mark(volume: &dyn Volume) -> TransferResult<MediumMark> {
    let file = path(&medium_id_path())?;
    match volume.stat(&file)? {
        None => return Ok(MediumMark::None),
        Some(meta) if meta.kind == EntryKind::File => {}
        Some(_) => return Ok(MediumMark::Unreadable("not a file".to_owned())),
    }
    let bytes = match read_small(volume, &file, MEDIUM_ID_MAX_BYTES) {
        Err(error) if error.kind() == FailureKind::Missing => return Ok(MediumMark::None),
        read => read?,
    };
    Ok(MediumId::parse(&bytes).map_or_else(|error| MediumMark::Unreadable(error.to_string()), MediumMark::Id))
}

/// Writes the id file of a medium that has none, by the write rules, and reads it back.
///
/// # Errors
/// When it has one already (`Exists`), cannot be written, or reads back as something else.
pub fn write_medium_id(volume: &dyn Volume, id: MediumId) -> TransferResult<()> {
    let folder = path(names::ROOT)?;
    let file = path(&medium_id_path())?;
    let part = entry(&folder, MEDIUM_ID_PART_NAME)?;
    let mut made = make_folders(volume, &folder)?;
    // Left over from a run that was interrupted.
    match volume.remove_file(&part) {
        Err(error) if error.kind() != FailureKind::Missing => return Err(error.into()),
        _ => {}
    }
    write_small(volume, &part, &id.to_bytes()?)?;
    made.push(part.clone());
    volume.flush(&made)?;
    volume.rename_new(&part, &file)?;
    volume.flush_folder(&folder)?;
    if read_medium_mark(volume)? == MediumMark::Id(id) {
        Ok(())
    } else {
        Err(TransferError::ReadBackDiffers { place: crate::engine::place(volume, &file) })
    }
}

/// The parcels of which something stands on a medium: sender and id of each, headers, contents and unfinished ones alike.
///
/// # Errors
/// When the medium cannot be listed.
pub fn parcels_on(volume: &dyn Volume) -> TransferResult<BTreeSet<(String, String)>> {
    let mut found = BTreeSet::new();
    let top = path(names::ROOT)?;
    for to in crate::outgoing::folders(volume, &top)? {
        let of_receiver = entry(&top, &to)?;
        for sender in crate::outgoing::folders(volume, &of_receiver)? {
            for thing in volume.list(&entry(&of_receiver, &sender)?)?.unwrap_or_default() {
                let Ok(name) = thing.name else { continue };
                if let Some(id) = crate::outgoing::id_of(names::parse_entry(&name)) {
                    found.insert((sender.clone(), id.to_string()));
                }
            }
        }
    }
    Ok(found)
}
