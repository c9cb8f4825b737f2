//! What can be typed about keys and other stations: `rezept pair`, `rezept recovery`. Secrets are never among it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::something_said;

/// `rezept pair`.
#[derive(Debug, Subcommand)]
pub enum PairCommand {
    Export(PairExportArgs),
    Accept(PairAcceptArgs),
    List,
    Revoke(PairRevokeArgs),
    Rotate,
}

/// `rezept pair export`.
#[derive(Debug, Args)]
pub struct PairExportArgs {
    #[arg(long, value_name = "MEDIUM")]
    pub to: PathBuf,
    #[arg(long, requires = "reason")]
    pub new_keys: bool,
    #[arg(long, value_name = "TEXT", requires = "new_keys", value_parser = something_said)]
    pub reason: Option<String>,
}

/// `rezept pair accept`.
#[derive(Debug, Args)]
pub struct PairAcceptArgs {
    #[arg(long, value_name = "MEDIUM")]
    pub from: PathBuf,
    #[arg(long, value_name = "NAME")]
    pub peer: Option<String>,
    // No secret: both screens show it.
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub reason: Option<String>,
}

/// `rezept pair revoke`.
#[derive(Debug, Args)]
pub struct PairRevokeArgs {
    #[arg(value_name = "NAME")]
    pub name: String,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub reason: String,
}

/// `rezept recovery`.
#[derive(Debug, Subcommand)]
pub enum RecoveryCommand {
    Sheet(SheetArgs),
    Printed,
}

/// `rezept recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    #[arg(value_name = "PARCEL")]
    pub path: PathBuf,
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    #[arg(long, value_name = "KEY|FILE")]
    pub public_key: Option<String>,
}

/// `rezept recovery sheet`.
#[derive(Debug, Args)]
pub struct SheetArgs {
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[arg(long)]
    pub replace: bool,
}
