//! The samples, with every value written by hand, and every fault made from them.

use crate::common::{RETURNS, cp932, faults, fixture, read, sha256, stretches};
use rezept_claim::{Depth, Family, Month, ReturnKind, scan};
use rezept_returns::read::claim_faults;
use rezept_returns::{ClaimFacts, Fault, ReturnReader, ReturnedClaim};

fn month(year: u16, month: u8) -> Option<Month> {
    Month::new(year, month)
}

fn texts(claim: &ReturnedClaim) -> Vec<String> {
    let facts = &claim.facts;
    [
        &claim.search_no,
        &facts.claim_no,
        &facts.claim_type,
        facts.chart_nos.first().unwrap(),
        &facts.billing_info,
        &claim.insurer_no,
        &facts.symbol,
        &facts.number,
        &facts.name,
        &facts.sex,
    ]
    .iter()
    .map(|text| text.decode().into_owned())
    .collect()
}

fn birth(claim: &ReturnedClaim) -> String {
    claim.facts.birth.unwrap().to_string()
}

/// What the claim says of its place must be what stands there.
#[track_caller]
fn check_places(file: &[u8]) {
    let claims = read(file);
    let expected = stretches(file);
    assert_eq!(claims.len(), expected.len());
    for (claim, [request, reasons, history]) in claims.iter().zip(&expected) {
        let sizes = [claim.request_bytes, claim.reason_bytes, claim.history_bytes];
        assert_eq!(sizes, [request.len(), reasons.len(), history.len()].map(|n| n as u64));
        let start = usize::try_from(claim.offset).unwrap();
        let end = usize::try_from(claim.end()).unwrap();
        assert_eq!(file[start..end], [&request[..], reasons, history].concat());
        assert_eq!((claim.request_sha256, claim.history_sha256), (sha256(request), sha256(history)));
        let lines = history.iter().filter(|b| **b == b'\n').count();
        assert_eq!(claim.history_lines, lines as u64);
        let line = file[..start].iter().filter(|b| **b == b'\n').count() + 1;
        assert_eq!(claim.first_line as usize, line);
        assert_eq!(claim.facts, ClaimFacts::read(claim.family, request), "two ways of reading the same");
        let alone = claim_faults(claim.family, &file[start..end]).unwrap();
        let placed = |fault: &Fault| Fault {
            byte: fault.byte + claim.offset,
            line: fault.line + claim.first_line - 1,
            ..*fault
        };
        assert_eq!(alone.iter().map(placed).collect::<Vec<_>>(), claim.faults);
    }
}

#[test]
fn places_hashes_and_totals() {
    for name in RETURNS {
        let bytes = fixture(name);
        check_places(&bytes);
        let facts = scan(&bytes[..], Depth::Totals, &mut |_| {}).unwrap();
        let claims = read(&bytes);
        assert_eq!(facts.payers, claims.iter().map(|claim| claim.facts.payers).sum::<u64>());
        assert_eq!(facts.points, claims.iter().filter_map(|claim| claim.facts.points).sum::<u64>());
    }
}

