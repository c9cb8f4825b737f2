//! Differences told, blocks told, and files of others verified.

use crate::common::*;
use rezept_claim::{Family, Month, Payer};
use rezept_returns::ClaimFacts;
use rezept_returns::compare::{
    Answer, Block, Difference, Entry, EntryKind, LineRef, Scope, Verdict, difference, tell, verify,
};
use rezept_returns::merge::{Matcher, ReturnFacts};

fn hen() -> Vec<Returned> {
    returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika)
}

/// `HO[1] symbol:before>after`, `-SI[4]`, `+KO[1]`.
fn told(differences: &[Difference]) -> Vec<String> {
    let id = |record: &Option<rezept_claim::RecordId>| record.map(|r| r.to_string()).unwrap_or_default();
    let one = |d: &Difference| match d {
        Difference::Removed { record, before } => format!("-{}[{}]@{}", id(record), before.nth, before.line),
        Difference::Added { record, after } => format!("+{}[{}]@{}", id(record), after.nth, after.line),
        Difference::Changed { record, before, after, items } => {
            let items = items.iter().map(|i| {
                let name = i.name.map_or_else(|| i.number.to_string(), str::to_owned);
                format!(" {name}:{}>{}", i.before.decode(), i.after.decode())
            });
            format!(
                "{}[{}]@{}-{}{}",
                id(record),
                before.nth,
                before.line,
                after.line,
                items.collect::<String>()
            )
        }
    };
    differences.iter().map(one).collect()
}

#[test]
fn returned_against_corrected() {
    let claim = &hen()[0];
    let texts =
        ["HO.symbol=１", "-SY[2]", "+KO=88130018,9900010,,2,586", "SI[2].points=76", "CO.text=別の文"];
    let corrected = edited(claim, &texts);
    let expected = [
        "HO[1]@2-2 symbol:２１７０１２３>１",
        "+KO[1]@3",
        "-SY[2]@6",
        "SI[2]@8-8 points:75>76",
        "CO[1]@12-12 text:経過観察のため検査を実施>別の文",
    ];
    let found = difference(Family::Ika, &claim.request, &corrected, Scope::Content);
    assert_eq!(told(&found), expected);
    assert!(difference(Family::Ika, &claim.request, &claim.request, Scope::Everything).is_empty());
}

#[test]
fn sent_against_returned_tells_what_the_body_struck_out() {
    let sent = requests(&fixture("ika_shaho/RECEIPTC.UKE")).remove(0);
    let back = &hen()[0].request;
    let expected = ["HO[1]@2-2 total_points:607>586", "-SI[4]@12"];
    assert_eq!(told(&difference(Family::Ika, &sent, back, Scope::Content)), expected);
    let everything = difference(Family::Ika, &sent, back, Scope::Everything);
    assert_eq!(told(&everything)[0], "RE[1]@1-1 search_no:>120241113000000000000000001");
}

#[test]
fn what_every_file_gives_anew_is_no_difference() {
    let claim = &hen()[1];
    let (file, _) = resubmission(&[(&hen()[0], &[]), (claim, &[])]);
    let again = &requests(&file)[1];
    assert!(difference(Family::Ika, &claim.request, again, Scope::Content).is_empty());
    // The body may have filled the item behind 検索番号.
    let number = format!("{},", claim.search_no);
    let at = claim.request.windows(number.len()).position(|w| w == number.as_bytes()).unwrap() + number.len();
    let filled = [&claim.request[..at], b"42404", &claim.request[at..]].concat();
    assert!(difference(Family::Ika, &filled, again, Scope::Content).is_empty());
    assert_eq!(difference(Family::Ika, &filled, &claim.request, Scope::Everything).len(), 1);
    let bare = claim.request.iter().copied().filter(|b| *b != b'\r').collect::<Vec<_>>();
    assert!(difference(Family::Ika, &bare, &claim.request, Scope::Everything).is_empty());
}

fn kinds(entries: &[Entry]) -> String {
    let word = |e: &Entry| match &e.kind {
        EntryKind::Management { .. } => "MN",
        EntryKind::Claim => "claim",
        EntryKind::Eligibility => "eligibility",
        EntryKind::Corrected { .. } => "corrected",
        EntryKind::Correction { .. } => "JY",
        EntryKind::BodyNote => "EX",
        EntryKind::Request { .. } => "MD",
        EntryKind::Target { .. } => "RT",
        EntryKind::Inspection => "JR",
        EntryKind::Result { .. } => "MK",
        EntryKind::Reason { .. } => "HR",
        EntryKind::CheckValue => "RC",
        EntryKind::Other => "other",
    };
    let mut words = entries.iter().map(word).collect::<Vec<_>>();
    words.dedup();
    words.join(" ")
}

