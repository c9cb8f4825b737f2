//! The samples' resubmissions, byte for byte, and what a file can never become.

use crate::common::*;
use rezept_claim::{Depth, Family, Month, Payer, scan};
use rezept_returns::Stored;
use rezept_returns::build::{BuildError, Builder, Head};
use sha2::{Digest, Sha256};

/// The corrections that the samples contain.
const CLAIM_1: &[&str] = &["HO.symbol=２１７０１３２", "SN.symbol=２１７０１３２"];
const CLAIM_2: &[&str] = &["HO.insurer_no=06132021", "SN.insurer_no=06132021"];
const DPC: &[&str] = &["HO[*].symbol=２１７０６６９", "SN.symbol=２１７０６６９"];

#[test]
fn the_sample_of_two_resubmissions() {
    let claims = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika);
    let (file, written) = resubmission(&[(&claims[0], CLAIM_1), (&claims[1], CLAIM_2)]);
    let expected = fixture("resubmit_shaho/RECEIPTC.UKE");
    assert!(file == expected);
    assert_eq!((written.claims, written.resubmitted, written.payers, written.points), (2, 2, 3, 937));
    assert_eq!(written.size_bytes, expected.len() as u64);
    assert_eq!(written.sha256, <[u8; 32]>::from(Sha256::digest(&expected)));
}

#[test]
fn the_sample_mixed_with_an_ordinary_claim() {
    let expected = fixture("resubmit_mixed/RECEIPTC.UKE");
    let claims = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika);
    let ordinary = &requests(&expected)[0];
    let mut builder = builder(Family::Ika);
    let first = builder.ordinary(ordinary).unwrap();
    assert_eq!((first.number, first.search_no, first.history_sha256), (1, None, None));
    for (claim, texts) in [(&claims[0], CLAIM_1), (&claims[1], CLAIM_2)] {
        let written = builder.resubmit(&claim.stored(), &edited(claim, texts)).unwrap();
        assert_eq!(written.search_no.as_deref(), Some(claim.search_no.as_str()));
        assert_eq!(written.history_sha256, Some(Sha256::digest(&claim.history).into()));
        let bytes = usize::try_from(written.start_byte).unwrap()..usize::try_from(written.end_byte).unwrap();
        assert!(expected[bytes].starts_with(format!("RE,{},", written.number).as_bytes()));
    }
    assert!(builder.finish().unwrap().0 == expected);
}

#[test]
fn the_sample_of_a_dpc_summary_with_two_details() {
    let claims = returned(&fixture("hen_dpc/RECEIPTD.HEN"), Family::Dpc);
    let (file, written) = resubmission(&[(&claims[0], DPC)]);
    assert!(file == fixture("resubmit_dpc/RECEIPTD.UKE"));
    assert_eq!((written.claims, written.payers, written.points), (1, 1, 44179));
}

#[test]
fn a_re_review_and_an_old_return_give_whole_files() {
    for (name, payers, points) in [("sah_shaho/RECEIPTC.SAH", 2, 713), ("hen_old_wareki/RECEIPTC.HEN", 1, 75)]
    {
        let claims = returned(&fixture(name), Family::Ika);
        let (file, written) = resubmission(&claims.iter().map(|c| (c, &[][..])).collect::<Vec<_>>());
        assert_eq!((written.payers, written.points), (payers, points), "{name}");
        let facts =
            scan(&file[..], Depth::Full, &mut |f| assert!(f.code != "1007" && f.code != "1008")).unwrap();
        assert!(facts.complete, "{name}: {:?}", facts.incomplete);
        for claim in &claims {
            assert!(file.windows(claim.history.len()).any(|w| w == claim.history), "{name}");
        }
    }
}

