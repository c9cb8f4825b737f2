//! Prints against a slow reading of the same rule, and what must and must not change them.

use super::key::bytes;
use super::*;
use crate::claims::Grouper;
use std::path::Path;

const SAMPLES: [&str; 12] = [
    "chozai/RECEIPTY.CYO",
    "dpc_shaho/RECEIPTD.UKE",
    "hen_dpc/RECEIPTD.HEN",
    "hen_old_wareki/RECEIPTC.HEN",
    "hen_shaho/RECEIPTC.HEN",
    "ika_kokuho/RECEIPTC.UKE",
    "ika_shaho/RECEIPTC.UKE",
    "resubmit_dpc/RECEIPTD.UKE",
    "resubmit_mixed/RECEIPTC.UKE",
    "resubmit_shaho/RECEIPTC.UKE",
    "sah_shaho/RECEIPTC.SAH",
    "shika/RECEIPTS.UKE",
];

fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/claims").join(name);
    std::fs::read(path).unwrap()
}

fn key() -> PrintKey {
    PrintKey::new([7; 32])
}

fn prints_of(source: impl Read) -> Vec<ClaimPrint> {
    let mut prints = Vec::new();
    let facts = scan_with_prints(source, Depth::Totals, &mut |_| {}, &key(), &mut |print| prints.push(print))
        .unwrap();
    assert_eq!(facts.claims, prints.len() as u64);
    prints
}

fn prints(file: &[u8]) -> Vec<ClaimPrint> {
    prints_of(file)
}

fn requests(file: &[u8]) -> Vec<[u8; 16]> {
    prints(file).iter().map(|print| print.request).collect()
}

/// The request digests as the rule says them: record by record, each put together anew.
fn slow_requests(file: &[u8]) -> Vec<[u8; 16]> {
    let mut claims: Vec<Vec<u8>> = Vec::new();
    let mut reader = RecordReader::new(file);
    let mut grouper = Grouper::default();
    while let Some(record) = reader.next_record().unwrap() {
        let place = grouper.place(&record);
        if record.is_blank() || place.part != Part::Request {
            continue;
        }
        if place.opens_claim {
            claims.push(Vec::new());
        }
        let anew = match record.id().as_ref().map(|id| &id.0) {
            Some(b"RE") => 2,
            Some(b"IR") => 7,
            _ => 0,
        };
        let items: Vec<&[u8]> =
            (1..).zip(record.items()).map(|(n, item)| if n == anew { b"" } else { item }).collect();
        let claim = claims.last_mut().unwrap();
        claim.extend(items.join(&b","[..]));
        claim.extend(b"\r\n");
    }
    let key = key().derive(b"request data");
    claims.iter().map(|claim| bytes(HighwayHasher::new(key).hash128(claim))).collect()
}

/// 医科 claims of so many patients, with enough lines to need many blocks of the reader.
fn large(claims: usize) -> Vec<u8> {
    let mut file = b"IR,1,13,1,9999015,,X,202411,00,\r\n".to_vec();
    for n in 1..=claims {
        file.extend(claim(n, &format!("{n:05}"), "").bytes());
        for line in 0..n % 90 {
            file.extend(format!("SI,12,1,112007410,,{line},1,,,,,,,,,,1,,,,,,,,,\r\n").bytes());
        }
    }
    file.extend(b"GO,1,1,99\r\n\x1A");
    file
}

fn claim(number: usize, chart: &str, search_no: &str) -> String {
    let blanks = ",".repeat(17);
    format!(
        "RE,{number},1112,202410,NAME,1,19700105,,,,,,,{chart},,,,,{search_no},,{blanks}\r\nHO,01130012,1,2,1,291\r\n"
    )
}

fn file_of(claims: &[String]) -> Vec<u8> {
    format!("IR,1,13,1,9999015,,X,202411,00,\r\n{}GO,1,1,99\r\n\x1A", claims.concat()).into_bytes()
}

/// Gives few bytes at a time, of ever other numbers.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.1 = (self.1 * 31 + 7) % 4001;
        let count = out.len().min(self.1 + 1).min(self.0.len());
        let (now, rest) = self.0.split_at(count);
        out[..count].copy_from_slice(now);
        self.0 = rest;
        Ok(count)
    }
}

#[test]
fn the_run_hashes_what_the_rule_says() {
    for name in SAMPLES {
        let file = sample(name);
        assert_eq!(requests(&file), slow_requests(&file), "{name}");
    }
    let file = large(3000);
    assert!(file.len() > 20 * crate::reader::BLOCK_BYTES);
    assert!(requests(&file) == slow_requests(&file));
    assert!(prints_of(Trickle(&file, 1)) == prints(&file));
}

