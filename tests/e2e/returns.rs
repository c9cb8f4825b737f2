//! Returned claims through the built binary: import, worklist, correction, resubmission by both ways, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::bench::{Run, fixture, rezept, run};

/// A receipt computer of the facility whose invented returns lie in the fixtures.
pub struct Station {
    folder: TempDir,
}

impl Station {
    pub fn new() -> Self {
        let folder = crate::stations::fast_folder();
        for part in ["watch", "inbox", "usb"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let at = |part: &str| folder.path().join(part).display().to_string();
        let config = format!(
            "[station]\nname = \"recekon\"\nrole = \"receipt-computer\"\ndata = \"{}\"\n\
             [facility]\nprefecture = \"13\"\npoint_table = \"1\"\ncode = \"9999015\"\nname = \"テスト見本診療所\"\n\
             phone = \"03-0000-0000\"\n\
             [[route]]\nname = \"claims\"\nwatch = \"{}\"\naccept = [\"claim\"]\nto = \"terminal\"\n\
             [[inbox]]\naccept = [\"return\", \"notice\"]\nfolder = \"{}\"\n\
             [[medium]]\nkind = \"removable\"\npath = \"{}\"\n[policy]\nquiet_time = \"0s\"\n",
            at("data"),
            at("watch"),
            at("inbox"),
            at("usb"),
        );
        put(&folder.path().join("rezept.toml"), config.as_bytes());
        Self { folder }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let config = self.folder.path().join("rezept.toml");
        rezept(&[&["--config", config.to_str().unwrap(), "--json"], args].concat())
    }

    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Run {
        let config = self.folder.path().join("rezept.toml");
        run(&[&["--config", config.to_str().unwrap(), "--json"], args].concat())
    }

    #[track_caller]
    pub fn good(&self, args: &[&str]) -> Run {
        let done = self.run(args);
        assert_eq!(done.exit, 0, "{args:?}: {done:?}");
        done
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn out(&self, name: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn imported(&self, path: &str) -> (u64, u64, u64, u64, u64) {
        let done = self.run(&["import-returns", path]);
        let import = &done.of_type("import")[0];
        let number = |name: &str| import[name].as_u64().unwrap();
        (number("files"), number("claims"), number("new"), number("known"), number("held"))
    }

    pub fn codes(run: &Run) -> Vec<String> {
        run.of_type("error").iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
    }
}

fn put(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

pub fn ids(run: &Run) -> Vec<String> {
    run.of_type("returned_claim").iter().map(|claim| claim["id"].as_str().unwrap().to_owned()).collect()
}

/// The corrections that the sample resubmission contains.
pub fn correct(station: &Station) {
    station.good(&["returns", "edit", "R1", "HO.symbol=２１７０１３２", "SN.symbol=２１７０１３２"]);
    station.good(&["returns", "edit", "R2", "HO.insurer_no=06132021", "SN.insurer_no=06132021"]);
}

#[test]
fn a_return_file_is_imported_once() {
    let station = Station::new();
    let first = station.good(&["import-returns", &fixture("hen_shaho")]);
    let claims = first.of_type("returned_claim");
    let expected: Value = serde_json::from_str(
        r#"{"search_no":"120241113000000000000000001","processed_month":"2024-12","payer":"1","receipt_no":"1",
            "claim_type":"1112","service_month":"2024-10","chart_no":"00001","points":586,"return_kind":"1",
            "reasons":[{"code":"L3129","text":"記号・番号の誤り","note":"被保険者証の記号をご確認ください"}],
            "history_lines":24,"faults":[],"state":"new"}"#,
    )
    .unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&claims[0][name], value, "{name}");
    }
    assert_eq!(claims.len(), 2);
    let import = &first.of_type("import")[0];
    assert_eq!((import["new"].as_u64(), import["known"].as_u64()), (Some(2), Some(0)));
    assert_eq!(station.imported(&fixture("hen_shaho")), (1, 2, 0, 2, 0));
    // Only with --reveal a name is seen.
    assert!(!first.out.contains("name"), "{first:?}");
    let shown = station.good(&["returns", "list", "--reveal"]);
    assert!(shown.of_type("returned_claim")[0]["name"].is_string());
}

#[test]
fn both_ways_give_the_samples_byte_for_byte() {
    for (returned, corrected, sample) in [
        ("hen_shaho", None, "resubmit_shaho/RECEIPTC.UKE"),
        ("hen_shaho", Some("resubmit_shaho/RECEIPTC.UKE"), "resubmit_shaho/RECEIPTC.UKE"),
        ("hen_shaho", Some("resubmit_mixed/RECEIPTC.UKE"), "resubmit_mixed/RECEIPTC.UKE"),
        ("hen_dpc", None, "resubmit_dpc/RECEIPTD.UKE"),
        ("hen_dpc", Some("resubmit_dpc/RECEIPTD.UKE"), "resubmit_dpc/RECEIPTD.UKE"),
    ] {
        let station = Station::new();
        station.good(&["import-returns", &fixture(returned)]);
        let out = station.out("out");
        let mut args = vec!["resubmit", "--payer", "1", "--month", "2025-01", "--out", &out];
        let corrected = corrected.map(fixture);
        match &corrected {
            Some(file) => args.extend(["--corrected", file]),
            None if returned == "hen_shaho" => correct(&station),
            None => {
                let new = "=２１７０６６９";
                let edits = [format!("HO[*].symbol{new}"), format!("SN[*].symbol{new}")];
                station.good(&["returns", "edit", "R1", &edits[0], &edits[1]]);
            }
        }
        let done = station.good(&args);
        assert_eq!(done.of_type("resubmission").len(), 1, "{done:?}");
        let made: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(made.len(), 1, "{made:?}");
        assert_eq!(made[0].file_name(), Path::new(sample).file_name());
        assert!(fs::read(&made[0]).unwrap() == fs::read(fixture(sample)).unwrap(), "{returned} {sample}");
        // Nothing is queued, and the numbers are used now.
        assert!(station.run(&["status"]).of_type("waiting").is_empty());
        let again = station.out("again");
        let second = station.run(&["resubmit", "--payer", "1", "--month", "2025-01", "--out", &again]);
        assert_eq!((second.exit, Station::codes(&second)), (1, vec!["RZ-R208".to_owned()]), "{second:?}");
        assert_eq!(fs::read_dir(&again).unwrap().count(), 0);
        let verified = station.good(&["resubmit", "verify", made[0].to_str().unwrap()]);
        assert_eq!(verified.of_type("verified")[0]["sound"], true, "{verified:?}");
    }
}

#[test]
fn what_was_not_corrected_goes_only_by_a_persons_word() {
    let station = Station::new();
    station.good(&["import-returns", &fixture("hen_shaho")]);
    let out = station.out("out");
    let base = ["resubmit", "--payer", "1", "--month", "2025-01", "--out", &out];
    let refused = station.run(&base);
    assert_eq!((refused.exit, Station::codes(&refused)), (1, vec!["RZ-R206".to_owned(); 2]), "{refused:?}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    let done = station.good(&[&base[..], &["R2", "--as-is", "--reason", "電話で確認済み"]].concat());
    let made = &done.of_type("resubmission")[0];
    assert_eq!(made["returns"][0]["way"], "as-is");
    assert_eq!(made["left"][0], "R1");
    // A file is there: nothing is overwritten, and the first return stays free.
    let taken = station.run(&[&base[..], &["R1", "--as-is", "--reason", "x"]].concat());
    assert_eq!((taken.exit, Station::codes(&taken)), (5, vec!["RZ-R211".to_owned()]), "{taken:?}");
    let forced_without_word = station.run(&[&base[..], &["R2", "--force"]].concat());
    assert_eq!(forced_without_word.exit, 2);
    let cancelled = station.good(&["resubmit", "cancel", "B1", "--reason", "別の方法にする"]);
    assert!(Station::codes(&cancelled).is_empty());
    assert_eq!(ids(&station.good(&["returns", "list"])), ["R1", "R2"]);
}

#[test]
fn corrections_are_kept_and_taken_back() {
    let station = Station::new();
    station.good(&["import-returns", &fixture("hen_shaho")]);
    correct(&station);
    let shown = station.good(&["returns", "show", "R1", "--reveal"]);
    let changes = shown.of_type("difference");
    assert_eq!(changes.len(), 2, "{shown:?}");
    assert_eq!((&changes[0]["record"], &changes[0]["after"]), (&"HO".into(), &"２１７０１３２".into()));
    assert!(shown.of_type("history").iter().any(|entry| entry["record"] == "JY"), "{shown:?}");
    let hidden = station.good(&["returns", "show", "R1"]);
    assert!(!hidden.out.contains("２１７０１３２"), "{hidden:?}");
    for (edit, exit) in [
        ("HO.symbol", 2),
        ("XX.symbol=1", 2),
        ("RE.search_no=1", 2),
        ("RE.claim_type=9999", 2),
        ("HO.insurer_no=06132022", 2),
    ] {
        let refused = station.run(&["returns", "edit", "R1", edit]);
        assert_eq!((refused.exit, Station::codes(&refused)), (exit, vec!["RZ-R212".to_owned()]), "{edit}");
    }
    station.good(&["returns", "edit", "R1", "--undo"]);
    assert!(station.good(&["returns", "show", "R1"]).of_type("difference").is_empty());
    assert_eq!(station.good(&["returns", "list", "--state", "in-work"]).of_type("returned_claim").len(), 1);
    // By its number too.
    station.good(&[
        "returns",
        "assign",
        "120241113000000000000000002",
        "--to",
        "鈴木",
        "--due",
        "2030-01-10",
    ]);
    station.good(&["returns", "note", "R2", "保険者に電話した"]);
    let mine = station.good(&["returns", "list", "--owner", "鈴木"]);
    assert_eq!(mine.of_type("returned_claim")[0]["due"], "2030-01-10");
    station.good(&["returns", "close", "R2", "--as", "withdrawn", "--reason", "自費に変更"]);
    assert_eq!(ids(&station.good(&["returns", "list"])), ["R1"]);
    let now = station.run(&["returns", "edit", "R2", "HO.symbol=１"]);
    assert_eq!((now.exit, Station::codes(&now)), (1, vec!["RZ-R213".to_owned()]));
    station.good(&["returns", "reopen", "R2", "--reason", "やはり請求する"]);
    assert_eq!(station.good(&["audit", "verify"]).of_type("audit")[0]["sound"], true);
}

#[test]
fn a_queued_resubmission_travels_and_the_worklist_moves_on() {
    let station = Station::new();
    station.good(&["import-returns", &fixture("hen_shaho")]);
    correct(&station);
    let done = station.good(&["resubmit", "--payer", "1", "--month", "2025-01"]);
    let sha256 = done.of_type("resubmission")[0]["sha256"].clone();
    assert_eq!(station.run(&["status"]).of_type("waiting").len(), 1);
    assert_eq!(station.good(&["returns", "list", "--state", "in-file"]).of_type("returned_claim").len(), 2);
    // Without a yes nothing of a merge is queued.
    let unasked = station.run(&[
        "resubmit",
        "--payer",
        "1",
        "--month",
        "2025-01",
        "--corrected",
        &fixture("resubmit_mixed/RECEIPTC.UKE"),
    ]);
    assert_ne!(unasked.exit, 0, "{unasked:?}");
    assert!(sha256.as_str().is_some_and(|digest| digest.len() == 64));
}

#[test]
fn every_damage_is_told_by_its_name() {
    let whole = fs::read(fixture("hen_shaho/RECEIPTC.HEN")).unwrap();
    let replace = |from: &[u8], to: &[u8]| {
        let at = whole.windows(from.len()).position(|window| window == from).unwrap();
        [&whole[..at], to, &whole[at + from.len()..]].concat()
    };
    let text = encode_utf8(&whole);
    let cases: Vec<(&str, Vec<u8>, &str, i32)> = vec![
        ("empty", Vec::new(), "RZ-R101", 3),
        ("a web page", b"<!DOCTYPE html><html><body>session expired</body></html>".to_vec(), "RZ-R102", 3),
        ("a PDF", b"%PDF-1.7\n...".to_vec(), "RZ-R103", 3),
        ("UTF-8", text.clone(), "RZ-R104", 3),
        ("UTF-8 with BOM", [&b"\xEF\xBB\xBF"[..], &text].concat(), "RZ-R104", 3),
        ("Excel: volume", replace(b",,00\r\n", b",,0\r\n"), "RZ-R105", 3),
        ("Excel: numbers", replace(b"120241113000000000000000001", b"1.20241E+26"), "RZ-R105", 3),
        ("LF only", whole.iter().copied().filter(|byte| *byte != b'\r').collect(), "RZ-R106", 3),
        ("cut off", whole[..whole.len() / 2].to_vec(), "RZ-R108", 3),
        ("no HG", replace(b"HG,3,937,99\r\n", b""), "RZ-R108", 3),
        ("another facility", replace(b",9999015,,00", b",9999023,,00"), "RZ-R110", 1),
        ("a claim file", fs::read(fixture("ika_shaho/RECEIPTC.UKE")).unwrap(), "RZ-R112", 3),
        ("rubbish", vec![0x9F; 500], "RZ-R116", 3),
    ];
    for (what, bytes, code, exit) in cases {
        let station = Station::new();
        let path = station.path("RECEIPTC (1).HEN.txt");
        put(&path, &bytes);
        let refused = station.run(&["import-returns", path.to_str().unwrap()]);
        assert_eq!(
            (refused.exit, Station::codes(&refused)),
            (exit, vec![code.to_owned()]),
            "{what}: {refused:?}"
        );
        assert!(station.run(&["returns", "list", "--all"]).of_type("returned_claim").is_empty(), "{what}");
        let left: Vec<_> = fs::read_dir(station.path("data/returns")).unwrap().collect();
        assert!(left.is_empty(), "{what}: {left:?}");
    }
    // What does not matter.
    for (what, bytes) in [
        ("no end mark", whole.strip_suffix(b"\x1a").unwrap().to_vec()),
        ("two end marks", [&whole[..], b"\x1a"].concat()),
    ] {
        let station = Station::new();
        let path = station.path("RECEIPTC.HEN");
        put(&path, &bytes);
        assert_eq!(station.imported(path.to_str().unwrap()), (1, 2, 2, 0, 0), "{what}");
    }
}

fn encode_utf8(cp932: &[u8]) -> Vec<u8> {
    rezept_claim::text::decode(cp932).into_owned().into_bytes()
}

#[test]
fn another_content_of_the_same_file_waits_for_a_person() {
    let station = Station::new();
    station.good(&["import-returns", &fixture("hen_shaho")]);
    let bytes = fs::read(fixture("hen_shaho/RECEIPTC.HEN")).unwrap();
    let at = bytes.windows(5).position(|window| window == b"L3118").unwrap();
    let other = [&bytes[..at], b"L3119", &bytes[at + 5..]].concat();
    let path = station.path("RECEIPTC.HEN");
    put(&path, &other);
    let held = station.run(&["import-returns", path.to_str().unwrap()]);
    assert_eq!(held.exit, 1, "{held:?}");
    assert_eq!(held.of_type("import")[0]["held"], 1);
    let waiting = &held.of_type("held")[0];
    assert_eq!((waiting["id"].as_str(), waiting["reason"].as_str()), (Some("I2"), Some("RZ-R202")));
    station.good(&["held", "release", "I2", "--reason", "差し替え"]);
    let all = station.good(&["returns", "list", "--all"]).of_type("returned_claim");
    assert!(all.len() >= 2, "{all:?}");
    assert!(station.good(&["held", "list"]).of_type("held").is_empty());
}

#[test]
fn folders_and_archives_are_looked_through() {
    let station = Station::new();
    let folder = station.path("downloads/2024");
    fs::create_dir_all(&folder).unwrap();
    for (name, source) in [("a.HEN", "hen_shaho/RECEIPTC.HEN"), ("b.SAH", "sah_shaho/RECEIPTC.SAH")] {
        put(&folder.join(name), &fs::read(fixture(source)).unwrap());
    }
    put(&folder.join("振込.pdf"), b"%PDF-1.7\n");
    put(&folder.join("RECEIPTC.UKE"), &fs::read(fixture("ika_shaho/RECEIPTC.UKE")).unwrap());
    let (files, claims, new, known, held) = station.imported(station.path("downloads").to_str().unwrap());
    assert_eq!((files, claims, new, known, held), (2, 4, 4, 0, 0));
}

#[test]
fn the_list_goes_to_a_spreadsheet() {
    let station = Station::new();
    station.good(&["import-returns", &fixture("hen_shaho")]);
    let csv = station.path("list.csv");
    station.good(&["returns", "export", "--out", csv.to_str().unwrap()]);
    let text = fs::read_to_string(&csv).unwrap();
    assert!(text.starts_with('\u{feff}') && text.lines().count() == 3, "{text}");
    assert!(text.contains("\"=\"\"00001\"\"\"") && text.ends_with("\r\n"), "{text}");
    let again = station.run(&["returns", "export", "--out", csv.to_str().unwrap()]);
    assert_ne!(again.exit, 0, "nothing is overwritten");
    let book = station.path("list.xlsx");
    station.good(&["returns", "export", "--out", book.to_str().unwrap()]);
    assert!(fs::read(&book).unwrap().starts_with(b"PK"));
}

#[test]
fn a_file_of_the_receipt_computer_is_compared_with_what_came() {
    let station = Station::new();
    station.good(&["import-returns", &fixture("hen_shaho")]);
    let sample = fs::read(fixture("resubmit_shaho/RECEIPTC.UKE")).unwrap();
    let path = station.path("RECEIPTC.UKE");
    let verdicts = |bytes: &[u8]| {
        put(&path, bytes);
        let done = station.run(&["resubmit", "verify", path.to_str().unwrap()]);
        let told: Vec<(String, Value)> = done
            .of_type("answer")
            .iter()
            .map(|answer| (answer["what"].as_str().unwrap().to_owned(), answer["history"].clone()))
            .collect();
        (done.exit, told, done.of_type("verified")[0]["missing"].as_array().unwrap().len())
    };
    let answer = |history: &str| ("resubmission".to_owned(), Value::from(history));
    assert_eq!(verdicts(&sample), (0, vec![answer("same"), answer("same")], 0));
    let at = sample.windows(4).position(|window| window == b"1:20").unwrap();
    let mut changed = sample.clone();
    changed[at] = b'2';
    assert_eq!(verdicts(&changed), (1, vec![answer("differs"), answer("same")], 0));
    // The second claim made anew, without number and history: probably billed twice.
    let fresh = fs::read(fixture("fresh_shaho/RECEIPTC.UKE")).unwrap();
    let (exit, told, missing) = verdicts(&fresh);
    assert_eq!((exit, told[0].0.as_str(), missing), (1, "double-claim", 2));
}

#[test]
fn what_was_sent_is_found_in_the_archive() {
    let station = Station::new();
    let returned = fs::read(fixture("hen_shaho/RECEIPTC.HEN")).unwrap();
    // The claim as it was sent stands in its own history, behind data id 1.
    let sent: Vec<&[u8]> = returned
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"1,"))
        .map(|line| line.splitn(4, |byte| *byte == b',').nth(3).unwrap())
        .take_while({
            let mut seen = 0;
            move |line| {
                seen += usize::from(line.starts_with(b"IR,"));
                seen < 2
            }
        })
        .collect();
    let mut file = sent.join(&b'\n');
    file.extend_from_slice(b"\nGO,1,607,99\r\n\x1a");
    let archive = station.path("data/archive/202411/shaho/0123-01");
    station.good(&["import-returns", &fixture("hen_shaho")]);
    fs::create_dir_all(&archive).unwrap();
    put(&archive.join("RECEIPTC.UKE"), &file);
    let shown = station.good(&["returns", "show", "R1"]);
    let between: Vec<(String, String)> = shown
        .of_type("difference")
        .iter()
        .filter(|difference| difference["between"] == "sent")
        .map(|difference| {
            let word = |name: &str| difference[name].as_str().unwrap_or_default().to_owned();
            (word("change"), word("record"))
        })
        .collect();
    // The body took out an act and lowered the points.
    assert!(between.contains(&("removed".to_owned(), "SI".to_owned())), "{between:?}");
    assert!(between.contains(&("changed".to_owned(), "HO".to_owned())), "{between:?}");
}

