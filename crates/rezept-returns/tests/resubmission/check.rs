//! The checks of a finished file: the samples are clean, and each broken rule is found at its place.

use crate::common::*;
use rezept_claim::finding::Severity;
use rezept_claim::{Family, Finding, Payer};
use rezept_returns::check::{Checked, KnownReturn, check};
use rezept_returns::{ClaimFacts, content_sha256};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

type Known = HashMap<String, KnownReturn>;

fn known(name: &str, family: Family) -> Known {
    let claims = returned(&fixture(name), family);
    let one = |claim: &Returned| KnownReturn {
        payer: Payer::Shaho,
        history_sha256: Sha256::digest(&claim.history).into(),
        sent: false,
        as_is: false,
        content_sha256: Some(content_sha256(family, &claim.request)),
        facts: Some(ClaimFacts::read(family, &claim.request)),
    };
    claims.iter().map(|claim| (claim.search_no.clone(), one(claim))).collect()
}

fn run(file: &[u8], known: &Known) -> (Vec<String>, Checked) {
    let mut found = Vec::new();
    let mut sink = |f: &Finding| {
        let record = f.record.map(|id| id.to_string()).unwrap_or_default();
        found.push(format!(
            "{}{} {}:{} {record}",
            f.code,
            f.severity.as_str(),
            f.position.line,
            f.position.item
        ));
        let at = usize::try_from(f.position.byte).unwrap();
        assert!(at <= file.len(), "{f:?}");
        let column = usize::try_from(f.position.column).unwrap() - 1;
        let line = file.split(|b| *b == b'\n').nth(f.position.line as usize - 1).unwrap();
        let start = file[..at].iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        assert!(start + column == at && file[start..].starts_with(line), "{f:?}");
    };
    let checked = check(file, &mut |search_no| known.get(search_no).cloned(), &mut sink).unwrap();
    (found, checked)
}

const FILE: &str = "resubmit_shaho/RECEIPTC.UKE";
const RETURN: &str = "hen_shaho/RECEIPTC.HEN";
const NUMBER: &str = "120241113000000000000000001";

/// The sample with a line changed; an empty replacement takes it out.
fn with(line: usize, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let file = fixture(FILE);
    let lines = file.split_inclusive(|b| *b == b'\n').enumerate();
    lines.flat_map(|(at, text)| if at + 1 == line { change(text) } else { text.to_vec() }).collect()
}

fn replaced(from: &str, to: &str) -> impl Fn(&[u8]) -> Vec<u8> {
    move |line| {
        let at = line.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        [&line[..at], to.as_bytes(), &line[at + from.len()..]].concat()
    }
}

#[track_caller]
fn expect(file: &[u8], expected: &[&str]) {
    assert_eq!(run(file, &known(RETURN, Family::Ika)).0, expected);
}

#[test]
fn the_samples_are_clean() {
    for (file, from, family, claims, again) in [
        (FILE, RETURN, Family::Ika, 2, 2),
        ("resubmit_mixed/RECEIPTC.UKE", RETURN, Family::Ika, 3, 2),
        ("resubmit_dpc/RECEIPTD.UKE", "hen_dpc/RECEIPTD.HEN", Family::Dpc, 1, 1),
    ] {
        let (found, checked) = run(&fixture(file), &known(from, family));
        assert_eq!(found, Vec::<String>::new(), "{file}");
        assert_eq!((checked.claims, checked.resubmissions, checked.worst), (claims, again, None), "{file}");
    }
}

#[test]
fn ordinary_files_have_nothing_to_check() {
    for name in
        ["ika_shaho/RECEIPTC.UKE", "dpc_shaho/RECEIPTD.UKE", "shika/RECEIPTS.UKE", "chozai/RECEIPTY.CYO"]
    {
        let (found, checked) = run(&fixture(name), &Known::new());
        assert!(found.is_empty() && checked.resubmissions == 0, "{name} {found:?}");
    }
}

#[test]
fn a_re_review_without_corrections_is_only_asked_about() {
    let claims = returned(&fixture("sah_shaho/RECEIPTC.SAH"), Family::Ika);
    let (file, _) = resubmission(&claims.iter().map(|c| (c, &[][..])).collect::<Vec<_>>());
    let mut known = known("sah_shaho/RECEIPTC.SAH", Family::Ika);
    assert_eq!(run(&file, &known).0, ["R-055Q 2:1 RE", "R-055Q 41:1 RE"]);
    known.values_mut().for_each(|k| k.as_is = true);
    assert_eq!(run(&file, &known).0, Vec::<String>::new());
}

#[test]
fn the_header_of_a_return_of_home_nursing_has_no_place_in_a_claim() {
    let file = b"HM,1,13,6,9999048,x,202411,\r\nRE,1,6112,202410,x,,1,19700105,,,,,,,\r\nHH,1,13,6,9999048\r\nGO\r\n";
    assert_eq!(run(file, &Known::new()).0, ["R-052F 3:1 HH"]);
}

