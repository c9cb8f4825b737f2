//! Random histories of two stations that send to each other over two sticks, with everything that goes wrong in a month,
//! against a model that knows three lines only: what was put into a folder is in the other inbox, once, and in the archive.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rezept_journal::{Direction, ParcelState};
use rezept_parcel::Digest;
use rezept_testkit::faults::{Failure, Faults};
use rezept_testkit::model::{ModelOptions, ModelVolume};
use rezept_testkit::rng::Rng;
use rezept_transfer::volume::{RelPath, Volume};

use crate::bench::{Bench, Process, claim};
use crate::invariants::{Story, always, converged, delivered};
use crate::kind::Kind;

const HISTORIES: u32 = 160;

#[derive(Clone, Debug)]
enum Step {
    /// The receipt computer or the downloading person puts a finished file into a station's folder.
    Put { site: usize, payer: u8, bytes: usize },
    /// A station works with some sticks plugged in; it may be killed, or an operation may fail.
    Turn { site: usize, media: Vec<usize>, trouble: Trouble },
    /// Staff takes the first delivered file out of the inbox.
    Take { site: usize },
    /// The power of a station goes; its sticks lose what was not flushed.
    PowerCut { site: usize, seed: u64 },
    /// A stick is lost and another bought; it is found again at the end, or never.
    Lose { stick: usize, found: bool },
}

#[derive(Clone, Debug)]
enum Trouble {
    None,
    Killed(u64),
    Failing(u64, Failure),
    /// The first stick is pulled before this operation, and put back after the turn.
    Pulled(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let media = prop_oneof![3 => Just(vec![0]), 1 => Just(vec![1]), 1 => Just(vec![0, 1]), 1 => Just(vec![])];
    let failures = prop::sample::select(vec![Failure::Device, Failure::Full, Failure::Denied, Failure::Busy]);
    let trouble = prop_oneof![
        4 => Just(Trouble::None),
        2 => (0..260u64).prop_map(Trouble::Killed),
        2 => (0..130u64, failures).prop_map(|(number, failure)| Trouble::Failing(number, failure)),
        1 => (0..130u64).prop_map(Trouble::Pulled),
    ];
    let step = prop_oneof![
        3 => (0..2usize, 1..3u8, 1..3000usize)
            .prop_map(|(site, payer, bytes)| Step::Put { site, payer, bytes }),
        8 => (0..2usize, media, trouble)
            .prop_map(|(site, media, trouble)| Step::Turn { site, media, trouble }),
        1 => (0..2usize).prop_map(|site| Step::Take { site }),
        1 => (0..2usize, any::<u64>()).prop_map(|(site, seed)| Step::PowerCut { site, seed }),
        1 => (0..2usize, any::<bool>()).prop_map(|(stick, found)| Step::Lose { stick, found }),
    ];
    prop::collection::vec(step, 1..24)
}

/// The world beside the naive model of it.
struct History {
    world: Bench,
    story: Story,
    /// What was put where, by hash.
    put: Vec<(usize, [u8; 32])>,
    /// Lost sticks that will be found, and their place.
    lost: Vec<(usize, ModelVolume)>,
    bought: usize,
}

impl History {
    fn new(kind: Kind) -> Self {
        Self { world: kind.world(), story: Story::default(), put: Vec::new(), lost: Vec::new(), bought: 0 }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Put { site, payer, bytes } => {
                let number = self.put.len();
                let content = claim(*payer, "2024-11", "RECEIPTC.UKE", bytes + 64, number as u64);
                self.put.push((*site, Digest::of(&content).0));
                self.world.put(*site, &format!("{number}.uke"), content);
            }
            Step::Turn { site, media, trouble } => self.turn(*site, media, trouble),
            Step::Take { site } => {
                let inbox = &self.world.sites[*site].inbox;
                if let Some((path, bytes)) = delivered(&self.world.sites[*site]).first() {
                    let path = RelPath::new(path).unwrap();
                    inbox.remove_file(&path).unwrap();
                    inbox.flush_folder(&path.parent()).unwrap();
                    self.story.taken.insert(Digest::of(bytes).0);
                }
            }
            Step::PowerCut { site, seed } => {
                let mut rng = Rng::new(*seed);
                let site = &self.world.sites[*site];
                let disks = [&site.source, &site.archive, &site.inbox, &site.spool];
                disks.into_iter().chain(&self.world.media).for_each(|volume| volume.power_cut(&mut rng));
            }
            Step::Lose { stick, found } => {
                self.bought += 1;
                let new = ModelVolume::new(ModelOptions::stick(&format!("new-{}", self.bought)));
                let old = std::mem::replace(&mut self.world.media[*stick], new);
                if *found {
                    self.lost.push((*stick, old));
                }
            }
        }
    }

