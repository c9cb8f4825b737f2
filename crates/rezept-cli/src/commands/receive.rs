//! `rezept receive`: everything on a medium that is for this station, parcels and acknowledgements alike.

use rezept_service::Ask;

use crate::cli::{Global, ReceiveArgs};
use crate::commands::{actor, outcome, station};
use crate::report::Failure;
use crate::ui::Ui;
use rezept_codes::Exit;

/// Runs the command.
///
/// # Errors
/// When the station cannot work at all; what happened to the parcels decides the exit code.
pub fn run(args: &ReceiveArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("receive", &config, global, ui)?;
    let ask = Ask::Receive { medium: station::absolute(&args.from) };
    let done = station::work(&config, &actor, &ask)?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    let exit = outcome::tell(&done, &journal, Some(done.parcels.len()), ui)?;
    if done.parcels.is_empty() && done.held.is_empty() && done.problems.is_empty() {
        ui.note(&ui.say("receive-nothing", &[]));
    }
    Ok(exit)
}