/// Lines of the sample: RE 2, SJ 14, the block of claim 1 from 15 (MN) to 38 (RC), RE of claim 2 on 39.
#[test]
fn each_broken_rule_is_found_at_its_place() {
    expect(&with(14, |l| [l, &b"HR,202412,1\r\n"[..]].concat()), &["R-052F 15:1 HR"]);
    expect(&with(39, |l| [&b"CO,,1,810000001,x\r\n"[..], l].concat()), &["21111C 39:1 CO"]);
    expect(&with(1, |l| [l, &b"1,1,0,SY,x\r\n"[..]].concat()), &["21111C 2:1 SY"]);
    expect(&with(1, |l| [&b"HI,1\r\n"[..], l].concat())[..], &["R-052F 1:1 HI"]);
    expect(
        &with(2, replaced(NUMBER, "1234567890123456")),
        &["R-050C 2:19 RE", "21200C 2:19 RE", "R-051Q 2:19 RE"],
    );
    expect(&with(2, replaced(NUMBER, "")), &["21200C 2:19 RE"]);
    expect(&with(2, replaced(&format!("{NUMBER},"), &format!("{NUMBER},42404"))), &["R-058C 2:20 RE"]);
    expect(&with(38, replaced("RC,", "RC,,")), &["21120C 38:4 RC", "21160C 38:5 RC", "R-051F 15:4 MN"]);
    expect(&with(38, replaced("8,24,", "8,123456,")), &["21130C 38:4 RC", "R-051F 15:4 MN"]);
    expect(
        &with(38, replaced(",24,1,", ",24,1234,")),
        &["21140C 38:4 RC", "R-057Q 38:4 RC", "R-051F 15:4 MN"],
    );
    expect(&with(38, replaced("Ver", "Ve-")), &["21160C 38:5 RC", "R-051F 15:4 MN"]);
    expect(&with(38, replaced("RC", "EX")), &["21150C 38:4 EX", "R-057Q 38:4 EX", "R-051F 15:4 MN"]);
    expect(&with(36, replaced("HR", "RC")), &["21120C 36:4 RC", "R-057Q 38:4 RC", "R-051F 15:4 MN"]);
    // MN is not the first line any more: the history RE counts, and carries the number too.
    expect(&with(15, |_| Vec::new()), &["R-051F 15:4 IR"]);
    expect(&with(15, replaced(NUMBER, "1")), &["21200C 2:19 RE", "R-051F 15:4 MN"]);
    expect(&with(1, replaced("IR,1,", "IR,2,")), &["R-054Q 2:19 RE", "R-054Q 39:19 RE"]);
}

#[test]
fn one_changed_byte_anywhere_in_a_block_is_found() {
    let file = fixture(FILE);
    let known = known(RETURN, Family::Ika);
    let start = file.windows(9).position(|w| w == b"2,1,0,MN,").unwrap();
    let length = returned(&fixture(RETURN), Family::Ika)[0].history.len();
    for at in (start..start + length).step_by(7) {
        let mut broken = file.clone();
        broken[at] = if broken[at] == b'X' { b'Y' } else { b'X' };
        let (found, checked) = run(&broken, &known);
        assert_eq!(checked.worst, Some(Severity::File), "{at} {found:?}");
        assert!(found.iter().any(|f| f.starts_with("R-051F")), "{at} {found:?}");
    }
}

#[test]
fn a_return_is_answered_once() {
    let claims = returned(&fixture(RETURN), Family::Ika);
    let (file, _) = resubmission(&[(&claims[0], &["RE.claim_type=1114"])]);
    let lines = file.split_inclusive(|b| *b == b'\n').collect::<Vec<_>>();
    let claim = lines[1..lines.len() - 2].concat();
    let twice = [lines[0], &claim, &claim, b"GO,2,1172,99\r\n\x1a"].concat();
    let mut known = known(RETURN, Family::Ika);
    assert_eq!(run(&twice, &known).0, ["R-053C 39:19 RE"]);
    known.values_mut().for_each(|k| k.sent = true);
    assert_eq!(run(&file, &known).0, ["R-053C 2:19 RE"]);
}

#[test]
fn a_missing_block_and_an_unknown_return() {
    let file = fixture(FILE);
    let bare =
        file.split_inclusive(|b| *b == b'\n').filter(|l| !l[0].is_ascii_digit()).collect::<Vec<_>>().concat();
    expect(&bare, &["R-051F 2:19 RE", "R-051F 15:19 RE"]);
    assert_eq!(run(&bare, &Known::new()).0, ["R-022Q 2:19 RE", "R-022Q 15:19 RE"]);
    assert_eq!(run(&file, &Known::new()).0, ["R-051Q 2:19 RE", "R-051Q 39:19 RE"]);
}

#[test]
fn another_insurer_for_another_patient() {
    let claim = returned(&fixture(RETURN), Family::Ika).remove(1);
    let base = ["HO.insurer_no=06132021", "SN.insurer_no=06132021"];
    for (more, expected) in [
        ("RE.name=別人", &[][..]),
        ("RE.chart_no=77", &["R-056Q 2:1 RE"][..]),
        ("RE.service_ym=202409", &["R-056Q 2:1 RE"]),
        ("RE.claim_type=1123", &["R-056Q 2:1 RE"]),
    ] {
        let (file, _) = resubmission(&[(&claim, &[base[0], base[1], more])]);
        assert_eq!(run(&file, &known(RETURN, Family::Ika)).0, expected, "{more}");
    }
}

#[test]
fn a_block_of_an_old_return_is_tied_by_its_re() {
    let claim = returned(&fixture("hen_old_wareki/RECEIPTC.HEN"), Family::Ika).remove(0);
    let (file, _) = resubmission(&[(&claim, &["SY.outcome=2"])]);
    let known = known("hen_old_wareki/RECEIPTC.HEN", Family::Ika);
    assert_eq!(run(&file, &known).0, Vec::<String>::new());
}
