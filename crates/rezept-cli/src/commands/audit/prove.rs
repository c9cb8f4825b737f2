//! `rezept audit verify --export FILE`: proves an exported history from nothing but itself, on any computer. Needs no journal
//! and no configuration, and says nothing about who made the export.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use rezept_parcel::Digest;

use super::form::{Head, Reader, Record};
use crate::json::AuditProofObject;
use crate::report::{Failure, Report};
use crate::shown::{local_time, shown, shown_text};
use crate::ui::{Tone, Ui};
use rezept_codes::{Code, Exit};

/// What following an export found.
#[derive(Debug, PartialEq, Eq)]
pub struct Proof {
    /// What stands before the entries. No hash covers it but for the numbers and the hash in it.
    pub head: Head,
    /// Sound entries.
    pub entries: u64,
    /// Hash of the last sound one.
    pub end: [u8; 32],
    /// The first entry that was edited, removed, or put in.
    pub broken_at: Option<u64>,
}

/// Follows an export to its end, or to its first wrong entry. `None`: it is not one, or one that a newer program made.
///
/// # Errors
/// When it cannot be read.
pub fn prove(from: impl BufRead) -> io::Result<Option<Proof>> {
    let mut reader = Reader::new(from)?;
    let Some(Record::Head(head)) = reader.next_record()? else { return Ok(None) };
    let mut proof = Proof { entries: 0, end: head.before, broken_at: None, head };
    let (first, last) = (proof.head.first, proof.head.last);
    if first == 0 || last < first || last == u64::MAX || (first == 1 && proof.head.before != [0; 32]) {
        proof.broken_at = Some(first);
        return Ok(Some(proof));
    }
    let mut expected = first;
    while let Some(record) = reader.next_record()? {
        match record {
            Record::Entry(entry)
                if expected <= last
                    && entry.seq == expected
                    && entry.hash_behind(&proof.end) == entry.hash =>
            {
                proof.end = entry.hash;
                proof.entries += 1;
                expected += 1;
            }
            _ => {
                proof.broken_at = Some(expected);
                return Ok(Some(proof));
            }
        }
    }
    if expected <= last {
        proof.broken_at = Some(expected);
    }
    Ok(Some(proof))
}

/// Runs the command. An export that was changed ends with exit 6, a file that is none with exit 3.
///
/// # Errors
/// When the file cannot be opened or read.
pub fn run(path: &Path, ui: &Ui) -> Result<Exit, Failure> {
    let failed = |source| Failure::Open { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(Failure::NotAFile { path: path.to_owned() });
    }
    let Some(proof) = prove(BufReader::new(file)).map_err(failed)? else {
        let report = Report::new(Code::NotAnExport).at(shown(path));
        ui.report(&report);
        return Ok(report.exit());
    };
    ui.object(&object(&proof));
    ui.table(&table(&proof, ui));
    if let Some(entry) = proof.broken_at {
        let report = Report::new(Code::ExportBroken).at(format!("{} #{entry}", shown(path)));
        ui.report(&report);
        return Ok(report.exit());
    }
    let line = ui.say("audit-export-sound", &[("n", proof.entries.into())]);
    ui.line(&ui.paint(&line, Tone::Good));
    ui.line(&format!("SHA-256 {}", Digest(proof.end)));
    ui.note(&ui.say("audit-export-compare", &[]));
    Ok(Exit::Ok)
}

fn table(proof: &Proof, ui: &Ui) -> Vec<(String, String)> {
    let head = &proof.head;
    let rows = [
        ("audit-label-station", shown_text(&head.station)),
        ("audit-label-facility", shown_text(&head.facility)),
        ("audit-label-entries", format!("#{} - #{}", head.first, head.last)),
        ("audit-label-exported", shown_text(&local_time(&head.exported_at))),
    ];
    rows.into_iter().map(|(label, value)| (ui.say(label, &[]), value)).collect()
}

