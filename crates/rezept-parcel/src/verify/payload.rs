//! The second half of judging a bag: which listed path means which file, what is missing or unlisted, and one
//! pass over every listed file to compare its digests.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;

use unicode_normalization::UnicodeNormalization as _;

use super::algorithm::{Algorithm, Hasher};
use super::report::{BagProblem, BagReport, BagWarning};
use super::tags::{Manifest, ManifestEntry, unescape};
use super::{Bag, BagSource, Version};
use crate::paths::{self, Collisions, TwinKind, fold};

/// How much of a file is in memory at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// What [`check_payload`] knows beyond the report.
pub(super) struct Checked {
    /// Listed files of an operating system that are not there.
    pub missing_system_files: u64,
}

/// For each file that is there: the digests it must have, and which manifest says so.
type Wanted<'m> = BTreeMap<String, Vec<(&'m Manifest, &'m [u8])>>;

/// Compares the payload with its manifests and `fetch.txt`.
pub(super) fn check_payload(
    bag: &Bag<'_>,
    manifests: &[Manifest],
    report: &mut BagReport,
    progress: &mut dyn FnMut(u64),
) -> Checked {
    let strict = bag.declared.version.is_strict();
    let index = Index::new(bag);
    let to_fetch: HashSet<String> = report.fetch.iter().map(|fetch| fetch.path.clone()).collect();
    let mut wanted = Wanted::new();
    let mut missing_system = BTreeSet::new();
    for manifest in manifests {
        let listed = listed_paths(manifest);
        for entry in entries_once(manifest, strict, report) {
            if !entry.path.starts_with("data/") {
                report
                    .error(BagProblem::NotPayload { name: manifest.name.clone(), path: entry.path.clone() });
                continue;
            }
            match index.resolve(&entry.path, &listed, report) {
                Some(path) => wanted.entry(path).or_default().push((manifest, &entry.digest)),
                None if to_fetch.contains(&entry.path) => {
                    report.error(BagProblem::NotFetched { path: entry.path.clone() });
                }
                None if is_system_file(&entry.path) => {
                    missing_system.insert(entry.path.clone());
                }
                None => report
                    .error(BagProblem::Missing { name: manifest.name.clone(), path: entry.path.clone() }),
            }
        }
    }
    for path in &missing_system {
        report.warn(BagWarning::SystemFileMissing { path: path.clone() });
    }
    check_fetch_list(bag, manifests, report);
    for (path, size) in bag.listing.payload() {
        report.payload_files += 1;
        report.payload_bytes += size;
        check_coverage(path, wanted.get(path), manifests, strict, report);
        check_name(path, report);
    }
    compare_digests(bag.source, &wanted, report, progress);
    Checked { missing_system_files: missing_system.len() as u64 }
}

/// Compares the tag files with the tag manifests. Tag files in no tag manifest are allowed.
pub(super) fn check_tags(bag: &Bag<'_>, manifests: &[Manifest], report: &mut BagReport) {
    let strict = bag.declared.version.is_strict();
    let index = Index::new(bag);
    let mut wanted = Wanted::new();
    for manifest in manifests {
        let listed = listed_paths(manifest);
        for entry in entries_once(manifest, strict, report) {
            let forbidden = entry.path.starts_with("data/") || entry.path.starts_with("tagmanifest-");
            if strict && forbidden {
                report
                    .error(BagProblem::NotATagFile { name: manifest.name.clone(), path: entry.path.clone() });
                continue;
            }
            match index.resolve(&entry.path, &listed, report) {
                Some(path) => wanted.entry(path).or_default().push((manifest, &entry.digest)),
                None => report
                    .error(BagProblem::Missing { name: manifest.name.clone(), path: entry.path.clone() }),
            }
        }
    }
    compare_digests(bag.source, &wanted, report, &mut |_| {});
}

/// The entries of a manifest, each path once. The same path again is a warning before 1.0 and an error since, and
/// with another digest always an error; names that some disk takes for one are a warning.
fn entries_once<'m>(manifest: &'m Manifest, strict: bool, report: &mut BagReport) -> Vec<&'m ManifestEntry> {
    let mut twins = Collisions::default();
    let mut seen: HashMap<&str, &[u8]> = HashMap::new();
    let mut once = Vec::new();
    for entry in &manifest.entries {
        let (name, path) = (manifest.name.clone(), entry.path.clone());
        match seen.insert(&entry.path, &entry.digest) {
            Some(earlier) if earlier != entry.digest => {
                report.error(BagProblem::ConflictingDigests { name, path });
            }
            Some(_) if strict => report.error(BagProblem::ListedTwice { name, path }),
            Some(_) => report.warn(BagWarning::ListedTwice { name, path }),
            None => {
                once.push(entry);
                match twins.insert(&entry.path) {
                    Err((first, TwinKind::Case)) => {
                        report.warn(BagWarning::CaseTwins { first, second: path })
                    }
                    Err((first, TwinKind::Normalization | TwinKind::Same)) => {
                        report.warn(BagWarning::NormalizationTwins { first, second: path });
                    }
                    Ok(()) => {}
                }
            }
        }
    }
    once
}

fn listed_paths(manifest: &Manifest) -> HashSet<&str> {
    manifest.entries.iter().map(|entry| entry.path.as_str()).collect()
}

