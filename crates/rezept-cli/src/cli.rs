//! What can be typed: the sub-commands and options. Help texts are not here: `help` takes them from the sentences, by the
//! names of commands and arguments. A command appears here only when it works.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use rezept_text::{Lang, Text};

use crate::help;

mod audit;
mod media;
mod pair;
mod people;

pub use audit::{AuditCommand, AuditExportArgs, ExportFormat};
pub use media::{MediaCommand, MediumArgs, MediumReasonArgs};
pub use pair::{
    PairAcceptArgs, PairCommand, PairExportArgs, PairRevokeArgs, RecoverArgs, RecoveryCommand, SheetArgs,
};
pub use people::{OperatorCommand, OperatorNameArgs, OperatorRolesArgs};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "rezept", version)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that stand before or after the sub-command.
#[derive(Debug, Default, Args)]
pub struct Global {
    // Read by the commands of a station; the others take it too, so that scripts may always set it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    // Read by `Early` before anything else, and here only so that it is accepted and explained.
    #[arg(long, global = true, value_name = "LANG", value_parser = ["ja", "en"], hide_possible_values = true)]
    pub lang: Option<String>,
    // Not from clap's own reading of the environment: that would print the value in the help.
    #[arg(long, global = true, value_name = "NAME")]
    pub operator: Option<String>,
    #[arg(long, global = true)]
    pub pin_stdin: bool,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true, value_enum, value_name = "WHEN", hide_possible_values = true)]
    pub color: Option<ColorChoice>,
    #[arg(long, global = true)]
    pub reveal: bool,
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// The sub-commands, each with a file in `commands`.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(DemoArgs),
    Init(InitArgs),
    Watch,
    Send(SendArgs),
    Receive(ReceiveArgs),
    Exchange(ExchangeArgs),
    Cancel(DecideArgs),
    Verify(VerifyArgs),
    Show(ShowArgs),
    Status,
    Ledger(LedgerArgs),
    #[command(subcommand)]
    Held(HeldCommand),
    #[command(subcommand)]
    Audit(AuditCommand),
    #[command(subcommand)]
    Media(MediaCommand),
    ImportReturns(ImportArgs),
    #[command(subcommand)]
    Returns(ReturnsCommand),
    Resubmit(ResubmitArgs),
    #[command(subcommand)]
    Pair(PairCommand),
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    Recover(RecoverArgs),
    #[command(subcommand)]
    Operator(OperatorCommand),
    Doctor,
}

/// `rezept demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// `rezept init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    #[arg(long, value_name = "ROLE", value_parser = ["receipt-computer", "claim-terminal", "single"], hide_possible_values = true)]
    pub role: String,
    #[arg(long, value_name = "NAME")]
    pub name: String,
    #[arg(long, value_name = "NAME")]
    pub peer: Option<String>,
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    #[arg(long, value_name = "PREFECTURE-TABLE-CODE")]
    pub facility: String,
    #[arg(long, value_name = "NAME")]
    pub facility_name: String,
    #[arg(long, value_name = "DIR")]
    pub watch: PathBuf,
    #[arg(long, value_name = "DIR")]
    pub inbox: PathBuf,
    #[arg(long, value_name = "DIR")]
    pub medium: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub share: Option<PathBuf>,
    #[arg(long, value_name = "WHERE", value_parser = ["platform", "machine"], hide_possible_values = true)]
    pub key_store: Option<String>,
}

/// `rezept send`.
#[derive(Debug, Args)]
pub struct SendArgs {
    #[arg(value_name = "FILE", required_unless_present = "again")]
    pub files: Vec<PathBuf>,
    #[arg(long, value_name = "MEDIUM")]
    pub to: Option<PathBuf>,
    #[arg(long, value_name = "ID", conflicts_with = "files", requires = "to")]
    pub again: Option<String>,
    #[arg(long, value_name = "TEXT", requires = "again", value_parser = something_said)]
    pub reason: Option<String>,
    #[arg(long, conflicts_with = "again")]
    pub trial: bool,
}

