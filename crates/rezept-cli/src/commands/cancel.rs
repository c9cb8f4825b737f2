//! `rezept cancel`: ends a parcel that nobody has acknowledged, or an accepted file that is in none yet.

use rezept_codes::Exit;
use rezept_service::{Ask, Decision};

use crate::cli::{DecideArgs, Global};
use crate::commands::{actor, outcome, station};
use crate::report::Failure;
use crate::ui::Ui;

/// Runs the command.
///
/// # Errors
/// When the station cannot work at all, or the parcel cannot be ended any more.
pub fn run(args: &DecideArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("cancel", &config, global, ui)?;
    let id = station::label_of(&args.id, &config)?;
    let ask = Ask::Decide { id, decision: Decision::Cancel, why: args.reason.clone(), medium: None };
    let done = station::work(&config, &actor, &ask)?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    let exit = outcome::tell(&done, &journal, None, ui)?;
    if exit == Exit::Ok {
        ui.note(&ui.say("cancelled", &[]));
    }
    Ok(exit)
}
