//! The map of ARCHITECTURE.md, made mechanical: which crate may use which, who owns a library, and the house rules that
//! no lint knows. Each rule is a function, tried on a forbidden example below.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Who may use whom. `rezept-cli` may use everything; nothing may use it or `rezept-web`.
const ARROWS: &[(&str, &[&str])] = &[
    ("rezept-codes", &[]),
    ("rezept-claim", &[]),
    ("rezept-rules", &["rezept-claim"]),
    ("rezept-returns", &["rezept-claim"]),
    ("rezept-journal", &[]),
    ("rezept-parcel", &[]),
    ("rezept-transfer", &["rezept-parcel", "rezept-journal"]),
    (
        "rezept-service",
        &["rezept-claim", "rezept-rules", "rezept-returns", "rezept-journal", "rezept-transfer"],
    ),
    ("rezept-text", &[]),
    ("rezept-web", &["rezept-journal", "rezept-returns", "rezept-rules", "rezept-claim", "rezept-text"]),
    (
        "rezept-cli",
        &[
            "rezept-claim",
            "rezept-rules",
            "rezept-returns",
            "rezept-journal",
            "rezept-parcel",
            "rezept-transfer",
            "rezept-service",
            "rezept-text",
            "rezept-web",
        ],
    ),
    // Development only: it may build whatever tests need, and nothing that ships may use it.
    (
        "rezept-testkit",
        &[
            "rezept-claim",
            "rezept-rules",
            "rezept-returns",
            "rezept-journal",
            "rezept-parcel",
            "rezept-transfer",
            "rezept-service",
        ],
    ),
];

/// Libraries that one promise belongs to, by how their names begin.
const OWNERS: &[(&str, &[&str])] = &[
    ("rusqlite", &["rezept-journal"]),
    ("clap", &["rezept-cli"]),
    ("axum", &["rezept-web"]),
    ("tokio", &["rezept-web"]),
    ("age", &["rezept-parcel"]),
    ("minisign", &["rezept-parcel"]),
    ("zip", &["rezept-parcel", "rezept-returns"]),
    ("argon2", &["rezept-parcel", "rezept-service"]),
    ("rpassword", &["rezept-cli"]),
    ("fluent", &["rezept-text"]),
    ("notify", &["rezept-service"]),
    ("keyring-core", &["rezept-service"]),
    ("windows-native-keyring-store", &["rezept-service"]),
    ("apple-native-keyring-store", &["rezept-service"]),
    ("machine-uid", &["rezept-service"]),
    ("qrcode", &["rezept-cli"]),
];

/// Why `from` may not use `to` in what ships, if it may not.
fn forbidden(from: &str, to: &str) -> Option<String> {
    // The list of codes is everybody's; its own row says that it uses nobody.
    if to == "rezept-codes" && ARROWS.iter().any(|(name, _)| *name == from) {
        return None;
    }
    if to.starts_with("rezept-") {
        let allowed = ARROWS.iter().find(|(name, _)| *name == from).map(|(_, allowed)| *allowed);
        return match allowed {
            None => Some(format!("{from} is not on the map")),
            Some(allowed) if allowed.contains(&to) => None,
            Some(_) => Some(format!("{from} must not use {to}")),
        };
    }
    let of_family =
        |head: &str| to == head || to.strip_prefix(head).is_some_and(|rest| rest.starts_with(['-', '_']));
    let (head, owners) = OWNERS.iter().find(|(head, _)| of_family(head))?;
    (!owners.contains(&from)).then(|| format!("{from} must not use {to}: {head} belongs to {owners:?}"))
}

/// The same for tests, which may use the testkit besides, and any library.
fn forbidden_in_tests(from: &str, to: &str) -> Option<String> {
    if to == "rezept-testkit" || !to.starts_with("rezept-") { None } else { forbidden(from, to) }
}

fn our_packages() -> Vec<Package> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    MetadataCommand::new().manifest_path(root).no_deps().exec().unwrap().packages
}

#[test]
fn only_the_arrows_of_the_map() {
    let packages = our_packages();
    assert!(packages.len() > 5, "only {} packages were read", packages.len());
    for package in &packages {
        for dependency in &package.dependencies {
            let why = match dependency.kind {
                DependencyKind::Development => forbidden_in_tests(&package.name, &dependency.name),
                _ => forbidden(&package.name, &dependency.name),
            };
            assert_eq!(why, None);
        }
    }
}

