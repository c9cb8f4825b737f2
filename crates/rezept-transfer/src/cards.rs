//! Pairing cards on a medium: putting one there by the write rules, and finding those that stand there. What a card says
//! and whether a person believes it is not decided here.

use rezept_parcel::StationName;
use rezept_parcel::names;
use rezept_parcel::pairing::CARD_MAX_BYTES;

use crate::content::write_small;
use crate::engine::{entry, make_folders, path, place, read_small};
use crate::error::{TransferError, TransferResult};
use crate::volume::{EntryKind, FailureKind, RelPath, Volume};

/// So many cards are looked at: a clinic has a few stations, and a medium that is full of cards is not one of ours.
const MAX_CARDS: usize = 64;

/// A file that is called like a card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundCard {
    /// The station that its name names.
    pub station: StationName,
    /// Where it stands, for people.
    pub place: String,
    /// Its bytes; of one that is too long, more than a card may have.
    pub bytes: Vec<u8>,
}

/// Puts a card on a medium and removes the earlier ones of this station, once the new one stands. Returns where it is.
///
/// # Errors
/// When the medium cannot be written to, something else has the card's name, or it reads back as something else.
pub fn put_card(
    volume: &dyn Volume,
    station: &StationName,
    name: &str,
    bytes: &[u8],
) -> TransferResult<String> {
    let folder = path(names::ROOT)?;
    let file = entry(&folder, name)?;
    let mut made = make_folders(volume, &folder)?;
    if read_card(volume, &file)?.as_deref() != Some(bytes) {
        // The first name that no interrupted run left behind.
        let (_, tag) =
            names::parse_card(name).ok_or_else(|| TransferError::BadPath { path: name.to_owned() })?;
        let mut attempt = 1;
        let mut part = entry(&folder, &names::card_part_name(station, tag, attempt))?;
        while volume.stat(&part)?.is_some() {
            attempt += 1;
            part = entry(&folder, &names::card_part_name(station, tag, attempt))?;
        }
        write_small(volume, &part, bytes)?;
        made.push(part.clone());
        volume.flush(&made)?;
        volume.rename_new(&part, &file)?;
        volume.flush_folder(&folder)?;
        if read_card(volume, &file)?.as_deref() != Some(bytes) {
            return Err(TransferError::ReadBackDiffers { place: place(volume, &file) });
        }
    }
    sweep(volume, station, name)?;
    Ok(place(volume, &file))
}

/// Removes the earlier cards of a station, and what interrupted runs of it left.
fn sweep(volume: &dyn Volume, station: &StationName, keep: &str) -> TransferResult<()> {
    let folder = path(names::ROOT)?;
    let mut removed = false;
    for found in volume.list(&folder)?.unwrap_or_default() {
        let Ok(name) = found.name else { continue };
        let whole = name.split_once(".card").map(|(head, _)| format!("{head}.card"));
        let ours = whole.and_then(|card| names::parse_card(&card)).is_some_and(|(of, _)| of == *station);
        let part = name.ends_with(".part");
        if ours && name != keep && found.meta.kind == EntryKind::File && (part || name.ends_with(".card")) {
            match volume.remove_file(&entry(&folder, &name)?) {
                Err(error) if error.kind() != FailureKind::Missing => return Err(error.into()),
                _ => removed = true,
            }
        }
    }
    if removed {
        volume.flush_folder(&folder)?;
    }
    Ok(())
}

/// Every card on a medium, by name.
///
/// # Errors
/// When the medium cannot be read.
pub fn cards_on(volume: &dyn Volume) -> TransferResult<Vec<FoundCard>> {
    let folder = path(names::ROOT)?;
    let mut entries = volume.list(&folder)?.unwrap_or_default();
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    let mut found = Vec::new();
    for item in entries {
        let Ok(name) = item.name else { continue };
        let Some((station, _)) = names::parse_card(&name) else { continue };
        let file = entry(&folder, &name)?;
        if item.meta.kind != EntryKind::File || found.len() == MAX_CARDS {
            continue;
        }
        if let Some(bytes) = read_card(volume, &file)? {
            found.push(FoundCard { station, place: place(volume, &file), bytes });
        }
    }
    Ok(found)
}

fn read_card(volume: &dyn Volume, file: &RelPath) -> TransferResult<Option<Vec<u8>>> {
    if volume.stat(file)?.is_none() {
        return Ok(None);
    }
    match read_small(volume, file, CARD_MAX_BYTES) {
        Err(error) if error.kind() == FailureKind::Missing => Ok(None),
        read => Ok(Some(read?)),
    }
}
