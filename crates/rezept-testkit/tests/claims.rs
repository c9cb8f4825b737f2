//! Invented files are what they claim to be, by the word of the reader that the product uses.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

use rezept_claim::{Depth, FileFacts, Kind, Payer, Severity, scan};
use rezept_testkit::claims::{Body, Invented, facility_code};

fn facts(bytes: &[u8]) -> FileFacts {
    scan(bytes, Depth::Full, &mut |_| {}).unwrap()
}

/// A name with 髙, which CP932 has and JIS lacks, is worth a word and no more: real files are full of it.
fn assert_only_rare_characters(facts: &FileFacts) {
    assert!(
        facts.findings.iter().all(|f| f.severity == Severity::Info && f.code == "R-009"),
        "{:?}",
        facts.findings
    );
}

#[test]
fn an_invented_claim_file_is_complete_and_adds_up() {
    for (body, payer) in [(Body::Shaho, Payer::Shaho), (Body::Kokuho, Payer::Kokuho)] {
        for (year, month) in [(2024, 11), (2025, 1), (2026, 12)] {
            let file = Invented::ika().body(body).month(year, month).claims(450).make();
            let facts = facts(&file);
            assert_eq!((facts.kind, facts.payer, facts.claims), (Kind::Claim, Some(payer), 450));
            assert_eq!(facts.month.unwrap().to_string(), format!("{year}-{month:02}"));
            assert_eq!(facts.facility.unwrap().to_string(), "9999015");
            assert!(facts.complete, "{:?}", facts.incomplete);
            assert_eq!(facts.totals_match(), Some(true));
            assert_only_rare_characters(&facts);
            assert!(file.ends_with(b",99\r\n\x1a"));
        }
    }
}

#[test]
fn the_size_is_as_asked() {
    for bytes in [1, 5_000, 1_000_000] {
        let file = Invented::ika().at_least(bytes).make();
        let excess = file.len() as u64 - bytes.min(file.len() as u64);
        assert!(file.len() as u64 >= bytes && excess < 2_000, "{bytes}: {}", file.len());
        assert!(facts(&file).complete);
    }
}

#[test]
fn what_a_test_breaks_is_broken_and_nothing_else() {
    assert_eq!(facts(&Invented::ika().with_wrong_total().make()).totals_match(), Some(false));
    assert!(!facts(&Invented::ika().without_trailer().make()).complete);
    let (one, other) = (Invented::ika().make(), Invented::ika().patients_from(50).make());
    assert_ne!(one, other);
    assert_eq!(facts(&one).identity(), facts(&other).identity());
    assert_eq!(Invented::ika().make(), one, "the same every time");
}

#[test]
fn an_invented_return_file_is_complete_and_adds_up() {
    let file = Invented::ika().claims(20).make_returns();
    let facts = facts(&file);
    assert_eq!((facts.kind, facts.claims), (Kind::Return, 20));
    assert!(facts.complete, "{:?}", facts.incomplete);
    assert_eq!(facts.totals_match(), Some(true));
    assert_only_rare_characters(&facts);
}

#[test]
fn facility_codes_have_their_check_digit() {
    assert_eq!(facility_code("13", "1", "999901"), "9999015");
    assert_eq!(facility_code("01", "1", "011371"), "0113719");
}
