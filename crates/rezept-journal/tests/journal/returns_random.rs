//! Random work on returned claims against a naive model in memory: after every step the journal tells the states that the
//! model tells, a refusal changes nothing, and no number is in two files that count unless it was forced.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use rezept_journal::{
    ImportStart, Journal, NewEdit, PlannedClaim, ResubmissionState, ReturnFileState, ReturnFilter,
    ReturnState,
};

use crate::common::{Station, other_content, resubmission, return_file, returned};
use crate::random::everything;

const MONTHS: [&str; 3] = ["2026-03", "2026-04", "2026-05"];

#[derive(Clone, Debug)]
enum Step {
    Import { bytes: u64, month: usize, numbers: Vec<u64>, dropped: bool },
    Decide { file: i64, release: bool },
    Move { claim: i64, to: ReturnState },
    Edit { claim: i64 },
    Undo { claim: i64 },
    Plan { claims: Vec<i64>, forced: bool },
    Become { file: i64, to: ResubmissionState },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let claim = 1..10_i64;
    let numbers = prop::collection::vec(0..6_u64, 0..5);
    let step = prop_oneof![
        4 => (0..6_u64, 0..3_usize, numbers, prop::bool::weighted(0.2))
            .prop_map(|(bytes, month, numbers, dropped)| Step::Import { bytes, month, numbers, dropped }),
        2 => (1..6_i64, any::<bool>()).prop_map(|(file, release)| Step::Decide { file, release }),
        5 => (claim.clone(), prop::sample::select(ReturnState::ALL)).prop_map(|(claim, to)| Step::Move { claim, to }),
        2 => claim.clone().prop_map(|claim| Step::Edit { claim }),
        1 => claim.clone().prop_map(|claim| Step::Undo { claim }),
        6 => (prop::collection::vec(claim, 1..3), prop::bool::weighted(0.3))
            .prop_map(|(claims, forced)| Step::Plan { claims, forced }),
        8 => (1..6_i64, prop::sample::select(ResubmissionState::ALL)).prop_map(|(file, to)| Step::Become { file, to }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..100)
}

#[derive(Clone, Debug)]
struct Claim {
    number: u64,
    month: usize,
    file: i64,
    state: ReturnState,
    edited: bool,
    superseded: bool,
}

#[derive(Clone, Debug, Default)]
struct Model {
    files: Vec<(u64, usize, ReturnFileState)>,
    claims: Vec<Claim>,
    /// State and numbers, by claim row.
    resubmissions: Vec<(ResubmissionState, BTreeMap<i64, u64>)>,
}

impl Model {
    fn claim(&mut self, row: i64) -> Option<&mut Claim> {
        self.claims.get_mut(usize::try_from(row - 1).ok()?)
    }

    /// Carries a step out; `false` if the journal must refuse it.
    fn run(&mut self, step: &Step) -> bool {
        let before = self.clone();
        let done = self.try_run(step).is_some();
        if !done {
            *self = before;
        }
        done
    }

    fn try_run(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Restart => Some(()),
            Step::Import { bytes, month, numbers, dropped } => {
                self.import(*bytes, *month, numbers, *dropped);
                Some(())
            }
            Step::Decide { file, release } => {
                let file = self.files.get_mut(usize::try_from(file - 1).ok()?)?;
                let to = if *release { ReturnFileState::Released } else { ReturnFileState::Refused };
                file.2.may_become(to).then(|| file.2 = to)
            }
            Step::Move { claim, to } => {
                let claim = self.claim(*claim)?;
                let by_file = claim.state == ReturnState::InFile
                    || [ReturnState::InFile, ReturnState::Sent].contains(to);
                (!by_file && claim.state.may_become(*to)).then(|| claim.state = *to)
            }
            Step::Edit { claim } => {
                let claim = self.claim(*claim)?;
                let open =
                    [ReturnState::New, ReturnState::InWork, ReturnState::Corrected].contains(&claim.state);
                (claim.edited, claim.state) = (true, ReturnState::Corrected);
                open.then_some(())
            }
            Step::Undo { claim } => {
                let claim = self.claim(*claim)?;
                let corrected = claim.state == ReturnState::Corrected;
                (claim.edited, claim.state) = (false, ReturnState::InWork);
                corrected.then_some(())
            }
            Step::Plan { claims, forced } => self.plan(claims, *forced),
            Step::Become { file, to } => self.become_(*file, *to),
        }
    }

