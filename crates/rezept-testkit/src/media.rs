//! Real media for tests: file systems in an image file behind a loop device. Where the machine cannot make one (no root,
//! no tools, no kernel support) the caller is told why, prints it, and runs the case on the model instead.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// How long a driver in user space may take to appear or to go away.
const PATIENCE: Duration = Duration::from_secs(5);

/// A mounted image. Dropping it unmounts and removes everything.
#[derive(Debug)]
pub struct LoopMedium {
    folder: TempDir,
    device: String,
    driver: Option<u32>,
    /// Whether the image lies on a small memory file system of its own.
    store_mounted: bool,
}

impl LoopMedium {
    /// An ext4 medium of `megabytes`, by the kernel's own driver.
    ///
    /// # Errors
    /// Why this machine cannot make one.
    pub fn ext4(megabytes: u64) -> Result<Self, String> {
        let medium = Self::prepare(megabytes)?;
        run("mkfs.ext4", &["-q", "-F", &medium.device])?;
        run("mount", &["-t", "ext4", &medium.device, &medium.shown_root()])?;
        Ok(medium)
    }

    /// An ext4 medium that says it has `megabytes` but fails to write most of what passes `real_megabytes`: the kernel
    /// takes the data and meets the error only when it writes it out.
    ///
    /// # Errors
    /// Why this machine cannot make one.
    pub fn failing_ext4(megabytes: u64, real_megabytes: u64) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let size = format!("size={real_megabytes}m");
        run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &folder.path().to_string_lossy()])?;
        let mut medium = match Self::prepare_in(folder, megabytes) {
            Ok(medium) => medium,
            Err((folder, reason)) => {
                let _ = run("umount", &[&folder.path().to_string_lossy()]);
                return Err(reason);
            }
        };
        medium.store_mounted = true;
        run("mkfs.ext4", &["-q", "-F", &medium.device])?;
        run("mount", &["-t", "ext4", &medium.device, &medium.shown_root()])?;
        Ok(medium)
    }

    /// An exFAT medium of `megabytes`, by the driver in user space.
    ///
    /// # Errors
    /// Why this machine cannot make one.
    pub fn exfat(megabytes: u64) -> Result<Self, String> {
        let mut medium = Self::prepare(megabytes)?;
        run("mkfs.exfat", &[&medium.device])?;
        run("mount.exfat-fuse", &[&medium.device, &medium.shown_root()])?;
        medium.driver = driver_of(&medium.device);
        Ok(medium)
    }

    fn prepare(megabytes: u64) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        Self::prepare_in(folder, megabytes).map_err(|(_, reason)| reason)
    }

    fn prepare_in(folder: TempDir, megabytes: u64) -> Result<Self, (TempDir, String)> {
        let image = folder.path().join("image");
        let made = File::create_new(&image)
            .and_then(|file| file.set_len(megabytes << 20))
            .and_then(|()| fs::create_dir(folder.path().join("medium")))
            .map_err(|e| e.to_string())
            .and_then(|()| run("losetup", &["-f", "--show", &image.to_string_lossy()]));
        match made {
            Ok(device) => {
                Ok(Self { folder, device: device.trim().to_owned(), driver: None, store_mounted: false })
            }
            Err(reason) => Err((folder, reason)),
        }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("medium")
    }

    fn shown_root(&self) -> String {
        self.root().to_string_lossy().into_owned()
    }

    /// The name of its block device, without folder.
    #[must_use]
    pub fn device(&self) -> &str {
        self.device.rsplit('/').next().unwrap_or_default()
    }

    /// Replaces every occurrence of `old` in the image, below all caches of the medium. Says how many there were.
    ///
    /// # Panics
    /// If the image cannot be read or written, or the lengths differ.
    #[must_use]
    pub fn damage(&self, old: &[u8], new: &[u8]) -> usize {
        assert_eq!(old.len(), new.len(), "damage keeps the length");
        let mut image = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.folder.path().join("image"))
            .expect("the image");
        let mut bytes = Vec::new();
        image.read_to_end(&mut bytes).expect("the image can be read");
        let places: Vec<usize> = bytes
            .windows(old.len())
            .enumerate()
            .filter(|(_, window)| *window == old)
            .map(|(at, _)| at)
            .collect();
        for at in &places {
            image.seek(SeekFrom::Start(*at as u64)).expect("the image can be searched");
            image.write_all(new).expect("the image can be written");
        }
        image.sync_all().expect("the image can be flushed");
        places.len()
    }

    /// Pulls the medium by killing its driver; the path answers `ENOTCONN` from then on. `false` where the driver is
    /// the kernel's.
    pub fn pull(&mut self) -> bool {
        let Some(driver) = self.driver.take() else { return false };
        let killed = run("kill", &["-9", &driver.to_string()]).is_ok();
        killed && wait_until(|| !Path::new("/proc").join(driver.to_string()).exists())
    }

    /// Takes it out as one should: unmounted and written to the last block. What is left is the raw image, as whoever holds
    /// the stick can read it.
    ///
    /// # Errors
    /// What `umount` or `losetup` said.
    pub fn unplug(&mut self) -> Result<File, String> {
        if !wait_until(|| run("umount", &[&self.shown_root()]).is_ok() || !is_mounted(&self.root())) {
            return Err("it stays mounted".to_owned());
        }
        // A driver in user space writes its last blocks when it ends.
        if let Some(driver) = self.driver.take()
            && !wait_until(|| !Path::new("/proc").join(driver.to_string()).exists())
        {
            return Err("its driver does not end".to_owned());
        }
        // Afterwards the name may be that of somebody else's device.
        run("losetup", &["-d", &std::mem::take(&mut self.device)])?;
        self.image().map_err(|error| error.to_string())
    }

    /// The raw image, to read. Whole only after [`LoopMedium::unplug`].
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn image(&self) -> std::io::Result<File> {
        File::open(self.folder.path().join("image"))
    }

    /// Takes the mount away while handles may still be open, as an eager person would.
    ///
    /// # Errors
    /// What `umount` said.
    pub fn unmount_lazily(&mut self) -> Result<(), String> {
        self.driver = None;
        run("umount", &["-l", &self.shown_root()]).map(drop)
    }
}

