//! Two or more stations with their folders, journals and media, and one turn of each as the service would do it. The
//! volumes are models, the journals are real; everything that a dead process would leave can be copied at any moment.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rezept_journal::{
    Clock as _, Content, Direction, Disk, EngineLock, FileRow, FileState, Journal, JournalResult, ParcelRow,
    ParcelState, PeerKeys, Place, ReasonOf, ReasonRow, Stamp, VerifyLevel,
};
use rezept_parcel::{Digest, Facility, StationName, Vault};
use rezept_testkit::clock::TestClock;
use rezept_testkit::faults::{Faults, Killed};
use rezept_testkit::model::{ModelOptions, ModelVolume};
use rezept_testkit::rng::Rng;
use rezept_transfer::volume::{EntryKind, RelPath, Verb, VolumeError};
use rezept_transfer::{Engine, Intake, Judged, MediaRules, Staged, TransferError, TransferResult, Volumes};
use tempfile::TempDir;

/// Roots under which every station of these tests knows its own folders.
pub const SOURCE: &str = "source";
pub const ARCHIVE: &str = "archive";
pub const INBOX: &str = "inbox";
pub const SPOOL: &str = "spool";
/// Root under which a medium that is plugged in is known, whichever it is: as with the drive letter of a stick.
pub const MEDIUM: &str = "medium";
/// The reason with which the intake of these tests holds.
pub const ASK: &str = "RZ-TEST";

/// A claim file of these tests: its first line says what it is, so that sender and receiver agree without knowing claims.
pub fn claim(payer: u8, month: &str, name: &str, bytes: usize, seed: u64) -> Vec<u8> {
    content("claim", payer, month, name, bytes, seed)
}

/// As [`claim`], of any kind. The kind `notice-held` waits for a person at the receiver.
pub fn content(kind: &str, payer: u8, month: &str, name: &str, bytes: usize, seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let mut made = format!("{kind},{payer},{month},{name},{seed}\n").into_bytes();
    while made.len() < bytes {
        made.extend_from_slice(&rng.next_u64().to_le_bytes());
    }
    made.truncate(bytes);
    made
}

/// What the first line of a content says. Contents too short for one are claims of one month.
fn facts_of(bytes: &[u8]) -> Content {
    let line = bytes.split(|byte| *byte == b'\n').next().and_then(|line| std::str::from_utf8(line).ok());
    let words: Vec<&str> = line.unwrap_or_default().split(',').collect();
    let word = |n: usize, otherwise: &str| match words.len() {
        5 => words[n].to_owned(),
        _ => otherwise.to_owned(),
    };
    Content {
        sha256: Digest::of(bytes).0,
        kind: Some(word(0, "claim")),
        family: Some("ika".to_owned()),
        payer: Some(word(1, "1")),
        month: Some(word(2, "2024-11")),
        official_name: Some(word(3, "RECEIPTC.UKE")),
        ..Content::default()
    }
}

/// The engine's questions, answered from the first line of each content.
pub struct TestIntake {
    pub peers: Vec<&'static str>,
}

impl Intake for TestIntake {
    fn knows(&self, sender: &StationName) -> bool {
        self.peers.contains(&sender.as_str())
    }

    fn inbox_for(&self, kind: &str) -> Option<String> {
        ["claim", "notice", "notice-held"].contains(&kind).then(|| INBOX.to_owned())
    }

    fn judge(
        &mut self,
        journal: &Journal,
        parcel: &ParcelRow,
        ordinal: u32,
        file: Staged<'_>,
    ) -> Result<Judged, TransferError> {
        let mut bytes = Vec::new();
        let read = file.volume.open(file.path)?.read_to_end(&mut bytes);
        let place = file.path.to_string();
        read.map_err(|source| VolumeError { verb: Verb::Read, place, source })?;
        let content = facts_of(&bytes);
        let payer = if content.payer.as_deref() == Some("2") { "kokuho" } else { "shaho" };
        let month = content.month.clone().unwrap_or_default().replace('-', "");
        let mut reasons = Vec::new();
        if content.kind.as_deref() == Some("notice-held") {
            let decided = journal.decisions_about(&file.sha256).unwrap();
            let of = ReasonOf::Arrived(parcel.row, ordinal).to_string();
            let covered = decided.iter().any(|decision| decision.released && decision.subject == of);
            let (evidence, detail) = (String::new(), "ask a person".to_owned());
            reasons.push(ReasonRow { code: ASK.into(), evidence, detail, alone: true, covered });
        }
        let folder = format!("{month}/{payer}");
        Ok(Judged { content, folder, purpose: None, reasons, replaces: None, remark: None })
    }
}

