//! The place of a history: two stations, a stick and the folders of the people. A station is opened anew for each step, so
//! that nothing lives in its memory, and may be killed at any operation of the step.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use rezept_journal::{Clock, Timestamp};
use rezept_service::{Config, OpenVolumes, Pace, Station, World};
use rezept_testkit::clock::TestClock;
use rezept_testkit::faults::Faults;
use rezept_testkit::rng::Rng;
use rezept_transfer::os::OsVolume;
use rezept_transfer::volume::{Volume, VolumeResult};
use rezept_transfer::{Digest, STAGING};
use tempfile::TempDir;

/// The two stations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// Makes claim files.
    Recekon,
    /// Takes them.
    Terminal,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Recekon, Self::Terminal];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Recekon => "recekon",
            Self::Terminal => "terminal",
        }
    }
}

/// Volumes of the machine under a plan of faults.
struct Disks(Faults);

impl OpenVolumes for Disks {
    fn open(&self, folder: &Path) -> VolumeResult<Box<dyn Volume>> {
        Ok(Box::new(self.0.volume("disk", OsVolume::open(folder)?)))
    }
}

/// Nobody waits in a history.
struct NoPace;

impl Pace for NoPace {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, _: Duration) {}
}

/// The clock of the history, shared by both stations.
struct Shared(Arc<TestClock>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// Folders of both stations, and the stick.
pub struct Site {
    folder: TempDir,
    pub clock: Arc<TestClock>,
    random: Arc<Mutex<Rng>>,
    /// So many files were written: each gets a time of its own.
    written: u64,
    taken: u32,
}

impl Site {
    pub fn new(seed: u64) -> Self {
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        for name in
            ["usb", "image", "recekon/watch", "recekon/desk", "terminal/watch", "terminal/inbox", "taken"]
        {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let random = Arc::new(Mutex::new(Rng::new(seed)));
        Self { folder, clock: Arc::new(TestClock::ticking()), random, written: 0, taken: 0 }
    }

    /// A place whose stations have been started once. Making a journal takes as long as several turns, so all histories begin
    /// with copies.
    pub fn started(seed: u64) -> Self {
        static FIRST: OnceLock<Site> = OnceLock::new();
        let first = FIRST.get_or_init(|| {
            let site = Self::new(0);
            for side in Side::BOTH {
                site.open(side, false, &Faults::none());
            }
            site
        });
        let site = Self::new(seed);
        for side in Side::BOTH {
            let data = format!("{}/data", side.name());
            copy_all(&first.at(&data), &site.at(&data));
        }
        site
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn stick(&self) -> PathBuf {
        self.at("usb")
    }

    fn config(&self, side: Side, stick: bool) -> Config {
        let (name, peer, role, sends, takes) = match side {
            Side::Recekon => ("recekon", "terminal", "receipt-computer", "claim", "return"),
            Side::Terminal => ("terminal", "recekon", "claim-terminal", "return", "claim"),
        };
        let medium = if stick { "usb" } else { "no-stick" };
        let text = format!(
            "[station]\nname = \"{name}\"\nrole = \"{role}\"\ndata = \"{name}/data\"\n\
             [facility]\nprefecture = \"13\"\npoint_table = \"1\"\ncode = \"9999015\"\nname = \"x\"\n\
             [[route]]\nname = \"main\"\nwatch = \"{name}/watch\"\naccept = [\"{sends}\"]\nto = \"{peer}\"\n\
             [[inbox]]\naccept = [\"{takes}\"]\nfolder = \"{name}/inbox\"\n\
             [[medium]]\nkind = \"removable\"\npath = \"{medium}\"\n\
             [policy]\nquiet_time = \"0s\"\n[keys]\nstore = \"machine\"\n"
        );
        Config::parse(&text, Path::new("rezept.toml"), self.folder.path()).unwrap()
    }

    /// Opens a station.
    pub fn open(&self, side: Side, stick: bool, faults: &Faults) -> Station {
        let random = Arc::clone(&self.random);
        let world = World {
            clock: Arc::new(faults.clock(Shared(Arc::clone(&self.clock)))),
            pace: Box::new(NoPace),
            volumes: Box::new(Disks(faults.clone())),
            random: Box::new(move || random.lock().unwrap().id()),
            machine_id: Box::new(move || Some(side.name().to_owned())),
            ..World::real()
        };
        Station::open(self.config(side, stick), world, "test").unwrap()
    }

    /// Writes a file as the billing software does, with a time that no other file has.
    pub fn put(&mut self, path: &str, bytes: &[u8]) {
        self.written += 1;
        let at = self.at(path);
        write(&at, bytes);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + self.written);
        fs::File::options().write(true).open(&at).unwrap().set_modified(time).unwrap();
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.at(path)).unwrap();
    }

    /// The files below a folder, by path from the site, sorted.
    pub fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.at(&folder)).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                let path = format!("{folder}/{name}");
                match entry.file_type().unwrap().is_dir() {
                    true if name == STAGING => {}
                    true => folders.push(path),
                    false => {
                        found.insert(path, fs::read(entry.path()).unwrap());
                    }
                }
            }
        }
        found
    }

    /// How often each content lies at the terminal: in its inbox, set aside there, or taken from it by staff.
    pub fn arrived(&self) -> BTreeMap<[u8; 32], usize> {
        let mut found = BTreeMap::new();
        for bytes in self.files("terminal/inbox").into_values().chain(self.files("taken").into_values()) {
            *found.entry(Digest::of(&bytes).0).or_default() += 1;
        }
        found
    }

    /// Staff take a file out of the inbox.
    pub fn take(&mut self, path: &str) {
        self.taken += 1;
        rename(&self.at(path), &self.at(&format!("taken/{}", self.taken)));
    }

    /// Everything below `to` goes, and what is below `from` takes its place.
    pub fn copy_folder(&self, from: &str, to: &str) {
        let (from, to) = (self.at(from), self.at(to));
        if to.exists() {
            fs::remove_dir_all(&to).unwrap();
        }
        copy_all(&from, &to);
    }

    /// Everything on the stick goes.
    pub fn empty_stick(&self) {
        fs::remove_dir_all(self.stick()).unwrap();
        fs::create_dir(self.stick()).unwrap();
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_all(&entry.path(), &target),
            false => copy(&entry.path(), &target),
        }
    }
    let mode = fs::metadata(from).unwrap().permissions();
    fs::set_permissions(to, mode).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "fixtures in a throw-away folder")]
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "fixtures in a throw-away folder")]
fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "fixtures in a throw-away folder")]
fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
}
