//! `rezept demo` is what a newcomer runs first: the whole journey, checked byte for byte by the demo itself.

use std::process::Command;

fn demo(args: &[&str]) -> (i32, String, String) {
    let out =
        Command::new(env!("CARGO_BIN_EXE_rezept")).arg("demo").args(args).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (out.status.code().unwrap_or(-1), text(out.stdout), text(out.stderr))
}

#[test]
fn the_whole_journey_is_printed_and_ends_well() {
    let (code, out, err) = demo(&[]);
    assert_eq!(code, 0, "{out}{err}");
    for piece in [
        "SHA-256 ",
        " L4",
        "recekon の画面の番号: ",
        "読めるレセプトは一行もありません",
        "terminal/inbox/202411/shaho/RECEIPTC.UKE",
        "terminal/inbox/202411/shaho/差替え前/RECEIPTC.UKE",
        "変わったレセプト 1 件",
        "病名の開始日を訂正しました",
        "recekon/inbox/202412/shaho/RECEIPTC.HEN",
    ] {
        assert!(out.contains(piece), "{piece} in {out}");
    }
    assert!(!out.contains('×'), "{out}");
}

#[test]
fn programs_get_transfers() {
    let (code, out, _) = demo(&["--json", "--lang", "en"]);
    assert_eq!(code, 0);
    let objects: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let transfers: Vec<_> = objects.iter().filter(|object| object["type"] == "transfer").collect();
    let states: Vec<_> =
        transfers.iter().map(|transfer| transfer["state"].as_str().unwrap_or_default()).collect();
    // Claims out, one of them corrected, a return back, two resubmissions out.
    assert_eq!(states, ["COMMITTED", "ACK_WRITTEN", "ARCHIVED"].repeat(5));
    let of_type = |name: &str| objects.iter().filter(|object| object["type"] == name).collect::<Vec<_>>();
    let ways: Vec<_> = of_type("resubmission").iter().map(|made| made["returns"][0]["way"].clone()).collect();
    assert_eq!(ways, ["edit", "merge"]);
    let worklist: Vec<_> = of_type("returned_claim").iter().map(|claim| claim["state"].clone()).collect();
    assert_eq!(worklist, ["new", "new", "sent", "sent"]);
    let level = transfers[0]["verify_level"].as_str().unwrap_or_default();
    assert!(["L1", "L2"].contains(&level), "{level}");
    assert_eq!(transfers[2]["verify_level"], "L4");
    assert_eq!(transfers[0]["files"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_folder_can_be_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("demo");
    let (code, ..) = demo(&["--keep", &at.to_string_lossy()]);
    assert_eq!(code, 0);
    assert!(at.join("terminal/inbox/202411/kokuho/RECEIPTC.UKE").is_file());
    assert!(at.join("recekon/data/journal.db").is_file());
}
