//! What the commands of a station share: finding its configuration, opening it, and, where a service is already at work,
//! asking that service and waiting for its answer.

use rezept_codes::Code;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use etcetera::BaseStrategy as _;
use rezept_journal::{Journal, Subject, SystemClock};
use rezept_service::{Ask, Asked, Config, Outcome, Problem, Station, Stop, World, disk_of};

use crate::cli::Global;
use crate::commands::actor::Actor;
use crate::report::Failure;
use crate::ui::Ui;

/// How often the answer of a service is looked for.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How often the service is told that somebody still waits: far within the time after which it drops a request.
const BEAT_EVERY: Duration = Duration::from_secs(2);

/// The configuration: the file named by `--config`, else by `REZEPT_CONFIG`, else in the platform's folder.
///
/// # Errors
/// When there is none, or it is refused.
pub fn config(global: &Global) -> Result<Config, Failure> {
    let path = config_path(global);
    if global.config.is_none() && !path.exists() {
        return Err(Failure::NoConfig { path });
    }
    Config::load(&path).map_err(Failure::Config)
}

/// Where the configuration is, or would be.
pub fn config_path(global: &Global) -> PathBuf {
    let named = global.config.clone().or_else(|| std::env::var_os("REZEPT_CONFIG").map(PathBuf::from));
    named.unwrap_or_else(|| {
        etcetera::choose_base_strategy().map_or_else(
            |_| PathBuf::from("rezept.toml"),
            |folders| folders.config_dir().join("rezept").join("rezept.toml"),
        )
    })
}

/// Opens the station, or fails with the code of what is in the way.
///
/// # Errors
/// What [`Station::open`] reports.
pub fn open(config: Config, actor: &Actor) -> Result<Station, Failure> {
    Ok(Station::open(config, World::real(), actor.name())?)
}

/// The journal, to look at. `None` before first use.
///
/// # Errors
/// When it cannot be opened.
pub fn journal(config: &Config) -> Result<Option<Journal>, Failure> {
    if !config.data.is_dir() {
        return Ok(None);
    }
    let disk = disk_of(&config.data).map_err(|error| Problem::from(&error))?;
    let journal = Journal::open_existing(&config.data, &disk, Arc::new(SystemClock), "look");
    Ok(journal.map_err(|error| Problem::from(&error))?)
}

/// The journal of the configured station, to look at. Before first use the person is told so, and there is none.
///
/// # Errors
/// When there is no configuration, or the journal cannot be opened.
pub fn used_journal(global: &Global, ui: &Ui) -> Result<Option<Journal>, Failure> {
    let journal = journal(&config(global)?)?;
    if journal.is_none() {
        ui.note(&ui.say("status-unused", &[]));
    }
    Ok(journal)
}

/// Does a piece of work: here, under the engine lock, or by asking the process that holds it. Where that one ends without
/// answering, the work is ours after all. Who gives up waiting withdraws what was asked.
///
/// # Errors
/// When neither is possible. What the work itself met is in the outcome.
pub fn work(config: &Config, actor: &Actor, ask: &Ask) -> Result<Outcome, Failure> {
    let mut asked: Option<Request> = None;
    let mut stop = Stop::default();
    loop {
        let world = World { stop: stop.clone(), ..World::real() };
        match Station::open(config.clone(), world, actor.name()) {
            Ok(mut station) => {
                return match asked.take() {
                    None => Ok(station.answer_for(actor.operator(), ask)),
                    Some(request) => answer_here(&mut station, request),
                };
            }
            Err(problem) if problem.code == Code::EngineBusy => {}
            Err(problem) => return Err(problem.into()),
        }
        if asked.is_none() {
            stop = told_to_stop();
            asked = Request::put(config, actor, ask)?;
        }
        if let Some(request) = &mut asked {
            if let Some(outcome) = request.outcome()? {
                return Ok(outcome);
            }
            if stop.is_set() {
                return request.give_up();
            }
            request.still_waiting();
        }
        std::thread::sleep(ASK_EVERY);
    }
}