/// `rezept receive`.
#[derive(Debug, Args)]
pub struct ReceiveArgs {
    #[arg(long, value_name = "MEDIUM")]
    pub from: PathBuf,
}

/// `rezept exchange`.
#[derive(Debug, Args)]
pub struct ExchangeArgs {
    #[arg(value_name = "MEDIUM")]
    pub medium: PathBuf,
}

/// `rezept ledger`.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 100, hide_default_value = true)]
    pub last: u32,
}

/// `rezept held`.
#[derive(Debug, Subcommand)]
pub enum HeldCommand {
    List,
    Release(DecideArgs),
    Refuse(DecideArgs),
}

/// `rezept held release`, `rezept held refuse`, `rezept cancel`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    #[arg(value_name = "ID")]
    pub id: String,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub reason: String,
}

/// A reason is journalled for ever: one that says nothing is none.
fn something_said(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("nothing is said") } else { Ok(text.to_owned()) }
}

/// `rezept import-returns`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
}

/// `rezept returns`.
#[derive(Debug, Subcommand)]
pub enum ReturnsCommand {
    List(FilterArgs),
    Show(ReturnShowArgs),
    Assign(AssignArgs),
    Note(NoteArgs),
    Edit(EditArgs),
    Close(CloseArgs),
    Reopen(ReopenArgs),
    Export(ExportArgs),
}

/// Which returned claims are meant.
#[derive(Debug, Args)]
pub struct FilterArgs {
    #[arg(long, value_name = "1|2", value_parser = ["1", "2"], hide_possible_values = true)]
    pub payer: Option<String>,
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    pub month: Option<String>,
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    pub service_month: Option<String>,
    #[arg(long, value_name = "STATE")]
    pub state: Vec<rezept_journal::ReturnState>,
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub department: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    #[arg(long)]
    pub overdue: bool,
    #[arg(long)]
    pub all: bool,
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
}

/// `rezept returns show`.
#[derive(Debug, Args)]
pub struct ReturnShowArgs {
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `rezept returns assign`.
#[derive(Debug, Args)]
pub struct AssignArgs {
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    #[arg(long, value_name = "NAME", required_unless_present = "due")]
    pub to: Option<String>,
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub due: Option<String>,
}

/// `rezept returns note`.
#[derive(Debug, Args)]
pub struct NoteArgs {
    #[arg(value_name = "ID")]
    pub id: String,
    #[arg(value_name = "TEXT", value_parser = something_said)]
    pub text: String,
}

/// `rezept returns edit`.
#[derive(Debug, Args)]
pub struct EditArgs {
    #[arg(value_name = "ID")]
    pub id: String,
    // A record that is taken out begins with a hyphen: `-JD[2]`.
    #[arg(value_name = "CHANGE", required_unless_present = "undo", allow_hyphen_values = true)]
    pub changes: Vec<String>,
    #[arg(long)]
    pub undo: bool,
}

/// `rezept returns close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    #[arg(long = "as", value_name = "STATE", value_parser = ["withdrawn", "other-body", "accepted"], hide_possible_values = true)]
    pub state: String,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub reason: String,
}

/// `rezept returns reopen`.
#[derive(Debug, Args)]
pub struct ReopenArgs {
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub reason: String,
}

/// `rezept returns export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub filter: FilterArgs,
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `rezept resubmit`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ResubmitArgs {
    #[command(subcommand)]
    pub command: Option<ResubmitCommand>,
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    #[arg(long, value_name = "1|2", required = true, value_parser = ["1", "2"], hide_possible_values = true)]
    pub payer: Option<String>,
    #[arg(long, value_name = "YYYY-MM", required = true, value_parser = month)]
    pub month: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub corrected: Option<PathBuf>,
    #[arg(long, requires = "corrected")]
    pub alone: bool,
    #[arg(long, requires = "reason", conflicts_with = "corrected")]
    pub as_is: bool,
    #[arg(long, requires = "reason")]
    pub force: bool,
    #[arg(long, value_name = "TEXT", value_parser = something_said)]
    pub reason: Option<String>,
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[arg(long)]
    pub yes: bool,
}

