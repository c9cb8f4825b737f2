//! What `verify` found out about a bag: facts, problems that make it invalid, and warnings that do not.

use std::io;

use super::algorithm::Algorithm;
use crate::paths::PathProblem;

/// The verdict on a bag.
#[derive(Debug, Default)]
pub struct BagReport {
    /// `BagIt-Version`, major and minor, as far as `bagit.txt` could be read.
    pub version: Option<(u32, u32)>,
    /// The algorithms of the payload manifests, each once, in order. An invalid bag may have had none.
    pub algorithms: Vec<Algorithm>,
    /// Number of payload files present.
    pub payload_files: u64,
    /// Their bytes together.
    pub payload_bytes: u64,
    /// What `fetch.txt` lists. Nothing is ever fetched.
    pub fetch: Vec<FetchEntry>,
    /// Why the bag is not valid; none means that it is complete and every digest matched. At most
    /// [`MAX_PROBLEMS`](super::MAX_PROBLEMS).
    pub errors: Vec<BagProblem>,
    /// What a person should know although the bag is valid. At most [`MAX_PROBLEMS`](super::MAX_PROBLEMS).
    pub warnings: Vec<BagWarning>,
    /// Errors and warnings found but left off.
    pub left_off: u64,
}

impl BagReport {
    /// Complete, and every digest matched.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    pub(super) fn error(&mut self, problem: BagProblem) {
        if self.errors.len() < super::MAX_PROBLEMS {
            self.errors.push(problem);
        } else {
            self.left_off += 1;
        }
    }

    pub(super) fn warn(&mut self, warning: BagWarning) {
        if self.warnings.len() < super::MAX_PROBLEMS {
            self.warnings.push(warning);
        } else {
            self.left_off += 1;
        }
    }
}

/// One line of `fetch.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchEntry {
    /// Where the file could be had; not opened, not checked.
    pub url: String,
    /// Its length in bytes, where given.
    pub length: Option<u64>,
    /// Its path in the bag.
    pub path: String,
}

/// Why a bag is not valid. Paths come from the bag and may hold anything: they are shown escaped.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "the messages say it; name is the tag file, path the file in the bag, line 1-based"
)]
pub enum BagProblem {
    #[error("bagit.txt is missing: not a bag")]
    NoBagitTxt,
    #[error("bagit.txt is not two lines with version and encoding")]
    BadBagitTxt,
    #[error("bagit.txt begins with a byte order mark")]
    BomInBagitTxt,
    #[error("BagIt version {major}.{minor} is not known")]
    UnknownVersion { major: u32, minor: u32 },
    #[error("tag file encoding {label:?} is not known")]
    UnknownEncoding { label: String },
    #[error("{name:?} is not valid text in the bag's encoding")]
    NotText { name: String },
    #[error("{name:?} is larger than {limit_bytes} bytes")]
    TagFileTooLarge { name: String, limit_bytes: u64 },
    #[error("{name:?}, line {line}: longer than {limit_bytes} bytes")]
    LineTooLong { name: String, line: usize, limit_bytes: usize },
    #[error("there is no folder data")]
    NoPayloadFolder,
    #[error("there is no payload manifest")]
    NoManifest,
    #[error("{name:?} uses an algorithm that cannot be checked here")]
    UnknownAlgorithm { name: String },
    #[error("{first:?} and {second:?} are manifests of the same algorithm")]
    AlgorithmTwice { first: String, second: String },
    #[error("{name:?}, line {line}: not a digest and a path")]
    BadManifestLine { name: String, line: usize },
    #[error("{name:?}, line {line}: not an address, a length and a path")]
    BadFetchLine { name: String, line: usize },
    #[error("{name:?} lists {path:?}")]
    OutOfScope {
        name: String,
        path: String,
        #[source]
        problem: PathProblem,
    },
    #[error("{name:?} lists {path:?}, which is not payload")]
    NotPayload { name: String, path: String },
    #[error("{name:?} lists {path:?}, which a tag manifest must not")]
    NotATagFile { name: String, path: String },
    #[error("{name:?} lists {path:?} twice with different digests")]
    ConflictingDigests { name: String, path: String },
    #[error("{name:?} lists {path:?} twice")]
    ListedTwice { name: String, path: String },
    #[error("{path:?} is listed in {name:?} and missing")]
    Missing { name: String, path: String },
    #[error("{path:?} is listed in fetch.txt and was not fetched")]
    NotFetched { path: String },
    #[error("fetch.txt lists {path:?}, which the manifests do not")]
    FetchNotInManifest { path: String },
    #[error("{path:?} is in data and in no manifest")]
    Unlisted { path: String },
    #[error("{path:?} is in data and not in {name:?}")]
    UnlistedIn { name: String, path: String },
    #[error("{path:?} differs from its {algorithm} digest in {name:?}")]
    DigestDiffers { name: String, path: String, algorithm: Algorithm },
    #[error("{path:?} is a symbolic link")]
    Link { path: String },
    #[error("{path:?} is neither a file nor a folder")]
    SpecialFile { path: String },
    #[error("{path:?} has a name that is not valid text")]
    BadName { path: String },
    #[error("{path:?} lies too deep")]
    TooDeep { path: String },
    #[error("more than {limit} files and folders")]
    TooManyEntries { limit: usize },
    #[error("Payload-Oxum says {listed:?}, the payload is {bytes}.{files}")]
    OxumDiffers { listed: String, bytes: u64, files: u64 },
    #[error("{path:?} cannot be read")]
    Unreadable {
        path: String,
        #[source]
        source: io::Error,
    },
}

/// What a person should know about a bag that may still be valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "the messages say it; name is the tag file, path the file in the bag, line 1-based"
)]
pub enum BagWarning {
    #[error("{name:?} has an asterisk before paths, as md5sum writes it")]
    Asterisk { name: String },
    #[error("{name:?} lists {path:?} with a leading ./")]
    LeadingDotSlash { name: String, path: String },
    #[error("{name:?} lists {path:?} twice")]
    ListedTwice { name: String, path: String },
    #[error("{first:?} and {second:?} differ in case only: one of them is lost on many disks")]
    CaseTwins { first: String, second: String },
    #[error("{first:?} and {second:?} differ in composition only: one of them is lost on some disks")]
    NormalizationTwins { first: String, second: String },
    #[error("{listed:?} is present under another composition of its characters")]
    Renormalized { listed: String },
    #[error("{path:?} belongs to an operating system, not to the content")]
    SystemFile { path: String },
    #[error("{path:?} belongs to an operating system and is missing; its digest could not be checked")]
    SystemFileMissing { path: String },
    #[error("{name:?} begins with a byte order mark")]
    ByteOrderMark { name: String },
    #[error("{name:?}, line {line}: not a label and a value")]
    BadMetadataLine { name: String, line: usize },
    #[error("{path:?} cannot be created on every system")]
    NotPortable { path: String, problem: PathProblem },
}
