//! Fresh claims matched to returns: who gets which, and who gets none without a person.

use crate::common::*;
use rezept_claim::text::RawText;
use rezept_claim::{Date, Family, Month, Payer};
use rezept_returns::ClaimFacts;
use rezept_returns::build::{Builder, Head};
use rezept_returns::merge::{
    Fate, FreshClaim, GraftError, Match, Matcher, Outcome, ReturnFacts, fresh_claims, graft,
};
use std::convert::Infallible;

/// A patient in a few strokes: chart, insurer, billing information, name.
fn facts(chart: &str, insurer: &str, billing: &str, name: &str) -> ClaimFacts {
    let text = |t: &str| RawText(cp932(t));
    ClaimFacts {
        claim_type: text("1112"),
        service_month: Month::new(2024, 10),
        chart_nos: if chart.is_empty() { Vec::new() } else { vec![text(chart)] },
        billing_info: text(billing),
        insurer_no: text(insurer),
        name: text(name),
        birth: Date::parse(b"19700105"),
        ..ClaimFacts::default()
    }
}

fn returned_in(month: u8, search_no: &str, facts: ClaimFacts) -> ReturnFacts {
    ReturnFacts {
        search_no: search_no.to_owned(),
        family: Family::Ika,
        payer: Payer::Shaho,
        processed: Month::new(2024, month).unwrap(),
        facts,
    }
}

fn fresh(number: u64, facts: ClaimFacts) -> FreshClaim {
    FreshClaim {
        number,
        family: Family::Ika,
        payer: Payer::Shaho,
        first_line: 1,
        request: 0..0,
        history: 0..0,
        facts,
    }
}

