//! Reading a file once: what it is, and its hash. Nothing else here opens claim contents.

use rezept_claim::{
    ClaimPrint, Depth, FileFacts, Month, PrintKey, ReadError, SearchNo, scan, scan_with_prints,
};
use rezept_journal::{Content, Stamp};
use rezept_rules::{ContentQuestion, Described, RouteKind, Shown, content_reasons};
use rezept_transfer::read_hashed;
use rezept_transfer::volume::{EntryKind, Meta, RelPath, Verb, Volume, VolumeError};

/// A file, read once.
#[derive(Debug)]
pub struct Examined {
    /// What it says.
    pub facts: FileFacts,
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// Its stamp, the same before and after the reading.
    pub stamp: Stamp,
    /// A print of each claim, made under this station's key; none where it was read without one.
    pub prints: Prints,
}

/// Why a file could not be examined now.
#[derive(Debug)]
pub enum NotExamined {
    /// It changed while it was read, or is gone: look again later.
    Changed,
    /// It is a link, a folder or a device.
    NotAFile(EntryKind),
    /// The volume failed.
    Volume(VolumeError),
}

impl From<VolumeError> for NotExamined {
    fn from(error: VolumeError) -> Self {
        Self::Volume(error)
    }
}

/// The stamp of what was listed.
#[must_use]
pub const fn stamp_of(meta: &Meta) -> Stamp {
    Stamp { size_bytes: meta.size_bytes, modified_ns: meta.modified_ns, file_id: meta.file_id }
}

/// So many prints are kept together: a list that grows by doubling would hold twice as much for a moment.
const PRINTS_TOGETHER: usize = 4096;

/// A print as it is kept: its number follows from its place, and most claims answer no return.
struct Kept {
    request: [u8; 16],
    key: [u8; 16],
    service_month: Option<Month>,
    search_no: Option<Box<SearchNo>>,
}

/// Holds the prints of a file's claims, in the order of the file.
#[derive(Default)]
pub struct Prints(Vec<Vec<Kept>>);

impl std::fmt::Debug for Prints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Prints").field(&self.0.iter().map(Vec::len).sum::<usize>()).finish()
    }
}

impl Prints {
    fn push(&mut self, print: ClaimPrint) {
        let ClaimPrint { number: _, request, key, search_no, service_month } = print;
        let print = Kept { request, key, service_month, search_no: search_no.map(Box::new) };
        match self.0.last_mut().filter(|last| last.len() < PRINTS_TOGETHER) {
            Some(last) => last.push(print),
            None => {
                let mut next = Vec::with_capacity(PRINTS_TOGETHER);
                next.push(print);
                self.0.push(next);
            }
        }
    }

    /// Returns whether there is a claim, and every claim answers a return.
    #[must_use]
    pub fn all_answer(&self) -> bool {
        !self.0.is_empty() && self.0.iter().flatten().all(|print| print.search_no.is_some())
    }

    /// Takes the prints apart in their order; what was taken is freed on the way.
    pub fn into_each(self) -> impl Iterator<Item = ClaimPrint> {
        (1u64..).zip(self.0.into_iter().flatten()).map(|(number, kept)| ClaimPrint {
            number,
            request: kept.request,
            key: kept.key,
            search_no: kept.search_no.map(|number| *number),
            service_month: kept.service_month,
        })
    }
}

/// Scans a source, with prints of its claims where there is a key for them.
fn scan_all(from: &mut dyn std::io::Read, key: Option<&PrintKey>) -> Result<(FileFacts, Prints), ReadError> {
    let mut prints = Prints::default();
    let facts = match key {
        Some(key) => {
            scan_with_prints(from, Depth::Totals, &mut |_| {}, key, &mut |print| prints.push(print))?
        }
        None => scan(from, Depth::Totals, &mut |_| {})?,
    };
    Ok((facts, prints))
}