    /// What fails in a turn under trouble is not looked at: the next turns must make it good.
    fn turn(&self, site: usize, media: &[usize], trouble: &Trouble) {
        let faults = match trouble {
            Trouble::None => Faults::none(),
            Trouble::Killed(cut) => Faults::none().kill_at(*cut),
            Trouble::Failing(number, failure) => Faults::none().fail_at(*number, *failure),
            Trouble::Pulled(number) => match media.first() {
                None => Faults::none(),
                Some(stick) => {
                    let stick = self.world.media[*stick].clone();
                    Faults::none().call_at(*number, move || stick.pull())
                }
            },
        };
        let _ = self.world.turn_with(site, media, &faults);
        if let (Trouble::Pulled(number), Some(stick)) = (trouble, media.first()) {
            self.world.media[*stick].put_back(&mut Rng::new(*number));
        }
    }

    /// A person says of every parcel that got no answer that its stick is lost.
    fn send_again(&self) {
        for site in 0..2 {
            let mut process = Process::start(&self.world, site, &[0, 1], &Faults::none()).unwrap();
            for parcel in process.journal.parcels_in(Direction::Out, &[ParcelState::Committed]).unwrap() {
                process.with(|engine, _| engine.send_again(parcel.row, "lost")).unwrap();
            }
        }
    }

    /// Peace returns; then the model must be right.
    fn finish(mut self) -> Result<(), String> {
        self.settle()?;
        self.send_again();
        self.settle()?;
        for (stick, volume) in std::mem::take(&mut self.lost) {
            volume.put_back(&mut Rng::new(7));
            self.world.media[stick] = volume;
            self.settle()?;
        }
        let wrong = converged(&self.world, &self.story);
        if !wrong.is_empty() {
            return Err(format!("{wrong:#?}"));
        }
        for site in 0..2 {
            let there: BTreeSet<[u8; 32]> =
                delivered(&self.world.sites[site]).iter().map(|(_, bytes)| Digest::of(bytes).0).collect();
            let sent = self.put.iter().filter(|(from, _)| *from != site).map(|(_, digest)| *digest);
            let expected: BTreeSet<[u8; 32]> =
                sent.filter(|digest| !self.story.taken.contains(digest)).collect();
            if there != expected {
                return Err(format!("{} of {} files are in inbox {site}", there.len(), expected.len()));
            }
            let source = self.world.sites[site].source.paths();
            if !source.is_empty() {
                return Err(format!("{source:?} still lies in the folder of {site}"));
            }
        }
        Ok(())
    }

    fn settle(&self) -> Result<(), String> {
        let failed = self.world.converge(&[0, 1]);
        if failed.is_empty() { Ok(()) } else { Err(format!("quiet turns fail: {failed:?}")) }
    }
}

fn try_history(kind: Kind, steps: &[Step]) -> Result<(), String> {
    let mut history = History::new(kind);
    for step in steps {
        history.step(step);
        let wrong = always(&history.world, &history.story);
        if !wrong.is_empty() {
            return Err(format!("after {step:?}: {wrong:#?}"));
        }
    }
    history.finish()
}

#[test]
fn random_histories_end_as_the_naive_model_says() {
    random_histories(Kind::Plain);
}

#[test]
fn random_histories_of_paired_stations_end_as_the_naive_model_says() {
    random_histories(Kind::Sealed);
}

fn random_histories(kind: Kind) {
    let config = Config { failure_persistence: None, max_shrink_iters: 400, ..Config::with_cases(HISTORIES) };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner
        .run(&steps(), |steps| try_history(kind, &steps).map_err(proptest::test_runner::TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("{error}");
    }
    println!("{kind:?}: {HISTORIES} random histories of two stations, 0 violations");
}