/// `=1`: claim 1 for sure; `?1,2`: a person chooses; `-`: none; `-<0`: none, return 0 is newer.
fn told(matches: &[Match]) -> String {
    let one = |m: &Match| match (&m.outcome, m.newer) {
        (Outcome::Unambiguous(f), _) => format!("={}", f.number),
        (Outcome::Ambiguous(list), _) => {
            format!("?{}", list.iter().map(|f| f.number.to_string()).collect::<Vec<_>>().join(","))
        }
        (Outcome::None, None) => "-".to_owned(),
        (Outcome::None, Some(newer)) => format!("-<{newer}"),
    };
    matches.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(returns: &[ReturnFacts], claims: &[ClaimFacts], expected: &str) {
    let mut matcher = Matcher::new(returns.to_vec());
    for (number, facts) in (1..).zip(claims) {
        matcher.offer(fresh(number, facts.clone()));
    }
    assert_eq!(told(&matcher.finish()), expected);
}

const A: &str = "01130012";
const B: &str = "06132013";

#[test]
fn the_key_is_chart_month_in_out_and_body() {
    let one = || facts("1", A, "", "見本");
    check(&[returned_in(12, "1", one())], &[facts("2", A, "", "別人"), one()], "=2");
    let other_month = ClaimFacts { service_month: Month::new(2024, 9), ..one() };
    let inpatient = ClaimFacts { claim_type: RawText(b"1111".to_vec()), ..one() };
    check(&[returned_in(12, "1", one())], &[other_month, inpatient], "-");
    let kokuho = ReturnFacts { payer: Payer::Kokuho, ..returned_in(12, "1", one()) };
    check(&[kokuho], &[one()], "-");
    let elder = facts("1", "39130012", "", "見本");
    let kokuho = ReturnFacts { payer: Payer::Kokuho, ..returned_in(12, "1", elder.clone()) };
    check(&[kokuho], &[elder], "=1");
    let dpc = ReturnFacts { family: Family::Dpc, ..returned_in(12, "1", one()) };
    check(&[dpc], &[one()], "-");
}

#[test]
fn spaces_in_a_chart_number_do_not_count_and_a_corrected_insurer_does_not_hinder() {
    check(&[returned_in(12, "1", facts("1", A, "x", "見本"))], &[facts("1", B, "y", "見　本")], "=1");
}

#[test]
fn ties_are_broken_by_billing_information_then_insurer_then_person() {
    let r = |facts| [returned_in(12, "1", facts)];
    let claims = [facts("1", B, "x", "見本"), facts("1", A, "y", "見本")];
    check(&r(facts("1", A, "x", "見本")), &claims, "=1");
    check(&r(facts("1", A, "z", "見本")), &claims, "=2");
    let mother_and_child = [facts("1", A, "", "見本　花"), facts("1", A, "", "見本　梅")];
    check(&r(facts("1", A, "", "見本　梅")), &mother_and_child, "=2");
    check(&r(facts("1", "x", "", "見本　梅子")), &[claims[0].clone(), claims[0].clone()], "?1,2");
}

#[test]
fn of_several_returns_of_one_claim_the_newest_counts() {
    let one = || facts("1", A, "", "見本");
    let returns = [returned_in(11, "1", one()), returned_in(12, "2", one()), returned_in(10, "3", one())];
    check(&returns, &[one()], "-<1 =1 -<1");
    // Two claims of two insurers, returned one after the other: each gets its own.
    let returns = [returned_in(11, "1", facts("1", B, "", "見本")), returned_in(12, "2", one())];
    check(&returns, &[one(), facts("1", B, "", "見本")], "=2 =1");
}

#[test]
fn a_like_right_is_for_a_person_to_decide() {
    let one = || facts("1", A, "", "見本");
    let twice = [returned_in(12, "1", one()), returned_in(12, "2", one())];
    check(&twice, &[one()], "?1 ?1");
    check(&twice, &[one(), one()], "?1,2 ?1,2");
    // An older return does not slip in where newer ones wait for a choice.
    let three = [twice[0].clone(), twice[1].clone(), returned_in(11, "3", one())];
    check(&three, &[one()], "?1 ?1 ?1");
    // What is clear for one makes it clear for the other.
    let apart = [returned_in(12, "1", facts("1", A, "x", "見本")), returned_in(12, "2", one())];
    check(&apart, &[facts("1", A, "x", "見本"), one()], "=1 =2");
}

#[test]
fn what_is_not_sure_to_be_the_same_person_is_asked() {
    let stranger = ClaimFacts { birth: Date::parse(b"20200101"), ..facts("1", A, "", "他人") };
    check(&[returned_in(12, "1", facts("1", A, "", "見本"))], &[stranger], "?1");
    // Without chart numbers: the person, but never without asking.
    let r = [returned_in(12, "1", facts("", A, "", "見本"))];
    check(&r, &[facts("", A, "", "見　本")], "?1");
    check(&r, &[facts("7", A, "", "見本")], "?1");
    check(&r, &[facts("", A, "", "別人")], "-");
    check(&[returned_in(12, "1", facts("8", A, "", "見本"))], &[facts("7", A, "", "見本")], "-");
}

#[test]
fn a_claim_that_names_its_return_answers_that_one_only() {
    let tied = ClaimFacts { search_no: RawText(b"22".to_vec()), ..facts("1", A, "", "見本") };
    let returns =
        [returned_in(12, "11", facts("1", A, "", "見本")), returned_in(12, "22", facts("9", B, "", "別人"))];
    check(&returns, &[tied], "- =1");
}

/// The merge way over the samples: a fresh file with the corrected claims gives the same resubmission as the edit way.
#[test]
fn grafting_gives_the_sample() {
    let expected = fixture("resubmit_mixed/RECEIPTC.UKE");
    let claims = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika);
    // What the receipt computer would write: the month's claim and the two corrected ones, without their ties.
    let mut plain = builder(Family::Ika);
    for request in requests(&expected) {
        plain.ordinary(&request).unwrap();
    }
    let uke = plain.finish().unwrap().0;

    let returns = claims.iter().map(|claim| ReturnFacts {
        facts: ClaimFacts::read(Family::Ika, &claim.request),
        ..returned_in(12, &claim.search_no, ClaimFacts::default())
    });
    let mut matcher = Matcher::new(returns.collect());
    let file = fresh_claims(&uke[..], &mut |fresh| matcher.offer(fresh)).unwrap();
    assert_eq!((file.claims, file.payer, file.month), (3, Some(Payer::Shaho), Month::new(2025, 1)));
    let matches = matcher.finish();
    assert_eq!(told(&matches), "=2 =3");

    let head = Head::like(Family::Ika, Payer::Shaho, Month::new(2025, 1).unwrap(), &file.header.0).unwrap();
    let mut builder = Builder::new(Vec::new(), head).unwrap();
    let mut decide = |fresh: &FreshClaim| -> Result<Fate, Infallible> {
        let answer =
            matches.iter().position(|m| matches!(&m.outcome, Outcome::Unambiguous(f) if **f == *fresh));
        Ok(answer.map_or(Fate::AsItIs, |item| answer_with(&claims[item])))
    };
    let mut numbers = Vec::new();
    let file = graft(&uke[..], &mut builder, &mut decide, &mut |fresh, written| {
        numbers.push((fresh.number, written.number, written.search_no.is_some()));
    })
    .unwrap();
    assert_eq!((numbers, file.claims), (vec![(1, 1, false), (2, 2, true), (3, 3, true)], 3));
    assert!(builder.finish().unwrap().0 == expected);
}

