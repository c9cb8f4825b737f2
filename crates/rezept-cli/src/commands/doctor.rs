//! `rezept doctor`: what a person on the phone needs to know of this installation. No patient's data, no claim contents.

use std::path::Path;

use rezept_journal::Fitness;
use rezept_service::keys::{SecretPlace, check_keys, sheet_path};
use rezept_service::{
    Config, DEPTH_LIMIT, Problem, Role, disk_of, lacks_approver, may_stand_readable, try_to_write,
};
use rezept_transfer::os::OsVolume;
use rezept_transfer::volume::{EntryKind, FailureKind, RelPath, Volume, VolumeResult};

use crate::cli::Global;
use crate::commands::{audit, station};
use crate::json::CheckObject;
use crate::report::Failure;
use crate::shown::shown_text;
use crate::ui::{Tone, Ui};
use rezept_codes::{Code, Exit};

/// So many names of a watched folder are looked at: a diagnosis must come to an end.
const DOCTOR_ENTRIES: usize = 20_000;

/// How one check came out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    Mind(Code),
    Wrong(Code),
}

/// Runs the command. Exit 0 when everything is fine, else the gravest of what was found.
///
/// # Errors
/// When there is no configuration, or it is refused.
pub fn run(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let mut doctor = Doctor { ui, exit: Exit::Ok };
    doctor.tell("version", Verdict::Fine, env!("CARGO_PKG_VERSION"));
    doctor.tell("system", Verdict::Fine, &format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    let config = station::config(global)?;
    let role = match config.role {
        Role::ReceiptComputer => "receipt-computer",
        Role::ClaimTerminal => "claim-terminal",
        Role::Single => "single",
    };
    doctor.tell("station", Verdict::Fine, &format!("{} ({role})", config.name));
    doctor.tell("facility", Verdict::Fine, &config.facility.to_string());
    doctor.data(&config);
    doctor.journal(&config);
    doctor.people(&config);
    doctor.scanner(&config);
    doctor.keys(&config);
    doctor.pairing(&config);
    for route in &config.routes {
        doctor.watch(&route.watch);
    }
    for inbox in &config.inboxes {
        doctor.inbox(&inbox.folder);
    }
    for medium in &config.media {
        doctor.medium(&medium.path);
    }
    Ok(doctor.exit)
}

struct Doctor<'a> {
    ui: &'a Ui,
    exit: Exit,
}

