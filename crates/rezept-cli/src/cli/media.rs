//! What can be typed about registered media: `rezept media`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{day, something_said};

/// `rezept media`.
#[derive(Debug, Subcommand)]
pub enum MediaCommand {
    Register(MediumRegisterArgs),
    List,
    Show(MediumArgs),
    TakeOut(MediumTakeOutArgs),
    Return(MediumArgs),
    Lost(MediumReasonArgs),
    Retire(MediumReasonArgs),
}

/// `rezept media register`.
#[derive(Debug, Args)]
pub struct MediumRegisterArgs {
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub label: String,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub owner: String,
    #[arg(long, value_name = "CLASS", default_value = "genpi", value_parser = ["genpi", "hi", "kokai"], hide_possible_values = true, hide_default_value = true)]
    pub class: String,
}

/// `rezept media show`, `rezept media return`.
#[derive(Debug, Args)]
pub struct MediumArgs {
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `rezept media take-out`.
#[derive(Debug, Args)]
pub struct MediumTakeOutArgs {
    #[arg(value_name = "ID")]
    pub id: String,
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub due: String,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub purpose: String,
}

/// `rezept media lost`, `rezept media retire`.
#[derive(Debug, Args)]
pub struct MediumReasonArgs {
    #[arg(value_name = "ID")]
    pub id: String,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub reason: String,
}
