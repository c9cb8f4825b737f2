//! The running service: turns when something may have happened, requests of other processes in between, until it is told
//! to stop. Events are hints; a turn comes at the latest after the polling time.

use rezept_codes::Code;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use jiff::SignedDuration;
use notify::{RecursiveMode, Watcher};
use rezept_journal::{Journal, ParcelState, Subject};
use serde::{Deserialize, Serialize};

use crate::config::MediumKind;
use crate::decide::Decision;
use crate::media::MediaAsk;
use crate::pairing::PairAsk;
use crate::people;
use crate::problem::Problem;
use crate::returns::ReturnsAsk;
use crate::send::Outcome;
use crate::station::Station;

/// A full look at least this often where only local folders are watched.
const POLL_LOCAL: Duration = Duration::from_secs(60);
/// The same where sticks and shares are: they send no events.
const POLL_MEDIA: Duration = Duration::from_secs(15);
/// How often requests of other processes are looked for. Costs one number read from shared memory.
const REQUESTS_EVERY: Duration = Duration::from_millis(500);
/// A request that nobody was heard to wait for in so long is not carried out any more.
const REQUEST_LIMIT: SignedDuration = SignedDuration::from_secs(30);
/// After an event, others of the same action are awaited for so long.
const GATHER: Duration = Duration::from_millis(100);

/// Why the service wakes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// Something changed in a watched folder, or the watcher lost count.
    Hint,
    /// Stop now.
    Stop,
}

/// A request of another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Ask {
    /// `rezept send`.
    Send {
        /// Absolute paths.
        files: Vec<PathBuf>,
        /// Absolute path of the medium.
        medium: Option<PathBuf>,
        /// For a trial (確認試験).
        #[serde(default)]
        trial: bool,
    },
    /// `rezept receive`.
    Receive {
        /// Absolute path of the medium.
        medium: PathBuf,
    },
    /// `rezept exchange`.
    Exchange {
        /// Absolute path of the medium.
        medium: PathBuf,
    },
    /// `rezept held release|refuse`, `rezept send --again`.
    Decide {
        /// `F12`, `P3`, `A1`.
        id: String,
        /// What was decided.
        decision: Decision,
        /// Why.
        why: String,
        /// The medium to write to again.
        medium: Option<PathBuf>,
    },
    /// `rezept media ...`.
    Media {
        /// What exactly.
        ask: MediaAsk,
    },
    /// `rezept import-returns`, `returns ...`, `resubmit`.
    Returns {
        /// What exactly.
        ask: ReturnsAsk,
    },
    /// `rezept pair ...`, and the public half of a recovery key.
    Pair {
        /// What exactly.
        ask: PairAsk,
    },
}

/// A request as it is put down: what is asked, and on whose behalf.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// The person at the keyboard, proved by the asking command; `None` where no operators are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What is asked.
    #[serde(flatten)]
    pub ask: Ask,
}

impl Station {
    /// Does what a person asked for: the journal names that person for all that comes of it. Refused where operators are
    /// known and nobody is named.
    pub fn answer_for(&mut self, by: Option<&str>, ask: &Ask) -> Outcome {
        let operator = match people::current(&self.journal, by) {
            Ok(operator) => operator,
            Err(problem) => return Outcome::problem(problem),
        };
        let before = by.map(|name| self.journal.act_as(name));
        self.operator = operator;
        let mut outcome = self.answer(ask);
        self.tell_of_folders(&mut outcome);
        if self.world.stop.is_set() && !outcome.problems.is_empty() {
            // Whatever failed, failed for that.
            outcome.problems = vec![Problem::new(Code::Stopped, "", "")];
        }
        self.operator = None;
        if let Some(before) = before {
            self.journal.act_as(&before);
        }
        outcome
    }

    /// Does what was asked for, once it is known who asks.
    fn answer(&mut self, ask: &Ask) -> Outcome {
        match ask {
            Ask::Send { files, medium, trial } => self.send(files, medium.as_deref(), *trial),
            Ask::Receive { medium } => self.receive(medium),
            Ask::Exchange { medium } => self.exchange(medium),
            Ask::Returns { ask } => self.returns(ask),
            Ask::Media { ask } => self.answer_media(ask),
            Ask::Pair { ask } => self.pair(ask),
            Ask::Decide { id, decision, why, medium } => match id.parse::<Subject>() {
                Ok(Subject::Parcel(row)) if let (Decision::Again, Some(medium)) = (decision, medium) => {
                    self.carry_again(row, why, medium)
                }
                Ok(subject) => match self.decide(subject, *decision, why) {
                    Ok(()) => self.after_decision(subject, *decision),
                    Err(problem) => Outcome::problem(problem),
                },
                Err(()) => Outcome::problem(Problem::new(Code::UnknownId, id.clone(), "")),
            },
        }
    }

    /// What is done at once; other decisions take effect with the next turn.
    fn after_decision(&mut self, subject: Subject, decision: Decision) -> Outcome {
        match (subject, decision) {
            (Subject::ReturnFile(file), Decision::Release) => match self.import_released(file) {
                Ok(import) => Outcome { imports: vec![import], ..Outcome::default() },
                Err(problem) => Outcome::problem(problem),
            },
            _ => Outcome::default(),
        }
    }

