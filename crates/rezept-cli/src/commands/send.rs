//! `rezept send`: the named files, as one parcel for each receiver, onto a medium, now.

use rezept_service::{Ask, Decision};

use crate::cli::{Global, SendArgs};
use crate::commands::{actor, outcome, station};
use crate::report::Failure;
use crate::ui::Ui;
use rezept_codes::Exit;

/// Runs the command.
///
/// # Errors
/// When the station cannot work at all; what happened to the files decides the exit code.
pub fn run(args: &SendArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("send", &config, global, ui)?;
    let medium = args.to.as_deref().map(station::absolute);
    let ask = match &args.again {
        Some(id) => Ask::Decide {
            id: station::label_of(id, &config)?,
            decision: Decision::Again,
            why: args.reason.clone().unwrap_or_default(),
            medium,
        },
        None => Ask::Send {
            files: args.files.iter().map(|file| station::absolute(file)).collect(),
            medium,
            trial: args.trial,
        },
    };
    let done = station::work(&config, &actor, &ask)?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    let exit = outcome::tell(&done, &journal, Some(args.files.len()), ui)?;
    if exit == Exit::Ok && !done.parcels.is_empty() {
        ui.note(&ui.say("send-safe-to-remove", &[]));
    }
    Ok(exit)
}
