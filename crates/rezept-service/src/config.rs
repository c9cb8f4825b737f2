//! The configuration of a station: one TOML file, checked whole before anything is opened. Every rule that it breaks is
//! an error of its own, so that the message can name the line to mend.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Span};
use rezept_rules::{FacilityKey, RouteKind};
use rezept_transfer::{Facility, StationName};
use serde::Deserialize;

mod scanner;

pub use scanner::{Address, FILE_WORD, Missing, Scanner, Way};

/// How long a file must stand still on a local disk.
pub(crate) const QUIET_LOCAL: Duration = Duration::from_secs(5);
/// How long on a share, where size and time arrive late.
pub(crate) const QUIET_SHARE: Duration = Duration::from_secs(10);

/// What is wrong with a configuration. Nothing was opened.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is no TOML, or has an unknown key, or lacks one.
    #[error("{} is not a configuration: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, where the parser can tell it.
        line: Option<usize>,
        /// What the parser says.
        message: String,
    },
    /// A value is not of the form it must have.
    #[error("{key} has no legal value: {value}")]
    Value {
        /// The key.
        key: String,
        /// What stands there.
        value: String,
    },
    /// Two folders that must be apart contain one another.
    #[error("{} and {} contain one another", first.display(), second.display())]
    Overlap {
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A route or inbox that the role cannot have, or that is missing.
    #[error("{what}")]
    Shape {
        /// The key to mend.
        key: &'static str,
        /// What is wrong.
        what: &'static str,
    },
}

/// What the station does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Makes claim files, takes returns.
    ReceiptComputer,
    /// Sends claims to the bodies, fetches returns.
    ClaimTerminal,
    /// One machine does both.
    Single,
}

/// What leaves this station.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// The watched folder, absolute.
    pub watch: PathBuf,
    /// The kinds it takes.
    pub accept: Vec<RouteKind>,
    /// The other station.
    pub to: StationName,
}

/// Where what arrives is delivered.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// The kinds it takes.
    pub accept: Vec<RouteKind>,
    /// The folder, absolute.
    pub folder: PathBuf,
}

/// What kind of medium a path is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediumKind {
    /// A stick.
    Removable,
    /// A share inside the protected room.
    Share,
}

/// A medium.
#[derive(Clone, Debug)]
pub struct Medium {
    /// Its kind.
    pub kind: MediumKind,
    /// Its path, absolute.
    pub path: PathBuf,
}

/// Where the secret lies under which the private keys are encrypted, unless it was decided before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStore {
    /// In the key store of the platform, for one user.
    Platform,
    /// In the data folder, bound to this machine.
    Machine,
}

impl Default for KeyStore {
    /// The service and the clerk are two users: of the key stores only that of macOS, where no service is installed, serves
    /// both. (Linux: a service has no session to ask; Windows: each account has a store of its own.)
    fn default() -> Self {
        if cfg!(target_os = "macos") { Self::Platform } else { Self::Machine }
    }
}

