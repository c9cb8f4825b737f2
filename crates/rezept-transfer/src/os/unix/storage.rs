//! What lies below a folder: file system, block device, how to flush it and how far a reading can look. Only reads
//! `/proc` and `/sys`; where they are silent it says less, never more.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

use crate::volume::VolumeFacts;

/// How everything written becomes durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flushing {
    /// `syncfs` alone.
    Whole,
    /// The driver runs in user space on a block device: tell it first.
    FolderThenWhole,
    /// Network or another driver in user space: each file first.
    EachThenWhole,
}

/// What a direct read of an unwritten-since file proves by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DirectRead {
    /// It reached the device, unless the device's own counter says otherwise.
    Proof,
    /// The driver may quietly serve some files from memory (compressed, tiny): only with the device's counter.
    WithCounter,
    /// Says nothing about the device: drop the device's cache and count.
    Nothing,
}

const FUSE: u64 = 0x6573_5546;

/// Magic numbers of `statfs(2)`, names of `/proc/filesystems`.
const KNOWN: &[(u64, &str, Flushing, DirectRead)] = &[
    (0xEF53, "ext4", Flushing::Whole, DirectRead::Proof),
    (0x5846_5342, "xfs", Flushing::Whole, DirectRead::Proof),
    (0x4D44, "vfat", Flushing::Whole, DirectRead::Proof),
    (0x2011_BAB0, "exfat", Flushing::Whole, DirectRead::Proof),
    (0x9123_683E, "btrfs", Flushing::Whole, DirectRead::WithCounter),
    (0xF2F5_2010, "f2fs", Flushing::Whole, DirectRead::WithCounter),
    (0x7366_746E, "ntfs3", Flushing::Whole, DirectRead::WithCounter),
    (0x0102_1994, "tmpfs", Flushing::Whole, DirectRead::Nothing),
    (0x794C_7630, "overlay", Flushing::Whole, DirectRead::Nothing),
];

/// What is known about the storage below an open folder.
pub(super) struct Storage {
    pub(super) facts: VolumeFacts,
    pub(super) flushing: Flushing,
    pub(super) direct_read: DirectRead,
    /// Whether a growing file can be written past the cache. FAT and exFAT say that they can, and use the cache.
    pub(super) writes_past_cache: bool,
}

impl Storage {
    pub(super) fn of(root: &File) -> Self {
        let magic = rustix::fs::fstatfs(root).map_or(0, |answer| answer.f_type as u64);
        let known = KNOWN.iter().find(|(number, ..)| *number == magic);
        let mount = Mount::of(root).unwrap_or_default();
        let block_driver = magic == FUSE && mount.kind == "fuseblk";
        let file_system = match (mount.kind.as_str(), known) {
            ("", Some((_, name, ..))) => (*name).to_owned(),
            ("", None) if magic == FUSE => "fuse".to_owned(),
            ("", None) => "unknown".to_owned(),
            (kind, _) => kind.to_owned(),
        };
        let device = mount.device();
        let removable = device.as_deref().and_then(is_removable);
        let (flushing, direct_read) = match known {
            Some((.., flushing, direct_read)) => (*flushing, *direct_read),
            None if block_driver => (Flushing::FolderThenWhole, DirectRead::Nothing),
            None => (Flushing::EachThenWhole, DirectRead::Nothing),
        };
        let writes_past_cache = known.is_some_and(|(_, name, ..)| ["ext4", "xfs"].contains(name));
        let label = device.as_deref().and_then(label_of);
        let serial = device.as_deref().and_then(serial_of);
        let facts = VolumeFacts { file_system, device, removable, label, serial };
        Self { facts, flushing, direct_read, writes_past_cache }
    }

    /// What changes when another medium is put into the same slot: the file system's id and the device's serial count
    /// of media.
    pub(super) fn mounting(&self, root: &File) -> String {
        let fsid = rustix::fs::fstatvfs(root).map_or(0, |answer| answer.f_fsid);
        let serial = self.facts.device.as_deref().and_then(|device| {
            let class = sys_folder(device)?;
            let beside = [class.join("diskseq"), class.join("../diskseq")];
            beside.iter().find_map(|path| fs::read_to_string(path).ok())
        });
        format!("{fsid:x}-{}", serial.as_deref().unwrap_or_default().trim())
    }

    /// Bytes that the block device has read since it exists. `None` where there is no device or no counter.
    pub(super) fn bytes_read(&self) -> Option<u64> {
        let stat = fs::read_to_string(sys_folder(self.facts.device.as_deref()?)?.join("stat")).ok()?;
        // Third number: sectors read, always of 512 bytes.
        let sectors: u64 = stat.split_ascii_whitespace().nth(2)?.parse().ok()?;
        sectors.checked_mul(512)
    }

