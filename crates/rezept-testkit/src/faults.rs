//! Faults at a chosen operation: an error, a pulled medium, a killed process. One counter is shared by every volume and
//! clock of a story, so that all places where it can be cut are listed, not sampled.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rezept_journal::{Clock, Timestamp, VerifyLevel};
use rezept_transfer::volume::{
    Entry, Meta, NewFile, ReadBack, ReadSeek, RelPath, Renamed, Verb, Volume, VolumeError, VolumeFacts,
    VolumeResult,
};

/// What a killed process unwinds with. Caught by [`Faults::run`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Killed;

/// An error that a medium or its driver can give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The device failed (`EIO`).
    Device,
    /// No room (`ENOSPC`).
    Full,
    /// Write-protected (`EROFS`).
    ReadOnly,
    /// Not allowed (`EPERM`): what FAT drivers say when full.
    Denied,
    /// No longer there (`ENOTCONN`).
    Gone,
    /// Held by another program (a sharing violation).
    Busy,
}

impl Failure {
    /// As the operating system would hand it over.
    #[must_use]
    pub fn to_error(self) -> io::Error {
        match self {
            Self::Device => io::Error::other("input/output error"),
            Self::Full => io::ErrorKind::StorageFull.into(),
            Self::ReadOnly => io::ErrorKind::ReadOnlyFilesystem.into(),
            Self::Denied => io::ErrorKind::PermissionDenied.into(),
            Self::Gone => crate::model::gone(),
            Self::Busy => io::ErrorKind::ResourceBusy.into(),
        }
    }
}

/// What happens at an operation.
#[derive(Clone)]
enum Act {
    Fail(Failure),
    Call(Arc<dyn Fn() + Send + Sync>),
}

/// A plan of faults and the counter they refer to. Clones share both.
///
/// Operations are counted from 0 over every volume and clock that shares the plan, each write and read call included.
/// Each has two cut points: `2 * n` before operation `n`, `2 * n + 1` after it.
#[derive(Clone, Default)]
pub struct Faults {
    shared: Arc<Mutex<Plan>>,
}

#[derive(Default)]
struct Plan {
    count: u64,
    acts: BTreeMap<u64, Vec<Act>>,
    /// A verb whose next operations fail, and how many of them.
    verbs: Vec<(String, u64, Failure)>,
    kill_at: Option<u64>,
    dead: bool,
    log: Option<Vec<String>>,
}

impl Faults {
    /// No faults; counts from 0.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Operation `number` fails, once, without having any effect.
    #[must_use]
    pub fn fail_at(self, number: u64, failure: Failure) -> Self {
        self.add(number, Act::Fail(failure))
    }

    /// The next operation whose log line begins with `beginning` (for example `stick flush`) fails, once.
    #[must_use]
    pub fn fail_next(self, beginning: &str, failure: Failure) -> Self {
        self.fail_nth(beginning, 0, failure)
    }

    /// The operation whose log line begins with `beginning` fails after `skip` others of this kind have passed.
    #[must_use]
    pub fn fail_nth(self, beginning: &str, skip: u64, failure: Failure) -> Self {
        self.lock().verbs.push((beginning.to_owned(), skip, failure));
        self
    }

    /// Something happens just before operation `number`: a pull, a damage, a writer at work.
    #[must_use]
    pub fn call_at(self, number: u64, call: impl Fn() + Send + Sync + 'static) -> Self {
        self.add(number, Act::Call(Arc::new(call)))
    }

    /// The process dies at a cut point.
    #[must_use]
    pub fn kill_at(self, cut: u64) -> Self {
        self.lock().kill_at = Some(cut);
        self
    }

    /// Keeps a list of the operations.
    #[must_use]
    pub fn logged(self) -> Self {
        self.lock().log = Some(Vec::new());
        self
    }

    fn add(self, number: u64, act: Act) -> Self {
        self.lock().acts.entry(number).or_default().push(act);
        self
    }

