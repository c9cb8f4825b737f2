//! The gate on the project's invented claim files, and on what happens to them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test helper that fails is a failed test"
)]

use std::path::PathBuf;

use rezept_claim::{Depth, FileFacts, scan};
use rezept_codes::Code;
use rezept_rules::describe::FacilityKey;
use rezept_rules::{
    Approval, Comparison, ContentQuestion, Described, Evidence, GateQuestion, GateReason, Known, Purpose,
    Relation, RouteKind, Shown, Side, content_reasons, gate,
};

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

fn shown(bytes: &[u8], name: &str, accept: &[RouteKind]) -> Shown {
    content_reasons(ContentQuestion { facts: &facts(bytes), file_name: name, own: &own(), accept })
}

/// The description of a content that shows no reason.
fn ask(bytes: &[u8], name: &str, accept: &[RouteKind]) -> Described {
    let shown = shown(bytes, name, accept);
    assert_eq!(shown.reasons, []);
    shown.described.unwrap()
}

fn codes(bytes: &[u8], name: &str, accept: &[RouteKind]) -> Vec<(Code, String)> {
    shown(bytes, name, accept).reasons.into_iter().map(|reason| (reason.code, reason.detail)).collect()
}

#[test]
fn claim_files_of_both_payers_pass_with_their_own_folders() {
    let shaho = ask(&fixture("ika_shaho/RECEIPTC.UKE"), "x", &[RouteKind::Claim]);
    let kokuho = ask(&fixture("ika_kokuho/RECEIPTC.UKE"), "x", &[RouteKind::Claim]);
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
    assert_eq!(ask(&hen, "RECEIPTC (1).HEN", &[RouteKind::Return]).official_name, "RECEIPTC.HEN");
    assert_eq!(codes(&hen, "x", &[RouteKind::Claim]), [(Code::GateKind, "return".to_owned())]);
    let sah = ask(&fixture("sah_shaho/RECEIPTC.SAH"), "x", &[RouteKind::Return]);
    assert_eq!(sah.official_name, "RECEIPTC.SAH");
    let zogn = fixture("zogn/RIzogn1131999901550612.csv");
    let notice = ask(&zogn, "RIzogn1131999901550612.csv", &[RouteKind::Notice]);
    assert_eq!(notice.folder, "202412/shaho");
    let download = codes(&zogn, "download.csv", &[RouteKind::Notice]);
    assert_eq!(download, [(Code::GateUndescribed, "official name".to_owned())]);
}

/// The fixture with one text in the place of another.
fn with(from: &str, to: &str) -> Vec<u8> {
    let whole = fixture("ika_shaho/RECEIPTC.UKE");
    let at = whole.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
    [&whole[..at], to.as_bytes(), &whole[at + from.len()..]].concat()
}

#[test]
fn damage_is_named() {
    let whole = fixture("ika_shaho/RECEIPTC.UKE");
    let all = [RouteKind::Claim, RouteKind::Return, RouteKind::Notice];
    let only = |code: Code, detail: &str| vec![(code, detail.to_owned())];
    assert_eq!(codes(&whole[..whole.len() / 2], "x", &all), only(Code::GateIncomplete, "no-trailer"));
    let html = b"<!DOCTYPE html><html></html>";
    assert_eq!(codes(html, "RECEIPTC.HEN", &all), only(Code::GateUnknown, "html"));
    let utf8 = rezept_claim::text::decode(&whole).into_owned();
    assert_eq!(codes(utf8.as_bytes(), "x", &all), only(Code::GateResaved, "utf8"));
    assert_eq!(codes(&with(",202411,00,", ",202411,0,"), "x", &all), only(Code::GateResaved, "spreadsheet"));
    assert_eq!(codes(&with("9999015", "9999023"), "x", &all), only(Code::GateFacility, "13-1-9999023"));
    assert_eq!(codes(&with("GO,4,1085,99", "GO,4,1086,99"), "x", &all), only(Code::GateTotals, ""));
    assert_eq!(codes(&whole[..whole.len() - 1], "x", &all), [], "a missing 0x1A is no reason");
}

#[test]
fn one_reason_hides_no_other() {
    let whole = fixture("ika_shaho/RECEIPTC.UKE");
    let at = whole.windows(7).position(|w| w == b"9999015").unwrap();
    let foreign = [&whole[..at], b"9999023", &whole[at + 7..]].concat();
    let at = foreign.windows(4).position(|w| w == b"1085").unwrap();
    let both = [&foreign[..at], b"1086", &foreign[at + 4..]].concat();
    let found: Vec<Code> =
        codes(&both, "x", &[RouteKind::Return]).into_iter().map(|(code, _)| code).collect();
    assert_eq!(found, [Code::GateKind, Code::GateFacility, Code::GateTotals]);
}