/// One station: what it owns on disks, and nothing that a dead process would lose.
pub struct Site {
    pub name: &'static str,
    /// To whom it sends; itself for a station that does both.
    pub peer: &'static str,
    /// From whom it takes parcels.
    pub peers: Vec<&'static str>,
    pub source: ModelVolume,
    pub archive: ModelVolume,
    pub inbox: ModelVolume,
    pub spool: ModelVolume,
    pub data: PathBuf,
    /// Its private keys, in a world where stations are paired.
    pub vault: Option<Arc<Vault>>,
}

impl Site {
    fn new(name: &'static str, peer: &'static str, peers: &[&'static str], folder: &Path) -> Self {
        let disk = |what: &str| ModelVolume::new(ModelOptions::disk(&format!("{name}-{what}")));
        let data = folder.join(name);
        rezept_journal::make_data_folder(&data).unwrap();
        Self {
            name,
            peer,
            peers: peers.to_vec(),
            source: disk(SOURCE),
            archive: disk(ARCHIVE),
            inbox: disk(INBOX),
            spool: disk(SPOOL),
            data,
            vault: None,
        }
    }

    fn snapshot(&self, folder: &Path) -> Self {
        let data = folder.join(self.name);
        copy_data(&self.data, &data);
        Self {
            name: self.name,
            peer: self.peer,
            peers: self.peers.clone(),
            source: self.source.snapshot(),
            archive: self.archive.snapshot(),
            inbox: self.inbox.snapshot(),
            spool: self.spool.snapshot(),
            data,
            vault: self.vault.clone(),
        }
    }

    /// The journal, to look at. Nobody else works in it at that moment.
    pub fn journal(&self) -> Journal {
        open_journal(&self.data, &Faults::none()).unwrap()
    }
}

fn open_journal(data: &Path, faults: &Faults) -> JournalResult<Journal> {
    let disk = Disk { file_system: "tmpfs".to_owned(), removable: None };
    Journal::open(data, &disk, Arc::new(faults.clock(TestClock::fixed())), "test")
}

/// Copies a data folder as a killed process leaves it: the database and its log, not the memory it shared.
fn copy_data(from: &Path, to: &Path) {
    rezept_journal::make_data_folder(to).unwrap();
    for found in fs::read_dir(from).unwrap() {
        let found = found.unwrap();
        let name = found.file_name();
        if name.to_string_lossy().ends_with("-shm") {
            continue;
        }
        let mut source = File::open(found.path()).unwrap();
        io::copy(&mut source, &mut File::create(to.join(name)).unwrap()).unwrap();
    }
}

/// Everything that is left when all processes are dead.
pub struct Bench {
    /// Dropped last: the journals lie below it.
    _folder: TempDir,
    pub sites: Vec<Site>,
    /// Every medium of the story; the first is the one plugged in unless a turn says otherwise.
    pub media: Vec<ModelVolume>,
    /// What was put into source folders: station, name, bytes.
    pub sent: Vec<(usize, String, Vec<u8>)>,
    /// The most that reading again can prove on these volumes.
    pub provable: VerifyLevel,
    runs: AtomicU64,
}

/// Where journals lie: in memory if the system has such a place, since their flushes are not what is tested here.
fn new_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let mut named = tempfile::Builder::new();
    named.prefix("rezept-reliability-");
    let made = if memory.is_dir() { named.tempdir_in(memory) } else { named.tempdir() };
    made.unwrap()
}

impl Bench {
    /// A clinic that sends, a terminal that receives, and two sticks.
    pub fn new() -> Self {
        Self::of(&[("clinic", "terminal", &["terminal"]), ("terminal", "clinic", &["clinic"])])
    }

