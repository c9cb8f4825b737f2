//! `verify` on invented bags: each problem and each warning once, on bags that are right except for that one thing.
//! These run where the conformance suite is absent too.

use std::fmt::Debug;
use std::io::{self, Read};

use crate::common::{MemoryBag, dir_source};
use proptest::prelude::*;
use rezept_parcel::verify::{
    Algorithm, BagProblem, BagReport, BagSource, BagWarning, EntryKind, LINE_MAX_BYTES, MAX_ENTRIES,
    MAX_PROBLEMS, SourceEntry, TAG_FILE_MAX_BYTES, verify, verify_with_progress,
};
use sha2::Digest as _;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha512(bytes: &[u8]) -> String {
    hex(&sha2::Sha512::digest(bytes))
}

fn declaration(version: &str, encoding: &str) -> String {
    format!("BagIt-Version: {version}\nTag-File-Character-Encoding: {encoding}\n")
}

/// A valid bag of `version` with two payload files and one SHA-512 manifest; no tag manifest, so that a test can
/// change tag files freely.
fn bag(version: &str) -> MemoryBag {
    let mut bag = MemoryBag::default();
    bag.set("bagit.txt", declaration(version, "UTF-8"));
    bag.set("data/a.txt", "alpha");
    bag.set("data/dir/b.txt", "beta");
    bag.set("manifest-sha512.txt", manifest(&[("data/a.txt", "alpha"), ("data/dir/b.txt", "beta")]));
    bag
}

fn manifest(files: &[(&str, &str)]) -> String {
    files.iter().map(|(path, content)| format!("{}  {path}\n", sha512(content.as_bytes()))).collect()
}

#[track_caller]
fn report(bag: &dyn BagSource) -> BagReport {
    verify(bag).unwrap()
}

#[track_caller]
fn assert_valid(bag: &dyn BagSource) -> BagReport {
    let report = report(bag);
    assert!(report.is_valid(), "{:?}", report.errors);
    report
}

/// The bag has exactly one problem, and its debug text begins with `expected`.
#[track_caller]
fn assert_problem(bag: &MemoryBag, expected: &str) {
    assert_one(&report(bag).errors, expected);
}

#[track_caller]
fn assert_warning(bag: &MemoryBag, expected: &str) {
    assert_one(&assert_valid(bag).warnings, expected);
}

#[track_caller]
fn assert_one<T: Debug>(found: &[T], expected: &str) {
    let found: Vec<String> = found.iter().map(|item| format!("{item:?}")).collect();
    assert!(found.len() == 1 && found[0].starts_with(expected), "{expected} expected, found {found:?}");
}

#[test]
fn a_plain_bag_is_valid_in_every_version() {
    for version in ["0.93", "0.94", "0.95", "0.96", "0.97", "1.0"] {
        let report = assert_valid(&bag(version));
        assert_eq!(report.warnings, [], "{version}");
        assert_eq!((report.payload_files, report.payload_bytes), (2, 9));
        assert_eq!(report.algorithms, [Algorithm::Sha512]);
    }
    for version in ["0.92", "0.98", "1.1", "2.0"] {
        assert_problem(&bag(version), "UnknownVersion");
    }
}

#[test]
fn every_algorithm_is_compared() {
    let known = [
        ("md5", hex(&md5::Md5::digest("alpha"))),
        ("sha1", hex(&sha1::Sha1::digest("alpha"))),
        ("sha3-256", hex(&sha3::Sha3_256::digest("alpha"))),
        ("blake2b", hex(&blake2::Blake2b512::digest("alpha"))),
        ("SHA-384", hex(&sha2::Sha384::digest("alpha"))),
    ];
    for (name, digest) in known {
        let mut good = bag("0.97");
        good.set(&format!("manifest-{name}.txt"), format!("{}  data/a.txt\n", digest.to_uppercase()));
        assert_valid(&good);
        let mut bad = bag("0.97");
        let wrong: String = digest.chars().rev().collect();
        bad.set(&format!("manifest-{name}.txt"), format!("{wrong}  data/a.txt\n"));
        assert_problem(&bad, "DigestDiffers");
    }
    let mut unknown = bag("0.97");
    unknown.set("manifest-crc32.txt", "00000000  data/a.txt\n");
    assert_problem(&unknown, "UnknownAlgorithm");
    let mut twice = bag("1.0");
    twice.set("manifest-SHA-512.txt", manifest(&[("data/a.txt", "alpha"), ("data/dir/b.txt", "beta")]));
    assert_problem(&twice, "AlgorithmTwice");
}

