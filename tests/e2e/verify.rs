//! `rezept verify`: a whole bag, one with a warning, damaged ones, and things that are no bag.

use crate::bench::{fixture, handed_out, run};
use std::fs;
use std::path::{Path, PathBuf};

use rezept_parcel::{BagPlan, Digest, Facility, Identity, ParcelId, PayerFolder, PayloadFile, PayloadPath};

/// A bag of ours with one claim file, written by hand.
fn bag() -> (tempfile::TempDir, PathBuf) {
    let content = fs::read(fixture("ika_shaho/RECEIPTC.UKE")).unwrap();
    let plan = BagPlan::new(
        ParcelId::from_random([0xAB; 16]),
        "recekon-1".parse().unwrap(),
        "terminal-1".parse().unwrap(),
        Facility::new("13", "1", "9999015").unwrap(),
        "2026-05-01T09:30:00+09:00".parse().unwrap(),
        vec![PayloadFile {
            path: PayloadPath::new(2026, 5, PayerFolder::Shaho, 1, "RECEIPTC.UKE").unwrap(),
            size: content.len() as u64,
            sha256: Digest::of(&content),
            identity: Identity::new("claim", "ika", "1", "2026-05", "00").unwrap(),
        }],
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bag = folder.path().join("bag");
    write(&bag.join(plan.files()[0].path.as_str()), &content);
    for (name, bytes) in plan.tag_files() {
        write(&bag.join(name), &bytes);
    }
    (folder, bag)
}

#[expect(clippy::disallowed_methods, reason = "a fixture in a throw-away folder")]
fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn payload(bag: &Path) -> PathBuf {
    bag.join("data/202605-shaho-01/RECEIPTC.UKE")
}

#[test]
fn a_whole_bag_is_valid() {
    let (_folder, bag) = bag();
    let verdict = run(&["verify", bag.to_str().unwrap(), "--json"]);
    assert_eq!((verdict.exit, verdict.err.as_str()), (0, ""));
    let object = &verdict.of_type("bag")[0];
    assert_eq!(
        (&object["valid"], &object["files"], &object["version"]),
        (&true.into(), &1.into(), &"1.0".into())
    );
    let told = run(&["verify", bag.to_str().unwrap()]);
    assert!(told.out.contains("完全です。すべてのファイルの内容が記録と一致しました。"), "{}", told.out);
}

#[test]
fn a_warning_is_for_a_person() {
    let (_folder, bag) = bag();
    write(&bag.join("__MACOSX"), b"");
    let quiet = run(&["verify", bag.to_str().unwrap()]);
    assert_eq!(quiet.exit, 0, "{}", quiet.out);
    let manifest = fs::read_to_string(bag.join("manifest-sha256.txt")).unwrap().replace("  data/", " *data/");
    write(&bag.join("manifest-sha256.txt"), manifest.as_bytes());
    fs::remove_file(bag.join("tagmanifest-sha256.txt")).unwrap();
    let verdict = run(&["verify", bag.to_str().unwrap(), "--json"]);
    assert_eq!(verdict.exit, 1, "{}", verdict.out);
    assert_eq!(verdict.of_type("bag_problem")[0]["id"], "asterisk");
}

#[test]
fn damage_is_found_and_ends_with_exit_6() {
    let (_folder, bag) = bag();
    let mut content = fs::read(payload(&bag)).unwrap();
    content[100] ^= 1;
    write(&payload(&bag), &content);
    let verdict = run(&["verify", bag.to_str().unwrap(), "--json"]);
    assert_eq!(verdict.exit, 6);
    let problem = &verdict.of_type("bag_problem")[0];
    assert_eq!((&problem["severity"], &problem["id"]), (&"error".into(), &"digest-differs".into()));
    assert_eq!(problem["file"], "data/202605-shaho-01/RECEIPTC.UKE");
    assert_eq!(verdict.of_type("error")[0]["code"], "RZ-P107");
    assert!(verdict.err.contains("RZ-P107"), "{}", verdict.err);
}

#[test]
fn a_missing_and_an_added_file_are_found() {
    let (_folder, bag) = bag();
    fs::remove_file(payload(&bag)).unwrap();
    write(&bag.join("data/202605-shaho-01/extra.exe"), b"MZ");
    let verdict = run(&["verify", bag.to_str().unwrap(), "--json"]);
    let problems = verdict.of_type("bag_problem");
    let ids: Vec<&str> = problems.iter().map(|problem| problem["id"].as_str().unwrap()).collect();
    assert_eq!(verdict.exit, 6);
    assert!(ids.contains(&"missing") && ids.contains(&"unlisted"), "{ids:?}");
}

#[test]
fn what_is_no_bag_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for (path, code) in [
        (path, "RZ-F115"),
        (&fixture("ika_shaho/RECEIPTC.UKE"), "RZ-F115"),
        (&format!("{path}/none"), "RZ-F101"),
    ] {
        let verdict = run(&["verify", path]);
        assert_eq!((verdict.exit, verdict.out.as_str()), (3, ""), "{path}");
        assert!(verdict.err.contains(code), "{}", verdict.err);
    }
}

/// Sub-folders in order.
fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir() && !path.file_name().unwrap().as_encoded_bytes().starts_with(b"."));
    found.sort();
    found
}

/// The library is tried on every case by `rezept-parcel`; here it is the exit code that scripts rely on.
#[test]
fn the_exit_code_is_right_for_the_conformance_suite() {
    let Some(suite) = handed_out("bagit-conformance-suite") else { return };
    let mut tried = 0;
    for version in folders(Path::new(&suite)) {
        for kind in folders(&version) {
            for case in folders(&kind) {
                let verdict = run(&["verify", case.to_str().unwrap()]);
                let right = match kind.file_name().unwrap().to_str().unwrap() {
                    "valid" => matches!(verdict.exit, 0 | 1),
                    "warning" => verdict.exit == 1,
                    _ => matches!(verdict.exit, 3 | 6),
                };
                assert!(right, "{}: exit {}\n{}{}", case.display(), verdict.exit, verdict.out, verdict.err);
                tried += 1;
            }
        }
    }
    assert!(tried > 30, "only {tried} cases were found");
    println!("{tried} cases of the conformance suite ended with the right exit code");
}