fn answer_with(claim: &Returned) -> Fate {
    Fate::Answer {
        search_no: claim.search_no.clone(),
        payer: Payer::Shaho,
        history: RawText(claim.history.clone()),
    }
}

#[test]
fn resubmissions_of_the_receipt_computer_keep_their_ties() {
    let expected = fixture("resubmit_mixed/RECEIPTC.UKE");
    let mut again = builder(Family::Ika);
    let as_it_is = &mut |_: &FreshClaim| Ok::<_, Infallible>(Fate::AsItIs);
    graft(&expected[..], &mut again, as_it_is, &mut |_, _| {}).unwrap();
    assert!(again.finish().unwrap().0 == expected);
    // Only the resubmissions: the ordinary claim stays out, the others move up.
    let mut only = builder(Family::Ika);
    let mut tied = |fresh: &FreshClaim| {
        Ok::<_, Infallible>(if fresh.history.is_empty() { Fate::LeaveOut } else { Fate::AsItIs })
    };
    graft(&expected[..], &mut only, &mut tied, &mut |_, _| {}).unwrap();
    assert!(only.finish().unwrap().0 == fixture("resubmit_shaho/RECEIPTC.UKE"));
}

#[test]
fn a_tie_by_halves_is_never_cut() {
    let file = fixture("resubmit_shaho/RECEIPTC.UKE");
    let bare =
        file.split_inclusive(|b| *b == b'\n').filter(|l| !l[0].is_ascii_digit()).collect::<Vec<_>>().concat();
    let number = b",120241113000000000000000001,,";
    let at = file.windows(number.len()).position(|w| w == number).unwrap();
    let untied = [&file[..at], b",,,", &file[at + number.len()..]].concat();
    let as_it_is = &mut |_: &FreshClaim| Ok::<_, Infallible>(Fate::AsItIs);
    for half in [&bare, &untied] {
        let outcome = graft(&half[..], &mut builder(Family::Ika), as_it_is, &mut |_, _| {});
        assert!(matches!(outcome, Err(GraftError::HalfTied { claim: 1 })));
    }
    let headless = file.split_inclusive(|b| *b == b'\n').skip(1).collect::<Vec<_>>().concat();
    let outcome = graft(&headless[..], &mut builder(Family::Ika), as_it_is, &mut |_, _| {});
    assert!(matches!(outcome, Err(GraftError::NoHeader { claim: 1 })));
    let unreadable = &mut |_: &FreshClaim| Err(std::fmt::Error);
    let outcome = graft(&file[..], &mut builder(Family::Ika), unreadable, &mut |_, _| {});
    assert!(matches!(outcome, Err(GraftError::Decide { claim: 1, .. })));
}

#[test]
fn claims_before_a_header_are_not_handed_out() {
    let file = fixture("ika_shaho/RECEIPTC.UKE");
    let headless = file.split_inclusive(|b| *b == b'\n').skip(1).collect::<Vec<_>>().concat();
    let mut count = 0;
    let facts = fresh_claims(&headless[..], &mut |_| count += 1).unwrap();
    assert_eq!((facts.claims, facts.payer, count), (3, None, 0));
}
