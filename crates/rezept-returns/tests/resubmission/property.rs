//! Generated returns and corrections, judged by a reader of its own: the `csv` crate without quoting, which shares no
//! line of code with what it judges. And mutated bytes, on which nothing may panic.

use crate::common::*;
use proptest::prelude::*;
use rezept_claim::text::{Class, class};
use rezept_claim::{Family, Payer};
use rezept_returns::build::{Builder, WrittenClaim};
use rezept_returns::compare::{Scope, difference, tell, verify};
use rezept_returns::merge::{Matcher, fresh_claims};
use rezept_returns::{ClaimFacts, Stored, check, content, edit};

/// Items of RE, and the place of 検索番号 in it, written down here again on purpose.
fn re_shape(family: Family) -> (usize, usize) {
    match family {
        Family::Ika => (38, 19),
        Family::Dpc => (30, 21),
        Family::Shika => (27, 20),
        Family::Chozai => (42, 38),
        Family::Houkan => (15, 15),
    }
}

/// Every record of a file as items, by the csv crate. The end mark is cut off first.
fn records(file: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let text = file.strip_suffix(b"\x1a").expect("one end mark");
    assert!(text.ends_with(b"\r\n") && !text.contains(&0x1a));
    csv::ReaderBuilder::new()
        .has_headers(false)
        .quoting(false)
        .flexible(true)
        .from_reader(text)
        .byte_records()
        .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
        .collect()
}

/// A generated returned claim: an RE with odd contents, payers, details of its own, reasons, a block.
#[derive(Clone, Debug)]
struct Shape {
    search_no: String,
    reserved: bool,
    insured: bool,
    public: u32,
    points: u32,
    /// Parts behind a DPC summary.
    details: usize,
    lines: Vec<Vec<u8>>,
    block: Vec<Vec<u8>>,
    reasons: usize,
}

/// Item bytes: anything but what ends an item or a line.
fn item() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_filter("no separator", |b| !matches!(b, b',' | b'\r' | b'\n' | 0x1a));
    prop::collection::vec(byte, 0..12)
}

fn items() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(item(), 0..6).prop_map(|items| items.join(&b","[..]))
}

fn shape() -> impl Strategy<Value = Shape> {
    (
        prop::string::string_regex("[0-9]{17,30}").unwrap(),
        any::<bool>(),
        any::<bool>(),
        0u32..3,
        0u32..1_000_000,
        0usize..3,
        prop::collection::vec(items(), 0..6),
        prop::collection::vec(items(), 0..8),
        1usize..4,
    )
        .prop_map(|(search_no, reserved, insured, public, points, details, lines, block, reasons)| {
            Shape {
                search_no,
                reserved,
                insured: insured || public == 0,
                public,
                points,
                details,
                lines,
                block,
                reasons,
            }
        })
}

impl Shape {
    fn re(&self, family: Family, class: &str) -> Vec<u8> {
        let (count, search) = re_shape(family);
        let mut items = vec![Vec::new(); count];
        items[0] = b"RE".to_vec();
        items[1] = b"77".to_vec();
        items[2] = b"1112".to_vec();
        items[3] = b"202410".to_vec();
        items[4] = vec![0xF0, 0x40, 0xED, 0x95];
        if family == Family::Dpc {
            items[18] = class.as_bytes().to_vec();
        }
        if !matches!(class, "2" | "3") {
            items[search - 1] = self.search_no.clone().into_bytes();
            if self.reserved && search < count {
                items[search] = b"42404".to_vec();
            }
        }
        [items.join(&b","[..]), b"\r\n".to_vec()].concat()
    }

