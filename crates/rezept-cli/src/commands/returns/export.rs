//! `rezept returns export`: the worklist for a spreadsheet. Nothing that a spreadsheet program would take for a formula, or
//! whose zeros and digits it would lose.

use std::fs::File;
use std::io::{BufWriter, Write};

use rezept_claim::text;
use rezept_journal::{Journal, ReturnedClaimRow};
use rust_xlsxwriter::Workbook;

use super::filter;
use super::shown::{failed, reason_text};
use crate::cli::{ExportArgs, Global};
use crate::commands::station;
use crate::report::Failure;
use crate::shown::{shown, shown_text};
use crate::ui::Ui;
use rezept_codes::Exit;

/// Names of the columns; their headings are `export-<name>`.
pub const COLUMNS: [&str; 17] = [
    "id",
    "state",
    "payer",
    "processed-month",
    "service-month",
    "chart",
    "name",
    "receipt-no",
    "claim-type",
    "points",
    "codes",
    "reasons",
    "search-no",
    "owner",
    "due",
    "faults",
    "original-month",
];

/// Runs the command. The ending of the name decides: `.xlsx`, otherwise CSV (UTF-8 with BOM, CR LF).
///
/// # Errors
/// When the file is there already or cannot be written.
pub fn run(args: &ExportArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let rows = journal.returned_claims(&filter(&args.filter)).map_err(failed)?;
    let mut table = Vec::with_capacity(rows.len() + 1);
    table.push(COLUMNS.iter().map(|column| ui.say(&format!("export-{column}"), &[])).collect());
    for row in &rows {
        table.push(cells(&journal, row, ui)?);
    }
    let path = args.out.as_path();
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    let spreadsheet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
    let mut target = crate::private_file::create_new(path).map_err(failed)?;
    let written = if spreadsheet { xlsx(&table, &mut target) } else { csv(&table, &target) };
    if let Err(source) = written.and_then(|()| target.sync_all()) {
        let _ = std::fs::remove_file(path);
        return Err(failed(source));
    }
    ui.note(&ui.say("export-done", &[("n", (rows.len() as u64).into()), ("path", (&shown(path)).into())]));
    Ok(Exit::Ok)
}

fn cells(journal: &Journal, row: &ReturnedClaimRow, ui: &Ui) -> Result<Vec<String>, Failure> {
    let reasons = journal.return_reasons(row.id).map_err(failed)?;
    let reasons: Vec<String> = reasons.iter().map(reason_text).filter(|text| !text.is_empty()).collect();
    let name = row.name.as_deref().filter(|_| ui.reveals()).map(|name| shown_text(&text::decode(name)));
    let word = |word: &Option<String>| word.as_deref().map(shown_text).unwrap_or_default();
    Ok(vec![
        format!("R{}", row.id),
        ui.say(&format!("returned-{}", row.state.word()), &[]),
        ui.say(if row.payer == "1" { "payer-shaho" } else { "payer-kokuho" }, &[]),
        row.processed_month.clone(),
        row.service_month.clone(),
        shown_text(&row.chart_no),
        name.unwrap_or_default(),
        word(&row.receipt_no),
        word(&row.claim_type),
        row.points.map(|points| points.to_string()).unwrap_or_default(),
        shown_text(&row.reason_codes),
        reasons.join(" / "),
        shown_text(&row.search_no),
        word(&row.owner),
        word(&row.due),
        row.faults.clone(),
        word(&row.original_month),
    ])
}

/// A cell that a spreadsheet program shows as it stands. Digits that it would round or strip of zeros go in as a formula
/// that is nothing but these digits; what begins like a formula gets an apostrophe.
fn guarded(cell: &str) -> String {
    let digits = !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (cell.starts_with('0') && cell.len() > 1 || cell.len() > 11) {
        return format!("=\"{cell}\"");
    }
    match cell.trim_start_matches([' ', '\u{3000}']).chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{cell}")
        }
        _ => cell.to_owned(),
    }
}

fn csv(table: &[Vec<String>], target: &File) -> std::io::Result<()> {
    let mut target = BufWriter::new(target);
    target.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut target);
    for row in table {
        writer.write_record(row.iter().map(|cell| guarded(cell)))?;
    }
    writer.flush()?;
    drop(writer);
    target.flush()
}

fn xlsx(table: &[Vec<String>], target: &mut File) -> std::io::Result<()> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory().map_err(std::io::Error::other)?;
    for (row, cells) in (0u32..).zip(table) {
        for (column, cell) in (0u16..).zip(cells) {
            // As text: a number would lose its zeros, and text is never a formula.
            sheet.write_string(row, column, cell).map_err(std::io::Error::other)?;
        }
    }
    book.save_to_writer(target).map_err(std::io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_formula_and_nothing_loses_digits() {
        for (cell, guarded_cell) in [
            ("", ""),
            ("内科", "内科"),
            ("586", "586"),
            ("00012", "=\"00012\""),
            ("0", "0"),
            ("120241113000000000000000001", "=\"120241113000000000000000001\""),
            ("=1+1", "'=1+1"),
            ("  =cmd", "'  =cmd"),
            ("-5", "'-5"),
            ("＝A1", "'＝A1"),
            ("0012=HYPERLINK()", "0012=HYPERLINK()"),
        ] {
            assert_eq!(guarded(cell), guarded_cell, "{cell}");
        }
    }

    #[test]
    fn a_table_for_excel_has_a_mark_and_its_line_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let table = vec![vec!["番号".to_owned(), "a,\"b\"".to_owned()]];
        csv(&table, &File::create_new(&path).unwrap()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\u{feff}番号,\"a,\"\"b\"\"\"\r\n");
        xlsx(&table, &mut File::create_new(folder.path().join("a.xlsx")).unwrap()).unwrap();
        assert_eq!(&std::fs::read(folder.path().join("a.xlsx")).unwrap()[..2], b"PK");
    }
}
