//! What others left on a stick: programs, links and files that start programs raise an alert each. Nothing of it is touched,
//! and only the two upper levels are looked at: this is a warning, no scanner.

use rezept_codes::Code;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use rezept_journal::{Reason, Timestamp};
use rezept_transfer::volume::{Entry, EntryKind, RelPath, Volume};

use crate::config::MediumKind;
use crate::problem::Problem;
use crate::station::Station;

/// So many names are looked at; a stick for claims holds a handful.
const NAMES_LIMIT: usize = 4_000;

/// The note with which an alert is settled whose cause is no longer there.
const GONE: &str = "no longer on the medium";

/// Ends of names that Windows starts.
const STARTED: &[&str] = &["exe", "scr", "com", "pif", "bat", "cmd", "ps1", "vbs", "js", "lnk", "msi"];

/// How programs begin, and what they are.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"MZ", "MZ"),
    (b"\x7fELF", "ELF"),
    (b"\xfe\xed\xfa\xce", "Mach-O"),
    (b"\xfe\xed\xfa\xcf", "Mach-O"),
    (b"\xce\xfa\xed\xfe", "Mach-O"),
    (b"\xcf\xfa\xed\xfe", "Mach-O"),
    (b"\xca\xfe\xba\xbe", "Mach-O"),
    (b"#!", "#!"),
];

/// One thing to warn of: code and details.
type Found = BTreeMap<String, Reason>;

impl Station {
    /// Looks at the two upper levels of a stick, raises what is new and settles what is gone. Shares are not looked at: they
    /// hold other people's work.
    ///
    /// # Errors
    /// When the journal fails.
    pub(crate) fn look_for_foreign_files(&mut self, root: &str) -> Result<(), Problem> {
        if self.kind_of(root) == MediumKind::Share {
            return Ok(());
        }
        let Ok(volume) = self.volumes.get(root) else { return Ok(()) };
        let mut look =
            Look { volume, root, before: &self.media.looked, names: 0, now: Vec::new(), found: Found::new() };
        if look.folder(&RelPath::ROOT, true).is_err() {
            // A stick that does not answer: what is wrong with it is told by those who work on it.
            return Ok(());
        }
        let Look { now, found, .. } = look;
        self.media.looked.retain(|place, _| !Path::new(place).starts_with(root));
        self.media.looked.extend(now);
        for (place, reason) in &found {
            if !self.journal.waved_through(reason.code.as_str(), place, &reason.detail, GONE)? {
                self.journal.raise(reason, place)?;
            }
        }
        for alert in self.journal.alerts()? {
            let ours =
                [Code::ProgramOnMedium, Code::LinkOnMedium, Code::AutorunOnMedium, Code::CrowdedMedium]
                    .iter()
                    .any(|code| alert.reason.code == *code)
                    && Path::new(&alert.place).starts_with(root);
            let stays = found.get(&alert.place).is_some_and(|reason| reason.code == alert.reason.code);
            if ours && !stays {
                self.journal.settle(&alert.reason.code, &alert.place, GONE)?;
            }
        }
        Ok(())
    }
}

/// What was seen of a file when it was opened last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    size_bytes: u64,
    modified_ns: i128,
    /// What kind of program its beginning shows.
    begins: Option<&'static str>,
}

/// One look at a stick.
struct Look<'a> {
    volume: &'a dyn Volume,
    root: &'a str,
    before: &'a HashMap<String, Seen>,
    names: usize,
    now: Vec<(String, Seen)>,
    found: Found,
}

impl Look<'_> {
    fn folder(&mut self, folder: &RelPath, top: bool) -> rezept_transfer::volume::VolumeResult<()> {
        for entry in self.volume.list(folder)?.unwrap_or_default() {
            self.names += 1;
            if self.names > NAMES_LIMIT {
                let detail = format!("> {NAMES_LIMIT}");
                self.found.insert(self.root.to_owned(), Reason::new(Code::CrowdedMedium, detail));
                return Ok(());
            }
            let shown = match &entry.name {
                Ok(name) | Err(name) => name.as_str(),
            };
            let place = match folder.as_str() {
                "" => format!("{}/{shown}", self.root),
                folder => format!("{}/{folder}/{shown}", self.root),
            };
            if let Some(reason) = self.reason(folder, &entry, shown, &place) {
                self.found.insert(place, reason);
            } else if top
                && entry.meta.kind == EntryKind::Folder
                && let Some(below) = entry.name.ok().and_then(|name| folder.join(&name))
            {
                self.folder(&below, false)?;
            }
        }
        Ok(())
    }

    fn reason(&mut self, folder: &RelPath, entry: &Entry, shown: &str, place: &str) -> Option<Reason> {
        let (code, what) = match entry.meta.kind {
            EntryKind::Folder => return None,
            EntryKind::Other => (Code::LinkOnMedium, ""),
            EntryKind::File | EntryKind::LinkedFile if shown.eq_ignore_ascii_case("autorun.inf") => {
                (Code::AutorunOnMedium, "")
            }
            EntryKind::File | EntryKind::LinkedFile => {
                (Code::ProgramOnMedium, self.program(folder, entry, shown, place)?)
            }
        };
        // Part of what a person lets pass: another file of this name is another matter.
        let changed = Timestamp::from_nanosecond(entry.meta.modified_ns).unwrap_or_default();
        let detail = format!("{what} {} B {changed:.0}", entry.meta.size_bytes);
        Some(Reason::new(code, detail.trim_start()))
    }

    /// What kind of program a file is, by its beginning or its name. A file that did not change is not opened again.
    fn program(&mut self, folder: &RelPath, entry: &Entry, shown: &str, place: &str) -> Option<&'static str> {
        let (size_bytes, modified_ns) = (entry.meta.size_bytes, entry.meta.modified_ns);
        let before = self.before.get(place);
        let begins =
            match before.filter(|seen| (seen.size_bytes, seen.modified_ns) == (size_bytes, modified_ns)) {
                Some(seen) => seen.begins,
                None => {
                    let file = entry.name.as_ref().ok().and_then(|name| folder.join(name));
                    file.and_then(|file| self.beginning(&file))
                }
            };
        self.now.push((place.to_owned(), Seen { size_bytes, modified_ns, begins }));
        let end =
            shown.rsplit_once('.').map(|(_, end)| end.trim_end_matches([' ', '.']).to_ascii_lowercase());
        let by_name = || STARTED.iter().copied().find(|known| end.as_deref() == Some(known));
        begins.or_else(by_name)
    }

    /// What cannot be read tells nothing; its name still may.
    fn beginning(&self, file: &RelPath) -> Option<&'static str> {
        let mut head = Vec::new();
        self.volume.open(file).ok()?.take(4).read_to_end(&mut head).ok()?;
        BEGINNINGS.iter().find(|(bytes, _)| head.starts_with(bytes)).map(|(_, what)| *what)
    }
}
