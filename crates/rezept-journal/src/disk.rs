//! Whether a disk is fit for the journal. SQLite's WAL needs working locks and shared memory; network and FUSE file
//! systems do not give them reliably, and a removable disk takes the station's memory away with it.

/// What the platform says about the disk of the data folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disk {
    /// Name of the file system type, as the platform gives it; `unknown` if it does not.
    pub file_system: String,
    /// Whether the platform calls the disk removable.
    pub removable: Option<bool>,
}

/// The verdict on a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fitness {
    /// A local disk of a known good type.
    Fit,
    /// Not known: warn and go on.
    Unknown,
    /// Known to be unsafe: refuse.
    Unfit,
}

const GOOD: &[&str] = &[
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "ntfs", "refs", "apfs", "hfs", "overlay", "tmpfs",
];
const BAD: &[&str] = &[
    "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "vfat", "msdos", "fat",
    "fat32", "exfat",
];

impl Disk {
    /// Judges the disk.
    #[must_use]
    pub fn fitness(&self) -> Fitness {
        let kind = self.file_system.to_ascii_lowercase();
        if BAD.contains(&kind.as_str()) || kind.starts_with("fuse") || self.removable == Some(true) {
            Fitness::Unfit
        } else if GOOD.contains(&kind.as_str()) {
            Fitness::Fit
        } else {
            Fitness::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sticks_and_fuse_are_refused_and_the_unknown_is_tolerated() {
        let judge = |kind: &str, removable| Disk { file_system: kind.into(), removable }.fitness();
        for bad in ["cifs", "nfs4", "fuseblk", "fuse.sshfs", "vfat", "exFAT", "FAT32"] {
            assert_eq!(judge(bad, None), Fitness::Unfit, "{bad}");
        }
        assert_eq!(judge("ext4", Some(true)), Fitness::Unfit);
        assert_eq!(judge("NTFS", Some(false)), Fitness::Fit);
        assert_eq!(judge("bcachefs", None), Fitness::Unknown);
    }
}
