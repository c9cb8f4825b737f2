//! The `[scanner]` of a configuration: which malware scanner is asked, and what happens where it cannot answer. A scanner is
//! on this machine; nothing is ever sent to another one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

use super::ConfigError;

/// Stands for the file in the words of a command.
pub const FILE_WORD: &str = "{file}";
/// So long a scanner may be silent.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Definitions older than this do not count.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The word of `max_age` for any age.
const ANY_AGE: &str = "any";

/// A scanner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scanner {
    /// How it is asked.
    pub way: Way,
    /// What becomes of a file that could not be scanned.
    pub missing: Missing,
    /// So long it may be silent, or a command may run.
    pub timeout: Duration,
}

/// How a scanner is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// A running clamd, by its protocol.
    Clamd {
        /// Where it listens.
        address: Address,
        /// How old its definitions may be; `None`: of any age.
        max_age: Option<SignedDuration>,
    },
    /// A command that is given the file's path.
    Command {
        /// The program, absolute.
        program: PathBuf,
        /// Its words; [`FILE_WORD`] stands for the file.
        args: Vec<String>,
        /// Exit codes that mean malware.
        infected: Vec<i32>,
        /// Exit codes that mean none. Every other one means that it could not scan.
        clean: Vec<i32>,
    },
}

/// Where a clamd listens, on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A loopback address.
    Tcp(SocketAddr),
}

/// What becomes of a file that could not be scanned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// It waits for a person.
    #[default]
    Hold,
    /// It goes on, and the history says so.
    Pass,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Clamd,
    Command,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScanner {
    kind: Kind,
    address: Option<String>,
    max_age: Option<String>,
    command: Option<Vec<String>>,
    infected_codes: Option<Vec<i32>>,
    clean_codes: Option<Vec<i32>>,
    #[serde(default)]
    missing: Missing,
    timeout: Option<String>,
}

const fn shape(key: &'static str, what: &'static str) -> ConfigError {
    ConfigError::Shape { key, what }
}

fn bad(key: &str, value: impl Into<String>) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), value: value.into() }
}

pub(super) fn scanner(raw: RawScanner) -> Result<Scanner, ConfigError> {
    let timeout = match raw.timeout {
        None => TIMEOUT,
        Some(text) => {
            let span: SignedDuration = text.parse().map_err(|_| bad("scanner.timeout", text.as_str()))?;
            let time = Duration::try_from(span).ok().filter(|time| !time.is_zero());
            time.ok_or_else(|| bad("scanner.timeout", text))?
        }
    };
    let way = match raw.kind {
        Kind::Clamd => {
            if raw.command.is_some() || raw.infected_codes.is_some() || raw.clean_codes.is_some() {
                return Err(shape("scanner.command", "clamd takes an address, not a command"));
            }
            let text = raw.address.ok_or(shape("scanner.address", "clamd needs an address"))?;
            Way::Clamd { address: address(&text)?, max_age: max_age(raw.max_age.as_deref())? }
        }
        Kind::Command => {
            if raw.address.is_some() || raw.max_age.is_some() {
                return Err(shape("scanner.address", "a command takes neither an address nor a max_age"));
            }
            command(raw.command, raw.infected_codes, raw.clean_codes)?
        }
    };
    Ok(Scanner { way, missing: raw.missing, timeout })
}

/// Only this machine: a claim never leaves it to be scanned.
fn address(text: &str) -> Result<Address, ConfigError> {
    let refused = || bad("scanner.address", text);
    if let Some(path) = text.strip_prefix("unix:") {
        let path = PathBuf::from(path);
        return if cfg!(unix) && path.is_absolute() { Ok(Address::Unix(path)) } else { Err(refused()) };
    }
    let socket: SocketAddr =
        text.strip_prefix("tcp:").and_then(|text| text.parse().ok()).ok_or_else(refused)?;
    if socket.ip().is_loopback() { Ok(Address::Tcp(socket)) } else { Err(refused()) }
}

/// Days are what people write; the span is that of a fixed number of hours.
fn max_age(text: Option<&str>) -> Result<Option<SignedDuration>, ConfigError> {
    let Some(text) = text else { return Ok(Some(MAX_AGE)) };
    if text == ANY_AGE {
        return Ok(None);
    }
    let days = text.strip_suffix('d').and_then(|days| days.trim().parse::<u16>().ok());
    let age = match days {
        Some(days) => Some(SignedDuration::from_hours(24 * i64::from(days))),
        None => text.parse().ok(),
    };
    age.filter(|age| age.is_positive()).map(Some).ok_or_else(|| bad("scanner.max_age", text))
}