/// Reads a file to its end, totals and identity only, hashing it and printing its claims on the way.
///
/// # Errors
/// When it changed meanwhile, is no file, or cannot be read.
pub fn examine(volume: &dyn Volume, path: &RelPath, key: Option<&PrintKey>) -> Result<Examined, NotExamined> {
    let before = volume.stat(path)?.ok_or(NotExamined::Changed)?;
    if before.kind != EntryKind::File {
        return Err(NotExamined::NotAFile(before.kind));
    }
    let mut file = volume.open(path)?;
    let read = read_hashed(&mut *file, |from| scan_all(from, key));
    let ((facts, prints), digest, bytes) = read.map_err(|error: ReadError| {
        let place = format!("{}/{path}", volume.root());
        VolumeError { verb: Verb::Read, place, source: std::io::Error::other(error) }
    })?;
    let after = volume.stat(path)?.ok_or(NotExamined::Changed)?;
    if after != before || bytes != before.size_bytes {
        return Err(NotExamined::Changed);
    }
    Ok(Examined { facts, sha256: digest.0, stamp: stamp_of(&before), prints })
}

/// What a file says that was read while the engine proved it, and how it stood there then.
#[derive(Debug)]
pub struct Seen {
    facts: FileFacts,
    prints: Prints,
    meta: Meta,
}

/// Reads a file to its end, totals and identity only, from a reader that somebody else hashes. `None` if that cannot be done
/// now.
pub fn see(
    volume: &dyn Volume,
    path: &RelPath,
    from: &mut dyn std::io::Read,
    key: Option<&PrintKey>,
) -> Option<Seen> {
    let meta = volume.stat(path).ok()??;
    let (facts, prints) = scan_all(from, key).ok()?;
    Some(Seen { facts, prints, meta })
}

impl Seen {
    /// Takes the prints of the claims: they are noted once, and are too many to be held twice.
    pub fn take_prints(&mut self) -> Prints {
        std::mem::take(&mut self.prints)
    }

    /// The same as examining the file, whose hash is proved, if it stands there as it did; without prints.
    ///
    /// # Errors
    /// When the volume fails.
    pub fn still(
        &self,
        volume: &dyn Volume,
        path: &RelPath,
        sha256: [u8; 32],
    ) -> Result<Option<Examined>, VolumeError> {
        let same = volume.stat(path)?.is_some_and(|now| {
            // Not the file id: FUSE drivers may give one file another with every look.
            (now.kind, now.size_bytes, now.modified_ns)
                == (EntryKind::File, self.meta.size_bytes, self.meta.modified_ns)
        });
        let facts = self.facts.clone();
        Ok(same.then(|| Examined { facts, sha256, stamp: stamp_of(&self.meta), prints: Prints::default() }))
    }
}

impl Examined {
    /// What the content shows by itself.
    #[must_use]
    pub fn shown(&self, file_name: &str, own: &rezept_rules::FacilityKey, accept: &[RouteKind]) -> Shown {
        content_reasons(ContentQuestion { facts: &self.facts, file_name, own, accept })
    }

    /// What the journal stores of it.
    #[must_use]
    pub fn content(&self, described: Option<&Described>) -> Content {
        let mut content = Content {
            sha256: self.sha256,
            claims: Some(self.facts.claims),
            payers: Some(self.facts.payers),
            points: Some(self.facts.points),
            ..Content::default()
        };
        if let Some(d) = described {
            content.kind = Some(d.kind.word().to_owned());
            content.family = d.family.map(str::to_owned);
            content.payer = Some(d.payer.code().to_owned());
            content.month = Some(d.month.to_string());
            content.volume.clone_from(&d.volume);
            content.identity = Some(d.identity.clone());
            content.official_name = Some(d.official_name.clone());
        }
        content
    }
}

/// The kind that the beginning of a file shows; `None` if it is nothing known or cannot be read.
#[must_use]
pub fn kind_of(volume: &dyn Volume, path: &RelPath) -> Option<RouteKind> {
    use std::io::Read;
    let start = volume.open(path).ok()?.take(64 << 10);
    let facts = scan(start, Depth::Totals, &mut |_| {}).ok()?;
    match facts.kind {
        rezept_claim::Kind::Claim => Some(RouteKind::Claim),
        rezept_claim::Kind::Return => Some(RouteKind::Return),
        rezept_claim::Kind::Notice => Some(RouteKind::Notice),
        rezept_claim::Kind::Unknown => None,
    }
}
