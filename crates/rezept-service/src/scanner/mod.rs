//! The malware gate: what a scanner says of a content, and what follows from it. Reads in a stream, keeps nothing, sends
//! nothing to another machine, and never takes silence for "clean".

mod clamd;
mod command;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod windows;

use rezept_codes::Code;
use std::io::{self, Read};
use std::path::Path;

use jiff::Timestamp;
use rezept_journal::Reason;
use rezept_transfer::read_hashed;
use rezept_transfer::volume::{RelPath, Volume};

use crate::config::{Address, Missing, Scanner, Way};

/// Codes of files that were not scanned.
pub const UNSCANNED: &[Code] = &[Code::ScannerMissing, Code::DefinitionsOld, Code::NotScanned];

/// A scanner's own words are not kept longer than this.
const WORDS_MAX_CHARS: usize = 100;

/// What a scanner said of one content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// Malware, by the scanner's name for it.
    Infected(String),
    /// It could not be scanned: a code and the cause.
    Unscanned(Code, String),
}

/// What follows from a verdict under the policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// It may go.
    Clean,
    /// It may go, and the history says that it was not scanned.
    Passed(Reason),
    /// It waits for a person.
    Hold(Reason),
}

/// The content is not the one that was to be scanned, or cannot be read now.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It changed meanwhile.
    #[error("the content changed while it was scanned")]
    Changed,
    /// It cannot be read.
    #[error(transparent)]
    Source(#[from] io::Error),
}

/// Why a stream broke off: the two ends mean different things.
enum Broken {
    Source(io::Error),
    Scanner(io::Error),
}

impl Scanner {
    /// Whether the scanner can be asked now: it answers, and its definitions are young enough. Returns what it says of
    /// itself.
    ///
    /// # Errors
    /// The code and cause for which files are not scanned.
    pub fn ready(&self, now: Timestamp) -> Result<String, (Code, String)> {
        match &self.way {
            Way::Clamd { address, max_age } => {
                let said = clamd::version(address, self.timeout)
                    .map_err(|error| (Code::ScannerMissing, error.to_string()))?;
                let Some(max_age) = max_age else { return Ok(plain(&said)) };
                match clamd::definitions_of(&said) {
                    None => Err((Code::DefinitionsOld, plain(&said))),
                    Some(made) if now.duration_since(made) > *max_age => {
                        Err((Code::DefinitionsOld, plain(&said)))
                    }
                    Some(_) => Ok(plain(&said)),
                }
            }
            Way::Command { program, .. } if program.is_file() => Ok(program.to_string_lossy().into_owned()),
            Way::Command { program, .. } => {
                Err((Code::ScannerMissing, program.to_string_lossy().into_owned()))
            }
        }
    }

    /// Has one content scanned, which must have this hash.
    ///
    /// # Errors
    /// When it has another one, or cannot be read.
    pub fn scan(&self, volume: &dyn Volume, path: &RelPath, sha256: &[u8; 32]) -> Result<Verdict, ScanError> {
        match &self.way {
            Way::Clamd { address, .. } => self.scan_stream(address, volume, path, sha256),
            Way::Command { .. } => {
                let place = Path::new(&volume.root()).join(path.as_str());
                let verdict = command::run(&self.way, &place, self.timeout);
                // The command opened the file by its name: what stands there now must be what was meant.
                let (_, digest, _) = read_whole(volume, path, |from| io::copy(from, &mut io::sink()))?;
                if digest == *sha256 { Ok(verdict) } else { Err(ScanError::Changed) }
            }
        }
    }

    fn scan_stream(
        &self,
        address: &Address,
        volume: &dyn Volume,
        path: &RelPath,
        sha256: &[u8; 32],
    ) -> Result<Verdict, ScanError> {
        let mut stream = match clamd::connect(address, self.timeout) {
            Ok(stream) => stream,
            Err(error) => return Ok(Verdict::Unscanned(Code::ScannerMissing, error.to_string())),
        };
        let scanned = read_whole(volume, path, |from| match clamd::scan(&mut *stream, from) {
            Ok(verdict) => Ok(verdict),
            Err(Broken::Scanner(error)) => Ok(Verdict::Unscanned(Code::NotScanned, error.to_string())),
            Err(Broken::Source(error)) => Err(error),
        });
        let (verdict, digest, _) = scanned?;
        // Where the scanner ended early not all was read, and nothing is said of any content.
        if digest == *sha256 || matches!(verdict, Verdict::Unscanned(..)) {
            Ok(verdict)
        } else {
            Err(ScanError::Changed)
        }
    }

    /// What follows from a verdict.
    #[must_use]
    pub fn said(&self, verdict: Verdict) -> Said {
        match verdict {
            Verdict::Clean => Said::Clean,
            Verdict::Infected(name) => Said::Hold(Reason::new(Code::Infected, plain(&name))),
            Verdict::Unscanned(code, cause) => {
                let reason = Reason::new(code, plain(&cause));
                match self.missing {
                    Missing::Hold => Said::Hold(reason),
                    Missing::Pass => Said::Passed(reason),
                }
            }
        }
    }
}

fn read_whole<T>(
    volume: &dyn Volume,
    path: &RelPath,
    work: impl FnOnce(&mut dyn Read) -> io::Result<T>,
) -> io::Result<(T, [u8; 32], u64)> {
    let mut file = volume.open(path).map_err(|error| io::Error::other(error.to_string()))?;
    let (done, digest, bytes) = read_hashed(&mut *file, work)?;
    Ok((done, digest.0, bytes))
}

/// Words of another program, as they may stand in the journal: short, printable.
fn plain(words: &str) -> String {
    let shown = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    words.trim().chars().take(WORDS_MAX_CHARS).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn malware_waits_under_every_policy_and_silence_is_never_clean() {
        for missing in [Missing::Hold, Missing::Pass] {
            let way = Way::Clamd { address: Address::Tcp(([127, 0, 0, 1], 1).into()), max_age: None };
            let scanner = Scanner { way, missing, timeout: Duration::from_secs(1) };
            let found = scanner.said(Verdict::Infected("Eicar\u{202e}\n".into()));
            assert_eq!(found, Said::Hold(Reason::new(Code::Infected, "Eicar?")));
            for &code in UNSCANNED {
                let said = scanner.said(Verdict::Unscanned(code, String::new()));
                let reason = Reason::new(code, "");
                let expected =
                    if missing == Missing::Hold { Said::Hold(reason) } else { Said::Passed(reason) };
                assert_eq!(said, expected);
            }
            assert_eq!(scanner.said(Verdict::Clean), Said::Clean);
        }
    }
}