/// Our own request is answered with all others that wait, in their order: each waiting process then finds its own.
fn answer_here(station: &mut Station, mut request: Request) -> Result<Outcome, Failure> {
    station.answer_requests(&mut |_| {});
    match request.outcome()? {
        Some(outcome) => Ok(outcome),
        None if told_to_stop().is_set() => request.give_up(),
        None => Err(Problem::new(Code::CannotHappen, "answer", "the request was not answered").into()),
    }
}

/// Set as soon as the person, or the system, ends this process. Where signals cannot be heeded they end it at once, and the
/// service drops what nobody waits for.
fn told_to_stop() -> Stop {
    static STOP: OnceLock<Stop> = OnceLock::new();
    let heed = || {
        let stop = Stop::default();
        let set = stop.clone();
        let _ = ctrlc::set_handler(move || set.set());
        stop
    };
    STOP.get_or_init(heed).clone()
}

/// What was asked of the process at work.
struct Request {
    journal: Journal,
    id: i64,
    /// When the service was last told that somebody waits.
    beat: Instant,
}

impl Request {
    /// `None` while the process at work has not made the journal yet.
    fn put(config: &Config, actor: &Actor, ask: &Ask) -> Result<Option<Self>, Failure> {
        let Some(mut journal) = journal(config)? else { return Ok(None) };
        let asked = Asked { by: actor.operator().map(str::to_owned), ask: ask.clone() };
        let args = serde_json::to_string(&asked).expect("a request has text keys and no failing parts");
        let id = journal.ask(actor.command(), &args).map_err(|error| Problem::from(&error))?;
        Ok(Some(Self { journal, id, beat: Instant::now() }))
    }

    /// Tells the service now and then that somebody waits. A journal that is busy now is told the next time.
    fn still_waiting(&mut self) {
        if self.beat.elapsed() >= BEAT_EVERY && self.journal.still_waiting(self.id).is_ok() {
            self.beat = Instant::now();
        }
    }

    /// Takes back what was asked. Where the service has begun already, says so, unless it is done by now.
    fn give_up(&mut self) -> Result<Outcome, Failure> {
        if self.journal.withdraw(self.id).map_err(|error| Problem::from(&error))? {
            return Err(Problem::new(Code::RequestWithdrawn, "", "").into());
        }
        let done = self.outcome()?;
        done.ok_or_else(|| Problem::new(Code::RequestUnderWay, "", "").into())
    }

    fn outcome(&self) -> Result<Option<Outcome>, Failure> {
        let answer = self.journal.answered(self.id).map_err(|error| Problem::from(&error))?;
        let parse = |answer: String| {
            serde_json::from_str(&answer)
                .map_err(|error| Problem::new(Code::CannotHappen, "answer", error.to_string()).into())
        };
        answer.map(parse).transpose()
    }
}

/// An absolute path: the service has another working folder than the person who asks.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The label (`P3`) of what a person named: a label as it is, or the parcel whose id on the medium, or whose begin of it, was
/// given.
///
/// # Errors
/// `UnknownId` where several parcels begin with it; when the journal cannot be read.
pub fn label_of(id: &str, config: &Config) -> Result<String, Failure> {
    let unknown = || Failure::from(Problem::new(Code::UnknownId, id, ""));
    let journal = journal(config)?.ok_or_else(unknown)?;
    let of_journal = |error| Failure::from(Problem::from(&error));
    if let Some(parcel) = journal.parcel_by_id(config.name.as_str(), id).map_err(of_journal)? {
        return Ok(format!("P{}", parcel.row));
    }
    if id.len() < SHORT_ID_DIGITS || (id.parse::<Subject>().is_ok() && id.starts_with(char::is_uppercase)) {
        return Ok(id.to_owned());
    }
    match journal.parcels_beginning_with(id).map_err(of_journal)?.as_slice() {
        [] => Ok(id.to_owned()),
        [one] => Ok(format!("P{}", one.row)),
        _ => Err(unknown()),
    }
}

/// So many digits of a parcel's random id are shown, the same on both stations.
pub const SHORT_ID_DIGITS: usize = 6;

/// The first digits of a parcel's id, as people say it.
#[must_use]
pub fn short_id(id: &str) -> &str {
    id.get(..SHORT_ID_DIGITS).unwrap_or(id)
}
