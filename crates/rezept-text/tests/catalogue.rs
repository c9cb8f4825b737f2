//! The sentences as a whole: both languages say the same things, sentences are sentences, errors have their three
//! parts, and the program asks for nothing that does not exist.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use rezept_text::{Lang, sources};

/// A message: the values it wants, the messages it quotes, and its text with values as `{}`.
#[derive(Debug, Default)]
struct Message {
    variables: BTreeSet<String>,
    quotes: BTreeSet<String>,
    text: String,
}

fn messages(lang: Lang) -> BTreeMap<String, Message> {
    let mut found = BTreeMap::new();
    for (name, source) in sources(lang) {
        let resource = fluent_syntax::parser::parse(*source)
            .unwrap_or_else(|(_, errors)| panic!("{lang}/{name}.ftl: {errors:?}"));
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            let mut read = Message::default();
            read.pattern(&message.value.expect("every message has a value"));
            let before = found.insert(message.id.name.to_owned(), read);
            assert!(before.is_none(), "{lang}/{name}.ftl repeats {}", message.id.name);
        }
    }
    found
}

impl Message {
    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.text.push_str(value),
                PatternElement::Placeable { expression } => self.expression(expression),
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector);
                for variant in variants {
                    self.pattern(&variant.value);
                }
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
                self.text.push_str("{}");
            }
            InlineExpression::MessageReference { id, .. } => {
                self.quotes.insert(id.name.to_owned());
            }
            other => panic!("the files use only values and other messages: {other:?}"),
        }
    }

    /// The text with what it quotes behind it: good enough to see how it ends.
    fn whole(&self, all: &BTreeMap<String, Message>) -> String {
        let quoted: String = self.quotes.iter().map(|id| all[id].text.as_str()).collect();
        format!("{}{quoted}", self.text)
    }
}

#[test]
fn both_languages_say_the_same_things_with_the_same_values() {
    let (ja, en) = (messages(Lang::Ja), messages(Lang::En));
    let ids = |all: &BTreeMap<String, Message>| all.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(ids(&ja), ids(&en));
    assert!(ja.len() > 300, "only {} messages were read", ja.len());
    for (id, message) in &ja {
        assert_eq!(message.variables, en[id].variables, "values of {id}");
    }
    for (id, message) in ja.iter().chain(&en) {
        for quoted in &message.quotes {
            assert!(ja.contains_key(quoted), "{id} quotes {quoted}");
        }
    }
}

/// Ids whose messages are whole sentences, by how they begin or end.
fn is_sentence(id: &str) -> bool {
    ["-what", "-sent", "-next"].iter().any(|end| id.starts_with("RZ-") && id.ends_with(end))
        || ["sent-", "next-", "note-", "bag-"].iter().any(|start| id.starts_with(start))
        || id.strip_prefix("finding-").is_some_and(|code| code.bytes().any(|b| b.is_ascii_digit()))
}

fn ends_badly(id: &str, text: &str) -> bool {
    let stop = text.ends_with(['。', '.']);
    let polite =
        ["ます", "です", "ません", "ました", "ください", "でした"].iter().any(|end| text.ends_with(end));
    if id.starts_with("help-") { stop || polite } else { polite || is_sentence(id) && !stop }
}

#[test]
fn sentences_end_with_a_full_stop_and_help_does_not() {
    for &lang in Lang::ALL {
        let all = messages(lang);
        for (id, message) in &all {
            let text = message.whole(&all);
            assert!(!ends_badly(id, text.trim_end()), "{lang} {id}: {text}");
        }
    }
    assert!(ends_badly("show-x", "送りました"));
    assert!(ends_badly("RZ-F101-what", "Nothing there"));
    assert!(ends_badly("help-x", "Send a file."));
}

#[test]
fn every_error_has_its_three_parts() {
    let all = messages(Lang::Ja);
    let codes: BTreeSet<&str> = all.keys().filter(|id| id.starts_with("RZ-")).map(|id| &id[..7]).collect();
    assert!(codes.len() > 60, "only {} codes were read", codes.len());
    for code in codes {
        let digits = code[4..].bytes().all(|b| b.is_ascii_digit());
        assert!("UFGTPMROVKAJSWX".contains(&code[3..4]) && digits, "{code} is not of the form RZ-xnnn");
        for part in ["what", "sent", "next"] {
            assert!(all.contains_key(&format!("{code}-{part}")), "{code} has no -{part}");
        }
    }
}

/// Sources of the crates that speak to people.
fn rust_sources() -> Vec<(PathBuf, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut waiting = vec![crates.join("rezept-cli/src")];
    waiting.extend(["rezept-service/src", "rezept-web/src"].map(|folder| crates.join(folder)));
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push((path.clone(), fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

/// Ids asked for: the first argument of a call of `get` or `say` that has a second one.
fn asked_for(source: &str) -> Vec<&str> {
    let mut ids = Vec::new();
    for call in [".get(", ".say("] {
        for (at, _) in source.match_indices(call) {
            let rest = source[at + call.len()..].trim_start();
            let Some((id, after)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
                continue;
            };
            if after.trim_start().starts_with(',') {
                ids.push(id);
            }
        }
    }
    ids
}

#[test]
fn every_id_that_the_program_asks_for_exists() {
    assert_eq!(asked_for(r#"ui.say( "a-b", &[]); map.get("c"); text.get("d", &[])"#), ["d", "a-b"]);
    let all = messages(Lang::Ja);
    let mut seen = 0;
    for (path, source) in rust_sources() {
        for id in asked_for(&source) {
            seen += 1;
            assert!(all.contains_key(id), "{} asks for {id}", path.display());
        }
    }
    assert!(seen > 10, "only {seen} calls were found: has their form changed?");
}

/// Families of ids that the program puts together, each checked where it is done.
const COMPOSED: &[&str] = &[
    "RZ-",
    "audit-column-",
    "help-",
    "finding-",
    "note-",
    "bag-",
    "severity-",
    "show-",
    "unit-",
    "state-",
    "purpose-",
    "level-",
    "doctor-",
    "gate-",
    "pair-",
    "recovery-",
    "request-",
    "sheet-",
    "export-",
    "match-",
    "medium-class-",
    "medium-state-",
    "resubmission-",
    "returned-",
    "returns-difference-",
    "role-",
    "way-",
];

#[test]
fn nothing_is_left_that_nobody_asks_for() {
    let sources: String = rust_sources().into_iter().map(|(_, source)| source).collect();
    let all = messages(Lang::Ja);
    let quoted: BTreeSet<&String> = all.values().flat_map(|message| &message.quotes).collect();
    for id in all.keys() {
        let composed = COMPOSED.iter().any(|family| id.starts_with(family));
        let used = composed || quoted.contains(id) || sources.contains(&format!("\"{id}\""));
        assert!(used, "nobody asks for {id}");
    }
}