#[test]
fn a_block_is_told_by_its_line_numbers() {
    let claims = hen();
    let entries = tell(Family::Ika, &claims[0].history);
    assert_eq!(kinds(&entries), "MN claim corrected JY EX HR RC");
    assert_eq!(entries.iter().map(|e| e.data_id.unwrap()).collect::<Vec<_>>()[..2], [2, 1]);
    let at = |line| Some(LineRef { line, branch: 0 });
    let EntryKind::Correction { action, target, new, record, differences, .. } = &entries[17].kind else {
        panic!("{:?}", entries[17].kind)
    };
    assert_eq!((action.0.as_slice(), *target, *new), (&b"2"[..], at(4), at(17)));
    assert_eq!(record.unwrap().to_string(), "HO");
    let items = differences.iter().map(|d| (d.name.unwrap(), d.before.0.as_slice(), d.after.0.as_slice()));
    assert_eq!(items.collect::<Vec<_>>(), [("total_points", &b"607"[..], &b"586"[..])]);
    let EntryKind::Correction { action, target, new, reasons, differences, record, .. } = &entries[18].kind
    else {
        panic!("{:?}", entries[18].kind)
    };
    assert_eq!((action.0.as_slice(), *target, *new), (&b"3"[..], at(14), None));
    assert_eq!((reasons.len(), differences.len(), record.unwrap().to_string().as_str()), (1, 0, "SI"));
    let EntryKind::Corrected { by } = &entries[16].kind else { panic!("{:?}", entries[16].kind) };
    assert_eq!(by, &[LineRef { line: 18, branch: 0 }]);
    let EntryKind::Reason { code, text, .. } = &entries[21].kind else { panic!("{:?}", entries[21].kind) };
    assert_eq!((code.0.as_slice(), text.decode().as_ref()), (&b"L3129"[..], "記号・番号の誤り"));
    assert_eq!(kinds(&tell(Family::Ika, &claims[1].history)), "MN claim eligibility HR RC");
}

#[test]
fn corrections_of_dpc_stand_apart_from_their_records() {
    let claim = returned(&fixture("hen_dpc/RECEIPTD.HEN"), Family::Dpc).remove(0);
    let entries = tell(Family::Dpc, &claim.history);
    assert_eq!(kinds(&entries), "MN claim corrected JY EX HR RC");
    let changed = entries.iter().filter_map(|e| match &e.kind {
        EntryKind::Correction { differences, .. } => Some(
            differences
                .iter()
                .map(|d| format!("{}>{}", d.before.decode(), d.after.decode()))
                .collect::<String>(),
        ),
        _ => None,
    });
    assert_eq!(changed.collect::<Vec<_>>(), ["44200>44179", "4872>4851", ""]);
}

#[test]
fn a_re_review_and_unknown_records() {
    let claim = returned(&fixture("sah_shaho/RECEIPTC.SAH"), Family::Ika).remove(1);
    assert_eq!(kinds(&tell(Family::Ika, &claim.history)), "MN claim MD MK HR RC");
    let odd = b"6,1,0,ON,?,\r\n2,2,0,ZZ,x\r\n1,2\r\n2,3,0,JY,2,99,0,4:5,B:C,98,0,\r\n2,4,0,SY,1,2\r\n";
    let entries = tell(Family::Ika, odd);
    assert_eq!(kinds(&entries), "eligibility other JY other");
    assert_eq!(entries.iter().map(|e| e.offset).collect::<Vec<_>>(), [0, 13, 25, 30, 61]);
    assert_eq!(entries[1].raw.0, b"ZZ,x");
    let EntryKind::Correction { target, items, reasons, record, .. } = &entries[3].kind else { panic!() };
    assert_eq!((items.as_slice(), reasons.len(), *record), (&[4, 5][..], 2, None));
    assert_eq!(*target, Some(LineRef { line: 99, branch: 0 }));
}

