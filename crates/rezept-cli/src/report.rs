//! From what failed to what a person reads: failure -> code -> exit code. The only place that decides it, with matches
//! that have no `_` arm, so that a new failure cannot be added without deciding what the person sees.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use rezept_claim::{Oddity, ReadError};
use rezept_parcel::verify::VerifyError;
use rezept_service::{ConfigError, Problem};
use rezept_text::{Arg, Text};

use crate::shown::{shown, shown_text};
use rezept_codes::{Code, Exit};

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or folder that was named cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// What was named.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A link was named.
    #[error("{} is a link", path.display())]
    Link {
        /// What was named.
        path: PathBuf,
    },
    /// A folder or device was named instead of a file.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// A file that is no claim file, return file or notice.
    #[error("{} is no file that is known here", path.display())]
    NotKnown {
        /// What was named.
        path: PathBuf,
        /// What is strange about it, where that can be told.
        oddity: Option<Oddity>,
    },
    /// A file that could not be read to its end.
    #[error("cannot read {}", path.display())]
    Read {
        /// What was named.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: ReadError,
    },
    /// A folder or file that is no parcel.
    #[error("{} is no parcel", path.display())]
    NotAParcel {
        /// What was named.
        path: PathBuf,
    },
    /// The folder of a parcel that could not be listed.
    #[error("cannot look through {}", path.display())]
    List {
        /// What was named.
        path: PathBuf,
        /// Why.
        #[source]
        source: VerifyError,
    },
    /// A parcel that is not whole. What is wrong was printed before.
    #[error("{} is not valid", path.display())]
    ParcelDamaged {
        /// What was named.
        path: PathBuf,
    },
    /// No configuration file was found anywhere.
    #[error("no configuration file")]
    NoConfig {
        /// Where it was looked for last.
        path: PathBuf,
    },
    /// The configuration is refused.
    #[error("the configuration is refused")]
    Config(#[source] ConfigError),
    /// A configuration exists already where one was to be made.
    #[error("{} exists already", path.display())]
    ConfigExists {
        /// Where.
        path: PathBuf,
    },
    /// A file of `rezept` itself cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something that has a code of its own.
    #[error("{}: {place}", code.as_str())]
    Told {
        /// The code.
        code: Code,
        /// Where, as people see it.
        place: String,
        /// What is behind it.
        detail: Option<String>,
    },
    /// Something that the station reported, by its code.
    #[error("{}: {}", problem.code, problem.detail)]
    Station {
        /// What it reported.
        problem: Problem,
    },
    /// The result could not be written to standard output.
    #[error("cannot write the result")]
    Print(#[source] io::Error),
}

impl Failure {
    /// The permanent code.
    pub fn code(&self) -> Code {
        match self {
            Self::Open { source, .. } => of_open(source),
            Self::Link { .. } => Code::IsALink,
            Self::NotAFile { .. } => Code::NotAFile,
            Self::NotKnown { oddity, .. } => oddity.map_or(Code::NotRecognised, of_oddity),
            Self::Read { .. } | Self::List { .. } => Code::ReadStopped,
            Self::NotAParcel { .. } => Code::NotAParcel,
            Self::ParcelDamaged { .. } => Code::ParcelDamaged,
            Self::NoConfig { .. } => Code::NoConfig,
            Self::Config(error) => of_config(error),
            Self::ConfigExists { .. } => Code::ConfigExists,
            Self::Write { .. } => Code::DataFolderFailed,
            Self::Told { code, .. } => *code,
            Self::Station { problem } => of_problem(problem),
            Self::Print(_) => Code::CannotPrint,
        }
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::Open { path, .. }
            | Self::Link { path }
            | Self::NotAFile { path }
            | Self::NotKnown { path, .. }
            | Self::Read { path, .. }
            | Self::NotAParcel { path }
            | Self::List { path, .. }
            | Self::ParcelDamaged { path }
            | Self::NoConfig { path }
            | Self::ConfigExists { path }
            | Self::Write { path, .. } => Some(path),
            Self::Config(_) | Self::Told { .. } | Self::Station { .. } | Self::Print(_) => None,
        }
    }

    /// What the person is told.
    pub fn report(&self) -> Report {
        if let Self::Station { problem } = self {
            return of_station(problem);
        }
        let mut report = Report::new(self.code());
        report.place = match self {
            Self::Config(error) => Some(place_of_config(error)),
            Self::Told { place, .. } => Some(place.clone()),
            other => other.place().map(shown),
        };
        report.detail = match self {
            Self::Told { detail, .. } => detail.clone(),
            _ => causes(self),
        };
        report
    }
}

