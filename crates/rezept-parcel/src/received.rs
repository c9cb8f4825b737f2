//! Reading back the tag files of a bag that claims to be one of ours, strictly: they must be, byte for byte, what
//! the plan that they describe would write. Judging any other BagIt bag is the work of `verify`.

use std::collections::HashMap;

use crate::bag::{BAG_INFO, BAGIT, BagPlan, MANIFEST, PayloadFile, PlanError, TAGMANIFEST};
use crate::digest::Digest;
use crate::header::{Content, Header};
use crate::payload::PayloadPath;
use crate::words::{Facility, Identity, Timestamp, WordError, parse_number};
use crate::{MAX_PAYLOAD_FILES, PARCEL_VERSION};

/// The largest tag file that is looked at: 10,000 lines of at most 256 bytes, and 64 KiB.
pub const TAG_FILE_MAX_BYTES: usize = 64 * 1024 + MAX_PAYLOAD_FILES * 256;

/// The bytes of the four tag files of a bag of ours; a bag with fewer or others (`fetch.txt`) is not of ours, which
/// the caller sees from the listing: [`is_tag_file`].
#[derive(Clone, Copy, Debug)]
pub struct TagFiles<'a> {
    /// `bagit.txt`.
    pub bagit: &'a [u8],
    /// `bag-info.txt`.
    pub bag_info: &'a [u8],
    /// `manifest-sha256.txt`.
    pub manifest: &'a [u8],
    /// `tagmanifest-sha256.txt`.
    pub tagmanifest: &'a [u8],
}

/// Whether a name at the top of a bag is one of its four tag files. Only these and `data` may stand there.
pub fn is_tag_file(name: &str) -> bool {
    [BAGIT, BAG_INFO, MANIFEST, TAGMANIFEST].contains(&name)
}

/// Why the tag files are not those of a whole bag of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceivedError {
    /// Larger than any tag file of a parcel.
    #[error("{name} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The tag file.
        name: &'static str,
        /// The limit.
        limit_bytes: usize,
    },
    /// The tag manifest is not the one that the header commits.
    #[error("the tag manifest differs from the header")]
    TagManifestDiffers,
    /// A tag file is not the one that the tag manifest names.
    #[error("{name} differs from the tag manifest")]
    TagFileDiffers {
        /// The tag file.
        name: &'static str,
    },
    /// Not UTF-8.
    #[error("{name} is not UTF-8")]
    NotText {
        /// The tag file.
        name: &'static str,
    },
    /// `Rezept-Parcel` is newer than this build: update this station, nothing is damaged.
    #[error("bag version {found} is newer than version {supported} of this build")]
    NewerVersion {
        /// The version found.
        found: u32,
        /// The newest version this build reads.
        supported: u32,
    },
    /// A line of a tag file is not what a bag of ours has there.
    #[error("{name}, line {line}: not as this profile writes it")]
    BadLine {
        /// The tag file.
        name: &'static str,
        /// 1-based.
        line: usize,
    },
    /// A word in bag-info is malformed.
    #[error("{name}, line {line}: malformed")]
    BadWord {
        /// The tag file.
        name: &'static str,
        /// 1-based.
        line: usize,
        /// How.
        #[source]
        source: WordError,
    },
    /// The manifest and the identity lines of bag-info do not name the same files in the same order.
    #[error("the manifest and bag-info do not name the same files")]
    FilesDiffer,
    /// The list of files is no plan.
    #[error("not a list of files that a parcel can hold")]
    Plan(#[source] PlanError),
    /// Everything reads well, and yet the bytes are not those that the plan gives.
    #[error("{name} is not byte for byte what this profile writes")]
    NotCanonical {
        /// The tag file.
        name: &'static str,
    },
    /// The bag is whole, but is not the one that the header describes.
    #[error("{field} differs between header and bag")]
    HeaderDiffers {
        /// The header's key.
        field: &'static str,
    },
}

/// A bag of ours, as its tag files describe it. The payload itself has not been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedBag {
    plan: BagPlan,
}

impl ReceivedBag {
    /// Reads the tag files and checks them against each other and against the profile.
    ///
    /// # Errors
    /// [`ReceivedError`]; damage (a digest that differs) is told apart from tag files of another making.
    pub fn parse(tags: TagFiles<'_>) -> Result<Self, ReceivedError> {
        check_sizes(tags)?;
        check_tagmanifest(tags)?;
        let info = BagInfo::parse(tags.bag_info)?;
        let manifest = parse_manifest(tags.manifest)?;
        let files = join(info.files, manifest)?;
        let plan = BagPlan::new(info.id, info.from, info.to, info.facility, info.created, files)
            .map_err(ReceivedError::Plan)?;
        for (name, bytes) in plan.tag_files() {
            if bytes != tags.get(name) {
                return Err(ReceivedError::NotCanonical { name });
            }
        }
        Ok(Self { plan })
    }

