//! Judges any BagIt bag, of version 0.93 to 1.0 (RFC 8493), through a read-only [`BagSource`]. It never changes,
//! fetches or repairs anything, and it is more lenient than `receive`, which takes only bags of our own profile.
//!
//! Decisions where the specification leaves room: a bag whose files are still to be fetched is not valid, because
//! what is not here cannot be checked ([`BagProblem::NotFetched`]); a manifest with an algorithm that we cannot
//! compute makes a bag invalid rather than half-checked; links and special files make it invalid; drive and UNC
//! paths, `~` and `%VARIABLE%` at the start are refused on every system, because bags travel; a file belonging to
//! an operating system (`.DS_Store`, `Thumbs.db`) that is listed and missing is only a warning.

mod algorithm;
mod payload;
mod report;
mod source;
mod tags;

use std::collections::BTreeMap;
use std::io::{self, Read as _};

pub use algorithm::Algorithm;
pub use report::{BagProblem, BagReport, BagWarning, FetchEntry};
pub use source::{BagSource, DirSource, EntryKind, MAX_DEPTH, SourceEntry};
use tags::{Declaration, Manifest};

/// The most files and folders of a bag that is judged: twenty times a parcel's limit, about 50 MB of names.
pub const MAX_ENTRIES: usize = 200_000;

/// The largest tag file that is read: it is held in memory, unlike payload.
pub const TAG_FILE_MAX_BYTES: u64 = 32 << 20;

/// The longest line of a tag file: the longest digest and the longest path of any system, escaped.
pub const LINE_MAX_BYTES: usize = 16 << 10;

/// The most errors, and the most warnings, that a report holds; nobody reads more.
pub const MAX_PROBLEMS: usize = 1_000;

/// The bag's folder could not be listed, so nothing can be said about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot list the bag")]
pub struct VerifyError(#[source] pub io::Error);

/// A BagIt version, major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version(u32, u32);

impl Version {
    const fn is_known(self) -> bool {
        matches!(self, Self(0, 93..=97) | Self(1, 0))
    }

    /// From 1.0 on: `bagit.txt` to the letter, every manifest complete, nothing listed twice.
    const fn is_strict(self) -> bool {
        self.0 >= 1
    }
}

/// Judges the bag in `source`. Every payload file is read once, whatever the number of manifests; memory does not
/// grow with the size of payload files.
///
/// # Errors
/// [`VerifyError`] only if the bag cannot be listed. A file that cannot be read is a problem in the report.
pub fn verify(source: &dyn BagSource) -> Result<BagReport, VerifyError> {
    verify_with_progress(source, &mut |_| {})
}

/// [`verify`], telling `progress` the number of payload bytes after each piece read.
///
/// # Errors
/// As [`verify`].
pub fn verify_with_progress(
    source: &dyn BagSource,
    progress: &mut dyn FnMut(u64),
) -> Result<BagReport, VerifyError> {
    let mut report = BagReport::default();
    let entries = source.list(MAX_ENTRIES + 1).map_err(VerifyError)?;
    if entries.len() > MAX_ENTRIES {
        report.error(BagProblem::TooManyEntries { limit: MAX_ENTRIES });
        return Ok(report);
    }
    let listing = Listing::new(entries, &mut report);
    if !listing.files.contains_key("bagit.txt") {
        report.error(BagProblem::NoBagitTxt);
        return Ok(report);
    }
    let Some(declared) = read_tag_file(source, "bagit.txt", &mut report)
        .and_then(|bytes| tags::parse_bagit(&bytes, &mut report))
    else {
        return Ok(report);
    };
    let bag = Bag { source, listing, declared };
    bag.check(&mut report, progress);
    Ok(report)
}

/// What stands in the bag's folder.
struct Listing {
    /// Regular files and their sizes, by path.
    files: BTreeMap<String, u64>,
    has_payload_folder: bool,
}

impl Listing {
    fn new(entries: Vec<SourceEntry>, report: &mut BagReport) -> Self {
        let mut listing = Self { files: BTreeMap::new(), has_payload_folder: false };
        for SourceEntry { path, kind } in entries {
            match kind {
                EntryKind::File(size) => {
                    listing.files.insert(path, size);
                }
                EntryKind::Dir => listing.has_payload_folder |= path == "data",
                EntryKind::Link => report.error(BagProblem::Link { path }),
                EntryKind::Other => report.error(BagProblem::SpecialFile { path }),
                EntryKind::BadName => report.error(BagProblem::BadName { path }),
                EntryKind::TooDeep => report.error(BagProblem::TooDeep { path }),
            }
        }
        listing
    }

    /// Payload files, in order.
    fn payload(&self) -> impl Iterator<Item = (&str, u64)> {
        let from_data = self.files.range("data/".to_owned()..).map(|(path, size)| (path.as_str(), *size));
        from_data.take_while(|(path, _)| path.starts_with("data/"))
    }
}

/// A bag whose `bagit.txt` could be read.
struct Bag<'a> {
    source: &'a dyn BagSource,
    listing: Listing,
    declared: Declaration,
}

