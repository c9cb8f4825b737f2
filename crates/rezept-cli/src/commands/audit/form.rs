//! The two forms of an exported history, CSV and JSON lines, written and read strictly. It says nothing about whether an
//! export is true: that is for `prove`. The forms and the rule of the hashes are public: `docs/audit.md`.

use std::io::{self, BufRead, Read, Write};

use rezept_journal::HistoryRow;
use rezept_parcel::Digest;
use serde::{Deserialize, Serialize};

use crate::cli::ExportFormat;
use crate::json::{AuditExportObject, Object, line_of};

/// The version of both forms.
pub const FORMAT: u64 = 1;
/// Begins a CSV export.
const MARK: &str = "rezept-audit-export";
/// Excel takes a CSV for UTF-8 only behind this.
const BOM: &str = "\u{feff}";
/// Cells of a row.
pub const COLUMNS: usize = 8;
/// Longer lines of JSON are not ours: a note is a few paths at most.
const LINE_MAX_BYTES: u64 = 1 << 20;

/// What stands before the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// When it was exported, RFC 3339.
    pub exported_at: String,
    /// The station.
    pub station: String,
    /// Its facility.
    pub facility: String,
    /// Number of the first entry.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    /// Hash of the entry before the first; zeros before entry 1.
    pub before: [u8; 32],
}

impl Head {
    /// As an object of the output.
    pub fn object(&self) -> AuditExportObject {
        AuditExportObject {
            format: FORMAT,
            exported_at: self.exported_at.clone(),
            station: self.station.clone(),
            facility: self.facility.clone(),
            first: self.first,
            last: self.last,
            before: Digest(self.before).to_string(),
        }
    }
}

/// An entry as a line of JSON. Unknown keys are refused: what no hash covers must not stand beside what one proves.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine {
    v: u8,
    r#type: String,
    seq: u64,
    at: String,
    actor: String,
    subject: String,
    from: String,
    to: String,
    note: String,
    sha256: String,
}

/// The first line of an export as JSON: an [`AuditExportObject`] as it is printed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadLine {
    v: u8,
    r#type: String,
    format: u64,
    exported_at: String,
    station: String,
    facility: String,
    first: u64,
    last: u64,
    before: String,
}

const ENTRY_TYPE: &str = "audit_entry";

/// Writes an export.
pub enum Writer<W: Write> {
    /// For a spreadsheet: BOM, CR LF, and no cell that it would take for a formula.
    Csv(Box<csv::Writer<W>>),
    /// One object a line.
    Jsonl(W),
}

impl<W: Write> Writer<W> {
    /// Begins with the head. `headings` are for people only.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(
        mut out: W,
        format: ExportFormat,
        head: &Head,
        headings: &[String; COLUMNS],
    ) -> io::Result<Self> {
        match format {
            ExportFormat::Csv => {
                out.write_all(BOM.as_bytes())?;
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                let (first, last) = (head.first.to_string(), head.last.to_string());
                let (format, before) = (FORMAT.to_string(), Digest(head.before).to_string());
                let cells: [&str; COLUMNS] =
                    [MARK, &format, &head.exported_at, &head.station, &head.facility, &first, &last, &before];
                writer.write_record(cells)?;
                writer.write_record(headings)?;
                Ok(Self::Csv(Box::new(writer)))
            }
            ExportFormat::Jsonl => {
                writeln!(out, "{}", line_of(&head.object()))?;
                Ok(Self::Jsonl(out))
            }
        }
    }

    /// Writes the next entry.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn entry(&mut self, row: &HistoryRow) -> io::Result<()> {
        let sha256 = Digest(row.hash).to_string();
        match self {
            Self::Csv(writer) => {
                let seq = row.seq.to_string();
                let cells: [&str; COLUMNS] =
                    [&seq, &row.at, &row.actor, &row.subject, &row.from, &row.to, &row.note, &sha256];
                Ok(writer.write_record(cells.map(guarded))?)
            }
            Self::Jsonl(out) => {
                let line = EntryLine {
                    v: crate::json::VERSION,
                    r#type: ENTRY_TYPE.to_owned(),
                    seq: row.seq,
                    at: row.at.clone(),
                    actor: row.actor.clone(),
                    subject: row.subject.clone(),
                    from: row.from.clone(),
                    to: row.to.clone(),
                    note: row.note.clone(),
                    sha256,
                };
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")
            }
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Jsonl(mut out) => out.flush(),
        }
    }
}

