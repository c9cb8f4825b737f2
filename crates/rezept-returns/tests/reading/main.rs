//! Reading return files: the samples, claim by claim.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::PathBuf;

use rezept_claim::{Depth, FacilityCode, PointTable, Prefecture, scan};
use rezept_returns::damage::{OwnFacility, judge};
use rezept_returns::{ReturnReader, ReturnedClaim};

fn fixture(name: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/claims");
    std::fs::read(root.join(name)).unwrap()
}

fn own() -> OwnFacility {
    OwnFacility {
        prefecture: Prefecture::parse(b"13").unwrap(),
        point_table: PointTable::parse(b"1").unwrap(),
        code: FacilityCode::parse(b"9999015").unwrap(),
    }
}

fn claims(bytes: &[u8]) -> Vec<ReturnedClaim> {
    let mut reader = ReturnReader::new(bytes);
    std::iter::from_fn(|| reader.next_claim().unwrap()).collect()
}

fn faults(claim: &ReturnedClaim) -> Vec<&'static str> {
    claim.faults.iter().map(|fault| fault.code.as_str()).collect()
}

#[test]
fn a_first_return_says_why_each_claim_came_back() {
    let bytes = fixture("hen_shaho/RECEIPTC.HEN");
    let found = claims(&bytes);
    let told: Vec<_> = found
        .iter()
        .map(|claim| {
            (
                claim.search_no.decode().into_owned(),
                claim.facts.claim_no.decode().into_owned(),
                claim.reasons[0].code.decode().into_owned(),
                claim.facts.service_month.unwrap().to_string(),
                claim.original_month.unwrap().to_string(),
                claim.history_lines,
                claim.facts.points,
            )
        })
        .collect();
    let word = str::to_owned;
    assert_eq!(
        told,
        [
            (
                word("120241113000000000000000001"),
                word("1"),
                word("L3129"),
                word("2024-10"),
                word("2024-11"),
                24,
                Some(586)
            ),
            (
                word("120241113000000000000000002"),
                word("2"),
                word("L3118"),
                word("2024-10"),
                word("2024-11"),
                15,
                Some(351)
            ),
        ]
    );
    assert_eq!(found[0].reasons[0].text.decode(), "記号・番号の誤り");
    assert!(found.iter().all(|claim| claim.faults.is_empty()), "{found:?}");
}

#[test]
fn the_samples_have_no_faults_and_lie_side_by_side() {
    for name in [
        "hen_shaho/RECEIPTC.HEN",
        "sah_shaho/RECEIPTC.SAH",
        "hen_dpc/RECEIPTD.HEN",
        "hen_old_wareki/RECEIPTC.HEN",
    ] {
        let bytes = fixture(name);
        let facts = scan(bytes.as_slice(), Depth::Totals, &mut |_| {}).unwrap();
        assert_eq!(judge(&facts, &own()), None, "{name}");
        let found = claims(&bytes);
        assert_eq!(found.len() as u64, facts.claims, "{name}");
        let mut next = found[0].offset;
        for claim in &found {
            // Old blocks begin with RE.
            let expected = if name.starts_with("hen_old") { vec!["W30"] } else { Vec::new() };
            assert_eq!(faults(claim), expected, "{name} {claim:?}");
            assert_eq!(claim.offset, next, "{name}");
            next += claim.request_bytes + claim.reason_bytes + claim.history_bytes;
            let at = usize::try_from(claim.offset).unwrap();
            let reasons = at + usize::try_from(claim.request_bytes).unwrap();
            let history = reasons + usize::try_from(claim.reason_bytes).unwrap();
            assert!(bytes[at..].starts_with(b"RE,") && bytes[reasons..].starts_with(b"HR,"), "{name}");
            assert!(bytes[history].is_ascii_digit(), "{name}");
            assert!(!claim.spreadsheet, "{name}");
        }
        assert!(bytes[usize::try_from(next).unwrap()..].starts_with(b"HG,"), "{name}");
    }
}
