//! A real SIGKILL at a chosen moment: before the n-th system call of a kind (through strace), or after a time. Knows
//! commands and moments, nothing of what must hold afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Every call that can change something outside the process. `?` for those that an architecture does not have.
const CHANGING: &[&str] = &[
    "openat",
    "?open",
    "?creat",
    "?openat2",
    "?mkdir",
    "mkdirat",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "?pwritev2",
    "fsync",
    "fdatasync",
    "syncfs",
    "?sync",
    "sync_file_range",
    "?rename",
    "renameat",
    "renameat2",
    "?unlink",
    "unlinkat",
    "?rmdir",
    "truncate",
    "ftruncate",
    "fallocate",
    "?link",
    "linkat",
    "?symlink",
    "symlinkat",
    "?chmod",
    "fchmod",
    "fchmodat",
    "utimensat",
    "copy_file_range",
    "sendfile",
    "flock",
    "setxattr",
    "fsetxattr",
];

/// A moment to die.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Before the `nth` call (from 1) of this name in any one thread.
    Call { name: String, nth: usize },
    /// After a time.
    After(Duration),
}

/// Why strace cannot be used here, if it cannot: it must be there, may trace, and must really kill.
pub fn strace_is_missing(harmless: &Command) -> Option<String> {
    let moment = Moment::Call { name: "write".to_owned(), nth: 1 };
    let mut probe = strace(harmless, &arguments_of(&moment), "/dev/null");
    match probe.stderr(Stdio::piped()).output() {
        Err(error) => Some(format!("strace cannot be run: {error}")),
        Ok(done) if done.status.code().is_some() => {
            let said = String::from_utf8_lossy(&done.stderr);
            Some(format!(
                "strace does not kill here: {} {}",
                done.status,
                said.lines().next().unwrap_or_default()
            ))
        }
        Ok(_) => None,
    }
}

/// The same command below strace.
fn strace(command: &Command, with: &[String], output: &str) -> Command {
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", output]).args(with).arg("--");
    traced.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    traced.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    traced
}

fn arguments_of(moment: &Moment) -> Vec<String> {
    let Moment::Call { name, nth } = moment else { return Vec::new() };
    ["-e", &format!("trace={name}"), "-e", &format!("inject={name}:signal=SIGKILL:when={nth}")]
        .map(str::to_owned)
        .to_vec()
}

/// Runs a command and kills it at a moment. `false` when it ended before the moment came.
pub fn kill_at(mut command: Command, moment: &Moment) -> bool {
    match moment {
        Moment::Call { .. } => {
            let status = strace(&command, &arguments_of(moment), "/dev/null").status().unwrap();
            // strace ends the way its child did; a shell in between would say 137.
            status.code().is_none() || status.code() == Some(137)
        }
        Moment::After(time) => {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            std::thread::sleep(*time);
            let _ = child.kill();
            child.wait().unwrap().code().is_none()
        }
    }
}

/// Runs a command to its end and lists every moment before a call that changes something.
pub fn list_moments(command: &Command, scratch: &std::path::Path) -> Vec<Moment> {
    let calls = ["-e".to_owned(), format!("trace={}", CHANGING.join(","))];
    let status = strace(command, &calls, scratch.to_str().unwrap()).status().unwrap();
    assert!(status.code().is_some(), "the listing run ends by itself: {status}");
    moments_of(&fs::read_to_string(scratch).unwrap_or_default())
}

/// Calls of the first thread, which does all work that changes something; other threads only read.
fn moments_of(listing: &str) -> Vec<Moment> {
    let mut main = None;
    let mut seen = BTreeMap::<&str, usize>::new();
    let mut moments = Vec::new();
    for line in listing.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let Some((name, arguments)) = call.trim_start().split_once('(') else { continue };
        if name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            continue; // "<... resumed>", "--- SIGCHLD", "+++ exited"
        }
        if *main.get_or_insert(thread) != thread {
            continue;
        }
        let nth = seen.entry(name).or_default();
        *nth += 1;
        if !name.starts_with("open") || arguments.contains("O_CREAT") || arguments.contains("O_TRUNC") {
            moments.push(Moment::Call { name: name.to_owned(), nth: *nth });
        }
    }
    moments
}

/// Runs a command to its end and says how long that took.
pub fn time_of(mut command: Command) -> Duration {
    let began = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().code().is_some());
    began.elapsed()
}

/// `n` moments spread evenly over a time.
pub fn spread(time: Duration, n: u32) -> impl Iterator<Item = Moment> {
    (0..n).map(move |i| Moment::After(time * i / n))
}

#[test]
fn a_listing_is_read_by_thread_and_kind() {
    let listing = "\
7  openat(AT_FDCWD, \"/etc/x\", O_RDONLY|O_CLOEXEC) = 3
7  openat(AT_FDCWD, \"/m/a.part\", O_WRONLY|O_CREAT|O_EXCL, 0600) = 4
8  write(4, \"a\", 1) = 1
7  fsync(4 <unfinished ...>
8  +++ exited with 0 +++
7  <... fsync resumed>) = 0
7  write(4, \"a\", 1) = 1
";
    let call = |name: &str, nth| Moment::Call { name: name.to_owned(), nth };
    assert_eq!(moments_of(listing), [call("openat", 2), call("fsync", 1), call("write", 1)]);
}
