//! A scanner that is a command, such as Defender's `MpCmdRun.exe`: started without a shell, judged by its exit code alone.

use rezept_codes::Code;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Verdict;
use crate::config::{FILE_WORD, Way};

/// How often a running command is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) fn run(way: &Way, file: &Path, timeout: Duration) -> Verdict {
    let Way::Command { program, args, infected, clean } = way else {
        return Verdict::Unscanned(Code::ScannerMissing, String::new());
    };
    let Some(file) = file.to_str() else {
        return Verdict::Unscanned(Code::NotScanned, "the path is not text".to_owned());
    };
    let mut command = Command::new(program);
    command.args(args.iter().map(|arg| arg.replace(FILE_WORD, file)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // What only this program is told stays here.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("REZEPT_") {
            command.env_remove(name);
        }
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Verdict::Unscanned(Code::ScannerMissing, error.to_string()),
    };
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return of_code(status.code(), infected, clean),
            Ok(None) if began.elapsed() < timeout => thread::sleep(LOOK_EVERY),
            waited => {
                let _ = child.kill();
                let _ = child.wait();
                let cause = waited.map_or_else(|error| error.to_string(), |_| "timeout".to_owned());
                return Verdict::Unscanned(Code::NotScanned, cause);
            }
        }
    }
}

fn of_code(code: Option<i32>, infected: &[i32], clean: &[i32]) -> Verdict {
    match code {
        Some(code) if infected.contains(&code) => Verdict::Infected(format!("exit {code}")),
        Some(code) if clean.contains(&code) => Verdict::Clean,
        Some(code) => Verdict::Unscanned(Code::NotScanned, format!("exit {code}")),
        None => Verdict::Unscanned(Code::NotScanned, "killed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_codes_that_were_named_mean_anything() {
        assert_eq!(of_code(Some(0), &[2], &[0]), Verdict::Clean);
        assert_eq!(of_code(Some(2), &[2], &[0]), Verdict::Infected("exit 2".into()));
        for code in [Some(1), Some(-1), Some(127), None] {
            assert!(matches!(of_code(code, &[2], &[0]), Verdict::Unscanned(Code::NotScanned, _)), "{code:?}");
        }
    }
}