#[test]
fn damage_to_payload_is_found() {
    let mut changed = bag("1.0");
    changed.set("data/a.txt", "alphA");
    assert_problem(&changed, "DigestDiffers");
    let mut missing = bag("1.0");
    missing.files.remove("data/a.txt");
    assert_problem(&missing, "Missing");
    let mut extra = bag("1.0");
    extra.set("data/c.txt", "gamma");
    assert_problem(&extra, "Unlisted ");
    let mut partial = bag("1.0");
    partial.set("manifest-md5.txt", format!("{}  data/a.txt\n", hex(&md5::Md5::digest("alpha"))));
    assert_problem(&partial, "UnlistedIn");
    partial.set("bagit.txt", declaration("0.97", "UTF-8"));
    assert_valid(&partial);
    let mut unreadable = bag("1.0");
    unreadable.read_error = Some("data/a.txt".to_owned());
    assert_problem(&unreadable, "Unreadable");
}

#[test]
fn the_shape_of_a_bag_is_demanded() {
    let mut none = bag("1.0");
    none.files.remove("bagit.txt");
    assert_problem(&none, "NoBagitTxt");
    let mut empty = bag("1.0");
    empty.files.remove("manifest-sha512.txt");
    empty.files.retain(|path, _| !path.starts_with("data/"));
    empty.extra.push(SourceEntry { path: "data".to_owned(), kind: EntryKind::Dir });
    assert_problem(&empty, "NoManifest");
    let mut no_data = bag("1.0");
    no_data.files.retain(|path, _| !path.starts_with("data/"));
    no_data.set("manifest-sha512.txt", "");
    assert_problem(&no_data, "NoPayloadFolder");
    for (kind, problem) in [
        (EntryKind::Link, "Link"),
        (EntryKind::Other, "SpecialFile"),
        (EntryKind::BadName, "BadName"),
        (EntryKind::TooDeep, "TooDeep"),
    ] {
        let mut odd = bag("1.0");
        odd.extra.push(SourceEntry { path: "data/x".to_owned(), kind });
        assert_problem(&odd, problem);
    }
}

#[test]
fn bagit_txt_and_encodings() {
    let mut bom = bag("1.0");
    bom.set("bagit.txt", format!("\u{FEFF}{}", declaration("1.0", "UTF-8")));
    assert_problem(&bom, "BomInBagitTxt");
    let mut spaced = bag("1.0");
    spaced.set("bagit.txt", "BagIt-Version : 1.0\nTag-File-Character-Encoding: UTF-8\n");
    assert_problem(&spaced, "BadBagitTxt");
    let mut unknown = bag("1.0");
    unknown.set("bagit.txt", declaration("1.0", "klingon"));
    assert_problem(&unknown, "UnknownEncoding");
    let mut invalid = bag("1.0");
    invalid.set("bag-info.txt", b"Contact-Name: \xFF\n");
    assert_problem(&invalid, "NotText");
    // A manifest whose paths are not ASCII, in the encodings that Japanese systems used.
    for label in ["Shift_JIS", "EUC-JP", "UTF-16", "ISO-2022-JP"] {
        let mut japanese = MemoryBag::default();
        japanese.set("bagit.txt", declaration("0.97", label));
        japanese.set("data/請求.txt", "alpha");
        let text = manifest(&[("data/請求.txt", "alpha")]);
        let bytes = match label {
            "UTF-16" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            label => encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().encode(&text).0.into_owned(),
        };
        japanese.set("manifest-sha512.txt", bytes);
        assert_valid(&japanese);
    }
    let mut marked = bag("1.0");
    marked.set("bag-info.txt", "\u{FEFF}Contact-Name: x\n");
    assert_warning(&marked, "ByteOrderMark");
}

