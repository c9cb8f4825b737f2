//! Our own bags: exact tag files, reading them back strictly, and that other programs accept them. `bagit.py` is
//! asked where `REZEPT_BAGIT_PYTHON` names a python that has it; `sha256sum` where there is one.

use std::path::PathBuf;
use std::process::Command;

use crate::common::{MemoryBag, dir_source, header, payload, plan};
use proptest::prelude::*;
use rezept_parcel::received::{TAG_FILE_MAX_BYTES, is_tag_file};
use rezept_parcel::verify::{Algorithm, verify};
use rezept_parcel::{
    BagPlan, Content, Digest, Identity, PayerFolder, PayloadFile, PayloadPath, PlanError, ReceivedBag,
    ReceivedError, TagFiles,
};
use sha2::Digest as _;

fn tags_of(bag: &MemoryBag) -> TagFiles<'_> {
    TagFiles {
        bagit: &bag.files["bagit.txt"],
        bag_info: &bag.files["bag-info.txt"],
        manifest: &bag.files["manifest-sha256.txt"],
        tagmanifest: &bag.files["tagmanifest-sha256.txt"],
    }
}

/// Changes one tag file and makes the tag manifest right again, as a forger would.
fn forged(name: &str, change: impl Fn(&str) -> String) -> MemoryBag {
    let mut bag = MemoryBag::ours();
    let changed = change(std::str::from_utf8(&bag.files[name]).unwrap());
    bag.set(name, changed);
    let lines = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"]
        .map(|name| format!("{}  {name}\n", Digest::of(&bag.files[name])));
    bag.set("tagmanifest-sha256.txt", lines.concat());
    bag
}

fn with_files(files: Vec<PayloadFile>) -> Result<BagPlan, PlanError> {
    let plan = plan();
    let (from, to) = (plan.from().clone(), plan.to().clone());
    BagPlan::new(plan.id(), from, to, plan.facility().clone(), plan.created().clone(), files)
}

fn file(number: u16, name: &str, size: u64) -> PayloadFile {
    PayloadFile {
        path: PayloadPath::new(2026, 4, PayerFolder::Shaho, number, name).unwrap(),
        size,
        sha256: Digest::of(b""),
        identity: Identity::new("notice", "-", "1", "2026-04", "-").unwrap(),
    }
}

