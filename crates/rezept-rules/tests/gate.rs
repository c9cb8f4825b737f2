//! The gate on the project's invented claim files, and on what happens to them.

#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

use std::path::PathBuf;

use rezept_claim::{Depth, FileFacts, Oddity, scan};
use rezept_rules::describe::FacilityKey;
use rezept_rules::{GateQuestion, Refusal, RouteKind, gate};

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/claims").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn facts(bytes: &[u8]) -> FileFacts {
    scan(bytes, Depth::Totals, &mut |_| {}).unwrap()
}

fn own() -> FacilityKey {
    FacilityKey { prefecture: "13".into(), point_table: "1".into(), code: "9999015".into() }
}

fn ask(bytes: &[u8], name: &str, accept: &[RouteKind]) -> Result<rezept_rules::Described, Refusal> {
    let facts = facts(bytes);
    gate(GateQuestion { facts: &facts, file_name: name, own: &own(), accept })
        .map_err(|refused| refused.refusal)
}

#[test]
fn claim_files_of_both_payers_pass_with_their_own_folders() {
    let shaho = ask(&fixture("ika_shaho/RECEIPTC.UKE"), "x", &[RouteKind::Claim]).unwrap();
    let kokuho = ask(&fixture("ika_kokuho/RECEIPTC.UKE"), "x", &[RouteKind::Claim]).unwrap();
    assert_eq!(shaho.official_name, "RECEIPTC.UKE");
    assert_eq!(kokuho.official_name, "RECEIPTC.UKE");
    assert_eq!(shaho.folder, "202411/shaho");
    assert_eq!(kokuho.folder, "202411/kokuho");
    assert_eq!(shaho.identity, "claim/ika/1/13-1-9999015/2024-11/00");
    assert_ne!(shaho.identity, kokuho.identity);
}

#[test]
fn returns_and_notices_pass_where_they_are_accepted_only() {
    let hen = fixture("hen_shaho/RECEIPTC.HEN");
    assert_eq!(ask(&hen, "RECEIPTC (1).HEN", &[RouteKind::Return]).unwrap().official_name, "RECEIPTC.HEN");
    assert_eq!(ask(&hen, "x", &[RouteKind::Claim]), Err(Refusal::KindNotAccepted(RouteKind::Return)));
    let sah = ask(&fixture("sah_shaho/RECEIPTC.SAH"), "x", &[RouteKind::Return]).unwrap();
    assert_eq!(sah.official_name, "RECEIPTC.SAH");
    let zogn = fixture("zogn/RIzogn1131999901550612.csv");
    let notice = ask(&zogn, "RIzogn1131999901550612.csv", &[RouteKind::Notice]).unwrap();
    assert_eq!(notice.folder, "202412/shaho");
    assert!(matches!(ask(&zogn, "download.csv", &[RouteKind::Notice]), Err(Refusal::Undescribed(_))));
}

#[test]
fn damage_is_named() {
    let whole = fixture("ika_shaho/RECEIPTC.UKE");
    let all = [RouteKind::Claim, RouteKind::Return, RouteKind::Notice];
    assert!(matches!(ask(&whole[..whole.len() / 2], "x", &all), Err(Refusal::Incomplete(_))));
    assert!(matches!(
        ask(b"<!DOCTYPE html><html></html>", "RECEIPTC.HEN", &all),
        Err(Refusal::Unknown(Some(_)))
    ));
    let text = |from: &str, to: &str| {
        let find = from.as_bytes();
        let at = whole.windows(find.len()).position(|w| w == find).unwrap();
        [&whole[..at], to.as_bytes(), &whole[at + find.len()..]].concat()
    };
    let utf8 = rezept_claim::text::decode(&whole).into_owned();
    assert_eq!(ask(utf8.as_bytes(), "x", &all), Err(Refusal::Resaved(Oddity::Utf8)));
    let zeros = text(",202411,00,", ",202411,0,");
    assert_eq!(ask(&zeros, "x", &all), Err(Refusal::Resaved(Oddity::Spreadsheet)));
    assert!(matches!(ask(&text("9999015", "9999023"), "x", &all), Err(Refusal::ForeignFacility(_))));
    assert_eq!(ask(&text("GO,4,1085,99", "GO,4,1086,99"), "x", &all), Err(Refusal::TotalsDiffer));
    assert!(ask(&whole[..whole.len() - 1], "x", &all).is_ok(), "a missing 0x1A is no reason");
}
