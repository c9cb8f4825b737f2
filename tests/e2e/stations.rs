//! Two stations with hand-written configurations and a folder as medium between them, in one throw-away folder: what the
//! tests of crashes, of the journal and of several processes start from. Knows nothing of how `rezept` works inside.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{Run, fixture, rezept};

/// No command of these tests takes longer, however slow the machine.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often a child or a folder is looked at while something is awaited.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// The receipt computer.
pub const RECEKON: &str = "recekon-1";
/// Another receipt computer, where a test has one.
pub const RECEKON_2: &str = "recekon-2";
/// The claim terminal.
pub const TERMINAL: &str = "terminal-1";

/// A claim file: its fixture and its place below the watched folder.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    pub fixture: &'static str,
    pub place: &'static str,
    pub inbox: &'static str,
}

/// Two payers, one official name, one month.
pub const SHAHO: Source = Source {
    fixture: "ika_shaho/RECEIPTC.UKE",
    place: "shaho/RECEIPTC.UKE",
    inbox: "202411/shaho/RECEIPTC.UKE",
};
pub const KOKUHO: Source = Source {
    fixture: "ika_kokuho/RECEIPTC.UKE",
    place: "kokuho/RECEIPTC.UKE",
    inbox: "202411/kokuho/RECEIPTC.UKE",
};
/// A third one, with another name.
pub const DPC: Source = Source {
    fixture: "dpc_shaho/RECEIPTD.UKE",
    place: "dpc/RECEIPTD.UKE",
    inbox: "202411/shaho/RECEIPTD.UKE",
};

impl Source {
    pub fn bytes(self) -> Vec<u8> {
        fs::read(fixture(self.fixture)).unwrap()
    }
}

