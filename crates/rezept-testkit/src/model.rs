//! A volume in memory that can lose power, lie about its size and be pulled. It keeps what processes see apart from
//! what is durable, and the cache apart from the medium. Same seed, same story.

mod cut;
mod state;

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rezept_journal::VerifyLevel;
use rezept_transfer::volume::{
    Entry, EntryKind, Meta, NewFile, ReadBack, ReadSeek, RelPath, Renamed, Verb, Volume, VolumeError,
    VolumeFacts, VolumeResult,
};

use crate::rng::Rng;
use state::{FileNode, Id, Names, Node, State};

/// How names become durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// Like FAT: after a power cut each name is as it was at any moment since the last flush; a rename can be torn.
    Unordered,
    /// Like ext4 or NTFS: operations are journalled, whole and in order, up to some point.
    Ordered,
}

/// How far a flush reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlushScope {
    /// Like Linux: everything on the volume.
    Whole,
    /// Like Windows at its strictest: only the named files' contents and the named folders' names.
    Named,
}

/// A stick that says it is larger than it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FakeCapacity {
    /// What it really holds. Rounded down to blocks of 4096 bytes, at least one.
    pub real_bytes: u64,
    /// Whether writes beyond that land on earlier blocks; otherwise they vanish.
    pub wraps: bool,
}

/// What kind of volume the model plays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelOptions {
    /// What messages and facts call it.
    pub name: String,
    /// How names become durable.
    pub durability: Durability,
    /// How far a flush reaches.
    pub flush_scope: FlushScope,
    /// Whether `A` and `a` are the same name.
    pub ignores_case: bool,
    /// Whether a file can have two names.
    pub has_links: bool,
    /// Whether the exclusive rename works, or absence is checked first.
    pub renames_atomically: bool,
    /// `L1`: a read-back sees the cache. `L2` and `L3`: it sees the medium.
    pub verify_level: VerifyLevel,
    /// Bytes of content that fit; `None` for no limit.
    pub capacity: Option<u64>,
    /// Whether every change is refused.
    pub read_only: bool,
    /// Whether it is a fake.
    pub fake_capacity: Option<FakeCapacity>,
    /// What the platform would say about the storage.
    pub facts: VolumeFacts,
}

impl ModelOptions {
    /// A stick with FAT's or exFAT's manners, through a driver like exfat-fuse.
    #[must_use]
    pub fn stick(name: &str) -> Self {
        Self {
            name: name.into(),
            durability: Durability::Unordered,
            flush_scope: FlushScope::Whole,
            ignores_case: true,
            has_links: false,
            renames_atomically: false,
            verify_level: VerifyLevel::L2,
            capacity: None,
            read_only: false,
            fake_capacity: None,
            facts: VolumeFacts {
                file_system: "fuseblk".into(),
                device: Some("model".into()),
                removable: Some(true),
                label: None,
                serial: None,
            },
        }
    }

    /// A disk with the manners of ext4 or NTFS.
    #[must_use]
    pub fn disk(name: &str) -> Self {
        Self {
            durability: Durability::Ordered,
            ignores_case: false,
            has_links: true,
            renames_atomically: true,
            facts: VolumeFacts {
                file_system: "ext4".into(),
                device: Some("model".into()),
                removable: Some(false),
                label: None,
                serial: None,
            },
            ..Self::stick(name)
        }
    }
}

/// A volume in memory. A clone is a second handle on the same volume; [`ModelVolume::snapshot`] makes an independent
/// one cheaply.
#[derive(Clone)]
pub struct ModelVolume {
    state: Arc<Mutex<State>>,
}

