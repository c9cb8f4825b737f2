//! `rezept returns`: the worklist of returned claims, and the work on it.

mod detail;
pub mod export;
pub mod shown;

use rezept_codes::Code;
use rezept_journal::{Journal, ReturnFilter, ReturnState, Subject};
use rezept_service::returns::ReturnsAsk;
use rezept_service::{Ask, Config, Problem};

use crate::cli::{FilterArgs, Global, ReturnsCommand};
use crate::commands::{actor, outcome, station};
use crate::report::Failure;
use crate::ui::Ui;
use rezept_codes::Exit;
use shown::failed;

/// Runs the command.
///
/// # Errors
/// When the journal cannot be read, or there is no such return.
pub fn run(command: &ReturnsCommand, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        ReturnsCommand::List(args) => list(args, global, ui),
        ReturnsCommand::Show(args) => {
            let config = station::config(global)?;
            let Some(journal) = station::journal(&config)? else {
                return Err(Problem::new(Code::UnknownId, args.id.clone(), "").into());
            };
            let row = one(&journal, &args.id)?;
            detail::show(&config, &journal, row, ui)
        }
        ReturnsCommand::Assign(args) => change(global, ui, &args.ids, |claims| ReturnsAsk::Assign {
            claims,
            owner: args.to.clone(),
            due: args.due.clone(),
        }),
        ReturnsCommand::Note(args) => change(global, ui, std::slice::from_ref(&args.id), |claims| {
            ReturnsAsk::Note { claim: only(&claims), text: args.text.clone() }
        }),
        ReturnsCommand::Edit(args) => change(global, ui, std::slice::from_ref(&args.id), |claims| {
            ReturnsAsk::Edit { claim: only(&claims), edits: args.changes.clone(), undo: args.undo }
        }),
        ReturnsCommand::Close(args) => change(global, ui, &args.ids, |claims| ReturnsAsk::Move {
            claims,
            to: args.state.clone(),
            reason: args.reason.clone(),
        }),
        ReturnsCommand::Reopen(args) => change(global, ui, &args.ids, |claims| ReturnsAsk::Move {
            claims,
            to: ReturnState::InWork.word().to_owned(),
            reason: args.reason.clone(),
        }),
        ReturnsCommand::Export(args) => export::run(args, global, ui),
    }
}

fn only(claims: &[i64]) -> i64 {
    claims.first().copied().unwrap_or_default()
}

/// Exit 1 while open returns are listed that are overdue.
fn list(args: &FilterArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let today = today();
    let mut overdue = 0u64;
    let n = shown::each(&journal, &filter(args), &mut |row| {
        overdue += u64::from(shown::is_overdue(row, &today));
        shown::line(&journal, row, ui)
    })?;
    if n == 0 {
        ui.note(&ui.say("returns-nothing", &[]));
    } else {
        ui.note(&ui.say("returns-listed", &[("n", n.into()), ("overdue", overdue.into())]));
    }
    Ok(if overdue > 0 { Exit::Findings } else { Exit::Ok })
}

/// The day in Japan, `YYYY-MM-DD`.
pub fn today() -> String {
    let japan = jiff::tz::Offset::constant(9).to_time_zone();
    jiff::Timestamp::now().to_zoned(japan).date().to_string()
}

/// Without `--all` and without a state: what is still to be done.
pub fn filter(args: &FilterArgs) -> ReturnFilter {
    ReturnFilter {
        states: args.state.clone(),
        open_only: !args.all && args.state.is_empty(),
        payer: args.payer.clone(),
        processed_month: args.month.clone(),
        service_month: args.service_month.clone(),
        reason: args.code.clone(),
        department: args.department.clone(),
        owner: args.owner.clone(),
        overdue_before: args.overdue.then(today),
        limit: args.limit,
        ..ReturnFilter::default()
    }
}

/// A return by its id (`R12`) or its 検索番号; of several under one number the newest.
pub fn one(journal: &Journal, id: &str) -> Result<rezept_journal::ReturnedClaimRow, Failure> {
    let unknown = || Failure::from(Problem::new(Code::UnknownId, id, ""));
    if let Ok(Subject::Returned(row)) = id.parse() {
        return journal.returned_claim(row).map_err(|_| unknown());
    }
    journal.find_returned(id).map_err(failed)?.into_iter().next().ok_or_else(unknown)
}

/// The rows of several.
pub fn rows(config: &Config, ids: &[String]) -> Result<Vec<i64>, Failure> {
    let Some(journal) = station::journal(config)? else {
        return Err(Problem::new(Code::UnknownId, ids.join(" "), "").into());
    };
    ids.iter().map(|id| one(&journal, id).map(|row| row.id)).collect()
}

/// Asks for a change and shows the claims as they are then.
fn change(
    global: &Global,
    ui: &Ui,
    ids: &[String],
    ask: impl FnOnce(Vec<i64>) -> ReturnsAsk,
) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("returns", &config, global, ui)?;
    let claims = rows(&config, ids)?;
    let done = station::work(&config, &actor, &Ask::Returns { ask: ask(claims) })?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    for claim in &done.claims {
        shown::line(&journal, &journal.returned_claim(*claim).map_err(failed)?, ui)?;
    }
    outcome::tell(&done, &journal, None, ui)
}