    fn returned(&self, family: Family) -> Returned {
        let line = |text: &[u8]| [text, b"\r\n"].concat();
        let mut request = Vec::new();
        if family == Family::Shika {
            request.extend(line(b"IR,1,13,3,9999022,,202411,03,"));
        }
        let details = if family == Family::Dpc { self.details } else { 0 };
        request.extend(self.re(family, if details > 0 { "1" } else { "0" }));
        for part in 0..=details {
            if part > 0 {
                request.extend(self.re(family, if part == 1 { "2" } else { "3" }));
            }
            if self.insured {
                request.extend(line(format!("HO,01130012,,1,1,{},,", self.points).as_bytes()));
            }
            for n in 0..self.public {
                request.extend(line(format!("KO,88130018,,,1,{},,", self.points + n).as_bytes()));
            }
            for text in &self.lines {
                request.extend(line(&[b"SI,", &text[..]].concat()));
            }
        }
        let reason = format!("HR,202412,1,,L3129,,,,,{},,,,\r\n", self.search_no);
        let mut history = line(format!("2,1,0,MN,1,,{},,,", self.search_no).as_bytes());
        let mut number = 1;
        for (at, text) in self.block.iter().enumerate() {
            number += 1;
            // RE, HR and GO inside a block are block all the same.
            let id = ["RE", "HR", "GO", "SY", "ZZ", "IR"][at % 6];
            history.extend(line(&[format!("{},{number},0,{id},", at % 90).as_bytes(), &text[..]].concat()));
        }
        history.extend(line(format!("8,{},0,RC,Ver00001aa", number + 1).as_bytes()));
        Returned {
            family,
            search_no: self.search_no.clone(),
            request,
            reasons: reason.repeat(self.reasons).into_bytes(),
            history,
        }
    }

    fn payers(&self) -> u64 {
        u64::from(self.insured) + u64::from(self.public)
    }
}

/// One file of all of them; every second claim is an ordinary one besides.
fn file(claims: &[(Shape, Returned)], family: Family) -> (Vec<u8>, Vec<WrittenClaim>) {
    let mut builder = Builder::new(Vec::new(), head(family)).unwrap();
    let mut written = Vec::new();
    for (at, (_, claim)) in claims.iter().enumerate() {
        // The whole return is handed in as request data now and then: HR is dropped by itself.
        let request = [&claim.request[..], if at % 3 == 0 { &claim.reasons } else { b"" }].concat();
        written.push(builder.resubmit(&claim.stored(), &request).unwrap());
        if at % 2 == 1 {
            written.push(builder.ordinary(&claim.request).unwrap());
        }
    }
    (builder.finish().unwrap().0, written)
}

#[derive(Default)]
struct Seen {
    res: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>,
    history: Vec<Vec<Vec<u8>>>,
}

/// Judges a file by what the independent reader sees.
fn judge(file: &[u8], claims: &[(Shape, Returned)], family: Family) {
    let (count, search) = re_shape(family);
    let mut seen = Seen::default();
    let all = records(file);
    for record in &all {
        let first = &record[0];
        if first.iter().all(u8::is_ascii_digit) {
            seen.history.last_mut().unwrap().push(record.join(&b","[..]));
            continue;
        }
        assert!(!matches!(first.as_slice(), b"HR" | b"HI" | b"HG"));
        if first == b"RE" {
            assert_eq!(record.len(), count);
            let detail = family == Family::Dpc && matches!(record[18].as_slice(), b"2" | b"3");
            if detail {
                // The number of its summary, and nothing else of the tie.
                assert_eq!(record[1], seen.res.last().unwrap().0);
                continue;
            }
            let reserved = record.get(search).cloned().unwrap_or_default();
            seen.res.push((record[1].clone(), record[search - 1].clone(), reserved));
            seen.history.push(Vec::new());
        }
    }
    let mut expected = Vec::new();
    for (at, (shape, claim)) in claims.iter().enumerate() {
        expected.push((shape, Some(claim)));
        if at % 2 == 1 {
            expected.push((shape, None));
        }
    }
    assert_eq!(seen.res.len(), expected.len());
    for (n, ((re, history), (_, claim))) in seen.res.iter().zip(&seen.history).zip(&expected).enumerate() {
        assert_eq!(re.0, (n + 1).to_string().into_bytes());
        assert!(re.2.is_empty());
        let lines: Vec<Vec<u8>> = claim
            .map(|c| c.history.split_inclusive(|b| *b == b'\n').map(|l| l[..l.len() - 2].to_vec()).collect())
            .unwrap_or_default();
        assert!(*history == lines);
        assert_eq!(re.1, claim.map(|c| c.search_no.clone()).unwrap_or_default().into_bytes());
    }
    let payers: u64 = expected.iter().map(|(shape, _)| shape.payers()).sum();
    let points: u64 = expected.iter().map(|(shape, _)| u64::from(shape.points)).sum();
    let mut go = vec![b"GO".to_vec()];
    if family != Family::Houkan {
        go.extend([payers.to_string().into(), points.to_string().into(), b"99".to_vec()]);
    }
    assert_eq!(all.last().unwrap(), &go);
    assert_eq!(all.iter().filter(|r| r[0] == b"GO").count(), 1);
}