    /// Throws away what the kernel remembers of the block device below a driver in user space. Only root may.
    pub(super) fn drop_device_cache(&self) -> io::Result<()> {
        let device = self.facts.device.as_deref().ok_or(io::ErrorKind::NotFound)?;
        let node = File::open(Path::new("/dev").join(device))?;
        Ok(rustix::fs::fadvise(&node, 0, None, rustix::fs::Advice::DontNeed)?)
    }
}

/// The line of `/proc/self/mountinfo` for the mount that an open folder belongs to.
#[derive(Default)]
struct Mount {
    kind: String,
    number: String,
    source: String,
}

impl Mount {
    fn of(root: &File) -> Option<Self> {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", root.as_fd().as_raw_fd())).ok()?;
        let id = info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
        let table = fs::read_to_string("/proc/self/mountinfo").ok()?;
        table.lines().find_map(|line| Self::parse(line, id))
    }

    /// `id parent major:minor root mountpoint options [tags...] - type source options` (proc(5)).
    fn parse(line: &str, id: &str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ');
        if before.next()? != id {
            return None;
        }
        let number = before.nth(1)?.to_owned();
        let mut after = after.split(' ');
        Some(Self { kind: after.next()?.to_owned(), number, source: after.next()?.to_owned() })
    }

    /// The name below `/sys/class/block`, through the device number or, where that is anonymous (btrfs), the source.
    fn device(&self) -> Option<String> {
        let by_number = fs::canonicalize(Path::new("/sys/dev/block").join(&self.number));
        let by_source = || fs::canonicalize(Some(&self.source).filter(|s| s.starts_with("/dev/"))?).ok();
        let found = by_number.ok().or_else(by_source)?;
        let name = found.file_name()?.to_str()?.to_owned();
        sys_folder(&name).map(|_| name)
    }
}

fn sys_folder(device: &str) -> Option<PathBuf> {
    fs::canonicalize(Path::new("/sys/class/block").join(device)).ok()
}

/// A flag of the disk (partitions ask their disk), or a place on the USB: fast sticks and disks in enclosures do not
/// set the flag.
fn is_removable(device: &str) -> Option<bool> {
    let folder = sys_folder(device)?;
    if folder.components().any(|part| part.as_os_str().to_string_lossy().starts_with("usb")) {
        return Some(true);
    }
    let flag = [folder.join("removable"), folder.join("../removable")];
    let flag = flag.iter().find_map(|path| fs::read_to_string(path).ok())?;
    Some(flag.trim() == "1")
}

/// The name of the file system on a device, from the links that udev makes.
fn label_of(device: &str) -> Option<String> {
    let links = fs::read_dir("/dev/disk/by-label").ok()?;
    let link = links.filter_map(Result::ok).find(|link| {
        fs::canonicalize(link.path()).is_ok_and(|node| node.file_name().is_some_and(|name| name == device))
    })?;
    Some(unescaped(link.file_name().to_str()?))
}

/// udev writes what may not stand in a name as `\x20`.
fn unescaped(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The serial number that a device gives itself: its own, or that of the USB device that it is a part of.
fn serial_of(device: &str) -> Option<String> {
    let folder = sys_folder(device)?;
    let above = folder.ancestors().take_while(|folder| *folder != Path::new("/sys/devices"));
    let serial = above.filter_map(|folder| fs::read_to_string(folder.join("serial")).ok()).next()?;
    Some(serial.trim().to_owned()).filter(|serial| !serial.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_line_is_read_with_and_without_tags() {
        let line = "42 27 7:0 / /mnt/stick rw,nosuid shared:5 master:2 - fuseblk /dev/loop0 rw,user_id=0";
        let mount = Mount::parse(line, "42").unwrap();
        assert_eq!((mount.kind.as_str(), mount.number.as_str()), ("fuseblk", "7:0"));
        assert_eq!(mount.source, "/dev/loop0");
        assert!(Mount::parse(line, "4").is_none());
        assert!(Mount::parse("1 0 0:1 / / rw - tmpfs none rw", "1").is_some());
    }

    #[test]
    fn a_label_is_read_as_it_was_given() {
        assert_eq!(unescaped("REZEPT"), "REZEPT");
        assert_eq!(unescaped(r"\x20a\x2fb"), " a/b");
        assert_eq!(unescaped(r"\xe5\x8c\xbb\xzz\x4"), r"医\xzz\x4");
    }

    #[test]
    fn this_folder_has_a_file_system() {
        let root = File::open(env!("CARGO_MANIFEST_DIR")).unwrap();
        assert_ne!(Storage::of(&root).facts.file_system, "unknown");
    }
}
