//! Random histories against the rules: whatever is asked in whatever order, the chain stays whole, each row is where its
//! last entry says, each move is a legal one, and a refusal changes nothing.

use std::collections::HashMap;

use proptest::prelude::*;
use rezept_journal::{
    Delivery, Direction, FileState, Journal, JournalError, ParcelChange, ParcelState, Reason, Subject,
};

use crate::common::{Station, content, found, parcel_file, place, plan, stamp};

#[derive(Clone, Debug)]
enum Step {
    See { name: u64, bytes: u64 },
    Describe { file: i64, bytes: u64 },
    MoveFile { file: i64, to: FileState },
    ReleaseFile { file: i64 },
    Plan { id: u64, files: Vec<i64> },
    PlanRefused,
    MoveParcel { parcel: i64, to: ParcelState },
    ReleaseParcel { parcel: i64, to: ParcelState },
    Found { id: u64 },
    SetFiles { parcel: i64, to: ParcelState },
    Deliver { parcel: i64, ordinal: u32 },
    NewHeader { parcel: i64 },
    Remark { parcel: i64 },
    Raise { place: u64 },
    Settle { place: u64 },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let file = 1..8_i64;
    let parcel = 1..6_i64;
    let file_state = prop::sample::select(FileState::ALL);
    let parcel_state = prop::sample::select(ParcelState::ALL);
    let step = prop_oneof![
        3 => (0..4_u64, 0..4_u64).prop_map(|(name, bytes)| Step::See { name, bytes }),
        1 => (file.clone(), 0..4_u64).prop_map(|(file, bytes)| Step::Describe { file, bytes }),
        8 => (file.clone(), file_state).prop_map(|(file, to)| Step::MoveFile { file, to }),
        1 => file.clone().prop_map(|file| Step::ReleaseFile { file }),
        3 => (0..9_u64, prop::collection::vec(file, 0..3)).prop_map(|(id, files)| Step::Plan { id, files }),
        1 => Just(Step::PlanRefused),
        9 => (parcel.clone(), parcel_state.clone()).prop_map(|(parcel, to)| Step::MoveParcel { parcel, to }),
        1 => (parcel.clone(), parcel_state.clone()).prop_map(|(parcel, to)| Step::ReleaseParcel { parcel, to }),
        2 => (0..4_u64).prop_map(|id| Step::Found { id }),
        2 => (parcel.clone(), parcel_state).prop_map(|(parcel, to)| Step::SetFiles { parcel, to }),
        1 => (parcel.clone(), 0..3_u32).prop_map(|(parcel, ordinal)| Step::Deliver { parcel, ordinal }),
        1 => parcel.clone().prop_map(|parcel| Step::NewHeader { parcel }),
        1 => parcel.prop_map(|parcel| Step::Remark { parcel }),
        1 => (0..2_u64).prop_map(|place| Step::Raise { place }),
        1 => (0..2_u64).prop_map(|place| Step::Settle { place }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..120)
}

fn run(journal: &mut Journal, step: &Step) -> Result<(), JournalError> {
    let change = ParcelChange::default();
    match step {
        Step::See { name, bytes } => {
            journal.see_file(&place(&format!("{name}.UKE")), stamp(*bytes)).map(|_| ())
        }
        Step::Describe { file, bytes } => journal.describe_file(*file, &content(*bytes, 1)),
        Step::MoveFile { file, to } => journal.move_file(*file, *to, Some(&Reason::new("RZ-G001", "x")), ""),
        Step::ReleaseFile { file } => journal.release_file(*file, "so said"),
        Step::Plan { id, files } => plan(journal, &format!("o{id}"), files).map(|_| ()),
        Step::PlanRefused => journal
            .plan_parcel("recekon-1", "terminal-1", None, |_| {
                Err(JournalError::NotFound { subject: "room".into() })
            })
            .map(|_| ()),
        Step::MoveParcel { parcel, to } => journal.move_parcel(*parcel, *to, &change),
        Step::ReleaseParcel { parcel, to } => journal.release_parcel(*parcel, *to, "so said"),
        Step::Found { id } => journal.found_parcel(&found(&format!("i{id}"), *id)).map(|_| ()),
        Step::SetFiles { parcel, to } => {
            journal.set_incoming_files(*parcel, *to, &[parcel_file(0, None, &content(1, 1))], &change)
        }
        Step::Deliver { parcel, ordinal } => {
            let place = Delivery { ordinal: *ordinal, inbox: "/inbox".into(), destination: "d".into() };
            journal.plan_delivery(*parcel, &[place])?;
            journal.files_delivered(*parcel, &[*ordinal])
        }
        Step::NewHeader { parcel } => journal.replace_header(*parcel, &found("i0", 5)),
        Step::Remark { parcel } => journal.remark(Subject::Parcel(*parcel), "RZ-T001", "remark"),
        Step::Raise { place } => journal.raise(&Reason::new("RZ-T002", "x"), &place.to_string()).map(|_| ()),
        Step::Settle { place } => journal.settle("RZ-T002", &place.to_string(), "x").map(|_| ()),
        Step::Restart => Ok(()),
    }
}

/// The whole journal as one text: equal before and after a refusal.
pub fn everything(station: &Station) -> String {
    use std::fmt::Write;
    let raw = station.raw();
    let mut text = String::new();
    let mut tables =
        raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in tables {
        let mut rows = raw.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                write!(text, "{:?}|", row.get_ref(column).unwrap()).unwrap();
            }
            text.push('\n');
        }
    }
    text
}

