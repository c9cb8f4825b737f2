//! Importing return files: first the bytes into the store by the write rules, then their claims into the journal in one
//! transaction. Killed anywhere, a file is imported or it is not, and offering it again does no harm.

use rezept_codes::{Code, StoredCode};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use rezept_claim::{
    Date, Depth, FacilityCode, FileFacts, Month, PointTable, Prefecture, ReturnKind, copy_through,
};
use rezept_journal::{
    ImportStart, Imported, NewReturnFile, NewReturnedClaim, Reason, ReturnFileState, ReturnImport,
    ReturnedReason, Stretch, make_data_folder,
};
use rezept_returns::damage::{self, Damage, OwnFacility};
use rezept_returns::sources::{self, SourceError};
use rezept_returns::{ReturnReader, ReturnedClaim, due};
use rezept_transfer::volume::{FailureKind, RelPath, Volume};
use rezept_transfer::{Digest, read_hashed};
use serde::{Deserialize, Serialize};

use super::store::{FOLDER, name_of};
use crate::config::Role;
use crate::problem::Problem;
use crate::send::Outcome;
use crate::station::{Station, key};

/// Folders inside the folders that a person names.
const DEPTH: usize = 8;

/// What became of one return file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileImport {
    /// As it was found; `ARCHIVE/MEMBER` inside an archive.
    pub name: String,
    /// Its row.
    pub file: i64,
    /// Claims in it; 0 while it waits for a person.
    pub claims: u64,
    /// Claims that are new.
    pub new: u64,
    /// Claims that were known.
    pub known: u64,
    /// It waits for a person.
    pub held: bool,
}

/// A return file that stands in the store.
struct Arrived {
    name: String,
    stored: RelPath,
    file: NewReturnFile,
}

impl Station {
    /// Imports files, folders and archives. What is damaged is told, the others are imported all the same.
    pub(crate) fn import_returns(&mut self, paths: &[PathBuf]) -> Outcome {
        let mut outcome = Outcome::default();
        let store = match self.open_store() {
            Ok(store) => store,
            Err(problem) => return Outcome::problem(problem),
        };
        for path in paths {
            self.import_path(&store, path, true, DEPTH, &mut outcome);
        }
        outcome
    }

    /// Opens the store, making it on first use, and removes what an interrupted import left.
    fn open_store(&mut self) -> Result<String, Problem> {
        let folder = self.config.data.join(FOLDER);
        make_data_folder(&folder)?;
        let root = self.open_volume(&folder)?;
        let volume = self.volumes.get(&root)?;
        for found in volume.list(&RelPath::ROOT)?.unwrap_or_default() {
            if let Ok(name) = found.name
                && name.ends_with(".part")
                && let Some(path) = RelPath::new(&name)
            {
                volume.remove_file(&path)?;
            }
        }
        Ok(root)
    }

