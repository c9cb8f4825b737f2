//! A station at work: configuration, journal under the engine lock, volumes. `turn.rs`, `send.rs` and `decide.rs` add what
//! it can do; all of it runs on one thread.

use rezept_codes::Code;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rezept_journal::{Clock, Disk, EngineLock, Fitness, Journal, OperatorRow, make_data_folder};
use rezept_transfer::keys::Vault;
use rezept_transfer::os::OsVolume;
use rezept_transfer::volume::{RelPath, Volume, VolumeResult};
use rezept_transfer::{Engine, Progress, Stop, Stoppable, Volumes};

use crate::config::{Config, MediumKind, Role};
use crate::media::MediaSeen;
use crate::print_key::{StationPrintKey, print_key};
use crate::problem::Problem;
use crate::settle::Settle;

/// Opens folders as volumes; tests put models in their place.
pub trait OpenVolumes: Send {
    /// Opens a folder.
    ///
    /// # Errors
    /// `Gone` when there is none.
    fn open(&self, folder: &Path) -> VolumeResult<Box<dyn Volume>>;
}

/// The operating system's volumes.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsVolumes;

impl OpenVolumes for OsVolumes {
    fn open(&self, folder: &Path) -> VolumeResult<Box<dyn Volume>> {
        Ok(Box::new(OsVolume::open(folder)?))
    }
}

/// Time that only goes forward, and waiting.
pub trait Pace: Send {
    /// Time since some moment that stays the same.
    fn elapsed(&self) -> Duration;
    /// Waits.
    fn wait(&self, time: Duration);
}

/// The machine's own pace.
#[derive(Clone, Copy, Debug)]
pub struct RealPace(Instant);

