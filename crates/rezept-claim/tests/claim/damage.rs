//! Damage, one kind at a time: what is reported, where, and that nothing else is.

use crate::common::{codes, full, handed_out, sample};
use rezept_claim::finding::REPORTED_PER_CODE;
use rezept_claim::{Family, FileFacts, Incomplete, Kind, Note, Severity};

/// The lines of a file with their line ends; the end-of-file mark is the last.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

fn text(line: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = line.bytes().collect();
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Changes one line (1-based) of the invented 医科 file and scans it.
#[track_caller]
fn with_line(number: usize, change: impl FnOnce(&mut Vec<u8>)) -> (FileFacts, Vec<String>) {
    let mut lines = lines(&sample("ika_shaho/RECEIPTC.UKE"));
    change(&mut lines[number - 1]);
    let (facts, findings) = full(&lines.concat());
    (facts, codes(&findings))
}

fn replace(from: &str, to: &str) -> impl FnOnce(&mut Vec<u8>) {
    let (from, to) = (from.as_bytes().to_vec(), to.as_bytes().to_vec());
    move |line| {
        let at = line.windows(from.len()).position(|w| w == from).expect("the text stands in the line");
        line.splice(at..at + from.len(), to);
    }
}

/// The first line that begins so, 1-based.
fn line_of(start: &str) -> usize {
    lines(&sample("ika_shaho/RECEIPTC.UKE")).iter().position(|l| l.starts_with(start.as_bytes())).unwrap() + 1
}

#[test]
fn header_items() {
    let cases = [
        ("IR,1,", "IR,3,", "R-003 F line 1"),
        (",13,1,", ",48,1,", "R-003 F line 1"),
        (",13,1,", ",13,3,", "R-003 F line 1"),
        ("9999015", "999901A", "R-003 F line 1"),
        ("9999015", "9999016", "R-003 Q line 1"),
        ("202411,00", "202413,00", "19284 F line 1"),
        ("202411,00", "202411,0A", "R-005 F line 1"),
    ];
    for (from, to, want) in cases {
        let (facts, found) = with_line(1, replace(from, to));
        assert_eq!(found, [want], "{from} -> {to}");
        assert_eq!(facts.identity().is_some(), want.contains(" Q "), "{from} -> {to}");
        assert_eq!(facts.kind, Kind::Claim);
    }
}

#[test]
fn uncertain_layouts_never_refuse() {
    // 調剤: most records are known from partial sources only, and empty items at the end are left off.
    let mut lines = lines(&sample("chozai/RECEIPTY.CYO"));
    lines[0] = text("YK,1,13,4,9999035,x,202411,00");
    lines[3] = text("SN,1,01");
    lines[5] = text("SH,01,x");
    lines.insert(7, text("ZZ,1"));
    let (facts, findings) = full(&lines.concat());
    assert_eq!((facts.family, facts.complete), (Some(Family::Chozai), true));
    let expected = ["25420 Q line 1", "25420 Q line 4", "25420 Q line 6", "R-002 Q line 8"];
    assert_eq!(codes(&findings), expected);
}

/// A claim of 訪問看護 with an act; the totals of HO are its own.
const HOME_NURSING: &str = "HM,1,13,6,9999048,x,202411,\r\nRE,1,6112,202410,x,,1,19700105,,,,,,,\r\n\
    HO,01130012,,1,1,5550,,,,,,\r\nIH,13,1,9999015,x,x,\r\nHJ,01,20241001,20241031\r\nJS,x,03,,,\r\nSY,3432008,,,\r\n\
    RJ,20241001,01,,,,,,,,,,,,,,,,,,,,,,,,,,\r\nTJ,10,,,\r\nKA,20241003,1,510000110,,5550,03,01,01\r\nGO\r\n\x1A";

#[test]
fn home_nursing_has_neither_totals_nor_volumes() {
    let scan = |text: &str| {
        let (facts, findings) = full(text.as_bytes());
        (facts.complete, facts.declared, facts.totals_match(), codes(&findings))
    };
    let (facts, _) = full(HOME_NURSING.as_bytes());
    assert_eq!((facts.family, facts.claims, facts.points), (Some(Family::Houkan), 1, 5550));
    assert_eq!(facts.volume.map(|volume| volume.to_string()).as_deref(), Some("00"));
    assert_eq!(scan(HOME_NURSING), (true, None, None, vec![]));
    // More than the record id is told, but it is neither compared nor a cut.
    let more = HOME_NURSING.replace("GO\r\n", "GO,1,5551,01\r\n");
    assert_eq!(scan(&more), (true, None, None, vec!["25420 Q line 11".to_owned()]));
    let cut = HOME_NURSING.replace("GO\r\n", "");
    assert_eq!(scan(&cut), (false, None, None, vec!["R-004 F line 1".to_owned()]));
    let foreign = HOME_NURSING.replace("HM,1,13", "HM,1,48");
    assert_eq!(scan(&foreign).3, ["R-003 F line 1"]);
    let short = HOME_NURSING.replace("TJ,10,,,", "TJ,10");
    assert_eq!(scan(&short).3, ["25420 C line 9"]);
    // The layouts are those of 2024: another record may be a newer one.
    let unknown = HOME_NURSING.replace("TJ,10", "ZZ,10");
    assert_eq!(scan(&unknown).3, ["R-002 Q line 9"]);
    for end in 0..HOME_NURSING.len() {
        let whole = end >= HOME_NURSING.len() - "\r\n\x1A".len();
        assert_eq!(full(&HOME_NURSING.as_bytes()[..end]).0.complete, whole, "cut at {end}");
    }
}

#[test]
fn a_return_of_home_nursing_is_whole_without_a_volume_mark() {
    let mut returned = lines(&sample("hen_old_wareki/RECEIPTC.HEN"));
    returned[0] = text("HI,1,202412,13,6,9999048,,00");
    let hg = returned.len() - 2;
    returned[hg] = text("HG,1,188");
    let (facts, findings) = full(&returned.concat());
    assert_eq!((facts.family, facts.complete), (Some(Family::Houkan), true));
    assert!(codes(&findings).iter().all(|found| !found.ends_with(&format!("line {}", hg + 1))));
}

#[test]
fn totals_of_the_trailer() {
    let go = line_of("GO");
    let (facts, found) = with_line(go, replace("GO,4,1085", "GO,5,1085"));
    assert_eq!((facts.totals_match(), found), (Some(false), vec![format!("1007 F line {go}")]));
    let (facts, found) = with_line(go, replace("GO,4,1085", "GO,4,1086"));
    assert_eq!((facts.totals_match(), found), (Some(false), vec![format!("1008 F line {go}")]));
    let (facts, found) = with_line(go, replace("GO,4,1085", "GO,,"));
    assert_eq!(facts.totals_match(), Some(false));
    assert_eq!(found, [format!("1007 F line {go}"), format!("1008 F line {go}")]);
    // In a return file the body's own totals are only told.
    let mut returned = lines(&sample("hen_old_wareki/RECEIPTC.HEN"));
    let hg = returned.len() - 2;
    replace("HG,1,75", "HG,1,76")(&mut returned[hg]);
    assert_eq!(codes(&full(&returned.concat()).1), [format!("1008 I line {}", hg + 1)]);
}

#[test]
fn one_bad_record_is_one_finding_in_one_record() {
    let si = line_of("SI");
    let cases: [(usize, &str, &str, &str); 9] = [
        (si, "SI,", "S!,", "R-002 F"),
        (si, "SI,", "ZZ,", "R-002 F"),
        (si, "SI,", "", "R-002 F"),
        (si, "SI,11", "SI", "25420 C"),
        (si, "SI,11", "SI,11,", "25420 Q"),
        (si, ",291,", ",29x,", "25430 C"),
        (si, ",291,1,", ",291,2,", "23150 C"),
        (si, ",291,1,", ",291,,", "25430 C"),
        (si, ",,1,", ",,x,", "25430 C"),
    ];
    for (line, from, to, want) in cases {
        let (_, found) = with_line(line, replace(from, to));
        // One item more shifts the day columns: the record's own items cannot be told apart any more.
        let records: Vec<_> = found.iter().filter(|f| f.ends_with(&format!("line {line}"))).collect();
        assert_eq!(records.len(), found.len(), "{from} -> {to}: {found:?}");
        assert!(found.contains(&format!("{want} line {line}")), "{from} -> {to}: {found:?}");
    }
}

#[test]
fn bad_characters() {
    let sy = line_of("SJ");
    let (_, found) = with_line(sy, |l| l.splice(6..8, [0x83, 0x20]).for_each(drop));
    assert_eq!(found, [format!("R-001 F line {sy}")]);
    let (_, found) = with_line(sy, |l| l.splice(6..8, [0x87, 0x40]).for_each(drop));
    assert_eq!(found, [format!("R-009 I line {sy}")]);
    let (_, found) = with_line(sy, |l| l.splice(6..8, [0x81, 0xAC]).for_each(drop));
    assert_eq!(found, [format!("25441 Q line {sy}")]);
    let (_, found) = with_line(sy, |l| l.splice(6..8, [b'\r', b'x']).for_each(drop));
    assert_eq!(found, [format!("R-001 F line {sy}")]);
    let (_, found) = with_line(sy, |l| l.splice(6..8, [0x00, 0x00]).for_each(drop));
    assert_eq!(found, [format!("R-001 F line {sy}")]);
}

#[test]
fn points_that_do_not_add_up() {
    let ho = line_of("HO");
    let points =
        lines(&sample("ika_shaho/RECEIPTC.UKE"))[ho - 1].split(|b| *b == b',').nth(5).unwrap().to_vec();
    let points = String::from_utf8(points).unwrap();
    let more = (points.parse::<u64>().unwrap() + 1).to_string();
    let (_, found) = with_line(ho, replace(&format!(",{points},"), &format!(",{more},")));
    assert_eq!(found, [format!("45010 Q line {ho}"), format!("1008 F line {}", line_of("GO"))]);
}

#[test]
fn order_of_records() {
    let bytes = sample("ika_shaho/RECEIPTC.UKE");
    let mut swapped = lines(&bytes);
    let (ho, sn) = (line_of("HO"), line_of("SN"));
    swapped.swap(ho - 1, sn - 1);
    assert_eq!(codes(&full(&swapped.concat()).1), [format!("R-020 C line {sn}")]);
    let mut pharmacy = lines(&sample("chozai/RECEIPTY.CYO"));
    let ki = pharmacy.iter().position(|l| l.starts_with(b"KI,")).unwrap();
    pharmacy.insert(ki, text("TK,850100001,x"));
    assert_eq!(codes(&full(&pharmacy.concat()).1), Vec::<String>::new());
    pharmacy.swap(ki, ki + 1);
    assert_eq!(codes(&full(&pharmacy.concat()).1), [format!("R-020 Q line {}", ki + 2)]);
    let mut twice = lines(&bytes);
    twice.insert(ho, twice[ho - 1].clone());
    let found = codes(&full(&twice.concat()).1);
    assert!(found.contains(&format!("25470 C line {}", ho + 1)), "{found:?}");
}

#[test]
fn frames() {
    let bytes = sample("ika_shaho/RECEIPTC.UKE");
    let all = lines(&bytes);
    let go = line_of("GO");
    let scan = |lines: &[Vec<u8>]| {
        let (facts, findings) = full(&lines.concat());
        (facts.incomplete.clone(), facts.complete, codes(&findings))
    };
    let mut no_trailer = all.clone();
    no_trailer.remove(go - 1);
    let (why, complete, found) = scan(&no_trailer);
    assert_eq!((why, complete), (vec![Incomplete::NoTrailer], false));
    assert_eq!(found, ["R-004 F line 1"]);

    let mut twice = all.clone();
    twice.insert(go, all[go - 1].clone());
    let (_, complete, found) = scan(&twice);
    assert_eq!((complete, found), (true, vec![format!("R-004 F line {}", go + 1)]));

    let joined = [all.concat(), all.concat()].concat();
    let (facts, findings) = full(&joined);
    assert!(!findings.is_empty() && facts.count(Severity::File) > 0, "two files joined");

    let mut behind = all.clone();
    behind.insert(go, text("CO,99,1,810000001,"));
    let (why, complete, found) = scan(&behind);
    assert_eq!((why, complete), (vec![Incomplete::TrailerNotLast], false));
    assert_eq!(found, [format!("R-004 F line {}", go + 1)]);

    let empty = [all[0].clone(), text("GO,0,0,99")];
    let (_, complete, found) = scan(&empty);
    assert_eq!((complete, found), (true, vec!["R-001 Q line 2".to_owned(), "19283 F line 1".to_owned()]));
}

#[test]
fn returns_that_lack_a_part() {
    let all = lines(&sample("hen_old_wareki/RECEIPTC.HEN"));
    let without = |start: &str| {
        let kept: Vec<_> = all.iter().filter(|l| !l.starts_with(start.as_bytes())).cloned().collect();
        codes(&full(&kept.concat()).1)
    };
    assert_eq!(without("HR,"), ["E10 C line 2"]);
    assert_eq!(without("8,6,0,RC"), ["E11 C line 11"]);
    assert_eq!(without("HG,"), ["R-004 F line 1"]);
    let mut request_behind = all.clone();
    request_behind.insert(9, text("CO,99,1,810000001,"));
    assert_eq!(codes(&full(&request_behind.concat()).1), ["21111 C line 10"]);
}

#[test]
fn line_ends() {
    let bytes = sample("ika_shaho/RECEIPTC.UKE");
    let lf: Vec<u8> = bytes.iter().copied().filter(|b| *b != b'\r').collect();
    let (facts, findings) = full(&lf);
    assert_eq!((codes(&findings), facts.complete), (vec!["R-001 F line 1".to_owned()], true));
    let cases: [(&[u8], Note); 3] =
        [(b"", Note::NoEndMark), (b"\x1A\x1A", Note::ExtraEndMark), (b"\x1A\r\n\x1A", Note::ExtraEndMark)];
    for (end, note) in cases {
        let changed = [bytes.strip_suffix(b"\x1A").unwrap(), end].concat();
        let (facts, findings) = full(&changed);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].note, findings[0].severity), (note, Severity::Confirm));
        assert!(facts.complete);
    }
    let blank = [&bytes[..bytes.len() - 1], b"\r\n\x1A"].concat();
    assert_eq!(full(&blank).1.len(), 0, "a blank last line is tolerated");
}