    /// A file or folder. Inside a folder, what is no return file is passed over: downloads lie beside other papers.
    fn import_path(&mut self, store: &str, path: &Path, named: bool, depth: usize, outcome: &mut Outcome) {
        let meta = match fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(error) => {
                let missing = error.kind() == std::io::ErrorKind::NotFound;
                let code = if missing { Code::NoSuchFile } else { Code::CannotOpen };
                return outcome.problems.push(Problem::new(code, key(path), error.to_string()));
            }
        };
        if meta.is_dir() {
            match fs::read_dir(path).and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect()) {
                Ok(entries) => {
                    let mut entries: Vec<PathBuf> = entries;
                    entries.sort();
                    for entry in entries.iter().filter(|_| depth > 0) {
                        self.import_path(store, entry, false, depth - 1, outcome);
                    }
                }
                Err(error) => {
                    outcome.problems.push(Problem::new(Code::CannotOpen, key(path), error.to_string()));
                }
            }
        } else if meta.is_file() {
            self.import_file(store, path, named, outcome);
        } else if named {
            let code = if meta.is_symlink() { Code::IsALink } else { Code::NotAFile };
            outcome.problems.push(Problem::new(code, key(path), ""));
        }
    }

    fn import_file(&mut self, store: &str, path: &Path, named: bool, outcome: &mut Outcome) {
        let source = match File::open(path) {
            Ok(source) => source,
            Err(error) => {
                let problem = Problem::new(Code::CannotOpen, key(path), error.to_string());
                return outcome.problems.push(problem);
            }
        };
        let mut number = 0;
        let shown = key(path);
        let done = sources::members(&shown, source, &mut |name, from| {
            number += 1;
            // Alone under its own name a file must be a return file; in an archive or folder it may be something else.
            let alone = named && name == shown;
            match self.import_one(store, name, from) {
                Ok(import) => {
                    if import.held {
                        outcome.held.push(format!("I{}", import.file));
                    }
                    outcome.imports.push(import);
                }
                Err(refused) if !alone && is_something_else(&refused.code) && !is_named_so(name) => {}
                Err(refused) => outcome.problems.push(refused),
            }
            Ok::<(), Problem>(())
        });
        match done {
            Ok(_) => {}
            Err(SourceError::Member(refused)) => outcome.problems.push(refused),
            Err(SourceError::Read(error)) => {
                outcome.problems.push(Problem::new(Code::CannotOpen, shown, error.to_string()));
            }
            Err(error) => outcome.problems.push(Problem::new(Code::RetBadArchive, shown, error.to_string())),
        }
    }

    /// One file: into the store, then into the journal.
    fn import_one(&mut self, store: &str, name: &str, from: &mut dyn Read) -> Result<FileImport, Problem> {
        let arrived = self.take_into_store(store, name, from)?;
        let imported = self.import_stored(store, &arrived);
        // What no row names need not stay: it holds patients' data.
        if imported.is_err() && self.journal.return_file_by_sha256(&arrived.file.sha256)?.is_none() {
            self.volumes.get(store)?.remove_file(&arrived.stored)?;
        }
        imported
    }

    /// Copies a file into the store under the hash of its bytes, unless something is wrong with it.
    fn take_into_store(&mut self, store: &str, name: &str, from: &mut dyn Read) -> Result<Arrived, Problem> {
        let own = own_facility(&self.config.facility)
            .ok_or_else(|| Problem::new(Code::ConfigBadValue, "facility", ""))?;
        let volume = self.volumes.get(store)?;
        let part = rel(&part_name((self.world.random)()))?;
        let mut target = volume.create_new(&part)?;
        let copied = read_hashed(from, |from| copy_through(from, &mut target, Depth::Totals, &mut |_| {}));
        let (facts, digest, size_bytes) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                drop(target);
                let _ = volume.remove_file(&part);
                return Err(Problem::new(Code::CannotOpen, name, error.to_string()));
            }
        };
        let closed = target.close();
        let kind = facts.return_kind.unwrap_or(ReturnKind::First).as_str();
        let refused = damage::judge(&facts, &own).map(|damage| of_damage(damage, name, &facts));
        let stored = rel(&name_of(&digest.0, kind))?;
        let settle = || -> Result<(), Problem> {
            closed.map_err(|error| Problem::new(Code::MediumFailed, name, error.to_string()))?;
            if let Some(refused) = refused {
                return Err(refused);
            }
            volume.flush(std::slice::from_ref(&part))?;
            match volume.rename_new(&part, &stored) {
                // Its name is its hash: what stands there are these bytes, unless they were damaged since.
                Err(error) if error.kind() == FailureKind::Exists => {
                    if is_sound(volume, &stored, &digest) {
                        volume.remove_file(&part)?;
                    } else {
                        volume.remove_file(&stored)?;
                        volume.rename_new(&part, &stored)?;
                    }
                }
                renamed => {
                    renamed?;
                }
            }
            Ok(volume.flush_folder(&RelPath::ROOT)?)
        };
        if let Err(problem) = settle() {
            let _ = volume.remove_file(&part);
            return Err(problem);
        }
        let file = new_file(&facts, digest, size_bytes, kind, name, &self.config.facility.to_string())
            .ok_or_else(|| Problem::new(Damage::Unidentified.code(), name, ""))?;
        Ok(Arrived { name: name.to_owned(), stored, file })
    }

    fn import_stored(&mut self, store: &str, arrived: &Arrived) -> Result<FileImport, Problem> {
        let today = today(self.world.clock.now());
        let mut source = self.volumes.get(store)?.open(&arrived.stored)?;
        let waits = Reason::new(Code::RetOtherContent, arrived.name.clone());
        let done = |file, claims, new, known| FileImport {
            name: arrived.name.clone(),
            file,
            claims,
            new,
            known,
            held: false,
        };
        let known = match self.journal.start_import(&arrived.file, &waits)? {
            ImportStart::New(import) => {
                let imported = add_claims(import, &mut *source, arrived, today)?;
                return Ok(done(imported.file, imported.claims, imported.new, imported.known));
            }
            ImportStart::Known { file } => file,
            ImportStart::Held { file } => return Ok(FileImport { held: true, ..done(file, 0, 0, 0) }),
            ImportStart::Refused { file } => {
                return Err(Problem::new(Code::RetRefusedBefore, arrived.name.clone(), format!("I{file}")));
            }
        };
        let row = self.journal.return_file(known)?;
        Ok(done(known, row.claims, 0, row.claims))
    }

    /// Imports what a person released.
    pub(crate) fn import_released(&mut self, file: i64) -> Result<FileImport, Problem> {
        let store = self.open_store()?;
        let row = self.journal.return_file(file)?;
        let stored = rel(&name_of(&row.sha256, &row.return_file))?;
        let file = NewReturnFile {
            sha256: row.sha256,
            size_bytes: row.size_bytes,
            name: row.name.clone(),
            return_file: row.return_file,
            payer: row.payer,
            processed_month: row.processed_month,
            facility: row.facility,
            volume: row.volume,
            family: row.family,
        };
        self.import_stored(&store, &Arrived { name: row.name, stored, file })
    }

    /// Imports the return files that arrived in the inboxes of this station, and those that a person released.
    pub(crate) fn import_arrived(&mut self, outcome: &mut Outcome) -> Result<(), Problem> {
        for waiting in self.journal.waiting_return_files()? {
            if waiting.state == ReturnFileState::Released {
                outcome.imports.push(self.import_released(waiting.id)?);
            }
        }
        if self.config.role == Role::ClaimTerminal {
            return Ok(());
        }
        let arrived = self.journal.arrived_returns()?;
        if arrived.is_empty() {
            return Ok(());
        }
        let store = self.open_store()?;
        for (inbox, destination) in arrived {
            let path = Path::new(&inbox).join(&destination);
            if !path.is_file() {
                // Staff took it out of the inbox; they import it from where they put it.
                continue;
            }
            let mut one = Outcome::default();
            self.import_file(&store, &path, true, &mut one);
            for problem in one.problems {
                self.journal.raise(&Reason::new(&problem.code, problem.detail.clone()), &problem.place)?;
            }
            outcome.imports.extend(one.imports);
            outcome.held.extend(one.held);
        }
        Ok(())
    }
}

