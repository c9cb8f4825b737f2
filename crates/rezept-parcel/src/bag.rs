//! The plan of one of our bags: from the files' paths, sizes and digests to the exact bytes of every tag file.
//! The same plan always gives the same bytes, so a parcel can be written again under its id.

use std::fmt::Write as _;

use crate::digest::Digest;
use crate::header::BagSummary;
use crate::id::{ParcelId, StationName};
use crate::paths::{Collisions, PathProblem, TwinKind, check_relative};
use crate::payload::PayloadPath;
use crate::words::{Facility, Identity, Timestamp};
use crate::{MAX_PAYLOAD_FILES, PARCEL_VERSION};

/// `bagit.txt`.
pub const BAGIT: &str = "bagit.txt";
/// `bag-info.txt`.
pub const BAG_INFO: &str = "bag-info.txt";
/// `manifest-sha256.txt`.
pub const MANIFEST: &str = "manifest-sha256.txt";
/// `tagmanifest-sha256.txt`, whose digest stands in the header.
pub const TAGMANIFEST: &str = "tagmanifest-sha256.txt";

/// One payload file of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadFile {
    /// Where it stands in the bag.
    pub path: PayloadPath,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// What it says it is.
    pub identity: Identity,
}

/// Why a list of files is no bag of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A parcel without files.
    #[error("a parcel needs at least one file")]
    Empty,
    /// More than [`MAX_PAYLOAD_FILES`].
    #[error("{found} files are more than the {limit} that a parcel may hold")]
    TooMany {
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Two paths that some file system takes for one.
    #[error("{first} and {second} name the same file on some file systems")]
    Collision {
        /// The path met first.
        first: String,
        /// The path that collides with it.
        second: String,
        /// How they collide.
        kind: TwinKind,
    },
    /// A path that some system cannot hold.
    #[error("{path} cannot be created everywhere")]
    BadPath {
        /// The path.
        path: PayloadPath,
        /// Why.
        #[source]
        problem: PathProblem,
    },
    /// The sizes add up to more than 2^64 bytes.
    #[error("the files' sizes add up to more than a number can hold")]
    TooLarge,
}

/// A bag that can be written: checked, in the order of its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BagPlan {
    id: ParcelId,
    from: StationName,
    to: StationName,
    facility: Facility,
    created: Timestamp,
    files: Vec<PayloadFile>,
    payload_bytes: u64,
}

impl BagPlan {
    /// Checks the files and sorts them by path.
    ///
    /// # Errors
    /// [`PlanError`]: none or too many files, colliding paths, an impossible sum of sizes.
    pub fn new(
        id: ParcelId,
        from: StationName,
        to: StationName,
        facility: Facility,
        created: Timestamp,
        mut files: Vec<PayloadFile>,
    ) -> Result<Self, PlanError> {
        if files.is_empty() {
            return Err(PlanError::Empty);
        }
        if files.len() > MAX_PAYLOAD_FILES {
            return Err(PlanError::TooMany { found: files.len(), limit: MAX_PAYLOAD_FILES });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut seen = Collisions::default();
        let mut payload_bytes: u64 = 0;
        for PayloadFile { path, size, .. } in &files {
            check_relative(path.as_str())
                .map_err(|problem| PlanError::BadPath { path: path.clone(), problem })?;
            seen.insert(path.as_str()).map_err(|(first, kind)| PlanError::Collision {
                first,
                second: path.to_string(),
                kind,
            })?;
            payload_bytes = payload_bytes.checked_add(*size).ok_or(PlanError::TooLarge)?;
        }
        Ok(Self { id, from, to, facility, created, files, payload_bytes })
    }

    /// The parcel's id.
    pub const fn id(&self) -> ParcelId {
        self.id
    }

    /// The sender.
    pub const fn from(&self) -> &StationName {
        &self.from
    }

    /// The receiver.
    pub const fn to(&self) -> &StationName {
        &self.to
    }

    /// Whose claims these are.
    pub const fn facility(&self) -> &Facility {
        &self.facility
    }

    /// When the plan was made.
    pub const fn created(&self) -> &Timestamp {
        &self.created
    }

    /// The files, in the order of the manifest.
    pub fn files(&self) -> &[PayloadFile] {
        &self.files
    }

    /// Bytes of all payload files together.
    pub const fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// Bytes of payload and tag files together: what the bag needs on the medium, cluster sizes apart.
    pub fn total_bytes(&self) -> u64 {
        let tags: u64 = self.tag_files().iter().map(|(_, bytes)| bytes.len() as u64).sum();
        self.payload_bytes.saturating_add(tags)
    }

    /// Every tag file with its bytes, the tag manifest last: the order in which they are written.
    pub fn tag_files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut files = vec![
            (BAGIT, BAGIT_TEXT.as_bytes().to_vec()),
            (BAG_INFO, self.bag_info().into_bytes()),
            (MANIFEST, self.manifest().into_bytes()),
        ];
        let mut lines: Vec<String> =
            files.iter().map(|(name, bytes)| format!("{}  {name}\n", Digest::of(bytes))).collect();
        lines.sort_by(|a, b| a.get(64..).cmp(&b.get(64..)));
        files.push((TAGMANIFEST, lines.concat().into_bytes()));
        files
    }

    /// SHA-256 of the tag manifest: through it, every byte of the bag is fixed.
    pub fn tagmanifest_digest(&self) -> Digest {
        self.tag_files().last().map_or(Digest::of(b""), |(_, bytes)| Digest::of(bytes))
    }

    /// What the header says of this bag.
    pub fn summary(&self) -> BagSummary {
        BagSummary {
            tagmanifest: self.tagmanifest_digest(),
            files: u32::try_from(self.files.len()).unwrap_or(u32::MAX),
            bytes: self.payload_bytes,
        }
    }

    fn manifest(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            // Two spaces, as sha256sum writes it: `sha256sum -c` can check the bag.
            let _ = writeln!(text, "{}  {}", file.sha256, file.path);
        }
        text
    }

    /// Nothing of the build stands here: the same parcel written again by a newer build must have the same bytes.
    fn bag_info(&self) -> String {
        let mut text = String::new();
        let mut line = |label: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(text, "{label}: {value}");
        };
        line("Bag-Software-Agent", &SOFTWARE_AGENT);
        line("Bagging-Date", &self.created.date());
        line("External-Identifier", &self.id);
        line("Payload-Oxum", &format_args!("{}.{}", self.payload_bytes, self.files.len()));
        line("Rezept-Parcel", &PARCEL_VERSION);
        line("Rezept-Id", &self.id);
        line("Rezept-From", &self.from);
        line("Rezept-To", &self.to);
        line("Rezept-Created", &self.created);
        line("Rezept-Facility", &self.facility);
        for PayloadFile { path, size, identity, .. } in &self.files {
            line("Rezept-Identity", &format_args!("{path} size={size} {identity}"));
        }
        text
    }
}

const BAGIT_TEXT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const SOFTWARE_AGENT: &str = "rezept";