impl ModelVolume {
    /// An empty volume.
    #[must_use]
    pub fn new(options: ModelOptions) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(options))) }
    }

    /// An independent volume with the same history, cache and medium. Contents are shared until one of them changes.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let state = self.lock().clone();
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Changes what kind of volume it plays from now on.
    pub fn reconfigure(&self, change: impl FnOnce(&mut ModelOptions)) {
        change(&mut self.lock().options);
    }

    /// A process dies (SIGKILL). Everything it wrote stays with the system.
    ///
    /// Nothing changes on the volume: the method is there so that a test says which of the two crashes it means.
    pub fn crash_process(&self) {}

    /// The power goes: unflushed contents are dropped, torn or kept, unflushed names are old or new, as the volume's
    /// [`Durability`] allows; the cache is empty afterwards.
    pub fn power_cut(&self, rng: &mut Rng) {
        self.lock().power_cut(rng);
    }

    /// Pulls the medium: from now on every operation fails as gone.
    pub fn pull(&self) {
        self.lock().gone = true;
    }

    /// Puts the medium in again. What was not flushed when it was pulled is lost as in a power cut.
    pub fn put_back(&self, rng: &mut Rng) {
        let mut state = self.lock();
        state.gone = false;
        state.power_cut(rng);
    }

    /// Empties the cache: everyone sees the medium from now on.
    pub fn drop_cache(&self) {
        self.lock().drop_cache();
    }

    /// Changes bytes of a file on the medium below the cache. Offsets past the end change nothing.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn damage(&self, path: &str, offset: usize, bytes: &[u8]) {
        let mut state = self.lock();
        let found = state.find(&rel(path)).and_then(|id| state.file_mut(id));
        found.expect("a file to damage").damage.push((offset, bytes.to_vec()));
    }

    /// Puts a file with all its folders there, durably, as another program would have done before the test.
    ///
    /// # Panics
    /// If the name is taken.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let path = rel(path);
        let mut state = self.lock();
        make_folders(&mut state, &path.parent());
        let id = state.add(&path, Node::File(FileNode::default())).expect("a free name");
        state.append(id, bytes).expect("room for the file");
        state.flush_all();
    }

    /// Replaces what a file holds, in place, as a careless program would. Not durable.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn overwrite(&self, path: &str, bytes: &[u8]) {
        let mut state = self.lock();
        let id = state.find(&rel(path)).expect("a file to overwrite");
        state.file_mut(id).expect("a file to overwrite").seen = Arc::default();
        state.append(id, bytes).expect("room for the file");
    }

    /// Appends to a file, as a program does that is still writing it. Not durable.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn append(&self, path: &str, bytes: &[u8]) {
        let mut state = self.lock();
        let id = state.find(&rel(path)).expect("a file to append to");
        state.append(id, bytes).expect("room for the file");
    }

    /// Sets the time of the last change.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn set_modified(&self, path: &str, modified_ns: i128) {
        let mut state = self.lock();
        let found = state.find(&rel(path)).and_then(|id| state.file_mut(id));
        found.expect("a file").modified_ns = modified_ns;
    }

    /// Gives a file a second name.
    ///
    /// # Panics
    /// If there is no such file or the new name's folder is missing.
    pub fn hard_link(&self, old: &str, new: &str) {
        let mut state = self.lock();
        let id = state.find(&rel(old)).expect("a file to link to");
        state.link(id, &rel(new)).expect("a folder for the link");
    }

    /// Puts a symbolic link there.
    ///
    /// # Panics
    /// If the name is taken or its folder is missing.
    pub fn symlink(&self, path: &str) {
        self.lock().add(&rel(path), Node::Link).expect("a free name");
    }

    /// Puts a pipe there.
    ///
    /// # Panics
    /// If the name is taken or its folder is missing.
    pub fn pipe(&self, path: &str) {
        self.lock().add(&rel(path), Node::Pipe).expect("a free name");
    }

    /// What a file holds as processes see it. `None` if there is no such file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        let id = state.find(&rel(path)).ok()?;
        Some(state.file(id).ok()?.seen.as_ref().clone())
    }

    /// Every path of the volume, folders ending in `/`, in order.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let state = self.lock();
        let mut paths = Vec::new();
        collect(&state, state::ROOT, "", &mut paths);
        paths.sort();
        paths
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T>(
        &self,
        verb: Verb,
        path: &RelPath,
        work: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> VolumeResult<T> {
        let mut state = self.lock();
        let result = if state.gone { Err(gone()) } else { work(&mut state) };
        result.map_err(|source| VolumeError { verb, place: format!("{}:{path}", state.options.name), source })
    }

    fn change<T>(
        &self,
        verb: Verb,
        path: &RelPath,
        work: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> VolumeResult<T> {
        self.run(verb, path, |state| {
            if state.options.read_only {
                return Err(io::ErrorKind::ReadOnlyFilesystem.into());
            }
            work(state)
        })
    }
}

impl fmt::Debug for ModelVolume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelVolume").field("paths", &self.paths()).finish()
    }
}

