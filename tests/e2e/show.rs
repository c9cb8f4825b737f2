//! `rezept show`: facts of every kind of file, findings, masked values, and files that are something else.

use crate::bench::{fixture, handed_out, run};
use rezept_claim::layout::layout;
use rezept_claim::{Depth, RecordReader, scan, text};
use std::fs;

#[test]
fn the_real_file_has_the_known_facts() {
    let Some(path) = handed_out("real/RECEIPTC_GAIRAI_SAMPLE.UKE") else { return };
    let shown = run(&["show", &path, "--json"]);
    assert_eq!((shown.exit, shown.err.as_str()), (0, ""));
    let known = r#"{"v":1,"type":"file","kind":"claim","family":"ika","payer":"1","prefecture":"12","point_table":"1","facility":"0000000","month":"2021-11","volume":"00","claims":75,"payers":140,"points":86392,"#;
    assert!(shown.out.starts_with(known), "{}", shown.out);
    let file = &shown.of_type("file")[0];
    assert_eq!(file["complete"], true);
    assert_eq!(file["sha256"], "41c4f45ac3b0e42ba47439880f91b8e0c2cae044b1b7acc8a2ed5a49f7d9da30");
    let findings = shown.of_type("finding");
    assert!(findings.iter().any(|finding| finding["note"] == "no-end-mark" && finding["line"] == 636));
}

#[test]
fn every_kind_of_file_is_told_by_its_content() {
    for (name, kind, family, payer, month) in [
        ("ika_shaho/RECEIPTC.UKE", "claim", "ika", "1", "2024-11"),
        ("ika_kokuho/RECEIPTC.UKE", "claim", "ika", "2", "2024-11"),
        ("dpc_shaho/RECEIPTD.UKE", "claim", "dpc", "1", "2024-11"),
        ("shika/RECEIPTS.UKE", "claim", "shika", "1", "2024-11"),
        ("chozai/RECEIPTY.CYO", "claim", "chozai", "1", "2024-11"),
        ("hen_shaho/RECEIPTC.HEN", "return", "ika", "1", "2024-12"),
        ("sah_shaho/RECEIPTC.SAH", "return", "ika", "1", "2024-12"),
        ("hen_old_wareki/RECEIPTC.HEN", "return", "ika", "1", "2018-12"),
    ] {
        let shown = run(&["show", "--json", &fixture(name)]);
        let file = &shown.of_type("file")[0];
        let found = ["kind", "family", "payer", "month"].map(|key| file[key].as_str().unwrap());
        assert_eq!(found, [kind, family, payer, month], "{name}");
        assert_eq!(file["complete"], true, "{name}");
    }
}

#[test]
fn a_notice_is_completed_by_its_official_name() {
    let shown = run(&["show", "--json", &fixture("zogn/RIzogn1131999901550612.csv")]);
    let file = &shown.of_type("file")[0];
    let found =
        ["kind", "notice", "payer", "prefecture", "facility", "month"].map(|key| file[key].as_str().unwrap());
    assert_eq!((shown.exit, found), (0, ["notice", "zogn", "1", "13", "9999015", "2024-12"]));
}

#[test]
fn people_get_a_table() {
    let path = fixture("ika_shaho/RECEIPTC.UKE");
    let shown = run(&["show", &path]);
    assert_eq!((shown.exit, shown.err.as_str()), (0, ""));
    for words in
        ["請求ファイル / 医科", "1 社保 (社会保険診療報酬支払基金)", "13-1-9999015", "ファイルの合計と一致"]
    {
        assert!(shown.out.contains(words), "{words} in {}", shown.out);
    }
    let english = run(&["show", &path, "--lang", "en"]).out;
    assert!(english.contains("claim file / medical") && !english.contains("請求"), "{english}");
}