#[test]
fn dental_claims_have_the_ir_of_the_month_before_re() {
    let file = fixture("shika/RECEIPTS.UKE");
    let request = requests(&file).remove(0);
    assert!(request.starts_with(b"IR,"));
    let from_re = request.split_inclusive(|b| *b == b'\n').skip(1).collect::<Vec<_>>().concat();
    let line = file.split(|b| *b == b'\n').next().unwrap();
    let month = Month::new(2025, 1).unwrap();
    let mut outs = Vec::new();
    for given in [&request, &from_re] {
        let head = Head::like(Family::Shika, Payer::Shaho, month, line).unwrap();
        let mut builder = Builder::new(Vec::new(), head).unwrap();
        let stored = Stored {
            family: Family::Shika,
            payer: Payer::Shaho,
            search_no: "12345678901234567",
            request: given,
            reasons: b"",
            history: b"2,1,0,RC,Ver00001aa\r\n",
        };
        builder.resubmit(&stored, given).unwrap();
        outs.push(builder.finish().unwrap().0);
    }
    let lines = outs[0].split(|b| *b == b'\n').collect::<Vec<_>>();
    assert!(
        lines[0] == cp932("UK,1,13,3,9999022,,見本歯科医院,202501,,00,03-0000-0000\r").as_slice()
            || lines[0].starts_with(b"UK,1,13,3,"),
        "header"
    );
    assert!(lines[1].starts_with(b"IR,1,13,3,") && lines[2].starts_with(b"RE,1,3116,"));
    assert_eq!(lines[1].split(|b| *b == b',').nth(6), Some(&b"202501"[..]));
    assert_eq!(lines[2].split(|b| *b == b',').nth(19), Some(&b"12345678901234567"[..]));
    // Without an IR of its own the claim gets one; only what the header does not know is missing in it.
    let made = outs[1].split(|b| *b == b'\n').nth(1).unwrap();
    assert_eq!(
        made.split(|b| *b == b',').take(7).collect::<Vec<_>>(),
        lines[1].split(|b| *b == b',').take(7).collect::<Vec<_>>()
    );
}

#[test]
fn headers_of_every_family_are_what_the_scan_reads() {
    for family in Family::ALL {
        let head = head(family);
        let file = [head.line(), b"\r\n"].concat();
        let facts = scan(&file[..], Depth::Totals, &mut |_| {}).unwrap();
        assert_eq!(facts.payer, Some(Payer::Shaho), "{family:?}");
        assert_eq!(facts.month, Month::new(2025, 1), "{family:?}");
        assert_eq!(facts.facility.map(|f| f.to_string()).as_deref(), Some("9999015"), "{family:?}");
        assert_eq!(facts.facility_name.decode(), "テスト見本診療所", "{family:?}");
    }
}

#[test]
fn what_does_not_fit_a_header_is_refused() {
    let month = Month::new(2025, 1).unwrap();
    for name in ["", "見本clinic", "あいうえおかきくけこさしすせそたちつてとな", "髙山医院"]
    {
        let facility = rezept_returns::build::Facility { name: name.to_owned(), ..facility() };
        assert!(Head::new(Family::Ika, Payer::Shaho, month, &facility).is_err(), "{name}");
    }
    for line in [&b"UK,1,13,3"[..], b"", b"IR,1,13,1,9999015"] {
        assert!(Head::like(Family::Ika, Payer::Shaho, month, line).is_err());
    }
}