fn of_config(error: &ConfigError) -> Code {
    match error {
        ConfigError::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => Code::NoConfig,
        ConfigError::Unreadable { .. } => Code::ConfigUnreadable,
        ConfigError::Syntax { message, .. } if message.contains("unknown field") => Code::ConfigUnknownKey,
        ConfigError::Syntax { message, .. } if message.contains("missing field") => Code::ConfigMissingKey,
        ConfigError::Syntax { message, .. }
            if message.contains("unknown variant") || message.contains("invalid type") =>
        {
            Code::ConfigBadValue
        }
        ConfigError::Syntax { .. } => Code::ConfigSyntax,
        ConfigError::Value { .. } => Code::ConfigBadValue,
        ConfigError::Overlap { .. } => Code::FoldersOverlap,
        ConfigError::Shape { .. } => Code::RoleMisfit,
    }
}

/// What to mend: a line of the file, an item with its value, two folders.
fn place_of_config(error: &ConfigError) -> String {
    match error {
        ConfigError::Unreadable { path, .. } | ConfigError::Syntax { path, line: None, .. } => shown(path),
        ConfigError::Syntax { path, line: Some(line), .. } => format!("{}:{line}", shown(path)),
        ConfigError::Value { key, value } => format!("{key} = \"{}\"", shown_text(value)),
        ConfigError::Overlap { first, second } => format!("{} , {}", shown(first), shown(second)),
        ConfigError::Shape { key, .. } => (*key).to_owned(),
    }
}

/// A code that this program does not know comes from a newer one that shares the journal: a fault of the set-up.
fn of_problem(problem: &Problem) -> Code {
    problem.code.known().unwrap_or(Code::CannotHappen)
}

/// What a person is told of something that the station reported.
pub fn of_station(problem: &Problem) -> Report {
    let mut report = Report::new(of_problem(problem));
    report.place = (!problem.place.is_empty()).then(|| shown_text(&problem.place));
    report.detail = (!problem.detail.is_empty()).then(|| shown_text(&problem.detail));
    report
}

/// What a person is told of something that waits. What is no known file is told as what it is, where that was seen, and
/// the words of the gate are put into the person's language.
pub fn of_waiting(problem: &Problem, text: &Text) -> Report {
    let mut report = of_station(problem);
    match report.code {
        Code::GateUnknown | Code::GateResaved => {
            if let Some(oddity) = Oddity::ALL.iter().find(|oddity| oddity.as_str() == problem.detail) {
                report.told_as = of_oddity(*oddity);
                report.detail = None;
            }
        }
        Code::GateUndescribed
        | Code::GateKind
        | Code::GateIncomplete
        | Code::GateSameContent
        | Code::GateSameIdentity
        | Code::PossibleDouble
        | Code::OtherContentArrived
        | Code::NumberWentBefore
        | Code::ClaimsWentBefore => {
            let words: Vec<String> = problem.detail.split(", ").map(|word| of_gate(word, text)).collect();
            report.detail = Some(words.join(" / ")).filter(|words| !words.is_empty());
        }
        _ => {}
    }
    report
}

/// A word of the gate, for people; one that this program does not know stays as it is.
fn of_gate(word: &str, text: &Text) -> String {
    if let Some((counted, count)) = word.split_once('=') {
        let id = format!("gate-{counted}");
        if let (true, Ok(n)) = (text.has(&id), count.parse::<u64>()) {
            return text.get(&id, &[("n", n.into())]);
        }
    }
    let id = format!("gate-{}", word.replace(' ', "-"));
    if text.has(&id) { text.get(&id, &[]) } else { shown_text(word) }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Station { problem }
    }
}

fn of_open(error: &io::Error) -> Code {
    if error.kind() == io::ErrorKind::NotFound { Code::NoSuchFile } else { Code::CannotOpen }
}