#[test]
fn rubbish_does_not_flood() {
    let mut bytes = b"IR,1,13,1,9999015,,x,202411,00,\r\nRE,1,1112,202410\r\n".to_vec();
    for _ in 0..10_000 {
        bytes.extend_from_slice(b"SI,\x83\r\n");
    }
    let (facts, findings) = full(&bytes);
    let kinds = facts.findings.len() as u64;
    assert!((findings.len() as u64) <= kinds * REPORTED_PER_CODE, "{} findings", findings.len());
    assert!(facts.findings.iter().any(|f| f.count >= 10_000));
}

#[test]
fn a_cut_file_is_never_complete() {
    for name in crate::common::SAMPLES {
        let bytes = sample(name);
        let whole = bytes.len() - b"\r\n\x1A".len();
        for end in 0..=bytes.len() {
            let (facts, _) = full(&bytes[..end]);
            assert_eq!(facts.complete, end >= whole, "{name} cut at {end}");
            assert!(
                facts.complete != facts.incomplete.iter().any(|_| true) || end == 0,
                "{name} cut at {end}"
            );
        }
    }
}

/// P13: a hundred bad records in the real file are a hundred reported records, each with its line.
#[test]
fn bad_records_of_the_real_file_are_reported_one_by_one() {
    let Some(bytes) = handed_out("real/RECEIPTC_GAIRAI_SAMPLE.UKE") else { return };
    let all = lines(&bytes);
    let details: Vec<usize> = (0..all.len()).filter(|i| all[*i].starts_with(b"SI,")).collect();
    for bad in details.iter().step_by(7) {
        let mut changed = all.clone();
        changed[*bad].splice(0..3, *b"S?,");
        let (facts, findings) = full(&changed.concat());
        let reported: Vec<_> = findings.iter().filter(|f| f.code == "R-002").collect();
        assert_eq!(findings.len(), reported.len() + 2, "and the two findings of the file as it is");
        assert_eq!(reported.len(), 1);
        assert_eq!(reported[0].position.line as usize, bad + 1);
        assert_eq!((facts.claims, facts.payers, facts.points), (75, 140, 86392));
    }
}

#[test]
fn nothing_of_a_patient_is_printed() {
    let bytes = sample("hen_shaho/RECEIPTC.HEN");
    let (facts, findings) = full(&bytes);
    let mut reader = rezept_claim::RecordReader::new(bytes.as_slice());
    let mut printed = format!("{facts:?} {findings:?} {reader:?}");
    while let Some(record) = reader.next_record().unwrap() {
        printed += &format!("{record:?} {:?}", record.items());
    }
    for secret in ["19700105", "01130012", "00001", "見本"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}
