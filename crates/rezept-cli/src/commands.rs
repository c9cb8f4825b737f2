//! One file a command. A command gets what was typed and the way to the person, and returns how it ended; failures go
//! back as `Failure`, and only here become a report.

mod files;
mod show;
mod verify;

use crate::cli::{Cli, Command};
use crate::codes::Exit;
use crate::report::Failure;
use crate::ui::Ui;

/// Runs the command, tells what went wrong, and says what the process ends with.
pub fn run(cli: &Cli, ui: &Ui) -> Exit {
    let outcome = match &cli.command {
        Command::Show(args) => show::run(args, ui),
        Command::Verify(args) => verify::run(args, ui),
    };
    let exit = outcome.unwrap_or_else(|failure| tell(&failure, ui));
    match ui.output_failure() {
        None => exit,
        Some(error) => exit.and(tell(&Failure::Print(error), ui)),
    }
}

fn tell(failure: &Failure, ui: &Ui) -> Exit {
    let report = failure.report();
    ui.report(&report);
    report.exit()
}