    /// [`parse`](Self::parse), and the bag must be the one that `header` commits.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); [`ReceivedError::TagManifestDiffers`] before anything is parsed, and
    /// [`ReceivedError::HeaderDiffers`] for a bag that belongs to another header.
    pub fn parse_with_header(tags: TagFiles<'_>, header: &Header) -> Result<Self, ReceivedError> {
        let Content::Bag(summary) = &header.content else {
            return Err(ReceivedError::HeaderDiffers { field: "form" });
        };
        check_sizes(tags)?;
        if Digest::of(tags.tagmanifest) != summary.tagmanifest {
            return Err(ReceivedError::TagManifestDiffers);
        }
        let bag = Self::parse(tags)?;
        let plan = &bag.plan;
        let differs = |field| Err(ReceivedError::HeaderDiffers { field });
        if plan.id() != header.id {
            return differs("id");
        }
        if *plan.from() != header.from {
            return differs("from");
        }
        if *plan.to() != header.to {
            return differs("to");
        }
        if *plan.created() != header.created {
            return differs("created");
        }
        if Some(plan.facility()) != header.facility.as_ref() {
            return differs("facility");
        }
        let counts = plan.summary();
        if counts.files != summary.files {
            return differs("bag-files");
        }
        if counts.bytes != summary.bytes {
            return differs("bag-bytes");
        }
        // Sorted by path, so that many releases of many files stay cheap.
        let is_file = |path: &PayloadPath| plan.files().binary_search_by(|file| file.path.cmp(path)).is_ok();
        if !header.released.iter().all(|release| is_file(&release.path)) {
            return differs("released");
        }
        if !header.decisions.iter().all(|decision| is_file(&decision.path)) {
            return differs("decision");
        }
        if !header.purposes.iter().all(|purpose| is_file(&purpose.path)) {
            return differs("purpose");
        }
        Ok(bag)
    }

    /// The bag as the plan that writes it: files with sizes, digests and identities, in manifest order.
    pub const fn plan(&self) -> &BagPlan {
        &self.plan
    }

    /// The files, in the order of the manifest.
    pub fn files(&self) -> &[PayloadFile] {
        self.plan.files()
    }
}

impl<'a> TagFiles<'a> {
    fn get(&self, name: &str) -> &'a [u8] {
        match name {
            BAGIT => self.bagit,
            BAG_INFO => self.bag_info,
            MANIFEST => self.manifest,
            _ => self.tagmanifest,
        }
    }
}

fn check_sizes(tags: TagFiles<'_>) -> Result<(), ReceivedError> {
    let large = [BAGIT, BAG_INFO, MANIFEST, TAGMANIFEST]
        .into_iter()
        .find(|name| tags.get(name).len() > TAG_FILE_MAX_BYTES);
    large.map_or(Ok(()), |name| Err(ReceivedError::TooLarge { name, limit_bytes: TAG_FILE_MAX_BYTES }))
}

/// The three lines of the tag manifest, and the three files that they name.
fn check_tagmanifest(tags: TagFiles<'_>) -> Result<(), ReceivedError> {
    let mut found: HashMap<&str, Digest> = HashMap::new();
    for (index, line) in lines_of(TAGMANIFEST, tags.tagmanifest)?.enumerate() {
        let bad = ReceivedError::BadLine { name: TAGMANIFEST, line: index + 1 };
        let (digest, name) = split_manifest_line(line).ok_or(bad.clone())?;
        if !is_tag_file(name) || name == TAGMANIFEST || found.insert(name, digest).is_some() {
            return Err(bad);
        }
    }
    for name in [BAGIT, BAG_INFO, MANIFEST] {
        let digest =
            found.get(name).ok_or(ReceivedError::BadLine { name: TAGMANIFEST, line: found.len() + 1 })?;
        if *digest != Digest::of(tags.get(name)) {
            return Err(ReceivedError::TagFileDiffers { name });
        }
    }
    Ok(())
}

