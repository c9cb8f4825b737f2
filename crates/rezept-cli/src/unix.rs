//! Rights on Unix.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

/// Lets a file be made that nobody but its owner can read.
pub fn for_owner_only(options: &mut OpenOptions) {
    options.mode(0o600);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_for_a_person_is_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worklist.csv");
        let made = crate::private_file::create_new(&path).unwrap();
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        crate::private_file::create_new(&path).expect_err("it is there already");
    }
}