/// A throw-away folder in memory where the machine has one: thousands of flushes cost nothing there.
pub fn fast_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let prefix = "rezept-e2e-";
    let in_memory = tempfile::Builder::new().prefix(prefix).tempdir_in(memory);
    in_memory.or_else(|_| tempfile::Builder::new().prefix(prefix).tempdir()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a fixture in a throw-away folder")]
pub fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The two stations below one folder.
#[derive(Debug)]
pub struct Stations {
    root: PathBuf,
}

impl Stations {
    /// Writes both configurations. Nothing of `rezept` ran yet.
    pub fn new(root: &Path) -> Self {
        let stations = Self { root: root.to_owned() };
        for folder in ["medium", "recekon-1/watch", "terminal-1/watch"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        stations.configure(RECEKON, &[("watch", TERMINAL)]);
        stations.configure(TERMINAL, &[("watch", RECEKON)]);
        stations
    }

    /// Adds a receipt computer that sends to the same terminal.
    pub fn add_second_sender(&self) {
        for folder in ["recekon-2/watch", "terminal-1/watch-2"] {
            fs::create_dir_all(self.root.join(folder)).unwrap();
        }
        self.configure(RECEKON_2, &[("watch", TERMINAL)]);
        self.configure(TERMINAL, &[("watch", RECEKON), ("watch-2", RECEKON_2)]);
    }

    /// Writes the configuration of a station with its routes: watched folder and receiver.
    fn configure(&self, name: &str, routes: &[(&str, &str)]) {
        let at = |path: &str| toml::Value::from(self.root.join(path).to_str().unwrap()).to_string();
        let (claims, returns) = (r#"["claim"]"#, r#"["return", "notice"]"#);
        let (role, sends, takes) = match name {
            TERMINAL => ("claim-terminal", returns, claims),
            _ => ("receipt-computer", claims, returns),
        };
        let mut text = format!(
            r#"[station]
name = "{name}"
role = "{role}"
data = {data}
[facility]
prefecture = "13"
point_table = "1"
code = "9999015"
name = "テスト見本診療所"
[[inbox]]
accept = {takes}
folder = {inbox}
[[medium]]
kind = "removable"
path = {medium}
[policy]
quiet_time = "0s"
[keys]
store = "machine"
"#,
            data = at(&format!("{name}/data")),
            inbox = at(&format!("{name}/inbox")),
            medium = at("medium"),
        );
        for (watch, to) in routes {
            let folder = at(&format!("{name}/{watch}"));
            text.push_str(&format!(
                "[[route]]\nname = \"{watch}\"\nwatch = {folder}\naccept = {sends}\nto = \"{to}\"\n"
            ));
        }
        write(&self.config(name), text.as_bytes());
    }

    pub fn config(&self, station: &str) -> PathBuf {
        self.root.join(format!("{station}.toml"))
    }

    pub fn medium(&self) -> PathBuf {
        self.root.join("medium")
    }

    pub fn data(&self, station: &str) -> PathBuf {
        self.root.join(station).join("data")
    }

    pub fn inbox(&self, station: &str) -> PathBuf {
        self.root.join(station).join("inbox")
    }

    /// Where a claim file lies at the receipt computer.
    pub fn watched(&self, source: Source) -> PathBuf {
        self.watched_at(RECEKON, source)
    }

    pub fn watched_at(&self, station: &str, source: Source) -> PathBuf {
        self.root.join(station).join("watch").join(source.place)
    }

    /// The billing software writes claim files.
    pub fn put(&self, sources: &[Source]) {
        for source in sources {
            write(&self.watched(*source), &source.bytes());
        }
    }

    /// A command line of a station, not yet run.
    pub fn command(&self, station: &str, args: &[&str]) -> Command {
        let mut command = rezept(&["--config", self.config(station).to_str().unwrap()]);
        command.args(args);
        command
    }

    /// Runs a command of a station to its end.
    #[track_caller]
    pub fn run(&self, station: &str, args: &[&str]) -> Run {
        finish(self.start(station, args))
    }

    /// Starts a command and leaves it running.
    pub fn start(&self, station: &str, args: &[&str]) -> Running {
        Running::start(self.command(station, args))
    }

    /// Arguments of `send` for these files of the receipt computer, in JSON.
    pub fn send_args(&self, sources: &[Source]) -> Vec<String> {
        self.send_args_at(&sources.iter().map(|source| self.watched(*source)).collect::<Vec<_>>())
    }

    pub fn send_args_at(&self, files: &[PathBuf]) -> Vec<String> {
        let mut args = vec!["--json".to_owned(), "send".to_owned()];
        args.extend(files.iter().map(|file| file.to_str().unwrap().to_owned()));
        args.extend(["--to".to_owned(), self.medium().to_str().unwrap().to_owned()]);
        args
    }

    pub fn receive_args(&self) -> Vec<String> {
        ["--json", "receive", "--from", self.medium().to_str().unwrap()].map(str::to_owned).to_vec()
    }

    #[track_caller]
    pub fn send(&self, sources: &[Source]) -> Run {
        self.run(RECEKON, &strs(&self.send_args(sources)))
    }

    #[track_caller]
    pub fn receive(&self, station: &str) -> Run {
        self.run(station, &strs(&self.receive_args()))
    }
}

/// Arguments as `Command` takes them.
pub fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// A child process that does not outlive its test.
#[derive(Debug)]
pub struct Running(Option<Child>);

impl Running {
    pub fn start(mut command: Command) -> Self {
        Self(Some(
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(),
        ))
    }

    pub fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// Asks the process to end, as a system manager does.
    pub fn terminate(&mut self) {
        let order = format!("kill -TERM {}", self.child().id());
        assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits for the end of a process. A process that was killed has exit -1.
#[track_caller]
pub fn finish(mut running: Running) -> Run {
    let began = Instant::now();
    while running.child().try_wait().unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE, "a command does not end");
        std::thread::sleep(LOOK_EVERY);
    }
    let done = running.0.take().unwrap().wait_with_output().unwrap();
    Run {
        exit: done.status.code().unwrap_or(-1),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

/// Waits until something is so. Panics with what was awaited when it does not come.
#[track_caller]
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(10 * LOOK_EVERY);
    }
}

/// Everything below a folder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    pub folders: BTreeSet<String>,
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// Reads a folder; one that is not there is empty.
    pub fn of(folder: &Path) -> Self {
        let mut tree = Self::default();
        tree.read(folder, "");
        tree
    }

    fn read(&mut self, folder: &Path, prefix: &str) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                self.read(&path, &format!("{name}/"));
                self.folders.insert(name);
            } else {
                self.files.insert(name, fs::read(&path).unwrap());
            }
        }
    }

    pub fn names(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }
}
