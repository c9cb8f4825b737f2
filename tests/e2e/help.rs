//! `--help` and `--version` in both languages, as snapshots: a change of the command line shows in review.
//! `UPDATE_EXPECT=1` writes them anew.

use crate::bench::run;
use expect_test::expect_file;

/// All help of one language, command after command, as the program lists them itself.
fn all_help(lang: &str) -> String {
    let mut waiting = vec![Vec::<String>::new()];
    let mut pages = String::new();
    while let Some(names) = waiting.pop() {
        let mut args: Vec<&str> = names.iter().map(String::as_str).collect();
        args.extend(["--help", "--lang", lang]);
        let page = run(&args);
        assert_eq!((page.exit, page.err.as_str()), (0, ""), "{args:?}");
        pages.push_str(&format!("$ rezept {}\n{}\n", args.join(" "), page.out));
        let subs = sub_commands(&page.out);
        waiting.extend(subs.into_iter().rev().map(|sub| [names.clone(), vec![sub]].concat()));
    }
    pages
}

/// Names in the paragraph of commands.
fn sub_commands(page: &str) -> Vec<String> {
    let paragraph =
        page.split("\n\n").find(|part| part.starts_with("コマンド:") || part.starts_with("Commands:"));
    let lines = paragraph.unwrap_or_default().lines().skip(1);
    lines
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

/// Every command that is listed anywhere, by its words.
pub fn listed_commands() -> Vec<String> {
    let mut waiting = vec![String::new()];
    let mut found = Vec::new();
    while let Some(name) = waiting.pop() {
        let args: Vec<&str> = name.split_whitespace().chain(["--help", "--lang", "en"]).collect();
        let below = sub_commands(&run(&args).out);
        waiting.extend(below.iter().map(|sub| format!("{name} {sub}").trim().to_owned()));
        found.push(name);
    }
    found
}

/// Every command that does something by itself: one that others stand below does so only where its usage says so.
pub fn leaf_commands() -> Vec<String> {
    let mut found = Vec::new();
    for name in listed_commands().into_iter().filter(|name| !name.is_empty()) {
        let args: Vec<&str> = name.split_whitespace().chain(["--help", "--lang", "en"]).collect();
        let page = run(&args).out;
        let usage = page.lines().find(|line| line.starts_with("Usage:")).unwrap();
        if sub_commands(&page).is_empty() || !usage.contains("<COMMAND>") {
            found.push(name);
        }
    }
    found.sort();
    found
}

#[test]
fn help_in_japanese() {
    expect_file!["snapshots/help.ja.txt"].assert_eq(&all_help("ja"));
}

#[test]
fn help_in_english() {
    expect_file!["snapshots/help.en.txt"].assert_eq(&all_help("en"));
}

#[test]
fn japanese_is_the_default() {
    assert_eq!(run(&["--help"]).out, run(&["--help", "--lang", "ja"]).out);
}

#[test]
fn the_version_is_the_package_version() {
    let version = run(&["--version"]);
    assert_eq!((version.exit, version.out.as_str()), (0, "rezept 0.1.0\n"));
}
