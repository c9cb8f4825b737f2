//! `rezept exchange` (受渡): the whole turn on one medium, both directions, by hand.

use rezept_codes::Exit;
use rezept_service::Ask;

use crate::cli::{ExchangeArgs, Global};
use crate::commands::{actor, outcome, station};
use crate::report::Failure;
use crate::ui::Ui;

/// Runs the command.
///
/// # Errors
/// When the station cannot work at all; what happened to files and parcels decides the exit code.
pub fn run(args: &ExchangeArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("exchange", &config, global, ui)?;
    let done = station::work(&config, &actor, &Ask::Exchange { medium: station::absolute(&args.medium) })?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    let exit = outcome::tell(&done, &journal, Some(done.parcels.len()), ui)?;
    if done.parcels.is_empty() && done.held.is_empty() && done.problems.is_empty() {
        ui.note(&ui.say("exchange-nothing", &[]));
    } else if exit == Exit::Ok {
        ui.note(&ui.say("send-safe-to-remove", &[]));
    }
    Ok(exit)
}
