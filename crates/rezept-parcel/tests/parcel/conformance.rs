//! Every case of the BagIt conformance suite against `verify`, found by listing its folders, so that a new case is
//! never skipped. Without the suite (it is not part of this project) the test says so; `bags.rs` has our own bags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::common::{dir_source, shared};
use rezept_parcel::verify::{BagReport, BagWarning, verify};

/// What a folder of the suite demands.
#[derive(Clone, Copy)]
enum Demand {
    Valid,
    Invalid,
    Warning,
}

fn demand_of(folder: &str) -> Demand {
    match folder {
        "valid" => Demand::Valid,
        "warning" => Demand::Warning,
        // The Windows cases name drives, UNC paths and variables; we refuse those everywhere, because bags travel.
        "invalid" | "linux-only" | "windows-only" => Demand::Invalid,
        other => panic!("the suite has a new kind of case: {other}"),
    }
}

/// The kind of warning that each warning case is about.
fn is_expected(case: &str, warning: &BagWarning) -> bool {
    match case {
        "duplicate-file-with-different-case" => matches!(warning, BagWarning::CaseTwins { .. }),
        "made-with-md5sum-tools" => matches!(warning, BagWarning::Asterisk { .. }),
        "relative-path" => matches!(warning, BagWarning::LeadingDotSlash { .. }),
        "same-filename-listed-twice-with-different-normalization" => {
            matches!(warning, BagWarning::NormalizationTwins { .. })
        }
        "same-filename-listed-twice-with-the-same-hash" => matches!(warning, BagWarning::ListedTwice { .. }),
        "special-system-files" => matches!(warning, BagWarning::SystemFile { .. }),
        other => panic!("the suite has a new warning case: {other}"),
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.is_dir() && path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
        })
        .collect();
    found.sort();
    found
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn meets(demand: Demand, case: &str, report: &BagReport) -> bool {
    match demand {
        Demand::Valid => report.is_valid(),
        Demand::Invalid => !report.is_valid(),
        Demand::Warning => {
            report.is_valid() && report.warnings.iter().any(|warning| is_expected(case, warning))
        }
    }
}

#[test]
fn every_case_of_the_suite() {
    let Some(suite) = shared("bagit-conformance-suite") else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for version in folders(&suite) {
        for kind in folders(&version) {
            for case in folders(&kind) {
                let report = verify(&dir_source(&case)).unwrap();
                *counts.entry(format!("{}/{}", name(&version), name(&kind))).or_default() += 1;
                if !meets(demand_of(name(&kind)), name(&case), &report) {
                    wrong.push(format!("{}: {report:#?}", case.display()));
                }
            }
        }
    }
    println!("conformance suite: {} cases: {counts:?}", counts.values().sum::<usize>());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for needed in
        ["v0.97/valid", "v0.97/invalid", "v0.97/warning", "v0.97/linux-only", "v1.0/valid", "v1.0/invalid"]
    {
        assert!(counts.contains_key(needed), "no case of {needed} was found");
    }
}

/// An invalid case must fail for what is wrong with it, not by accident.
#[test]
fn invalid_cases_are_refused_for_the_right_reason() {
    let Some(suite) = shared("bagit-conformance-suite") else { return };
    let reasons = [
        ("v0.97/invalid/baginfo-missing-encoding", "BadBagitTxt"),
        ("v0.97/invalid/bom-in-bagit.txt", "BomInBagitTxt"),
        ("v0.97/invalid/corrupt-data-file", "DigestDiffers"),
        ("v0.97/invalid/corrupt-tag-file", "DigestDiffers"),
        ("v0.97/invalid/extra-file-in-bag", "Unlisted"),
        ("v0.97/invalid/invalid-version-number", "BadBagitTxt"),
        ("v0.97/invalid/missing-baginfo", "Missing"),
        ("v0.97/invalid/missing-bagit.txt", "NoBagitTxt"),
        ("v0.97/invalid/out-of-scope-file-paths-using-dot-notation", "OutOfScope"),
        ("v0.97/invalid/out-of-scope-file-paths-using-dot-notation-for-fetch", "OutOfScope"),
        ("v0.97/invalid/same-filename-listed-twice-with-different-hashes", "ConflictingDigests"),
        ("v0.97/linux-only/out-of-scope-file-paths-using-absolute-path", "problem: Absolute"),
        ("v0.97/linux-only/out-of-scope-file-paths-using-absolute-path-for-fetch", "problem: Absolute"),
        ("v0.97/linux-only/out-of-scope-file-paths-using-shortcut", "problem: Tilde"),
        ("v0.97/linux-only/out-of-scope-file-paths-using-shortcut-for-fetch", "problem: Tilde"),
        ("v0.97/linux-only/out-of-scope-file-paths-using-shortcut-username", "problem: Tilde"),
        ("v0.97/linux-only/out-of-scope-file-paths-using-shortcut-username-for-fetch", "problem: Tilde"),
        ("v0.97/windows-only/out-of-scope-file-paths-using-absolute-path", "problem: Drive"),
        ("v0.97/windows-only/out-of-scope-file-paths-using-absolute-path-for-fetch", "problem: Drive"),
        ("v0.97/windows-only/out-of-scope-file-paths-using-shortcut", "problem: Variable"),
        ("v0.97/windows-only/out-of-scope-file-paths-using-shortcut-for-fetch", "problem: Variable"),
        ("v0.97/windows-only/out-of-scope-file-paths-using-unc", "problem: Unc"),
        ("v0.97/windows-only/out-of-scope-file-paths-using-unc-for-fetch", "problem: Unc"),
        ("v1.0/invalid/bagit-with-invalid-whitespace", "BadBagitTxt"),
        ("v1.0/invalid/notAllManifestsListAllFiles", "Unlisted"),
        ("v1.0/invalid/same-filename-listed-twice-with-different-hashes", "ConflictingDigests"),
        ("v1.0/invalid/same-filename-listed-twice-with-the-same-hash", "ListedTwice"),
    ];
    for (case, reason) in reasons {
        let folder = suite.join(case);
        if !folder.is_dir() {
            println!("skip: {case} is not in this copy of the suite");
            continue;
        }
        let errors = format!("{:?}", verify(&dir_source(&folder)).unwrap().errors);
        assert!(errors.contains(reason), "{case}: {reason} expected, found {errors}");
    }
}