fn family() -> impl Strategy<Value = Family> {
    prop::sample::select(Family::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn an_independent_reader_finds_what_was_asked_for(
        family in family(),
        mut shapes in prop::collection::vec(shape(), 1..5),
    ) {
        shapes.sort_by(|a, b| a.search_no.cmp(&b.search_no));
        shapes.dedup_by(|a, b| a.search_no == b.search_no);
        let claims = shapes.into_iter().map(|s| (s.clone(), s.returned(family))).collect::<Vec<_>>();
        let (file, written) = file(&claims, family);
        judge(&file, &claims, family);
        for one in &written {
            let range = usize::try_from(one.start_byte).unwrap()..usize::try_from(one.end_byte).unwrap();
            prop_assert!(file[range].ends_with(b"\r\n"));
        }
    }

    /// A generated correction changes its item and no other byte, in the file too.
    #[test]
    fn a_correction_changes_one_item(name in "[ァ-ヶ]{1,20}", sex in 1u8..3, outcome in 1u8..5, nth in 1usize..3) {
        let claim = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika).remove(0);
        let texts = [format!("RE.name={name}"), format!("RE.sex={sex}"), format!("SY[{nth}].outcome={outcome}")];
        let texts = texts.iter().map(String::as_str).collect::<Vec<_>>();
        let (file, _) = resubmission(&[(&claim, &texts)]);
        let (plain, _) = resubmission(&[(&claim, &[])]);
        let (new, old) = (records(&file), records(&plain));
        prop_assert_eq!(new.len(), old.len());
        let mut sy = 0;
        for (a, b) in new.iter().zip(&old) {
            sy += usize::from(a[0] == b"SY");
            for (at, (x, y)) in a.iter().zip(b).enumerate() {
                match (a[0].as_slice(), at) {
                    (b"RE", 4) => prop_assert_eq!(x, &cp932(&name)),
                    (b"RE", 5) => prop_assert_eq!(x, &sex.to_string().into_bytes()),
                    (b"SY", 3) if sy == nth => prop_assert_eq!(x, &outcome.to_string().into_bytes()),
                    _ => prop_assert_eq!(x, y),
                }
            }
        }
        let changes = edit::apply(Family::Ika, &claim.request, &edits(&texts)).unwrap();
        prop_assert_eq!(edit::replay(Family::Ika, &claim.request, &changes.changes).unwrap(), changes.request);
    }

    /// Bytes changed, cut and doubled at random: refused or written, never a panic, and a file that was written is whole.
    #[test]
    fn nothing_panics_on_mutated_bytes(
        which in 0usize..4,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 0..12),
    ) {
        let (name, family) = [
            ("hen_shaho/RECEIPTC.HEN", Family::Ika),
            ("hen_dpc/RECEIPTD.HEN", Family::Dpc),
            ("sah_shaho/RECEIPTC.SAH", Family::Ika),
            ("resubmit_mixed/RECEIPTC.UKE", Family::Ika),
        ][which];
        let mut bytes = fixture(name);
        for (at, byte, how) in cuts {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, byte),
                _ => bytes[at] = [b',', b'\r', b'\n', 0x1a, b'1'][usize::from(byte) % 5],
            }
        }
        let half = bytes.len() / 2;
        let (request, history) = bytes.split_at(half);
        let stored = Stored {
            family,
            payer: Payer::Shaho,
            search_no: "12345678901234567",
            request,
            reasons: b"",
            history,
        };
        let mut builder = builder(family);
        let _ = builder.resubmit(&stored, request);
        let _ = builder.ordinary(&bytes);
        let (file, written) = builder.finish().unwrap();
        let facts = fresh_claims(&file[..], &mut |_| {}).unwrap();
        prop_assert_eq!(facts.claims, written.claims);
        for text in ["HO.symbol=１", "-SY[2]", "+KO=88130018,9900010,,2,586", "SI[*].points=1", "RE[2].name=あ"] {
            if let Ok(done) = edit::apply(family, request, &edits(&[text])) {
                prop_assert_eq!(edit::replay(family, request, &done.changes).unwrap(), done.request);
            }
        }
        let entries = tell(family, history);
        prop_assert!(entries.iter().all(|e| e.offset < history.len()));
        let _ = difference(family, request, history, Scope::Content);
        let _ = (content(family, &bytes), ClaimFacts::read(family, &bytes));
        let size = bytes.len() as u64;
        check::check(&bytes[..], &mut |_| None, &mut |f| assert!(f.position.byte <= size)).unwrap();
        let open = Matcher::new(Vec::new());
        verify(&bytes[..], &open, &mut |_| Some(history.to_vec()), &mut |v| assert!(v.start_byte <= size)).unwrap();
    }
}