#[test]
fn hen_of_shaho() {
    let [first, second] = read(&fixture("hen_shaho/RECEIPTC.HEN")).try_into().unwrap();
    assert_eq!(
        texts(&first),
        [
            "120241113000000000000000001",
            "1",
            "1112",
            "00001",
            "00001-202410-1",
            "01130012",
            "２１７０１２３",
            "１２３",
            "見本　太郎",
            "1",
        ]
    );
    assert_eq!((first.ordinal, first.first_line, first.offset), (0, 2, 30));
    assert_eq!((first.family, first.facts.inpatient()), (Family::Ika, Some(false)));
    assert_eq!((first.facts.service_month, first.original_month), (month(2024, 10), month(2024, 11)));
    assert_eq!(
        (birth(&first).as_str(), first.facts.points, first.facts.payers),
        ("1970-01-05", Some(586), 1)
    );
    assert_eq!((first.history_lines, first.kind()), (24, Some(ReturnKind::First)));
    assert_eq!((first.departments.len(), first.spreadsheet), (0, false));
    let [reason] = &first.reasons[..] else { panic!("one reason") };
    assert_eq!((reason.return_kind.decode(), reason.processed), ("1".into(), month(2024, 12)));
    assert_eq!((reason.code.decode(), reason.text.decode()), ("L3129".into(), "記号・番号の誤り".into()));
    assert_eq!(reason.note.decode(), "被保険者証の記号をご確認ください");
    assert_eq!(reason.shown(), "記号・番号の誤り");
    assert_eq!(reason.search_no, first.search_no);
    assert_eq!((faults(&first), first.is_blocked()), (vec![], false));

    assert_eq!(
        texts(&second),
        [
            "120241113000000000000000002",
            "2",
            "1124",
            "00002",
            "00002-202410-1",
            "06132013",
            "１１０１",
            "４５６",
            "見本　花子",
            "2",
        ]
    );
    assert_eq!((second.facts.points, second.facts.payers, second.history_lines), (Some(351), 2, 15));
    assert_eq!((second.ordinal, second.first_line, birth(&second).as_str()), (1, 40, "2021-06-20"));
    assert_eq!(second.reasons[0].text.decode(), "資格喪失後の受診");
    assert_eq!(faults(&second), Vec::<String>::new());
}

#[test]
fn sah_of_shaho() {
    let [first, second] = read(&fixture("sah_shaho/RECEIPTC.SAH")).try_into().unwrap();
    let [reason] = &first.reasons[..] else { panic!("one reason") };
    assert!(reason.is_of_review());
    assert_eq!((reason.return_kind.decode(), reason.correction.decode()), ("4".into(), "1".into()));
    assert_eq!((reason.cut_notice, reason.code.decode()), (month(2024, 9), "S1018".into()));
    assert_eq!(reason.code_text(), Some("資格喪失後の受診"));
    assert_eq!((first.facts.service_month, first.original_month), (month(2024, 7), month(2024, 8)));
    assert_eq!((first.history_lines, faults(&first)), (26, vec![]));
    // 公費単独: the first KO stands for the insurer, 受給者番号 for the number.
    assert_eq!(
        texts(&second),
        [
            "120240813000000000000000005",
            "5",
            "1212",
            "00003",
            "00003-202407-1",
            "12130019",
            "",
            "9900028",
            "架空　次郎",
            "1",
        ]
    );
    assert_eq!((second.facts.points, second.facts.payers, faults(&second)), (Some(127), 1, vec![]));
}

#[test]
fn dpc_summary_with_details_is_one_claim() {
    let [claim] = read(&fixture("hen_dpc/RECEIPTD.HEN")).try_into().unwrap();
    assert_eq!(
        texts(&claim),
        [
            "13150611920000002",
            "2",
            "1117",
            // The summary has none: that of its first detail.
            "00102",
            "00102-202410-1",
            "01130012",
            "２１７０６６６",
            "３４",
            "試験　竹",
            "1",
        ]
    );
    assert_eq!((claim.family, claim.facts.inpatient()), (Family::Dpc, Some(true)));
    assert_eq!((claim.facts.points, claim.facts.payers, claim.history_lines), (Some(44179), 1, 43));
    assert_eq!((claim.original_month, birth(&claim).as_str()), (month(2024, 11), "1950-10-03"));
    assert_eq!((claim.reasons.len(), faults(&claim)), (1, vec![]));
}

#[test]
fn old_wareki() {
    let [claim] = read(&fixture("hen_old_wareki/RECEIPTC.HEN")).try_into().unwrap();
    assert_eq!(claim.search_no.decode(), "12018100000000000007");
    assert_eq!((claim.facts.service_month, birth(&claim).as_str()), (month(2018, 9), "1970-01-05"));
    assert_eq!((claim.facts.points, claim.reasons[0].processed), (Some(75), month(2018, 12)));
    // The block begins with RE: no MN, and no IR that would tell the month it was billed in.
    assert_eq!((claim.original_month, claim.history_lines), (None, 6));
    assert_eq!((faults(&claim), claim.is_blocked()), (vec!["W30 7/1".to_owned()], false));
}