impl Drop for LoopMedium {
    fn drop(&mut self) {
        if self.device.is_empty() {
            return;
        }
        // Ends only what this value started; what is gone already is none of its business.
        let unmounted =
            wait_until(|| run("umount", &[&self.shown_root()]).is_ok() || !is_mounted(&self.root()));
        if !unmounted {
            let _ = run("umount", &["-l", &self.shown_root()]);
        }
        let _ = run("losetup", &["-d", &self.device]);
        if self.store_mounted {
            let store = self.folder.path().to_string_lossy().into_owned();
            wait_until(|| run("umount", &[&store]).is_ok());
        }
    }
}

fn is_mounted(root: &Path) -> bool {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table.lines().any(|line| line.split(' ').nth(4).is_some_and(|mount| Path::new(mount) == root))
}

/// The process that serves a device, found by its arguments.
fn driver_of(device: &str) -> Option<u32> {
    let find = || {
        fs::read_dir("/proc").ok()?.filter_map(Result::ok).find_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let arguments = fs::read(entry.path().join("cmdline")).ok()?;
            let mut arguments = arguments.split(|b| *b == 0);
            let program = arguments.next()?;
            (program.ends_with(b"mount.exfat-fuse") && arguments.any(|a| a == device.as_bytes()))
                .then_some(id)
        })
    };
    wait_until(|| find().is_some()).then(find).flatten()
}

fn wait_until(mut done: impl FnMut() -> bool) -> bool {
    let step = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        if done() {
            return true;
        }
        if waited > PATIENCE {
            return false;
        }
        thread::sleep(step);
        waited += step;
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| format!("{program}: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}
