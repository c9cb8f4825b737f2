//! `rezept audit export`: the history for an inspector, with everything that its hashes cover. It changes nothing, and writes
//! down a broken history as it is, saying so.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use rezept_journal::{Journal, Timestamp};
use rezept_service::{Config, Problem};

use super::form::{COLUMNS, Head, Writer};
use crate::cli::{AuditExportArgs, ExportFormat, Global};
use crate::commands::station;
use crate::report::{Failure, Report, causes};
use crate::shown::shown;
use crate::ui::Ui;
use rezept_codes::{Code, Exit};

/// Entries that are read at once.
const PAGE: u32 = 1000;

/// Names of the columns; their headings are `audit-column-<name>`.
const NAMES: [&str; COLUMNS] = ["seq", "at", "actor", "subject", "from", "to", "note", "sha256"];

/// Why an export ended early.
enum Stop {
    /// The journal could not be read.
    Journal(Failure),
    /// The export could not be written.
    Write(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Runs the command. A broken history is written down all the same and ends with exit 6.
///
/// # Errors
/// When there is no configuration, the journal cannot be read, or standard output cannot be written.
pub fn run(args: &AuditExportArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let usual = if global.json { ExportFormat::Jsonl } else { ExportFormat::Csv };
    let format = args.format.unwrap_or(usual);
    if global.json && format == ExportFormat::Csv && args.out.is_none() {
        let report = Report::new(Code::WordsConflict)
            .with("argument", "--format csv".to_owned())
            .with("value", "--json".to_owned());
        return Ok(told(&report, ui));
    }
    let config = station::config(global)?;
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let Some(head) = head_of(args, &config, &journal)? else {
        let last = journal.checkpoint().map_err(|error| Problem::from(&error))?.seq;
        return Ok(told(&Report::new(Code::EntriesMissing).with("value", last.to_string()), ui));
    };
    let headings = NAMES.map(|name| ui.say(&format!("audit-column-{name}"), &[]));
    let broken = match &args.out {
        None => {
            let out = BufWriter::new(ui.stream());
            match write(
                &journal,
                &head,
                Writer::begin(out, format, &head, &headings).map_err(Failure::Print)?,
            ) {
                Ok(broken) => broken,
                Err(Stop::Journal(failure)) => return Err(failure),
                Err(Stop::Write(error)) => return Err(Failure::Print(error)),
            }
        }
        Some(path) => match to_file(path, format, &journal, &head, &headings) {
            Ok(broken) => {
                ui.object(&head.object());
                let n = head.last - head.first + 1;
                ui.note(&ui.say("audit-exported", &[("n", n.into()), ("path", shown(path).into())]));
                broken
            }
            Err(Stop::Journal(failure)) => return Err(failure),
            Err(Stop::Write(error)) => {
                let mut report = Report::new(Code::ExportNotWritten).at(shown(path));
                report.detail = causes(&Failure::Print(error));
                return Ok(told(&report, ui));
            }
        },
    };
    Ok(broken.map_or(Exit::Ok, |entry| told(&Report::new(Code::AuditBroken).at(format!("#{entry}")), ui)))
}

fn told(report: &Report, ui: &Ui) -> Exit {
    ui.report(report);
    report.exit()
}

/// What stands before the entries; `None` when there are no such entries.
fn head_of(args: &AuditExportArgs, config: &Config, journal: &Journal) -> Result<Option<Head>, Failure> {
    let failed = |error: rezept_journal::JournalError| Failure::from(Problem::from(&error));
    let end = journal.checkpoint().map_err(failed)?.seq;
    let (first, last) = (args.from.unwrap_or(1), args.to.unwrap_or(end));
    if first == 0 || first > last || last > end {
        return Ok(None);
    }
    let before = journal.entry_hash(first - 1).map_err(failed)?;
    Ok(Some(Head {
        exported_at: Timestamp::now().to_string(),
        station: config.name.to_string(),
        facility: config.facility.to_string(),
        first,
        last,
        // Where the entry before was removed, nothing fits: the first one is found to be broken.
        before: before.unwrap_or_default(),
    }))
}

/// Writes the entries. The first one that does not fit, if one does not.
fn write<W: Write>(journal: &Journal, head: &Head, mut writer: Writer<W>) -> Result<Option<u64>, Stop> {
    let mut hash = head.before;
    let mut next = head.first;
    let mut broken = None;
    while next <= head.last {
        let page = journal
            .history_from(next, PAGE)
            .map_err(|error| Stop::Journal(Failure::from(Problem::from(&error))))?;
        let Some(end) = page.last().map(|row| row.seq) else { break };
        for row in page.iter().filter(|row| row.seq <= head.last) {
            if row.seq != next || row.hash_behind(&hash) != row.hash {
                broken.get_or_insert(next.min(row.seq));
            }
            hash = row.hash;
            next = row.seq.saturating_add(1);
            writer.entry(row)?;
        }
        next = next.max(end.saturating_add(1));
    }
    writer.finish()?;
    Ok(broken)
}

fn to_file(
    path: &Path,
    format: ExportFormat,
    journal: &Journal,
    head: &Head,
    headings: &[String; COLUMNS],
) -> Result<Option<u64>, Stop> {
    let target = crate::private_file::create_new(path)?;
    let written = Writer::begin(BufWriter::new(&target), format, head, headings)
        .map_err(Stop::Write)
        .and_then(|writer| write(journal, head, writer))
        .and_then(|broken| Ok(target.sync_all().map(|()| broken)?));
    if written.is_err() {
        // Half an export proves nothing.
        let _ = std::fs::remove_file(path);
    }
    written
}