/// A copy of a fixture with a change, in a folder that goes away.
fn changed(name: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("RECEIPTC.UKE");
    write(&path, &change(fs::read(fixture(name)).unwrap()));
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[expect(clippy::disallowed_methods, reason = "a fixture in a throw-away folder")]
fn write(path: &std::path::Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_cut_file_ends_with_exit_1_and_says_so() {
    let (_folder, path) = changed("ika_shaho/RECEIPTC.UKE", |bytes| bytes[..bytes.len() * 2 / 3].to_vec());
    let shown = run(&["show", &path, "--json"]);
    assert_eq!(shown.exit, 1);
    assert_eq!(shown.of_type("file")[0]["complete"], false);
    assert!(shown.of_type("finding").iter().any(|finding| finding["id"] == "R-004"));
    assert!(run(&["show", &path]).out.contains("途中で切れているか"));
}

#[test]
fn a_wrong_total_ends_with_exit_1_and_both_numbers() {
    let (_folder, path) = changed("ika_shaho/RECEIPTC.UKE", |bytes| {
        let at = bytes.windows(4).rposition(|window| window == b"\nGO,").unwrap();
        [&bytes[..at + 1], b"GO,7,1,99\r\n\x1a"].concat()
    });
    let shown = run(&["show", &path, "--json"]);
    let file = &shown.of_type("file")[0];
    assert_eq!((shown.exit, &file["totals_match"], &file["declared_payers"]), (1, &false.into(), &7.into()));
    assert!(run(&["show", &path]).out.contains("一致しません"));
}

#[test]
fn values_are_masked_unless_asked_for() {
    // Letters where the points of the insurance stand: a finding about an item.
    let (_folder, path) = changed("ika_shaho/RECEIPTC.UKE", |bytes| {
        let at = bytes.windows(4).position(|window| window == b"\nHO,").unwrap();
        let line = at + 1 + bytes[at + 1..].iter().position(|byte| *byte == b'\r').unwrap();
        let days =
            bytes[at + 1..line].split(|byte| *byte == b',').take(5).map(|item| item.len() + 1).sum::<usize>();
        let rest = bytes[at + 1 + days..].iter().position(|byte| *byte == b',').unwrap();
        [&bytes[..at + 1 + days], b"SECRET", &bytes[at + 1 + days + rest..]].concat()
    });
    for args in [&["show", &path][..], &["show", &path, "--json"], &["show", &path, "-v"]] {
        let masked = run(args);
        assert!(!masked.out.contains("SECRET") && !masked.err.contains("SECRET"), "{}", masked.out);
    }
    assert!(run(&["show", &path, "--reveal"]).out.contains("SECRET"));
    let objects = run(&["show", &path, "--reveal", "--json"]).of_type("finding");
    assert!(objects.iter().any(|finding| finding["value"] == "SECRET"), "{objects:?}");
}

/// Names and birth dates of the patients of a file, as they stand in its claims.
fn patients(path: &str) -> Vec<String> {
    let mut reader = RecordReader::new(fs::File::open(path).unwrap());
    let family = scan(fs::File::open(path).unwrap(), Depth::Totals, &mut |_| ()).unwrap().family.unwrap();
    let mut values = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let Some(layout) = record.id().filter(|id| &id.0 == b"RE").and_then(|id| layout(family, id)) else {
            continue;
        };
        for wanted in ["name", "birth_date"] {
            let number = layout.items.iter().position(|item| item.name == wanted).unwrap() + 1;
            let value = record.item(number).unwrap_or_default();
            values.extend((!value.is_empty()).then(|| text::decode(value).into_owned()));
        }
    }
    values
}

#[test]
fn no_patient_is_named_whatever_is_wrong_with_the_file() {
    for name in ["ika_shaho/RECEIPTC.UKE", "dpc_shaho/RECEIPTD.UKE", "chozai/RECEIPTY.CYO"] {
        let patients = patients(&fixture(name));
        assert!(patients.len() >= 2, "{name}: {patients:?}");
        // One comma more in each line moves every value into the place of another; LF alone and a cut besides.
        let (_folder, path) = changed(name, |bytes| {
            let moved: Vec<u8> = bytes
                .split_inclusive(|byte| *byte == b'\n')
                .skip(1)
                .flat_map(|line| [&line[..2.min(line.len())], b",", &line[2.min(line.len())..]].concat())
                .collect();
            let header = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap();
            [header, &moved[..moved.len() - 20]].concat()
        });
        for args in [&["show", &path][..], &["show", &path, "--json"], &["show", &path, "-v", "--lang", "en"]]
        {
            let shown = run(args);
            assert_eq!(shown.exit, 1, "{name}: {}", shown.out);
            for value in &patients {
                assert!(!shown.out.contains(value) && !shown.err.contains(value), "{name}: {value}");
            }
        }
    }
}

#[test]
fn something_else_is_told_with_its_own_code() {
    for (content, code) in [
        (&b""[..], "RZ-F105"),
        (b"<!DOCTYPE html><html><body>error</body></html>", "RZ-F106"),
        (b"\xEF\xBB\xBFIR,1,13,1,9999015\r\n", "RZ-F107"),
        (b"\"IR\",\"1\",\"13\",\"1\"\r\n", "RZ-F108"),
        (b"PK\x03\x04\x14\0\0\0", "RZ-F109"),
        (b"%PDF-1.7\n", "RZ-F110"),
        (b"RE,1,1112,202604\r\nHO,06132013\r\n", "RZ-F111"),
        (b"\0\x01\x02rubbish\xff\n", "RZ-F113"),
    ] {
        let (_folder, path) = changed("ika_shaho/RECEIPTC.UKE", |_| content.to_vec());
        let shown = run(&["show", &path]);
        assert_eq!((shown.exit, shown.out.as_str()), (3, ""), "{code}");
        assert!(shown.err.starts_with(&format!("エラー {code}\n  対象: {path}\n")), "{}", shown.err);
    }
}

#[test]
fn what_is_no_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert!(run(&["show", &inside("none")]).err.contains("RZ-F101"));
    assert!(run(&["show", folder.path().to_str().unwrap()]).err.contains("RZ-F103"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(fixture("ika_shaho/RECEIPTC.UKE"), inside("link")).unwrap();
        assert!(run(&["show", &inside("link")]).err.contains("RZ-F104"));
        let made = std::process::Command::new("mkfifo").arg(inside("fifo")).status().unwrap();
        assert!(made.success());
        assert!(run(&["show", &inside("fifo")]).err.contains("RZ-F103"));
    }
}