#[test]
fn the_kind_is_known_after_the_first_claim() {
    let bytes = fixture("sah_shaho/RECEIPTC.SAH");
    let mut reader = ReturnReader::new(&bytes[..]);
    assert_eq!((reader.kind(), reader.family(), reader.byte()), (None, None, 0));
    reader.next_claim().unwrap().unwrap();
    assert_eq!((reader.kind(), reader.family()), (Some(ReturnKind::Review), Some(Family::Ika)));
    while reader.next_claim().unwrap().is_some() {}
    assert_eq!((reader.byte(), reader.damage()), (bytes.len() as u64, None));
}

#[test]
fn departments_are_those_of_re() {
    let name = "00001-202410-1,,,,,,,,,,,,,,,,ミホン　タロウ";
    let bytes = with(HEN, name, "00001-202410-1,01,,,,,26,,,,,,,,,,ミホン　タロウ");
    let codes: Vec<_> = read(&bytes)[0].departments.iter().map(|d| d.decode().into_owned()).collect();
    assert_eq!(codes, ["01", "26"]);
    let old = with(HEN, ",00001,,,,,120241113000000000000000001", ",00001,,,,05,120241113000000000000000001");
    let codes: Vec<_> = read(&old)[0].departments.iter().map(|d| d.decode().into_owned()).collect();
    assert_eq!(codes, ["05"]);
}

#[test]
fn debug_shows_no_value_of_a_patient() {
    for name in RETURNS {
        let claims = read(&fixture(name));
        let shown = format!("{claims:?}");
        for claim in &claims {
            for value in texts(claim).iter().filter(|value| value.len() > 4) {
                assert!(!shown.contains(value.as_str()), "{value}");
            }
        }
    }
}

/// The sample with one piece of its text replaced, as often as it occurs.
fn with(name: &str, from: &str, to: &str) -> Vec<u8> {
    let text = encoding_rs::SHIFT_JIS.decode(&fixture(name)).0.into_owned();
    assert!(text.contains(from), "{from}");
    cp932(&text.replace(from, to))
}

#[track_caller]
fn check(bytes: &[u8], expected: &[&str]) {
    let found: Vec<String> = read(bytes).iter().flat_map(faults).collect();
    assert_eq!(found, expected);
}

const HEN: &str = "hen_shaho/RECEIPTC.HEN";
const SAH: &str = "sah_shaho/RECEIPTC.SAH";

