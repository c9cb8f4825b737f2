//! `rezept recovery`: the key of the facility that exists only on paper. It is made here, written on one page, and its private
//! half is neither kept nor sent anywhere else.

mod sheet;

use rezept_codes::Code;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rezept_journal::{KeyKind, Timestamp};
use rezept_parcel::OpeningKey;
use rezept_service::keys::{make_key_folder, sheet_path};
use rezept_service::{Ask, Config, Outcome, PairAsk, Problem, Station};

use crate::cli::{Global, RecoveryCommand, SheetArgs};
use crate::commands::{actor, outcome, station};
use crate::json::SheetObject;
use crate::report::Failure;
use crate::shown::{local_time, shown};
use crate::ui::{Tone, Ui};
use rezept_codes::Exit;

/// Runs the command.
///
/// # Errors
/// When the station cannot work, or the sheet cannot be written.
pub fn run(command: &RecoveryCommand, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("recovery", &config, global, ui)?;
    match command {
        RecoveryCommand::Sheet(args) => {
            if !args.replace && has_recovery_key(&config)? {
                return Err(Problem::new(Code::RecoveryExists, "", "").into());
            }
            let made = make(&config, args, &mut |ask| station::work(&config, &actor, ask))?;
            let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
            match made {
                Ok(made) => tell(&made, ui),
                Err(done) => return outcome::tell(&done, &journal, None, ui),
            }
            Ok(Exit::Ok)
        }
        RecoveryCommand::Printed => printed(&config, ui),
    }
}

/// Makes the sheet of a station that was just made.
///
/// # Errors
/// When it cannot be written.
pub fn first_sheet(config: &Config, station: &mut Station, ui: &Ui) -> Result<(), Failure> {
    let args = SheetArgs { out: None, replace: false };
    match make(config, &args, &mut |ask| Ok(station.answer_for(None, ask)))? {
        Ok(made) => tell(&made, ui),
        Err(done) => {
            if let Some(problem) = done.problems.into_iter().next() {
                return Err(problem.into());
            }
        }
    }
    Ok(())
}

/// A sheet on the disk whose key is in use.
struct Made {
    path: PathBuf,
    recovery_key: String,
}

/// Makes a key, writes the sheet, and only then has the station use the key: a key in use without paper would open nothing
/// for anybody. `Err` inside: the station refused, and the sheet is gone.
fn make(
    config: &Config,
    args: &SheetArgs,
    ask: &mut dyn FnMut(&Ask) -> Result<Outcome, Failure>,
) -> Result<Result<Made, Outcome>, Failure> {
    let path = match &args.out {
        Some(path) => station::absolute(path),
        None => {
            make_key_folder(&config.data)?;
            let path = sheet_path(&config.data);
            // Of a key that is no longer used, or never was because the run that made it ended early.
            remove(&path)?;
            path
        }
    };
    let key = OpeningKey::generate();
    let recovery_key = key.recipient().to_string();
    let day = local_time(&Timestamp::now().to_string());
    let facts = sheet::Facts {
        facility: &config.facility_name,
        code: &config.facility.to_string(),
        day: day.split(' ').next().unwrap_or_default(),
        recovery_key: &recovery_key,
    };
    let page = sheet::page(&facts, &key);
    write(&path, page.as_bytes()).map_err(|source| Failure::Write { path: path.clone(), source })?;
    let done = ask(&Ask::Pair { ask: PairAsk::RecoveryMade { recipient: recovery_key.clone() } })?;
    if done.problems.is_empty() {
        return Ok(Ok(Made { path, recovery_key }));
    }
    remove(&path)?;
    Ok(Err(done))
}

/// Writes a new file that only this user may read, where the platform has such rights.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".rezept-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

fn remove(path: &Path) -> Result<bool, Failure> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Failure::Write { path: path.to_owned(), source }),
    }
}

fn tell(made: &Made, ui: &Ui) {
    ui.object(&SheetObject { path: &made.path.to_string_lossy(), recovery_key: &made.recovery_key });
    ui.line(&ui.say("recovery-made", &[("path", shown(&made.path).into())]));
    ui.note(&ui.paint_note(&ui.say("recovery-next", &[]), Tone::Careful));
}

fn has_recovery_key(config: &Config) -> Result<bool, Failure> {
    let Some(journal) = station::journal(config)? else { return Ok(false) };
    let keys = journal.own_keys().map_err(|error| Problem::from(&error))?;
    Ok(keys.iter().any(|key| key.kind == KeyKind::Recovery && key.superseded_at.is_none()))
}

/// The person says that the sheet is printed: the file goes.
fn printed(config: &Config, ui: &Ui) -> Result<Exit, Failure> {
    let path = sheet_path(&config.data);
    let id = if remove(&path)? { "recovery-removed" } else { "recovery-no-file" };
    ui.note(&ui.text().get(id, &[("path", shown(&path).into())]));
    Ok(Exit::Ok)
}
