//! Generated return files of all five families, judged by a reader of its own: the `csv` crate with quoting off.

use crate::common::{cp932, faults, read, sha256};
use proptest::collection::vec;
use proptest::prelude::*;
use rezept_claim::{Depth, Family, Month, ReturnKind, scan};
use rezept_returns::read::claim_faults;
use rezept_returns::{ReturnReader, ReturnedClaim};
use std::io::Read;

/// A claim to be written.
#[derive(Clone, Debug)]
struct Plan {
    serial: u64,
    chart: u32,
    points: u32,
    public: usize,
    diseases: usize,
    reasons: usize,
    details: usize,
    insured: bool,
    management: bool,
    controls: usize,
    name: Vec<u8>,
    department: u8,
}

fn plan() -> impl Strategy<Value = Plan> {
    // Two-byte characters of every kind: kanji, NEC and IBM extensions, gaiji.
    let character = prop_oneof![
        (0x88u8..=0x88, 0x9Fu8..=0xFC),
        (0x95u8..=0x96, 0x40u8..=0x7E),
        (0x87u8..=0x87, 0x40u8..=0x5D),
        (0xEDu8..=0xED, 0x40u8..=0x7E),
        (0xFAu8..=0xFB, 0x40u8..=0x7E),
        (0xF0u8..=0xF9, 0x40u8..=0x7E),
    ]
    .prop_map(|(lead, trail)| vec![lead, trail]);
    let name = vec(character, 1..6).prop_map(|characters| characters.concat());
    (
        (1u64..999_999_999, 0u32..99_999, 0u32..99_999, 0usize..4, 0usize..30, 1usize..4),
        (1usize..4, any::<bool>(), any::<bool>(), 1usize..=2, name, 1u8..=40),
    )
        .prop_map(|(a, b)| {
            let (serial, chart, points, public, diseases, reasons) = a;
            let (details, insured, management, controls, name, department) = b;
            // Somebody has to pay.
            let insured = insured || public == 0;
            Plan {
                serial,
                chart,
                points,
                public,
                diseases,
                reasons,
                details,
                insured,
                management,
                controls,
                name,
                department,
            }
        })
}

/// Places of the items that are written: number of items, sex, birth, chart number, search number.
fn shape(family: Family) -> (usize, usize, usize, usize, usize) {
    match family {
        Family::Ika => (38, 6, 7, 14, 19),
        Family::Dpc => (30, 6, 7, 14, 21),
        Family::Shika => (27, 6, 7, 16, 20),
        Family::Chozai => (42, 6, 7, 36, 38),
        Family::Houkan => (15, 7, 8, 14, 15),
    }
}

struct Writer {
    family: Family,
    hen: bool,
    out: Vec<u8>,
}

impl Plan {
    fn search_no(&self) -> String {
        format!("12024111{:018}", self.serial)
    }

    fn re(&self, family: Family, number: usize, class: &str, search_no: &str) -> Vec<u8> {
        let (count, sex, birth, chart, search) = shape(family);
        let mut items = vec![Vec::new(); count];
        items[0] = b"RE".to_vec();
        items[1] = number.to_string().into_bytes();
        items[2] = if family == Family::Dpc { b"1117".to_vec() } else { b"1112".to_vec() };
        items[3] = b"202410".to_vec();
        items[4] = self.name.clone();
        items[sex - 1] = b"2".to_vec();
        items[birth - 1] = b"19700105".to_vec();
        items[chart - 1] = format!("{:05}", self.chart).into_bytes();
        items[search - 1] = search_no.as_bytes().to_vec();
        if family == Family::Dpc {
            items[18] = class.as_bytes().to_vec();
        }
        match family {
            Family::Ika => items[21] = format!("{:02}", self.department).into_bytes(),
            Family::Dpc => items[23] = format!("{:02}", self.department).into_bytes(),
            _ => {}
        }
        items.join(&b','.to_owned())
    }