#[test]
fn every_fault() {
    let no = "120241113000000000000000002";
    let hen = |from: &str, to: &str, expected: &[&str]| check(&with(HEN, from, to), expected);
    let hr = format!("HR,202412,1,,L3118,資格喪失後の受診,,,,{no},,,,\r\n");
    let info = "Ver0000147809857fc1c81599aed73da6d2c3aca";

    // E: the claim can be shown, but not sent again.
    let request_hr = format!("\nHR,202412,1,,L3118,資格喪失後の受診,,,,{no}");
    for bad in ["12A", "", "1.2"] {
        let to = request_hr.replace(no, bad);
        hen(&request_hr, &to, &["E12 40/19", "E01 50/10", "W33 51/7", "W31 53/22"]);
    }
    for bad in ["Ver-1", "", "Ver,", &"a".repeat(101)] {
        hen(info, bad, &["E02 65/5"]);
    }
    hen(&format!("\r\n{hr}"), &format!("\r\n{hr}{}", hr.replace(no, "9")), &["E12 51/10"]);
    hen(&format!(",,{no},,00002"), ",,9,,00002", &["E12 40/19", "W31 53/22"]);
    hen(&format!("\r\n{hr}"), "\r\n", &["E10 40/1"]);
    hen(&format!("8,15,0,RC,{info}\r\n"), "", &["E11 64/1"]);
    hen("8,15,0,RC,", "8,15,0,RD,", &["E11 65/1", "W99 65/1"]);
    hen(&format!("\r\n{hr}"), &format!("\r\n{hr}SJ,07,x\r\n"), &["E13 51/1"]);
    hen("\r\nHR,202412,1,,L3118", "\r\nHI,1,202412,13,1,9999015,,00\r\nHR,202412,1,,L3118", &["E13 50/1"]);
    hen("\r\n6,13,0,SN", "\r\n\r\n6,13,0,SN", &["E13 63/1"]);
    hen("SI,80,2,120002910,,60", "ZZ,80,2,120002910,,60", &["E99 49/1", "W99 62/1"]);
    hen("SY,0000999,20241008", "0000999,20241008", &["E99 47/1", "E13 60/1", "E99 60/1", "W22 61/2"]);

    // W: told only.
    hen("HR,202412,1,,L3118,", "HR,202413,1,,L3118X,", &["W10 50/2", "W10 50/5"]);
    hen("HR,202412,1,,L3118,", "HR,202412,0,,L3118,", &["W10 50/3"]);
    let filled = format!(",,1,202411,{no},,,,\r\n2,1");
    hen(&format!(",,,,{no},,,,\r\n2,1"), &filled, &["W11 50/8", "W11 50/9"]);
    let of_hen = with(SAH, "S1018,資格喪失後の受診,,1,202409", "L1018,資格喪失後の受診,,,202409");
    check(&of_hen, &["W11 15/5", "W11 15/9"]);
    hen("6,13,0,SN", "6,123456,0,SN", &["W20 63/2"]);
    hen("6,13,0,SN", "6,13,x,SN", &["W21 63/3"]);
    hen("6,13,0,SN", "6,14,0,SN", &["W22 63/2", "W22 64/2"]);
    hen("2,20,1,EX", "2,19,1,EX", &["W22 36/2"]);
    hen("6,13,0,SN", "600,13,0,SN", &["W23 63/1"]);
    hen("\r\nJD,2,", "\r\n\r\nJD,2,", &["W24 45/1"]);
    hen("2,1,0,MN,2024110000000002", "8,1,0,MN,2024110000000002", &["W30 51/1"]);
    hen("8,15,0,RC", "8,15,1,RC", &["W32 65/1"]);
    hen(&format!("一丁目１番１号,{no}"), "一丁目１番１号,7", &["W33 51/7"]);
    hen("RE,2,1124,202410", "RE,,112,202499", &["W40 40/2", "W41 40/3", "W42 40/4"]);
    hen(",見本　花子,2,20210620", ",　,3,2021062", &["W43 40/5", "W44 40/6", "W44 40/7"]);
    let mut broken = fixture(HEN);
    let name = cp932("被保険者証の記号");
    let at = broken.windows(name.len()).position(|window| window == name).unwrap();
    broken[at] = 0xFF;
    check(&broken, &["W50 15/1"]);
}

#[test]
fn blank_lines_between_claims_belong_to_none() {
    let bytes = with(
        HEN,
        "RE,2,1124,202410,見本　花子,2,20210620,,,,,,,00002,,,,,1",
        "\r\nRE,2,1124,202410,見本　花子,2,20210620,,,,,,,00002,,,,,1",
    );
    let text = encoding_rs::SHIFT_JIS.decode(&bytes).0.into_owned();
    // That of the history would be one too many.
    let bytes = cp932(&text.replace("1,3,0,\r\nRE", "1,3,0,RE"));
    let claims = read(&bytes);
    assert_eq!(claims.iter().flat_map(faults).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(claims[1].offset, claims[0].end() + 2);
    let original = read(&fixture(HEN));
    for (claim, original) in claims.iter().zip(&original) {
        assert_eq!(claim.history_sha256, original.history_sha256);
        assert_eq!(claim.request_sha256, original.request_sha256);
    }
}