#[test]
fn tag_files_have_exactly_this_form() {
    let tags = plan().tag_files();
    let text = |name: &str| {
        let (_, bytes) = tags.iter().find(|(found, _)| *found == name).unwrap();
        std::str::from_utf8(bytes).unwrap()
    };
    assert_eq!(text("bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    let expected = "\
Bag-Software-Agent: rezept
Bagging-Date: 2026-05-01
External-Identifier: abababababababababababababababab
Payload-Oxum: 40.3
Rezept-Parcel: 1
Rezept-Id: abababababababababababababababab
Rezept-From: recekon-1
Rezept-To: terminal-1
Rezept-Created: 2026-05-01T09:30:00+09:00
Rezept-Facility: 13-1-9999015
Rezept-Identity: data/202604-kokuho-01/RECEIPTC.UKE size=20 kind=claim family=ika payer=1 month=2026-04 volume=00
Rezept-Identity: data/202604-kokuho-02/RECEIPTC(2).UKE size=0 kind=claim family=ika payer=1 month=2026-04 volume=00
Rezept-Identity: data/202604-shaho-01/RECEIPTC.UKE size=20 kind=claim family=ika payer=1 month=2026-04 volume=00
";
    assert_eq!(text("bag-info.txt"), expected);
    assert_eq!(tags.last().unwrap().0, "tagmanifest-sha256.txt");
    assert!(tags.iter().all(|(name, _)| is_tag_file(name)));
    let tag_bytes: usize = tags.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(plan().total_bytes(), 40 + tag_bytes as u64);
}

/// Recomputes both manifests from the bytes with code that shares nothing with the crate but SHA-256.
#[test]
fn manifests_are_what_sha256sum_would_write() {
    let bag = MemoryBag::ours();
    let manifest = |keep: &dyn Fn(&str) -> bool| {
        let lines = bag.files.iter().filter(|(name, _)| keep(name)).map(|(name, bytes)| {
            let hex: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}  {name}\n")
        });
        lines.collect::<String>().into_bytes()
    };
    assert_eq!(bag.files["manifest-sha256.txt"], manifest(&|name| name.starts_with("data/")));
    let is_tag = |name: &str| !name.starts_with("data/") && !name.starts_with("tagmanifest");
    assert_eq!(bag.files["tagmanifest-sha256.txt"], manifest(&is_tag));
}

#[test]
fn the_same_files_in_any_order_give_the_same_bytes() {
    let mut files = plan().files().to_vec();
    files.reverse();
    assert_eq!(with_files(files).unwrap().tag_files(), plan().tag_files());
}

#[test]
fn impossible_plans_are_refused() {
    assert_eq!(with_files(Vec::new()), Err(PlanError::Empty));
    let many = |count: u16| (1..=count).map(|number| file(number, "A.UKE", 1)).collect();
    assert_eq!(with_files(many(10_000)).unwrap().files().len(), 10_000);
    assert_eq!(with_files(many(10_001)), Err(PlanError::TooMany { found: 10_001, limit: 10_000 }));
    let twins = |second| with_files(vec![file(1, "RECEIPTC.UKE", 1), file(1, second, 1)]);
    assert!(matches!(twins("RECEIPTC.UKE"), Err(PlanError::Collision { .. })));
    assert!(matches!(twins("receiptc.uke"), Err(PlanError::Collision { .. })));
    assert!(twins("RECEIPTD.UKE").is_ok());
    let huge = vec![file(1, "A.UKE", u64::MAX), file(2, "A.UKE", 1)];
    assert_eq!(with_files(huge), Err(PlanError::TooLarge));
}

#[test]
fn the_largest_plan_still_fits_the_limits_of_the_reader() {
    let name = "A".repeat(64);
    let files = (1..=10_000).map(|number| file(number, &name, u64::MAX / 10_000)).collect();
    let plan = with_files(files).unwrap();
    let tags = plan.tag_files();
    assert!(tags.iter().all(|(_, bytes)| bytes.len() <= TAG_FILE_MAX_BYTES));
    let get = |wanted: &str| tags.iter().find(|(name, _)| *name == wanted).unwrap().1.as_slice();
    let bag = ReceivedBag::parse(TagFiles {
        bagit: get("bagit.txt"),
        bag_info: get("bag-info.txt"),
        manifest: get("manifest-sha256.txt"),
        tagmanifest: get("tagmanifest-sha256.txt"),
    });
    assert_eq!(bag.unwrap().plan(), &plan);
}

#[test]
fn what_was_planned_is_read_back() {
    let bag = MemoryBag::ours();
    let received = ReceivedBag::parse_with_header(tags_of(&bag), &header()).unwrap();
    assert_eq!(received.plan(), &plan());
    for (path, bytes) in payload() {
        let file = received.files().iter().find(|file| file.path == path).unwrap();
        assert_eq!((file.sha256, file.size), (Digest::of(bytes), bytes.len() as u64));
    }
}

#[test]
fn every_changed_byte_of_a_tag_file_is_noticed() {
    let bag = MemoryBag::ours();
    let mut tried = 0;
    for (name, bytes) in plan().tag_files() {
        for at in 0..bytes.len() {
            let mut damaged = bag.clone();
            damaged.files.get_mut(name).unwrap()[at] ^= 0x01;
            assert!(ReceivedBag::parse(tags_of(&damaged)).is_err(), "{name}, byte {at}");
            damaged.files.get_mut(name).unwrap().truncate(at);
            assert!(ReceivedBag::parse(tags_of(&damaged)).is_err(), "{name}, cut at {at}");
            tried += 2;
        }
    }
    println!("damaged tag files refused: {tried}");
}

#[test]
fn forged_tag_files_are_refused_with_the_place() {
    let parse = |name, from: &str, to: &str| {
        let forged = forged(name, |text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        ReceivedBag::parse(tags_of(&forged)).unwrap_err()
    };
    let bad = |name, line| ReceivedError::BadLine { name, line };
    let not_canonical = |name| ReceivedError::NotCanonical { name };
    assert_eq!(parse("bagit.txt", "1.0", "0.97"), not_canonical("bagit.txt"));
    assert_eq!(parse("bagit.txt", "UTF-8", "UTF-16"), not_canonical("bagit.txt"));
    assert_eq!(parse("bag-info.txt", "40.3", "41.3"), not_canonical("bag-info.txt"));
    assert_eq!(parse("bag-info.txt", "size=20", "size=21"), not_canonical("bag-info.txt"));
    assert_eq!(parse("bag-info.txt", "size=20", "size=020"), bad("bag-info.txt", 11));
    assert_eq!(parse("bag-info.txt", "kind=claim", "kind=Claim"), bad("bag-info.txt", 11));
    assert_eq!(parse("bag-info.txt", "Rezept-To:", "Rezept-Two:"), bad("bag-info.txt", 8));
    assert_eq!(parse("bag-info.txt", "-01/RECEIPTC.UKE", "-01/RECEIPTD.UKE"), ReceivedError::FilesDiffer);
    let newer = ReceivedError::NewerVersion { found: 2, supported: 1 };
    assert_eq!(parse("bag-info.txt", "Rezept-Parcel: 1", "Rezept-Parcel: 2"), newer);
    assert!(matches!(
        parse("bag-info.txt", "Rezept-From: recekon-1", "Rezept-From: nul"),
        ReceivedError::BadWord { name: "bag-info.txt", line: 7, .. }
    ));
    let manifest = "manifest-sha256.txt";
    assert_eq!(parse(manifest, "RECEIPTC.UKE", "../RECEIPTC.UKE"), bad(manifest, 1));
    assert_eq!(parse(manifest, "data/", "/data/"), bad(manifest, 1));
    assert_eq!(parse(manifest, "  data/", " *data/"), bad(manifest, 1));
    assert_eq!(parse(manifest, "\n", "\r\n"), bad(manifest, 1));
    let sha512 = forged(manifest, |text| text.replace("  ", "00  "));
    assert_eq!(ReceivedBag::parse(tags_of(&sha512)), Err(bad(manifest, 1)));
    let doubled = forged(manifest, |text| format!("{text}{}\n", text.lines().next().unwrap()));
    assert_eq!(ReceivedBag::parse(tags_of(&doubled)), Err(ReceivedError::FilesDiffer));
    let mut extra = MemoryBag::ours();
    let fetch = format!("{}  fetch.txt\n", Digest::of(b""));
    extra.files.get_mut("tagmanifest-sha256.txt").unwrap().extend(fetch.as_bytes());
    assert_eq!(ReceivedBag::parse(tags_of(&extra)), Err(bad("tagmanifest-sha256.txt", 4)));
    assert!(!is_tag_file("fetch.txt") && !is_tag_file("manifest-md5.txt") && !is_tag_file("BagIt.txt"));
}

#[test]
fn case_twins_and_oversize_are_refused_on_receipt() {
    // As a forger would write them: sorted and consistent in both tag files, differing in case only.
    let twin_manifest = |text: &str| {
        let line = text.lines().last().unwrap();
        format!("{text}{}\n", line.replace("RECEIPTC.UKE", "receiptc.uke"))
    };
    let mut bag = forged("manifest-sha256.txt", twin_manifest);
    let info = String::from_utf8(bag.files["bag-info.txt"].clone()).unwrap();
    bag.set("bag-info.txt", twin_manifest(&info));
    let lines = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"]
        .map(|name| format!("{}  {name}\n", Digest::of(&bag.files[name])));
    bag.set("tagmanifest-sha256.txt", lines.concat());
    let error = ReceivedBag::parse(tags_of(&bag)).unwrap_err();
    assert!(matches!(error, ReceivedError::Plan(PlanError::Collision { .. })), "{error:?}");
    let large = vec![b'\n'; TAG_FILE_MAX_BYTES + 1];
    let tags = TagFiles { manifest: &large, ..tags_of(&bag) };
    let limit_bytes = TAG_FILE_MAX_BYTES;
    assert_eq!(
        ReceivedBag::parse(tags),
        Err(ReceivedError::TooLarge { name: "manifest-sha256.txt", limit_bytes })
    );
}

#[test]
fn a_bag_under_another_header_is_refused() {
    let bag = MemoryBag::ours();
    let parse = |change: &dyn Fn(&mut rezept_parcel::Header)| {
        let mut header = header();
        change(&mut header);
        ReceivedBag::parse_with_header(tags_of(&bag), &header).unwrap_err()
    };
    let differs = |field| ReceivedError::HeaderDiffers { field };
    let Content::Bag(summary) = header().content else { unreachable!("header() is of form bag") };
    let other = Digest::of(b"other");
    let with = |summary| Content::Bag(summary);
    assert_eq!(parse(&|h| h.id = rezept_parcel::ParcelId::from_random([1; 16])), differs("id"));
    assert_eq!(parse(&|h| h.from = "other".parse().unwrap()), differs("from"));
    assert_eq!(parse(&|h| h.to = "other".parse().unwrap()), differs("to"));
    assert_eq!(parse(&|h| h.created = "2026-05-01T09:30:01+09:00".parse().unwrap()), differs("created"));
    assert_eq!(parse(&|h| h.facility = "13-1-9999016".parse().ok()), differs("facility"));
    assert_eq!(
        parse(&|h| h.content = with(rezept_parcel::BagSummary { files: 4, ..summary })),
        differs("bag-files")
    );
    assert_eq!(
        parse(&|h| h.content = with(rezept_parcel::BagSummary { bytes: 41, ..summary })),
        differs("bag-bytes")
    );
    assert_eq!(
        parse(&|h| h.content = with(rezept_parcel::BagSummary { tagmanifest: other, ..summary })),
        ReceivedError::TagManifestDiffers
    );
    let elsewhere = PayloadPath::new(2026, 4, PayerFolder::Shaho, 9, "X.UKE").unwrap();
    assert_eq!(parse(&|h| h.released[0].path = elsewhere.clone()), differs("released"));
}

#[test]
fn our_own_verify_accepts_our_bags_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    MemoryBag::ours().write_to(folder.path());
    let report = verify(&dir_source(folder.path())).unwrap();
    assert!(report.is_valid(), "{:?}", report.errors);
    assert_eq!(report.warnings, []);
    assert_eq!(
        (report.version, report.algorithms.as_slice()),
        (Some((1, 0)), [Algorithm::Sha256].as_slice())
    );
    assert_eq!((report.payload_files, report.payload_bytes), (3, 40));
}

#[test]
fn bagit_py_accepts_our_bags_and_sees_damage() {
    let folder = tempfile::tempdir().unwrap();
    MemoryBag::ours().write_to(folder.path());
    let Some(python) = std::env::var_os("REZEPT_BAGIT_PYTHON").map(PathBuf::from) else {
        println!(
            "skip: REZEPT_BAGIT_PYTHON names no python with bagit; our own verify has judged the same bag"
        );
        return;
    };
    let validate = || {
        let output =
            Command::new(&python).args(["-m", "bagit", "--validate"]).arg(folder.path()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (accepted, said) = validate();
    assert!(accepted, "{said}");
    std::fs::OpenOptions::new()
        .append(true)
        .open(folder.path().join(payload()[0].0.as_str()))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"x"))
        .unwrap();
    assert!(!validate().0, "bagit.py did not look");
    println!("bagit.py accepted the bag and refused it after damage");
}

#[test]
fn sha256sum_checks_our_manifests() {
    let folder = tempfile::tempdir().unwrap();
    MemoryBag::ours().write_to(folder.path());
    for manifest in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
        match Command::new("sha256sum").args(["--strict", "-c", manifest]).current_dir(folder.path()).output()
        {
            Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => println!("skip: no sha256sum ({error})"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_is_read_back(sizes in prop::collection::vec((any::<u32>(), any::<[u8; 32]>()), 1..40)) {
        let files = sizes.iter().zip(1..).map(|((size, sha256), number)| {
            PayloadFile { size: u64::from(*size), sha256: Digest(*sha256), ..file(number, "RECEIPTC.UKE", 0) }
        });
        let plan = with_files(files.collect()).unwrap();
        let mut bag = MemoryBag::default();
        bag.files.extend(plan.tag_files().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
        let received = ReceivedBag::parse(tags_of(&bag)).unwrap();
        prop_assert_eq!(received.plan(), &plan);
    }
}