#[test]
fn manifest_lines_are_read_strictly() {
    for line in
        ["abc  data/a.txt", "data/a.txt", &sha512(b"alpha"), &format!("{}zz  data/a.txt", "0".repeat(126))]
    {
        let mut bad = bag("1.0");
        let good = manifest(&[("data/a.txt", "alpha"), ("data/dir/b.txt", "beta")]);
        bad.set("manifest-sha512.txt", format!("{good}{line}\n"));
        assert_problem(&bad, "BadManifestLine");
    }
    for (path, problem) in [
        ("../x", "Dots"),
        ("data/../../x", "Dots"),
        ("data\\..\\..\\x", "Dots"),
        ("/etc/passwd", "Absolute"),
        ("C:\\x", "Drive"),
        ("\\\\server\\x", "Unc"),
        ("~/x", "Tilde"),
        ("%TEMP%\\x", "Variable"),
        ("data/a\0", "Control"),
    ] {
        let mut outside = bag("1.0");
        let good = manifest(&[("data/a.txt", "alpha"), ("data/dir/b.txt", "beta")]);
        outside.set("manifest-sha512.txt", good + &manifest(&[(path, "alpha")]));
        let errors = report(&outside).errors;
        let [BagProblem::OutOfScope { problem: found, .. }] = errors.as_slice() else {
            panic!("{path}: {errors:?}")
        };
        assert_eq!(format!("{found:?}"), problem, "{path}");
    }
    let mut tag = bag("1.0");
    let good = manifest(&[("data/a.txt", "alpha"), ("data/dir/b.txt", "beta"), ("bagit.txt", "x")]);
    tag.set("manifest-sha512.txt", good);
    assert_problem(&tag, "NotPayload");
}

#[test]
fn repeated_lines_and_twins() {
    let twice = [("data/a.txt", "alpha"), ("data/a.txt", "alpha"), ("data/dir/b.txt", "beta")];
    let mut repeated = bag("0.97");
    repeated.set("manifest-sha512.txt", manifest(&twice));
    assert_warning(&repeated, "ListedTwice");
    repeated.set("bagit.txt", declaration("1.0", "UTF-8"));
    assert_problem(&repeated, "ListedTwice");
    let mut conflicting = bag("0.97");
    let lines = manifest(&[("data/a.txt", "alpha"), ("data/a.txt", "other"), ("data/dir/b.txt", "beta")]);
    conflicting.set("manifest-sha512.txt", lines);
    assert_problem(&conflicting, "ConflictingDigests");
    let lines = manifest(&[("data/a.txt", "alpha"), ("data/A.TXT", "alpha"), ("data/dir/b.txt", "beta")]);
    let mut one_on_disk = bag("1.0");
    one_on_disk.set("manifest-sha512.txt", &lines);
    assert_warning(&one_on_disk, "CaseTwins");
    let mut both_on_disk = one_on_disk.clone();
    both_on_disk.set("data/A.TXT", "alpha");
    assert_warning(&both_on_disk, "CaseTwins");
    // In other case alone, a name is another name: the manifest does not list what is there.
    let mut other_case = bag("1.0");
    other_case.set("manifest-sha512.txt", manifest(&[("data/A.TXT", "alpha"), ("data/dir/b.txt", "beta")]));
    let errors = format!("{:?}", report(&other_case).errors);
    assert!(errors.contains("Missing") && errors.contains("Unlisted"), "{errors}");
    let mut composed = bag("1.0");
    composed.set("data/か\u{3099}.txt", "gamma");
    let lines = manifest(&[("data/a.txt", "alpha"), ("data/dir/b.txt", "beta"), ("data/が.txt", "gamma")]);
    composed.set("manifest-sha512.txt", lines);
    assert_warning(&composed, "Renormalized");
    composed.set("data/か\u{3099}.txt", "damaged");
    assert!(!report(&composed).is_valid());
}