fn command(
    words: Option<Vec<String>>,
    infected: Option<Vec<i32>>,
    clean: Option<Vec<i32>>,
) -> Result<Way, ConfigError> {
    let words = words.unwrap_or_default();
    let Some((program, args)) = words.split_first() else {
        return Err(shape("scanner.command", "a scanner of kind command needs its command"));
    };
    // A name alone would be looked for in folders where others may put theirs.
    if !Path::new(program).is_absolute() {
        return Err(bad("scanner.command", program));
    }
    if !args.iter().any(|arg| arg.contains(FILE_WORD)) {
        return Err(shape("scanner.command", "the command must name {file}"));
    }
    let (Some(infected), Some(clean)) = (infected, clean) else {
        return Err(shape("scanner.infected_codes", "a command needs infected_codes and clean_codes"));
    };
    if infected.is_empty() || clean.is_empty() || infected.iter().any(|code| clean.contains(code)) {
        return Err(shape("scanner.infected_codes", "infected_codes and clean_codes must differ"));
    }
    Ok(Way::Command { program: PathBuf::from(program), args: args.to_vec(), infected, clean })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Scanner, ConfigError> {
        scanner(toml::from_str(text).unwrap())
    }

    #[test]
    fn a_scanner_is_on_this_machine() {
        for good in ["tcp:127.0.0.1:3310", "tcp:[::1]:3310", "tcp:127.1.2.3:1"] {
            assert!(read(&format!("kind = \"clamd\"\naddress = {good:?}")).is_ok(), "{good}");
        }
        assert_eq!(cfg!(unix), address("unix:/run/clamav/clamd.ctl").is_ok());
        for bad in [
            "tcp:192.168.1.5:3310",
            "tcp:0.0.0.0:3310",
            "tcp:localhost:3310",
            "tcp:[::ffff:127.0.0.1]:3310",
            "127.0.0.1:3310",
            "unix:clamd.ctl",
            "http://127.0.0.1:3310",
            "",
        ] {
            let refused = read(&format!("kind = \"clamd\"\naddress = {bad:?}"));
            assert!(matches!(refused, Err(ConfigError::Value { .. })), "{bad}: {refused:?}");
        }
    }

    #[test]
    fn what_is_not_said_is_the_careful_way() {
        let read = read("kind = \"clamd\"\naddress = \"tcp:127.0.0.1:3310\"").unwrap();
        assert_eq!((read.missing, read.timeout), (Missing::Hold, TIMEOUT));
        let Way::Clamd { max_age: age, .. } = read.way else { panic!("{read:?}") };
        assert_eq!(age, Some(SignedDuration::from_hours(168)));
        assert_eq!(max_age(Some("any")).unwrap(), None);
        assert_eq!(max_age(Some("3d")).unwrap(), Some(SignedDuration::from_hours(72)));
        assert_eq!(max_age(Some("36h")).unwrap(), Some(SignedDuration::from_hours(36)));
        for bad in ["", "0d", "-1h", "soon", "7"] {
            assert!(max_age(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_command_says_everything() {
        let program = if cfg!(windows) { "C:/Defender/MpCmdRun.exe" } else { "/opt/scan" };
        let whole = format!(
            "kind = \"command\"\ncommand = [{program:?}, \"-File\", \"{{file}}\"]\ninfected_codes = [2]\nclean_codes = [0]"
        );
        assert!(read(&whole).is_ok());
        for (from, to) in [
            (program, "scan"),
            ("{file}", "file"),
            ("infected_codes = [2]", ""),
            ("clean_codes = [0]", ""),
            ("infected_codes = [2]", "infected_codes = [0, 2]"),
            ("clean_codes = [0]", "clean_codes = []"),
            ("clean_codes = [0]", "clean_codes = [0]\nmax_age = \"7d\""),
            ("clean_codes = [0]", "clean_codes = [0]\ntimeout = \"0s\""),
        ] {
            assert!(read(&whole.replace(from, to)).is_err(), "{from} -> {to}");
        }
    }
}