impl Volume for ModelVolume {
    fn root(&self) -> String {
        self.lock().options.name.clone()
    }

    fn facts(&self) -> VolumeFacts {
        self.lock().options.facts.clone()
    }

    fn free_bytes(&self) -> VolumeResult<Option<u64>> {
        self.run(Verb::Stat, &RelPath::ROOT, |state| {
            Ok(state.options.capacity.map(|capacity| capacity.saturating_sub(state.used())))
        })
    }

    fn list(&self, folder: &RelPath) -> VolumeResult<Option<Vec<Entry>>> {
        self.run(Verb::List, folder, |state| {
            let found = state.find(folder).and_then(|id| state.names(id));
            let Some(names) = if_there(found)? else { return Ok(None) };
            let entry = |(name, id): &(String, Id)| {
                let name =
                    if RelPath::ROOT.join(name).is_some() { Ok(name.clone()) } else { Err(name.clone()) };
                Entry { name, meta: state.meta(*id) }
            };
            Ok(Some(names.values().map(entry).collect()))
        })
    }

    fn stat(&self, path: &RelPath) -> VolumeResult<Option<Meta>> {
        self.run(Verb::Stat, path, |state| Ok(if_there(state.find(path))?.map(|id| state.meta(id))))
    }

    fn make_folder(&self, path: &RelPath) -> VolumeResult<()> {
        self.change(Verb::MakeFolder, path, |state| {
            state.add(path, Node::Folder(Names::new()))?;
            Ok(())
        })
    }

    fn create_new(&self, path: &RelPath) -> VolumeResult<Box<dyn NewFile>> {
        let id = self.change(Verb::Create, path, |state| state.add(path, Node::File(FileNode::default())))?;
        Ok(Box::new(Writer { volume: self.clone(), id }))
    }

    fn open(&self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        let id = self.run(Verb::Read, path, |state| state.openable(path))?;
        Ok(Box::new(Reader { volume: self.clone(), id, position: 0, past_cache: None }))
    }

    fn open_seek(&self, path: &RelPath) -> VolumeResult<Box<dyn ReadSeek>> {
        let id = self.run(Verb::Read, path, |state| state.openable(path))?;
        Ok(Box::new(Reader { volume: self.clone(), id, position: 0, past_cache: None }))
    }

