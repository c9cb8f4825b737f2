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