fn known(occurrence: &str, content: u8, relation: Relation) -> Known {
    Known { occurrence: occurrence.into(), label: occurrence.into(), sha256: [content; 32], relation }
}

fn asked(known: &[Known], purpose: &Purpose, side: Side) -> Vec<GateReason> {
    gate(&GateQuestion { content: &[], purpose, known, refused: &[], scan: None, approval: None, side })
}

#[test]
fn doubles_corrections_numbers_and_claims_are_four_questions() {
    let compared = Comparison { same: 3, changed: 1, added: 0, removed: 0 };
    let all = [
        known("F1", 7, Relation::Same),
        known("F2", 8, Relation::Identity(Some(compared))),
        known("F3", 9, Relation::Numbers(2)),
        known("F4", 10, Relation::Claims(5)),
    ];
    let sender = asked(&all, &Purpose::Month, Side::Sender);
    let told: Vec<(Code, &str)> = sender.iter().map(|reason| (reason.code, reason.detail.as_str())).collect();
    assert_eq!(
        told,
        [
            (Code::GateSameContent, "F1"),
            (Code::GateSameIdentity, "F2, same=3, changed=1, added=0, removed=0"),
            (Code::NumberWentBefore, "F3, claims=2"),
            (Code::ClaimsWentBefore, "F4, claims=5"),
        ]
    );
    let receiver = asked(&all, &Purpose::Month, Side::Receiver);
    assert_eq!((receiver[0].code, receiver[1].code), (Code::PossibleDouble, Code::OtherContentArrived));
    // What the sender decided answers the same question at the receiver.
    for (there, here) in sender.iter().zip(&receiver) {
        assert!(here.is_covered_by(there.code, &there.evidence), "{here:?}");
    }
    assert_eq!(asked(&all, &Purpose::Trial, Side::Sender), [], "a trial counts for nothing");
}

#[test]
fn a_decision_covers_what_was_known_and_nothing_that_came_later() {
    let one = asked(&[known("F1", 7, Relation::Same)], &Purpose::Month, Side::Sender);
    let more = [known("F1", 7, Relation::Same), known("F5", 7, Relation::Same)];
    let two = asked(&more, &Purpose::Month, Side::Sender);
    assert!(one[0].is_covered_by(Code::GateSameContent, &two[0].evidence), "one of them was ended since");
    assert!(!two[0].is_covered_by(Code::GateSameContent, &one[0].evidence), "it goes out once more");
    assert!(!two[0].is_covered_by(Code::GateTotals, &two[0].evidence), "another question");
    assert!(!two[0].is_covered_by(Code::GateSameContent, &Evidence::default()));
}

#[test]
fn approval_is_one_reason_of_several_and_is_given_for_one_file() {
    let content = [GateReason::of_content(Code::GateTotals, "")];
    let scan = GateReason {
        code: Code::Infected,
        evidence: Evidence::of(["Eicar".to_owned()]),
        detail: "Eicar".into(),
    };
    let approval = Approval { file: "F3".into(), sent_by: "sato".into() };
    let reasons = gate(&GateQuestion {
        content: &content,
        purpose: &Purpose::Month,
        known: &[known("F1", 7, Relation::Same)],
        refused: &["abc".to_owned()],
        scan: Some(&scan),
        approval: Some(&approval),
        side: Side::Sender,
    });
    let told: Vec<Code> = reasons.iter().map(|reason| reason.code).collect();
    let all = [
        Code::Infected,
        Code::GateTotals,
        Code::GateSameContent,
        Code::RefusedByReceiver,
        Code::ApprovalNeeded,
    ];
    assert_eq!(told, all);
    let approved = &reasons[4];
    assert!(approved.is_covered_by(Code::ApprovalNeeded, &Evidence::of(["F3".to_owned()])));
    assert!(!approved.is_covered_by(Code::ApprovalNeeded, &Evidence::of(["F2".to_owned()])));
}

#[test]
fn evidence_is_stored_and_read_as_words() {
    let evidence = Evidence::of(["b".to_owned(), "a c".to_owned(), "患者".to_owned()]);
    assert_eq!(evidence.to_string(), "ac b");
    assert_eq!(evidence.to_string().parse::<Evidence>().unwrap(), evidence);
    for purpose in [
        Purpose::Month,
        Purpose::Part,
        Purpose::Resubmission,
        Purpose::Trial,
        Purpose::Correction([0xAB; 32]),
    ] {
        assert_eq!(purpose.to_string().parse(), Ok(purpose));
    }
    for bad in ["", "MONTH", "correction", "correction:ab", "correction:zz"] {
        assert!(bad.parse::<Purpose>().is_err(), "{bad}");
    }
}