/// Every file to be fetched must be payload and be listed, or it could never be checked.
fn check_fetch_list(bag: &Bag<'_>, manifests: &[Manifest], report: &mut BagReport) {
    if report.fetch.is_empty() {
        return;
    }
    let strict = bag.declared.version.is_strict();
    let listed: Vec<HashSet<&str>> = manifests.iter().map(listed_paths).collect();
    let mut problems = Vec::new();
    for path in report.fetch.iter().map(|fetch| &fetch.path) {
        let mut hits = listed.iter().map(|set| set.contains(path.as_str()));
        let covered = if strict { hits.all(|hit| hit) } else { hits.any(|hit| hit) };
        if !path.starts_with("data/") {
            problems.push(BagProblem::NotPayload { name: "fetch.txt".to_owned(), path: path.clone() });
        } else if !covered {
            problems.push(BagProblem::FetchNotInManifest { path: path.clone() });
        }
    }
    problems.into_iter().for_each(|problem| report.error(problem));
}

/// A payload file must be in some manifest, and since 1.0 in every one.
fn check_coverage(
    path: &str,
    wanted: Option<&Vec<(&Manifest, &[u8])>>,
    manifests: &[Manifest],
    strict: bool,
    report: &mut BagReport,
) {
    let Some(wanted) = wanted else {
        report.error(BagProblem::Unlisted { path: path.to_owned() });
        return;
    };
    for manifest in manifests.iter().filter(|_| strict) {
        if !wanted.iter().any(|(listing, _)| listing.name == manifest.name) {
            report.error(BagProblem::UnlistedIn { name: manifest.name.clone(), path: path.to_owned() });
        }
    }
}

/// Warns of names that are valid here and lost, hidden or dangerous elsewhere.
fn check_name(path: &str, report: &mut BagReport) {
    if is_system_file(path) {
        report.warn(BagWarning::SystemFile { path: path.to_owned() });
    }
    if let Err(problem) = paths::check_relative(path) {
        report.warn(BagWarning::NotPortable { path: path.to_owned(), problem });
    }
}

/// Files that operating systems leave in folders that somebody looked at.
fn is_system_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = [".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini", ".Spotlight-V100", ".directory"];
    name.starts_with("._") || known.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Finds files by the spellings that manifests use for them.
struct Index<'a> {
    bag: &'a Bag<'a>,
    version: Version,
    /// Files whose name changes under NFC folding or case folding, by the folded name.
    folded: HashMap<String, &'a str>,
}

impl<'a> Index<'a> {
    fn new(bag: &'a Bag<'a>) -> Self {
        let folded = bag.listing.files.keys().map(|path| (fold(path), path.as_str())).collect();
        Self { bag, version: bag.declared.version, folded }
    }

    /// The file that `listed` means: under this very name (with or without the escapes of its version), or the
    /// same characters composed differently, or, if the manifest lists that file too, in other case.
    fn resolve(&self, listed: &str, manifest: &HashSet<&str>, report: &mut BagReport) -> Option<String> {
        let plain = unescape(listed, self.version);
        let files = &self.bag.listing.files;
        // Before 1.0 a percent sign stood for itself, so the name as written comes first.
        let spellings =
            if self.version.is_strict() { [plain.as_str(), listed] } else { [listed, plain.as_str()] };
        if let Some(found) = spellings.into_iter().find(|path| files.contains_key(*path)) {
            return Some(found.to_owned());
        }
        let found = *self.folded.get(&fold(&plain))?;
        if found.nfc().eq(plain.nfc()) {
            report.warn(BagWarning::Renormalized { listed: listed.to_owned() });
            return Some(found.to_owned());
        }
        manifest.contains(found).then(|| found.to_owned())
    }
}

/// Reads every wanted file once and compares all its digests.
fn compare_digests(
    source: &dyn BagSource,
    wanted: &Wanted<'_>,
    report: &mut BagReport,
    progress: &mut dyn FnMut(u64),
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut total = 0;
    for (path, expected) in wanted {
        let algorithms: BTreeSet<Algorithm> =
            expected.iter().map(|(manifest, _)| manifest.algorithm).collect();
        let mut advance = |count: u64| {
            total += count;
            progress(total);
        };
        let digests = match digest_file(source, path, &algorithms, &mut buffer, &mut advance) {
            Ok(digests) => digests,
            Err(source) => {
                report.error(BagProblem::Unreadable { path: path.clone(), source });
                continue;
            }
        };
        for (manifest, digest) in expected {
            let algorithm = manifest.algorithm;
            if digests.get(&algorithm).is_none_or(|found| found != digest) {
                let (name, path) = (manifest.name.clone(), path.clone());
                report.error(BagProblem::DigestDiffers { name, path, algorithm });
            }
        }
    }
}

fn digest_file(
    source: &dyn BagSource,
    path: &str,
    algorithms: &BTreeSet<Algorithm>,
    buffer: &mut [u8],
    advance: &mut dyn FnMut(u64),
) -> io::Result<BTreeMap<Algorithm, Vec<u8>>> {
    let mut hashers: Vec<(Algorithm, Box<dyn Hasher>)> =
        algorithms.iter().map(|algorithm| (*algorithm, algorithm.hasher())).collect();
    let mut file = source.open(path)?;
    loop {
        let count = match file.read(buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = buffer.get(..count).ok_or(io::ErrorKind::InvalidData)?;
        hashers.iter_mut().for_each(|(_, hasher)| hasher.update(piece));
        advance(count as u64);
    }
    Ok(hashers.into_iter().map(|(algorithm, hasher)| (algorithm, hasher.finish())).collect())
}