/// A cell that no spreadsheet program takes for a formula: what begins like one gets an apostrophe, and so that this can be
/// taken back, what begins with an apostrophe too.
fn guarded(cell: &str) -> String {
    match cell.trim_start_matches([' ', '\u{3000}']).chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '\'') => {
            format!("'{cell}")
        }
        _ => cell.to_owned(),
    }
}

fn unguarded(cell: &str) -> String {
    cell.strip_prefix('\'').unwrap_or(cell).to_owned()
}

/// What comes next in an export.
pub enum Record {
    /// It begins.
    Head(Head),
    /// An entry.
    Entry(HistoryRow),
    /// Not what the form has in this place.
    Strange,
}

/// Reads an export record by record, in either form.
pub struct Reader<R: BufRead> {
    form: Form<R>,
}

enum Form<R: BufRead> {
    Csv { reader: Box<csv::Reader<io::Chain<io::Cursor<Vec<u8>>, R>>>, records: u64 },
    Jsonl { reader: io::Chain<io::Cursor<Vec<u8>>, R>, lines: u64 },
}

impl<R: BufRead> Reader<R> {
    /// Looks at the first bytes for the form.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn new(mut from: R) -> io::Result<Self> {
        let mut begin = Vec::new();
        (&mut from).take(BOM.len() as u64 + 1).read_to_end(&mut begin)?;
        if begin.starts_with(BOM.as_bytes()) {
            begin.drain(..BOM.len());
        }
        let jsonl = begin.first() == Some(&b'{');
        let reader = io::Cursor::new(begin).chain(from);
        let form = if jsonl {
            Form::Jsonl { reader, lines: 0 }
        } else {
            let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
            Form::Csv { reader: Box::new(reader), records: 0 }
        };
        Ok(Self { form })
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read. What is read and is nothing known is no error.
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        match &mut self.form {
            Form::Csv { reader, records } => next_csv(reader, records),
            Form::Jsonl { reader, lines } => next_line(reader, lines),
        }
    }
}

fn next_csv<R: Read>(reader: &mut csv::Reader<R>, records: &mut u64) -> io::Result<Option<Record>> {
    let mut cells = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut cells) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => {
                return match error.into_kind() {
                    csv::ErrorKind::Io(error) => Err(error),
                    _ => Ok(Some(Record::Strange)),
                };
            }
        }
        *records += 1;
        return Ok(Some(match *records {
            1 => head_of_cells(&cells).map_or(Record::Strange, Record::Head),
            // The headings.
            2 if cells.len() == COLUMNS => continue,
            _ => entry_of_cells(&cells).map_or(Record::Strange, Record::Entry),
        }));
    }
}

fn head_of_cells(cells: &csv::StringRecord) -> Option<Head> {
    let cells: [&str; COLUMNS] = cells.iter().collect::<Vec<_>>().try_into().ok()?;
    let [mark, format, exported_at, station, facility, first, last, before] = cells;
    if mark != MARK || format.parse() != Ok(FORMAT) {
        return None;
    }
    Some(Head {
        exported_at: exported_at.to_owned(),
        station: station.to_owned(),
        facility: facility.to_owned(),
        first: first.parse().ok()?,
        last: last.parse().ok()?,
        before: before.parse::<Digest>().ok()?.0,
    })
}

fn entry_of_cells(cells: &csv::StringRecord) -> Option<HistoryRow> {
    let cells: [&str; COLUMNS] = cells.iter().collect::<Vec<_>>().try_into().ok()?;
    let [seq, at, actor, subject, from, to, note, sha256] = cells.map(unguarded);
    let (seq, hash) = (seq.parse().ok()?, sha256.parse::<Digest>().ok()?.0);
    Some(HistoryRow { seq, at, actor, subject, from, to, note, hash })
}

fn next_line(reader: &mut impl BufRead, lines: &mut u64) -> io::Result<Option<Record>> {
    let mut line = Vec::new();
    reader.by_ref().take(LINE_MAX_BYTES).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    *lines += 1;
    let record = if *lines == 1 {
        head_of_line(&line).map(Record::Head)
    } else {
        entry_of_line(&line).map(Record::Entry)
    };
    Ok(Some(record.unwrap_or(Record::Strange)))
}