/// Reads the claims of a stored file into the journal. Dropping the import, as every failure does, leaves no trace.
fn add_claims(
    mut import: Box<ReturnImport<'_>>,
    source: &mut dyn Read,
    arrived: &Arrived,
    today: Date,
) -> Result<Imported, Problem> {
    let mut reader = ReturnReader::new(source);
    let unreadable = |error: rezept_claim::ReadError| {
        Problem::new(Code::CannotOpen, arrived.name.clone(), error.to_string())
    };
    while let Some(claim) = reader.next_claim().map_err(unreadable)? {
        if claim.spreadsheet {
            let place = format!("{}:{}", arrived.name, claim.first_line);
            return Err(Problem::new(Damage::Spreadsheet.code(), place, ""));
        }
        import.add(&row_of(&claim, &arrived.file, today))?;
    }
    if let Some(damage) = reader.damage() {
        return Err(Problem::new(damage.code(), arrived.name.clone(), ""));
    }
    Ok(import.finish()?)
}

/// A name for what is being written; `.part` names are swept when nobody writes.
pub(super) fn part_name(random: [u8; 16]) -> String {
    let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".rezept-{id}.part")
}

pub(super) fn rel(name: &str) -> Result<RelPath, Problem> {
    RelPath::new(name).ok_or_else(|| Problem::new(Code::CannotHappen, name, ""))
}

fn is_sound(volume: &dyn Volume, stored: &RelPath, wanted: &Digest) -> bool {
    let Ok(mut from) = volume.open(stored) else { return false };
    let drained = read_hashed(&mut *from, |from| std::io::copy(from, &mut std::io::sink()));
    drained.is_ok_and(|(_, digest, _)| digest == *wanted)
}

/// What may lie beside return files without being worth a word.
fn is_something_else(code: &StoredCode) -> bool {
    use Damage as D;
    [D::Pdf, D::ClaimFile, D::Notice, D::Unknown, D::Empty, D::WebPage, D::Encoding, D::Archive]
        .iter()
        .any(|damage| *code == damage.code())
}

/// Whether the name says that it should be a return file: then what is wrong with it is told.
fn is_named_so(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let upper = upper.strip_suffix(".TXT").unwrap_or(&upper);
    upper.ends_with(".HEN") || upper.ends_with(".SAH")
}