#[test]
fn the_map_has_an_effect() {
    for (from, to) in [
        ("rezept-claim", "rezept-journal"),
        ("rezept-codes", "rezept-claim"),
        ("rezept-transfer", "rezept-claim"),
        ("rezept-service", "rezept-cli"),
        ("rezept-service", "rezept-testkit"),
        ("rezept-service", "rezept-text"),
        ("rezept-new", "rezept-claim"),
        ("rezept-service", "rusqlite"),
        ("rezept-journal", "clap"),
        ("rezept-journal", "clap_complete"),
        ("rezept-cli", "fluent-bundle"),
        ("rezept-transfer", "zip"),
        ("rezept-service", "minisign-verify"),
        ("rezept-cli", "argon2"),
    ] {
        assert!(forbidden(from, to).is_some(), "{from} -> {to}");
    }
    for (from, to) in [
        ("rezept-service", "notify"),
        ("rezept-claim", "rezept-codes"),
        ("rezept-cli", "ageless"),
        ("rezept-journal", "rusqlite_migration"),
    ] {
        assert_eq!(forbidden(from, to), None);
    }
    assert!(forbidden_in_tests("rezept-claim", "rezept-testkit").is_none());
    assert!(forbidden_in_tests("rezept-claim", "rezept-parcel").is_some());
}

/// The longest file. Past 500 lines a file should be talked about, past this it is split.
const MAX_LINES: usize = 800;

/// What is wrong with a source file. `shipped` files are those below `src`.
fn faults(path: &Path, source: &str, shipped: bool) -> Vec<String> {
    let named = |name: &str| path.components().any(|part| part.as_os_str() == name);
    let mut faults = Vec::new();
    if source.lines().count() > MAX_LINES {
        faults.push(format!("more than {MAX_LINES} lines"));
    }
    if !source.starts_with("//!") {
        faults.push("does not say at its top what it is for".to_owned());
    }
    if !shipped {
        return faults;
    }
    // Tests inside a file come last and may do what they like.
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or(source);
    let mut only_in = |words: &[&str], home: &str| {
        if !named(home) && !named(&format!("{home}.rs")) {
            let used = words.iter().filter(|word| code.contains(**word));
            faults.extend(used.map(|word| format!("{word} belongs into {home}.rs")));
        }
    };
    only_in(&["std::os::unix", "rustix::"], "unix");
    only_in(&["std::os::windows"], "windows");
    // These words are part of `eprintln!` and `eprint!` too.
    only_in(&["println!", "print!(", "dbg!(", "io::stdout()", "io::stderr()"], "ui");
    faults
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_keeps_the_house_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    rust_files(&root.join("crates"), &mut files);
    rust_files(&root.join("tests"), &mut files);
    assert!(files.len() > 50, "only {} files were read", files.len());
    let mut all = Vec::new();
    for path in files {
        let shown = path.strip_prefix(&root).unwrap();
        let testkit = shown.starts_with("crates/rezept-testkit");
        let shipped = shown.components().any(|part| part.as_os_str() == "src") && !testkit;
        let found = faults(shown, &fs::read_to_string(&path).unwrap(), shipped);
        all.extend(found.into_iter().map(|fault| format!("{}: {fault}", shown.display())));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn the_house_rules_have_an_effect() {
    let fault = |path: &str, source: &str| faults(Path::new(path), source, true).len();
    assert_eq!(fault("crates/x/src/a.rs", "//! Says.\nfn f() {}\n"), 0);
    assert_eq!(fault("crates/x/src/a.rs", "fn f() {}\n"), 1);
    assert_eq!(fault("crates/x/src/a.rs", &format!("//! Says.\n{}", "\n".repeat(MAX_LINES))), 1);
    assert_eq!(fault("crates/x/src/a.rs", "//! Says.\nuse std::os::unix::fs::MetadataExt;\n"), 1);
    assert_eq!(fault("crates/x/src/os/unix/b.rs", "//! Says.\nuse rustix::fs::openat;\n"), 0);
    assert_eq!(fault("crates/x/src/windows.rs", "//! Says.\nuse std::os::unix::fs::MetadataExt;\n"), 1);
    assert_eq!(fault("crates/x/src/a.rs", "//! Says.\nfn f() { eprintln!(\"x\") }\n"), 1);
    assert_eq!(fault("crates/x/src/ui.rs", "//! Says.\nfn f() { println!(\"x\") }\n"), 0);
    let tested = "//! Says.\n#[cfg(test)]\nmod tests { fn f() { println!(\"x\") } }\n";
    assert_eq!(fault("crates/x/src/a.rs", tested), 0);
}
