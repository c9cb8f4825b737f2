//! The secret under which this station prints claims for its register: a private file of the key folder, made on first use.
//! What is printed, and where prints are kept, is not known here.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rezept_claim::PrintKey;
use rezept_journal::PrintKeyId;
use rezept_transfer::Digest;

use crate::keys::{KeyError, private_file};
use crate::problem::Problem;

/// The key folder in the data folder.
const FOLDER: &str = "";
/// The secret, as it is: 32 bytes.
const FILE: &str = "prints.bin";
/// Bytes of the secret.
const KEY_BYTES: usize = 32;
/// Goes before the secret into the hash of which the id is a part.
const ID_LABEL: &[u8] = b"rezept print key 1\0";

/// The print key of a station, and how prints made under it are told from others.
#[derive(Clone, PartialEq, Eq)]
pub struct StationPrintKey {
    /// The key for [`rezept_claim::scan_with_prints`].
    pub key: PrintKey,
    /// Stored beside the prints. Not secret.
    pub id: PrintKeyId,
}

impl fmt::Debug for StationPrintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StationPrintKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl StationPrintKey {
    fn new(bytes: [u8; KEY_BYTES]) -> Self {
        let Digest(digest) = Digest::of(&[ID_LABEL, &bytes].concat());
        let id = PrintKeyId(digest.first_chunk().copied().unwrap_or_default());
        Self { key: PrintKey::new(bytes), id }
    }
}

/// The print key of a data folder, made where there is none. A data folder that was restored without its key gets another
/// one: [`rezept_journal::Journal::register_contents_of_other_keys`] lists what must then be printed anew. Call it as the
/// holder of the engine lock.
///
/// ```
/// let data = tempfile::tempdir()?;
/// let first = rezept_service::print_key::print_key(data.path()).expect("the folder can be written");
/// assert_eq!(rezept_service::print_key::print_key(data.path()).expect("it can be read"), first);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// `RZ-K103` when the file has not the length of a key, in which case it is left as it is; `RZ-K105` when it cannot be read
/// or written; `RZ-K104` when the operating system gives no random numbers.
pub fn print_key(data: &Path) -> Result<StationPrintKey, Problem> {
    Ok(load_or_make(&data.join(FOLDER))?)
}

fn load_or_make(folder: &Path) -> Result<StationPrintKey, KeyError> {
    let path = folder.join(FILE);
    if let Some(key) = load(&path)? {
        return Ok(key);
    }
    let failed = |path: PathBuf| move |source| KeyError::Io { path, source };
    private_file::make_folder(folder).map_err(failed(folder.to_owned()))?;
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    match private_file::create(&path, &bytes) {
        Ok(()) => Ok(StationPrintKey::new(bytes)),
        // Another process made it meanwhile: there is one key, and it is that one.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            load(&path)?.ok_or(KeyError::Lost { path })
        }
        Err(source) => Err(KeyError::Io { path, source }),
    }
}

fn load(path: &Path) -> Result<Option<StationPrintKey>, KeyError> {
    let read = private_file::read(path);
    let Some(bytes) = read.map_err(|source| KeyError::Io { path: path.to_owned(), source })? else {
        return Ok(None);
    };
    match <[u8; KEY_BYTES]>::try_from(bytes) {
        Ok(bytes) => Ok(Some(StationPrintKey::new(bytes))),
        Err(_) => Err(KeyError::Damaged { path: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_stays() {
        let data = tempfile::tempdir().unwrap();
        let first = print_key(data.path()).unwrap();
        assert_eq!(print_key(data.path()).unwrap(), first);
        let files: Vec<_> = std::fs::read_dir(data.path().join(FOLDER)).unwrap().collect();
        assert_eq!(files.len(), 1, "nothing is left beside it");
        let other = tempfile::tempdir().unwrap();
        assert_ne!(print_key(other.path()).unwrap().id, first.id);
    }

    #[test]
    fn a_lost_one_is_replaced_by_one_with_another_id() {
        let data = tempfile::tempdir().unwrap();
        let first = print_key(data.path()).unwrap();
        std::fs::remove_file(data.path().join(FOLDER).join(FILE)).unwrap();
        assert_ne!(print_key(data.path()).unwrap().id, first.id);
    }

    #[test]
    fn a_damaged_one_is_told_and_left_alone() {
        let data = tempfile::tempdir().unwrap();
        print_key(data.path()).unwrap();
        let path = data.path().join(FOLDER).join(FILE);
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(31).unwrap();
        let problem = print_key(data.path()).unwrap_err();
        assert_eq!(problem.code, rezept_codes::Code::KeysDamaged);
        assert_eq!(path.metadata().unwrap().len(), 31);
    }

    #[test]
    fn the_id_follows_from_the_key_and_stays_what_it_is() {
        // It stands beside prints for years.
        assert_eq!(StationPrintKey::new([7; 32]).id, PrintKeyId([99, 166, 61, 75, 160, 66, 141, 245]));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_this_user_may_read_it() {
        let data = tempfile::tempdir().unwrap();
        print_key(data.path()).unwrap();
        let path = data.path().join(FOLDER).join(FILE);
        let told = std::process::Command::new("stat").args(["-c", "%a"]).arg(path).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), "600");
    }

    #[test]
    fn it_does_not_show_itself() {
        let shown = format!("{:?}", StationPrintKey::new([77; 32]));
        assert!(!shown.contains("77, 77"), "{shown}");
    }
}