    fn read_back(&self, _files: &[RelPath]) -> VolumeResult<Box<dyn ReadBack + '_>> {
        let level = self.run(Verb::Read, &RelPath::ROOT, |state| Ok(state.options.verify_level))?;
        Ok(Box::new(ModelReadBack { volume: self, level }))
    }

    fn flush(&self, paths: &[RelPath]) -> VolumeResult<()> {
        let root = RelPath::ROOT;
        self.run(Verb::Flush, paths.first().unwrap_or(&root), |state| {
            if state.options.flush_scope == FlushScope::Whole {
                state.flush_all();
                return Ok(());
            }
            let named: io::Result<Vec<Id>> = paths.iter().map(|path| state.find(path)).collect();
            named?.into_iter().for_each(|id| state.flush_one(id));
            Ok(())
        })
    }

    fn flush_folder(&self, folder: &RelPath) -> VolumeResult<()> {
        self.run(Verb::Flush, folder, |state| {
            let id = state.find(folder)?;
            state.names(id)?;
            state.flush_one(id);
            Ok(())
        })
    }

    fn rename_new(&self, from: &RelPath, to: &RelPath) -> VolumeResult<Renamed> {
        self.change(Verb::Rename, to, |state| {
            state.rename(from, to)?;
            Ok(if state.options.renames_atomically { Renamed::Atomic } else { Renamed::CheckedFirst })
        })
    }

    fn remove_file(&self, path: &RelPath) -> VolumeResult<()> {
        self.change(Verb::Remove, path, |state| {
            let id = state.find(path)?;
            if state.meta(id).kind == EntryKind::Folder {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            state.unlink(path)
        })
    }

    fn remove_folder(&self, path: &RelPath) -> VolumeResult<()> {
        self.change(Verb::Remove, path, |state| {
            let id = state.find(path)?;
            if !state.names(id)?.is_empty() {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            state.unlink(path)
        })
    }
}

struct Writer {
    volume: ModelVolume,
    id: Id,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.volume.lock();
        if state.gone { Err(gone()) } else { state.append(self.id, bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.volume.lock().gone { Err(gone()) } else { Ok(()) }
    }
}

impl NewFile for Writer {
    fn close(self: Box<Self>) -> io::Result<()> {
        if self.volume.lock().gone { Err(gone()) } else { Ok(()) }
    }
}

struct Reader {
    volume: ModelVolume,
    id: Id,
    position: usize,
    /// What the medium held when it was opened past the cache.
    past_cache: Option<Arc<Vec<u8>>>,
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let state = self.volume.lock();
        if state.gone {
            return Err(gone());
        }
        let content = match &self.past_cache {
            Some(content) => content,
            None => &state.file(self.id)?.seen,
        };
        let rest = content.get(self.position..).unwrap_or_default();
        let count = rest.len().min(out.len());
        for (to, from) in out.chunks_mut(count.max(1)).take(1).zip(rest.chunks(count.max(1))) {
            to.copy_from_slice(from);
        }
        self.position += count;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = match &self.past_cache {
            Some(content) => content.len(),
            None => self.volume.lock().file(self.id)?.seen.len(),
        };
        let (base, offset) = match to {
            SeekFrom::Start(at) => (0, i64::try_from(at).map_err(io::Error::other)?),
            SeekFrom::Current(by) => (self.position, by),
            SeekFrom::End(by) => (length, by),
        };
        let at = i64::try_from(base).map_err(io::Error::other)? + offset;
        self.position = usize::try_from(at).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position as u64)
    }
}

struct ModelReadBack<'a> {
    volume: &'a ModelVolume,
    level: VerifyLevel,
}

impl ReadBack for ModelReadBack<'_> {
    fn open(&mut self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        let past_cache = self.level >= VerifyLevel::L2;
        let (id, past_cache) = self.volume.run(Verb::Read, path, |state| {
            let id = state.openable(path)?;
            Ok((id, if past_cache { Some(state.on_medium(id)?) } else { None }))
        })?;
        Ok(Box::new(Reader { volume: self.volume.clone(), id, position: 0, past_cache }))
    }

    fn finish(self: Box<Self>, _bytes: u64) -> VerifyLevel {
        self.level
    }
}

fn rel(path: &str) -> RelPath {
    RelPath::new(path).expect("a legal path in a test")
}

fn make_folders(state: &mut State, folder: &RelPath) {
    if *folder == RelPath::ROOT || state.find(folder).is_ok() {
        return;
    }
    make_folders(state, &folder.parent());
    state.add(folder, Node::Folder(Names::new())).expect("a free name for the folder");
}

fn collect(state: &State, folder: Id, prefix: &str, paths: &mut Vec<String>) {
    for (name, id) in state.names(folder).into_iter().flat_map(|names| names.values()) {
        let path = format!("{prefix}{name}");
        if state.meta(*id).kind == EntryKind::Folder {
            collect(state, *id, &format!("{path}/"), paths);
            paths.push(format!("{path}/"));
        } else {
            paths.push(path);
        }
    }
}

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

/// What a system says when the medium is no longer there.
pub(crate) fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}