    fn import(&mut self, bytes: u64, month: usize, numbers: &[u64], dropped: bool) {
        let known = self.files.iter().position(|file| (file.0, file.1) == (bytes, month));
        if known.is_some_and(|at| self.files[at].2 != ReturnFileState::Released) {
            return;
        }
        let counts = [ReturnFileState::Imported, ReturnFileState::Released];
        let taken = self.files.iter().any(|file| file.1 == month && counts.contains(&file.2));
        if known.is_none() && taken {
            self.files.push((bytes, month, ReturnFileState::Held));
            return;
        }
        if dropped {
            return;
        }
        let at = known.unwrap_or_else(|| {
            self.files.push((bytes, month, ReturnFileState::Imported));
            self.files.len() - 1
        });
        self.files[at].2 = ReturnFileState::Imported;
        let file = i64::try_from(at + 1).unwrap();
        for number in numbers {
            self.add(file, *number, month);
        }
    }

    fn add(&mut self, file: i64, number: u64, month: usize) {
        if self.claims.iter().any(|claim| (claim.number, claim.month) == (number, month)) {
            return;
        }
        let others = self.claims.iter_mut().filter(|claim| claim.number == number && claim.file != file);
        let (earlier, later): (Vec<_>, Vec<_>) = others.partition(|claim| claim.month < month);
        if let Some(before) = earlier.into_iter().max_by_key(|claim| claim.month) {
            before.superseded = true;
            if [ReturnState::Sent, ReturnState::Accepted].contains(&before.state) {
                before.state = ReturnState::ReturnedAgain;
            }
        }
        let superseded = !later.is_empty();
        self.claims.push(Claim { number, month, file, state: ReturnState::New, edited: false, superseded });
    }

    /// Whether a number is in a resubmission that counts, other than `except`.
    fn used(&self, number: u64, except: usize) -> bool {
        let counts = |(at, (state, numbers)): (usize, &(ResubmissionState, BTreeMap<i64, u64>))| {
            at != except && *state != ResubmissionState::Cancelled && numbers.values().any(|n| *n == number)
        };
        self.resubmissions.iter().enumerate().any(counts)
    }

    fn plan(&mut self, rows: &[i64], forced: bool) -> Option<()> {
        let mut numbers = BTreeMap::new();
        let mut seen = HashSet::new();
        for row in rows {
            let claim = self.claim(*row)?.clone();
            numbers.insert(*row, claim.number);
            let under_way =
                [ReturnState::InFile, ReturnState::Sent, ReturnState::Accepted].contains(&claim.state);
            let free = claim.state.may_become(ReturnState::InFile) || (forced && under_way);
            let used = self.used(claim.number, usize::MAX);
            if claim.superseded || !free || (used && !forced) || !seen.insert(claim.number) {
                return None;
            }
            if !(forced && under_way) {
                self.claim(*row)?.state = ReturnState::InFile;
            }
        }
        self.resubmissions.push((ResubmissionState::Planned, numbers));
        Some(())
    }