#[test]
fn line_ends_end_marks_and_blank_lines_do_not_count() {
    let replaced = |file: &[u8], from: &str, to: &str| {
        let mut out = Vec::new();
        let mut rest = file;
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix(from.as_bytes()) {
                out.extend(to.bytes());
                rest = behind;
            } else {
                out.push(rest[0]);
                rest = &rest[1..];
            }
        }
        out
    };
    for name in SAMPLES {
        let file = sample(name);
        let expected = prints(&file);
        assert!(prints(&replaced(&file, "\r\n", "\n")) == expected, "{name}");
        assert!(prints(&replaced(&file, "\r\nHO,", "\nHO,")) == expected, "{name}");
        assert!(prints(&replaced(&file, "\r\nHO,", "\r\n\r\nHO,")) == expected, "{name}");
        let mut more = file.clone();
        more.extend(b"\x1A\x1A\r\n");
        assert!(prints(&more) == expected, "{name}");
        // Cut off behind the last claim, with and without its line end.
        let end = file.windows(4).rposition(|w| matches!(w, b"\nGO," | b"\nHG,")).unwrap();
        assert!(prints(&file[..=end]) == expected, "{name}");
        assert!(prints(&file[..end - 1]) == expected, "{name}");
    }
}

#[test]
fn one_changed_byte_changes_the_print_of_its_claim_only() {
    let file = file_of(&[claim(1, "1", ""), claim(2, "2", ""), claim(3, "3", "")]);
    let expected = prints(&file);
    let second = file.windows(5).position(|w| w == b"RE,2,").unwrap();
    let third = file.windows(5).position(|w| w == b"RE,3,").unwrap();
    for at in second + 5..third - 2 {
        let mut other = file.clone();
        if matches!(other[at], b',' | b'\r' | b'\n' | b'R' | b'E' | b'H' | b'O') {
            continue;
        }
        other[at] ^= 1;
        let found = prints(&other);
        assert_eq!((found[0], found[2]), (expected[0], expected[2]), "{at}");
        assert_ne!(found[1].request, expected[1].request, "{at}");
    }
}

#[test]
fn the_number_in_the_file_and_the_history_do_not_count() {
    let returned = prints(&sample("hen_shaho/RECEIPTC.HEN"));
    let again = prints(&sample("resubmit_shaho/RECEIPTC.UKE"));
    let numbers = |prints: &[ClaimPrint]| prints.iter().map(|p| p.search_no).collect::<Vec<_>>();
    assert_eq!(numbers(&returned), numbers(&again));
    assert!(again.iter().all(|p| p.search_no.is_some()));
    // The second was corrected in the number of its insurer.
    assert_eq!((returned[0].key == again[0].key, returned[1].key == again[1].key), (true, false));
    let two = file_of(&[claim(1, "1", ""), claim(2, "1", "")]);
    let [first, second] = prints(&two)[..] else { panic!("two claims") };
    assert_eq!((first.request, first.key), (second.request, second.key));
    assert_eq!((first.number, second.number), (1, 2));
}

#[test]
fn a_dental_claim_of_another_billing_month_is_the_same_claim() {
    let file = sample("shika/RECEIPTS.UKE");
    let lines: Vec<&[u8]> = file.split_inclusive(|b| *b == b'\n').collect();
    let later: Vec<u8> = lines
        .iter()
        .flat_map(|line| match line.strip_prefix(b"IR,") {
            Some(_) => {
                let mut items: Vec<&[u8]> = line.split(|b| *b == b',').collect();
                items[6] = b"209912";
                items.join(&b","[..])
            }
            None => line.to_vec(),
        })
        .collect();
    assert_ne!(file, later);
    assert!(prints(&file) == prints(&later));
}

#[test]
fn a_summary_and_its_details_are_one_print_with_the_chart_number_of_any() {
    let file = sample("dpc_shaho/RECEIPTD.UKE");
    assert_eq!(prints(&file).len(), 2);
    let re = |class: &str, chart: &str| {
        let blanks = ",".repeat(6);
        format!(
            "RE,7,1117,202410,A,1,19501003,,,,,,,{chart},,,,,{class},2,,,info,{blanks}\r\nHO,01130012,1,2\r\n"
        )
    };
    let keyed = |a: &str, b: &str, c: &str| {
        let group = [re("1", a), re("2", b), re("3", c)];
        prints(&file_of(&group)).iter().map(|p| p.key).collect::<Vec<_>>()
    };
    assert_eq!(keyed("", "42", "").len(), 1);
    assert_eq!(keyed("", "42", ""), keyed("42", "43", "44"));
    assert_ne!(keyed("", "42", ""), keyed("", "43", ""));
}