    /// As [`Bench::new`], with stations whose keys a person compared: everything between them is sealed and signed.
    pub fn sealed() -> Self {
        let mut bench = Self::new();
        let keys = Self::pair(&mut bench.sites);
        assert_eq!(keys, 2);
        bench
    }

    /// A person pairs all stations, in the middle of a story.
    pub fn pair_now(&mut self) {
        Self::pair(&mut self.sites);
    }

    /// Gives every station keys and tells each the keys of the others. Returns how many there are.
    fn pair(sites: &mut [Site]) -> usize {
        // Making keys costs more than a turn: the same ones serve every world of a test process.
        static VAULTS: OnceLock<Vec<Arc<Vault>>> = OnceLock::new();
        let made = TestClock::fixed().now().to_string();
        let make = || (0..3).map(|_| Arc::new(Vault::generate(made.parse().unwrap()).unwrap())).collect();
        for (site, vault) in sites.iter_mut().zip(VAULTS.get_or_init(make)) {
            site.vault = Some(Arc::clone(vault));
        }
        Self::compare_keys(sites);
        sites.len()
    }

    /// A station's machine was replaced: it has new keys, and people compared them.
    pub fn replace_keys(&mut self, site: usize) {
        let made = TestClock::fixed().now().to_string();
        self.sites[site].vault = Some(Arc::new(Vault::generate(made.parse().unwrap()).unwrap()));
        Self::compare_keys(&self.sites);
    }

    fn compare_keys(sites: &[Site]) {
        for site in sites {
            let mut journal = site.journal();
            for other in sites.iter().filter(|other| other.name != site.name) {
                let vault = other.vault.as_ref().unwrap();
                let keys = PeerKeys {
                    signing: vault.signing().public().unwrap().to_string(),
                    opening: vault.newest_opening().recipient().to_string(),
                    recovery: None,
                };
                journal.pair(other.name, &keys, "0000-0000-0000").unwrap();
            }
        }
    }

    /// Whether everything between the stations of this world is sealed.
    pub fn is_sealed(&self) -> bool {
        self.sites.iter().all(|site| site.vault.is_some())
    }

    /// One station that does both.
    pub fn single() -> Self {
        Self::of(&[("clinic", "clinic", &["clinic"])])
    }