fn lines_of<'a>(name: &'static str, bytes: &'a [u8]) -> Result<std::str::Split<'a, char>, ReceivedError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ReceivedError::NotText { name })?;
    // A file cut short inside its last line is a bad line, not a shorter one.
    let last = text.split('\n').count();
    text.strip_suffix('\n').map(|text| text.split('\n')).ok_or(ReceivedError::BadLine { name, line: last })
}

fn split_manifest_line(line: &str) -> Option<(Digest, &str)> {
    let (digest, path) = line.split_once("  ")?;
    Some((digest.parse().ok()?, path))
}

fn parse_manifest(bytes: &[u8]) -> Result<Vec<(PayloadPath, Digest)>, ReceivedError> {
    let mut files = Vec::new();
    for (index, line) in lines_of(MANIFEST, bytes)?.enumerate() {
        let entry = split_manifest_line(line).and_then(|(digest, path)| Some((path.parse().ok()?, digest)));
        files.push(entry.ok_or(ReceivedError::BadLine { name: MANIFEST, line: index + 1 })?);
    }
    Ok(files)
}

/// Both lists are sorted by path in every bag of ours, so they are compared line by line.
fn join(
    info: Vec<(PayloadPath, u64, Identity)>,
    manifest: Vec<(PayloadPath, Digest)>,
) -> Result<Vec<PayloadFile>, ReceivedError> {
    let same = info.len() == manifest.len() && info.iter().zip(&manifest).all(|(a, b)| a.0 == b.0);
    if !same {
        return Err(ReceivedError::FilesDiffer);
    }
    let files = info.into_iter().zip(manifest);
    Ok(files
        .map(|((path, size, identity), (_, sha256))| PayloadFile { path, size, sha256, identity })
        .collect())
}

/// What bag-info says beyond the labels that the plan regenerates.
struct BagInfo {
    id: crate::ParcelId,
    from: crate::StationName,
    to: crate::StationName,
    created: Timestamp,
    facility: Facility,
    files: Vec<(PayloadPath, u64, Identity)>,
}

impl BagInfo {
    fn parse(bytes: &[u8]) -> Result<Self, ReceivedError> {
        let mut lines = InfoLines { lines: lines_of(BAG_INFO, bytes)?, line: 0 };
        for label in ["Bag-Software-Agent", "Bagging-Date", "External-Identifier", "Payload-Oxum"] {
            // Their values follow from the rest; the comparison with the plan's bytes checks them.
            lines.take(label)?;
        }
        let version = parse_number(lines.take("Rezept-Parcel")?).ok_or(lines.bad())?;
        if version == 0 {
            return Err(lines.bad());
        }
        if version > PARCEL_VERSION {
            return Err(ReceivedError::NewerVersion { found: version, supported: PARCEL_VERSION });
        }
        let mut info = Self {
            id: lines.word("Rezept-Id")?,
            from: lines.word("Rezept-From")?,
            to: lines.word("Rezept-To")?,
            created: lines.word("Rezept-Created")?,
            facility: lines.word("Rezept-Facility")?,
            files: Vec::new(),
        };
        while let Some(value) = lines.next_identity()? {
            info.files.push(parse_identity(value).ok_or(lines.bad())?);
        }
        Ok(info)
    }
}

fn parse_identity(text: &str) -> Option<(PayloadPath, u64, Identity)> {
    let (path, rest) = text.split_once(" size=")?;
    let (size, identity) = rest.split_once(' ')?;
    Some((path.parse().ok()?, parse_number(size)?, identity.parse().ok()?))
}

struct InfoLines<'a> {
    lines: std::str::Split<'a, char>,
    line: usize,
}

impl<'a> InfoLines<'a> {
    const fn bad(&self) -> ReceivedError {
        ReceivedError::BadLine { name: BAG_INFO, line: self.line }
    }

    fn take(&mut self, label: &str) -> Result<&'a str, ReceivedError> {
        self.line += 1;
        let value = self.lines.next().and_then(|line| line.strip_prefix(label)?.strip_prefix(": "));
        value.ok_or(self.bad())
    }

    fn word<T: std::str::FromStr<Err = WordError>>(&mut self, label: &str) -> Result<T, ReceivedError> {
        let value = self.take(label)?;
        value.parse().map_err(|source| ReceivedError::BadWord { name: BAG_INFO, line: self.line, source })
    }

    fn next_identity(&mut self) -> Result<Option<&'a str>, ReceivedError> {
        if self.lines.clone().next().is_none() { Ok(None) } else { self.take("Rezept-Identity").map(Some) }
    }
}