impl Doctor<'_> {
    fn tell(&mut self, name: &str, verdict: Verdict, detail: &str) {
        let (word, code, tone) = match verdict {
            Verdict::Fine => ("ok", None, Tone::Good),
            Verdict::Mind(code) => ("warning", Some(code), Tone::Careful),
            Verdict::Wrong(code) => ("error", Some(code), Tone::Bad),
        };
        if let Verdict::Wrong(code) = verdict {
            self.exit = self.exit.and(code.exit());
        }
        self.ui.object(&CheckObject { name, verdict: word, detail, code: code.map(Code::as_str) });
        let label = self.ui.text().get(&format!("doctor-{name}"), &[]);
        let mark = self.ui.text().get(&format!("doctor-verdict-{word}"), &[]);
        let code = code.map_or("", Code::as_str);
        self.ui.line(
            format!("{} {label}  {} {code}", self.ui.paint(&mark, tone), shown_text(detail)).trim_end(),
        );
    }

    fn data(&mut self, config: &Config) {
        let at = config.data.to_string_lossy();
        if !config.data.is_dir() {
            return self.tell("data", Verdict::Mind(Code::DataFolderFailed), &at);
        }
        if let Err(error) = try_to_write(&config.data) {
            return self.tell("data", Verdict::Wrong(Code::DataFolderFailed), &format!("{at}: {error}"));
        }
        match disk_of(&config.data) {
            Ok(disk) => {
                let verdict = match disk.fitness() {
                    Fitness::Fit => Verdict::Fine,
                    Fitness::Unknown => Verdict::Mind(Code::DiskUnknown),
                    Fitness::Unfit => Verdict::Wrong(Code::UnfitDisk),
                };
                self.tell("data", verdict, &format!("{at} ({})", disk.file_system));
            }
            Err(error) => self.tell("data", Verdict::Wrong(Code::DataFolderFailed), &error.to_string()),
        }
    }

    fn journal(&mut self, config: &Config) {
        let found = station::journal(config).and_then(|journal| {
            let Some(journal) = journal else { return Ok(None) };
            Ok(Some(audit::follow(&journal).map_err(|error| Problem::from(&error))?))
        });
        match found {
            Ok(None) => self.tell("journal", Verdict::Fine, "-"),
            Ok(Some(chain)) if chain.is_sound() => {
                self.tell("journal", Verdict::Fine, &chain.entries.to_string())
            }
            Ok(Some(chain)) => {
                self.tell("journal", Verdict::Wrong(Code::AuditBroken), &audit::first_wrong(&chain));
            }
            Err(failure) => self.tell("journal", Verdict::Wrong(failure.code()), &failure.to_string()),
        }
    }

    fn people(&mut self, config: &Config) {
        let found = station::journal(config).and_then(|journal| {
            let Some(journal) = journal else { return Ok((0, config.policy.approval)) };
            let failed = |error: rezept_journal::JournalError| Failure::from(Problem::from(&error));
            let active = journal.operators().map_err(failed)?.iter().filter(|row| row.is_active()).count();
            Ok((active, lacks_approver(config, &journal)?))
        });
        match found {
            Ok((active, false)) => self.tell("people", Verdict::Fine, &active.to_string()),
            Ok((active, true)) => {
                self.tell("people", Verdict::Wrong(Code::NoApprover), &active.to_string());
            }
            // What is wrong with the journal was told before.
            Err(failure) => self.tell("people", Verdict::Wrong(failure.code()), "-"),
        }
    }

    /// Where no scanner is configured there is nothing to tell.
    fn scanner(&mut self, config: &Config) {
        let Some(scanner) = &config.scanner else { return };
        match scanner.ready(jiff::Timestamp::now()) {
            Ok(said) => self.tell("scanner", Verdict::Fine, &said),
            Err((code, cause)) => {
                self.tell("scanner", Verdict::Wrong(code), &cause);
            }
        }
    }

    fn keys(&mut self, config: &Config) {
        // What is wrong with the journal was told before.
        let journal = station::journal(config).ok().flatten();
        match check_keys(config, journal.as_ref()) {
            Ok(None) => self.tell("keys", Verdict::Fine, "-"),
            Ok(Some(SecretPlace::Folder)) => {
                self.tell("keys", Verdict::Mind(Code::KeysUnbound), SecretPlace::Folder.word());
            }
            Ok(Some(place)) => self.tell("keys", Verdict::Fine, place.word()),
            Err(problem) => {
                let code = problem.code.known().unwrap_or(Code::CannotHappen);
                self.tell("keys", Verdict::Wrong(code), &problem.detail);
            }
        }
        let sheet = sheet_path(&config.data);
        if sheet.exists() {
            self.tell("sheet", Verdict::Mind(Code::SheetUnprinted), &sheet.to_string_lossy());
        }
    }

    /// Where nothing can be carried away there is nothing to tell.
    fn pairing(&mut self, config: &Config) {
        // What is wrong with the journal was told before.
        let journal = station::journal(config).ok().flatten();
        if may_stand_readable(config, journal.as_ref()) {
            self.tell("pairing", Verdict::Mind(Code::ReadableOnStick), "-");
        }
    }

    /// Looks at every folder below, as the service does, up to a bound.
    fn watch(&mut self, folder: &Path) {
        let at = folder.to_string_lossy();
        let mut unseen = Unseen::default();
        let looked = OsVolume::open(folder).and_then(|volume| {
            unseen.look(&volume, &RelPath::ROOT, 0)?;
            Ok(volume.facts())
        });
        match (looked, unseen.first) {
            (Ok(facts), None) => self.tell("watch", Verdict::Fine, &format!("{at} ({})", facts.file_system)),
            (Ok(_), Some((code, place))) => {
                self.tell("watch", Verdict::Mind(code), &format!("{at}: {place} ({})", unseen.count));
            }
            (Err(error), _) => {
                let cause = format!("{at}: {}", error.source);
                self.tell("watch", Verdict::Wrong(Code::FolderUnavailable), &cause);
            }
        }
    }

    /// Really writes: rights can look right and be wrong.
    fn inbox(&mut self, folder: &Path) {
        let at = folder.to_string_lossy();
        match OsVolume::open(folder) {
            Err(error) => {
                let cause = format!("{at}: {}", error.source);
                self.tell("inbox", Verdict::Wrong(Code::FolderUnavailable), &cause);
            }
            Ok(volume) => match try_to_write(folder) {
                Ok(()) => {
                    let facts = volume.facts();
                    self.tell("inbox", Verdict::Fine, &format!("{at} ({})", facts.file_system));
                }
                Err(error) => {
                    let full = error.kind() == std::io::ErrorKind::StorageFull;
                    let code = if full { Code::FolderFull } else { Code::FolderNotWritable };
                    self.tell("inbox", Verdict::Wrong(code), &format!("{at}: {error}"));
                }
            },
        }
    }

    /// A stick that is not plugged in is nothing wrong.
    fn medium(&mut self, path: &Path) {
        let at = path.to_string_lossy();
        match OsVolume::open(path) {
            Ok(volume) => {
                let facts = volume.facts();
                let free = volume
                    .free_bytes()
                    .ok()
                    .flatten()
                    .map_or_else(|| "?".to_owned(), |free| free.to_string());
                self.tell("medium", Verdict::Fine, &format!("{at} ({}, {free})", facts.file_system));
            }
            Err(error) if error.kind() == FailureKind::Gone => {
                self.tell("medium", Verdict::Mind(Code::MediumMissing), &at);
            }
            Err(error) => self.tell("medium", Verdict::Wrong(Code::MediumFailed), &error.to_string()),
        }
    }
}

/// What nobody can look at in a watched folder.
#[derive(Default)]
struct Unseen {
    looked: usize,
    count: usize,
    first: Option<(Code, String)>,
}

impl Unseen {
    fn look(&mut self, volume: &OsVolume, folder: &RelPath, depth: usize) -> VolumeResult<()> {
        let entries = match volume.list(folder) {
            Ok(entries) => entries.unwrap_or_default(),
            Err(error) if *folder == RelPath::ROOT || error.kind() == FailureKind::Gone => return Err(error),
            Err(_) => {
                self.note(Code::SubfolderUnreadable, folder.as_str());
                return Ok(());
            }
        };
        for entry in entries {
            self.looked += 1;
            if self.looked > DOCTOR_ENTRIES {
                return Ok(());
            }
            let path = entry.name.as_ref().ok().and_then(|name| folder.join(name));
            match path {
                None => self.note(Code::NameNotCarried, &entry.name.unwrap_or_else(|shown| shown)),
                Some(path) if entry.meta.kind != EntryKind::Folder => drop(path),
                Some(path) if depth < DEPTH_LIMIT => self.look(volume, &path, depth + 1)?,
                Some(path) => self.note(Code::TooDeep, path.as_str()),
            }
        }
        Ok(())
    }

    fn note(&mut self, code: Code, place: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| (code, place.to_owned()));
    }
}