fn of_damage(damage: Damage, name: &str, facts: &FileFacts) -> Problem {
    let detail = match damage {
        Damage::Foreign => facts.facility.map(|code| code.to_string()).unwrap_or_default(),
        _ => String::new(),
    };
    Problem::new(damage.code(), name, detail)
}

pub(super) fn own_facility(key: &rezept_rules::FacilityKey) -> Option<OwnFacility> {
    Some(OwnFacility {
        prefecture: Prefecture::parse(key.prefecture.as_bytes())?,
        point_table: PointTable::parse(key.point_table.as_bytes())?,
        code: FacilityCode::parse(key.code.as_bytes())?,
    })
}

fn new_file(
    facts: &FileFacts,
    digest: Digest,
    size_bytes: u64,
    kind: &str,
    name: &str,
    facility: &str,
) -> Option<NewReturnFile> {
    Some(NewReturnFile {
        sha256: digest.0,
        size_bytes,
        name: name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned(),
        return_file: kind.to_owned(),
        payer: facts.payer?.code().to_owned(),
        processed_month: facts.month?.to_string(),
        facility: facility.to_owned(),
        // Only the mark is missing: it counts as the only volume.
        volume: facts.volume.map_or_else(|| "00".to_owned(), |volume| volume.to_string()),
        family: facts.family?.as_str().to_owned(),
    })
}

/// The day in Japan.
pub(super) fn today(now: rezept_journal::Timestamp) -> Date {
    let japan = jiff::tz::Offset::constant(9).to_time_zone();
    let day = now.to_zoned(japan).date();
    let year = u16::try_from(day.year()).unwrap_or_default();
    let month = u8::try_from(day.month()).unwrap_or(1);
    let month = Month::new(year, month).or_else(|| Month::new(2000, 1));
    // jiff's months are 1 to 12, so there is one.
    month.map_or_else(
        || unreachable!("a calendar month"),
        |month| Date { month, day: u8::try_from(day.day()).unwrap_or(1) },
    )
}

fn row_of(claim: &ReturnedClaim, file: &NewReturnFile, today: Date) -> NewReturnedClaim {
    let facts = &claim.facts;
    let word = |raw: &rezept_claim::text::RawText| {
        Some(raw.decode().trim().to_owned()).filter(|word| !word.is_empty())
    };
    let month = |month: Option<Month>| month.map(|month| month.to_string());
    let reasons = claim.reasons.iter().map(|reason| ReturnedReason {
        processed_month: month(reason.processed),
        return_kind: word(&reason.return_kind),
        service_class: word(&reason.service_class),
        code: word(&reason.code),
        text: reason.text.0.clone(),
        note: reason.note.0.clone(),
        correction: word(&reason.correction),
        cut_notice_month: month(reason.cut_notice),
    });
    let first = claim.reasons.first();
    let mut faults: Vec<String> = claim.faults.iter().map(|fault| fault.code.to_string()).collect();
    faults.dedup();
    NewReturnedClaim {
        stretch: Stretch {
            offset: claim.offset,
            request_bytes: claim.request_bytes,
            reason_bytes: claim.reason_bytes,
            history_bytes: claim.history_bytes,
            history_lines: claim.history_lines,
            request_sha256: claim.request_sha256,
            history_sha256: claim.history_sha256,
        },
        search_no: claim.search_no.decode().trim().to_owned(),
        processed_month: month(first.and_then(|reason| reason.processed))
            .unwrap_or_else(|| file.processed_month.clone()),
        receipt_no: word(&facts.claim_no),
        claim_type: word(&facts.claim_type),
        in_out: match facts.inpatient() {
            Some(true) => "in".to_owned(),
            Some(false) => "out".to_owned(),
            None => String::new(),
        },
        service_month: month(facts.service_month).unwrap_or_default(),
        chart_no: facts.chart_nos.first().and_then(word).unwrap_or_default(),
        billing_info: word(&facts.billing_info),
        insurer_no: word(&facts.insurer_no),
        department: claim.departments.first().and_then(word),
        name: Some(facts.name.0.clone()).filter(|name| !name.is_empty()),
        birth_date: facts.birth.map(|date| date.to_string()),
        points: facts.points,
        payers: Some(facts.payers),
        original_month: month(claim.original_month),
        return_kind: first.and_then(|reason| word(&reason.return_kind)),
        reasons: reasons.collect(),
        faults,
        blocked: claim.is_blocked(),
        due: Some(due::due(today, facts.service_month).to_string()),
    }
}
