//! Scanners for tests: the real clamd with a signature database of its own, where it is installed, and a small one that
//! speaks its protocol. Nothing is downloaded; the test signature is put together here and stands in no file.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::desk::put;

/// Definitions are read within this time on the slowest machine.
const STARTS_WITHIN: Duration = Duration::from_secs(120);
/// What a scanner takes of one content here: a larger one it refuses.
pub const SIZE_LIMIT: usize = 1 << 20;

/// The harmless text that every scanner is to take for malware.
pub fn eicar() -> Vec<u8> {
    let (head, tail) = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EI", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*");
    format!("{head}CAR-{tail}").into_bytes()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A scanner that runs until it is dropped.
pub trait Running {
    /// As it stands in the configuration.
    fn address(&self) -> String;
}

/// How the small one behaves.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub version: &'static str,
    /// Never answers a scan.
    pub silent: bool,
}

/// A clamd in a thread, on a loopback port.
pub struct Small {
    port: u16,
    stop: Arc<AtomicBool>,
}

impl Small {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        std::thread::spawn(move || {
            for call in listener.incoming() {
                if told.load(Ordering::Relaxed) {
                    return;
                }
                // Who hangs up in the middle is no affair of the next one.
                std::thread::spawn(move || answer(call.unwrap(), manner));
            }
        });
        Self { port, stop }
    }
}

impl Running for Small {
    fn address(&self) -> String {
        format!("tcp:127.0.0.1:{}", self.port)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn answer(mut call: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut command = Vec::new();
    let mut byte = [0];
    while call.read(&mut byte)? == 1 && byte != [0] {
        command.extend(byte);
    }
    if command == b"zVERSION" {
        return call.write_all(format!("{}\0", manner.version).as_bytes());
    }
    assert_eq!(command, b"zINSTREAM");
    let mut content = Vec::new();
    loop {
        let mut length = [0; 4];
        call.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
        if length == 0 {
            break;
        }
        if content.len() + length > SIZE_LIMIT {
            return call.write_all(b"INSTREAM size limit exceeded. ERROR\0");
        }
        let mut block = vec![0; length];
        call.read_exact(&mut block)?;
        content.extend(block);
    }
    if manner.silent {
        std::thread::sleep(Duration::from_secs(60));
    }
    let said: &[u8] =
        if contains(&content, &eicar()) { b"stream: Eicar-Test FOUND\0" } else { b"stream: OK\0" };
    call.write_all(said)
}

/// Debian's clamd in a folder of its own.
pub struct Real {
    child: Child,
    folder: PathBuf,
}

impl Real {
    /// `None`, with a line that says so, where it is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        let program = ["/usr/sbin/clamd", "/usr/bin/clamd"].iter().map(Path::new).find(|path| path.exists());
        let Some(program) = program else {
            println!("skipped: clamd is not here (Debian: clamav-daemon)");
            return None;
        };
        let mut signature = "Eicar-Test:0:*:".to_owned();
        eicar().iter().for_each(|byte| write!(signature, "{byte:02x}").unwrap());
        put(&folder.join("definitions/test.ndb"), signature.as_bytes());
        let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let configuration = format!(
            "Foreground yes\nLocalSocket {}\nDatabaseDirectory {}\nTemporaryDirectory {}\nStreamMaxLength {SIZE_LIMIT}\n",
            at("clamd.ctl"),
            at("definitions"),
            at("")
        );
        put(&folder.join("clamd.conf"), configuration.as_bytes());
        let log = std::fs::File::create(folder.join("clamd.log")).unwrap();
        let child = Command::new(program)
            .args(["--config-file", &at("clamd.conf")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut real = Self { child, folder: folder.to_owned() };
        let began = Instant::now();
        while std::os::unix::net::UnixStream::connect(folder.join("clamd.ctl")).is_err() {
            let log = std::fs::read_to_string(folder.join("clamd.log")).unwrap();
            assert!(real.child.try_wait().unwrap().is_none(), "clamd ended: {log}");
            assert!(began.elapsed() < STARTS_WITHIN, "clamd does not come: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(real)
    }
}

impl Running for Real {
    fn address(&self) -> String {
        format!("unix:{}", self.folder.join("clamd.ctl").to_str().unwrap())
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