/// Every two-byte code of CP932, every gaiji code and every one-byte code, in request data and in the block: through the
/// cutting, a correction beside it and the new file, byte for byte.
#[test]
fn every_character_survives_the_journey() {
    let mut codes: Vec<Vec<u8>> = (0x20..0x7F).filter(|b| *b != b',').map(|b| vec![b]).collect();
    codes.extend((0xA1..=0xDF).map(|b| vec![b]));
    for lead in (0x81..=0x9F).chain(0xE0..=0xFC_u8) {
        for trail in (0x40..=0xFC).filter(|t| *t != 0x7F) {
            let known = !matches!(class(&[lead, trail]), Some((Class::Invalid, _)));
            // F040 to F9FC are gaiji whether or not a table has them.
            if known || (0xF0..=0xF9).contains(&lead) {
                codes.push(vec![lead, trail]);
            }
        }
    }
    assert!(codes.len() > 9000, "{}", codes.len());
    let mut hen = b"HI,1,202412,13,1,9999015,,00\r\n".to_vec();
    let number = "12345678901234567";
    let sample = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika).remove(0);
    let re = sample.request.split_inclusive(|b| *b == b'\n').next().unwrap();
    hen.extend_from_slice(re);
    hen.extend_from_slice(b"HO,01130012,,1,1,1,,,,,,,,,\r\n");
    for chunk in codes.chunks(100) {
        hen.extend([b"SJ,07,", &chunk.concat()[..], b"\r\n"].concat());
    }
    hen.extend_from_slice(format!("HR,202412,1,,L1,,,,,{number},,,,\r\n").as_bytes());
    for (at, chunk) in codes.chunks(100).enumerate() {
        hen.extend([format!("1,{},0,SJ,07,", at + 1).as_bytes(), &chunk.concat()[..], b"\r\n"].concat());
    }
    hen.extend_from_slice(b"8,999,0,RC,Ver00001aa\r\nHG,1,1,99\r\n\x1a");

    let claim = returned(&hen, Family::Ika).remove(0);
    let (file, _) = resubmission(&[(&claim, &["RE.claim_type=1116"])]);
    let all = records(&file);
    for (prefix, skip) in [(&b"SJ"[..], 2), (&b"1"[..], 5)] {
        let found: Vec<u8> = all
            .iter()
            .filter(|r| r[0] == prefix && r.len() == skip + 1)
            .flat_map(|r| r[skip].clone())
            .collect();
        assert!(found == codes.concat(), "{prefix:?}");
    }
    assert!(file.windows(claim.history.len()).any(|w| w == claim.history));
}