#[test]
fn the_key_is_chart_month_type_and_payer() {
    let made = |text: &str| {
        let [print] = prints(&file_of(&[text.to_owned()]))[..] else { panic!("one claim") };
        print.key
    };
    let base = claim(1, "5", "");
    let with = |from: &str, to: &str| made(&base.replace(from, to));
    assert_eq!(made(&base), with("NAME", "OTHER"));
    assert_eq!(made(&base), with("19700105", "19700106"));
    assert_eq!(made(&base), with(",291", ",292"));
    assert_eq!(made(&base), with("202410", "50610"), "the same month, written in the era");
    assert_eq!(made(&base), with(",5,", ", 5 ,"));
    for (from, to) in
        [(",5,", ",6,"), ("202410", "202409"), ("1112", "1122"), ("HO,0113", "HO,0613"), ("HO,", "KO,")]
    {
        assert_ne!(made(&base), with(from, to), "{to}");
    }
    // The first KO where there is no HO, and HO whatever stands before it.
    let public = base.replace("HO,01130012", "KO,11111111");
    let more = |end: &str| made(&format!("{public}{end}"));
    assert_eq!(made(&public), more("KO,22222222,1,2,1,291\r\n"));
    assert_eq!(made(&base), more("HO,01130012,1,2,1,291\r\n"));
}

#[test]
fn without_a_chart_number_the_person_tells_claims_apart() {
    let base = claim(1, "", "");
    let key_of = |text: &str| prints(&file_of(&[text.to_owned()]))[0].key;
    assert_ne!(key_of(&base), key_of(&base.replace("NAME", "OTHER")));
    assert_ne!(key_of(&base), key_of(&base.replace("19700105", "19700106")));
    assert_eq!(key_of(&base), key_of(&base.replace(",291", ",292")));
}

#[test]
fn search_numbers_and_months_are_handed_out() {
    let number = "123456789012345678901234567890";
    let found = prints(&file_of(&[claim(1, "1", number), claim(2, "2", ""), claim(3, "3", "12x")]));
    let numbers: Vec<_> = found.iter().map(|p| p.search_no.map(|no| no.as_str().to_owned())).collect();
    assert_eq!(numbers, [Some(number.to_owned()), None, None]);
    assert!(found.iter().all(|p| p.service_month == Month::new(2024, 10)));
    assert_eq!(SearchNo::parse(format!("{number}1").as_bytes()), None);
    assert_eq!(prints(&sample("chozai/RECEIPTY.CYO"))[0].service_month.map(Month::year), Some(2024));
}

#[test]
fn every_family_has_the_places_of_the_key() {
    for family in Family::ALL {
        let mut places = RePlaces::default();
        places.of(family);
        assert!(places.are_known(), "{family:?}");
    }
    let ir = crate::layout::layout(Family::Shika, IR).unwrap();
    assert_eq!(ir.item(key::DENTAL_BILLING_MONTH).unwrap().name, "claim_ym");
}

#[test]
fn prints_stay_what_they_are() {
    // The journal keeps prints for years: a change of this value makes all of them worthless.
    let [print] = prints(&file_of(&[claim(1, "1", "")]))[..] else { panic!("one claim") };
    let hex = |bytes: [u8; 16]| format!("{:032x}", u128::from_be_bytes(bytes));
    assert_eq!(
        [hex(print.request), hex(print.key)],
        ["af42e3cb59399b16532327c61e7b0c5e", "9749ab2c0c6a00cbdd4a1a4ed5531351"]
    );
    let mut other = Vec::new();
    let file = file_of(&[claim(1, "1", "")]);
    scan_with_prints(&file[..], Depth::Full, &mut |_| {}, &PrintKey::new([8; 32]), &mut |p| other.push(p))
        .unwrap();
    assert!(other[0].request != print.request && other[0].key != print.key && print.request != print.key);
}

#[test]
fn nothing_shows_in_debug() {
    let [print] = prints(&file_of(&[claim(1, "777", "98765432109876543")]))[..] else { panic!("one claim") };
    let shown = format!("{print:?} {:?} {:?}", key(), print.search_no);
    assert!(!shown.contains("9876") && !shown.contains("77"), "{shown}");
}
