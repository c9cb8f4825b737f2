//! Corrections: what they change, what they refuse, and that they can be made again from the journal.

use crate::common::*;
use rezept_claim::text::RawText;
use rezept_claim::{Family, RecordId};
use rezept_returns::EncodeError;
use rezept_returns::edit::{Change, EditError, Place, Problem, apply, replay};

fn claim() -> Returned {
    returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika).remove(0)
}

fn fails(claim: &Returned, text: &str) -> EditError {
    apply(claim.family, &claim.request, &edits(&[text])).unwrap_err()
}

/// The places at which two byte strings differ, when nothing but one stretch does.
#[track_caller]
fn only_change(before: &[u8], after: &[u8], old: &[u8], new: &[u8]) {
    let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let tail = tail.min(before.len() - head).min(after.len() - head);
    let (a, b) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
    assert!(old.windows(a.len().max(1)).any(|w| w == a) || a.is_empty(), "{a:02X?}");
    assert!(new.windows(b.len().max(1)).any(|w| w == b) || b.is_empty(), "{b:02X?}");
}

#[test]
fn one_item_changes_and_no_other_byte() {
    let claim = claim();
    for (text, old, new) in [
        ("RE.claim_type=1116", "1112", "1116"),
        ("RE.レセプト種別=1116", "1112", "1116"),
        ("レセプト共通.claim_type=1116", "1112", "1116"),
        ("SY[2].outcome=3", "1", "3"),
        ("HO.symbol=２１７０１３２", "２１７０１２３", "２１７０１３２"),
        ("SY[1].modifiers=8002", "", "8002"),
        ("SJ.text=書き直し", "架空の症例です。検査の必要性を記録する欄の見本。", "書き直し"),
        ("RE.chart_no=", "00001", ""),
    ] {
        let edited = apply(claim.family, &claim.request, &edits(&[text])).unwrap();
        assert_eq!(edited.changes.len(), 1, "{text}");
        assert_eq!(edited.changes[0].before.0, cp932(old), "{text}");
        assert_eq!(edited.changes[0].after.0, cp932(new), "{text}");
        only_change(&claim.request, &edited.request.0, &cp932(old), &cp932(new));
        assert!(edited.request.0 != claim.request, "{text}");
    }
}

#[test]
fn a_value_that_stands_there_already_is_no_change() {
    let claim = claim();
    let edited = apply(claim.family, &claim.request, &edits(&["RE.claim_type=1112"])).unwrap();
    assert!(edited.changes.is_empty() && edited.request.0 == claim.request);
}

