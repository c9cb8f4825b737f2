//! Rights on Windows: what lies below `ProgramData` may be read by every user of the machine, so the key folder gets an
//! access list of its own. Only what `private_file.rs` needs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The service's account, and administrators: by their permanent ids, since their names are translated.
const SYSTEM: &str = "*S-1-5-18:(OI)(CI)F";
const ADMINISTRATORS: &str = "*S-1-5-32-544:(OI)(CI)F";

/// Makes the folder. A new one gets its access list: this user, the service, administrators.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    let variable = |name| std::env::var(name).ok();
    let (Some(domain), Some(user)) = (variable("USERDOMAIN"), variable("USERNAME")) else {
        return Err(io::Error::other("USERNAME is not set"));
    };
    let tool = PathBuf::from(variable("SystemRoot").unwrap_or_else(|| r"C:\Windows".to_owned()))
        .join(r"System32\icacls.exe");
    let this_user = format!(r"{domain}\{user}:(OI)(CI)F");
    // Granted first, inheritance cut after: in no moment is nobody let in.
    run(&tool, path, &["/grant:r", &this_user, SYSTEM, ADMINISTRATORS])?;
    run(&tool, path, &["/inheritance:r"])
}

fn run(tool: &Path, folder: &Path, args: &[&str]) -> io::Result<()> {
    let status = Command::new(tool).arg(folder).args(args).arg("/q").stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("icacls ended with {status}"))) }
}

/// NTFS keeps its names by itself; a folder cannot be flushed.
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
pub(super) fn flush_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