impl Default for RealPace {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Pace for RealPace {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// What a station gets from outside: time, randomness, volumes. Fixed in tests.
pub struct World {
    /// Wall clock, for stamps only.
    pub clock: Arc<dyn Clock>,
    /// Monotonic time.
    pub pace: Box<dyn Pace>,
    /// Volumes.
    pub volumes: Box<dyn OpenVolumes>,
    /// Draws 16 random bytes.
    pub random: Box<dyn FnMut() -> [u8; 16] + Send>,
    /// Told how far long work has come.
    pub progress: Box<dyn FnMut(Progress) + Send>,
    /// Set from outside when all work is to end soon.
    pub stop: Stop,
    /// The id of this machine, to which its keys are bound; `None` where it has none.
    pub machine_id: Box<dyn Fn() -> Option<String> + Send>,
}

impl World {
    /// The real world, without progress.
    #[must_use]
    pub fn real() -> Self {
        Self {
            clock: Arc::new(rezept_journal::SystemClock),
            pace: Box::new(RealPace::default()),
            volumes: Box::new(OsVolumes),
            random: Box::new(|| {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
                bytes
            }),
            progress: Box::new(|_| {}),
            stop: Stop::default(),
            machine_id: Box::new(crate::keys::machine_id),
        }
    }
}

/// A station that holds its engine lock.
pub struct Station {
    /// Its configuration.
    pub config: Config,
    pub(crate) journal: Journal,
    pub(crate) volumes: Volumes,
    pub(crate) world: World,
    /// By watched root and path.
    pub(crate) settle: Settle<(String, String)>,
    /// Contents in watched folders that are none of ours, by place, with the stamp they had.
    pub(crate) foreign: HashMap<(String, String), rezept_journal::Stamp>,
    /// Who asked for what is being done; `None`: the service itself, or nobody is known here.
    pub(crate) operator: Option<OperatorRow>,
    /// Things in watched folders that nobody can look at, and that a person was told of.
    pub(crate) unseen: HashSet<(Code, String)>,
    /// Files that the gate let pass, with the end of the history at that moment: while it is the same nothing was learned since.
    pub(crate) passed_at: HashMap<i64, u64>,
    /// Kept copies that are made durable together with the batch that speaks of them; `None` outside a batch.
    pub(crate) kept_later: Option<Vec<RelPath>>,
    /// When originals that could not be put away were last tried, by `world.pace`.
    pub(crate) originals_tried: Option<Duration>,
    /// What was seen of the media at hand.
    pub(crate) media: MediaSeen,
    /// The private keys, once there are any.
    pub(crate) vault: Option<Vault>,
    /// The key under which claims are printed for the register.
    pub(crate) print_key: StationPrintKey,
    /// Why they cannot be used.
    pub(crate) keys_fault: Option<Problem>,
    _lock: EngineLock,
}

impl std::fmt::Debug for Station {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Station").field("name", &self.config.name).finish_non_exhaustive()
    }
}

/// A path as key of a volume and as stored in the journal.
pub(crate) fn key(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The archive of a data folder.
#[must_use]
pub fn archive_folder(data: &Path) -> PathBuf {
    data.join("archive")
}

/// Whether parcels of a station stand readable on media that can be carried away: it is paired with nobody, and its policy says
/// nothing about it. `None` stands for a journal that was never used.
#[must_use]
pub fn may_stand_readable(config: &Config, journal: Option<&Journal>) -> bool {
    let removable = config.media.iter().any(|medium| medium.kind == MediumKind::Removable);
    let paired = journal.is_some_and(|journal| journal.has_paired_peer().unwrap_or(true));
    removable && !paired && config.role != Role::Single && config.policy.plain_on_removable.is_none()
}

/// The disk below a data folder, for the journal to judge. The folder must exist.
///
/// # Errors
/// When it does not answer.
pub fn disk_of(data: &Path) -> VolumeResult<Disk> {
    let facts = OsVolume::open(data)?.facts();
    Ok(Disk { file_system: facts.file_system, removable: facts.removable })
}

/// Opens the journal beside whoever works, for a short entry of its own, making data folder and journal on first use.
///
/// # Errors
/// A problem with code, as [`Station::open`].
pub fn open_journal(config: &Config, actor: &str) -> Result<Journal, Problem> {
    make_data_folder(&config.data)?;
    let disk = disk_of(&config.data)?;
    Ok(Journal::open(&config.data, &disk, Arc::new(rezept_journal::SystemClock), actor)?)
}

impl Station {
    /// Takes the engine lock, opens the journal, making data folder and journal on first use.
    ///
    /// # Errors
    /// A problem with code: another process works, the journal is damaged, the disk unfit, ...
    pub fn open(config: Config, world: World, actor: &str) -> Result<Self, Problem> {
        make_data_folder(&config.data)?;
        let disk = disk_of(&config.data)?;
        let lock = EngineLock::acquire(&config.data)?;
        let journal = Journal::open(&config.data, &disk, Arc::clone(&world.clock), actor)?;
        if disk.fitness() == Fitness::Unknown {
            tracing::warn!(
                file_system = disk.file_system,
                "the disk of the data folder is of an unknown type"
            );
        }
        let print_key = print_key(&config.data)?;
        let mut station = Self {
            config,
            journal,
            volumes: Volumes::default(),
            world,
            settle: Settle::default(),
            foreign: HashMap::new(),
            unseen: HashSet::new(),
            operator: None,
            passed_at: HashMap::new(),
            kept_later: None,
            originals_tried: None,
            media: MediaSeen::default(),
            vault: None,
            print_key,
            keys_fault: None,
            _lock: lock,
        };
        station.load_keys()?;
        let archive = station.archive_folder();
        make_data_folder(&archive)?;
        station.open_volume(&archive)?;
        let spool = station.spool_folder();
        make_data_folder(&spool)?;
        station.open_volume(&spool)?;
        for inbox in station.config.inboxes.clone() {
            // A missing inbox on a disk that is there is made; a missing share is reported when something arrives.
            let _ = std::fs::create_dir_all(&inbox.folder);
            let _ = station.open_volume(&inbox.folder);
        }
        Ok(station)
    }

    /// Opens the folders in which the sources of a parcel lie: they are read when it is written and when it is put away.
    /// One that is not there is found missing when it is needed.
    pub(crate) fn open_sources(&mut self, parcel: i64) -> Result<(), Problem> {
        for file in self.journal.files_of_parcel(parcel)? {
            if !self.volumes.contains(&file.place.root) {
                let _ = self.open_volume(Path::new(&file.place.root));
            }
        }
        Ok(())
    }

    /// Opens the sources of every outgoing parcel that is not finished.
    pub(crate) fn open_all_sources(&mut self) -> Result<(), Problem> {
        use rezept_journal::{Direction, ParcelState as S};
        self.open_inboxes();
        let unfinished = [S::Spooled, S::Written, S::ReadBack, S::Committed, S::Expired, S::Acknowledged];
        for parcel in self.journal.parcels_in(Direction::Out, &unfinished)? {
            self.open_sources(parcel.row)?;
        }
        Ok(())
    }

    /// The journal, to look at.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    fn archive_folder(&self) -> PathBuf {
        archive_folder(&self.config.data)
    }

    pub(crate) fn spool_folder(&self) -> PathBuf {
        self.config.data.join("spool")
    }

    /// Opens a folder as a volume, anew: what was open under this path may be another medium by now.
    pub(crate) fn open_volume(&mut self, folder: &Path) -> VolumeResult<String> {
        let root = key(folder);
        match self.world.volumes.open(folder) {
            Ok(volume) => {
                let volume = Stoppable::new(volume, self.world.stop.clone());
                self.volumes.insert(root.clone(), Box::new(volume));
                Ok(root)
            }
            Err(error) => {
                self.volumes.remove(&root);
                Err(error)
            }
        }
    }

    /// The engine, for one piece of work.
    pub(crate) fn engine(&mut self) -> Engine<'_> {
        let archive = key(&self.archive_folder());
        let spool = key(&self.spool_folder());
        Engine {
            journal: &mut self.journal,
            me: self.config.name.clone(),
            facility: self.config.parcel_facility.clone(),
            volumes: &self.volumes,
            archive,
            spool,
            vault: self.vault.as_ref(),
            keep_sources: self.config.policy.keep_sources,
            media: self.media.rules.clone(),
            random: &mut *self.world.random,
            progress: &mut *self.world.progress,
        }
    }

