//! A finding as an object and as a line. The value of an item is read from the file again, and only with `--reveal`.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rezept_claim::{FileFacts, Finding, Note, Severity, text};
use rezept_text::Arg;

use crate::commands::files::open_regular;
use crate::json::FindingObject;
use crate::shown::shown_text;
use crate::ui::{Tone, Ui};

/// The longest value that is shown: names and codes are short, and a comment of 2,400 bytes says no more.
const VALUE_MAX_BYTES: u64 = 200;

/// Prints a finding.
pub fn print(finding: &Finding, value: Option<&str>, ui: &Ui) {
    let (note, note_sentence) = note(finding.note, ui);
    let what = sentence(finding.code, ui);
    let message = note_sentence.map_or_else(|| what.clone(), |note| join(&what, &note, ui));
    let position = finding.position;
    let record = finding.record.map(|id| id.to_string());
    ui.object(&FindingObject {
        id: finding.code,
        severity: finding.severity.as_str(),
        line: position.line,
        item: position.item,
        byte: position.byte,
        column: position.column,
        record: record.clone(),
        name: finding.item,
        note,
        message: &message,
        value,
    });
    let grave = ui.text().get(&format!("severity-{}", finding.severity.as_str()), &[]);
    let head = ui.paint(&format!("{grave} [{}]", finding.code), tone(finding.severity));
    let colon = ui.say("label-separator", &[]);
    let mut line = format!("{head} {}{colon} {message}", place(finding, record, ui));
    if finding.item.is_some() {
        let shown = value.map_or_else(|| ui.say("hidden-value", &[]), shown_text);
        line = format!("{line} {}{colon} {shown}", ui.say("finding-value", &[]));
    }
    ui.line(&line);
}

/// Says how many findings were counted and not printed one by one.
pub fn print_left_off(facts: &FileFacts, printed: &[Finding], ui: &Ui) {
    for counted in &facts.findings {
        let same = |finding: &&Finding| {
            finding.code == counted.code
                && finding.severity == counted.severity
                && std::mem::discriminant(&finding.note) == std::mem::discriminant(&counted.note)
        };
        let more = counted.count - (printed.iter().filter(same).count() as u64).min(counted.count);
        if more > 0 {
            let sentence = ui.say("show-more-findings", &[("n", more.into())]);
            ui.line(&format!("[{}] {sentence}", counted.code));
        }
    }
}

const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::File | Severity::Claim => Tone::Bad,
        Severity::Confirm => Tone::Careful,
        Severity::Info => Tone::Plain,
    }
}

fn place(finding: &Finding, record: Option<String>, ui: &Ui) -> String {
    let line = ("line", Arg::from(finding.position.line.to_string()));
    match (record, finding.item) {
        (Some(record), Some(_)) => {
            let item = finding.position.item.to_string();
            ui.say("finding-line-item", &[line, ("record", record.into()), ("item", item.into())])
        }
        (Some(record), None) => ui.say("finding-line-record", &[line, ("record", record.into())]),
        (None, _) => ui.say("finding-line", &[line]),
    }
}

/// What the check is about; checks that come later than the sentences are at least named.
fn sentence(code: &str, ui: &Ui) -> String {
    let id = format!("finding-{code}");
    if ui.text().has(&id) { ui.text().get(&id, &[]) } else { ui.say("finding-unknown", &[]) }
}

fn join(first: &str, second: &str, ui: &Ui) -> String {
    let gap = if ui.text().lang() == rezept_text::Lang::Ja { "" } else { " " };
    format!("{first}{gap}{second}")
}

/// The name of a note for programs, and its sentence; none where the check says it all.
fn note(note: Note, ui: &Ui) -> (&'static str, Option<String>) {
    let name = match note {
        Note::None => return ("none", None),
        Note::Empty => "empty",
        Note::LineEnd => "line-end",
        Note::LoneCr => "lone-cr",
        Note::BlankLine => "blank-line",
        Note::LongLine => "long-line",
        Note::TooLong => "too-long",
        Note::NotCp932 => "not-cp932",
        Note::NoEndMark => "no-end-mark",
        Note::ExtraEndMark => "extra-end-mark",
        Note::BadValue => "bad-value",
        Note::CheckDigit => "check-digit",
        Note::Missing => "missing",
        Note::Repeated => "repeated",
        Note::Misplaced => "misplaced",
        Note::Count { found, expected } => {
            let args = [("found", found.into()), ("expected", expected.into())];
            return ("count", Some(ui.say("note-count", &args)));
        }
        Note::Total { declared, counted } => {
            let args = [("declared", declared.into()), ("counted", counted.into())];
            return ("total", Some(ui.say("note-total", &args)));
        }
    };
    (name, Some(ui.text().get(&format!("note-{name}"), &[])))
}

/// Reads the items that findings are about, where values may be shown.
pub struct Values {
    file: Option<File>,
}

impl Values {
    /// Opens the file again if `--reveal` asks for values.
    pub fn new(path: &Path, ui: &Ui) -> Self {
        Self { file: ui.reveals().then(|| open_regular(path).ok()).flatten() }
    }

    /// The value of the item of a finding; `None` without `--reveal`, and where the finding is about no item.
    pub fn of(&mut self, finding: &Finding) -> Option<String> {
        finding.item?;
        let file = self.file.as_mut()?;
        file.seek(SeekFrom::Start(finding.position.byte)).ok()?;
        let mut bytes = Vec::new();
        file.take(VALUE_MAX_BYTES).read_to_end(&mut bytes).ok()?;
        let item = bytes.split(|byte| matches!(byte, b',' | b'\r' | b'\n' | 0x1A)).next()?;
        Some(text::decode(item).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rezept_text::{Lang, Text};

    /// Every check of the reader has a sentence: its codes stand in quotes in the sources that scan.
    #[test]
    fn every_check_has_its_sentence() {
        let text = Text::new(Lang::Ja);
        let scan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rezept-claim/src/scan");
        let mut seen = 0;
        for entry in std::fs::read_dir(scan).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            for word in source.split('"').skip(1).step_by(2).filter(|word| is_check(word)) {
                seen += 1;
                assert!(text.has(&format!("finding-{word}")), "{word}");
            }
        }
        assert!(seen > 30, "only {seen} codes were found");
    }

    fn is_check(word: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (head, tail) = word.split_at(word.len().min(1));
        (word.len() == 4 || word.len() == 5) && digits(word)
            || word.strip_prefix("R-").is_some_and(digits)
            || word.len() == 3 && matches!(head, "E" | "W") && digits(tail)
    }
}
