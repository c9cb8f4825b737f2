//! Listing a watched folder and those below it. What cannot be looked at is noted and stops nothing else.

use std::collections::HashSet;

use rezept_codes::Code;
use rezept_journal::{Reason, Stamp};
use rezept_transfer::volume::{Entry, EntryKind, FailureKind, RelPath, Volume, VolumeResult};

use crate::examine::stamp_of;
use crate::problem::Problem;
use crate::station::Station;

/// Folders deeper than this below a watched folder are not looked into: a loop would never end.
pub const DEPTH_LIMIT: usize = 16;
/// The alerts that a listing raises, and ends when their thing is gone.
const TOLD: [Code; 4] = [Code::LinkInIntake, Code::SubfolderUnreadable, Code::NameNotCarried, Code::TooDeep];

/// A file of a watched folder, as listed.
pub(crate) struct Listed {
    pub path: RelPath,
    pub name: String,
    pub stamp: Stamp,
}

/// What lies in a watched folder.
#[derive(Default)]
pub(crate) struct Listing {
    /// Files to look at.
    pub files: Vec<Listed>,
    /// Places of what nobody can look at, with the reason and its cause.
    unseen: Vec<(Code, String, String)>,
}

impl Listing {
    /// Lists a folder to its depth.
    ///
    /// # Errors
    /// When the volume is gone, or its root cannot be listed.
    pub(crate) fn of(volume: &dyn Volume) -> VolumeResult<Self> {
        let mut listing = Self::default();
        let entries = volume.list(&RelPath::ROOT)?.unwrap_or_default();
        listing.take(volume, &RelPath::ROOT, 0, entries)?;
        Ok(listing)
    }

    /// Whether a path lies below a folder that could not be listed.
    pub(crate) fn hides(&self, path: &str) -> bool {
        self.unseen.iter().any(|(code, folder, _)| {
            *code == Code::SubfolderUnreadable
                && path.strip_prefix(folder.as_str()).is_some_and(|below| below.starts_with('/'))
        })
    }

    fn take(
        &mut self,
        volume: &dyn Volume,
        folder: &RelPath,
        depth: usize,
        entries: Vec<Entry>,
    ) -> VolumeResult<()> {
        for Entry { name, meta } in entries {
            let path = name.as_ref().ok().and_then(|name| folder.join(name));
            let (Ok(name), Some(path)) = (&name, path) else {
                let name = name.unwrap_or_else(|shown| shown);
                let place =
                    if *folder == RelPath::ROOT { name } else { format!("{}/{name}", folder.as_str()) };
                self.unseen.push((Code::NameNotCarried, place, String::new()));
                continue;
            };
            match meta.kind {
                EntryKind::File => {
                    self.files.push(Listed { path, name: name.clone(), stamp: stamp_of(&meta) });
                }
                EntryKind::Folder if name == rezept_transfer::STAGING => {}
                EntryKind::Folder => self.enter(volume, &path, depth)?,
                EntryKind::LinkedFile | EntryKind::Other => {
                    self.unseen.push((Code::LinkInIntake, path.as_str().to_owned(), String::new()));
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, volume: &dyn Volume, path: &RelPath, depth: usize) -> VolumeResult<()> {
        match volume.list(path) {
            Ok(entries) if depth < DEPTH_LIMIT => {
                self.take(volume, path, depth + 1, entries.unwrap_or_default())
            }
            Ok(entries) => {
                if entries.is_some_and(|entries| !entries.is_empty()) {
                    self.unseen.push((Code::TooDeep, path.as_str().to_owned(), String::new()));
                }
                Ok(())
            }
            Err(error) => match error.kind() {
                FailureKind::Gone | FailureKind::Stopped => Err(error),
                FailureKind::Missing => Ok(()),
                FailureKind::Full | FailureKind::ReadOnly | FailureKind::Exists | FailureKind::Device => {
                    let cause = format!("{:?}", error.source.kind());
                    self.unseen.push((Code::SubfolderUnreadable, path.as_str().to_owned(), cause));
                    Ok(())
                }
            },
        }
    }
}

impl Station {
    /// Tells a person once of each thing that nobody can look at, and ends what is over. What a person settled stays so while
    /// this station runs.
    pub(crate) fn tell_of_unseen(&mut self, root: &str, listing: &Listing) -> Result<(), Problem> {
        let at = |place: &str| format!("{root}/{place}");
        let now: HashSet<(Code, String)> =
            listing.unseen.iter().map(|(code, place, _)| (*code, at(place))).collect();
        let below = format!("{root}/");
        for alert in self.journal.alerts()? {
            let Some(code) = alert.reason.code.known().filter(|code| TOLD.contains(code)) else { continue };
            let Some(place) = alert.place.strip_prefix(&below) else { continue };
            if !listing.hides(place) && !now.contains(&(code, alert.place.clone())) {
                self.journal.settle_alert(alert.id, "")?;
            }
        }
        self.unseen.retain(|told| {
            told.1.strip_prefix(&below).is_none_or(|place| listing.hides(place) || now.contains(told))
        });
        for (code, place, cause) in &listing.unseen {
            if self.unseen.insert((*code, at(place))) {
                self.journal.raise(&Reason::new(*code, cause), &at(place))?;
            }
        }
        Ok(())
    }
}