    /// How many operations there were.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().count
    }

    /// How many cut points there were.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.operations() * 2
    }

    /// The operations so far, as `<volume> <verb> <path>`; empty unless [`Faults::logged`].
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.lock().log.clone().unwrap_or_default()
    }

    /// Whether the process was killed: nothing has any effect any more.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.lock().dead
    }

    /// Runs a process that may be killed. Any other panic goes on.
    ///
    /// # Errors
    /// [`Killed`] when it reached its cut point.
    pub fn run<T>(&self, process: impl FnOnce() -> T) -> Result<T, Killed> {
        match panic::catch_unwind(AssertUnwindSafe(process)) {
            // A process whose other thread met the cut may have come to an end by itself: it is dead all the same.
            Ok(_) if self.is_dead() => Err(Killed),
            Ok(value) => Ok(value),
            Err(_) if self.is_dead() => Err(Killed),
            Err(payload) => panic::resume_unwind(payload),
        }
    }

    /// Puts a volume under this plan. `name` appears in the log.
    pub fn volume<V: Volume>(&self, name: &str, inner: V) -> FaultyVolume<V> {
        FaultyVolume { inner, point: Point { faults: self.clone(), name: name.into() } }
    }

    /// Puts a clock under this plan: the journal asks for the time at each change, so these are cut points around it.
    pub fn clock<C: Clock>(&self, inner: C) -> FaultyClock<C> {
        FaultyClock { inner, point: Point { faults: self.clone(), name: "clock".into() } }
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation, does what is planned for it, and says whether it may go on. Returns its number.
    fn before(&self, line: impl FnOnce() -> String) -> io::Result<u64> {
        let (number, acts) = {
            let mut plan = self.lock();
            if plan.dead {
                return Err(io::Error::other("the process was killed"));
            }
            let number = plan.count;
            plan.count += 1;
            let needs_line = plan.log.is_some() || !plan.verbs.is_empty();
            let mut acts = plan.acts.remove(&number).unwrap_or_default();
            if needs_line {
                let line = line();
                acts.extend(plan.due(&line).map(Act::Fail));
                if let Some(log) = &mut plan.log {
                    log.push(line);
                }
            }
            (number, acts)
        };
        self.cut(number * 2);
        for act in acts {
            match act {
                Act::Fail(failure) => return Err(failure.to_error()),
                Act::Call(call) => call(),
            }
        }
        Ok(number)
    }

    fn after(&self, number: u64) {
        self.cut(number * 2 + 1);
    }

    fn cut(&self, point: u64) {
        let mut plan = self.lock();
        if plan.kill_at == Some(point) && !plan.dead {
            plan.dead = true;
            drop(plan);
            // Not `panic_any`: that would print a report for each of thousands of planned deaths.
            panic::resume_unwind(Box::new(Killed));
        }
    }
}

impl Plan {
    fn due(&mut self, line: &str) -> Option<Failure> {
        let index = self.verbs.iter_mut().position(|(beginning, skip, _)| {
            let fits = line.starts_with(beginning.as_str());
            let due = fits && *skip == 0;
            *skip = skip.saturating_sub(u64::from(fits));
            due
        })?;
        Some(self.verbs.remove(index).2)
    }
}

/// A named place where operations are counted.
#[derive(Clone)]
struct Point {
    faults: Faults,
    name: String,
}

impl Point {
    fn run<T>(&self, what: &str, path: &RelPath, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let number = self.faults.before(|| format!("{} {what} {path}", self.name))?;
        let result = work()?;
        self.faults.after(number);
        Ok(result)
    }
}

/// A clock under a plan of faults.
pub struct FaultyClock<C> {
    inner: C,
    point: Point,
}

impl<C: Clock> Clock for FaultyClock<C> {
    fn now(&self) -> Timestamp {
        // A clock cannot fail; after a kill it only must not count.
        let number = self.point.faults.before(|| "clock now".into());
        let now = self.inner.now();
        if let Ok(number) = number {
            self.point.faults.after(number);
        }
        now
    }
}

/// A volume under a plan of faults.
pub struct FaultyVolume<V> {
    inner: V,
    point: Point,
}

impl<V: Volume> FaultyVolume<V> {
    fn run<T>(
        &self,
        (what, verb): (&str, Verb),
        path: &RelPath,
        work: impl FnOnce() -> VolumeResult<T>,
    ) -> VolumeResult<T> {
        let counted = self.point.faults.before(|| format!("{} {what} {path}", self.point.name));
        let number = counted.map_err(|source| {
            let place = format!("{}:{path}", self.inner.root());
            VolumeError { verb, place, source }
        })?;
        let result = work();
        self.point.faults.after(number);
        result
    }
}

impl<V: Volume> Volume for FaultyVolume<V> {
    fn root(&self) -> String {
        self.inner.root()
    }

    fn facts(&self) -> VolumeFacts {
        self.inner.facts()
    }