/// Every move in the history is a legal one and begins where the last one ended.
fn check_moves(journal: &Journal) {
    let mut states: HashMap<String, String> = HashMap::new();
    for row in journal.latest_history(100_000).unwrap() {
        let known = states.get(&row.subject).cloned().unwrap_or_default();
        let legal = match row.subject.split_at(1).0 {
            _ if row.from.is_empty() => {
                states.contains_key(&row.subject)
                    || !row.subject.starts_with(['F', 'P'])
                    || ["SEEN", "SPOOLED", "FOUND"].contains(&row.to.as_str())
            }
            "F" => row.from.parse::<FileState>().unwrap().may_become(row.to.parse().unwrap()),
            "P" => row.from.parse::<ParcelState>().unwrap().may_become(row.to.parse().unwrap()),
            _ => false,
        };
        assert!(legal, "{row:?}");
        if row.from.is_empty() && states.contains_key(&row.subject) {
            continue;
        }
        assert_eq!(known, row.from, "{row:?}");
        states.insert(row.subject, row.to);
    }
    for file in journal.files_in(FileState::ALL).unwrap() {
        assert_eq!(states[&Subject::File(file.id).to_string()], file.state.word());
        if file.state == FileState::InParcel {
            let parcel = file.parcel.expect("a file in a parcel names it");
            let files = journal.parcel_files(parcel).unwrap();
            assert!(files.iter().any(|f| f.file == Some(file.id)), "{file:?}");
        }
    }
    for direction in [Direction::Out, Direction::In] {
        for parcel in journal.parcels_in(direction, ParcelState::ALL).unwrap() {
            assert_eq!(states[&Subject::Parcel(parcel.row).to_string()], parcel.state.word());
            assert!(direction.knows(parcel.state), "{parcel:?}");
        }
    }
}

/// Each case runs some hundred flushed transactions.
const CASES: u32 = 64;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]
    #[test]
    fn any_order_of_operations_keeps_the_rules(steps in steps()) {
        let station = Station::new();
        let mut journal = station.open();
        let mut handed_out = Vec::new();
        for step in &steps {
            if let Step::Restart = step {
                drop(journal);
                journal = station.open();
                continue;
            }
            let before = everything(&station);
            let result = run(&mut journal, step);
            // A delivery of two calls may stop between them; all others are one transaction.
            if result.is_err() && !matches!(step, Step::Deliver { .. }) {
                prop_assert_eq!(before, everything(&station), "{:?} was refused and left a trace", step);
            }
            match result {
                Ok(()) | Err(JournalError::IllegalMove { .. } | JournalError::NotFound { .. }) => {}
                // A second parcel under one id.
                Err(JournalError::Sqlite(_)) if matches!(step, Step::Plan { .. } | Step::Found { .. } | Step::SetFiles { .. }) => {}
                Err(other) => prop_assert!(false, "{:?}: {:?}", step, other),
            }
            handed_out.push(journal.checkpoint().unwrap());
        }
        check_moves(&journal);
        let report = journal.verify_chain(&handed_out).unwrap();
        prop_assert!(report.is_sound(), "{report:?}");
    }
}