    /// The configured medium that a path stands for: same folder after links are resolved.
    pub(crate) fn configured_medium(&self, path: &Path) -> Option<(PathBuf, MediumKind)> {
        let real = path.canonicalize().ok()?;
        let found = self
            .config
            .media
            .iter()
            .find(|medium| medium.path.canonicalize().is_ok_and(|other| other == real))?;
        Some((found.path.clone(), found.kind))
    }

    /// Whether a readable parcel may stand on a medium of this kind. Unless the policy says so, not on one that can be
    /// carried away, as soon as any station is paired.
    pub(crate) fn plain_allowed(&self, kind: MediumKind) -> bool {
        kind == MediumKind::Share
            || self
                .config
                .policy
                .plain_on_removable
                .unwrap_or_else(|| !self.journal.has_paired_peer().unwrap_or(true))
    }

    /// The quiet time for a watched folder: longer on shares, where sizes and times arrive late.
    pub(crate) fn quiet_time(&self, root: &str) -> Duration {
        self.config.policy.quiet_time.unwrap_or_else(|| {
            let share = self.volumes.get(root).is_ok_and(|volume| {
                let kind = volume.facts().file_system.to_ascii_lowercase();
                ["nfs", "cifs", "smb", "fuse.sshfs"].iter().any(|share| kind.starts_with(share))
            });
            if share { crate::config::QUIET_SHARE } else { crate::config::QUIET_LOCAL }
        })
    }
}