/// What is up to the facility.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether readable parcels may stand on removable media; `None` means: until the station is paired.
    pub plain_on_removable: Option<bool>,
    /// How long a file must stand still; `None`: 5 s on a local disk, 10 s on a share.
    pub quiet_time: Option<Duration>,
    /// Sources stay in their folders after the acknowledgement.
    pub keep_sources: bool,
    /// How long the archive keeps.
    pub retain: Span,
    /// What leaves needs the approval of another person.
    pub approval: bool,
}

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the station.
    pub name: StationName,
    /// Its role.
    pub role: Role,
    /// Its data folder, absolute.
    pub data: PathBuf,
    /// The facility.
    pub facility: FacilityKey,
    /// The facility as it stands in parcels.
    pub parcel_facility: Facility,
    /// Its name, for people.
    pub facility_name: String,
    /// Its phone number, for headers of resubmission files.
    pub phone: Option<String>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Inboxes.
    pub inboxes: Vec<Inbox>,
    /// Media.
    pub media: Vec<Medium>,
    /// Policy.
    pub policy: Policy,
    /// The malware scanner, if there is one.
    pub scanner: Option<Scanner>,
    /// Where the secret of new keys will lie.
    pub key_store: KeyStore,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    station: RawStation,
    facility: RawFacility,
    #[serde(default)]
    route: Vec<RawRoute>,
    #[serde(default)]
    inbox: Vec<RawInbox>,
    #[serde(default)]
    medium: Vec<RawMedium>,
    #[serde(default)]
    policy: RawPolicy,
    scanner: Option<scanner::RawScanner>,
    #[serde(default)]
    keys: RawKeys,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawKeys {
    store: Option<KeyStore>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStation {
    name: String,
    role: Role,
    data: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFacility {
    prefecture: String,
    point_table: String,
    code: String,
    name: String,
    phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoute {
    name: String,
    watch: PathBuf,
    accept: Vec<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInbox {
    accept: Vec<String>,
    folder: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMedium {
    kind: MediumKind,
    path: PathBuf,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    plain_on_removable: Option<bool>,
    quiet_time: Option<String>,
    after_ack: Option<String>,
    retain: Option<String>,
    #[serde(default)]
    approval: bool,
}

impl Config {
    /// Reads and checks a configuration file. Relative paths in it count from its folder.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let base = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::parse(&text, path, base)
    }

    /// Checks the text of a configuration.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path, base: &Path) -> Result<Self, ConfigError> {
        // A BOM is what Windows' editors put in front; it is not the clinic's mistake.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw: RawConfig = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            line: error
                .span()
                .and_then(|at| text.get(..at.start))
                .map(|before| before.matches('\n').count() + 1),
            message: error.message().to_owned(),
        })?;
        let base = std::path::absolute(base).unwrap_or_else(|_| base.to_owned());
        let name: StationName = value("station.name", &raw.station.name)?;
        let facility = FacilityKey {
            prefecture: raw.facility.prefecture,
            point_table: raw.facility.point_table,
            code: raw.facility.code,
        };
        let parcel_facility = Facility::new(&facility.prefecture, &facility.point_table, &facility.code)
            .ok()
            .filter(|_| may_stand_in_a_header(&facility))
            .ok_or_else(|| ConfigError::Value { key: "facility".into(), value: facility.to_string() })?;
        let config = Self {
            role: raw.station.role,
            data: place(&base, &raw.station.data),
            facility,
            parcel_facility,
            facility_name: raw.facility.name,
            phone: raw.facility.phone,
            routes: raw
                .route
                .into_iter()
                .map(|r| route(r, &base, &name, raw.station.role))
                .collect::<Result<_, _>>()?,
            inboxes: raw
                .inbox
                .into_iter()
                .map(|inbox| {
                    Ok(Inbox {
                        accept: accept("inbox.accept", &inbox.accept)?,
                        folder: place(&base, &inbox.folder),
                    })
                })
                .collect::<Result<_, ConfigError>>()?,
            media: raw
                .medium
                .into_iter()
                .map(|m| Medium { kind: m.kind, path: place(&base, &m.path) })
                .collect(),
            policy: policy(raw.policy)?,
            scanner: raw.scanner.map(scanner::scanner).transpose()?,
            key_store: raw.keys.store.unwrap_or_default(),
            name,
        };
        config.check_shape()?;
        config.check_folders()?;
        Ok(config)
    }

    fn check_shape(&self) -> Result<(), ConfigError> {
        let mut names: Vec<&str> = self.routes.iter().map(|route| route.name.as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        if names.len() != count {
            return Err(ConfigError::Shape { key: "route.name", what: "two routes have the same name" });
        }
        if self.role == Role::Single {
            if self.routes.iter().any(|route| route.to != self.name) {
                return Err(ConfigError::Shape {
                    key: "route.to",
                    what: "a route of a single station leads to itself",
                });
            }
            let covered = |kind| self.inboxes.iter().any(|inbox| inbox.accept.contains(kind));
            if !self.routes.iter().flat_map(|route| &route.accept).all(covered) {
                return Err(ConfigError::Shape {
                    key: "inbox.accept",
                    what: "a single station needs an inbox for what its routes accept",
                });
            }
        } else if self.routes.iter().any(|route| route.to == self.name) {
            return Err(ConfigError::Shape { key: "route.to", what: "a route leads to the station itself" });
        }
        Ok(())
    }

    /// Watch, inbox, data and medium folders must be apart after links are resolved: a delivery into a watched folder
    /// would be sent back, a journal on a stick would be carried away.
    fn check_folders(&self) -> Result<(), ConfigError> {
        let mut groups: Vec<(u8, &Path)> = vec![(0, &self.data)];
        groups.extend(self.routes.iter().map(|route| (1, route.watch.as_path())));
        groups.extend(self.inboxes.iter().map(|inbox| (2, inbox.folder.as_path())));
        groups.extend(self.media.iter().map(|medium| (3, medium.path.as_path())));
        let resolved: Vec<(u8, &Path, PathBuf)> =
            groups.into_iter().map(|(group, path)| (group, path, resolve(path))).collect();
        for (i, (group, path, real)) in resolved.iter().enumerate() {
            for (other_group, other, other_real) in resolved.iter().skip(i + 1) {
                let inside = real.starts_with(other_real) || other_real.starts_with(real);
                // Two routes may share one folder, and so may two inboxes; only nesting would be ambiguous.
                let shared = group == other_group && matches!(group, 1 | 2) && real == other_real;
                if inside && !shared {
                    return Err(ConfigError::Overlap {
                        first: path.to_path_buf(),
                        second: other.to_path_buf(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The stations from which parcels may come.
    pub fn peers(&self) -> impl Iterator<Item = &StationName> {
        self.routes.iter().map(|route| &route.to)
    }
}

fn value<T: std::str::FromStr>(key: &str, text: &str) -> Result<T, ConfigError> {
    text.parse().map_err(|_| ConfigError::Value { key: key.to_owned(), value: text.to_owned() })
}

/// A facility that no claim file can name would have every file held as another one's.
fn may_stand_in_a_header(facility: &FacilityKey) -> bool {
    use rezept_claim::{FacilityCode, PointTable, Prefecture};
    Prefecture::parse(facility.prefecture.as_bytes()).is_some()
        && PointTable::parse(facility.point_table.as_bytes()).is_some()
        && FacilityCode::parse(facility.code.as_bytes()).is_some()
}

fn accept(key: &str, words: &[String]) -> Result<Vec<RouteKind>, ConfigError> {
    if words.is_empty() {
        return Err(ConfigError::Value { key: key.to_owned(), value: "[]".to_owned() });
    }
    words.iter().map(|word| value(key, word)).collect()
}

fn route(raw: RawRoute, base: &Path, own: &StationName, role: Role) -> Result<Route, ConfigError> {
    let to = match (raw.to, role) {
        (Some(to), _) => value("route.to", &to)?,
        (None, Role::Single) => own.clone(),
        (None, _) => return Err(ConfigError::Shape { key: "route.to", what: "a route lacks its `to`" }),
    };
    Ok(Route {
        name: raw.name,
        watch: place(base, &raw.watch),
        accept: accept("route.accept", &raw.accept)?,
        to,
    })
}

fn policy(raw: RawPolicy) -> Result<Policy, ConfigError> {
    let quiet_time = match raw.quiet_time {
        None => None,
        Some(text) => {
            let span: SignedDuration = value("policy.quiet_time", &text)?;
            let time = Duration::try_from(span);
            Some(time.map_err(|_| ConfigError::Value { key: "policy.quiet_time".into(), value: text })?)
        }
    };
    let keep_sources = match raw.after_ack.as_deref() {
        None | Some("archive") => false,
        Some("keep") => true,
        Some(other) => {
            return Err(ConfigError::Value { key: "policy.after_ack".into(), value: other.to_owned() });
        }
    };
    let retain = value("policy.retain", raw.retain.as_deref().unwrap_or("5y"))?;
    let (plain_on_removable, approval) = (raw.plain_on_removable, raw.approval);
    Ok(Policy { plain_on_removable, quiet_time, keep_sources, retain, approval })
}

/// A path of the configuration, seen from its folder, without `.` and `..`: people are shown it, and the journal knows
/// folders by it. Where a link makes `..` mean something else, it stays as it was written.
fn place(base: &Path, path: &Path) -> PathBuf {
    let whole = base.join(path);
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    if resolve(&plain) == resolve(&whole) { plain } else { whole }
}

/// The path with links resolved as far as it exists, and `.` and `..` taken out of all of it.
fn resolve(path: &Path) -> PathBuf {
    let mut here = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // What is above was resolved before, so this is its true parent.
            Component::ParentDir => {
                here.pop();
            }
            Component::Prefix(_) => here.push(part),
            Component::RootDir | Component::Normal(_) => {
                here.push(part);
                here = here.canonicalize().unwrap_or(here);
            }
        }
    }
    here
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[station]
name = "recekon-1"
role = "receipt-computer"
data = "data"
[facility]
prefecture = "13"
point_table = "1"
code = "9999015"
name = "テスト見本診療所"
[[route]]
name = "claims"
watch = "receden"
accept = ["claim"]
to = "terminal-1"
[[inbox]]
accept = ["return", "notice"]
folder = "inbox"
[[medium]]
kind = "removable"
path = "stick"
[policy]
quiet_time = "3s"
"#;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("rezept.toml"), Path::new("/nowhere/clinic"))
    }

    #[test]
    fn the_documented_form_is_read() {
        let config = parse(GOOD).unwrap();
        assert_eq!(config.policy.quiet_time, Some(Duration::from_secs(3)));
        assert_eq!(config.routes[0].watch, Path::new("/nowhere/clinic/receden"));
        assert!(!config.policy.keep_sources);
        assert_eq!(config.facility.to_string(), "13-1-9999015");
    }

    #[cfg(unix)]
    #[test]
    fn folders_have_one_name_however_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("clinic/deep")).unwrap();
        std::fs::create_dir_all(at("usb")).unwrap();
        assert_eq!(place(&at("clinic"), Path::new("./../usb/.")), at("usb"));
        assert_eq!(place(&at("clinic"), &at("usb")), at("usb"));
        std::os::unix::fs::symlink(at("clinic/deep"), at("link")).unwrap();
        assert_eq!(place(&at("link"), Path::new("../usb")), at("link/../usb"), "that is clinic/usb");
    }

    #[test]
    fn every_broken_rule_is_named() {
        let broken = |from: &str, to: &str| parse(&GOOD.replace(from, to)).unwrap_err();
        assert!(matches!(broken("quiet_time", "quite_time"), ConfigError::Syntax { .. }));
        assert!(matches!(broken("\"3s\"", "\"soon\""), ConfigError::Value { .. }));
        assert!(matches!(broken("recekon-1", "Recekon 1"), ConfigError::Value { .. }));
        assert!(matches!(broken("9999015", "999901"), ConfigError::Value { .. }));
        assert!(matches!(broken("[\"claim\"]", "[\"claims\"]"), ConfigError::Value { .. }));
        assert!(matches!(broken("to = \"terminal-1\"", "to = \"recekon-1\""), ConfigError::Shape { .. }));
        assert!(matches!(
            broken("folder = \"inbox\"", "folder = \"receden/in\""),
            ConfigError::Overlap { .. }
        ));
        assert!(matches!(broken("path = \"stick\"", "path = \"data\""), ConfigError::Overlap { .. }));
        assert!(matches!(broken("watch = \"receden\"", "watch = \".\""), ConfigError::Overlap { .. }));
        assert!(matches!(broken("\"inbox\"", "\"new/../receden/in\""), ConfigError::Overlap { .. }));
    }

    #[test]
    fn a_single_station_leads_to_itself() {
        let single = GOOD.replace("receipt-computer", "single").replace("to = \"terminal-1\"\n", "");
        assert!(matches!(parse(&single), Err(ConfigError::Shape { .. })), "its inbox does not take claims");
        let config = parse(&single.replace("[\"return\", \"notice\"]", "[\"claim\"]")).unwrap();
        assert_eq!(config.routes[0].to, config.name);
    }
}