    fn become_(&mut self, file: i64, to: ResubmissionState) -> Option<()> {
        let at = usize::try_from(file - 1).ok()?;
        let (state, numbers) = self.resubmissions.get_mut(at)?;
        if !state.may_become(to) || to == ResubmissionState::Planned {
            return None;
        }
        *state = to;
        for (row, number) in numbers.clone() {
            let used = self.used(number, at);
            let claim = self.claim(row)?;
            match (to, claim.state) {
                (ResubmissionState::Sent, ReturnState::InFile) => claim.state = ReturnState::Sent,
                (ResubmissionState::Confirmed, ReturnState::Sent) => claim.state = ReturnState::Accepted,
                (ResubmissionState::Cancelled, ReturnState::InFile) if !used => {
                    claim.state = if claim.edited { ReturnState::Corrected } else { ReturnState::InWork };
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// Carries a step out in the journal; `false` if it refuses.
fn run(journal: &mut Journal, carrier: i64, step: &Step) -> bool {
    match step {
        Step::Restart => true,
        Step::Import { bytes, month, numbers, dropped } => {
            // The bytes of a file go with its month.
            let file = return_file(bytes * 10 + u64::try_from(*month).unwrap(), MONTHS[*month]);
            if let ImportStart::New(mut import) = journal.start_import(&file, &other_content()).unwrap() {
                for number in numbers {
                    import.add(&returned(*number, MONTHS[*month])).unwrap();
                }
                if !dropped {
                    import.finish().unwrap();
                }
            }
            true
        }
        Step::Decide { file, release: true } => journal.release_return_file(*file, "so said").is_ok(),
        Step::Decide { file, release: false } => journal.refuse_return_file(*file, "so said").is_ok(),
        Step::Move { claim, to } => journal.move_returned(*claim, *to, "so said").is_ok(),
        Step::Edit { claim } => {
            let edit = NewEdit { what: "RE.x=1".into(), before: vec![1], after: vec![2] };
            journal.add_edits(*claim, &[edit]).is_ok()
        }
        Step::Undo { claim } => journal.undo_edits(*claim, "").is_ok(),
        Step::Plan { claims, forced } => {
            let claims: Option<Vec<_>> = claims
                .iter()
                .zip(1..)
                .map(|(claim, number)| {
                    let search_no = journal.returned_claim(*claim).ok()?.search_no;
                    Some(PlannedClaim {
                        claim: Some(*claim),
                        search_no,
                        number,
                        way: "edit".into(),
                        reason: None,
                    })
                })
                .collect();
            let Some(claims) = claims else { return false };
            journal.plan_resubmission(&resubmission(1), &claims, forced.then_some("so said")).is_ok()
        }
        Step::Become { file, to } => match to {
            ResubmissionState::Planned => false,
            ResubmissionState::Written => journal.resubmission_written(*file).is_ok(),
            ResubmissionState::Queued => journal.queue_resubmission(*file, carrier).is_ok(),
            ResubmissionState::Sent => journal.resubmission_sent(*file, "").is_ok(),
            ResubmissionState::Confirmed => journal.resubmission_confirmed(*file, "").is_ok(),
            ResubmissionState::Cancelled => journal.cancel_resubmission(*file, "").is_ok(),
        },
    }
}

/// Each case runs some hundred flushed transactions.
const CASES: u32 = 96;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]
    #[test]
    fn any_order_of_work_ends_as_in_the_model(steps in steps()) {
        let station = Station::new();
        let mut journal = station.open();
        let carrier = crate::common::gated(&mut journal, "a.UKE", 1, 1);
        let mut model = Model::default();
        for step in &steps {
            if let Step::Restart = step {
                drop(journal);
                journal = station.open();
            }
            let before = everything(&station);
            let done = run(&mut journal, carrier, step);
            prop_assert_eq!(done, model.run(step), "{:?}", step);
            if !done {
                prop_assert_eq!(before, everything(&station), "{:?} was refused and left a trace", step);
            }
            let rows = journal.returned_claims(&ReturnFilter::default()).unwrap();
            let told: Vec<_> = rows.iter().map(|row| (row.state, row.superseded_by.is_some(), row.file)).collect();
            let expected: Vec<_> = model.claims.iter().map(|c| (c.state, c.superseded, c.file)).collect();
            prop_assert_eq!(told, expected, "{:?}", step);
            let told: Vec<_> = journal.return_files().unwrap().iter().map(|file| file.state).collect();
            let expected: Vec<_> = model.files.iter().map(|file| file.2).collect();
            prop_assert_eq!(told, expected, "{:?}", step);
            let told = journal.resubmissions_in(ResubmissionState::ALL).unwrap();
            let told: Vec<_> = told.iter().map(|row| row.state).collect();
            let expected: Vec<_> = model.resubmissions.iter().map(|row| row.0).collect();
            prop_assert_eq!(told, expected, "{:?}", step);
        }
        // What is in two files that count was forced into the later one.
        let raw = station.raw();
        let doubled: u64 = raw.query_row(
            "SELECT count(*) FROM resubmission_claim a JOIN resubmission x ON x.id = a.resubmission AND x.state <> 'cancelled' \
             JOIN resubmission_claim b ON b.search_no = a.search_no AND b.resubmission > a.resubmission \
             JOIN resubmission y ON y.id = b.resubmission AND y.state <> 'cancelled' AND y.forced IS NULL",
            [],
            |row| row.get(0),
        ).unwrap();
        prop_assert_eq!(doubled, 0);
        let report = journal.verify_chain(&[]).unwrap();
        prop_assert!(report.is_sound(), "{report:?}");
    }
}
