//! The `rezept` binary. Only wiring stands here; what a command does is in `commands`, what it prints goes through `ui`,
//! and what a failure means is decided in `report`.

mod bug;
mod cli;
#[cfg(test)]
mod codes;
mod commands;
mod help;
mod json;
mod private_file;
mod report;
mod shown;
#[cfg(test)]
mod truth;
mod ui;
#[cfg(unix)]
mod unix;
mod usage;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let early = cli::Early::of(&words);
    bug::report_panics(early.lang);
    let exit = match cli::parse(words, &early) {
        Ok(cli) => commands::run(&cli, &ui::Ui::new(early.lang, &cli.global)),
        Err(error) => usage::explain(&error, &ui::Ui::early(&early)),
    };
    ExitCode::from(exit.number())
}