    /// Runs until told to stop. `report` gets the outcome of each turn in which something happened.
    pub fn run(&mut self, wakes: &Receiver<Wake>, hints: Sender<Wake>, report: &mut dyn FnMut(&Outcome)) {
        let mut watcher = Hints::new(hints);
        let mut version = None;
        let mut told = Told::default();
        loop {
            watcher.follow(&self.places_to_watch());
            let mut outcome = self.turn();
            told.keep_news(&mut outcome, &self.journal);
            if outcome != Outcome::default() {
                report(&outcome);
            }
            if self.world.stop.is_set() {
                return;
            }
            let wait = self.next_rest().map_or(self.poll_time(), |rest| rest.min(self.poll_time()));
            if !self.wait_for_work(wakes, wait.max(GATHER), &mut version, report) {
                return;
            }
        }
    }

    /// Waits for the next reason for a turn. `false` when told to stop.
    fn wait_for_work(
        &mut self,
        wakes: &Receiver<Wake>,
        wait: Duration,
        version: &mut Option<i64>,
        report: &mut dyn FnMut(&Outcome),
    ) -> bool {
        let until = self.world.pace.elapsed() + wait;
        loop {
            let left = until.saturating_sub(self.world.pace.elapsed());
            if left.is_zero() {
                return true;
            }
            match wakes.recv_timeout(left.min(REQUESTS_EVERY)) {
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
                Ok(Wake::Hint) => {
                    let quiet = self.world.pace.elapsed() + GATHER;
                    while let Some(left) = quiet.checked_sub(self.world.pace.elapsed()) {
                        match wakes.recv_timeout(left) {
                            Ok(Wake::Stop) => return false,
                            Ok(Wake::Hint) => {}
                            Err(_) => break,
                        }
                    }
                    return true;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = self.journal.data_version().ok();
            if now != *version {
                *version = now;
                if self.answer_requests(report) {
                    return true;
                }
            }
        }
    }

    /// Answers every waiting request. Whether there was one.
    pub fn answer_requests(&mut self, report: &mut dyn FnMut(&Outcome)) -> bool {
        let mut any = false;
        loop {
            self.drop_forsaken_requests();
            let Ok(Some(request)) = self.journal.take_request() else { break };
            any = true;
            let outcome = match serde_json::from_str::<Asked>(&request.args) {
                Ok(asked) => self.answer_for(asked.by.as_deref(), &asked.ask),
                Err(error) => {
                    Outcome::problem(Problem::new(Code::CannotHappen, "request", error.to_string()))
                }
            };
            if outcome.problems.iter().any(|problem| problem.code == Code::Stopped) {
                // Not done: it waits for whoever works next.
                break;
            }
            report(&outcome);
            let answer = serde_json::to_string(&outcome).unwrap_or_else(|_| "{}".to_owned());
            if let Err(error) = self.journal.answer(request.id, &answer) {
                tracing::error!(%error, "an answer cannot be journalled");
                break;
            }
        }
        any
    }

    /// What nobody waits for any more must not happen hours later.
    fn drop_forsaken_requests(&mut self) {
        let expired = Outcome::problem(Problem::new(Code::RequestExpired, "", ""));
        let answer = serde_json::to_string(&expired).unwrap_or_else(|_| "{}".to_owned());
        match self.journal.expire_requests(REQUEST_LIMIT, &answer) {
            Ok(0) => {}
            Ok(n) => tracing::warn!(n, "requests that nobody waits for are not carried out"),
            Err(error) => tracing::error!(%error, "requests cannot be looked through"),
        }
    }

    fn poll_time(&self) -> Duration {
        let media =
            self.config.media.iter().any(|m| matches!(m.kind, MediumKind::Removable | MediumKind::Share));
        if media { POLL_MEDIA } else { POLL_LOCAL }
    }
}

/// What was reported before: a turn every few seconds must not say the same thing every few seconds. What goes away and
/// comes back is news again.
#[derive(Default)]
struct Told {
    parcels: HashMap<i64, ParcelState>,
    held: Vec<String>,
    problems: Vec<Problem>,
}

impl Told {
    fn keep_news(&mut self, outcome: &mut Outcome, journal: &Journal) {
        let (held, problems) = (outcome.held.clone(), outcome.problems.clone());
        outcome.held.retain(|id| !self.held.contains(id));
        outcome.problems.retain(|problem| !self.problems.contains(problem));
        outcome.parcels.retain(|row| match journal.parcel(*row) {
            Ok(parcel) => self.parcels.insert(*row, parcel.state) != Some(parcel.state),
            Err(_) => true,
        });
        self.held = held;
        self.problems = problems;
    }
}

/// The platform's watcher over changing folders. Every failure of it is a hint: look yourself.
struct Hints {
    watcher: Option<notify::RecommendedWatcher>,
    followed: Vec<PathBuf>,
}

impl Hints {
    fn new(hints: Sender<Wake>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Our own reading is no news.
            if !matches!(&event, Ok(event) if event.kind.is_access()) {
                let _ = hints.send(Wake::Hint);
            }
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "no events on this system: polling only");
        }
        Self { watcher: watcher.ok(), followed: Vec::new() }
    }

    fn follow(&mut self, folders: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else { return };
        for gone in self.followed.iter().filter(|old| !folders.contains(old)) {
            let _ = watcher.unwatch(gone);
        }
        self.followed.retain(|old| folders.contains(old));
        for new in folders {
            if !self.followed.contains(new) && watcher.watch(new, RecursiveMode::Recursive).is_ok() {
                self.followed.push(new.clone());
            }
        }
    }
}