#[test]
fn whole_records_come_and_go_at_their_places() {
    let claim = claim();
    let ids = |request: &RawText| {
        request
            .0
            .split(|b| *b == b'\n')
            .filter_map(|l| l.get(..2))
            .map(|id| String::from_utf8_lossy(id).into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let make = |texts: &[&str]| apply(claim.family, &claim.request, &edits(texts)).unwrap();
    assert_eq!(ids(&make(&["-SY[2]", "-CO"]).request), "RE HO SN JD SY SI SI SI IY IY SJ");
    // A public payer is new in the claim: behind HO, although none is there yet.
    let added = make(&["+KO=88130018,9900010,,2,586"]);
    assert_eq!(ids(&added.request), "RE HO KO SN JD SY SY SI SI SI IY IY CO SJ");
    assert_eq!(added.changes[0].after.0, b"KO,88130018,9900010,,2,586,,,,,,\r\n");
    let second = make(&["+SY[1]=8833421,20240101,1"]);
    assert!(second.request.0.windows(30).any(|w| w.starts_with(b"SY,8833421,20240101,1,,,,\r\nSY,")));
    assert_eq!(ids(&make(&["+MF=00", "-SY[*]", "-IY[*]", "-SJ"]).request), "RE HO SN JD MF SI SI SI CO");
}

#[test]
fn changes_can_be_made_again_from_their_written_form() {
    let claim = claim();
    let texts = [
        "RE.claim_type=1122",
        "-SY[2]",
        "+KO=88130018,9900010,,2,586",
        "SI[*].points=100",
        "SY.outcome=2",
        "-CO",
    ];
    let edited = apply(claim.family, &claim.request, &edits(&texts)).unwrap();
    let journalled: Vec<Change> = edited
        .changes
        .iter()
        .map(|c| Change { place: c.place.to_string().parse::<Place>().unwrap(), ..c.clone() })
        .collect();
    assert_eq!(journalled, edited.changes);
    assert_eq!(replay(claim.family, &claim.request, &journalled).unwrap(), edited.request);
    // Upon other bytes they do not fit, and say so.
    let other = returned(&fixture("hen_shaho/RECEIPTC.HEN"), Family::Ika).remove(1);
    assert_eq!(replay(other.family, &other.request, &journalled), Err(EditError::NotAsBefore));
    assert_eq!(replay(claim.family, &edited.request.0, &journalled), Err(EditError::NotAsBefore));
    // Not even a journal changes what must stay.
    let number = Change {
        place: Place::Item { record: RecordId(*b"RE"), nth: 1, item: 19 },
        before: RawText(claim.search_no.clone().into_bytes()),
        after: RawText(b"1".to_vec()),
    };
    assert_eq!(replay(claim.family, &claim.request, [&number]), Err(EditError::NotAsBefore));
}

#[test]
fn what_ties_the_claim_to_its_return_cannot_be_changed() {
    let claim = claim();
    let re = RecordId(*b"RE");
    for text in
        ["RE.search_no=1", "RE.検索番号=1", "RE.reserved_4=1", "RE.claim_no=2", "RE.record_id=HO", "-RE"]
    {
        assert_eq!(fails(&claim, text), EditError::Fixed { record: re }, "{text}");
    }
    for text in ["+RE=1", "HR.reason_code=1", "GO.total_count=1", "IR.facility_code=9999015", "-IR", "+HR=1"]
    {
        assert!(matches!(fails(&claim, text), EditError::Fixed { .. }), "{text}");
    }
    let dental = Returned { family: Family::Shika, ..claim };
    assert!(matches!(fails(&dental, "IR.facility_code=9999015"), EditError::Fixed { .. }));
}

#[test]
fn what_does_not_fit_is_refused_with_its_reason() {
    let claim = claim();
    let ho = RecordId(*b"HO");
    let value = |record: &[u8; 2], item, source| EditError::Value { record: RecordId(*record), item, source };
    assert_eq!(fails(&claim, "XX.name=1"), EditError::UnknownRecord);
    assert_eq!(fails(&claim, "HO.nothing=1"), EditError::UnknownItem { record: ho });
    assert_eq!(fails(&claim, "RE.予備=1"), EditError::AmbiguousItem { record: RecordId(*b"RE") });
    assert_eq!(fails(&claim, "SY.outcome=1"), EditError::WhichRecord { record: RecordId(*b"SY"), found: 2 });
    let none = EditError::NoSuchRecord { record: RecordId(*b"KO"), found: 0, wanted: 1 };
    assert_eq!(fails(&claim, "KO.days=1"), none);
    assert_eq!(
        fails(&claim, "HO.symbol=髙"),
        value(b"HO", "symbol", Problem::Encode(EncodeError::OutsideJisX0208 { at: 1 }))
    );
    assert_eq!(fails(&claim, "HO.insurer_no=06132022"), value(b"HO", "insurer_no", Problem::CheckDigit));
    assert_eq!(fails(&claim, "HO.number="), value(b"HO", "number", Problem::Empty));
    let count = Problem::ItemCount { found: 10, expected: 9 };
    assert_eq!(fails(&claim, "+SN=1,01,,,,,,,"), value(b"SN", "record_id", count));
    // All or nothing: the first correction is not kept when the second fails.
    let texts = edits(&["RE.claim_type=1116", "HO.number="]);
    assert!(apply(claim.family, &claim.request, &texts).is_err());
}

#[test]
fn an_uncertain_layout_only_warns() {
    let request = cp932(
        "RE,1,4112,202410,見本　花,2,19800630,,,13,1,9999015,見本医院,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\nHO,01130012,２,３,1,241,,,,,,,,\r\n",
    );
    let edited = apply(Family::Chozai, &request, &edits(&["HO.days=x"])).unwrap_err();
    assert_eq!(edited, EditError::UnknownItem { record: RecordId(*b"HO") });
    let edited =
        apply(Family::Chozai, &request, &edits(&["HO.receptions=123", "HO.insurer_no=06132022"])).unwrap();
    let problems = edited.doubts.iter().map(|d| (d.edit, d.item, d.problem)).collect::<Vec<_>>();
    assert_eq!(
        problems,
        [(0, "receptions", Problem::TooLong { max: 2, found: 3 }), (1, "insurer_no", Problem::CheckDigit)]
    );
}

#[test]
fn records_of_a_dpc_group_are_counted_through_all_its_parts() {
    let claim = returned(&fixture("hen_dpc/RECEIPTD.HEN"), Family::Dpc).remove(0);
    let edited =
        apply(claim.family, &claim.request, &edits(&["RE[2].chart_no=00103", "HO[*].symbol=１"])).unwrap();
    let places = edited.changes.iter().map(|c| c.place.to_string()).collect::<Vec<_>>();
    assert_eq!(places, ["RE[2].14", "HO[1].3", "HO[2].3", "HO[3].3"]);
    assert!(matches!(fails(&claim, "RE[4].name=あ"), EditError::NoSuchRecord { found: 3, wanted: 4, .. }));
    // A public payer goes into the summary, not behind the last detail.
    let added = apply(claim.family, &claim.request, &edits(&["+KO=88130018,9900010,,2,586"])).unwrap();
    assert_eq!(added.changes[0].place.to_string(), "+KO@3");
    assert!(added.request.0 != claim.request);
}

#[test]
fn nothing_of_a_value_is_shown() {
    let claim = claim();
    let edited =
        apply(claim.family, &claim.request, &edits(&["HO.symbol=２１７０１３２", "RE.chart_no=SECRET"]))
            .unwrap();
    let shown = format!("{edited:?} {:?} {}", fails(&claim, "RE.sex=7"), fails(&claim, "RE.sex=7"));
    assert!(!shown.contains("SECRET") && !shown.contains("00001"), "{shown}");
}