fn object(proof: &Proof) -> AuditProofObject<'_> {
    AuditProofObject {
        sound: proof.broken_at.is_none(),
        station: &proof.head.station,
        facility: &proof.head.facility,
        first: proof.head.first,
        last: proof.head.last,
        entries: proof.entries,
        before: Digest(proof.head.before).to_string(),
        head: Digest(proof.end).to_string(),
        broken_at: proof.broken_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../../docs/audit.md");

    /// The blocks of the page in a language, without their fences.
    fn blocks(language: &str) -> Vec<&'static str> {
        let begins = format!("\n```{language}\n");
        PAGE.split(&begins).skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect()
    }

    fn proof(export: &str) -> Option<Proof> {
        prove(export.as_bytes()).unwrap()
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            hex.chars().filter_map(|c| c.to_digit(16)).map(|digit| u8::try_from(digit).unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn the_worked_example_of_the_page_is_true() {
        let [export] = blocks("jsonl")[..] else { panic!("one example") };
        let found = proof(export).unwrap();
        assert_eq!((found.entries, found.broken_at), (3, None));
        let hashes: Vec<String> = export
            .lines()
            .skip(1)
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["sha256"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let [first, third] = blocks("hex")[..] else { panic!("two entries in hexadecimal") };
        for (hex, hash) in [(first, &hashes[0]), (third, &hashes[2])] {
            assert_eq!(&Digest::of(&bytes(hex)).to_string(), hash);
            assert!(PAGE.contains(&format!("Its SHA-256 is `{hash}`")));
        }
    }

    #[test]
    fn every_change_of_an_export_is_named_by_its_entry() {
        let [export] = blocks("jsonl")[..] else { panic!("one example") };
        let lines: Vec<&str> = export.lines().collect();
        let swapped = [lines[0], lines[2], lines[1], lines[3]].join("\n");
        let doubled = [export, lines[3]].join("\n");
        let more = |at: usize| lines[at].replace("\"v\":1", "\"v\":1,\"remark\":\"approved\"");
        let cases = [
            ("another note", export.replace("差し替え", "取り替え"), 3),
            ("another person", export.replace("佐藤", "鈴木"), 3),
            ("another time", export.replacen("00:00:05", "00:00:06", 1), 2),
            (
                "text moved to the next field",
                export.replace("SEEN\",\"to\":\"STABLE", "SE\",\"to\":\"ENSTABLE"),
                2,
            ),
            ("another number", export.replace("\"seq\":2", "\"seq\":4"), 2),
            ("the first removed", [lines[0], lines[2], lines[3]].join("\n"), 1),
            ("one removed", [lines[0], lines[1], lines[3]].join("\n"), 2),
            ("the last removed", lines[..3].join("\n"), 3),
            ("all removed", lines[0].to_owned(), 1),
            ("cut within a line", export[..export.len() - 3].to_owned(), 3),
            ("two swapped", swapped, 1),
            ("the last one twice", doubled, 4),
            ("an empty line", export.replacen('\n', "\n\n", 1), 1),
            ("a key that no hash covers", export.replace(lines[2], &more(2)), 2),
            ("the head says more", export.replace("\"last\":3", "\"last\":4"), 4),
            ("the head says less", export.replace("\"last\":3", "\"last\":2"), 3),
            ("the head begins elsewhere", export.replace("\"first\":1", "\"first\":2"), 2),
            ("no entry is before the first", export.replacen("\"before\":\"0", "\"before\":\"1", 1), 1),
        ];
        for (what, changed, entry) in cases {
            assert_ne!(changed, export, "{what}");
            assert_eq!(proof(&changed).unwrap().broken_at, Some(entry), "{what}");
        }
    }

    #[test]
    fn what_is_no_export_is_told_as_none() {
        let [export] = blocks("jsonl")[..] else { panic!("one example") };
        for (what, text) in [
            ("nothing", String::new()),
            ("another file", "番号,状態\r\n1,new\r\n".to_owned()),
            ("another object", "{\"v\":1,\"type\":\"audit\"}\n".to_owned()),
            ("a head with a remark", export.replace("\"format\":1", "\"format\":1,\"remark\":\"approved\"")),
            ("a newer form", export.replace("\"format\":1", "\"format\":2")),
            ("the entries alone", export.lines().skip(1).collect::<Vec<_>>().join("\n")),
        ] {
            assert_eq!(proof(&text), None, "{what}");
        }
        // What editors on Windows do to every text file changes nothing that counts.
        let saved = format!("\u{feff}{}", export.replace('\n', "\r\n"));
        assert_eq!(proof(&saved).unwrap().broken_at, None);
        for number in ["18446744073709551615", "0"] {
            let far = export.replace("\"last\":3", &format!("\"last\":{number}"));
            assert!(proof(&far).unwrap().broken_at.is_some(), "{number}");
        }
    }
}