    fn free_bytes(&self) -> VolumeResult<Option<u64>> {
        self.run(("free", Verb::Stat), &RelPath::ROOT, || self.inner.free_bytes())
    }

    fn list(&self, folder: &RelPath) -> VolumeResult<Option<Vec<Entry>>> {
        self.run(("list", Verb::List), folder, || self.inner.list(folder))
    }

    fn stat(&self, path: &RelPath) -> VolumeResult<Option<Meta>> {
        self.run(("stat", Verb::Stat), path, || self.inner.stat(path))
    }

    fn make_folder(&self, path: &RelPath) -> VolumeResult<()> {
        self.run(("mkdir", Verb::MakeFolder), path, || self.inner.make_folder(path))
    }

    fn create_new(&self, path: &RelPath) -> VolumeResult<Box<dyn NewFile>> {
        let inner = self.run(("create", Verb::Create), path, || self.inner.create_new(path))?;
        Ok(Box::new(FaultyFile { inner, point: self.point.clone(), path: path.clone() }))
    }

    fn open(&self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        let inner = self.run(("open", Verb::Read), path, || self.inner.open(path))?;
        Ok(Box::new(FaultyFile { inner, point: self.point.clone(), path: path.clone() }))
    }

    fn open_seek(&self, path: &RelPath) -> VolumeResult<Box<dyn ReadSeek>> {
        let inner = self.run(("open", Verb::Read), path, || self.inner.open_seek(path))?;
        Ok(Box::new(FaultyFile { inner, point: self.point.clone(), path: path.clone() }))
    }

    fn read_back(&self, files: &[RelPath]) -> VolumeResult<Box<dyn ReadBack + '_>> {
        let inner = self.run(("readback", Verb::Read), &RelPath::ROOT, || self.inner.read_back(files))?;
        Ok(Box::new(FaultyReadBack { inner, point: self.point.clone() }))
    }

    fn flush(&self, paths: &[RelPath]) -> VolumeResult<()> {
        self.run(("flush", Verb::Flush), paths.first().unwrap_or(&RelPath::ROOT), || self.inner.flush(paths))
    }

    fn flush_folder(&self, folder: &RelPath) -> VolumeResult<()> {
        self.run(("flush-folder", Verb::Flush), folder, || self.inner.flush_folder(folder))
    }

    fn rename_new(&self, from: &RelPath, to: &RelPath) -> VolumeResult<Renamed> {
        self.run(("rename", Verb::Rename), to, || self.inner.rename_new(from, to))
    }

    fn remove_file(&self, path: &RelPath) -> VolumeResult<()> {
        self.run(("remove", Verb::Remove), path, || self.inner.remove_file(path))
    }

    fn remove_folder(&self, path: &RelPath) -> VolumeResult<()> {
        self.run(("rmdir", Verb::Remove), path, || self.inner.remove_folder(path))
    }
}

/// An open file under a plan, for reading or writing.
struct FaultyFile<F: ?Sized> {
    point: Point,
    path: RelPath,
    inner: Box<F>,
}

impl<F: Write + ?Sized> Write for FaultyFile<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.point.run("write", &self.path, || self.inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<F: Read + ?Sized> Read for FaultyFile<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.point.run("read", &self.path, || self.inner.read(out))
    }
}

impl<F: Seek + ?Sized> Seek for FaultyFile<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl NewFile for FaultyFile<dyn NewFile> {
    fn close(self: Box<Self>) -> io::Result<()> {
        let Self { inner, point, path } = *self;
        point.run("close", &path, || inner.close())
    }
}

struct FaultyReadBack<'a> {
    inner: Box<dyn ReadBack + 'a>,
    point: Point,
}

impl ReadBack for FaultyReadBack<'_> {
    fn open(&mut self, path: &RelPath) -> VolumeResult<Box<dyn Read + Send>> {
        let counted = self.point.faults.before(|| format!("{} reopen {path}", self.point.name));
        let number = counted.map_err(|source| {
            let place = format!("{}:{path}", self.point.name);
            VolumeError { verb: Verb::Read, place, source }
        })?;
        let inner = self.inner.open(path)?;
        self.point.faults.after(number);
        Ok(Box::new(FaultyFile { inner, point: self.point.clone(), path: path.clone() }))
    }

    fn finish(self: Box<Self>, bytes: u64) -> VerifyLevel {
        self.inner.finish(bytes)
    }
}
