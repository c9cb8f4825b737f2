//! Folders of this computer that cannot be written, as against media: a stick must not be blamed for the rights of the inbox.

use std::io::{self, Write};
use std::path::Path;

use rezept_codes::Code;
use rezept_journal::Reason;

use crate::problem::Problem;
use crate::send::Outcome;
use crate::station::{Station, key};

/// The alerts that tell of a folder of this computer.
const TOLD: [Code; 3] = [Code::FolderNotWritable, Code::FolderFull, Code::FolderGone];
/// So much is written to find out whether a folder takes anything.
const TRIAL_BYTES: usize = 4096;

/// Writes a small file into a folder and removes it again.
///
/// # Errors
/// When the folder cannot be written.
pub fn try_to_write(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".rezept-trial-").tempfile_in(folder)?;
    file.write_all(&[0; TRIAL_BYTES])?;
    file.as_file().sync_all()?;
    file.close()
}

impl Station {
    /// Opens the inboxes anew: one that was gone may be back.
    pub(crate) fn open_inboxes(&mut self) {
        for inbox in self.config.inboxes.clone() {
            // One that is missing is told of when something arrives for it.
            let _ = self.open_volume(&inbox.folder);
        }
    }

    /// Says of this computer's own folders what was said as of a medium, lets a person know, and ends what is over.
    pub(crate) fn tell_of_folders(&mut self, outcome: &mut Outcome) {
        let mut troubled = Vec::new();
        for problem in &mut outcome.problems {
            let at = Path::new(&problem.place);
            if at.starts_with(&self.config.data) {
                if let Some(code) = of_data(problem) {
                    problem.code = code.into();
                }
                continue;
            }
            let inbox = self.config.inboxes.iter().find(|inbox| at.starts_with(&inbox.folder));
            if let (Some(inbox), Some(code)) = (inbox, of_folder(problem)) {
                problem.code = code.into();
                troubled.push((code, key(&inbox.folder)));
            }
        }
        if let Err(error) = self.note_troubled(&troubled) {
            outcome.problems.push(error);
        }
    }

    /// Raises an alert for each folder in trouble, and ends those of folders that take files again.
    fn note_troubled(&mut self, troubled: &[(Code, String)]) -> Result<(), Problem> {
        for (code, place) in troubled {
            self.journal.raise(&Reason::new(*code, ""), place)?;
        }
        for alert in self.journal.alerts()? {
            let Some(code) = alert.reason.code.known().filter(|code| TOLD.contains(code)) else { continue };
            let still = troubled.iter().any(|(_, place)| *place == alert.place);
            let same = troubled.contains(&(code, alert.place.clone()));
            if (still && !same) || (!still && try_to_write(Path::new(&alert.place)).is_ok()) {
                self.journal.settle_alert(alert.id, "")?;
            }
        }
        Ok(())
    }
}

/// What a failure in an inbox is called.
fn of_folder(problem: &Problem) -> Option<Code> {
    match problem.code.known()? {
        Code::MediumReadOnly | Code::MediumFailed => Some(Code::FolderNotWritable),
        Code::MediumFull => Some(Code::FolderFull),
        Code::MediumMissing | Code::MediumPulled => Some(Code::FolderGone),
        _ => None,
    }
}

/// What a failure in the data folder is called.
fn of_data(problem: &Problem) -> Option<Code> {
    match problem.code.known()? {
        Code::MediumFull => Some(Code::JournalFull),
        Code::MediumReadOnly | Code::MediumFailed | Code::MediumMissing | Code::MediumPulled => {
            Some(Code::DataFolderFailed)
        }
        _ => None,
    }
}
