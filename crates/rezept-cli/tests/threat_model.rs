//! `docs/threat-model.md` holds only what a test proves: every row of its tables names tests, and every test that is named
//! exists and is one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of all tables, without heads and rules, by their cells.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let head = |line: &str| line.starts_with("| what they") || line.starts_with("|---");
    let rows = page.lines().filter(|line| line.starts_with('|') && !head(line));
    rows.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// `path::name` between backticks.
fn named(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|text| text.rsplit_once("::")).collect()
}

/// Whether a file has a function of this name that the test runner runs.
fn is_test(source: &str, name: &str) -> bool {
    let Some(at) = source.find(&format!("fn {name}(")) else { return false };
    let before = source[..at].trim_end();
    // Attributes stand between the mark and the function, nothing else.
    let mark = before.rfind("#[test]").map(|mark| before[mark + "#[test]".len()..].trim());
    mark.is_some_and(|between| between.is_empty() || between.starts_with("#[") && between.ends_with(']'))
}

#[test]
fn every_row_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let rows = rows(&page);
    assert!(rows.len() >= 30, "only {} rows were read", rows.len());
    let mut wrong = Vec::new();
    let mut all = BTreeSet::new();
    for cells in &rows {
        let tests = cells.last().map(|cell| named(cell)).unwrap_or_default();
        if cells.len() != 3 || tests.is_empty() {
            wrong.push(format!("no test: {}", cells[0]));
        }
        for (path, name) in tests {
            let source = fs::read_to_string(root().join(path)).unwrap_or_default();
            if !is_test(&source, name) {
                wrong.push(format!("{path} has no test {name}"));
            }
            all.insert((path, name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all.len() >= 40, "only {} tests", all.len());
}

#[test]
fn a_row_without_a_test_and_a_test_that_is_none_are_noticed() {
    let page = "| what they can try | x | test |\n|---|---|---|\n| a | b | c |\n| d | e | `f.rs::g`<br>`h.rs::i` |\n";
    let rows = rows(page);
    assert_eq!(rows.len(), 2);
    assert_eq!((named(rows[0][2]).len(), named(rows[1][2])), (0, vec![("f.rs", "g"), ("h.rs", "i")]));
    assert!(is_test("#[test]\n#[cfg(unix)]\nfn g() {}", "g"));
    for none in ["fn g() {}", "#[test]\nfn f() {}\n\nfn g() {}", "#[test]\nfn gg() {}", ""] {
        assert!(!is_test(none, "g"), "{none}");
    }
}
