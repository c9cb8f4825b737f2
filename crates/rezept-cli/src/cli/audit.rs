//! What can be typed about the history: `rezept audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `rezept audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    Verify(AuditVerifyArgs),
    Export(AuditExportArgs),
}

/// `rezept audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
}

/// `rezept audit export`.
#[derive(Debug, Args)]
pub struct AuditExportArgs {
    #[arg(long, value_name = "FORMAT", value_enum, hide_possible_values = true)]
    pub format: Option<ExportFormat>,
    #[arg(long, value_name = "N")]
    pub from: Option<u64>,
    #[arg(long, value_name = "N")]
    pub to: Option<u64>,
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How an exported history is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// For a spreadsheet.
    Csv,
    /// One object a line.
    Jsonl,
}
