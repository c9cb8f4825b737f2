//! `rezept held`: what waits for a person, and the person's decision.

use rezept_service::{Ask, Decision, held};

use crate::cli::{DecideArgs, Global, HeldCommand};
use crate::commands::{actor, outcome, station};
use crate::report::Failure;
use crate::ui::Ui;
use rezept_codes::{Code, Decider, Exit};

/// Runs the command. `list` ends with exit 1 while something waits.
///
/// # Errors
/// When the journal cannot be read, or nothing waits under that id.
pub fn run(command: &HeldCommand, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        HeldCommand::List => list(global, ui),
        HeldCommand::Release(args) => decide(args, Decision::Release, global, ui),
        HeldCommand::Refuse(args) => decide(args, Decision::Refuse, global, ui),
    }
}

fn list(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let waiting = held(&journal)?;
    waiting.iter().for_each(|item| outcome::print_held(item, ui));
    if waiting.is_empty() {
        ui.note(&ui.say("held-nothing", &[]));
        return Ok(Exit::Ok);
    }
    Ok(Exit::Findings)
}

fn decide(args: &DecideArgs, decision: Decision, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("held", &config, global, ui)?;
    let id = station::label_of(&args.id, &config)?;
    let ask = Ask::Decide { id, decision, why: args.reason.clone(), medium: None };
    let done = station::work(&config, &actor, &ask)?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    let exit = outcome::tell(&done, &journal, None, ui)?;
    // Refused by the gate's own reason: no word of a person can make such a file carriable.
    if decision == Decision::Release
        && done
            .problems
            .iter()
            .any(|problem| problem.code.known().and_then(Code::decider) == Some(Decider::Nobody))
    {
        ui.note(&ui.say("held-cannot-release", &[]));
    }
    if exit == Exit::Ok {
        ui.note(&ui.say(if decision == Decision::Release { "held-released" } else { "held-refused" }, &[]));
    }
    Ok(exit)
}
