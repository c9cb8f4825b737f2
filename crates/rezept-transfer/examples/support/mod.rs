//! What the benchmarks of the engine share: a sender's station with gated files, and what a run of it cost.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rezept_journal::{
    Content, Disk, FileRow, FileState, Journal, Place, Stamp, SystemClock, make_data_folder,
};
use rezept_parcel::Vault;
use rezept_transfer::os::OsVolume;
use rezept_transfer::volume::{Meta, RelPath};
use rezept_transfer::{Engine, MediaRules, Progress, StationName, Volumes, read_hashed};

/// The receiver. It does nothing here.
pub const PEER: &str = "bench-to";

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A sender's station: its journal, and the volumes that the engine works on.
pub struct Bench {
    pub journal: Journal,
    pub volumes: Volumes,
    pub medium: String,
    pub vault: Option<Vault>,
    root: PathBuf,
    archive: String,
    spool: String,
}

impl Bench {
    pub fn open(source: &Path, medium: &Path, home: &Path) -> Outcome<Self> {
        let root = if source.is_dir() { source } else { source.parent().unwrap_or(Path::new(".")) };
        let [data, archive, spool] = ["data", "archive", "spool"].map(|name| home.join(name));
        for folder in [&data, &archive, &spool] {
            make_data_folder(folder)?;
        }
        let mut volumes = Volumes::default();
        for folder in [root, medium, &archive, &spool] {
            volumes.insert(folder.display().to_string(), Box::new(OsVolume::open(folder)?));
        }
        let disk = Disk { file_system: "ext4".to_owned(), removable: Some(false) };
        Ok(Self {
            journal: Journal::open(&data, &disk, Arc::new(SystemClock), "bench")?,
            volumes,
            medium: medium.display().to_string(),
            vault: None,
            root: root.to_owned(),
            archive: archive.display().to_string(),
            spool: spool.display().to_string(),
        })
    }

    /// Journals the sources as the gate leaves them. Hashing them here also brings them into the cache.
    pub fn gated(&mut self, source: &Path) -> Outcome<Vec<FileRow>> {
        let mut names: Vec<String> = if source.is_dir() {
            let entries = fs::read_dir(source)?.collect::<Result<Vec<_>, _>>()?;
            entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        } else {
            source.file_name().iter().map(|name| name.to_string_lossy().into_owned()).collect()
        };
        names.sort();
        let root = self.root.display().to_string();
        let mut rows = Vec::with_capacity(names.len());
        for name in names {
            let path = RelPath::new(&name).ok_or("a name that is no legal component")?;
            let volume = self.volumes.get(&root)?;
            let meta: Meta = volume.stat(&path)?.ok_or("a source vanished")?;
            let mut from = volume.open(&path)?;
            let drained = |from: &mut dyn std::io::Read| std::io::copy(from, &mut std::io::sink());
            let (_, digest, _) = read_hashed(&mut *from, drained)?;
            let place = Place { route: None, root: root.clone(), path: name, watched: false };
            let stamp =
                Stamp { size_bytes: meta.size_bytes, modified_ns: meta.modified_ns, file_id: meta.file_id };
            let id = self.journal.see_file(&place, stamp)?;
            self.journal.move_file(id, FileState::Stable, None, "")?;
            self.journal.describe_file(id, &content(digest.0))?;
            self.journal.move_file(id, FileState::Gated, None, "")?;
            rows.push(self.journal.file(id)?);
        }
        Ok(rows)
    }
    /// Runs the engine, and says what came out and what it cost.
    pub fn measured<T>(
        &mut self,
        mut progress: impl FnMut(Progress),
        work: impl FnOnce(&mut Engine<'_>, &StationName, &str) -> Outcome<T>,
    ) -> Outcome<(T, Cost)> {
        // From here on the peak counts anew, where the system allows that.
        if let Ok(mut peak) = fs::OpenOptions::new().write(true).open("/proc/self/clear_refs") {
            let _ = peak.write_all(b"5");
        }
        let before = Usage::now(&self.device());
        let to: StationName = PEER.parse()?;
        let mut seed = 0u8;
        let mut random = || {
            seed += 1;
            [seed; 16]
        };
        let mut engine = Engine {
            journal: &mut self.journal,
            me: "bench-from".parse()?,
            facility: "13-1-9999015".parse()?,
            volumes: &self.volumes,
            archive: self.archive.clone(),
            spool: self.spool.clone(),
            vault: self.vault.as_ref(),
            keep_sources: true,
            media: MediaRules::default(),
            random: &mut random,
            progress: &mut progress,
        };
        let start = Instant::now();
        let made = work(&mut engine, &to, &self.medium)?;
        let whole = start.elapsed();
        let after = Usage::now(&self.device());
        Ok((made, Cost { whole, before, after }))
    }

    fn device(&self) -> Option<PathBuf> {
        let device = self.volumes.get(&self.medium).ok()?.facts().device?;
        Some(Path::new("/sys/class/block").join(device).join("stat"))
    }
}

fn content(sha256: [u8; 32]) -> Content {
    let word = |text: &str| Some(text.to_owned());
    Content {
        sha256,
        kind: word("claim"),
        family: word("ika"),
        payer: word("1"),
        month: word("2026-04"),
        volume: word("00"),
        official_name: word("RECEIPTC.UKE"),
        ..Content::default()
    }
}

/// What this process and the device have spent so far, where the system tells.
#[derive(Clone, Copy, Default)]
struct Usage {
    cpu_ms: u64,
    device_read: u64,
    device_written: u64,
}

impl Usage {
    fn now(device: &Option<PathBuf>) -> Self {
        // proc(5): after the name in brackets, user and system time are the 12th and 13th, in hundredths of a second.
        let process = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let ticks = numbers(process.rsplit(')').next().unwrap_or_default());
        let sectors = device.as_ref().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        let sectors = numbers(&sectors);
        let at = |list: &[u64], index| list.get(index).copied().unwrap_or_default();
        Self {
            cpu_ms: (at(&ticks, 11) + at(&ticks, 12)) * 10,
            device_read: at(&sectors, 2) * 512,
            device_written: at(&sectors, 6) * 512,
        }
    }
}

/// The fields of a line; what is no number counts as 0.
fn numbers(line: &str) -> Vec<u64> {
    line.split_ascii_whitespace().map(|field| field.parse().unwrap_or_default()).collect()
}

/// What a run cost.
pub struct Cost {
    pub whole: Duration,
    before: Usage,
    after: Usage,
}

impl Cost {
    /// As members of an object of JSON.
    pub fn to_json(&self) -> String {
        let peak_kb = fs::read_to_string("/proc/self/status")
            .ok()
            .and_then(|status| {
                let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
                line.split_whitespace().nth(1)?.parse::<u64>().ok()
            })
            .unwrap_or_default();
        format!(
            "\"seconds\":{:.3},\"cpu_s\":{:.2},\"device_read\":{},\"device_written\":{},\"peak_rss_kb\":{peak_kb}",
            self.whole.as_secs_f64(),
            Duration::from_millis(self.after.cpu_ms - self.before.cpu_ms).as_secs_f64(),
            self.after.device_read - self.before.device_read,
            self.after.device_written - self.before.device_written,
        )
    }
}