    /// The records of the claim; `search_no` is that of its RE.
    fn records(&self, family: Family, number: usize, search_no: &str) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        if family == Family::Shika {
            out.push(b"IR,1,13,3,9999025,,202411,,".to_vec());
        }
        let summary = family == Family::Dpc && self.details > 1;
        out.push(self.re(family, number, if summary { "1" } else { "0" }, search_no));
        self.payers(&mut out, self.points);
        if summary {
            for _ in 0..self.details {
                out.push(self.re(family, number, "2", ""));
                self.payers(&mut out, 1);
            }
        }
        let disease = if family == Family::Shika {
            "HS,8833421,20220301,1,,,01,,"
        } else {
            "SY,8833421,20220301,1,,,01,"
        };
        if family != Family::Chozai {
            out.extend(std::iter::repeat_n(disease.as_bytes().to_vec(), self.diseases));
        }
        out
    }

    fn payers(&self, out: &mut Vec<Vec<u8>>, points: u32) {
        if self.insured {
            out.push(format!("HO,  138016,12,34,1,{points},,,,,,,,,").into_bytes());
        }
        for n in 0..self.public {
            out.push(format!("KO,1213001{n},9900028,,1,{points},,,,,,").into_bytes());
        }
    }
}

impl Writer {
    fn line(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Writes a claim and gives its three stretches.
    fn claim(&mut self, plan: &Plan, number: usize) -> [Vec<u8>; 3] {
        let no = plan.search_no();
        let start = self.out.len();
        for record in plan.records(self.family, number, &no) {
            self.line(&record);
        }
        let reasons = self.out.len();
        let (kind, code) = if self.hen { ("1", "L3129") } else { ("6", "S1018") };
        for _ in 0..plan.reasons {
            self.line(&cp932(&format!("HR,202412,{kind},,{code},記号・番号の誤り,,,,{no},,,,")));
        }
        let history = self.out.len();
        let mut line_no = 0;
        let mut add = |writer: &mut Self, id: u8, branch: usize, record: &[u8]| {
            line_no += 1;
            let prefix = format!("{id},{line_no},{branch},");
            writer.line(&[prefix.as_bytes(), record].concat());
        };
        if plan.management {
            add(self, 2, 0, format!("MN,{:016},,{no},,,", plan.serial).as_bytes());
        }
        let header: &[u8] = match self.family {
            Family::Ika | Family::Dpc => b"IR,1,13,1,9999015,,X,202411,00,",
            Family::Shika => b"UK,1,13,3,9999025,,X,202411,,00",
            Family::Chozai => b"YK,1,13,4,9999033,X,202411,00,",
            Family::Houkan => b"HM,1,13,6,9999041,X,202411,",
        };
        add(self, 1, 0, header);
        for record in plan.records(self.family, number, if self.hen { &no } else { "" }) {
            add(self, 1, 0, &record);
        }
        for branch in 0..plan.controls {
            add(self, 2, branch, b"RC,Ver00001c1d9cf1e62ec22bde70b4b58d207af63");
        }
        [(start, reasons), (reasons, history), (history, self.out.len())]
            .map(|(a, b)| self.out[a..b].to_vec())
    }
}

fn file(family: Family, hen: bool, plans: &[Plan]) -> (Vec<u8>, Vec<[Vec<u8>; 3]>) {
    let mut writer = Writer { family, hen, out: Vec::new() };
    let code = match family {
        Family::Ika | Family::Dpc => "9999015",
        Family::Shika => "9999025",
        Family::Chozai => "9999033",
        Family::Houkan => "9999041",
    };
    writer.line(format!("HI,1,202412,13,{},{code},,00", family.point_table()).as_bytes());
    let stretches = plans.iter().enumerate().map(|(n, plan)| writer.claim(plan, n + 1)).collect();
    let payers: usize = plans.iter().map(|plan| plan.public + usize::from(plan.insured)).sum();
    let points: u64 = plans.iter().map(|plan| u64::from(plan.points)).sum();
    writer.line(format!("HG,{payers},{points},99").as_bytes());
    writer.out.push(0x1A);
    (writer.out, stretches)
}

/// Items of every line of a stretch, by a reader that knows nothing of ours.
fn items(stretch: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).quoting(false).from_reader(stretch);
    reader.byte_records().map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![
        Just(Family::Ika),
        Just(Family::Dpc),
        Just(Family::Shika),
        Just(Family::Chozai),
        Just(Family::Houkan)
    ]
}