fn of_oddity(oddity: Oddity) -> Code {
    match oddity {
        Oddity::Empty => Code::EmptyFile,
        Oddity::Utf8Bom | Oddity::Utf8 | Oddity::Utf16 => Code::WrongEncoding,
        Oddity::Html => Code::WebPage,
        Oddity::Zip => Code::ZipFile,
        Oddity::Pdf => Code::PdfFile,
        Oddity::Spreadsheet => Code::SpreadsheetFile,
        Oddity::HeaderMissing => Code::HeaderMissing,
        Oddity::HistoryOnly => Code::HistoryOnly,
        Oddity::Unrecognised => Code::NotRecognised,
    }
}

/// What lies behind an error, for whoever is asked about it.
pub fn causes(error: &dyn Error) -> Option<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    (!causes.is_empty()).then(|| causes.join(": "))
}

/// One thing that a person is told: a code with its three sentences, the place, and details for whoever is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The permanent code.
    pub code: Code,
    /// A path, an id, a line of the configuration: shown on a line of its own, so that it can be copied.
    pub place: Option<String>,
    /// What lies behind it, in the words of libraries; never a patient's data.
    pub detail: Option<String>,
    /// Values of the first sentence.
    args: Vec<(&'static str, String)>,
    /// The code whose sentences say it best.
    told_as: Code,
}

impl Report {
    /// A report about nothing in particular.
    pub fn new(code: Code) -> Self {
        Self { code, place: None, detail: None, args: Vec::new(), told_as: code }
    }

    /// Says where.
    pub fn at(mut self, place: String) -> Self {
        self.place = Some(place);
        self
    }

    /// Puts a value into the first sentence.
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.args.push((name, value));
        self
    }

    /// What the process ends with when nothing else happened.
    pub fn exit(&self) -> Exit {
        self.code.exit()
    }

    /// One of the three sentences: `what`, `sent` or `next`.
    pub fn sentence(&self, text: &Text, part: &str) -> String {
        let args: Vec<(&str, Arg<'_>)> =
            self.args.iter().map(|(name, value)| (*name, Arg::from(value))).collect();
        text.get(&format!("{}-{part}", self.told_as.as_str()), &args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_its_cause_and_hides_nothing_else() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let failure = Failure::Open { path: "C:/receden/RECEIPTC.UKE".into(), source };
        let report = failure.report();
        assert_eq!(report.code, Code::CannotOpen);
        assert_eq!(report.place.as_deref(), Some("C:/receden/RECEIPTC.UKE"));
        assert_eq!(report.detail.as_deref(), Some("permission denied"));
        assert_eq!(report.exit(), Exit::BadInput);
    }

    #[test]
    fn every_word_of_the_gate_has_its_words() {
        use rezept_claim::Incomplete as I;
        let kinds = ["claim", "return", "notice"];
        let missing = ["kind", "payer body", "facility", "month", "family", "official name"];
        let incomplete = [I::NoHeader, I::NoTrailer, I::TrailerNotLast, I::VolumeMark].map(I::as_str);
        for lang in rezept_text::Lang::ALL {
            let text = Text::new(*lang);
            for word in kinds.iter().chain(&missing).chain(&incomplete) {
                assert!(text.has(&format!("gate-{}", word.replace(' ', "-"))), "{lang} {word}");
            }
        }
        let told = of_waiting(
            &Problem::new("RZ-G104", "x", "no-header, no-trailer"),
            &Text::new(rezept_text::Lang::En),
        );
        assert_eq!(told.detail.as_deref(), Some("no header / no last record (GO or HG)"));
    }

    #[test]
    fn every_strange_file_has_its_own_advice() {
        let codes = [
            (Oddity::Empty, "RZ-F105"),
            (Oddity::Html, "RZ-F106"),
            (Oddity::Utf16, "RZ-F107"),
            (Oddity::Spreadsheet, "RZ-F108"),
            (Oddity::Zip, "RZ-F109"),
            (Oddity::Unrecognised, "RZ-F113"),
        ];
        for (oddity, code) in codes {
            let failure = Failure::NotKnown { path: "x".into(), oddity: Some(oddity) };
            assert_eq!(failure.code().as_str(), code);
        }
    }
}