#[test]
fn marks_of_other_tools() {
    let lines = manifest(&[("data/a.txt", "alpha"), ("data/dir/b.txt", "beta")]);
    let mut asterisk = bag("1.0");
    asterisk.set("manifest-sha512.txt", lines.replace("  ", " *"));
    assert_warning(&asterisk, "Asterisk");
    let mut dot = bag("1.0");
    dot.set("manifest-sha512.txt", lines.replace("  data/a", "  ./data/a"));
    assert_warning(&dot, "LeadingDotSlash");
    let mut system = bag("1.0");
    system.set("data/Thumbs.db", "x");
    system.set("manifest-sha512.txt", lines.clone() + &manifest(&[("data/Thumbs.db", "x")]));
    system.set("bag-info.txt", "Payload-Oxum: 10.3\n");
    assert_warning(&system, "SystemFile ");
    system.files.remove("data/Thumbs.db");
    assert_warning(&system, "SystemFileMissing");
    system.set("data/Thumbs.db", "damaged");
    assert!(!report(&system).is_valid());
    let mut unlisted = bag("1.0");
    unlisted.set("data/.DS_Store", "x");
    assert_problem(&unlisted, "Unlisted ");
    let mut device = bag("1.0");
    device.set("data/aux.txt", "x");
    device.set("manifest-sha512.txt", lines + &manifest(&[("data/aux.txt", "x")]));
    assert_warning(&device, "NotPortable");
    let mut metadata = bag("1.0");
    metadata.set("bag-info.txt", "Contact-Name: x\n  continued: y\nnonsense\n");
    assert_warning(&metadata, "BadMetadataLine { name: \"bag-info.txt\", line: 3 }");
}

#[test]
fn percent_signs_mean_what_the_version_says() {
    let with = |version: &str, listed: &str, on_disk: &str| {
        let mut bag = bag(version);
        bag.set(on_disk, "x");
        let lines = [("data/a.txt", "alpha"), ("data/dir/b.txt", "beta"), (listed, "x")];
        bag.set("manifest-sha512.txt", manifest(&lines));
        report(&bag).is_valid()
    };
    assert!(with("1.0", "data/x%0Ay", "data/x\ny"));
    assert!(with("1.0", "data/x%25y", "data/x%y"));
    assert!(with("0.97", "data/x%0dy", "data/x\ry"));
    assert!(with("0.97", "data/x%25y", "data/x%25y"));
    assert!(with("0.97", "data/%7Ex", "data/%7Ex"));
    assert!(!with("1.0", "data/%7Ex", "data/~x"));
    assert!(!with("0.97", "data/x%25y", "data/x%y"));
}

#[test]
fn fetch_lists_are_judged_and_never_fetched() {
    let mut whole = bag("1.0");
    whole.set(
        "fetch.txt",
        "https://example.invalid/a - data/a.txt\nhttps://example.invalid/b\t4 data/dir/b.txt\n",
    );
    let found = assert_valid(&whole);
    assert_eq!((found.fetch.len(), found.fetch[1].length), (2, Some(4)));
    let mut holey = whole.clone();
    holey.files.remove("data/a.txt");
    assert_problem(&holey, "NotFetched");
    for (line, problem) in [
        ("https://example.invalid/a data/a.txt", "BadFetchLine"),
        ("https://example.invalid/a x data/a.txt", "BadFetchLine"),
        ("https://example.invalid/a - /etc/passwd", "OutOfScope"),
        ("https://example.invalid/a - bagit.txt", "NotPayload"),
        ("https://example.invalid/a - data/unlisted", "FetchNotInManifest"),
    ] {
        let mut bad = bag("1.0");
        bad.set("fetch.txt", line);
        assert_problem(&bad, problem);
    }
}

#[test]
fn oxum_is_compared() {
    for (listed, valid) in [("9.2", true), ("9.3", false), ("8.2", false), ("9", false), ("x.y", false)] {
        let mut bag = bag("1.0");
        bag.set("bag-info.txt", format!("payload-oxum : {listed}\n"));
        assert_eq!(report(&bag).is_valid(), valid, "{listed}");
    }
    let mut old = bag("0.95");
    old.set("package-info.txt", "Payload-Oxum: 1.1\n");
    assert_problem(&old, "OxumDiffers");
}