    /// Stations with their receiver and the senders they know.
    pub fn of(stations: &[(&'static str, &'static str, &[&'static str])]) -> Self {
        let folder = new_folder();
        let sites =
            stations.iter().map(|(name, peer, peers)| Site::new(name, peer, peers, folder.path())).collect();
        let stick = |name: &str| ModelVolume::new(ModelOptions::stick(name));
        let media = vec![stick("stick"), stick("stick-2")];
        Self {
            _folder: folder,
            sites,
            media,
            sent: Vec::new(),
            provable: VerifyLevel::L2,
            runs: AtomicU64::new(1),
        }
    }

    /// A copy of the whole world as it is now, for another story to go on from.
    pub fn snapshot(&self) -> Self {
        let folder = new_folder();
        Self {
            sites: self.sites.iter().map(|site| site.snapshot(folder.path())).collect(),
            media: self.media.iter().map(ModelVolume::snapshot).collect(),
            sent: self.sent.clone(),
            provable: self.provable,
            runs: AtomicU64::new(self.runs.load(Ordering::Relaxed)),
            _folder: folder,
        }
    }

    /// Puts a finished file into a source folder.
    pub fn put(&mut self, site: usize, name: &str, bytes: Vec<u8>) {
        self.sites[site].source.put(name, &bytes);
        self.sent.push((site, name.to_owned(), bytes));
    }

    /// Two files of one official name for the two bodies, and a small third one.
    pub fn with_claims(mut self) -> Self {
        self.put(0, "shaho.uke", claim(1, "2024-11", "RECEIPTC.UKE", 3000, 1));
        self.put(0, "kokuho.uke", claim(2, "2024-11", "RECEIPTC.UKE", 700, 2));
        self.put(0, "late.uke", claim(1, "2024-10", "RECEIPTC.UKE", 40, 3));
        self
    }

    /// One turn of a station with the first medium plugged in. A process that was killed says so.
    pub fn turn(&self, site: usize, faults: &Faults) -> Result<Vec<TransferError>, Killed> {
        self.turn_with(site, &[0], faults)
    }

    /// One turn of a station with some media plugged in; the second and later ones are known under a root of their own.
    pub fn turn_with(
        &self,
        site: usize,
        media: &[usize],
        faults: &Faults,
    ) -> Result<Vec<TransferError>, Killed> {
        faults.run(|| match Process::start(self, site, media, faults) {
            Ok(mut process) => process.turn(),
            Err(error) => vec![error],
        })
    }

    /// The whole journey: the clinic sends, the terminal receives and acknowledges, the clinic puts away.
    pub fn journey(&self, faults: &Faults) -> Result<Vec<TransferError>, Killed> {
        let mut errors = Vec::new();
        let order: &[usize] = if self.sites.len() == 1 { &[0] } else { &[0, 1, 0] };
        for site in order {
            errors.extend(self.turn(*site, faults)?);
        }
        Ok(errors)
    }

    /// All stations take turns until nothing more happens. Returns what failed in the last round.
    pub fn converge(&self, media: &[usize]) -> Vec<TransferError> {
        self.converge_under(media, &Faults::none()).expect("nobody kills these turns")
    }

    /// One undisturbed turn of a station.
    pub fn converge_once(&self, site: usize) {
        let errors = self.turn(site, &Faults::none()).expect("nobody kills this turn");
        assert!(errors.is_empty(), "{errors:?}");
    }

    /// As [`Bench::converge`], under a plan of faults.
    pub fn converge_under(&self, media: &[usize], faults: &Faults) -> Result<Vec<TransferError>, Killed> {
        let mut errors = Vec::new();
        for _ in 0..6 {
            errors.clear();
            for site in 0..self.sites.len() {
                errors.extend(self.turn_with(site, media, faults)?);
            }
            if errors.is_empty() && self.is_settled() {
                break;
            }
        }
        Ok(errors)
    }

    /// Everything that a next process could see, to compare two worlds.
    pub fn fingerprint(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let volumes =
            self.sites.iter().flat_map(|site| [&site.source, &site.archive, &site.inbox, &site.spool]);
        for volume in volumes.chain(&self.media) {
            for path in volume.paths() {
                let file = (!path.ends_with('/')).then(|| volume.get(&path)).flatten();
                // Ciphertext is new each time, and even its length: two worlds are told apart by what is there.
                let ciphertext = path.starts_with("REZEPT/") || path.contains(".age");
                let content = match self.is_sealed() && ciphertext {
                    true => file.map(|bytes| format!("{} bytes", u8::from(!bytes.is_empty()))),
                    false => file.map(|bytes| Digest::of(&bytes).to_string()),
                };
                lines.push(format!("{path} {content:?}"));
            }
        }
        for site in &self.sites {
            let journal = site.journal();
            let mut head = journal.checkpoint().unwrap();
            if self.is_sealed() {
                head.hash = [0; 32];
            }
            lines.push(format!("{head:?} {:?}", journal.alerts().unwrap()));
            lines.push(format!("{:?}", journal.files_in(FileState::ALL).unwrap()));
            for direction in [Direction::Out, Direction::In] {
                for mut parcel in journal.parcels_in(direction, ParcelState::ALL).unwrap() {
                    if self.is_sealed() {
                        parcel.header_sha256 = [0; 32];
                        parcel.header.truncate(16);
                        parcel.inner = parcel.inner.map(|_| Vec::new());
                        parcel.signature = parcel.signature.map(|_| Vec::new());
                    }
                    lines.push(format!("{parcel:?} {:?}", journal.parcel_files(parcel.row).unwrap()));
                }
            }
        }
        lines
    }

    /// Whether no parcel and no file of any station waits for another turn.
    pub fn is_settled(&self) -> bool {
        use ParcelState as S;
        self.sites.iter().all(|site| {
            let journal = site.journal();
            let on_the_way = [S::Spooled, S::Written, S::ReadBack, S::Committed, S::Acknowledged];
            let arriving = [S::Found, S::Authentic, S::Copied, S::Valid, S::Delivered];
            let files = [FileState::Seen, FileState::Stable, FileState::Gated];
            journal.parcels_in(Direction::Out, &on_the_way).unwrap().is_empty()
                && journal.parcels_in(Direction::In, &arriving).unwrap().is_empty()
                && journal.files_in(&files).unwrap().is_empty()
        }) && self.media.iter().all(|stick| stick.paths().iter().all(|path| path.ends_with('/')))
    }

    /// Parcels of a station in one direction, oldest first.
    pub fn parcels(&self, site: usize, direction: Direction) -> Vec<ParcelRow> {
        self.sites[site].journal().parcels_in(direction, ParcelState::ALL).unwrap()
    }

    /// The states of a station's parcels, as words.
    pub fn states(&self, site: usize, direction: Direction) -> Vec<&'static str> {
        self.parcels(site, direction).iter().map(|parcel| parcel.state.word()).collect()
    }
}

/// The root of the n-th medium that is plugged in.
pub fn medium_root(number: usize) -> String {
    if number == 0 { MEDIUM.to_owned() } else { format!("{MEDIUM}-{}", number + 1) }
}

/// A running process of one station.
pub struct Process {
    pub journal: Journal,
    pub volumes: Volumes,
    pub intake: TestIntake,
    pub keep_sources: bool,
    /// Which media nothing is written to, and which one is expected where.
    pub rules: MediaRules,
    /// Whose claims it carries.
    pub facility: Facility,
    me: StationName,
    peer: StationName,
    vault: Option<Arc<Vault>>,
    media: Vec<String>,
    random: Rng,
    _lock: EngineLock,
}

impl Process {
    pub fn start(bench: &Bench, site: usize, media: &[usize], faults: &Faults) -> TransferResult<Self> {
        let run = bench.runs.fetch_add(1, Ordering::Relaxed);
        let site = &bench.sites[site];
        let lock = EngineLock::acquire(&site.data)?;
        let mut volumes = Volumes::default();
        let own =
            [(SOURCE, &site.source), (ARCHIVE, &site.archive), (INBOX, &site.inbox), (SPOOL, &site.spool)];
        for (root, volume) in own {
            let name = format!("{}-{root}", site.name);
            volumes.insert(root, Box::new(faults.volume(&name, volume.clone())));
        }
        let mut roots = Vec::new();
        for number in media {
            let name = if *number == 0 { "stick".to_owned() } else { format!("stick-{}", number + 1) };
            volumes
                .insert(medium_root(*number), Box::new(faults.volume(&name, bench.media[*number].clone())));
            roots.push(medium_root(*number));
        }
        Ok(Self {
            journal: open_journal(&site.data, faults)?,
            volumes,
            intake: TestIntake { peers: site.peers.clone() },
            keep_sources: false,
            rules: MediaRules::default(),
            facility: Facility::new("13", "1", "9999015").unwrap(),
            me: site.name.parse().unwrap(),
            peer: site.peer.parse().unwrap(),
            vault: site.vault.clone(),
            media: roots,
            random: Rng::new(run * 1000 + site.name.len() as u64),
            _lock: lock,
        })
    }

    /// Works with the engine.
    pub fn with<T>(&mut self, work: impl FnOnce(&mut Engine<'_>, &mut TestIntake) -> T) -> T {
        let random = &mut self.random;
        let mut engine = Engine {
            journal: &mut self.journal,
            me: self.me.clone(),
            facility: self.facility.clone(),
            volumes: &self.volumes,
            archive: ARCHIVE.to_owned(),
            spool: SPOOL.to_owned(),
            vault: self.vault.as_deref(),
            keep_sources: self.keep_sources,
            media: self.rules.clone(),
            random: &mut || random.id(),
            progress: &mut |_| {},
        };
        work(&mut engine, &mut self.intake)
    }

    /// What the service does in one turn, in its order.
    pub fn turn(&mut self) -> Vec<TransferError> {
        let mut errors = Vec::new();
        errors.extend(self.scan().err());
        for medium in self.media.clone() {
            errors.extend(self.with(|engine, _| engine.tend(&medium).err()));
            match self.with(|engine, intake| engine.receive(&medium, intake)) {
                Ok(received) => errors.extend(received.into_iter().filter_map(|one| one.failure)),
                Err(error) => errors.push(error),
            }
        }
        errors.extend(self.plan_gated().err());
        errors.extend(self.carry_all());
        errors.extend(self.with(|engine, intake| engine.finish_deliveries(intake).err()));
        errors.extend(self.with(|engine, _| engine.finish_acknowledged().err()));
        errors.extend(self.with(|engine, _| engine.finish_originals().err()));
        errors
    }

    /// Takes every finished file of the source folder to GATED.
    fn scan(&mut self) -> TransferResult<()> {
        let listed = self.volumes.get(SOURCE)?.list(&RelPath::ROOT)?.unwrap_or_default();
        for found in listed {
            let Ok(name) = found.name else { continue };
            if found.meta.kind != EntryKind::File {
                continue;
            }
            let stamp = Stamp {
                size_bytes: found.meta.size_bytes,
                modified_ns: found.meta.modified_ns,
                file_id: found.meta.file_id,
            };
            let known = self.journal.file_at(SOURCE, &name)?;
            if known.as_ref().is_some_and(|row| row.state == FileState::InParcel && row.stamp == stamp) {
                continue;
            }
            let row = match known {
                Some(row) if row.stamp == stamp => row,
                _ => {
                    let place = Place {
                        route: Some("claims".to_owned()),
                        root: SOURCE.to_owned(),
                        path: name,
                        watched: true,
                    };
                    let id = self.journal.see_file(&place, stamp)?;
                    self.journal.file(id)?
                }
            };
            self.gate(row)?;
        }
        Ok(())
    }

    fn gate(&mut self, row: FileRow) -> TransferResult<()> {
        if row.state == FileState::Seen {
            self.journal.move_file(row.id, FileState::Stable, None, "")?;
        }
        if !matches!(row.state, FileState::Seen | FileState::Stable) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let path = RelPath::new(&row.place.path).unwrap();
        let opened = self.volumes.get(SOURCE)?.open(&path)?.read_to_end(&mut bytes);
        if opened.is_ok() {
            // What is known of it and that it is accepted become durable together, as in a scan.
            self.journal.begin_batch()?;
            let kept = self.accept(row.id, &facts_of(&bytes));
            match &kept {
                Ok(()) => self.journal.end_batch()?,
                Err(_) => self.journal.undo_batch()?,
            }
            match kept {
                // It is another one by now: the next turn sees that.
                Err(error) if error.is_lost() => {}
                kept => kept?,
            }
        }
        Ok(())
    }

    fn accept(&mut self, id: i64, content: &Content) -> TransferResult<()> {
        self.journal.describe_file(id, content)?;
        let row = self.journal.file(id)?;
        self.with(|engine, _| engine.keep(&row, None))
    }

    fn plan_gated(&mut self) -> TransferResult<()> {
        let gated = self.journal.files_in(&[FileState::Gated])?;
        if gated.is_empty() {
            return Ok(());
        }
        let peer = self.peer.clone();
        self.with(|engine, _| {
            let form = engine.usual_form(&peer)?;
            engine.plan(&peer, Some("claims"), &gated, form)
        })
        .map(|_| ())
    }

    /// A parcel that was begun stays on its medium, another takes the first one with room.
    fn carry_all(&mut self) -> Vec<TransferError> {
        use ParcelState as S;
        let here = self.me == self.peer;
        let mut states = vec![S::Spooled, S::Written, S::ReadBack];
        states.extend(here.then_some(S::Committed));
        let waiting = match self.journal.parcels_in(Direction::Out, &states) {
            Ok(waiting) => waiting,
            Err(error) => return vec![error.into()],
        };
        let mut errors = Vec::new();
        for parcel in waiting {
            if here {
                errors.extend(self.with(|engine, intake| engine.carry_here(parcel.row, intake).err()));
                continue;
            }
            let begun = parcel.state != S::Spooled;
            for medium in self.media.clone() {
                if begun && parcel.medium.as_ref() != Some(&medium) {
                    continue;
                }
                match self.with(|engine, _| engine.carry(parcel.row, &medium)) {
                    Err(error @ TransferError::NoRoom { .. }) => errors.push(error),
                    Err(error) => {
                        errors.push(error);
                        break;
                    }
                    Ok(_) => break,
                }
            }
        }
        errors
    }
}