#[test]
fn what_cannot_be_a_resubmission_is_refused_and_leaves_nothing() {
    let claim = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika).remove(0);
    let mut builder = builder(Family::Ika);
    let mut refuse = |request: &[u8], search_no: &str, history: &[u8]| {
        let stored = Stored { search_no, history, ..claim.stored() };
        builder.resubmit(&stored, request).unwrap_err()
    };
    let (r, s, h) = (claim.request.as_slice(), claim.search_no.as_str(), claim.history.as_slice());
    assert!(matches!(refuse(r, "", h), BuildError::SearchNumber { .. }));
    assert!(matches!(refuse(r, "12 4", h), BuildError::SearchNumber { .. }));
    assert!(matches!(refuse(r, s, b""), BuildError::History { .. }));
    assert!(matches!(refuse(r, s, &h[..h.len() - 1]), BuildError::History { .. }));
    assert!(matches!(refuse(r, s, &[h, b"SY,\r\n"].concat()), BuildError::History { .. }));
    assert!(matches!(refuse(&[r, h].concat(), s, h), BuildError::NotRequest { line: 14, .. }));
    assert!(matches!(refuse(&[r, r].concat(), s, h), BuildError::SecondRe { .. }));
    assert!(matches!(refuse(&r[10..], s, h), BuildError::NotRequest { .. } | BuildError::NoRe { .. }));
    assert!(matches!(refuse(b"", s, h), BuildError::NoRe { .. }));
    assert!(matches!(refuse(b"RE,1,1112\r\nHO,1,2,3,4,5\r\n", s, h), BuildError::ShortRe { needed: 19, .. }));
    let no_points = edited(&claim, &["HO.symbol=２"]);
    let text = String::from_utf8_lossy(&no_points).into_owned();
    let at = text.find(",586,").map(|_| no_points.windows(5).position(|w| w == b",586,").unwrap()).unwrap();
    let broken = [&no_points[..at], b",,", &no_points[at + 5..]].concat();
    assert!(matches!(refuse(&broken, s, h), BuildError::Points { .. }));
    let huge = [&no_points[..at], b",99999999999,", &no_points[at + 5..]].concat();
    assert!(matches!(refuse(&huge, s, h), BuildError::Points { .. }));
    let stored = claim.stored();
    let other = Stored { payer: Payer::Kokuho, ..stored };
    assert!(matches!(builder.resubmit(&other, r), Err(BuildError::OtherBody { claim: 1 })));
    let other = Stored { family: Family::Dpc, ..stored };
    assert!(matches!(builder.resubmit(&other, r), Err(BuildError::OtherFamily { claim: 1 })));
    builder.resubmit(&stored, r).unwrap();
    assert!(matches!(builder.resubmit(&stored, r), Err(BuildError::SearchNumberTwice { claim: 2 })));
    let (file, written) = builder.finish().unwrap();
    assert_eq!((written.claims, written.points), (1, 586));
    let mut alone = crate::common::builder(Family::Ika);
    alone.resubmit(&stored, r).unwrap();
    assert!(file == alone.finish().unwrap().0);
}

#[test]
fn a_file_of_home_nursing_ends_with_go_alone() {
    let mut builder = builder(Family::Houkan);
    let claim = "RE,9,6112,202410,x,,1,19700105,,,,,,,12345678901234567\r\nHO,01130012,,1,1,5550,,,,,,\r\n";
    builder.ordinary(claim.as_bytes()).unwrap();
    let header = builder.ordinary(format!("{claim}HH,1,13,6,9999048\r\n").as_bytes());
    assert!(matches!(header, Err(BuildError::NotRequest { claim: 2, line: 3 })));
    let (file, written) = builder.finish().unwrap();
    assert!(
        file.ends_with(b"RE,1,6112,202410,x,,1,19700105,,,,,,,\r\nHO,01130012,,1,1,5550,,,,,,\r\nGO\r\n\x1a")
    );
    assert_eq!((written.claims, written.payers, written.points), (1, 1, 5550));
    let facts = scan(file.as_slice(), Depth::Full, &mut |_| ()).unwrap();
    assert!(facts.complete, "{:?}", facts.incomplete);
}

#[test]
fn a_claim_to_the_other_body_loses_its_ties() {
    let claim = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika).remove(1);
    let mut builder = builder(Family::Ika);
    builder.ordinary(&[&claim.request[..], &claim.reasons].concat()).unwrap();
    let file = builder.finish().unwrap().0;
    let number = claim.search_no.as_bytes();
    assert!(!file.windows(number.len()).any(|w| w == number));
    assert!(file.ends_with(b"GO,2,351,99\r\n\x1a"));
}

#[test]
fn a_refused_last_claim_leaves_nothing_before_the_trailer() {
    let claim = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika).remove(0);
    let mut refused = builder(Family::Ika);
    refused.resubmit(&claim.stored(), &claim.request).unwrap();
    let broken = [&claim.request[..], b"HI,1\r\n"].concat();
    assert!(matches!(refused.ordinary(&broken), Err(BuildError::NotRequest { claim: 2, .. })));
    let mut alone = builder(Family::Ika);
    alone.resubmit(&claim.stored(), &claim.request).unwrap();
    assert!(refused.finish().unwrap().0 == alone.finish().unwrap().0);
}