fn open() -> Matcher {
    let returns = hen().into_iter().map(|claim| ReturnFacts {
        facts: ClaimFacts::read(Family::Ika, &claim.request),
        search_no: claim.search_no,
        family: Family::Ika,
        payer: Payer::Shaho,
        processed: Month::new(2024, 12).unwrap(),
    });
    Matcher::new(returns.collect())
}

fn verified(file: &[u8]) -> (Vec<Verdict>, Vec<usize>) {
    let blocks = hen();
    let mut received =
        |number: &str| blocks.iter().find(|c| c.search_no == number).map(|c| c.history.clone());
    let mut verdicts = Vec::new();
    let facts = verify(file, &open(), &mut received, &mut |v| verdicts.push(v)).unwrap();
    (verdicts, facts.missing)
}

#[test]
fn the_samples_answer_both_returns() {
    let (verdicts, missing) = verified(&fixture("resubmit_mixed/RECEIPTC.UKE"));
    assert_eq!(verdicts[0].answer, Answer::Ordinary);
    for (verdict, claim) in verdicts[1..].iter().zip(hen()) {
        let expected = Answer::Resubmission { search_no: claim.search_no, block: Block::Same, again: false };
        assert_eq!(verdict.answer, expected);
    }
    assert!(missing.is_empty());
}

#[test]
fn the_first_differing_byte_of_a_block_is_told() {
    let file = fixture("resubmit_shaho/RECEIPTC.UKE");
    let block = hen()[0].history.clone();
    let start = file.windows(9).position(|w| w == b"2,1,0,MN,").unwrap();
    for offset in [0, 2, 40, block.len() - 3] {
        let mut broken = file.clone();
        broken[start + offset] ^= 1;
        let (verdicts, _) = verified(&broken);
        let line = block[..offset].iter().filter(|b| **b == b'\n').count() as u64 + 1;
        let expected = Block::Differs { offset: offset as u64, file_byte: (start + offset) as u64, line };
        let Answer::Resubmission { block, .. } = &verdicts[0].answer else { panic!("{:?}", verdicts[0]) };
        assert_eq!(*block, expected);
    }
    // A block that lost its last line differs where it ends.
    let last = block.len() - block.split_inclusive(|b| *b == b'\n').next_back().unwrap().len();
    let short = [&file[..start + last], &file[start + block.len()..]].concat();
    let Answer::Resubmission { block, .. } = &verified(&short).0[0].answer else { panic!() };
    assert!(matches!(block, Block::Differs { offset, .. } if *offset == last as u64));
}

#[test]
fn claims_billed_again_without_their_history_are_told() {
    let file = fixture("resubmit_shaho/RECEIPTC.UKE");
    let fresh = requests(&file);
    let mut builder = builder(Family::Ika);
    builder.ordinary(&fresh[0]).unwrap();
    let (double, _) = builder.finish().unwrap();
    let (verdicts, missing) = verified(&double);
    assert_eq!(verdicts[0].answer, Answer::DoubleClaim { returns: vec![0], same_insurer: true });
    assert_eq!(missing, [0, 1]);
    // The insurer is corrected in the second: told too, as less sure.
    let mut builder = crate::common::builder(Family::Ika);
    builder.ordinary(&fresh[1]).unwrap();
    let other = verified(&builder.finish().unwrap().0).0.remove(0).answer;
    assert_eq!(other, Answer::DoubleClaim { returns: vec![1], same_insurer: false });
    // Numbers but no blocks; a block but no number; an unknown number; the same twice.
    let bare =
        file.split_inclusive(|b| *b == b'\n').filter(|l| !l[0].is_ascii_digit()).collect::<Vec<_>>().concat();
    let (verdicts, missing) = verified(&bare);
    assert!(verdicts.iter().all(|v| matches!(&v.answer, Answer::Resubmission { block: Block::Missing, .. })));
    assert!(missing.is_empty());
    let number = &hen()[0].search_no;
    let text = |from: &str, to: &str| {
        let at = file.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        [&file[..at], to.as_bytes(), &file[at + from.len()..]].concat()
    };
    assert_eq!(verified(&text(number, "")).0[0].answer, Answer::Untied);
    let unknown = verified(&text(number, "99999999999999999")).0.remove(0).answer;
    assert!(matches!(unknown, Answer::Resubmission { block: Block::Unknown, .. }));
    let twice = verified(&text(&hen()[1].search_no, number)).0;
    assert!(matches!(twice[1].answer, Answer::Resubmission { again: true, .. }));
}
