//! What can be typed about people: `rezept operator`. Passwords are never among it.

use clap::{Args, Subcommand};
use rezept_journal::OperatorRole;

/// `rezept operator`.
#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    Add(OperatorRolesArgs),
    List,
    Roles(OperatorRolesArgs),
    Password(OperatorNameArgs),
    Retire(OperatorNameArgs),
}

/// `rezept operator add`, `rezept operator roles`.
#[derive(Debug, Args)]
pub struct OperatorRolesArgs {
    #[arg(value_name = "NAME")]
    pub name: String,
    #[arg(long, value_name = "ROLE,...", value_delimiter = ',', required = true)]
    pub role: Vec<OperatorRole>,
}

/// `rezept operator password`, `rezept operator retire`.
#[derive(Debug, Args)]
pub struct OperatorNameArgs {
    #[arg(value_name = "NAME")]
    pub name: String,
}