impl Bag<'_> {
    fn check(&self, report: &mut BagReport, progress: &mut dyn FnMut(u64)) {
        if !self.listing.has_payload_folder {
            report.error(BagProblem::NoPayloadFolder);
        }
        let manifests = self.manifests("manifest-", report);
        if manifests.is_empty() {
            report.error(BagProblem::NoManifest);
        }
        report.algorithms = manifests.iter().map(|manifest| manifest.algorithm).collect();
        report.algorithms.sort_unstable();
        report.fetch = self
            .text("fetch.txt", report)
            .map_or(Vec::new(), |text| tags::parse_fetch("fetch.txt", &text, report));
        let checked = payload::check_payload(self, &manifests, report, progress);
        self.check_oxum(checked.missing_system_files, report);
        payload::check_tags(self, &self.manifests("tagmanifest-", report), report);
    }

    /// A tag file's text; `None` if there is none, or it is unreadable, which is reported.
    fn text(&self, name: &str, report: &mut BagReport) -> Option<String> {
        if !self.listing.files.contains_key(name) {
            return None;
        }
        let bytes = read_tag_file(self.source, name, report)?;
        tags::decode(name, &bytes, self.declared.encoding, report).map(std::borrow::Cow::into_owned)
    }

    /// Every `<prefix><algorithm>.txt` at the top of the bag.
    fn manifests(&self, prefix: &str, report: &mut BagReport) -> Vec<Manifest> {
        let mut manifests: Vec<Manifest> = Vec::new();
        for name in self.listing.files.keys() {
            let Some(algorithm) = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".txt")) else {
                continue;
            };
            if algorithm.contains('/') {
                continue;
            }
            let Some(algorithm) = Algorithm::from_name(algorithm) else {
                report.error(BagProblem::UnknownAlgorithm { name: name.clone() });
                continue;
            };
            if let Some(first) = manifests.iter().find(|manifest| manifest.algorithm == algorithm) {
                report.error(BagProblem::AlgorithmTwice { first: first.name.clone(), second: name.clone() });
                continue;
            }
            if let Some(text) = self.text(name, report) {
                manifests.push(tags::parse_manifest(name, algorithm, &text, report));
            }
        }
        manifests
    }

    /// Compares `Payload-Oxum` with what is there. A missing system file explains a larger listed number.
    fn check_oxum(&self, missing_system_files: u64, report: &mut BagReport) {
        let name = if self.declared.version.1 < 96 && self.declared.version.0 == 0 {
            "package-info.txt"
        } else {
            "bag-info.txt"
        };
        let Some(text) = self.text(name, report) else { return };
        for listed in tags::parse_metadata(name, &text, report) {
            let (found_bytes, found_files) = (report.payload_bytes, report.payload_files);
            let same = tags::parse_oxum(&listed).is_some_and(|(bytes, files)| {
                let bytes_fit =
                    if missing_system_files == 0 { bytes == found_bytes } else { bytes >= found_bytes };
                bytes_fit && files == found_files + missing_system_files
            });
            if !same {
                report.error(BagProblem::OxumDiffers { listed, bytes: found_bytes, files: found_files });
            }
        }
    }
}

/// Reads a whole tag file, unless it is too large, which is reported.
fn read_tag_file(source: &dyn BagSource, name: &str, report: &mut BagReport) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source.open(name).and_then(|file| file.take(TAG_FILE_MAX_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(count) if count as u64 > TAG_FILE_MAX_BYTES => {
            let name = name.to_owned();
            report.error(BagProblem::TagFileTooLarge { name, limit_bytes: TAG_FILE_MAX_BYTES });
            None
        }
        Ok(_) => Some(bytes),
        Err(source) => {
            report.error(BagProblem::Unreadable { path: name.to_owned(), source });
            None
        }
    }
}