#[test]
fn tag_manifests_are_compared() {
    let mut tagged = bag("1.0");
    let line = |name: &str, content: &[u8]| format!("{} {name}\n", sha512(content));
    let good = line("bagit.txt", &tagged.files["bagit.txt"]);
    tagged.set("tagmanifest-sha512.txt", &good);
    assert_valid(&tagged);
    for (lines, problem) in [
        (line("bagit.txt", b"other"), "DigestDiffers"),
        (line("bag-info.txt", b"x"), "Missing"),
        (line("data/a.txt", b"alpha"), "NotATagFile"),
        (line("../x", b""), "OutOfScope"),
    ] {
        tagged.set("tagmanifest-sha512.txt", lines);
        assert_problem(&tagged, problem);
    }
}

#[test]
fn everything_has_a_limit() {
    let mut long = bag("1.0");
    long.set("bag-info.txt", format!("A: {}\n", "x".repeat(LINE_MAX_BYTES)));
    assert_problem(&long, "LineTooLong");
    let mut large = bag("1.0");
    large.set("bag-info.txt", vec![b'\n'; usize::try_from(TAG_FILE_MAX_BYTES).unwrap() + 1]);
    assert_problem(&large, "TagFileTooLarge");
    let mut many = bag("1.0");
    let entry = |n| SourceEntry { path: format!("data/{n}"), kind: EntryKind::Dir };
    many.extra = (0..MAX_ENTRIES).map(entry).collect();
    assert_problem(&many, "TooManyEntries");
    let mut bad = bag("1.0");
    (0..MAX_PROBLEMS + 5).for_each(|n| bad.set(&format!("data/x{n}"), ""));
    let report = report(&bad);
    assert_eq!((report.errors.len(), report.left_off), (MAX_PROBLEMS, 5));
}

/// A payload file that is never in memory: zeros, handed out in pieces of any size asked for.
struct Zeros {
    bag: MemoryBag,
    bytes: u64,
}

struct Watched(io::Take<io::Repeat>);

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(buffer.len() <= 1 << 20, "a payload file is read whole");
        self.0.read(buffer)
    }
}

impl BagSource for Zeros {
    fn list(&self, limit: usize) -> io::Result<Vec<SourceEntry>> {
        let mut entries = self.bag.list(limit)?;
        entries.push(SourceEntry { path: "data/zeros".to_owned(), kind: EntryKind::File(self.bytes) });
        Ok(entries)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        if path == "data/zeros" {
            Ok(Box::new(Watched(io::repeat(0).take(self.bytes))))
        } else {
            self.bag.open(path)
        }
    }
}

#[test]
fn large_files_are_streamed_and_progress_is_told() {
    let bytes: u64 = 64 << 20;
    let mut hash = sha2::Sha512::new();
    (0..64).for_each(|_| hash.update(vec![0; 1 << 20]));
    let mut bag = bag("1.0");
    let lines = manifest(&[("data/a.txt", "alpha"), ("data/dir/b.txt", "beta")]);
    bag.set("manifest-sha512.txt", format!("{lines}{}  data/zeros\n", hex(&hash.finalize())));
    let mut seen = Vec::new();
    let report = verify_with_progress(&Zeros { bag, bytes }, &mut |total| seen.push(total)).unwrap();
    assert!(report.is_valid(), "{:?}", report.errors);
    assert_eq!(seen.last(), Some(&(bytes + 9)));
    assert!(seen.is_sorted());
}

struct Broken;

impl BagSource for Broken {
    fn list(&self, _: usize) -> io::Result<Vec<SourceEntry>> {
        Err(io::Error::other("medium removed"))
    }
    fn open(&self, _: &str) -> io::Result<Box<dyn Read + '_>> {
        Err(io::Error::other("medium removed"))
    }
}

#[test]
fn a_folder_that_cannot_be_listed_is_an_error_not_a_verdict() {
    let error = verify(&Broken).unwrap_err();
    assert_eq!(error.0.to_string(), "medium removed");
}

/// Messages show paths escaped: a bag must not write to the terminal of whoever judges it.
#[test]
fn messages_are_one_escaped_line() {
    let mut bag = bag("1.0");
    bag.set("data/\u{1B}[2J\n", "x");
    let report = report(&bag);
    let problems = report.errors.iter().map(ToString::to_string);
    let warnings = report.warnings.iter().map(BagWarning::to_string);
    let messages: Vec<String> = problems.chain(warnings).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|text| !text.contains(['\u{1B}', '\n'])), "{messages:?}");
}