/// Hands out a few bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let size = self.1.min(self.0.len()).min(out.len());
        out[..size].copy_from_slice(&self.0[..size]);
        self.0 = &self.0[size..];
        Ok(size)
    }
}

#[track_caller]
fn check_claim(claim: &ReturnedClaim, plan: &Plan, [request, reasons, history]: &[Vec<u8>; 3], hen: bool) {
    let (_, sex, birth, chart, search) = shape(claim.family);
    let lines = items(request);
    let re = lines.iter().find(|line| line[0] == b"RE").unwrap();
    let facts = &claim.facts;
    let read_items = [&facts.claim_no.0, &facts.claim_type.0, &facts.name.0, &facts.sex.0];
    assert_eq!(read_items, [&re[1], &re[2], &re[4], &re[sex - 1]]);
    assert_eq!((facts.search_no.0.as_slice(), &re[chart - 1]), (&re[search - 1][..], &facts.chart_nos[0].0));
    assert_eq!(facts.birth.unwrap().to_string(), "1970-01-05");
    assert_eq!(re[birth - 1], b"19700105");
    let payer = lines.iter().find(|line| matches!(&line[0][..], b"HO" | b"KO")).unwrap();
    assert_eq!((&claim.insurer_no.0, facts.points), (&payer[1], Some(u64::from(plan.points))));
    assert_eq!(facts.payers, (plan.public + usize::from(plan.insured)) as u64);
    assert_eq!(claim.departments.len(), usize::from(matches!(claim.family, Family::Ika | Family::Dpc)));

    assert_eq!(claim.search_no.decode(), plan.search_no());
    assert_eq!((claim.original_month, claim.reasons.len()), (Month::new(2024, 11), plan.reasons));
    for (reason, line) in claim.reasons.iter().zip(items(reasons)) {
        assert_eq!([&reason.return_kind.0, &reason.code.0, &reason.text.0], [&line[2], &line[4], &line[5]]);
        assert_eq!(reason.kind(), Some(if hen { ReturnKind::First } else { ReturnKind::Review }));
    }
    assert_eq!((claim.request_sha256, claim.history_sha256), (sha256(request), sha256(history)));
    assert_eq!(claim.history_lines, items(history).len() as u64);
    // A block without MN is old, and said to be; nothing else is wrong.
    let codes: Vec<String> = faults(claim).iter().map(|fault| fault[..3].to_owned()).collect();
    assert_eq!(codes, if plan.management { vec![] } else { vec!["W30".to_owned()] });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_returns_are_read_as_written(
        family in family(),
        hen in any::<bool>(),
        plans in vec(plan(), 1..8),
        step in 1usize..300,
    ) {
        let (bytes, stretches) = file(family, hen, &plans);
        let claims = read(&bytes);
        prop_assert_eq!(claims.len(), plans.len());
        let mut next = claims[0].offset;
        for ((claim, plan), stretch) in claims.iter().zip(&plans).zip(&stretches) {
            prop_assert_eq!(claim.family, family);
            prop_assert_eq!(claim.offset, next, "claims lie side by side");
            next = claim.end();
            let [start, end] = [claim.offset, claim.end()].map(|byte| usize::try_from(byte).unwrap());
            prop_assert_eq!(&bytes[start..end], stretch.concat());
            check_claim(claim, plan, stretch, hen);
            prop_assert_eq!(claim_faults(family, &bytes[start..end]).map(|f| f.len()), Some(claim.faults.len()));
        }
        prop_assert!(bytes[usize::try_from(next).unwrap()..].starts_with(b"HG,"));

        let facts = scan(&bytes[..], Depth::Totals, &mut |_| {}).unwrap();
        prop_assert_eq!((facts.claims, facts.totals_match()), (plans.len() as u64, Some(true)));
        prop_assert_eq!(facts.points, claims.iter().filter_map(|claim| claim.facts.points).sum::<u64>());

        let mut slow = ReturnReader::new(Slow(&bytes, step));
        let again: Vec<_> = std::iter::from_fn(|| slow.next_claim().unwrap()).collect();
        prop_assert_eq!(again, claims, "pieces of {} bytes", step);
    }
}
