//! `rezept watch`: the service in the foreground, until it is told to stop.

use rezept_codes::Code;
use std::io;
use std::sync::mpsc::channel;

use rezept_service::{Problem, Station, Stop, Wake, World};
use tracing_subscriber::EnvFilter;

use crate::cli::Global;
use crate::commands::actor::Actor;
use crate::commands::{outcome, station};
use crate::report::Failure;
use crate::ui::Ui;
use rezept_codes::Exit;

/// Runs the command. SIGTERM, SIGINT and the end of the console end it with exit 0: at once where a long reading or
/// writing is under way, else after the step.
///
/// # Errors
/// When the station cannot work at all.
pub fn run(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let level = if ui.is_verbose() { "debug" } else { "warn" };
    let filter = EnvFilter::try_from_env("REZEPT_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false).try_init();
    let config = station::config(global)?;
    // Before anything is begun: told to stop while the station is being opened, it must end as it does later.
    let (wake, wakes) = channel();
    let (waken, stop) = (wake.clone(), Stop::default());
    let told = stop.clone();
    ctrlc::set_handler(move || {
        told.set();
        let _ = waken.send(Wake::Stop);
    })
    .map_err(|error| Problem::new(Code::CannotHappen, "signal", error.to_string()))?;
    let world = World { stop, ..World::real() };
    let mut station = Station::open(config.clone(), world, Actor::service().name())?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    ui.note(&ui.say("watch-started", &[("name", config.name.as_str().into())]));
    station.run(&wakes, wake, &mut |news| {
        if let Err(failure) = outcome::tell(news, &journal, None, ui) {
            ui.report(&failure.report());
        }
    });
    ui.note(&ui.say("watch-stopped", &[]));
    Ok(Exit::Ok)
}
