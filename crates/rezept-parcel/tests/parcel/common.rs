//! What the tests share: an invented parcel, a bag in memory, and the way to the handed-out material.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rezept_parcel::header::Release;
use rezept_parcel::verify::{BagSource, DirSource, EntryKind, SourceEntry};
use rezept_parcel::{
    Ack, AckedFile, AuditCheckpoint, BagPlan, Content, Digest, Envelope, Facility, Header, Identity,
    ParcelId, PayerFolder, PayloadFile, PayloadPath, SEGMENT_BYTES, Segment,
};

/// Two payload files with the same official name, and an empty one.
pub fn payload() -> Vec<(PayloadPath, &'static [u8])> {
    let path = |payer, number, name| PayloadPath::new(2026, 4, payer, number, name).unwrap();
    vec![
        (path(PayerFolder::Shaho, 1, "RECEIPTC.UKE"), b"IR,1,13,1,9999015\r\n\x1A".as_slice()),
        (path(PayerFolder::Kokuho, 1, "RECEIPTC.UKE"), b"IR,2,13,1,9999015\r\n\x1A".as_slice()),
        (path(PayerFolder::Kokuho, 2, "RECEIPTC(2).UKE"), b"".as_slice()),
    ]
}

pub fn plan() -> BagPlan {
    let files = payload().into_iter().map(|(path, bytes)| PayloadFile {
        identity: Identity::new("claim", "ika", "1", "2026-04", "00").unwrap(),
        size: bytes.len() as u64,
        sha256: Digest::of(bytes),
        path,
    });
    BagPlan::new(
        ParcelId::from_random([0xAB; 16]),
        "recekon-1".parse().unwrap(),
        "terminal-1".parse().unwrap(),
        Facility::new("13", "1", "9999015").unwrap(),
        "2026-05-01T09:30:00+09:00".parse().unwrap(),
        files.collect(),
    )
    .unwrap()
}

pub fn header() -> Header {
    let plan = plan();
    Header {
        id: plan.id(),
        from: plan.from().clone(),
        to: plan.to().clone(),
        sequence: 17,
        created: plan.created().clone(),
        facility: Some(plan.facility().clone()),
        content: Content::Bag(plan.summary()),
        released: vec![Release { code: "RZ-G004".parse().unwrap(), path: plan.files()[0].path.clone() }],
        decisions: Vec::new(),
        purposes: Vec::new(),
        audit: AuditCheckpoint { sequence: 4711, hash: Digest([7; 32]) },
        previous: None,
        opening_key: None,
        witness: None,
    }
}

/// The header of the same parcel, sealed, with every optional line.
pub fn sealed_header() -> Header {
    let segment = |byte, size| Segment { sha256: Digest([byte; 32]), size };
    let segments = vec![segment(1, SEGMENT_BYTES), segment(2, 4242)];
    Header {
        facility: None,
        content: Content::Sealed(Envelope::new(segments).unwrap()),
        released: Vec::new(),
        decisions: Vec::new(),
        purposes: Vec::new(),
        previous: Some(Digest([5; 32])),
        opening_key: Some(RECIPIENT.parse().unwrap()),
        witness: Some(AuditCheckpoint { sequence: 12, hash: Digest([6; 32]) }),
        ..header()
    }
}

/// A public opening key of age's own documentation.
pub const RECIPIENT: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

pub fn ack() -> Ack {
    let header = header();
    let acked =
        |file: &PayloadFile| AckedFile { sha256: file.sha256, size: file.size, path: file.path.clone() };
    Ack {
        id: header.id,
        from: header.to.clone(),
        to: header.from.clone(),
        sequence: header.sequence,
        header: Digest::of(&header.to_bytes().unwrap()),
        delivered: "2026-05-01T10:00:00+09:00".parse().unwrap(),
        files: plan().files().iter().map(acked).collect(),
        refused: Vec::new(),
        audit: AuditCheckpoint { sequence: 3, hash: Digest([9; 32]) },
        opening_key: None,
        witness: None,
    }
}

/// A bag in memory: files by path; folders follow from them. `read_error` names a file that cannot be read.
#[derive(Clone, Default)]
pub struct MemoryBag {
    pub files: BTreeMap<String, Vec<u8>>,
    pub extra: Vec<SourceEntry>,
    pub read_error: Option<String>,
}

impl MemoryBag {
    /// The bag of [`plan`].
    pub fn ours() -> Self {
        let mut bag = Self::default();
        bag.files.extend(payload().into_iter().map(|(path, bytes)| (path.to_string(), bytes.to_vec())));
        bag.files.extend(plan().tag_files().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
        bag
    }

    pub fn set(&mut self, path: &str, bytes: impl AsRef<[u8]>) {
        self.files.insert(path.to_owned(), bytes.as_ref().to_vec());
    }

    /// Writes the bag to a folder.
    pub fn write_to(&self, folder: &Path) {
        for (path, bytes) in &self.files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

impl BagSource for MemoryBag {
    fn list(&self, limit: usize) -> io::Result<Vec<SourceEntry>> {
        let mut entries = self.extra.clone();
        let mut folders = std::collections::BTreeSet::new();
        for (path, bytes) in &self.files {
            entries.push(SourceEntry { path: path.clone(), kind: EntryKind::File(bytes.len() as u64) });
            folders.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
        }
        entries.extend(folders.into_iter().map(|path| SourceEntry { path, kind: EntryKind::Dir }));
        entries.truncate(limit);
        Ok(entries)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        if self.read_error.as_deref() == Some(path) {
            return Err(io::Error::other("medium removed"));
        }
        let bytes = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(bytes.as_slice()))
    }
}

pub fn dir_source(folder: &Path) -> DirSource {
    DirSource::new(Dir::open_ambient_dir(folder, ambient_authority()).unwrap())
}

/// The handed-out material, or a printed skip.
pub fn shared(what: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = std::env::var_os("REZEPT_SHARED").map_or_else(|| workspace.join("../shared"), PathBuf::from);
    // A relative REZEPT_SHARED is meant from the workspace, not from this crate.
    let root = if root.is_absolute() { root } else { workspace.join(root) };
    let path = root.join(what);
    if path.is_dir() {
        return Some(path);
    }
    println!("skip: {} is not there (REZEPT_SHARED)", path.display());
    None
}