#[test]
fn a_folder_is_read_without_following_anything() {
    let folder = tempfile::tempdir().unwrap();
    bag("1.0").write_to(folder.path());
    assert_valid(&dir_source(folder.path()));
    let deep = folder.path().join(["data"; 1].join("/")).join(["d"; 70].join("/"));
    std::fs::create_dir_all(deep).unwrap();
    assert_one(&report(&dir_source(folder.path())).errors, "TooDeep");
    std::fs::remove_dir_all(folder.path().join("data/d")).unwrap();
    assert_valid(&dir_source(folder.path()));
}

#[cfg(unix)]
#[test]
fn links_devices_and_names_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    bag("1.0").write_to(folder.path());
    let data = folder.path().join("data");
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir(outside.path().join("sub")).unwrap();
    std::os::unix::fs::symlink(outside.path(), data.join("link")).unwrap();
    assert_one(&report(&dir_source(folder.path())).errors, "Link { path: \"data/link\" }");
    std::fs::remove_file(data.join("link")).unwrap();
    // The listed file itself replaced by a link to the right content.
    std::fs::rename(data.join("a.txt"), outside.path().join("a.txt")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("a.txt"), data.join("a.txt")).unwrap();
    let errors = format!("{:?}", report(&dir_source(folder.path())).errors);
    assert!(errors.contains("Link") && errors.contains("Missing"), "{errors}");
    assert!(dir_source(folder.path()).open("data/a.txt").is_err());
    std::fs::remove_file(data.join("a.txt")).unwrap();
    // A link that stays inside the bag is a link too.
    std::os::unix::fs::symlink("dir/b.txt", data.join("a.txt")).unwrap();
    assert!(dir_source(folder.path()).open("data/a.txt").is_err());
    std::fs::remove_file(data.join("a.txt")).unwrap();
    std::fs::rename(outside.path().join("a.txt"), data.join("a.txt")).unwrap();
    std::fs::create_dir(data.join("folder")).unwrap();
    assert!(dir_source(folder.path()).open("data/folder").is_err());
    let socket = std::os::unix::net::UnixListener::bind(data.join("socket")).unwrap();
    assert_one(&report(&dir_source(folder.path())).errors, "SpecialFile");
    drop(socket);
    std::fs::remove_file(data.join("socket")).unwrap();
    let name = std::ffi::OsStr::from_bytes(b"\x90\xBF\x8B\x81.UKE");
    match std::fs::File::create(data.join(name)) {
        Ok(_) => assert_one(&report(&dir_source(folder.path())).errors, "BadName"),
        Err(error) => println!("skip: this file system takes no such name ({error})"),
    }
}

#[test]
fn every_changed_byte_of_our_own_bag_is_noticed() {
    let ours = MemoryBag::ours();
    let mut tried = 0;
    for (name, bytes) in ours.files.iter().filter(|(name, _)| !name.starts_with("tagmanifest")) {
        for at in 0..bytes.len() {
            let mut damaged = ours.clone();
            damaged.files.get_mut(name).unwrap()[at] ^= 0x20;
            assert!(!report(&damaged).is_valid(), "{name}, byte {at}");
            tried += 1;
        }
    }
    println!("damaged bags refused: {tried}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Rubbish in place of any tag file: a verdict, never a panic, and never a bag that passes for whole.
    #[test]
    fn any_tag_files_are_judged(
        which in 0..5usize,
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "((BagIt-Version: |manifest|data/a.txt|%0A|\\.\\./|[0-9a-f]{1,128}|  | \\*|:|\\.|\r\n|\n|\\PC){1,20})"
                .prop_map(String::into_bytes),
        ],
    ) {
        let name = ["bagit.txt", "bag-info.txt", "fetch.txt", "manifest-sha512.txt", "tagmanifest-sha512.txt"][which];
        let mut rubbish = bag("1.0");
        rubbish.set(name, &bytes);
        let report = verify(&rubbish).unwrap();
        if matches!(name, "bagit.txt" | "manifest-sha512.txt") {
            prop_assert!(!report.is_valid());
        }
    }
}
