//! The exact facts of every file we have: the invented ones, and the real ones where they are at hand.

use crate::common::{codes, full, handed_out, sample};
use rezept_claim::{Depth, Family, Kind, Month, NoticeKind, Oddity, Payer, ReturnKind, Severity, scan};

/// name, kind, family, payer, facility, month, claims, payers, points, official name
type Row = (&'static str, Kind, Family, Payer, &'static str, &'static str, u64, u64, u64);

const ROWS: [Row; 12] = {
    use Family::{Chozai, Dpc, Ika, Shika};
    use Kind::{Claim, Return};
    use Payer::{Kokuho, Shaho};
    [
        ("chozai/RECEIPTY.CYO", Claim, Chozai, Shaho, "9999035", "2024-11", 1, 1, 241),
        ("dpc_shaho/RECEIPTD.UKE", Claim, Dpc, Shaho, "9999015", "2024-11", 2, 2, 85863),
        ("hen_dpc/RECEIPTD.HEN", Return, Dpc, Shaho, "9999015", "2024-12", 1, 1, 44179),
        ("hen_old_wareki/RECEIPTC.HEN", Return, Ika, Shaho, "9999015", "2018-12", 1, 1, 75),
        ("hen_shaho/RECEIPTC.HEN", Return, Ika, Shaho, "9999015", "2024-12", 2, 3, 937),
        ("ika_kokuho/RECEIPTC.UKE", Claim, Ika, Kokuho, "9999015", "2024-11", 2, 2, 545),
        ("ika_shaho/RECEIPTC.UKE", Claim, Ika, Shaho, "9999015", "2024-11", 3, 4, 1085),
        ("resubmit_dpc/RECEIPTD.UKE", Claim, Dpc, Shaho, "9999015", "2025-01", 1, 1, 44179),
        ("resubmit_mixed/RECEIPTC.UKE", Claim, Ika, Shaho, "9999015", "2025-01", 3, 4, 1544),
        ("resubmit_shaho/RECEIPTC.UKE", Claim, Ika, Shaho, "9999015", "2025-01", 2, 3, 937),
        ("sah_shaho/RECEIPTC.SAH", Return, Ika, Shaho, "9999015", "2024-12", 2, 2, 713),
        ("shika/RECEIPTS.UKE", Claim, Shika, Shaho, "9999029", "2024-11", 1, 1, 339),
    ]
};

#[test]
fn invented_files() {
    for (name, kind, family, payer, facility, month, claims, payers, points) in ROWS {
        let bytes = sample(name);
        let (facts, findings) = full(&bytes);
        assert_eq!(codes(&findings), Vec::<String>::new(), "{name}");
        assert_eq!((facts.kind, facts.family, facts.payer), (kind, Some(family), Some(payer)), "{name}");
        assert_eq!(facts.facility.unwrap().to_string(), facility, "{name}");
        assert_eq!(facts.prefecture.unwrap().to_string(), "13", "{name}");
        assert_eq!(facts.point_table, Some(family.point_table()), "{name}");
        assert_eq!(facts.month.unwrap().to_string(), month, "{name}");
        assert_eq!(facts.volume.unwrap().to_string(), "00", "{name}");
        assert_eq!((facts.claims, facts.payers, facts.points), (claims, payers, points), "{name}");
        assert_eq!(facts.totals_match(), Some(true), "{name}");
        assert!(facts.complete && facts.incomplete.is_empty(), "{name}");
        assert_eq!(facts.size_bytes, bytes.len() as u64, "{name}");
        assert_eq!(facts.official_name(), name.split('/').next_back(), "{name}");
        assert_eq!(facts.oddity, None, "{name}");
    }
}

#[test]
fn shaho_and_kokuho_of_one_month_differ_in_identity_only_by_payer() {
    let shaho = full(&sample("ika_shaho/RECEIPTC.UKE")).0.identity().unwrap();
    let kokuho = full(&sample("ika_kokuho/RECEIPTC.UKE")).0.identity().unwrap();
    assert_ne!(shaho, kokuho);
    assert_eq!(rezept_claim::Identity { payer: Payer::Shaho, ..kokuho }, shaho);
}

#[test]
fn returns_know_their_kind() {
    assert_eq!(full(&sample("hen_shaho/RECEIPTC.HEN")).0.return_kind, Some(ReturnKind::First));
    assert_eq!(full(&sample("sah_shaho/RECEIPTC.SAH")).0.return_kind, Some(ReturnKind::Review));
    assert_eq!(full(&sample("ika_shaho/RECEIPTC.UKE")).0.return_kind, None);
}

#[test]
fn both_depths_agree_on_the_facts() {
    for name in crate::common::SAMPLES {
        let bytes = sample(name);
        let totals = scan(bytes.as_slice(), Depth::Totals, &mut |_| {}).unwrap();
        assert_eq!(format!("{totals:?}"), format!("{:?}", full(&bytes).0), "{name}");
    }
}

#[test]
fn a_notice_is_known_by_its_content() {
    let (facts, findings) = full(&sample("zogn/RIzogn1131999901550612.csv"));
    assert_eq!((facts.kind, facts.notice), (Kind::Notice, Some(NoticeKind::PointChange)));
    assert_eq!(facts.month, Month::new(2024, 12));
    assert_eq!(facts.facility.unwrap().to_string(), "9999015");
    assert_eq!((facts.identity(), findings.len(), facts.official_name()), (None, 0, None));
}

#[test]
fn the_real_outpatient_file() {
    let Some(bytes) = handed_out("real/RECEIPTC_GAIRAI_SAMPLE.UKE") else { return };
    let (facts, findings) = full(&bytes);
    assert_eq!((facts.claims, facts.payers, facts.points), (75, 140, 86392));
    assert_eq!(facts.prefecture.unwrap().to_string(), "12");
    assert_eq!(facts.payer.unwrap().code(), "1");
    assert_eq!(facts.point_table.unwrap().to_string(), "1");
    assert_eq!(facts.facility.unwrap().to_string(), "0000000");
    assert_eq!(facts.month.unwrap().to_string(), "2021-11");
    assert_eq!(facts.volume.unwrap().to_string(), "00");
    assert_eq!((facts.kind, facts.family, facts.records), (Kind::Claim, Some(Family::Ika), 636));
    assert_eq!((facts.complete, facts.totals_match()), (true, Some(true)));
    // No 0x1A, and a facility code of zeros: both need confirmation, neither refuses.
    assert_eq!(codes(&findings), ["R-003 Q line 1", "R-001 Q line 636"]);
}

#[test]
fn the_real_dpc_sample_is_tolerated() {
    let Some(bytes) = handed_out("real/dpcsample.csv") else { return };
    let (facts, _) = full(&bytes);
    assert_eq!((facts.kind, facts.family, facts.claims), (Kind::Claim, Some(Family::Dpc), 7));
    assert_eq!((facts.records, facts.month), (3382, Month::new(2016, 11)));
    assert!(!facts.complete, "it has no GO");
    // Its history lines lost their prefix (R-002) and its last summary a detail (R-062); points and days are sound.
    let mut codes: Vec<_> = facts.findings.iter().map(|f| f.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes, ["25470", "R-001", "R-002", "R-003", "R-004", "R-009", "R-061", "R-062"]);
    assert_eq!(crate::common::joined(&bytes), bytes);
}

#[test]
fn the_handed_out_file_of_home_nursing_is_sound() {
    let Some(bytes) = handed_out("domain/samples/houkan/RECEIPTH.UKE") else { return };
    let (facts, findings) = full(&bytes);
    assert_eq!(codes(&findings), Vec::<String>::new());
    assert_eq!((facts.kind, facts.family, facts.complete), (Kind::Claim, Some(Family::Houkan), true));
    assert_eq!((facts.claims, facts.payers, facts.points), (2, 3, 58615));
    assert_eq!((facts.declared, facts.totals_match()), (None, None));
    assert_eq!(facts.official_name(), Some("RECEIPTH.UKE"));
}

#[test]
fn volumes_of_one_claim_file() {
    let text = |header: &str, trailer: &str| {
        let bytes = sample("shika/RECEIPTS.UKE");
        let mut lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
        let first = [lines[0].strip_suffix(b"00\r").unwrap(), header.as_bytes(), b"\r"].concat();
        let last = [trailer.as_bytes(), b"\r"].concat();
        lines[0] = &first;
        let go = lines.len() - 2;
        lines[go] = &last;
        full(&lines.join(&b'\n'))
    };
    let (first, findings) = text("00", "GO,,,01");
    assert_eq!((first.complete, first.totals_match(), findings.len()), (true, None, 0));
    let (last, findings) = text("01", "GO,7,999,99");
    assert_eq!((last.complete, last.totals_match(), findings.len()), (true, None, 0));
    let (wrong, findings) = text("01", "GO,,,01");
    assert_eq!((wrong.complete, codes(&findings)), (false, vec!["R-005 F line 10".to_owned()]));
    let (early, findings) = text("00", "GO,1,339,01");
    assert_eq!((early.complete, codes(&findings)), (true, vec!["1007 F line 10".to_owned()]));
}

#[test]
fn what_came_here_by_mistake_is_named() {
    let claim = sample("ika_shaho/RECEIPTC.UKE");
    let utf8 = rezept_claim::text::decode(&claim).into_owned();
    let check = |bytes: &[u8], want: Oddity| {
        let (facts, findings) = full(bytes);
        assert_eq!((facts.kind, facts.oddity, facts.complete), (Kind::Unknown, Some(want), false));
        assert_eq!(facts.count(Severity::File), 1, "{want:?}");
        assert_eq!(findings.len(), 1, "{want:?}");
    };
    check(b"", Oddity::Empty);
    check(b"\x1A", Oddity::Empty);
    check(b"\r\n\r\n", Oddity::Empty);
    check(b"<!DOCTYPE html>\r\n<html><body>\x83G\x83\x89\x81[</body></html>", Oddity::Html);
    check(b"\r\n <HTML>", Oddity::Html);
    check(format!("\u{FEFF}{utf8}").as_bytes(), Oddity::Utf8Bom);
    check(&utf8.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), Oddity::Utf16);
    check(b"PK\x03\x04\x14\x00\x00\x00", Oddity::Zip);
    check(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n", Oddity::Pdf);
    check(b"\"IR\",\"1\",\"13\",\"1\",\"9999015\"\r\n\"RE\",\"1\"\r\n", Oddity::Spreadsheet);
    check(&claim[claim.iter().position(|b| *b == b'\n').unwrap() + 1..], Oddity::HeaderMissing);
    check(b"1,1,0,RE,1,1112,202410\r\n1,2,0,HO,01130012\r\n", Oddity::HistoryOnly);
    check(b"hello, world\n", Oddity::Unrecognised);
    check(&[0x00, 0xFF, 0x1A, 0x0A, 0x80].repeat(1000), Oddity::Unrecognised);
}

#[test]
fn a_claim_file_that_other_programs_touched_is_still_read() {
    let claim = sample("ika_shaho/RECEIPTC.UKE");
    let (utf8, _) = full(rezept_claim::text::decode(&claim).as_bytes());
    assert_eq!((utf8.kind, utf8.oddity), (Kind::Claim, Some(Oddity::Utf8)));
    assert!(utf8.count(Severity::File) > 0);
    // A header may be all ASCII: then the records show it, at either depth.
    let plain = rezept_claim::text::decode(&claim).replace("テスト見本診療所", "");
    for depth in [Depth::Totals, Depth::Full] {
        let facts = scan(plain.as_bytes(), depth, &mut |_| {}).unwrap();
        assert_eq!((facts.kind, facts.oddity), (Kind::Claim, Some(Oddity::Utf8)));
    }
    let (whole, _) = full(&claim);
    assert_eq!(whole.oddity, None);
    // A spreadsheet pads the short lines and drops leading zeros.
    let from = b",00,03-0000-0000";
    let at = claim.windows(from.len()).position(|w| w == from).unwrap();
    let padded = [&claim[..at], b",0,03-0000-0000,,,,,,,,,", &claim[at + from.len()..]].concat();
    let (touched, findings) = full(&padded);
    assert_eq!(touched.oddity, Some(Oddity::Spreadsheet));
    assert!(codes(&findings).contains(&"R-005 F line 1".to_owned()));
}