/// `rezept resubmit verify`, `list`, `cancel`.
#[derive(Debug, Subcommand)]
pub enum ResubmitCommand {
    Verify(ResubmitVerifyArgs),
    List,
    Cancel(DecideArgs),
}

/// `rezept resubmit verify`.
#[derive(Debug, Args)]
pub struct ResubmitVerifyArgs {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// A calendar month, `YYYY-MM`.
fn month(text: &str) -> Result<String, &'static str> {
    let digits = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2);
    let month =
        digits.and_then(|(year, month)| rezept_claim::Month::parse(format!("{year}{month}").as_bytes()));
    month.map(|month| month.to_string()).ok_or("not a month")
}

/// A day of the calendar, `YYYY-MM-DD`.
fn day(text: &str) -> Result<String, &'static str> {
    text.parse::<jiff::civil::Date>().map(|day| day.to_string()).map_err(|_| "not a day")
}

/// `rezept show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `rezept verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}

/// What must be known before the command line is understood, because its errors and help depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Early {
    pub lang: Lang,
    pub json: bool,
    pub color: ColorChoice,
}

impl Early {
    /// Looks at the words typed, then at the environment. The first word is the program's own name.
    pub fn of(words: &[OsString]) -> Self {
        Self::from_words(words, |name| std::env::var(name).ok())
    }

    fn from_words(words: &[OsString], env: impl Fn(&str) -> Option<String>) -> Self {
        let words: Vec<&str> =
            words.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--").collect();
        let option = |name: &str| {
            let inline = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            let next =
                || words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1).copied());
            inline.or_else(next)
        };
        let named = option("--lang").and_then(|word| word.parse().ok());
        // Not the system's locale: a clinic's Linux is often installed in English, and its clerks read Japanese.
        let locale = env("REZEPT_LANG").filter(|value| !value.is_empty());
        let color = option("--color").and_then(|word| ColorChoice::from_str(word, false).ok());
        Self {
            lang: named.or_else(|| Lang::of_locale(&locale?)).unwrap_or_default(),
            json: words.contains(&"--json"),
            color: color.unwrap_or_default(),
        }
    }
}

/// The definitions above with help in the language of `text`.
pub fn command(text: &Text) -> clap::Command {
    help::localise(Cli::command(), text)
}

/// Understands the command line.
///
/// # Errors
/// Also for `--help` and `--version`, as clap has it.
pub fn parse(words: Vec<OsString>, early: &Early) -> Result<Cli, clap::Error> {
    let matches = command(&Text::new(early.lang)).try_get_matches_from(words)?;
    Cli::from_arg_matches(&matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn early(line: &str, env: &[(&str, &str)]) -> Early {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Early::from_words(&words, |name| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn japanese_unless_english_is_asked_for() {
        for (line, env, lang) in [
            ("rezept show x", &[][..], Lang::Ja),
            ("rezept show x", &[("LANG", "C.UTF-8")], Lang::Ja),
            ("rezept show x", &[("LANG", "en_US.UTF-8")], Lang::Ja),
            ("rezept show x", &[("REZEPT_LANG", "en_US.UTF-8")], Lang::En),
            ("rezept show x --lang en", &[("REZEPT_LANG", "ja")], Lang::En),
            ("rezept --lang=en show x", &[], Lang::En),
            ("rezept --lang=xx show x", &[("REZEPT_LANG", "en")], Lang::En),
            ("rezept show -- --lang=en", &[], Lang::Ja),
        ] {
            assert_eq!(early(line, env).lang, lang, "{line} {env:?}");
        }
    }

    #[test]
    fn the_definitions_are_sound_in_both_languages() {
        for &lang in Lang::ALL {
            command(&Text::new(lang)).debug_assert();
        }
    }

    #[test]
    fn global_options_stand_before_or_after() {
        for line in ["rezept --json show x", "rezept show x --json", "rezept show --json x"] {
            let words = line.split(' ').map(OsString::from).collect();
            assert!(parse(words, &early(line, &[])).unwrap().global.json, "{line}");
        }
    }
}
