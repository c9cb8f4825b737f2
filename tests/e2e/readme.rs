//! What the README files tell people to type exists: each sub-command, and each option of it.

use std::collections::BTreeSet;
use std::fs;

use crate::bench::{root, run};

/// Command lines of `rezept` in a page: in code blocks and between backticks, continued lines joined.
fn command_lines(page: &str) -> Vec<String> {
    let joined = page.replace("\n       ", " ").replace("`\n", "` ");
    let mut found = Vec::new();
    let mut in_block = false;
    for line in joined.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            let line = line.trim_start().trim_start_matches(['>', '$']).trim_start();
            let line = line.replace("cargo run --release --bin rezept --", "rezept");
            found.extend(
                line.starts_with("rezept ").then(|| line.split('#').next().unwrap().trim().to_owned()),
            );
        } else {
            found.extend(
                line.split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(|code| code.starts_with("rezept "))
                    .map(str::to_owned),
            );
        }
    }
    found
}

/// The sub-commands that a help page lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let commands = commands.take_while(|line| !line.trim().is_empty());
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn everything_that_the_readme_says_can_be_typed() {
    let top = run(&["--help", "--lang", "en"]);
    let all = listed(&top.out);
    assert!(all.len() >= 12, "{}", top.out);
    for page in ["README.md", "README.ja.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let lines = command_lines(&text);
        assert!(lines.len() >= 10, "{page}: {lines:?}");
        let mut named = BTreeSet::new();
        for line in &lines {
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            let Some(first) = words.first().filter(|word| !word.starts_with('-')) else {
                assert_eq!(run(&words).exit, 0, "{page}: {line}");
                continue;
            };
            named.insert((*first).to_owned());
            let mut command = vec![*first];
            let own = run(&[first, "--help", "--lang", "en"]);
            assert_eq!(own.exit, 0, "{page}: {line}");
            let below = listed(&own.out);
            // A command that also works by itself need not be followed by a sub-command.
            let usage = own.out.lines().find(|line| line.starts_with("Usage:")).unwrap_or_default();
            let must = usage.contains("<COMMAND>");
            let is_below = |word: &&&str| below.contains(&(**word).to_owned());
            if let Some(second) = words.get(1).filter(|word| must || is_below(word)) {
                assert!(is_below(&second), "{page}: {line}");
                command.push(second);
            }
            let help = run(&[&command[..], &["--help", "--lang", "en"]].concat());
            for option in words.iter().filter(|word| word.starts_with("--") && word.len() > 2) {
                let known = help.out.split_whitespace().any(|word| word.trim_end_matches(',') == *option);
                assert!(known, "{page}: {line}: {option} is not in\n{}", help.out);
            }
        }
        let missing: Vec<_> = all.iter().filter(|name| !named.contains(*name)).collect();
        assert!(missing.is_empty(), "{page} does not tell of {missing:?}");
    }
}