fn head_of_line(line: &[u8]) -> Option<Head> {
    let line: HeadLine = serde_json::from_slice(line).ok()?;
    if line.v != crate::json::VERSION || line.r#type != AuditExportObject::TYPE || line.format != FORMAT {
        return None;
    }
    Some(Head {
        exported_at: line.exported_at,
        station: line.station,
        facility: line.facility,
        first: line.first,
        last: line.last,
        before: line.before.parse::<Digest>().ok()?.0,
    })
}

fn entry_of_line(line: &[u8]) -> Option<HistoryRow> {
    let line: EntryLine = serde_json::from_slice(line).ok()?;
    if line.v != crate::json::VERSION || line.r#type != ENTRY_TYPE {
        return None;
    }
    Some(HistoryRow {
        seq: line.seq,
        at: line.at,
        actor: line.actor,
        subject: line.subject,
        from: line.from,
        to: line.to,
        note: line.note,
        hash: line.sha256.parse::<Digest>().ok()?.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            exported_at: "2026-04-30T01:00:00Z".to_owned(),
            station: "recekon-1".to_owned(),
            facility: "13-1-9999015".to_owned(),
            first: 1,
            last: 1,
            before: [0; 32],
        }
    }

    fn written(format: ExportFormat, row: &HistoryRow) -> Vec<u8> {
        let mut out = Vec::new();
        let headings = std::array::from_fn(|column| format!("heading {column}"));
        let mut writer = Writer::begin(&mut out, format, &head(), &headings).unwrap();
        writer.entry(row).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn every_text_comes_back_from_both_forms_and_none_is_a_formula() {
        let nasty = [
            "",
            " ",
            "'",
            "''",
            "'=x",
            "=1+1",
            "  =cmd|x",
            "+1",
            "-1",
            "@x",
            "\t1",
            "\r",
            "\n",
            "a\r\nb",
            "a\"b",
            "\"",
            ",",
            "a,b",
            "＝A1",
            "\u{3000}-1",
            "\u{feff}",
            "佐藤",
            "{\"v\":1}",
            "\u{0}",
            "00012",
            "1e5",
            "\\",
        ];
        for text in nasty {
            let row = HistoryRow {
                seq: 7,
                at: text.to_owned(),
                actor: text.to_owned(),
                subject: text.to_owned(),
                from: text.to_owned(),
                to: text.to_owned(),
                note: text.to_owned(),
                hash: [0xab; 32],
            };
            for format in [ExportFormat::Csv, ExportFormat::Jsonl] {
                let bytes = written(format, &row);
                let mut reader = Reader::new(bytes.as_slice()).unwrap();
                assert!(
                    matches!(reader.next_record().unwrap(), Some(Record::Head(found)) if found == head())
                );
                let Some(Record::Entry(found)) = reader.next_record().unwrap() else { panic!("{text:?}") };
                assert_eq!(found, row, "{format:?} {text:?}");
                assert!(reader.next_record().unwrap().is_none());
            }
            let cell = guarded(text);
            let first = cell.trim_start_matches([' ', '\u{3000}']).chars().next();
            assert!(!first.is_some_and(|first| "=+-@\t\r\n＝＋－＠".contains(first)), "{cell:?}");
        }
    }

    #[test]
    fn a_spreadsheet_gets_its_mark_and_line_ends() {
        let row = HistoryRow {
            seq: 1,
            at: "2026-04-01T00:00:00Z".to_owned(),
            actor: "佐藤".to_owned(),
            subject: "F1".to_owned(),
            from: String::new(),
            to: "RELEASED".to_owned(),
            note: "=1,2".to_owned(),
            hash: [0; 32],
        };
        let zeros = "0".repeat(64);
        let expected = format!(
            "\u{feff}rezept-audit-export,1,2026-04-30T01:00:00Z,recekon-1,13-1-9999015,1,1,{zeros}\r\n\
             heading 0,heading 1,heading 2,heading 3,heading 4,heading 5,heading 6,heading 7\r\n\
             1,2026-04-01T00:00:00Z,佐藤,F1,,RELEASED,\"'=1,2\",{zeros}\r\n"
        );
        assert_eq!(String::from_utf8(written(ExportFormat::Csv, &row)).unwrap(), expected);
    }
}