#[test]
fn a_hospital_gets_returns_of_two_kinds_in_one_month() {
    let station = Station::new();
    assert_eq!(station.imported(&fixture("hen_shaho")), (1, 2, 2, 0, 0));
    assert_eq!(station.imported(&fixture("hen_dpc")), (1, 1, 1, 0, 0));
    // One file holds claims of one kind only.
    let out = station.out("out");
    let args = ["resubmit", "--payer", "1", "--month", "2025-01", "--as-is", "--reason", "x", "--out", &out];
    let mixed = station.run(&args);
    assert_eq!((mixed.exit, Station::codes(&mixed)), (1, vec!["RZ-R209".to_owned()]), "{mixed:?}");
    station.good(&[&args[..], &["R3"]].concat());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_damaged_store_is_told_and_mended_by_importing_again() {
    let station = Station::new();
    station.good(&["import-returns", &fixture("hen_shaho")]);
    let stored = fs::read_dir(station.path("data/returns")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&stored).unwrap();
    bytes[200] ^= 1;
    put(&stored, &bytes);
    let shown = station.run(&["returns", "show", "R1"]);
    assert_eq!((shown.exit, Station::codes(&shown)), (6, vec!["RZ-R201".to_owned()]), "{shown:?}");
    let edited = station.run(&["returns", "edit", "R1", "HO.symbol=１"]);
    assert_eq!(Station::codes(&edited), ["RZ-R201"]);
    assert_eq!(station.imported(&fixture("hen_shaho")), (1, 2, 0, 2, 0));
    station.good(&["returns", "show", "R1"]);
}
