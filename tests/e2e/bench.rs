//! What the tests of the binary share: running it, reading what it printed, fixtures, and the handed-out material.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The binary, without anything of the tester's environment that changes what it says.
pub fn rezept(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rezept"));
    for name in ["REZEPT_OPERATOR", "REZEPT_OPERATOR_PIN", "REZEPT_OPERATOR_NEW_PIN"] {
        command.env_remove(name);
    }
    for name in ["REZEPT_LANG", "REZEPT_CONFIG", "LANG", "LC_ALL", "LC_MESSAGES", "NO_COLOR", "COLUMNS"] {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

/// Runs the binary to its end.
#[track_caller]
pub fn run(args: &[&str]) -> Run {
    let Output { status, stdout, stderr } = rezept(args).output().unwrap();
    Run {
        exit: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

impl Run {
    /// The objects of `--json`; each line must be one, of version 1.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str::<Value>(line).unwrap();
        let objects: Vec<Value> = self.out.lines().map(read).collect();
        assert!(objects.iter().all(|object| object["v"] == 1 && object["type"].is_string()), "{}", self.out);
        objects
    }

    /// The objects of one type.
    #[track_caller]
    pub fn of_type(&self, name: &str) -> Vec<Value> {
        self.objects().into_iter().filter(|object| object["type"] == name).collect()
    }
}

/// The top of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// An invented claim file, for example `ika_shaho/RECEIPTC.UKE`.
pub fn fixture(name: &str) -> String {
    root().join("fixtures/claims").join(name).to_str().unwrap().to_owned()
}

/// A file of the handed-out material, or `None` with a line that says so.
pub fn handed_out(name: &str) -> Option<String> {
    let shared = std::env::var_os("REZEPT_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = shared.join(name);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path.to_str().unwrap().to_owned())
}
