//! One file a command. A command gets what was typed and the way to the person, and returns how it ended; failures go
//! back as `Failure`, and only here become a report.

mod actor;
mod audit;
mod cancel;
mod demo;
mod doctor;
mod exchange;
mod files;
mod held;
mod import_returns;
mod init;
mod ledger;
mod media;
mod operator;
mod outcome;
mod pair;
mod receive;
mod recover;
mod recovery;
mod resubmit;
mod returns;
mod send;
mod show;
mod station;
mod status;
mod transfers;
mod verify;
mod watch;

use crate::cli::{Cli, Command};
use crate::report::Failure;
use crate::ui::Ui;
use rezept_codes::Exit;

/// Runs the command, tells what went wrong, and says what the process ends with.
pub fn run(cli: &Cli, ui: &Ui) -> Exit {
    let outcome = match &cli.command {
        Command::Demo(args) => demo::run(args, ui),
        Command::Init(args) => init::run(args, &cli.global, ui),
        Command::Watch => watch::run(&cli.global, ui),
        Command::Send(args) => send::run(args, &cli.global, ui),
        Command::Receive(args) => receive::run(args, &cli.global, ui),
        Command::Exchange(args) => exchange::run(args, &cli.global, ui),
        Command::Cancel(args) => cancel::run(args, &cli.global, ui),
        Command::Verify(args) => verify::run(args, ui),
        Command::Show(args) => show::run(args, ui),
        Command::Status => status::run(&cli.global, ui),
        Command::Ledger(args) => ledger::run(args, &cli.global, ui),
        Command::Held(command) => held::run(command, &cli.global, ui),
        Command::Audit(command) => audit::run(command, &cli.global, ui),
        Command::Media(command) => media::run(command, &cli.global, ui),
        Command::ImportReturns(args) => import_returns::run(args, &cli.global, ui),
        Command::Returns(command) => returns::run(command, &cli.global, ui),
        Command::Resubmit(args) => resubmit::run(args, &cli.global, ui),
        Command::Pair(command) => pair::run(command, &cli.global, ui),
        Command::Recovery(command) => recovery::run(command, &cli.global, ui),
        Command::Recover(args) => recover::run(args, ui),
        Command::Operator(command) => operator::run(command, &cli.global, ui),
        Command::Doctor => doctor::run(&cli.global, ui),
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
